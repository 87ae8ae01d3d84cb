"""Each dialect's webhook is asked in its own tongue, and no code that a caller entered is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Dialect
from switchhook.routing.commands import AskWebhook
from switchhook.routing.events import AskFailed, VerdictGiven
from switchhook.switchboard.asking import Asking
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from tests.support.loop import run
from tests.support.plans import PIN, incoming, plan

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.switchboard.asking import Heard

URL = "http://pin.example/check/{code}?code={code}"
FAILURE = Failure(kind=FailureKind.REFUSED, detail="pin.example refused /check/4711")


@dataclass
class Endpoint:
    """Answers every request alike, and keeps them."""

    answer: HttpResponse | Failure
    requests: list[HttpRequest] = field(default_factory=list)

    async def ask(
        self, call: Call, request: HttpRequest, *, deadline: float, **_: float | None
    ) -> Exchange:
        assert call.id == "c"
        assert deadline == PIN.response_timeout
        self.requests.append(request)
        if isinstance(self.answer, Failure):
            return Exchange(request=request, response=None, failure=self.answer)
        return Exchange(request=request, response=self.answer, failure=None)


def ask(endpoint: Endpoint, code: str = "4711", *, mask: bool = True) -> Heard:
    """Put a call to the webhook that checks codes."""
    webhook = replace(PIN, url_template=URL, mask_code=mask)
    call = incoming(within=plan(pin=webhook))
    command = AskWebhook(ask="c-1", webhook="pin", dialect=Dialect.DIAL_PLAN, code=code)
    return run(Asking(endpoint, "Switchhook").ask(call, command, now=0))


def says(body: str, status: int = 200) -> Endpoint:
    """Return an endpoint that answers so."""
    return Endpoint(HttpResponse(status=status, reason="", headers=(), body=body.encode()))


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
    heard = ask(Endpoint(FAILURE), mask=False)
    assert isinstance(heard, AskFailed)
    assert heard.failure == FAILURE


@pytest.mark.row("S-25")
def test_a_masked_code_is_in_nothing_that_is_written_down() -> None:
    answers = (says("status=ACK&echo=4711"), says("status=4711"), Endpoint(FAILURE))
    for endpoint in answers:
        heard = ask(endpoint)
        assert "4711" not in str((heard.exchange, heard.notices))
        assert not isinstance(heard, AskFailed) or "4711" not in str(heard.failure)
        clear = ask(endpoint, mask=False)
        assert "4711" in str((clear.exchange, clear.notices))
