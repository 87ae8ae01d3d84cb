"""Telephones transfer calls over SIP: REFER in, NOTIFY out, and the sound goes to who talks then."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState
from switchhook.domain.journal import EntryKind
from switchhook.domain.project import Account, Number, ProjectSnapshot, Trunk
from switchhook.domain.scheme import AskStep, RecordStep, Scheme
from switchhook.drivers.embedded.bridge.transfers import answer_to, notify_of, requested
from switchhook.drivers.embedded.media_control import MediaSettings
from switchhook.routing.commands import AnswerTransfer, NotifyTransfer
from switchhook.routing.events import TransferRequested
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.ua.commands import Respond, SendOutOfDialog
from switchhook.sip.ua.events import InDialogRequestReceived
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.sip.wire.uri import Uri
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from tests.support.loop import run
from tests.support.office import DIALLED, PASSWORD, Memory, Office, account, open_office, ring, shop
from tests.support.sip import request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from switchhook.domain.scheme import Step
    from switchhook.softphone.call import PhoneCall

pytestmark = pytest.mark.row("FI-02")

LOCAL, OUTSIDE = "127.0.0.1", "127.0.0.2"
NIGHT = "380800111333"
"""A number whose scheme asks a webhook, and rings Olga where that names nobody."""
WAITS = PhoneBehaviour(answer_after=None)


# On the wire


def asked(
    *headers: str, refer_to: str = "Refer-To: <sip:john@shop.example>"
) -> InDialogRequestReceived:
    lines = (*((refer_to,) if refer_to else ()), *headers)
    message = request("REFER", *lines, to="<sip:x@y>;tag=b")
    return InDialogRequestReceived(leg="sip leg", ref="r", request=message)


@pytest.mark.parametrize(
    ("refer_to", "user"),
    [
        ("<sip:john@shop.example>", "john"),
        ("sip:john@shop.example", "john"),
        ('"John" <sip:john@192.0.2.1:5070;transport=tcp>;x=y', "john"),
        ("<tel:+38-050-111-22-33>", "+38-050-111-22-33"),
        ("<sip:+380501112233@carrier.example;user=phone>", "+380501112233"),
        ("<sips:%6Aohn@shop.example>", "john"),
        ("<sip:john@shop.example;method=INVITE>", "john"),
        ("<sip:john@shop.example?Subject=hello&X-Y=z>", "john"),
        ('""John" of us" <sip:john@shop.example>', "john"),
        ("<sip:2002>", "2002"),
    ],
)
def test_each_spelling_of_refer_to_names_somebody(refer_to: str, user: str) -> None:
    for header in ("Refer-To", "r", "REFER-TO"):
        wish = requested(asked(refer_to=f"{header}: {refer_to}"), "b1")
        assert isinstance(wish, TransferRequested)
        assert (wish.leg, wish.to, wish.is_attended) == ("b1", user, False)


@pytest.mark.parametrize("name", ["Replaces", "replaces", "Repl%61ces"])
def test_a_replaces_makes_it_an_attended_one(name: str) -> None:
    refer_to = f"Refer-To: <sip:john@h?Require=replaces&{name}=1%40h%3Bto-tag%3Da%3Bfrom-tag%3Db>"
    wish = requested(asked(refer_to=refer_to), "b1")
    assert isinstance(wish, TransferRequested)
    assert wish.is_attended


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 400),
        (("Refer-To: <sip:a@h>", "Refer-To: <sip:b@h>"), 400),
        (("Refer-To: a@@h",), 400),
        (("Refer-To: <http://h/>",), 416),
        (("Refer-To: <sip:h>",), 404),
        (("Refer-To: <sip:a@h;method=BYE>",), 501),
    ],
)
def test_what_names_nobody_is_refused(headers: tuple[str, ...], status: int) -> None:
    refusal = requested(asked(*headers, refer_to=""), "b1")
    assert isinstance(refusal, Respond)
    assert (refusal.ref, refusal.status) == ("r", status)


def test_a_transfer_is_told_of_until_it_is_over() -> None:
    wish = requested(asked(), "b1")
    assert isinstance(wish, TransferRequested)
    number = asked().request.cseq.number
    known_by = wish.request
    assert answer_to(AnswerTransfer(leg="b1", request=known_by, status=202)).headers == ()
    told = [
        notify_of(NotifyTransfer(leg="b1", request=known_by, status=s), "s") for s in (100, 486)
    ]
    notifies = [ask for ask in told if ask is not None]
    assert [dict(ask.headers)["Event"] for ask in notifies] == [f"refer;id={number}"] * 2
    states = [dict(ask.headers)["Subscription-State"] for ask in notifies]
    assert states == ["active;expires=120", "terminated;reason=noresource"]
    assert [ask.body for ask in notifies] == [
        b"SIP/2.0 100 Trying\r\n",
        b"SIP/2.0 486 Busy Here\r\n",
    ]


def test_a_refusal_says_why() -> None:
    why = "only an account's telephone may transfer a call"
    refused = AnswerTransfer(leg="b1", request="r 7 ", status=603, reason=f"{why}\r\nVia: x")
    assert answer_to(refused).reason == f"{why} Via: x"
    failed = NotifyTransfer(leg="b1", request="r 7 ", status=403, reason="the limit\r\nX: y")
    notify = notify_of(failed, "s")
    assert notify is not None
    assert notify.body == b"SIP/2.0 403 the limit X: y\r\n"


def test_who_wants_to_hear_nothing_hears_nothing() -> None:
    wish = requested(asked("Refer-Sub: False"), "b1")
    assert isinstance(wish, TransferRequested)
    known_by = wish.request
    accepted = answer_to(AnswerTransfer(leg="b1", request=known_by, status=202))
    assert accepted.headers == (("Refer-Sub", "false"),)
    assert answer_to(AnswerTransfer(leg="b1", request=known_by, status=404)).headers == ()
    assert notify_of(NotifyTransfer(leg="b1", request=known_by, status=100), "s") is None


# With telephones


@dataclass
class Scene:
    """The shop's telephones; the carrier is where customers call from."""

    office: Office
    memory: Memory
    carrier: Softphone
    phones: dict[str, Softphone]

    async def incoming(self) -> tuple[PhoneCall, PhoneCall]:
        """Let a customer talk to Mary; return both ends."""
        made = await self.carrier.call(f"sip:{DIALLED}@{LOCAL}:{self.office.port}")
        came = await self.phones["mary"].next_call()
        came.answer()
        await made.answered()
        await self.until(lambda: self.office.call.state is CallState.TALKING)
        return made, came

    async def internal(self) -> tuple[PhoneCall, PhoneCall]:
        """Let John call Mary; return both ends."""
        made = await self.phones["john"].call("mary")
        came = await self.phones["mary"].next_call()
        came.answer()
        await made.answered()
        await self.until(lambda: self.office.call.state is CallState.TALKING)
        return made, came

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 -- plain values
                await asyncio.sleep(0.01)

    async def hear_each_other(self, *calls: PhoneCall) -> None:
        """Wait until each hears somebody anew."""
        before = [call.tone.heard for call in calls]
        await self.until(
            lambda: all(call.tone.heard > old + 3 for call, old in zip(calls, before, strict=True))
        )


LOGINS = ("mary", "john", "olga")


def project(carrier: Softphone, *steps: Step) -> ProjectSnapshot:
    trunk = Trunk(name="carrier", host=OUTSIDE, port=carrier.port, sources=(f"{OUTSIDE}/32",))
    made = shop(*(steps or (ring(account("mary")),)), trunk=trunk).project
    accounts = tuple(
        Account(login=login, password=PASSWORD, name=login.title()) for login in LOGINS
    )
    asks = Scheme(id=2, name="asks", steps=(AskStep(webhook="crm"), ring(account("olga"))))
    return ProjectSnapshot(
        replace(
            made,
            accounts=accounts,
            schemes=(*made.schemes, asks),
            numbers=(*made.numbers, Number(number=NIGHT, scheme=2)),
        )
    )


@asynccontextmanager
async def scene(
    *steps: Step,
    recordings: Path | None = None,
    binding: ListenAddress | None = None,
    asks: bytes = b"",
) -> AsyncIterator[Scene]:
    memory = Memory(answer=asks)
    media_settings = None if recordings is None else MediaSettings(recordings=recordings)
    async with Softphone("380441112233", host=OUTSIDE, behaviour=WAITS) as carrier:
        snapshot = project(carrier, *steps)
        async with open_office(
            snapshot, memory=memory, media_settings=media_settings, binding=binding
        ) as office:
            server = Peer(UDP, LOCAL, office.port)
            phones = {
                name: Softphone(name, PASSWORD, server=server, behaviour=WAITS) for name in LOGINS
            }
            async with phones["mary"], phones["john"], phones["olga"]:
                for phone in phones.values():
                    await phone.register()
                yield Scene(office, memory, carrier, phones)


def to(user: str) -> str:
    return f"sip:{user}@shop.example"


def test_a_held_customer_is_transferred_and_hears_the_colleague() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.incoming()
            await came.offer("sendonly")
            referred = ("Referred-By", "<sip:mary@shop.example>")
            assert await came.transfer(to("john"), referred) == 202
            john = await it.phones["john"].next_call()
            assert john.invite is not None
            assert john.invite.headers.get("Referred-By") == referred[1]
            assert john.invite.from_.uri.username == "380441112233"
            assert not john.invite.body
            await it.until(lambda: came.transferred == [100])
            john.answer()
            assert await came.ended() == 200
            assert came.transferred[-1] == 200
            await it.hear_each_other(made, john)
            john.end()
            assert await made.ended() == 200
            await it.office.quiet()
            assert it.office.ends == ["answered by callee"]

    run(scenario(), deadline=20)


def test_a_caller_transfers_whom_they_called_and_those_talk_and_hold() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.internal()
            assert await made.transfer(to("olga")) == 202
            olga = await it.phones["olga"].next_call()
            assert olga.invite is not None
            assert olga.invite.from_.uri.username == "mary"
            olga.answer()
            assert await made.ended() == 200
            await it.hear_each_other(came, olga)
            await olga.offer("sendonly")
            await came.offer("sendrecv")
            came.end()
            assert await olga.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_a_recorded_call_stays_led_and_is_recorded_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(RecordStep(), ring(account("mary")), recordings=tmp_path) as it:
            made, came = await it.incoming()
            assert await came.transfer(to("john")) == 202
            john = await it.phones["john"].next_call()
            assert john.invite is not None
            assert john.invite.body
            came.end()
            john.answer()
            await it.hear_each_other(made, john)
            made.end()
            assert await john.ended() == 200
            await it.office.quiet()
            (recording,) = it.office.call.recording.finished
            assert recording.seconds > 0

    run(scenario(), deadline=20)


def test_a_recording_goes_on_in_a_second_file_when_the_caller_transfers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(RecordStep(), ring(account("mary")), recordings=tmp_path) as it:
            made = await it.phones["john"].call(DIALLED)
            came = await it.phones["mary"].next_call()
            came.answer()
            await made.answered()
            await it.hear_each_other(made, came)
            assert await made.transfer(to("olga")) == 202
            olga = await it.phones["olga"].next_call()
            olga.answer()
            assert await made.ended() == 200
            await it.hear_each_other(came, olga)
            came.end()
            assert await olga.ended() == 200
            await it.office.quiet()
            assert [one.id for one in it.office.call.recording.finished] == ["r1", "r2"]

    run(scenario(), deadline=20)


def test_a_busy_colleague_leaves_both_as_they_were() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.incoming()
            assert await came.transfer(to("john")) == 202
            assert await came.transfer(to("olga")) == 491
            (await it.phones["john"].next_call()).end(486)
            await it.until(lambda: came.transferred[-1:] == [486])
            await it.hear_each_other(made, came)
            assert await came.transfer(to("nobody")) == 404
            assert (
                await came.transfer(f"{to('john')}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc") == 501
            )
            assert await made.transfer(to("john")) == 603
            made.end()
            assert await came.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_who_refuses_what_the_new_one_offers_stays_where_they_are() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.incoming()
            made.describe = lambda offer: None if offer else b""  # type: ignore[method-assign]
            assert await came.transfer(to("john")) == 202
            john = await it.phones["john"].next_call()
            john.answer()
            assert await john.ended() == 200
            await it.until(lambda: came.transferred[-1:] == [488])
            assert it.office.board.calls[0].state is CallState.TALKING
            made.end()
            assert await came.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_who_took_what_the_new_one_offers_in_vain_hears_the_old_one_again() -> None:
    """The customer plays to John, but answers nothing: the transfer fails, and Mary is heard again."""

    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.incoming()
            await it.hear_each_other(made, came)
            describe = made.describe

            def in_vain(offer: bytes) -> bytes:
                made.send_tone(offer)
                made.describe = describe  # type: ignore[method-assign]
                return b""

            made.describe = in_vain  # type: ignore[method-assign]
            assert await came.transfer(to("john")) == 202
            john = await it.phones["john"].next_call()
            john.answer()
            assert await john.ended() == 200
            await it.until(lambda: came.transferred[-1:] != [100])
            await it.hear_each_other(made, came)
            made.end()
            assert await came.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_a_telephone_that_hangs_up_at_once_is_rung_back_when_it_failed() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.incoming()
            assert await came.transfer(to("john"), ("Refer-Sub", "false")) == 202
            came.end()
            (await it.phones["john"].next_call()).end(603)
            again = await it.phones["mary"].next_call()
            again.answer()
            await it.hear_each_other(made, again)
            assert came.transferred == []
            made.end()
            assert await again.ended() == 200
            await it.office.quiet()
            assert it.office.ends == ["answered by caller"]

    run(scenario(), deadline=20)


def test_an_outside_number_is_rung_over_the_trunk() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.internal()
            assert await made.transfer("tel:+380501112233") == 202
            outside = await it.carrier.next_call()
            assert outside.invite is not None
            assert outside.invite.uri.username == "+380501112233"
            outside.answer()
            await it.hear_each_other(came, outside)
            assert it.office.board.calls[0].legs[-1].account == "john"
            outside.end()
            assert await came.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


@pytest.mark.parametrize(("answer", "who"), [(b'{"dst_phone":"john"}', "john"), (b"{}", "olga")])
def test_a_number_of_the_project_asks_its_webhook_who_is_rung(answer: bytes, who: str) -> None:
    async def scenario() -> None:
        async with scene(asks=answer) as it:
            made, came = await it.incoming()
            assert await came.transfer(to(NIGHT)) == 202
            there = await it.phones[who].next_call()
            there.answer()
            assert await came.ended() == 200
            await it.hear_each_other(made, there)
            there.end()
            assert await made.ended() == 200
            await it.office.quiet()

    run(scenario(), deadline=20)


def test_the_transferred_one_hangs_up_while_it_rings() -> None:
    async def scenario() -> None:
        async with scene() as it:
            made, came = await it.incoming()
            assert await came.transfer(to("john")) == 202
            john = await it.phones["john"].next_call()
            made.end()
            assert await john.ended() == 487
            assert await came.ended() == 200
            await it.office.quiet()
            assert it.office.ends == ["answered by caller"]

    run(scenario(), deadline=20)


def test_a_refer_outside_of_a_call_is_refused() -> None:
    async def scenario() -> None:
        async with scene() as it:
            mary = it.phones["mary"]
            here = NameAddress(uri=Uri.of("mary", LOCAL, it.office.port))
            stray = SendOutOfDialog(
                ref="stray",
                method="REFER",
                uri=here.uri,
                from_=here,
                to=here,
                peer=Peer(UDP, LOCAL, it.office.port),
                call_id="stray",
                headers=(("Refer-To", f"<{to('john')}>"),),
            )
            replied = await mary.reply_to("stray", stray)
            assert replied.status == 405
            assert not it.phones["john"].calls

    run(scenario(), deadline=20)


async def outliving(stack: AsyncExitStack, office: Office, carrier: Softphone) -> Scene:
    """Register telephones that outlive the office, for as long as the stack is open."""
    server = Peer(UDP, LOCAL, office.port)
    phones = {name: Softphone(name, PASSWORD, server=server, behaviour=WAITS) for name in LOGINS}
    for phone in phones.values():
        await stack.enter_async_context(phone)
        await phone.register()
    return Scene(office, office.memory, carrier, phones)


def test_a_crash_in_the_middle_gives_both_back_and_one_end() -> None:
    async def scenario() -> None:
        memory = Memory()
        async with AsyncExitStack() as stack:
            carrier = await stack.enter_async_context(
                Softphone("380441112233", host=OUTSIDE, behaviour=WAITS)
            )
            snapshot = project(carrier)
            async with open_office(snapshot, memory=memory) as office:
                it = await outliving(stack, office, carrier)
                binding = ListenAddress(port=office.port)
                made, came = await it.incoming()
                assert await came.transfer(to("john")) == 202
                await it.phones["john"].next_call()
            (call,) = memory.calls.values()
            assert call.state is CallState.TRANSFERRING
            async with open_office(snapshot, memory=memory, binding=binding) as office:
                it.office = office
                await it.until(lambda: came.transferred[-1:] == [500])
                await it.hear_each_other(made, came)
                made.end()
                assert await came.ended() == 200
                await office.quiet()
        assert [entry.kind for entry in memory.journal].count(EntryKind.ENDED) == 1

    run(scenario(), deadline=20)


@pytest.mark.parametrize("is_anchored", [False, True])
def test_a_crash_behind_the_commit_of_an_answer_keeps_who_talk_and_hangs_up_who_transferred(
    *, is_anchored: bool
) -> None:
    """Neither the ACK to John went out nor the BYE to Mary: both do after the start."""

    async def scenario() -> None:
        memory = Memory()
        steps = (*((RecordStep(),) if is_anchored else ()), ring(account("mary")))
        async with AsyncExitStack() as stack:
            carrier = await stack.enter_async_context(
                Softphone("380441112233", host=OUTSIDE, behaviour=WAITS)
            )
            snapshot = project(carrier, *steps)
            async with open_office(snapshot, memory=memory) as office:
                it = await outliving(stack, office, carrier)
                binding = ListenAddress(port=office.port)
                made, came = await it.incoming()
                memory.stops_at = lambda call: call.talking_to == "b2"
                assert await came.transfer(to("john")) == 202
                john = await it.phones["john"].next_call()
                john.answer()
                await it.until(lambda: office.call.talking_to == "b2")
            assert not came.is_over
            memory.stops_at = lambda _: False
            async with open_office(snapshot, memory=memory, binding=binding) as office:
                assert await came.ended() == 200
                await it.hear_each_other(made, john)
                made.end()
                assert await john.ended() == 200
                await office.quiet()
        assert [entry.kind for entry in memory.journal].count(EntryKind.ENDED) == 1

    run(scenario(), deadline=20)


def test_a_transferred_call_outlives_a_crash() -> None:
    async def scenario() -> None:
        memory = Memory()
        async with AsyncExitStack() as stack:
            carrier = await stack.enter_async_context(
                Softphone("380441112233", host=OUTSIDE, behaviour=WAITS)
            )
            snapshot = project(carrier)
            async with open_office(snapshot, memory=memory) as office:
                it = await outliving(stack, office, carrier)
                binding = ListenAddress(port=office.port)
                made, came = await it.internal()
                assert await made.transfer(to("olga")) == 202
                olga = await it.phones["olga"].next_call()
                olga.answer()
                assert await made.ended() == 200
                await it.hear_each_other(came, olga)
            async with open_office(snapshot, memory=memory, binding=binding) as office:
                it.office = office
                await it.phones["john"].register()  # nothing is stored of that here
                await olga.offer("sendonly")
                assert await olga.transfer(to("john")) == 202
                john = await it.phones["john"].next_call()
                john.answer()
                assert await olga.ended() == 200
                await it.hear_each_other(came, john)
                john.end()
                assert await came.ended() == 200
                await office.quiet()

    run(scenario(), deadline=20)


def test_the_last_one_of_a_transfer_may_hang_up_while_the_office_starts() -> None:
    """Mary is gone already; the customer goes before who is left is asked to agree anew."""

    async def scenario() -> None:
        memory = Memory()
        async with AsyncExitStack() as stack:
            carrier = await stack.enter_async_context(
                Softphone("380441112233", host=OUTSIDE, behaviour=WAITS)
            )
            snapshot = project(carrier)
            async with open_office(snapshot, memory=memory) as office:
                it = await outliving(stack, office, carrier)
                binding = ListenAddress(port=office.port)
                made, came = await it.incoming()
                assert await came.transfer(to("john")) == 202
                await it.phones["john"].next_call()
                came.end()
                assert await came.ended() == 200

            async def hang_up(since: float) -> tuple[tuple[str, str, str, str], ...]:  # noqa: ARG001
                made.end()
                await asyncio.sleep(0.3)  # the BYE is heard, and the call's last leg is gone
                return ()

            memory.legs_of_last_ends = hang_up  # type: ignore[method-assign]
            async with open_office(snapshot, memory=memory, binding=binding) as office:
                await office.quiet()
        assert [entry.kind for entry in memory.journal].count(EntryKind.ENDED) == 1

    run(scenario(), deadline=20)
