"""An ask goes on until an answer can be followed: again, to the fallback URL, within one limit for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.retry_policy import RetryOn
from switchhook.domain.webhook import Method
from switchhook.switchboard.ask_dialects import DialPlanDialect, ForwardingNumberDialect
from switchhook.switchboard.ask_runner import AskResult, AskRunner
from switchhook.switchboard.webhook_asker import direction_event, verdict_event
from switchhook.tasks import spawn
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from switchhook.webhooks.reading import (
    Ack,
    DialPlanReading,
    ForwardingNumberReading,
    Nak,
    RingTargets,
)
from tests.support.loop import run
from tests.webhooks.samples import UA, make_dial_plan, make_facts, make_number

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.webhook import ForwardingNumber

URL, BACKUP = "http://target/route.php?key=s3cret", "http://backup/route"
GOOD = 200, b'{"dst_phone":"380441111111"}'
ACK, NAK, ERR = (200, b"status=ACK"), (401, b"status=NAK"), (200, b"status=ERR")
DOWN, SLOW = FailureKind.REFUSED, FailureKind.HEADERS_TIMEOUT
Outcome = FailureKind | tuple[int, bytes]
PAUSE = 429, b"7"
"""Retry-After is the body, too."""


@dataclass
class Web:
    """Endpoints that do what each of their turns says; the last again and again. Time is its own."""

    turns: dict[str, list[Outcome]]
    now: float = 0.0
    asked: list[tuple[HttpRequest, dict[str, float | None]]] = field(default_factory=list)
    runner: AskRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = AskRunner(self, clock=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def ask(
        self, call: Call, request: HttpRequest, *, deadline: float, **limits: float | None
    ) -> Exchange:
        assert call.id
        self.asked.append((request, {"deadline": round(deadline, 3), **limits}))
        turns = self.turns[request.url.split("/")[2]]
        outcome = turns.pop(0) if len(turns) > 1 else turns[0]
        if outcome is SLOW:
            self.now += deadline
        if isinstance(outcome, FailureKind):
            return Exchange(
                request=request, response=None, failure=Failure(kind=outcome, detail="it failed")
            )
        status, body = outcome
        headers = (("retry-after", body.decode()),) if status == 429 else ()
        response = HttpResponse(status=status, reason="", headers=headers, body=body)
        return Exchange(request=request, response=response, failure=None)

    @property
    def urls(self) -> list[str]:
        return [request.url for request, _ in self.asked]

    def run_ask(
        self, webhook: ForwardingNumber | None = None, **changes: Any
    ) -> AskResult[ForwardingNumberReading]:
        return run(self.runner.run(dialect(webhook or make_number(url=URL, **changes))))

    def branch(self, code: str = "", **changes: Any) -> AskResult[DialPlanReading]:
        """Ask the same endpoints in the dial-plan dialect."""
        webhook = make_dial_plan(**({"url_template": URL} | changes))
        return run(
            self.runner.run(
                DialPlanDialect(webhook=webhook, facts=make_facts(), code=code, product=UA)
            )
        )


def dialect(webhook: ForwardingNumber) -> ForwardingNumberDialect:
    return ForwardingNumberDialect(webhook=webhook, facts=make_facts(), ask_id="ask-1", product=UA)


def web(target: list[Outcome], backup: list[Outcome] | None = None) -> Web:
    return Web({"target": target, "backup": backup or [GOOD]})


def is_followed(result: AskResult[ForwardingNumberReading]) -> bool:
    return isinstance(result.reading.decision, RingTargets)


def test_an_answer_ends_it_with_all_the_time_there_was() -> None:
    there = web([GOOD])

    assert is_followed(there.run_ask(fallback_url=BACKUP, response_timeout=2.0))
    assert [limits["deadline"] for _, limits in there.asked] == [1.0]
    assert is_followed(there.run_ask(response_timeout=2.0))
    assert there.asked[-1][1]["deadline"] == 2.0


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (DOWN, "refused"),
        ((503, b""), "503"),
        ((404, b""), "404"),
        ((200, b"<html>"), "bad_body"),
        ((200, b'{"dst_phone":""}'), "bad_body"),
    ],
)
def test_the_fallback_url_is_asked_and_told_why(outcome: Outcome, code: str) -> None:
    there = web([outcome])
    result = there.run_ask(fallback_url=f"{BACKUP}?own=1")

    assert is_followed(result)
    expected = f"{BACKUP}?own=1&error_code={code}&error_url=http%3A%2F%2Ftarget%2Froute.php"
    assert there.urls == [URL, expected]


def test_a_form_stays_a_form_and_the_error_goes_into_the_query() -> None:
    there = web([DOWN])
    there.run_ask(
        make_number(
            url="http://target/r",
            method=Method.POST,
            fallback_url=BACKUP,
            token="t0ken",
        )
    )
    second, _ = there.asked[1]

    assert second.url.startswith(f"{BACKUP}?error_code=refused&")
    assert dict(second.headers)["Host"] == "backup"


def test_it_is_tried_again_only_after_what_was_named() -> None:
    there = web([DOWN, (503, b""), GOOD])
    result = there.run_ask(retries=2, retry_on=(RetryOn.CONNECT,))

    assert not is_followed(result)
    assert len(there.asked) == 2
    assert is_followed(web([DOWN, (503, b""), GOOD]).run_ask(retries=2, retry_on=(RetryOn.ALL,)))


def test_everything_stays_within_the_one_limit() -> None:
    there = web([SLOW], [SLOW])
    result = there.run_ask(
        retries=5, retry_on=(RetryOn.ALL,), fallback_url=BACKUP, response_timeout=5.0
    )

    assert not is_followed(result)
    assert there.now <= 5.0 + 0.001
    target, backup = ([url for url in there.urls if host in url] for host in ("target", "backup"))
    assert len(target) > 1
    assert len(backup) > 1


def test_each_try_of_one_url_has_its_share_of_what_is_left() -> None:
    there = web([SLOW])
    there.run_ask(retries=2, retry_on=(RetryOn.RESPONSE,), response_timeout=6.0)

    assert [limits["deadline"] for _, limits in there.asked] == [2.0, 1.95, 1.75]


def test_a_hanging_endpoint_leaves_half_for_the_fallback() -> None:
    there = web([SLOW])

    assert is_followed(there.run_ask(fallback_url=BACKUP, response_timeout=4.0))
    assert [limits["deadline"] for _, limits in there.asked] == [2.0, 2.0]


def test_limits_of_a_try_are_handed_on_and_the_fragment_is_never_sent() -> None:
    there = web([GOOD])
    there.run_ask(make_number(url=f"{URL}#ct=300&rt=400&tt=900"))
    ((request, limits),) = there.asked

    assert request.url == URL
    assert limits == {"deadline": 0.9, "connect": 0.3, "response": 0.4}


def test_a_broken_endpoint_is_left_alone_and_probed() -> None:
    there = web([DOWN, DOWN, DOWN, GOOD])
    for _ in range(2):
        assert is_followed(
            there.run_ask(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0)
        )
    there.asked.clear()
    skipped = there.run_ask(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0)

    assert is_followed(skipped)
    assert there.urls == [
        f"{BACKUP}?error_code=breaker_open&error_url=http%3A%2F%2Ftarget%2Froute.php"
    ]
    assert [one.skipped for one in skipped.tries] == [True, False]
    there.now += 10.0
    there.run_ask(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0)
    there.now += 10.0
    there.asked.clear()
    assert is_followed(there.run_ask(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0))
    assert there.urls == [URL], "the probe was answered"


def test_without_a_fallback_a_broken_endpoint_fails_at_once() -> None:
    there = web([(200, b"<html>")])
    for _ in range(3):
        result = there.run_ask(breaker_failures=2)

    assert len(there.asked) == 2
    assert result.exchange is None
    assert isinstance(result.reading.decision, Failure)
    assert result.reading.decision.kind is FailureKind.BREAKER_OPEN
    assert "s3cret" not in result.reading.decision.detail
    why = "http://target/route.php failed too often lately, and is asked again in"
    assert result.reading.decision.detail.startswith(why)
    assert str(result.tries[-1]).startswith("not asked: ")
    assert why in str(result.tries[-1])


@pytest.mark.parametrize("outcome", [(404, b""), (200, b'{"dst_phone":""}')])
def test_an_answer_about_one_call_opens_no_breaker(outcome: Outcome) -> None:
    there = web([outcome])
    for _ in range(5):
        there.run_ask(breaker_failures=2)

    assert len(there.asked) == 5


def test_a_caller_who_hangs_up_tells_against_no_endpoint() -> None:
    class Hanging(Web):
        async def ask(self, call: Call, request: HttpRequest, **_: float | None) -> Exchange:
            del call, request
            await asyncio.sleep(3600)
            raise AssertionError

    async def scenario() -> None:
        there = Hanging({})
        running = there.runner.run(dialect(make_number(breaker_failures=1)))
        task = spawn(running, name="ask")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert not there.runner.breakers.failing

    asyncio.run(scenario())


def test_the_journal_has_every_try_and_no_secret() -> None:
    there = web([SLOW, (500, b"")])
    result = there.run_ask(
        fallback_url=BACKUP, retries=1, retry_on=(RetryOn.ALL,), response_timeout=6.0
    )
    heard = direction_event("ask-1", result)
    facts = dict(heard.exchange)

    first, second = heard.notices
    assert first == "GET http://target/route.php?**** after 2000.0 ms: headers_timeout: it failed"
    assert second == (
        "GET http://target/route.php?**** after 0.0 ms: status: the endpoint answered 500, not a status of"
        " 200 to 299"
    )
    assert facts["try_1"] == "GET http://target/route.php?****; headers_timeout; 2000.0 ms"
    assert facts["try_2"] == "GET http://target/route.php?****; status; 0.0 ms"
    assert facts["try_3"] == "GET http://backup/route?****; ok; 0.0 ms"
    assert "s3cret" not in str(heard)


# The dial-plan dialect is run alike.


@pytest.mark.row("R5-27", "A-54")
@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (DOWN, "refused"),
        ((503, b"status=ERR"), "503"),
        ((404, b"status=ACK"), "404"),
        ((200, b"<html>"), "bad_body"),
        ((200, b"status=OK"), "bad_body"),
    ],
)
def test_a_dial_plans_fallback_is_a_template_and_told_why(outcome: Outcome, code: str) -> None:
    there = web([outcome], [ACK])
    result = there.branch(fallback_url=f"{BACKUP}/{{did}}?from={{callerid}}", token="t0ken")
    second, _ = there.asked[1]

    assert result.reading.verdict == Ack()
    assert second.url == (
        f"{BACKUP}/%2B380442223344?from=%2B380441112233"
        f"&error_code={code}&error_url=http%3A%2F%2Ftarget%2Froute.php"
    )


@pytest.mark.row("R5-34", "R5-35", "R5-36")
@pytest.mark.parametrize("outcome", [ACK, NAK, (500, b"status=NAK"), ERR])
def test_the_endpoints_word_is_tried_no_further_and_opens_no_breaker(
    outcome: tuple[int, bytes],
) -> None:
    there = web([outcome])
    for _ in range(3):
        result = there.branch(
            fallback_url=BACKUP, retries=5, retry_on=(RetryOn.ALL,), breaker_failures=1
        )
        assert result.reading.is_final

    assert there.urls == [URL] * 3
    assert not there.runner.breakers.failing


@pytest.mark.row("S-28", "S-29")
@pytest.mark.parametrize("page", [b"<html>", b'{"status":"success"}', b"x" * 100_000])
def test_a_page_in_place_of_an_answer_is_one_and_opens_no_breaker(page: bytes) -> None:
    """Who only wants to be told of calls is told of each."""
    there = web([(200, page)])
    for _ in range(9):
        assert isinstance(there.branch(breaker_failures=2).reading.verdict, Failure)

    assert len(there.asked) == 9


def test_an_answer_after_a_failure_closes_the_row() -> None:
    there = web([DOWN, ERR, DOWN, NAK, DOWN, ACK])
    for _ in range(6):
        there.branch(breaker_failures=2)

    assert len(there.asked) == 6


def test_a_dial_plan_webhook_is_tried_again_within_the_one_limit() -> None:
    there = web([DOWN, (503, b""), NAK])
    result = there.branch(retries=2, retry_on=(RetryOn.CONNECT, RetryOn.STATUS_5XX))

    assert result.reading.verdict == Nak(http_status=401)
    assert [one.status for one in result.tries] == [0, 503, 401]
    assert there.now == pytest.approx(0.3), "the pauses"
    there = web([SLOW], [SLOW])
    there.branch(retries=5, retry_on=(RetryOn.ALL,), fallback_url=BACKUP, response_timeout=3.0)
    assert there.now <= 3.0 + 0.001


def test_a_template_may_say_itself_how_it_is_asked() -> None:
    there = web([DOWN, DOWN, DOWN], [DOWN, ACK])
    there.branch(
        url_template="http://target/{did}?k=1#ct=300&rt=400&tt=900&rc=1&rp=ct",
        fallback_url="http://backup/?n={callername}#ct=200&rc=0",
    )

    assert there.urls == [
        *["http://target/%2B380442223344?k=1"] * 2,
        "http://backup/?n=&error_code=refused&error_url=http%3A%2F%2Ftarget%2F%252B380442223344",
    ]
    limits = [(limits["connect"], limits["response"]) for _, limits in there.asked]
    assert limits == [(0.3, 0.4), (0.3, 0.4), (0.2, None)]
    assert there.asked[0][1]["deadline"] == 0.7, "of 0.9"


def test_both_dialects_share_the_breaker_of_an_endpoint() -> None:
    there = web([DOWN])
    there.run_ask(breaker_failures=2)
    there.branch(breaker_failures=2)
    skipped = there.branch(breaker_failures=2)
    assert len(there.asked) == 2
    assert skipped.exchange is None
    assert isinstance(skipped.reading.verdict, Failure)
    assert skipped.reading.verdict.kind is FailureKind.BREAKER_OPEN
    assert "s3cret" not in skipped.reading.verdict.detail

    there.run_ask(breaker_failures=2)
    assert len(there.asked) == 2
    there.branch(breaker_failures=2, url_template="http://target/another")
    assert there.urls[2:] == ["http://target/another"]


def test_codes_of_one_template_share_a_breaker() -> None:
    there = web([DOWN])
    for code in ("1", "22", "333"):
        there.branch(code, url_template="http://target/{code}", breaker_failures=2)

    assert there.urls == ["http://target/1", "http://target/22"]


@pytest.mark.row("S-25")
@pytest.mark.parametrize("masks", [True, False])
def test_no_other_endpoint_is_told_the_code(masks: bool) -> None:  # noqa: FBT001 (a case)
    there = web([DOWN, (404, b"")], [ACK])
    settings: dict[str, Any] = {
        "url_template": "http://user:hunter2@target/{code}/pin?code={code}",
        "fallback_url": BACKUP,
        "breaker_failures": 1,
        "mask_code": masks,
    }
    for _ in range(2):
        there.branch("12*4", **settings)

    told = "error_url=http%3A%2F%2Ftarget%2F%2A%2A%2A%2A%2Fpin"
    assert there.urls == [
        "http://target/12%2A4/pin?code=12%2A4",
        f"{BACKUP}?error_code=refused&{told}",
        f"{BACKUP}?error_code=breaker_open&{told}",
    ]


@pytest.mark.row("S-25")
def test_the_journal_has_every_try_of_a_code_and_no_code() -> None:
    there = web([SLOW, (500, b"4711 is unknown")], [(200, b"status=4711")])
    result = there.branch(
        "4711",
        url_template="http://target/{code}",
        fallback_url="http://backup/{code}/{code}?c={code}",
        retries=1,
        retry_on=(RetryOn.ALL,),
        response_timeout=6.0,
    )
    heard = verdict_event("ask-1", result)
    facts = dict(heard.exchange)

    first, second = heard.notices
    assert first == "GET http://target/**** after 2000.0 ms: headers_timeout: it failed"
    assert second.startswith(
        "GET http://target/**** after 0.0 ms: status: the endpoint answered 500"
    )
    assert facts["try_1"] == "GET http://target/****; headers_timeout; 2000.0 ms"
    assert facts["try_3"] == "GET http://backup/****/****?****; bad_body; 0.0 ms"
    assert facts["request"] == "GET http://backup/****/****?****"
    assert facts["body"] == "status=****"
    assert "4711" not in str(heard)


def test_a_caller_who_hangs_up_while_a_branch_is_probed_leaves_the_probe_to_the_next() -> None:
    class Hanging(Web):
        async def ask(self, call: Call, request: HttpRequest, **limits: Any) -> Exchange:
            if self.turns["target"][0] is SLOW:
                await asyncio.sleep(3600)
            return await super().ask(call, request, **limits)

    async def scenario() -> None:
        there = Hanging({"target": [DOWN, SLOW]})
        webhook = make_dial_plan(url_template=URL, breaker_failures=1, breaker_pause=10.0)
        asked = DialPlanDialect(webhook=webhook, facts=make_facts(), code="", product=UA)
        await there.runner.run(asked)
        there.now += 10.0
        probe = spawn(there.runner.run(asked), name="probe")
        await asyncio.sleep(0)
        assert (await there.runner.run(asked)).tries[0].skipped, "one probe at a time"
        probe.cancel()
        await asyncio.wait([probe])
        there.turns["target"] = [ACK]
        assert (await there.runner.run(asked)).reading.verdict == Ack()
        assert not there.runner.breakers.failing

    run(scenario())


@pytest.mark.row("FJ-05")
def test_an_endpoint_that_asks_for_a_pause_is_not_asked_before_it_is_over() -> None:
    there = web([PAUSE, GOOD])
    all_4xx: dict[str, Any] = {"retries": 1, "retry_on": (RetryOn.ALL,), "fallback_url": BACKUP}

    assert is_followed(there.run_ask(**all_4xx))
    assert is_followed(there.run_ask(**all_4xx))
    assert [url.split("/")[2] for url in there.urls] == ["target", "backup", "backup"]
    there.now += 7.0
    assert is_followed(there.run_ask(**all_4xx))
    assert there.urls[-1] == URL
    assert there.runner.breakers.skipped == 1


@pytest.mark.row("FJ-05")
def test_a_pause_for_which_there_is_time_is_waited_before_a_retry() -> None:
    there = web([(429, b"2"), GOOD])
    assert is_followed(there.run_ask(retries=1, retry_on=(RetryOn.STATUS_4XX,)))
    assert there.now == 2.0
    assert is_followed(there.run_ask())
