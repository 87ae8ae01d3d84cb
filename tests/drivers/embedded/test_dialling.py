"""Every target becomes the right INVITE, or a cause that says why there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.call import Call, CallerId, Direction, SchemePosition
from switchhook.domain.project import DialledNumber, Project, ProjectSnapshot, Trunk
from switchhook.domain.target import Target, TargetKind
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.dialling import (
    UndiallableError,
    destinations_of,
    invite_to_destination,
    invites_to_account,
    with_dialled_number,
)
from switchhook.routing.commands import RingLeg
from switchhook.sip.auth.proof import DigestCredentials
from switchhook.sip.ua.registrar import Binding
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from tests.support.sip import BOB, SDP, request

if TYPE_CHECKING:
    from switchhook.sip.ua.commands import Invite

TRUNK = Trunk(
    name="carrier",
    host="sip.carrier.example",
    port=5080,
    transport="tcp",
    username="us",
    password="secret",
)


def call(*trunks: Trunk) -> Call:
    return Call(
        id="c1",
        snapshot=ProjectSnapshot(Project(id="shop", name="Shop", trunks=trunks)),
        direction=Direction.INCOMING,
        caller=CallerId(number="380441112233", name="Anna"),
        callee="100",
        arrived_at=0.0,
        position=SchemePosition(scheme=1),
        legs=(),
    )


def ring(kind: TargetKind, value: str) -> RingLeg:
    target = Target(kind=kind, value=value)
    return RingLeg(leg="b1", target=target, caller="380441112233", caller_name="Anna")


def address(value: str) -> RingLeg:
    return ring(TargetKind.ADDRESS, value)


def test_a_number_is_behind_the_projects_first_trunk() -> None:
    command = ring(TargetKind.NUMBER, "+380501112233")
    (destination, *_) = destinations_of(call(TRUNK, Trunk(name="other", host="x")), command)
    peer = Peer("TCP", "192.0.2.20", 5080)

    invite = invite_to_destination(
        Bridge("a", request(body=SDP)),
        "c1 b1",
        command,
        destination=destination,
        peer=peer,
        our_host="h",
    )

    assert (destination.host, destination.port, destination.transport) == (
        "sip.carrier.example",
        5080,
        "TCP",
    )
    assert str(invite.uri) == "sip:+380501112233@sip.carrier.example:5080"
    assert str(invite.to) == f"<{invite.uri}>"
    assert str(invite.from_) == '"Anna" <sip:380441112233@sip.carrier.example>'
    assert invite.credentials == DigestCredentials(username="us", password="secret")
    assert invite.headers == (("Max-Forwards", "69"), ("Content-Type", "application/sdp"))
    assert (invite.body, invite.peer, invite.direct) == (SDP, peer, False)


@pytest.mark.parametrize(
    ("value", "uri", "destination"),
    [
        ("sip:bob@192.0.2.20", "sip:bob@192.0.2.20", ("192.0.2.20", 5060, "UDP")),
        (
            "sip:bob@pbx.example:5070;transport=TCP?Evil=yes",
            "sip:bob@pbx.example:5070;transport=TCP",
            ("pbx.example", 5070, "TCP"),
        ),
    ],
)
def test_an_address_is_dialled_as_it_stands(
    value: str, uri: str, destination: tuple[str, int, str]
) -> None:
    command = address(value)
    (found,) = destinations_of(call(), command)

    invite = invite_to_destination(
        Bridge("a", request()), "c1 b1", command, destination=found, peer=BOB, our_host="192.0.2.1"
    )

    assert (found.host, found.port, found.transport) == destination
    assert str(invite.uri) == uri
    assert str(invite.from_) == '"Anna" <sip:380441112233@192.0.2.1>'
    assert invite.credentials is None


@pytest.mark.parametrize(
    ("command", "status", "text"),
    [
        (ring(TargetKind.NUMBER, "380501112233"), 503, "has no trunk"),
        (address("sips:bob@pbx.example"), 416, "TLS is not spoken"),
        (address("sip:bob@pbx.example;transport=ws"), 503, "transport ws is not spoken"),
        (address("sip:@@"), 484, "is no SIP address"),
    ],
)
def test_what_cannot_be_dialled_says_why(command: RingLeg, status: int, text: str) -> None:
    with pytest.raises(UndiallableError) as caught:
        destinations_of(call(), command)

    assert caught.value.cause.sip == status
    assert text in caught.value.cause.text


def test_a_trunk_over_tls_is_not_spoken() -> None:
    with pytest.raises(UndiallableError, match="transport tls"):
        destinations_of(
            call(Trunk(name="t", host="h", transport="tls")), ring(TargetKind.NUMBER, "380501")
        )


def test_every_telephone_of_an_account_is_called_where_it_registered() -> None:
    peers = (BOB, Peer("TCP", "192.0.2.30", 40000, 9))
    bindings = [
        Binding(
            contact=NameAddress.parse(f"<sip:mary@{peer.host};line={number}>"),
            source=peer,
            expires_at=1.0,
            call_id="r",
            cseq=1,
        )
        for number, peer in enumerate(peers)
    ]
    command = ring(TargetKind.ACCOUNT, "mary")

    invites = invites_to_account(
        Bridge("a", request(body=SDP)), "c1 b1", bindings, command, lambda _: "192.0.2.1"
    )

    assert [invite.leg for invite in invites] == ["c1 b1 0", "c1 b1 1"]
    assert [invite.peer for invite in invites] == list(peers)
    assert [str(invite.uri) for invite in invites] == [
        "sip:mary@192.0.2.20;line=0",
        "sip:mary@192.0.2.30;line=1",
    ]
    assert {str(invite.to) for invite in invites} == {"<sip:mary@192.0.2.1>"}
    assert all(invite.direct and invite.body == SDP for invite in invites)


@pytest.mark.row("FI-09")
def test_a_telephone_behind_a_proxy_is_called_by_its_path() -> None:
    path = ("<sip:tok@192.0.2.20:5080;lr>", "<sip:192.0.2.78;lr>")
    binding = Binding(
        contact=NameAddress.parse("<sip:mary@10.9.9.9>"),
        source=BOB,
        expires_at=1.0,
        call_id="r",
        cseq=1,
        path=tuple(map(NameAddress.parse, path)),
    )
    command = ring(TargetKind.ACCOUNT, "mary")

    (invite,) = invites_to_account(
        Bridge("a", request()), "c1 b1", [binding], command, lambda _: "192.0.2.1"
    )

    assert (str(invite.uri), invite.direct) == ("sip:mary@10.9.9.9", False)
    assert invite.peer == Peer("UDP", "192.0.2.20", 5080)
    assert tuple(value for name, value in invite.headers if name == "Route") == path


def test_an_anonymous_caller_stays_anonymous_to_an_account() -> None:
    binding = Binding(
        contact=NameAddress.parse("<sip:mary@192.0.2.20>"),
        source=BOB,
        expires_at=1.0,
        call_id="r",
        cseq=1,
    )
    target = Target(kind=TargetKind.ACCOUNT, value="mary")
    command = RingLeg(leg="b1", target=target, caller="", caller_name="")

    (invite,) = invites_to_account(
        Bridge("a", request()), "c1 b1", [binding], command, lambda _: "192.0.2.1"
    )

    assert ("Privacy", "id") in invite.headers
    assert "anonymous.invalid" in str(invite.from_)


PBX = replace(TRUNK, name="pbx", host="pbx.example", dialled_number=DialledNumber.TO)


def to_pbx(where: DialledNumber, *, caller: str = "380441112233", **more: Any) -> Invite:
    """Ring extension 150 of a PBX behind a trunk, for a call of the number 380800111222."""
    trunk = replace(PBX, dialled_number=where)
    command = replace(address("sip:150@pbx.example:5080;transport=tcp"), caller=caller)
    of = replace(call(trunk), callee="380800111222", **more)
    (destination,) = destinations_of(of, command)
    invite = invite_to_destination(
        Bridge("a", request()),
        "c1 b1",
        command,
        destination=destination,
        peer=BOB,
        our_host="192.0.2.1",
    )
    return with_dialled_number(invite, of, command, trunk.dialled_number)


@pytest.mark.row("FI-08")
@pytest.mark.parametrize(
    ("where", "extension", "to"),
    [
        (DialledNumber.NOWHERE, "150", "150"),
        (DialledNumber.TO, "150", "380800111222"),
        (DialledNumber.REQUEST_URI, "380800111222", "380800111222"),
    ],
)
def test_a_pbx_is_told_which_number_was_called_and_who_calls(
    where: DialledNumber, extension: str, to: str
) -> None:
    invite = to_pbx(where)

    assert (invite.uri.user, invite.uri.host, invite.uri.port) == (extension, "pbx.example", 5080)
    assert invite.to.uri.user == to
    assert invite.from_.uri.user == "380441112233"
    told = dict(invite.headers).get("P-Asserted-Identity")
    is_told = where is not DialledNumber.NOWHERE
    assert told == ("<sip:380441112233@pbx.example>" if is_told else None)
    assert invite.credentials == DigestCredentials(username="us", password="secret")


@pytest.mark.row("FI-08", "FJ-02")
def test_a_pbx_is_not_told_who_hides() -> None:
    invite = to_pbx(DialledNumber.TO, caller="")

    assert "P-Asserted-Identity" not in dict(invite.headers)
    assert invite.to.uri.user == "380800111222"


@pytest.mark.row("FI-08")
def test_what_is_no_call_of_a_number_names_none() -> None:
    invite = to_pbx(DialledNumber.REQUEST_URI, direction=Direction.INTERNAL)

    assert (invite.uri.user, invite.to.uri.user) == ("150", "150")
