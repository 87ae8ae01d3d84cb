"""Both ends of a dialog number, route and aim their requests as RFC 3261 §12 says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from switchhook.sip.ua.dialog import Dialog
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.uri import Uri
from tests.support.sip import ALICE, ALICE_TCP, request, response

ROUTES = "Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>"


def caller(*headers: str) -> Dialog:
    """Return the view of one who called."""
    return Dialog.of_client(request(), response(request(), 200, *headers))


def callee(*headers: str) -> Dialog:
    """Return the view of one who was called."""
    return Dialog.of_server(request("INVITE", *headers), "b", ALICE)


def test_both_ends_hold_the_same_dialog() -> None:
    one, other = caller(), callee()

    assert one.call_id == other.call_id == "c1"
    assert (str(one.local), str(one.remote)) == (str(other.remote), str(other.local))
    assert str(one.target) == "sip:bob@192.0.2.20"
    assert str(other.target) == "sip:alice@192.0.2.10"
    assert (one.local_cseq, other.local_cseq) == (1, 0)
    assert (one.remote_cseq, other.remote_cseq) == (-1, 1)


def test_requests_count_up_and_are_addressed_to_the_other_end() -> None:
    dialog, info = caller().request("INFO", headers=[("Content-Type", "a/b")], body=b"x")
    dialog, bye = dialog.request("BYE")

    assert dialog.local_cseq == 3
    assert bytes(info).decode().split("\r\n") == [
        "INFO sip:bob@192.0.2.20 SIP/2.0",
        "Max-Forwards: 70",
        "From: <sip:alice@192.0.2.10>;tag=a",
        "To: <sip:100@192.0.2.1>;tag=b",
        "Call-ID: c1",
        "CSeq: 2 INFO",
        "Content-Type: a/b",
        "Content-Length: 1",
        "",
        "x",
    ]
    assert str(bye.cseq) == "3 BYE"


def test_an_ack_has_the_number_of_its_invite() -> None:
    assert str(caller().ack(1).cseq) == "1 ACK"


def test_the_route_set_is_reversed_for_the_caller_only() -> None:
    one, other = caller(ROUTES), callee(ROUTES)

    assert [str(route.uri) for route in one.routes] == ["sip:192.0.2.51;lr", "sip:192.0.2.50;lr"]
    assert [str(route.uri) for route in other.routes] == ["sip:192.0.2.50;lr", "sip:192.0.2.51;lr"]


def test_loose_routers_leave_the_request_uri_alone() -> None:
    dialog = callee(ROUTES)

    _, bye = dialog.request("BYE")

    assert str(dialog.next_hop) == "sip:192.0.2.50;lr"
    assert str(bye.uri) == "sip:alice@192.0.2.10"
    assert bye.headers.all("Route") == ("<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>")


def test_a_strict_router_finds_itself_in_the_request_uri() -> None:
    dialog = callee("Record-Route: <sip:192.0.2.50;method=INVITE?a=b>, <sip:192.0.2.51;lr>")

    _, bye = dialog.request("BYE")

    assert str(bye.uri) == "sip:192.0.2.50"
    assert bye.headers.all("Route") == ("<sip:192.0.2.51;lr>", "<sip:alice@192.0.2.10>")


def test_a_request_out_of_order_is_refused_with_500() -> None:
    dialog = callee().with_request(request("INFO", cseq=7))

    assert dialog.remote_cseq == 7
    with pytest.raises(SipError) as caught:
        dialog.with_request(request("INFO", cseq=7))
    assert caught.value.status == 500


def test_the_target_moves_with_invite_and_update_only() -> None:
    moved = "<sip:alice@192.0.2.99:5070>"
    dialog = callee()

    assert dialog.refreshed(request("INFO", contact=moved)) == dialog
    assert dialog.refreshed(request("INVITE", contact="")) == dialog
    for method in ("INVITE", "UPDATE"):
        after = dialog.refreshed(request(method, contact=moved))
        assert after == replace(dialog, target=Uri.parse("sip:alice@192.0.2.99:5070"))
        answer = response(request(method), 200, contact=moved)
        assert dialog.refreshed(answer) == after


def test_the_other_end_is_known_by_its_tag() -> None:
    dialog = callee()

    assert dialog.belongs(request("BYE"))
    assert not dialog.belongs(request("BYE", from_="<sip:alice@192.0.2.10>;tag=other"))


def test_an_end_without_tag_is_one_of_rfc_2543() -> None:
    dialog = Dialog.of_server(request(from_="<sip:old@192.0.2.10>"), "b", ALICE)

    assert dialog.belongs(request("BYE", from_="<sip:old@192.0.2.10>"))


@pytest.mark.row("FD-17")
def test_an_invite_without_contact_is_reached_where_it_came_from() -> None:
    anonymous = request(contact="", from_="<sip:alice@example.com>;tag=a")
    for source, target in (
        (ALICE, "sip:alice@192.0.2.10:5060"),
        (ALICE_TCP, "sip:alice@192.0.2.10:40001;transport=tcp"),
    ):
        assert str(Dialog.of_server(anonymous, "b", source).target) == target


def test_a_call_id_that_cannot_be_repeated_opens_nothing() -> None:
    with pytest.raises(SipError, match="Call-ID"):
        Dialog.of_server(request(call_id="a\0b"), "b", ALICE)


def test_an_answer_without_contact_leaves_the_target_where_it_was() -> None:
    dialog = Dialog.of_client(request(), response(request(), 200, contact=""))

    assert str(dialog.target) == "sip:100@192.0.2.1"


@pytest.mark.parametrize("headers", [(), (ROUTES,)])
def test_a_dialog_survives_being_stored(headers: tuple[str, ...]) -> None:
    dialog, _ = callee(*headers).request("INFO")

    assert Dialog.from_json(json.loads(json.dumps(dialog.to_json()))) == dialog


@pytest.mark.row("S-25")
def test_the_names_of_its_ends_are_not_stored() -> None:
    dialog = callee()
    local, remote = (replace(end, display="PIN 4711") for end in (dialog.local, dialog.remote))
    stored = replace(dialog, local=local, remote=remote).to_json()

    assert "4711" not in str(stored)
    assert Dialog.from_json(stored) == Dialog.from_json(dialog.to_json())


@pytest.mark.parametrize("change", [{"routes": "x"}, {"target": "x"}, {"local_cseq": "x"}])
def test_a_document_that_is_no_dialog_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Dialog.from_json(callee().to_json() | change)
