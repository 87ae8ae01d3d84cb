"""The transaction layer keeps transactions as RFC 3261 §17 and §18 say, believes no untrusted peer, and forgets all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchhook.sip.transaction.admission import AdmitAll
from switchhook.sip.transaction.events import (
    AckReceived,
    CancelReceived,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    StrayResponse,
)
from switchhook.sip.transaction.layer import TransactionLayer
from switchhook.sip.transaction.overload import MUCH, Lag, LoadLimits
from switchhook.sip.transaction.trust import TrustedPeers
from switchhook.sip.wire.message import Headers, Request
from switchhook.sip.wire.parser import MessageError
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from tests.support.sip import (
    ALICE,
    ALICE_TCP,
    BOB,
    HERE,
    read,
    read_request,
    read_response,
    request,
    response,
    start,
    tokens,
)

if TYPE_CHECKING:
    from switchhook.sip.transaction.matching import TransactionKey

BOB_TCP = Peer("TCP", "192.0.2.20", 5060)


def new_stack(**limits: Any) -> TransactionLayer:
    return TransactionLayer(local=lambda _peer: HERE, token=tokens(), limits=LoadLimits(**limits))


def sent(layer: TransactionLayer) -> list[bytes]:
    return [packet.data for packet in layer.take_packets()]


def starts(layer: TransactionLayer) -> list[str]:
    return [start(data) for data in sent(layer)]


def hear(layer: TransactionLayer, message: Request, now: float = 0.0, source: Peer = ALICE) -> None:
    layer.receive(bytes(message), source, now)


def received(layer: TransactionLayer) -> RequestReceived:
    (event,) = layer.take_events()
    assert isinstance(event, RequestReceived)
    return event


def run_out(layer: TransactionLayer) -> None:
    """Let all timers pass."""
    while (wake_at := layer.wake_at) is not None:
        layer.handle_timer(wake_at)


def outgoing(method: str = "INVITE") -> Request:
    pairs = [("From", "<sip:us@192.0.2.1>;tag=u"), ("To", "<sip:bob@192.0.2.20>")]
    pairs += [("Call-ID", "out"), ("CSeq", f"1 {method}"), ("Route", "<sip:192.0.2.20;lr>")]
    return Request(method=method, uri=Uri.parse("sip:bob@192.0.2.20"), headers=Headers(pairs))


def invite_out(layer: TransactionLayer, peer: Peer = BOB) -> tuple[TransactionKey, bytes]:
    key, _ = layer.client.request(outgoing(), peer, 0.0, owner="leg")
    (data,) = sent(layer)
    return key, data


# Serving


def test_a_new_request_is_told_with_its_source() -> None:
    layer = new_stack()

    hear(layer, request(via="SIP/2.0/UDP 10.0.0.3;rport;branch=z9hG4bKa1"))

    event = received(layer)
    assert event.source == ALICE
    assert event.request.via.parameters["received"] == "192.0.2.10"


def test_an_answer_goes_back_and_again_when_the_request_comes_again() -> None:
    layer = new_stack()
    hear(layer, request())
    key = received(layer).key

    assert layer.server.respond(key, 180, 0.1, to_tag="x")
    hear(layer, request(), 0.5)

    first, second = layer.take_packets()
    assert first == second
    assert first.peer == ALICE
    assert read_response(first.data).to.tag == "x"
    assert layer.take_events() == []


def test_a_refusal_is_resent_until_its_ack() -> None:
    layer = new_stack()
    hear(layer, request())
    layer.server.respond(received(layer).key, 486, 0.0, to_tag="x")
    layer.handle_timer(0.5)
    assert starts(layer) == ["486", "486"]

    hear(layer, request("ACK", to="<sip:100@192.0.2.1>;tag=x"), 0.6)
    hear(layer, request("ACK", to="<sip:100@192.0.2.1>;tag=x"), 0.7)
    run_out(layer)

    assert sent(layer) == []
    assert layer.take_events() == []
    assert layer.transactions == 0


def test_only_one_final_response_goes_out() -> None:
    layer = new_stack()
    hear(layer, request())
    key = received(layer).key

    assert layer.server.respond(key, 200, 0.0, to_tag="x")
    assert not layer.server.respond(key, 487, 0.1, to_tag="x")
    assert not layer.server.respond(("gone",), 487, 0.1)

    assert starts(layer) == ["200"]


def test_a_2xx_can_be_sent_again_and_its_ack_is_told() -> None:
    layer = new_stack()
    hear(layer, request())
    key = received(layer).key
    will_be = layer.server.compose(key, 200, to_tag="x")
    answer = layer.server.respond(key, 200, 0.0, to_tag="x")
    assert answer == will_be
    assert answer is not None

    layer.client.send(answer)
    hear(layer, request(), 0.6)  # the INVITE again is absorbed (RFC 6026)
    same_branch = request("ACK", to="<sip:100@192.0.2.1>;tag=x")
    own_branch = request("ACK", via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKa2")
    hear(layer, same_branch, 0.7)
    hear(layer, own_branch, 0.8)

    assert starts(layer) == ["200", "200"]
    assert [type(event) for event in layer.take_events()] == [AckReceived, AckReceived]


def test_what_was_drafted_for_another_answer_is_not_sent() -> None:
    layer = new_stack()
    hear(layer, request())
    key = received(layer).key
    for status, body in ((200, b"v=0"), (200, b""), (180, b"")):
        assert layer.server.compose(key, status, to_tag="x", body=body) is not None
    answer = layer.server.respond(key, 200, 0.0, to_tag="x", body=b"v=1")
    assert answer is not None
    assert answer.data.startswith(b"SIP/2.0 200 ")
    assert answer.data.endswith(b"\r\n\r\nv=1")


def test_requests_without_a_branch_are_told_apart_as_in_rfc_2543() -> None:
    layer = new_stack()
    old = "SIP/2.0/UDP 192.0.2.10"
    hear(layer, request(via=old))
    key = received(layer).key
    hear(layer, request(via=old), 0.1)
    layer.server.respond(key, 486, 0.2, to_tag="x")
    hear(layer, request("ACK", via=old, to="<sip:100@192.0.2.1>;tag=x"), 0.3)
    assert layer.take_events() == []

    hear(layer, request(via=old, cseq=2), 0.4)

    assert received(layer).request.cseq.number == 2


def test_a_cancel_is_answered_and_told_once() -> None:
    layer = new_stack()
    hear(layer, request())
    key = received(layer).key
    layer.server.set_owner(key, "call")

    hear(layer, request("CANCEL", "Reason: SIP;cause=200"), 1.0)
    hear(layer, request("CANCEL", "Reason: SIP;cause=200"), 1.5)

    (event,) = layer.take_events()
    assert isinstance(event, CancelReceived)
    assert event.owner == "call"
    assert event.request.headers.get("Reason") == "SIP;cause=200"
    assert starts(layer) == []
    layer.server.respond(event.key, 200, 2.0)
    hear(layer, request("CANCEL", "Reason: SIP;cause=200"), 2.5)
    assert starts(layer) == ["200", "200"]


@pytest.mark.parametrize("via", ["192.0.2.10;branch=z9hG4bKzz", "192.0.2.10"])
def test_a_cancel_of_nothing_gets_481(via: str) -> None:
    layer = new_stack()

    hear(layer, request("CANCEL", via=f"SIP/2.0/UDP {via}"))

    assert starts(layer) == ["481"]
    assert layer.take_events() == []
    assert layer.transactions == 0


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    layer = new_stack()
    hear(layer, request())
    layer.server.respond(received(layer).key, 200, 0.0, to_tag="x")

    hear(layer, request("CANCEL"), 0.1)

    assert starts(layer) == ["200", "200"]
    assert layer.take_events() == []


def test_a_request_that_comes_by_two_ways_is_merged() -> None:
    layer = new_stack()
    hear(layer, request())
    received(layer)

    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKother"))

    assert starts(layer) == ["482"]
    assert layer.take_events() == []


def test_a_refused_request_may_come_again_under_its_number() -> None:
    layer = new_stack()
    hear(layer, request())
    layer.server.respond(received(layer).key, 407, 0.0)
    sent(layer)

    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKproof"), 0.1)

    assert received(layer).request.via.branch == "z9hG4bKproof"


def test_an_accepted_request_that_comes_late_by_another_way_is_merged() -> None:
    layer = new_stack()
    hear(layer, request())
    layer.server.respond(received(layer).key, 200, 0.0)
    sent(layer)

    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKother"), 0.1)

    assert starts(layer) == ["482"]


def test_a_new_call_is_refused_when_too_many_wait() -> None:
    layer = new_stack(open_requests=2)
    for number in (1, 2, 3):
        via = f"SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK{number}"
        hear(layer, request(via=via, call_id=f"c{number}"))

    first, second = layer.take_events()
    (refusal,) = sent(layer)
    assert read_response(refusal).status == 503
    assert 5 <= int(read_response(refusal).headers.get("Retry-After", "")) < 15
    assert layer.transactions == 2

    assert isinstance(first, RequestReceived)
    layer.server.respond(first.key, 486, 1.0)
    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK4", call_id="c4"), 2.0)
    assert isinstance(second, RequestReceived)
    assert received(layer).request.call_id == "c4"


def test_one_source_cannot_take_all() -> None:
    layer = new_stack(open_requests_per_source=1)
    hear(layer, request(call_id="c1"))
    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK2", call_id="c2"))
    assert starts(layer) == ["503"]

    hear(layer, request(via="SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK3", call_id="c3"), source=BOB)

    assert len(layer.take_events()) == 2


def test_what_lingers_for_one_source_is_bounded_too() -> None:
    layer = new_stack(transactions_per_source=1)
    hear(layer, request())
    layer.server.respond(received(layer).key, 486, 0.0)
    sent(layer)

    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK2", call_id="c2"), 0.1)
    assert starts(layer) == ["503"]

    run_out(layer)
    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK3", call_id="c3"), 100.0)
    assert received(layer).request.call_id == "c3"


class Office(AdmitAll):
    """Who proved a password there, and what counts as a call for help."""

    def __init__(self, *known: Peer) -> None:
        super().__init__()
        self.trusted_peers = TrustedPeers()
        for peer in known:
            self.trusted_peers.add(peer, "john", 0.0)

    def is_urgent(self, request: Request) -> bool:
        return request.uri.username == "112"


def told(layer: TransactionLayer) -> list[str]:
    """Return the methods of what is passed on, and the statuses of what is answered."""
    received = [e.request.method for e in layer.take_events() if isinstance(e, RequestReceived)]
    return received + starts(layer)


def behind(lag: Lag) -> TransactionLayer:
    layer = TransactionLayer(local=lambda _peer: HERE, token=tokens(), admission=Office(ALICE))
    layer.overload.lag = lag
    return layer


@pytest.mark.row("FA-08")
@pytest.mark.parametrize(
    ("lag", "method", "source", "expected"),
    [
        (Lag.BEHIND, "INVITE", ALICE, "INVITE"),
        (Lag.BEHIND, "OPTIONS", ALICE, "OPTIONS"),
        (Lag.BEHIND, "REGISTER", ALICE, "503"),
        (Lag.BEHIND, "SUBSCRIBE", ALICE, "503"),
        (Lag.BEHIND, "INVITE", BOB, "503"),
        (Lag.BEHIND, "OPTIONS", BOB, "503"),
        (Lag.FAR_BEHIND, "INVITE", ALICE, "503"),
        (Lag.NONE, "REGISTER", BOB, "REGISTER"),
    ],
)
def test_what_is_tried_again_is_shed_before_calls_and_untrusted_peers_before_trusted_ones(
    lag: Lag, method: str, source: Peer, expected: str
) -> None:
    layer = behind(lag)
    via = f"SIP/2.0/UDP {source.host};branch=z9hG4bK1"
    hear(layer, request(method, via=via), source=source)

    assert told(layer) == [expected]


@pytest.mark.row("FA-08")
def test_calls_that_stand_and_calls_for_help_go_on_however_far_we_are_behind() -> None:
    layer = behind(Lag.FAR_BEHIND)
    hear(layer, request("BYE", to="<sip:b@h>;tag=x"))
    hear(layer, request(uri="sip:112@192.0.2.1", via="SIP/2.0/UDP h;branch=z9hG4bK2"), source=BOB)

    assert told(layer) == ["BYE", "INVITE"]


@pytest.mark.row("FI-07")
def test_behind_the_telephone_that_calls_most_is_turned_away_before_the_others() -> None:
    other = Peer("UDP", "192.0.2.30", 5060)
    layer = TransactionLayer(
        local=lambda _peer: HERE, token=tokens(), admission=Office(ALICE, BOB, other)
    )
    for number in range(MUCH + 1):
        source = BOB if number == 0 else ALICE
        via = f"SIP/2.0/UDP {source.host};branch=z9hG4bK{number}"
        hear(layer, request(via=via, call_id=f"c{number}"), source=source)
    assert told(layer) == ["INVITE"] * (MUCH + 1)
    layer.overload.lag = Lag.BEHIND
    for number, source in enumerate((ALICE, BOB, other)):
        via = f"SIP/2.0/UDP {source.host};branch=z9hG4bKlate{number}"
        hear(layer, request(via=via, call_id=f"late{number}"), source=source)

    assert told(layer) == ["INVITE", "INVITE", "503"]


@pytest.mark.row("FA-08")
def test_who_is_turned_away_is_spread_when_it_comes_again() -> None:
    layer = behind(Lag.BEHIND)
    for number in range(50):
        via = f"SIP/2.0/UDP h;branch=z9hG4bK{number}"
        hear(layer, request("REGISTER", via=via, call_id=f"c{number}"))

    waits = {read_response(data).headers.get("Retry-After") for data in sent(layer)}
    assert len(waits) > 5


def test_what_is_dismissed_takes_no_memory_and_is_refused_alike_when_it_comes_again() -> None:
    layer = new_stack()
    for now in (0.0, 0.5):
        hear(layer, request("BYE", to="<sip:b@h>;tag=x"), now)
        layer.server.respond_statelessly(received(layer).key, 481, now)
        hear(layer, request(call_id="c2"), now)
        layer.server.respond_statelessly(received(layer).key, 420, now, (("Unsupported", "x"),))
    layer.server.respond_statelessly(("gone",), 481, 1.0)

    first, second, third, fourth = sent(layer)
    assert (first, second) == (third, fourth)
    assert (start(first), start(second)) == ("481", "420")
    assert read_response(second).to.tag
    assert layer.transactions == 0
    assert layer.wake_at is None


def test_calls_that_stand_go_on_under_overload() -> None:
    layer = new_stack(transactions=1)
    hear(layer, request())
    hear(layer, request(via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK2", call_id="c2"))
    bye = request("BYE", via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK3", to="<sip:b@h>;tag=x")
    hear(layer, bye)
    flood = request("BYE", via="SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK4", to="<sip:b@h>;tag=x")
    hear(layer, flood)

    assert starts(layer) == ["503", "503"]
    assert len(layer.take_events()) == 2


def test_what_cannot_be_read_is_answered_where_that_is_possible() -> None:
    layer = new_stack()
    broken = bytes(request()).replace(b"<sip:alice@192.0.2.10>;", b"nobody;")

    layer.receive(broken, ALICE, 0.0)

    answer = read_response(sent(layer)[0])
    assert answer.status == 400
    assert answer.reason.startswith("Bad Request: From")
    assert answer.to.tag


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        bytes(request("ACK")).replace(b"CSeq: 1 ACK", b"CSeq: x"),
        bytes(request()).replace(b"UDP 192.0.2.10;", b"UDP ;"),
        bytes(response(request(), 200)).replace(b"CSeq: 1 INVITE", b"CSeq: x"),
    ],
)
def test_what_cannot_be_answered_is_dropped(data: bytes) -> None:
    layer = new_stack()

    layer.receive(data, ALICE, 0.0)

    assert sent(layer) == []
    assert layer.take_events() == []


def test_an_error_that_a_stream_found_is_answered_over_it() -> None:
    layer = new_stack()

    layer.reject_malformed(MessageError("too long", status=513, partial=request()), ALICE_TCP)

    (packet,) = layer.take_packets()
    assert packet.peer == Peer("TCP", "192.0.2.10", 5060, ALICE_TCP.flow)
    assert read_response(packet.data).status == 513


# Asking


def test_our_request_goes_out_with_a_via_of_its_own() -> None:
    layer = new_stack()

    key, out = layer.client.request(outgoing("OPTIONS"), BOB, 0.0)

    (packet,) = layer.take_packets()
    assert (packet.peer, packet.key) == (BOB, key)
    assert packet.data == bytes(out)
    assert str(out.via) == "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKt1;rport"


def test_responses_are_told_with_the_owner_of_their_request() -> None:
    layer = new_stack()
    key, data = invite_out(layer)

    layer.receive(bytes(response(data, 180)), BOB, 0.1)
    layer.receive(bytes(response(data, 200)), BOB, 0.2)
    layer.receive(bytes(response(data, 200)), BOB, 0.7)
    layer.receive(bytes(response(data, 200, tag="fork")), BOB, 0.8)

    events = layer.take_events()
    assert [
        (e.response.status, e.response.to.tag) for e in events if isinstance(e, ResponseReceived)
    ] == [
        (180, "b"),
        (200, "b"),
        (200, "b"),
        (200, "fork"),
    ]
    assert {(e.key, e.owner) for e in events if isinstance(e, ResponseReceived)} == {(key, "leg")}


def test_a_refusal_is_acknowledged_on_the_invites_way() -> None:
    layer = new_stack()
    _, data = invite_out(layer)

    layer.receive(bytes(response(data, 486)), BOB, 0.1)
    layer.receive(bytes(response(data, 486)), BOB, 0.6)

    first, second = layer.take_packets()
    ack, invite = read_request(first.data), read_request(data)
    assert first == second
    assert ack.method == "ACK"
    assert (ack.via, ack.uri, ack.routes) == (invite.via, invite.uri, invite.routes)
    assert (ack.to.tag, ack.cseq.number) == ("b", 1)
    assert len(layer.take_events()) == 1


def test_a_cancel_goes_out_once_something_came_back() -> None:
    layer = new_stack()
    key, data = invite_out(layer)
    layer.client.cancel(key, 0.1, [("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
    assert sent(layer) == []

    layer.receive(bytes(response(data, 100)), BOB, 0.2)
    (packet,) = layer.take_packets()
    cancel, invite = read_request(packet.data), read_request(data)
    layer.receive(bytes(response(cancel, 200)), BOB, 0.3)
    layer.receive(bytes(response(data, 487)), BOB, 0.3)

    assert cancel.method == "CANCEL"
    assert (cancel.via, cancel.uri, cancel.to) == (invite.via, invite.uri, invite.to)
    assert cancel.headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    (event,) = layer.take_events()
    assert isinstance(event, ResponseReceived)
    assert event.response.status == 487
    assert starts(layer) == ["ACK"]
    run_out(layer)
    assert layer.transactions == 0


def test_a_cancel_too_late_or_of_nothing_does_nothing() -> None:
    layer = new_stack()
    key, data = invite_out(layer)
    layer.receive(bytes(response(data, 200)), BOB, 0.1)

    layer.client.cancel(key, 0.2)
    layer.client.cancel(("gone", "INVITE"), 0.2)

    assert sent(layer) == []


def test_a_request_without_answer_fails_with_408() -> None:
    layer = new_stack()
    key, _ = invite_out(layer)

    run_out(layer)

    assert layer.take_events() == [RequestFailed(key, 408, "leg")]
    assert layer.transactions == 0


def test_a_cancel_without_answer_is_nobodys_news() -> None:
    layer = new_stack()
    key, data = invite_out(layer)
    layer.receive(bytes(response(data, 180)), BOB, 0.1)
    layer.take_events()

    layer.client.cancel(key, 0.2)
    run_out(layer)

    assert layer.take_events() == [RequestFailed(key, 408, "leg")]


def test_a_request_that_cannot_be_sent_fails_with_503() -> None:
    layer = new_stack()
    key, _ = invite_out(layer, BOB_TCP)

    layer.transport_error(key, 0.1)
    layer.transport_error(key, 0.1)
    layer.transport_error(None, 0.1)

    assert layer.take_events() == [RequestFailed(key, 503, "leg")]
    assert layer.transactions == 0


def test_a_closed_connection_fails_what_waits_on_it() -> None:
    layer = new_stack()
    key, _ = invite_out(layer, BOB_TCP)
    layer.client.request(outgoing("OPTIONS"), ALICE_TCP, 0.0)

    layer.flow_closed(BOB_TCP, 0.1)
    layer.flow_closed(BOB_TCP, 0.2)

    assert layer.take_events() == [RequestFailed(key, 503, "leg")]
    assert layer.transactions == 1


def test_a_flow_is_one_whatever_address_its_requests_name() -> None:
    layer = new_stack()
    key, _ = invite_out(layer, Peer("TCP", "192.0.2.10", 5060, ALICE_TCP.flow))

    layer.flow_closed(ALICE_TCP, 0.1)

    assert layer.take_events() == [RequestFailed(key, 503, "leg")]


def test_an_error_of_ours_is_answered_with_500_and_leaves_nothing_open() -> None:
    layer = new_stack()
    hear(layer, request())
    received(layer)

    layer.internal_error(request(), ALICE, 0.0)
    layer.internal_error(request(), ALICE, 0.0)
    layer.internal_error(request("OPTIONS"), ALICE, 0.0)
    layer.internal_error(request("ACK"), ALICE, 0.0)
    layer.internal_error(response(request(), 200), ALICE, 0.0)

    assert starts(layer) == ["500", "500"]
    run_out(layer)
    assert layer.transactions == 0


@pytest.mark.parametrize("via", ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKunknown", ""])
def test_a_response_to_nothing_of_ours_is_dropped(via: str) -> None:
    layer = new_stack()
    _, data = invite_out(layer)
    stray = bytes(response(data, 486))
    if via:
        stray = bytes(response(request(via=via), 486))
    else:
        stray = stray.replace(b"Via: ", b"Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKp\r\nVia: ", 1)

    layer.receive(stray, BOB, 0.1)

    assert layer.take_events() == []


@pytest.mark.row("FD-01")
def test_an_answer_to_an_invite_that_is_no_more_is_told() -> None:
    layer = new_stack()

    layer.receive(bytes(response(request(), 200)), BOB, 0.1)

    (event,) = layer.take_events()
    assert isinstance(event, StrayResponse)


def test_an_ack_to_a_2xx_has_a_branch_of_its_own_and_can_be_sent_again() -> None:
    layer = new_stack()
    ack = Request(method="ACK", uri=Uri.parse("sip:bob@192.0.2.20"), headers=outgoing().headers)

    packet = layer.client.send_ack(ack, BOB)
    layer.client.send(packet)

    assert layer.take_packets() == [packet, packet]
    assert isinstance(read(bytes(packet.data).replace(b"1 INVITE", b"1 ACK")), Request)
    assert layer.transactions == 0


@pytest.mark.row("FD-08")
def test_what_is_said_of_a_small_mistake_is_not_much_longer_than_it_is() -> None:
    layer = new_stack()
    small = b"X sip:a SIP/2.0\r\nv:SIP/2.0/UDP h\r\nX\r\n\r\n"
    layer.receive(small, ALICE, 0.0)
    assert sum(map(len, sent(layer))) <= 3 * len(small)

    longer = small.replace(b"UDP h", b"UDP h;x=" + b"y" * 200)
    layer.receive(longer, ALICE, 0.0)
    (answer,) = sent(layer)
    assert answer.startswith(b"SIP/2.0 400 ")
