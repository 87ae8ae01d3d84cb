"""What cannot be served is refused with the status and header that RFC 3261 §8.2 names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.sip.transaction.admission import Refusal
from switchhook.sip.ua.inspection import ACCEPT, ALLOW, inspect_request
from tests.support.sip import SDP, read_request, request

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

WITHIN = "<sip:100@192.0.2.1>;tag=x"


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER"])
def test_what_is_served_passes(method: str) -> None:
    assert inspect_request(request(method)) is None


@pytest.mark.parametrize("method", ["INVITE", "BYE", "INFO", "UPDATE", "MESSAGE", "OPTIONS"])
def test_what_is_served_within_a_dialog_passes(method: str) -> None:
    assert inspect_request(request(method, to=WITHIN)) is None


@pytest.mark.parametrize("method", ["INFO", "UPDATE", "MESSAGE", "SUBSCRIBE", "REFER", "PRACK"])
def test_known_methods_that_are_not_served_get_405(method: str) -> None:
    assert inspect_request(request(method)) == Refusal(405, (ALLOW,))


def test_unknown_methods_get_501() -> None:
    assert inspect_request(request("BREW")) == Refusal(501, (ALLOW,))


@pytest.mark.row("FA-01")
@pytest.mark.parametrize("to", ["<sip:100@192.0.2.1>", WITHIN])
def test_a_bye_passes_whatever_it_holds(to: str) -> None:
    odd = ("Require: 100rel, x", "Content-Encoding: gzip", "Content-Type: a/b")

    assert inspect_request(request("BYE", *odd, uri="mailto:x@y", to=to, body=b"?")) is None


@pytest.mark.row("FI-02")
def test_a_transfer_passes_within_a_dialog_alone() -> None:
    headers = ("Refer-To: <sip:x@y>", "Require: norefersub")
    assert inspect_request(request("REFER", *headers, to=WITHIN)) is None
    assert inspect_request(request("REFER", *headers)) == Refusal(405, (ALLOW,))


def test_other_schemes_get_416() -> None:
    assert inspect_request(request(uri="mailto:x@y")) == Refusal(416)
    assert inspect_request(request(uri="tel:+441134960000")) is None
    assert inspect_request(request(uri="urn:service:sos.fire")) is None
    assert inspect_request(request(uri="urn:service:counseling")) == Refusal(416)


def test_a_call_that_came_too_far_gets_483() -> None:
    far = bytes(request()).replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
    options = request("OPTIONS")

    assert inspect_request(read_request(far)) == Refusal(483)
    assert (
        inspect_request(read_request(bytes(options).replace(b"Forwards: 70", b"Forwards: 0")))
        is None
    )


def test_a_call_without_contact_is_one_of_rfc_2543() -> None:
    assert inspect_request(request(contact="")) is None


def test_required_extensions_get_420() -> None:
    asked = request("INVITE", "Require: 100rel, timer", "Require: outbound")

    assert inspect_request(asked) == Refusal(420, (("Unsupported", "100rel, outbound"),))


@pytest.mark.row("FI-09")
def test_a_proxy_may_require_the_path_of_a_registration() -> None:
    header = "Require: Path"

    assert inspect_request(request("REGISTER", "Path: <sip:192.0.2.9;lr>", header)) is None
    assert inspect_request(request("INVITE", header)) == Refusal(420, (("Unsupported", "Path"),))


def test_what_could_end_our_header_is_not_repeated() -> None:
    odd = request("INVITE", "Require: \0 timer, 100rel")
    odder = request("INVITE", "Require: \0")

    assert inspect_request(odd) == Refusal(420, (("Unsupported", "100rel"),))
    assert inspect_request(odder) == Refusal(420)


@pytest.mark.parametrize("kind", ["application/sdp", "Application/SDP; charset=x"])
def test_session_descriptions_pass(kind: str) -> None:
    assert inspect_request(_with_type(kind)) is None


@pytest.mark.parametrize("kind", ["text/plain", "application/sdpx", "multipart/mixed;boundary=b"])
def test_other_bodies_of_a_call_get_415(kind: str) -> None:
    assert inspect_request(_with_type(kind)) == Refusal(415, (ACCEPT,))


def test_encoded_bodies_get_415() -> None:
    asked = request("INVITE", "Content-Encoding: gzip", body=SDP)

    assert inspect_request(asked) == Refusal(415, (("Accept-Encoding", "identity"),))


def test_other_requests_may_carry_anything() -> None:
    assert (
        inspect_request(request("INFO", "Content-Type: application/dtmf-relay", to=WITHIN)) is None
    )


def _with_type(kind: str) -> Request:
    return read_request(bytes(request(body=SDP)).replace(b"application/sdp", kind.encode()))


@pytest.mark.row("FI-10")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "OPTIONS", "INFO"])
def test_a_session_timer_may_be_required(method: str) -> None:
    assert inspect_request(request(method, "Require: Timer", to=WITHIN)) is None


@pytest.mark.row("FI-10")
@pytest.mark.parametrize("tag", ["Supported: 100rel, timer", "k: timer", "Require: timer"])
def test_a_session_that_is_too_short_gets_422_where_that_is_understood(tag: str) -> None:
    short = "Session-Expires: 89;refresher=uac"

    assert inspect_request(request("INVITE", short, tag)) == Refusal(422, (("Min-SE", "90"),))
    assert inspect_request(request("UPDATE", "x: 60", tag, to=WITHIN)) == Refusal(
        422, (("Min-SE", "90"),)
    )
    assert inspect_request(request("INVITE", "x: 90", tag)) is None
    assert inspect_request(request("INVITE", short)) is None
