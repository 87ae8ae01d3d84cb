"""What SIP says about callers and causes becomes what a call knows, and no value of ours adds a header."""

from __future__ import annotations

import pytest

from switchhook.domain.cause import AttemptEnd, Cause
from switchhook.domain.project import Account, Trunk
from switchhook.domain.screening import SOS
from switchhook.drivers.embedded.translate import (
    arrival_of,
    cause_of_cancel,
    cause_of_hang_up,
    cause_of_refusal,
    one_line,
    reason_headers,
    refusal_status,
    shown_caller,
    shown_to_trunk,
)
from switchhook.routing.admission import OfferedCall
from switchhook.sip.wire.header_values import NameAddress
from tests.support.sip import request, response

CARRIER = Trunk(name="carrier", host="sip.carrier.example")
JOHN = Account(login="john", password="secret", name="John Doe")


def from_trunk(*headers: str, from_: str = "<sip:+380441112233@192.0.2.9>;tag=a") -> OfferedCall:
    return arrival_of(
        request("INVITE", *headers, from_=from_, uri="sip:380800111222@192.0.2.1"),
        project="shop",
        trunk=CARRIER,
    )


def test_a_call_from_a_trunk_has_the_number_that_the_trunk_says() -> None:
    assert from_trunk(from_='"Anna Ä" <sip:+380441112233@192.0.2.9>;tag=a') == OfferedCall(
        caller="+380441112233",
        caller_name="Anna Ä",
        callee="380800111222",
        trunk="carrier",
        project="shop",
    )


@pytest.mark.parametrize(
    "value",
    [
        '""unknown"" <sip:380440000001@carrier.example>',
        "Doe, John <sip:380440000001@carrier.example>",
        "nonsense, <sip:380440000001@carrier.example>",
        '"not closed <sip:380440000001@my host>',
    ],
)
@pytest.mark.row("FA-04")
def test_what_a_trunk_asserts_in_sloppy_words_counts(value: str) -> None:
    assert from_trunk(f"P-Asserted-Identity: {value}").caller == "380440000001"


@pytest.mark.parametrize(
    ("uri", "callee"),
    [
        ("sip:380800111222;npdi@192.0.2.1;user=phone", "380800111222"),
        ("tel:+380-800-111;phone-context=x", "+380-800-111"),
        ("sip:%34%35%36@192.0.2.1", "456"),
        ("sip:192.0.2.1", "100"),
        ("sip:380800111222", "380800111222"),
        ("urn:service:sos", SOS),
        ("urn:service:SOS.police", SOS),
        ("urn:service:sosx", "100"),
        ("sip:4%ff%00%0d%0a5%C3%A9@192.0.2.1", "45é"),
        (f"sip:{'1' * 3000}@192.0.2.1", "1" * 128),
    ],
)
def test_the_dialled_number_is_the_bare_user_part(uri: str, callee: str) -> None:
    assert arrival_of(request(uri=uri), project="shop", trunk=CARRIER).callee == callee


@pytest.mark.row("FA-03")
@pytest.mark.parametrize(
    ("uri", "callee"),
    [
        ("tel:+380-44-222-33-44", "+380-44-222-33-44"),
        ("tel:+380442223344;ext=5", "+380442223344"),
        ("tel:0442223344;phone-context=+380", "+3800442223344"),
        ("tel:442223344;phone-context=+380", "+380442223344"),
        ("tel:44-222-33-44;phone-context=+380", "+380442223344"),
        ("sip:0442223344;phone-context=+380@192.0.2.1;user=phone", "+3800442223344"),
        ("tel:380442223344;phone-context=+380", "380442223344"),
        ("tel:00380442223344;phone-context=+49", "00380442223344"),
        ("tel:112;phone-context=+49", "112"),
        ("tel:1001;phone-context=+49", "1001"),
        ("tel:863-1234;phone-context=+1-914-5551234", "863-1234"),
        ("tel:0442223344;phone-context=example.com", "0442223344"),
    ],
)
def test_a_local_number_belongs_to_the_country_of_its_context(uri: str, callee: str) -> None:
    """Short ones are extensions or numbers for help, and a context that names no country says nothing."""
    asked = request("INVITE", uri=uri, to=f"<{uri}>")

    assert arrival_of(asked, project="shop", trunk=CARRIER).callee == callee


def test_an_asserted_identity_wins_over_from() -> None:
    offered = from_trunk('P-Asserted-Identity: "Anna" <sip:380440000001@carrier.example>, <tel:+1>')

    assert (offered.caller, offered.caller_name) == ("380440000001", "Anna")


def test_a_broken_asserted_identity_is_as_none() -> None:
    assert from_trunk('P-Asserted-Identity: "unclosed <sip:x').caller == "+380441112233"


@pytest.mark.parametrize(
    ("headers", "from_"),
    [
        ((), "Anonymous <sip:anonymous@anonymous.invalid>;tag=a"),
        ((), "<sip:192.0.2.9>;tag=a"),
        ((), '"Unknown" <sip:Restricted@192.0.2.9>;tag=a'),
        ((), "<sip:Private@192.0.2.9>;tag=a"),
        ((), "sip:+@192.0.2.9;tag=a"),
        (("Privacy: id",), "<sip:380441112233@192.0.2.9>;tag=a"),
        (
            ("Privacy: user; id; critical", "P-Asserted-Identity: <tel:+380441112233>"),
            "<sip:anonymous@anonymous.invalid>;tag=a",
        ),
    ],
)
def test_a_withheld_number_stays_withheld(headers: tuple[str, ...], from_: str) -> None:
    offered = from_trunk(*headers, from_=from_)

    assert (offered.caller, offered.caller_name) == ("", "")


def test_a_name_that_only_repeats_the_number_is_none() -> None:
    assert from_trunk(from_='"380441" <sip:380441@192.0.2.9>;tag=a').caller_name == ""


def test_a_name_in_another_encoding_can_be_stored() -> None:
    name = from_trunk(from_='"M\udcfcller" <sip:380441@192.0.2.9>;tag=a').caller_name

    assert name.encode() == b"M ller"


def test_an_account_is_its_login_whatever_it_calls_itself() -> None:
    lying = request(from_='"The Boss" <sip:boss@192.0.2.1>;tag=a', uri="sip:mary@192.0.2.1")

    assert arrival_of(lying, project="shop", account=JOHN) == OfferedCall(
        caller="john", caller_name="John Doe", callee="mary", account="john", project="shop"
    )
    nameless = Account(login="john", password="secret")
    assert arrival_of(lying, project="shop", account=nameless).caller_name == "The Boss"


def test_a_refusal_tells_its_status_and_its_reason() -> None:
    plain = response(request(), 486)
    told = response(request(), 480, 'Reason: SIP;cause=480, Q.850;cause=21;text="no, thanks"')

    assert cause_of_refusal(486, plain) == Cause(sip=486, text="Busy Here")
    assert cause_of_refusal(480, told) == Cause(sip=480, q850=21, text="no, thanks")
    assert cause_of_refusal(408, None) == Cause(sip=408, q850=27, text="no response")
    assert cause_of_refusal(503, None) == Cause(sip=503, q850=27, text="nothing listens there")


@pytest.mark.parametrize(
    "reason", ["Q.850", "Q.850;cause=x", 'Q.850;cause="16', "Q.850;cause=²", ";", "Q.850;cause="]
)
def test_a_reason_that_cannot_be_read_is_none(reason: str) -> None:
    answer = response(request(), 480, f"Reason: {reason}")

    assert cause_of_refusal(480, answer).q850 == 0


def test_a_cause_beyond_q850_is_capped() -> None:
    answer = response(request(), 480, "Reason: Q.850;cause=99999999999999999999")

    assert cause_of_refusal(480, answer).q850 == 127


def test_a_hang_up_is_normal_unless_it_says_otherwise() -> None:
    bye = request("BYE", to="<sip:x@y>;tag=b")
    reasoned = request("BYE", "Reason: Q.850;cause=31", to="<sip:x@y>;tag=b")

    assert cause_of_hang_up(200, bye) == Cause(sip=200, q850=16, text="hung up")
    assert cause_of_hang_up(200, reasoned).q850 == 31
    assert cause_of_hang_up(408, None).sip == 408
    assert cause_of_hang_up(481, None).is_loss
    assert not cause_of_hang_up(200, bye).is_loss
    assert cause_of_cancel(request("CANCEL")) == Cause(sip=487, q850=16, text="gave up")


@pytest.mark.parametrize(
    ("sip", "status"), [(486, 486), (603, 603), (404, 404), (0, 480), (407, 480), (302, 480)]
)
def test_a_caller_is_refused_with_what_concerns_it(sip: int, status: int) -> None:
    assert refusal_status(Cause(sip=sip)) == status


def test_a_telephone_learns_why_it_stopped_ringing() -> None:
    elsewhere = reason_headers(Cause(sip=200), AttemptEnd.ANSWERED_ELSEWHERE)

    assert elsewhere == (("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),)
    assert reason_headers(Cause(q850=16), AttemptEnd.ANSWERED) == (("Reason", "Q.850;cause=16"),)
    assert reason_headers(Cause(sip=200)) == ()
    assert reason_headers(Cause(q850=1000)) == ()


def test_a_caller_is_shown_under_number_and_name() -> None:
    from_, headers = shown_caller("380441112233", 'Zoë "Z"', "192.0.2.1")

    assert str(from_) == '"Zoë \\"Z\\"" <sip:380441112233@192.0.2.1>'
    assert headers == ()


def test_no_number_asks_for_privacy() -> None:
    from_, headers = shown_caller("", "", "192.0.2.1")

    assert str(from_) == '"Anonymous" <sip:anonymous@anonymous.invalid>'
    assert headers == (("Privacy", "id"),)


@pytest.mark.row("R5-29", "R5-31", "R5-41")
def test_the_name_that_a_scheme_gives_a_withheld_caller_is_shown() -> None:
    for from_, headers in (
        shown_caller("", "Helpdesk", "192.0.2.1"),
        shown_to_trunk("", "Helpdesk", CARRIER),
    ):
        assert str(from_) == '"Helpdesk" <sip:anonymous@anonymous.invalid>'
        assert headers == (("Privacy", "id"),)


def test_a_trunk_may_want_its_own_user_as_caller() -> None:
    own = Trunk(name="carrier", host="sip.carrier.example", from_user="acct7")

    assert str(shown_to_trunk("380441", "Anna", own)[0]) == '"Anna" <sip:acct7@sip.carrier.example>'
    assert str(shown_to_trunk("380441", "", own)[0]) == '"380441" <sip:acct7@sip.carrier.example>'
    assert str(shown_to_trunk("380441", "", CARRIER)[0]) == "<sip:380441@sip.carrier.example>"
    from_, headers = shown_to_trunk("", "", own)
    assert "anonymous" in str(from_)
    assert headers == (
        ("Privacy", "id"),
        ("P-Preferred-Identity", "<sip:acct7@sip.carrier.example>"),
    )


@pytest.mark.parametrize("evil", ["a\r\nEvil: yes", "a\0b", "a\u2028b", "x" * 5000, '"><sip:e@v>'])
def test_no_value_can_add_a_header(evil: str) -> None:
    from_, _ = shown_caller(evil, evil, "192.0.2.1")

    written = str(from_)
    assert written.isprintable()
    assert len(written) < 1000
    assert NameAddress.parse(written) == from_
    assert NameAddress.parse(written).uri.host == "192.0.2.1"
    assert one_line(evil) == from_.display
