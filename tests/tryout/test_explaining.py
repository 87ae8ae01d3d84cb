"""An answer is explained exactly as a call would follow it, in words that say what becomes of the call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.project import Account, Group, Number, Project, ProjectSnapshot
from switchhook.domain.scheme import HangUpStep, Scheme
from switchhook.domain.screening import Screening
from switchhook.domain.webhook import (
    Dialect,
    DialPlanWebhook,
    Encoding,
    ForwardingNumber,
    RingOrder,
)
from switchhook.tryout.explaining import (
    Explanation,
    UnreadableResponseError,
    explain_answer,
    read_response,
)
from switchhook.tryout.lookup import NoSuchWebhookError
from switchhook.webhooks.answer import DialPlanReading, ForwardingNumberReading
from tests.webhooks.samples import answer

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpResponse

CRM = ForwardingNumber(name="crm", url="http://crm.example/", ring_timeout=90)
PIN = DialPlanWebhook(name="pin", url_template="http://crm.example/{code}", use_ivr=True)
SHOP = Project(
    id="shop",
    name="Shop",
    accounts=(Account(login="mary", password="x"), Account(login="olga", password="x")),
    numbers=(Number(number="380800111222", scheme=26076),),
    groups=(Group(name="200", accounts=("mary", "olga")),),
    schemes=(Scheme(id=26076, name="Office", steps=(HangUpStep(),)),),
    forwarding_numbers=(
        CRM,
        replace(CRM, name="turns", ring_order=RingOrder.ONE_AFTER_ANOTHER),
        replace(CRM, name="rpc", submission=Encoding.JSON_RPC, import_=Encoding.JSON_RPC),
    ),
    dial_plan_webhooks=(PIN, replace(PIN, name="look-up", use_ivr=False)),
)


MENU = (
    "hears the error message and may enter another code; after attempt 3 it takes the failed branch:"
    " NAK (HTTP 200)"
)


def explain(webhook: str, body: str, status: int = 200) -> Explanation:
    return explain_answer(ProjectSnapshot(SHOP), webhook, answer(body, status))


@pytest.mark.parametrize(
    ("webhook", "body", "expected"),
    [
        ("crm", '{"dst_phone":380443334455}', "rings 380443334455, for 90 s"),
        ("crm", '{"dst_phone":"mary, 101200"}', "rings mary, 101200 at once, for 90 s"),
        ("turns", '{"dst_phone":"mary,101200"}', "rings mary, 101200 one after another, for 90 s"),
        ("crm", '{"dst_phone":200}', "rings group 200 (mary, olga), for 90 s"),
        (
            "crm",
            '{"dst_phone":"+380 800 111-222"}',
            "goes on with scheme 26076, Office, which answers 380800111222",
        ),
        ("crm", '{"dst_phone":"mary,380800111222"}', "rings mary, for 90 s"),
        ("crm", '{"schema":26076}', "goes on with scheme 26076, Office"),
        ("rpc", '{"jsonrpc":"2.0","result":"mary","id":"any"}', "rings mary, for 90 s"),
        ("look-up", "status=ACK", "takes the success branch"),
        ("look-up", "status=NAK", "takes the failed branch: NAK (HTTP 200)"),
        (
            "pin",
            "status=NAK",
            MENU,
        ),
    ],
)
def test_an_answer_that_is_followed(webhook: str, body: str, expected: str) -> None:
    explained = explain(webhook, body)
    assert explained.decision == expected
    assert explained.is_followed


@pytest.mark.parametrize(
    ("webhook", "body", "status", "expected"),
    [
        (
            "crm",
            "{}",
            200,
            "goes to the next step, for the answer failed: bad_body: the answer has",
        ),
        ("crm", '{"schema":5}', 200, "bad_body: this project has no scheme 5"),
        ("crm", '{"dst_phone":"mary"}', 500, "status: the endpoint answered 500"),
        ("pin", "status=ERR", 200, "takes the failed branch at once: bad_body"),
        ("pin", "<html>", 200, "takes the failed branch at once: bad_body"),
    ],
)
def test_an_answer_that_is_not(webhook: str, body: str, status: int, expected: str) -> None:
    explained = explain(webhook, body, status)
    assert expected in explained.decision
    assert not explained.is_followed


def test_what_was_read_and_what_was_dropped_comes_along() -> None:
    explained = explain("crm", "{dst_phone: 'mary, nobody'}")
    assert isinstance(explained.reading, ForwardingNumberReading)
    assert explained.dialect is Dialect.FORWARDING_NUMBER
    assert explained.reading.read_as == "relaxed JSON"
    assert any("'nobody'" in notice for notice in explained.reading.notices)

    explained = explain("pin", "status=ACK&destination=mary&callername=Jan&value=1")
    assert isinstance(explained.reading, DialPlanReading)
    assert explained.dialect is Dialect.DIAL_PLAN
    assert str(explained.reading.destination) == "mary"
    assert explained.reading.caller_name == "Jan"
    assert explained.reading.variables == (("value", "1"),)


def test_no_webhook_no_answer() -> None:
    with pytest.raises(NoSuchWebhookError):
        explain("nobody", "{}")


def test_a_fallback_url_is_asked_before_the_next_step() -> None:
    crm = replace(CRM, fallback_url="http://other.example/")
    snapshot = ProjectSnapshot(replace(SHOP, forwarding_numbers=(crm,)))
    explained = explain_answer(snapshot, "crm", answer(b"{}"))
    assert explained.decision.startswith("asks the fallback URL, for the answer failed: bad_body")


def test_a_fallback_url_is_asked_before_the_failed_branch_unless_the_endpoint_had_its_word() -> (
    None
):
    pin = replace(PIN, fallback_url="http://other.example/{code}")
    snapshot = ProjectSnapshot(replace(SHOP, dial_plan_webhooks=(pin,)))

    def decided(body: bytes, status: int = 200) -> str:
        return explain_answer(snapshot, "pin", answer(body, status)).decision

    assert decided(b"<html>").startswith("asks the fallback URL, for the answer failed: bad_body")
    assert decided(b"", 503).startswith("asks the fallback URL, for the answer failed: status")
    assert decided(b"status=ERR").startswith("takes the failed branch at once: bad_body")
    assert decided(b"status=NAK") == explain("pin", "status=NAK").decision


@pytest.mark.row("S-78", "A-58")
def test_what_the_project_does_not_call_is_left_out_as_in_a_call() -> None:
    snapshot = ProjectSnapshot(replace(SHOP, screening=Screening(denied_prefixes=("1900",))))
    explained = explain_answer(snapshot, "crm", answer(b'{"dst_phone":"1900123,mary"}'))
    assert explained.decision == "rings mary, for 90 s"
    assert explained.reading.notices == ("this project does not call 1900123",)

    explained = explain_answer(snapshot, "crm", answer(b'{"dst_phone":1900123}'))
    assert explained.decision == (
        "goes to the next step, for this project calls nothing that the answer names"
    )
    assert not explained.is_followed

    explained = explain_answer(snapshot, "pin", answer(b"status=ACK&destination=1900123"))
    assert isinstance(explained.reading, DialPlanReading)
    assert explained.reading.destination is None
    assert explained.reading.notices == ("this project does not call 1900123",)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"dst_phone":101}', answer('{"dst_phone":101}')),
        (
            b"HTTP/1.1 401 Unauthorized\r\nDate: x\r\n\r\nstatus=NAK\n",
            answer("status=NAK\n", 401)._replace(headers=(("date", "x"),)),
        ),
        (b"HTTP/2 200\nServer:x \n\nok", answer("ok")._replace(headers=(("server", "x"),))),
        (b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok", answer("ok")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", answer("", 204)),
        (b"HTTP/1.1 200 OK", answer("HTTP/1.1 200 OK")),
    ],
)
def test_a_whole_response_is_parted(data: bytes, expected: HttpResponse) -> None:
    assert read_response(data) == expected


@pytest.mark.row("FB-07")
def test_a_head_is_read_as_that_of_an_endpoint_is() -> None:
    response = read_response(
        b'HTTP/1.1 200 OK\r\ngarbage\r\nX-A: 1\r\n 2\r\n\r\n{"dst_phone":"mary"}'
    )
    assert response.headers == (("x-a", "1 2"),)
    (notice,) = explain_answer(ProjectSnapshot(SHOP), "crm", response).reading.notices
    assert notice == "left out of the answer's head what is no header line: 'garbage'"

    with pytest.raises(UnreadableResponseError, match="bad_response"):
        read_response(b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi")


def test_a_charset_in_the_head_counts() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\n"
    response = read_response(head + "status=ACK&callername=Іван".encode("cp1251"))
    reading = explain_answer(ProjectSnapshot(SHOP), "pin", response).reading
    assert isinstance(reading, DialPlanReading)
    assert reading.caller_name == "Іван"


def test_a_number_of_the_project_that_was_left_out_is_named() -> None:
    (notice,) = explain("crm", '{"dst_phone":"mary,380800111222"}').reading.notices
    assert notice.startswith("leaves out 380800111222: it is a number of this project")


@pytest.mark.parametrize("webhook", ["crm", "look-up"])
def test_of_a_redirect_it_is_said_that_calls_follow_it(webhook: str) -> None:
    notices = explain(webhook, "", 302).reading.notices
    assert notices[-1].startswith("a call follows redirects, 3 at most: ")
    assert "follows redirects" not in str(explain(webhook, "", 404).reading.notices)
