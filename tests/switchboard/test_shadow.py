"""A shadow endpoint hears what the first is asked, is never obeyed, and whatever it does, the call notices nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Dialect
from switchhook.metrics import Metrics
from switchhook.routing.commands import AskWebhook
from switchhook.routing.events import DirectionGiven, VerdictGiven
from switchhook.storage.records import StoreError
from switchhook.storage.shadows import ShadowAsk
from switchhook.switchboard import shadow as module
from switchhook.switchboard.shadow import ShadowAsks
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from tests.support.loop import run
from tests.support.snapshots import ASK, PIN, incoming, snapshot

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.switchboard.webhook_asker import AskOutcome

SHADOW = "http://next.example/route"
REFUSED = Failure(kind=FailureKind.REFUSED, detail="next.example refused")


@dataclass
class Endpoints:
    """Answers by host; the shadow as it is told, the first at once."""

    first: bytes = b'{"dst_phone":"mary"}'
    shadow: bytes | Failure | Exception | None = b'{"dst_phone":"mary"}'
    """None: never."""
    asked: list[str] = field(default_factory=list)

    async def ask(self, call: Call, request: HttpRequest, **_: Any) -> Exchange:
        assert call.asks.started == 0
        self.asked.append(request.url)
        if "next.example" not in request.url:
            await asyncio.sleep(0)
            return answered(request, self.first)
        if self.shadow is None:
            await asyncio.Event().wait()
        if isinstance(self.shadow, Exception):
            raise self.shadow
        if isinstance(self.shadow, Failure):
            return Exchange(request=request, response=None, failure=self.shadow)
        assert self.shadow is not None
        return answered(request, self.shadow)


def answered(request: HttpRequest, body: bytes) -> Exchange:
    response = HttpResponse(status=200, reason="OK", headers=(), body=body)
    return Exchange(request=request, response=response, failure=None)


@dataclass
class Kept:
    """Keeps what came of shadows."""

    metrics: Metrics = field(default_factory=Metrics)
    made: list[ShadowAsk] = field(default_factory=list)
    error: StoreError | None = None

    async def add(self, made: ShadowAsk) -> None:
        if self.error is not None:
            raise self.error
        self.made.append(made)


def crm(**changes: Any) -> ProjectSnapshot:
    project = snapshot(ASK).project
    webhook = replace(project.forwarding_numbers[0], **({"shadow_url": SHADOW} | changes))
    return ProjectSnapshot(replace(project, forwarding_numbers=(webhook,)))


def ask(
    endpoints: Endpoints, kept: Kept | None = None, within: ProjectSnapshot | None = None
) -> tuple[AskOutcome, Kept]:
    """Put a call to the CRM, and let its shadow say what it has to."""
    kept = kept or Kept()
    command = AskWebhook(ask="c-1", webhook="crm", dialect=Dialect.FORWARDING_NUMBER)

    async def scenario() -> AskOutcome:
        shadows = ShadowAsks(endpoints, kept.add, metrics=kept.metrics)
        asker = WebhookAsker(endpoints, "UA", shadows=shadows)
        outcome = await asker.ask(incoming(within=within or crm()), command, now=7.0)
        for _ in range(20):
            await asyncio.sleep(0)
        return outcome

    return run(scenario()), kept


def test_both_are_asked_the_first_is_followed_and_both_answers_are_kept() -> None:
    endpoints = Endpoints(shadow=b'{"dst_phone":"john"}')

    outcome, kept = ask(endpoints)

    assert isinstance(outcome, DirectionGiven)
    assert outcome.targets == (Target(kind=TargetKind.ACCOUNT, value="mary"),)
    assert sorted(endpoints.asked) == ["http://crm.example/route", SHADOW]
    (made,) = kept.made
    assert (made.project, made.call, made.ask, made.webhook, made.at) == (
        "shop",
        "c",
        "c-1",
        "crm",
        7.0,
    )
    assert (made.first, made.shadow, made.is_same) == ("mary", "john", False)
    assert kept.metrics.shadow_asks == {"different": 1}


@pytest.mark.parametrize(
    ("shadow", "said", "result"),
    [
        (b'{"dst_phone":"mary"}', "mary", "same"),
        (b'{"schema":1}', "scheme 1", "different"),
        (REFUSED, "failed: refused", "failed"),
        (b"<html>", "failed: bad_body", "failed"),
    ],
)
def test_what_the_shadow_says_is_compared(shadow: bytes | Failure, said: str, result: str) -> None:
    _, kept = ask(Endpoints(shadow=shadow))

    assert [one.shadow for one in kept.made] == [said]
    assert kept.metrics.shadow_asks == {result: 1}


def test_a_shadow_that_never_answers_or_crashes_is_not_noticed() -> None:
    assert isinstance(ask(Endpoints(shadow=None))[0], DirectionGiven)
    with capture_logs() as logs:
        outcome, kept = ask(Endpoints(shadow=RuntimeError("oh")))
    assert isinstance(outcome, DirectionGiven)
    assert (kept.made, kept.metrics.shadow_asks) == ([], {"failed": 1})
    assert [one["event"] for one in logs] == ["shadow ask failed"]


def test_a_store_that_fails_is_not_noticed() -> None:
    with capture_logs() as logs:
        outcome, _ = ask(Endpoints(), Kept(error=StoreError("disk full")))
    assert isinstance(outcome, DirectionGiven)
    assert [one["event"] for one in logs] == ["shadow ask not stored"]


def test_where_too_many_are_under_way_none_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 0)
    endpoints = Endpoints()
    _, kept = ask(endpoints)
    assert endpoints.asked == ["http://crm.example/route"]
    assert kept.metrics.shadow_asks == {"left_out": 1}


def test_the_dead_shadow_of_one_project_leaves_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_OF_PROJECT", 2)
    endpoints, kept = Endpoints(shadow=None), Kept()
    command = AskWebhook(ask="c-1", webhook="crm", dialect=Dialect.FORWARDING_NUMBER)
    other = ProjectSnapshot(replace(crm().project, id="bank"))

    async def scenario() -> int:
        shadows = ShadowAsks(endpoints, kept.add, metrics=kept.metrics)
        asker = WebhookAsker(endpoints, "UA", shadows=shadows)
        for within in (crm(), crm(), crm(), other):
            await asker.ask(replace(incoming(within=crm()), snapshot=within), command, now=7.0)
        return shadows.under_way

    assert run(scenario()) == 3
    assert kept.metrics.shadow_asks == {"left_out": 1}


def test_answers_that_differ_behind_what_is_kept_are_not_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LONGEST", 60)
    many = ", ".join(f"3805011100{n:02d}" for n in range(10))
    first, shadow = (f'{{"dst_phone":"{many}, {last}"}}'.encode() for last in ("mary", "john"))

    _, kept = ask(Endpoints(first=first, shadow=shadow))

    (made,) = kept.made
    assert (made.is_same, kept.metrics.shadow_asks) == (False, {"different": 1})
    assert made.shadow.endswith("and something else further on")
    assert len(made.first) == len(made.shadow) == module.LONGEST


def test_secrets_that_a_shadow_repeats_are_not_kept() -> None:
    credentials = replace(NO_CREDENTIALS, token="tops3cret-token")
    within = crm(credentials=credentials, caller_name_in_response="name")
    answer = b'{"dst_phone":"mary","name":"Bearer tops3cret-token"}'

    _, kept = ask(Endpoints(first=answer, shadow=answer), within=within)

    (made,) = kept.made
    assert "tops3cret" not in repr(made)
    assert made.is_same


def test_a_webhook_without_a_shadow_asks_one() -> None:
    endpoints = Endpoints()
    _, kept = ask(endpoints, within=crm(shadow_url=""))
    assert endpoints.asked == ["http://crm.example/route"]
    assert kept.metrics.shadow_asks == {}


def test_a_caller_who_leaves_ends_the_shadow_too() -> None:
    endpoints = Endpoints(shadow=None)
    command = AskWebhook(ask="c-1", webhook="crm", dialect=Dialect.FORWARDING_NUMBER)

    async def scenario() -> int:
        class Slow(Endpoints):
            async def ask(self, call: Call, request: HttpRequest, **_: Any) -> Exchange:
                del call, request
                await asyncio.Event().wait()
                raise AssertionError

        slow = Slow()
        shadows = ShadowAsks(slow, Kept().add)
        asker = WebhookAsker(slow, "UA", shadows=shadows)
        asking = asyncio.create_task(asker.ask(incoming(within=crm()), command, now=7.0))  # noqa: TID251
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return shadows.under_way

    assert endpoints.asked == []
    assert run(scenario()) == 0


def test_codes_are_hidden_in_what_a_dial_plan_webhook_says() -> None:
    pin = replace(
        PIN, url_template="http://pin.example/?c={code}", shadow_url=f"{SHADOW}?c={{code}}"
    )
    within = snapshot(pin=pin)
    endpoints = Endpoints(
        first=b"status=ACK&destination=mary&callername=for 4711",
        shadow=b"status=NAK",
    )
    kept = Kept()
    command = AskWebhook(ask="c-1", webhook="pin", dialect=Dialect.DIAL_PLAN, code="4711")

    async def scenario() -> AskOutcome:
        call = incoming(within=within)
        call = replace(call, asks=call.asks.changed(codes=("4711",)))
        shadows = ShadowAsks(endpoints, kept.add, metrics=kept.metrics)
        outcome = await WebhookAsker(endpoints, "UA", shadows=shadows).ask(call, command, now=7.0)
        for _ in range(20):
            await asyncio.sleep(0)
        return outcome

    assert isinstance(run(scenario()), VerdictGiven)
    (made,) = kept.made
    assert (made.first, made.shadow) == ("ACK, destination mary, name for ****", "NAK")
