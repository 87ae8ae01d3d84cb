"""Each dialect's webhook is asked in its own tongue, and no code that a caller entered is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.value_form import SentType, ValueForm
from switchhook.domain.webhook import Dialect, Field, ForwardingNumber
from switchhook.routing.commands import AskWebhook
from switchhook.routing.events import AskFailed, VerdictGiven
from switchhook.switchboard.webhook_asker import ANSWER_SHOWN, KEPT, WebhookAsker
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from tests.support.loop import run
from tests.support.snapshots import PIN, incoming, snapshot

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.switchboard.webhook_asker import AskOutcome

URL = "http://pin.example/check/{code}?code={code}"
FAILURE = Failure(kind=FailureKind.REFUSED, detail="pin.example refused /check/4711")


@dataclass
class Endpoint:
    """Answers every request alike, and keeps them."""

    answer: HttpResponse | Failure
    later: HttpResponse | Failure | None = None
    """What every request but the first is answered with; None: the same."""
    has_lost_body: bool = False
    requests: list[HttpRequest] = field(default_factory=list)

    async def ask(
        self, call: Call, request: HttpRequest, *, deadline: float, **_: float | None
    ) -> Exchange:
        assert call.id == "c"
        assert deadline <= PIN.response_timeout
        answer = self.answer if not self.requests or self.later is None else self.later
        self.requests.append(request)
        if isinstance(answer, Failure):
            return Exchange(request=request, response=None, failure=answer)
        return Exchange(
            request=request, response=answer, failure=None, has_lost_body=self.has_lost_body
        )


def ask(endpoint: Endpoint, code: str = "4711", **changes: Any) -> AskOutcome:
    """Put a call to the webhook that checks codes."""
    webhook = replace(PIN, **({"url_template": URL} | changes))
    call = incoming(within=snapshot(pin=webhook))
    call = replace(call, asks=call.asks.changed(codes=(code,) if webhook.mask_code else ()))
    command = AskWebhook(ask="c-1", webhook="pin", dialect=Dialect.DIAL_PLAN, code=code)
    return run(WebhookAsker(endpoint, "Switchhook").ask(call, command, now=0))


def says(body: str, status: int = 200) -> Endpoint:
    """Return an endpoint that answers so."""
    return Endpoint(HttpResponse(status=status, reason="", headers=(), body=body.encode()))


def test_an_ask_that_failed_is_one_line_of_the_log_without_the_code() -> None:
    with capture_logs() as logs:
        ask(says("status=ACK"))
        assert logs == []
        heard = ask(Endpoint(FAILURE))
    assert isinstance(heard, AskFailed)
    (line,) = logs
    assert (line["event"], line["log_level"]) == ("ask failed", "info")
    assert (line["call"], line["webhook"]) == ("c", "pin")
    assert line["failure"].startswith("refused: ")
    assert "4711" not in line["failure"]


@pytest.mark.row("R5-11", "R5-34", "R5-42", "S-24")
def test_an_acknowledgement_brings_all_that_the_answer_held() -> None:
    endpoint = says("status=ACK&destination=mary&callername=Sales&value=Jan")
    heard = ask(endpoint, code="0042")
    (request,) = endpoint.requests
    assert (request.method, request.url) == ("GET", "http://pin.example/check/0042?code=0042")
    assert isinstance(heard, VerdictGiven)
    assert (heard.ask, heard.accepted, heard.text) == ("c-1", True, "ACK")
    assert heard.destination == Target(kind=TargetKind.ACCOUNT, value="mary")
    assert heard.caller_name == "Sales"
    assert heard.variables == (("value", "Jan"),)


@pytest.mark.row("R5-35", "R5-56", "S-26", "A-50")
def test_a_refusal_says_under_which_status_it_came() -> None:
    heard = ask(says("status=NAK", 401))
    assert isinstance(heard, VerdictGiven)
    assert (heard.accepted, heard.text) == (False, "NAK (HTTP 401)")


@pytest.mark.row("R5-27", "R5-36")
@pytest.mark.parametrize("body", ["status=ERR", "", "<html>", "status=OK"])
def test_anything_else_is_a_failure(body: str) -> None:
    assert isinstance(ask(says(body)), AskFailed)


def test_no_answer_is_a_failure() -> None:
    heard = ask(Endpoint(FAILURE), mask_code=False)
    assert isinstance(heard, AskFailed)
    assert heard.failure == FAILURE


@pytest.mark.row("R5-34", "A-54")
def test_the_fallback_urls_acknowledgement_opens_the_success_branch() -> None:
    endpoint = says("status=ACK&destination=mary")
    endpoint = Endpoint(FAILURE, later=endpoint.answer)
    heard = ask(endpoint, fallback_url="http://backup.example/{code}?x=1")

    assert isinstance(heard, VerdictGiven)
    assert (heard.accepted, str(heard.destination)) == (True, "mary")
    assert endpoint.requests[1].url == (
        "http://backup.example/4711?x=1&error_code=refused"
        "&error_url=http%3A%2F%2Fpin.example%2Fcheck%2F%2A%2A%2A%2A"
    )
    (notice,) = heard.notices
    assert notice.startswith("GET http://pin.example/check/****?**** after ")
    assert notice.endswith(": refused: pin.example refused /check/****")
    facts = dict(heard.exchange)
    assert facts["request"] == "GET http://backup.example/****?****"
    assert facts["try_1"].startswith("GET http://pin.example/check/****?****; refused; ")
    assert facts["try_2"].startswith("GET http://backup.example/****?****; ok; ")
    assert facts["read_as"] == "urlencoded pair"


def test_an_endpoint_that_is_left_alone_costs_no_time_and_is_said_to_be() -> None:
    endpoint = Endpoint(FAILURE)
    asking = WebhookAsker(endpoint, "Switchhook")
    call = incoming(within=snapshot(pin=replace(PIN, breaker_failures=1)))
    command = AskWebhook(ask="c-1", webhook="pin", dialect=Dialect.DIAL_PLAN, code="4711")
    run(asking.ask(call, command, now=0))
    heard = run(asking.ask(call, command, now=0))

    assert len(endpoint.requests) == 1
    assert isinstance(heard, AskFailed)
    assert heard.failure.kind is FailureKind.BREAKER_OPEN
    assert heard.exchange == (("try_1", "http://pin.example/check; skipped; 0.0 ms"),)


def test_a_fallback_that_is_left_alone_is_said_to_be_beside_what_failed() -> None:
    asking = WebhookAsker(Endpoint(FAILURE), "Switchhook")
    backup = replace(PIN, url_template="http://backup.example/", breaker_failures=1)
    both = replace(PIN, breaker_failures=1, fallback_url=backup.url_template)
    command = AskWebhook(ask="c-1", webhook="pin", dialect=Dialect.DIAL_PLAN, code="4711")
    run(asking.ask(incoming(within=snapshot(pin=backup)), command, now=0))
    heard = run(asking.ask(incoming(within=snapshot(pin=both)), command, now=0))

    assert isinstance(heard, AskFailed)
    assert heard.failure.kind is FailureKind.REFUSED
    (notice,) = heard.notices
    assert notice.startswith(
        "not asked: breaker_open: http://backup.example/ failed too often lately"
    )


@pytest.mark.row("S-25")
def test_a_masked_code_is_in_nothing_that_is_written_down() -> None:
    named = says("status=ACK&callername=4711&value=4711")
    answers = (says("status=ACK&echo=4711"), says("status=4711"), named, Endpoint(FAILURE))
    for endpoint in answers:
        heard = ask(endpoint)
        assert "4711" not in repr(heard)
        clear = ask(endpoint, mask_code=False)
        assert "4711" in str((clear.exchange, clear.notices))


@pytest.mark.row("S-25")
def test_what_is_hidden_of_a_body_does_not_count_it_anew() -> None:
    body = "status=ACK&callername=47114711"
    facts = dict(ask(says(body), code="47114711").exchange)
    assert facts["body"] == "status=ACK&callername=****"
    assert facts["bytes"] == str(len(body))


@pytest.mark.row("S-25")
def test_an_answer_that_is_cut_is_not_cut_within_a_code() -> None:
    for before in range(150, 210):
        heard = ask(says(f"status=ACK&note={'x' * before}904172635518"), code="904172635518")
        body = dict(heard.exchange)["body"]
        assert len(body) <= ANSWER_SHOWN
        assert "9" not in body


@pytest.mark.row("R5-41")
def test_a_code_of_one_key_leaves_the_journal_readable() -> None:
    heard = ask(says("status=ACK&callername=Choice 2"), code="2")
    assert isinstance(heard, VerdictGiven)
    assert heard.caller_name == "Choice 2"
    exchange = dict(heard.exchange)
    assert (exchange["status"], exchange["body"]) == ("200", "status=ACK&callername=Choice ****")


@pytest.mark.row("S-12")
def test_the_journal_keeps_how_many_bytes_came_and_how_they_begin() -> None:
    body = "status=ERR&why=" + "é" * 1000
    heard = ask(says(body))
    assert isinstance(heard, AskFailed)
    facts = dict(heard.exchange)
    assert (facts["status"], facts["bytes"]) == ("200", str(len(body.encode())))
    assert facts["body"] == body[:200]


@pytest.mark.row("FB-07", "S-25")
def test_what_was_left_out_of_an_answer_s_head_is_noticed_without_codes() -> None:
    left_out = ("'X A: 4711'", "'garbage'")
    answer = HttpResponse(status=200, reason="", headers=(), body=b"status=ACK", left_out=left_out)
    heard = ask(Endpoint(answer))
    assert isinstance(heard, VerdictGiven)
    assert heard.notices == (
        "left out of the answer's head what is no header line: 'X A: ****', 'garbage'",
    )


def test_a_body_that_a_redirect_left_behind_is_noticed() -> None:
    answer = HttpResponse(status=200, reason="", headers=(), body=b"status=ACK")
    heard = ask(Endpoint(answer, has_lost_body=True))
    assert isinstance(heard, VerdictGiven)
    (notice,) = heard.notices
    assert "by GET, without the body" in notice
    assert "answer 307 or 308" in notice


def test_what_a_type_cannot_hold_is_noticed() -> None:
    form = ValueForm(type=SentType.NUMBER, unknown=0)
    fields = (Field(name="count", parameter="constant", argument="many", form=form),)
    number = ForwardingNumber(name="router", url="http://crm.example/route", fields=fields)
    project = replace(snapshot().project, forwarding_numbers=(number,))
    call = incoming(within=ProjectSnapshot(project))
    answer = HttpResponse(status=200, reason="", headers=(), body=b'{"dst_phone":"101"}')

    @dataclass
    class Router(Endpoint):
        async def ask(
            self, call: Call, request: HttpRequest, *, deadline: float, **_: float | None
        ) -> Exchange:
            del call, deadline
            return Exchange(request=request, response=answer, failure=None)

    command = AskWebhook(ask="c-1", webhook="router", dialect=Dialect.FORWARDING_NUMBER)
    heard = run(WebhookAsker(Router(answer), "Switchhook").ask(call, command, now=0))
    assert not isinstance(heard, Failure)
    assert heard.notices == ("count: constant is 'many', no number; sent 0",)


def test_what_went_over_the_wire_is_kept_within_bounds_and_without_the_code() -> None:
    heard = ask(says("status=NAK&said=4711&" + "x" * 5_000))
    assert isinstance(heard, VerdictGiven)
    facts = dict(heard.exchange)
    assert "Host: pin.example" in facts["request_headers"].split("\n")
    assert "request_body" not in facts
    assert len(facts["body"]) == ANSWER_SHOWN
    assert len(facts["response_body"]) == KEPT
    assert "4711" not in "".join(facts.values())
