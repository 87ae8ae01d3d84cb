"""Who asks to stay unknown is shown to nobody, and the true number only to a trunk that is trusted with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.project import Account, Trunk
from switchhook.drivers.embedded.privacy import ANONYMOUS, hides_name, hides_number
from switchhook.drivers.embedded.translate import arrival_of
from switchhook.sip.auth.proof import DigestCredentials
from switchhook.sip.ua.commands import Invite
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from switchhook.softphone.phone import PhoneBehaviour, PhoneCall, Softphone
from tests.support.loop import run
from tests.support.office import PASSWORD, Office, account, open_office, ring, shop
from tests.support.sip import SDP, read_request, request, response, start
from tests.support.sip_wire import Udp

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.sip.wire.message import Request

pytestmark = pytest.mark.row("FJ-02")

ELSEWHERE = "127.0.0.2"
"""An address of this machine that no trunk's network holds."""
OPEN = NameAddress(display="Reception", uri=Uri.parse("sip:mary@pbx"))
ID = (("Privacy", "id"),)
RECEPTION = (
    b"v=0\r\no=mary 1 1 IN IP4 127.0.0.1\r\ns=Mary's desk\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
)


def carrier(port: int, *, trusted: bool = False, from_user: str = "") -> Trunk:
    return Trunk(
        name="carrier",
        host="127.0.0.1",
        port=port,
        trusted_identity=trusted,
        from_user=from_user,
        sources=("127.0.0.1/32",),
    )


def reception(trunk: Trunk) -> ProjectSnapshot:
    """Return the shop, where Mary's calls are shown as those of the reception."""
    snapshot = shop(ring(account("john")), trunk=trunk)
    accounts = tuple(
        Account(login=one.login, password=PASSWORD, name="Reception")
        for one in snapshot.project.accounts
    )
    return type(snapshot)(replace(snapshot.project, accounts=accounts))


def mary_dials(
    phone: Softphone,
    office: Office,
    callee: str,
    from_: NameAddress,
    headers: tuple[tuple[str, str], ...],
) -> None:
    uri = Uri.parse(f"sip:{callee}@127.0.0.1:{office.port}")
    phone.calls["out"] = PhoneCall(phone, "out")
    phone.perform(
        Invite(
            leg="out",
            uri=uri,
            from_=from_,
            to=NameAddress(uri=uri),
            peer=Peer("UDP", "127.0.0.1", office.port),
            headers=(*headers, ("Content-Type", "application/sdp")),
            body=RECEPTION,
            credentials=DigestCredentials(username="mary", password=PASSWORD),
        )
    )


def sent_out(
    from_: NameAddress, *headers: tuple[str, str], trusted: bool = False, from_user: str = ""
) -> tuple[list[Request], str]:
    """Let Mary dial out; return INVITE, ACK and BYE as the trunk gets them, and who called."""

    async def scenario() -> tuple[list[Request], str]:
        with Udp(0) as far:
            snapshot = reception(carrier(far.port, trusted=trusted, from_user=from_user))
            async with open_office(snapshot) as office, Softphone("mary", host=ELSEWHERE) as phone:
                far.aim(office.port)
                mary_dials(phone, office, "380501112233", from_, headers)
                invite = read_request(await far.receive())
                contact = f"<sip:far@127.0.0.1:{far.port}>"
                far.send(bytes(response(invite, 200, contact=contact, body=SDP)))
                ack = read_request(await far.receive())
                office.board.hang_up(office.call.id, by="the test")
                bye = read_request(await far.receive())
                assert [start(bytes(one)) for one in (invite, ack, bye)] == ["INVITE", "ACK", "BYE"]
                far.send(bytes(response(bye, 200)))
                await office.quiet()
                return [invite, ack, bye], office.call.caller.number

    return run(scenario(), deadline=20)


@pytest.mark.parametrize(
    ("from_", "headers"),
    [
        (ANONYMOUS, ID),
        (ANONYMOUS, ()),
        (OPEN, ID),
        (OPEN, (("Privacy", "none"), ("Privacy", "user;critical"))),
        (OPEN, (("Remote-Party-ID", "<sip:mary@pbx>;party=calling;privacy=full"),)),
    ],
)
def test_an_account_that_hides_goes_out_anonymous(
    from_: NameAddress, headers: tuple[tuple[str, str], ...]
) -> None:
    (invite, *later), caller = sent_out(from_, *headers)

    assert str(invite.from_).startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
    assert invite.headers.get("Privacy") == "id"
    assert invite.headers.get("P-Asserted-Identity") is None
    for message in (invite, *later):
        text = bytes(message).decode().lower()
        assert "mary" not in text
        assert "reception" not in text
    assert caller == "mary"


def test_the_true_number_goes_to_a_trunk_that_is_trusted_with_it() -> None:
    (invite, *later), _ = sent_out(ANONYMOUS, *ID, trusted=True)

    assert invite.headers.get("P-Asserted-Identity") == "<sip:mary@127.0.0.1>"
    assert invite.headers.get("Privacy") == "id"
    assert bytes(invite).count(b"mary") == 1
    assert not any(b"mary" in bytes(message) for message in later)


def test_a_trunk_with_a_user_of_its_own_is_told_that_one() -> None:
    (invite, *_), _ = sent_out(ANONYMOUS, *ID, trusted=True, from_user="380800111222")

    assert invite.headers.get("P-Asserted-Identity") == "<sip:380800111222@127.0.0.1>"
    assert b"mary" not in bytes(invite)


def test_who_hides_nothing_is_shown_and_asserted_to_nobody() -> None:
    (invite, *_), _ = sent_out(OPEN, ("Privacy", "none"), trusted=True)

    assert str(invite.from_).startswith('"Reception" <sip:mary@127.0.0.1>')
    assert {"Privacy", "P-Asserted-Identity"}.isdisjoint(name for name, _ in invite.headers)


def test_a_colleague_is_not_shown_who_hides_either() -> None:
    async def scenario() -> None:
        async with open_office(reception(carrier(9))) as office:
            server = Peer("UDP", "127.0.0.1", office.port)
            john = Softphone("john", PASSWORD, server=server, host=ELSEWHERE)
            john.behaviour = PhoneBehaviour(answer_after=None)
            async with john, Softphone("mary", host=ELSEWHERE) as mary:
                await john.register()
                mary_dials(mary, office, "john", ANONYMOUS, ID)
                invite = (await john.next_call()).invite
                assert invite is not None
                assert b"mary" not in bytes(invite).lower()
                assert invite.headers.get("Privacy") == "id"
                office.board.hang_up(office.call.id, by="the test")
                await office.quiet()

    run(scenario(), deadline=20)


def from_outside(
    *headers: str, from_: str = '"Anna" <sip:380441112233@c>;tag=a'
) -> tuple[str, str]:
    offered = arrival_of(request("INVITE", *headers, from_=from_), project="shop")
    return offered.caller, offered.caller_name


@pytest.mark.parametrize(
    "headers",
    [
        ("Remote-Party-ID: <sip:380441112233@c>;privacy=full;screen=yes",),
        ('Remote-Party-ID: "Anna" <sip:380441112233@c>;party=calling; Privacy="URI-network"',),
        ("Privacy: none", "Privacy: header"),
        ("Privacy: id,critical",),
        ('Privacy: "id"',),
    ],
)
def test_what_a_trunk_says_is_hidden_is_known_to_nobody(headers: tuple[str, ...]) -> None:
    assert from_outside(*headers) == ("", "")


def test_a_caller_without_name_in_from_is_hidden_whatever_is_asserted() -> None:
    anonymous = '"Anna" <sip:x@anonymous.invalid>;tag=a'

    found = from_outside('P-Asserted-Identity: "Anna" <sip:380441112233@c>', from_=anonymous)

    assert found == ("", "")


def test_a_name_alone_may_be_hidden() -> None:
    hiding = "Remote-Party-ID: <sip:380441112233@c>;privacy=name"

    assert from_outside(hiding) == ("380441112233", "")


@pytest.mark.parametrize(
    "header",
    [
        "Remote-Party-ID: <sip:100@c>;party=called;privacy=full",
        "Remote-Party-ID: <sip:380441112233@c>;privacy=off",
        "Privacy: none",
        "Privacy: session",
        "Privacy: ;;",
    ],
)
def test_what_hides_nobody_hides_nobody(header: str) -> None:
    asked = request("INVITE", header)

    assert not hides_number(asked)
    assert not hides_name(asked)
    assert from_outside(header) == ("380441112233", "Anna")
