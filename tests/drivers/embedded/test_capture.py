"""The SIP messages of a call are handed on once it is over: all of its legs, in order, and within bounds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import CallState
from switchhook.drivers.embedded import capture as module
from switchhook.drivers.embedded.capture import (
    AT_ONCE,
    FIRST,
    LAST,
    SORT_EVERY,
    MessageCapture,
)
from switchhook.sip.wire.transport import UDP, Peer
from tests.drivers.embedded.test_callbacks import ringing
from tests.drivers.embedded.test_transfers import scene
from tests.support.loop import run

if TYPE_CHECKING:
    import pytest

    from switchhook.storage.captures import SipCapture
    from tests.drivers.embedded.test_transfers import Scene

PEER = Peer(UDP, "192.0.2.1", 5060)


def local(_: Peer) -> tuple[str, int]:
    return "192.0.2.9", 5060


def message(first: str, call_id: str, extra: str = "") -> bytes:
    return f"{first}\r\nVia: x\r\nCall-ID: {call_id}\r\n{extra}\r\n".encode()


INVITE = "INVITE sip:a@b SIP/2.0"


async def captured(it: Scene, got: list[SipCapture]) -> SipCapture:
    async with asyncio.timeout(5):
        while not got:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    (one,) = got
    assert it.office.driver.calls == 0
    return one


def test_both_legs_of_a_call_are_there_in_order_from_invite_to_bye() -> None:
    async def scenario() -> None:
        async with scene() as it:
            got: list[SipCapture] = []
            it.office.driver.capture(lambda _, one: got.append(one)).linger = 0.1
            came = await ringing(it)
            came.answer()
            mobile = await it.carrier.next_call()
            mobile.answer()
            await it.until(lambda: it.office.call.state is CallState.TALKING)
            came.end()
            assert await mobile.ended() == 200
            await it.office.quiet()
            one = await captured(it, got)
            firsts = [
                ("→ " if each.is_sent else "← ") + each.data.partition(b"\r\n")[0].decode()
                for each in one.messages
            ]
            assert firsts[0].startswith("→ INVITE ")
            assert sum(first.startswith("→ INVITE ") for first in firsts) >= 2
            assert any(first.startswith("← BYE ") for first in firsts)
            assert any(first.startswith("→ BYE ") for first in firsts)
            assert firsts.count("← SIP/2.0 200 OK") >= 2
            assert not any("REGISTER" in first for first in firsts)
            assert [each.at for each in one.messages] == sorted(each.at for each in one.messages)
            assert {each.local[1] for each in one.messages} == {it.office.port}
            assert one.left_out == 0

    run(scenario(), deadline=20)


def test_a_project_may_do_without() -> None:
    async def scenario() -> None:
        async with scene() as it:
            snapshot = it.office.driver._directory().snapshots["shop"]
            object.__setattr__(snapshot, "project", replace(snapshot.project, sip_capture=False))
            got: list[SipCapture] = []
            it.office.driver.capture(lambda _, one: got.append(one)).linger = 0.0
            came = await ringing(it)
            it.office.board.hang_up("c1", by="test")
            await came.ended()
            await it.office.quiet()
            await asyncio.sleep(0.1)
            assert got == []

    run(scenario(), deadline=20)


def test_a_long_call_keeps_its_begin_and_its_end() -> None:
    async def scenario() -> None:
        got: list[SipCapture] = []
        capture = MessageCapture(lambda _, one: got.append(one), local)
        capture.linger = 0.0
        capture.begin("c1")
        capture.bind("c1", "long")
        capture.note(message(INVITE, "long"), PEER, is_sent=False)
        for place in range(FIRST + LAST + 20):
            capture.note(
                message("INFO sip:a@b SIP/2.0", "long", f"X: {place}\r\n"), PEER, is_sent=True
            )
        capture.over("c1")
        await asyncio.sleep(0.01)
        (one,) = got
        assert len(one.messages) == FIRST + LAST
        assert one.left_out == 21
        assert one.messages[0].data == message(INVITE, "long")
        assert one.messages[-1].data.endswith(b"X: %d\r\n\r\n" % (FIRST + LAST + 19))
        assert capture.size == 0

    run(scenario())


def test_many_calls_that_are_over_at_once_are_handed_on_a_few_at_a_time() -> None:
    async def scenario() -> None:
        got: list[str] = []
        capture = MessageCapture(lambda call, _: got.append(call), local)
        capture.linger = 0.05
        calls = [f"c{place}" for place in range(3 * AT_ONCE)]
        for call in calls:
            capture.begin(call)
            capture.bind(call, f"id-{call}")
            capture.note(message(INVITE, f"id-{call}"), PEER, is_sent=False)
            capture.over(call)
        seen = set()
        while len(got) < len(calls):
            seen.add(len(got))
            await asyncio.sleep(0)
        assert got == calls
        assert seen <= {0, AT_ONCE, 2 * AT_ONCE}
        assert capture.size == 0

    run(scenario())


def test_what_is_of_no_call_is_not_kept() -> None:
    async def scenario() -> None:
        capture = MessageCapture(lambda *_: None, local)
        capture.note(message("OPTIONS sip:a@b SIP/2.0", "ping"), PEER, is_sent=True)
        capture.note(message("SIP/2.0 200 OK", "ping"), PEER, is_sent=False)
        capture.note(b"\r\n\r\n", PEER, is_sent=False)
        capture.sort()
        assert capture.size == 0
        capture.note(message(INVITE, "scan"), PEER, is_sent=False)
        await asyncio.sleep(2 * SORT_EVERY)
        assert capture.size > 0
        capture.forget_unbound(before=float("inf"))
        assert capture.size == 0

    run(scenario())


def test_all_that_is_held_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)

    async def scenario() -> None:
        capture = MessageCapture(lambda *_: None, local)
        for place in range(100):
            long = message(INVITE, f"n{place}", "X: " + "x" * 500 + "\r\n")
            capture.note(long, PEER, is_sent=False)
            capture.sort()
            assert capture.size <= 10_000
        capture.note(message(INVITE, "big", "X: " + "x" * 100_000 + "\r\n"), PEER, is_sent=False)
        capture.sort()
        assert capture.size <= 17_000

    run(scenario())
