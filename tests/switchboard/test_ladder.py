"""An ask goes on until an answer can be followed: again, to the fallback URL, within one limit for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.patience import RetryOn
from switchhook.domain.webhook import Method
from switchhook.switchboard.asking import to_event
from switchhook.switchboard.ladder import Climbed, Ladder
from switchhook.tasks import spawn
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from switchhook.webhooks.reading import Direction
from tests.webhooks.samples import UA, make_facts, make_number

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.webhook import ForwardingNumber

URL, BACKUP = "http://target/route.php?key=s3cret", "http://backup/route"
GOOD = 200, b'{"dst_phone":"380441111111"}'
DOWN, SLOW = FailureKind.REFUSED, FailureKind.HEADERS_TIMEOUT
Outcome = FailureKind | tuple[int, bytes]


@dataclass
class Web:
    """Endpoints that do what each of their turns says; the last again and again. Time is its own."""

    turns: dict[str, list[Outcome]]
    now: float = 0.0
    asked: list[tuple[HttpRequest, dict[str, float | None]]] = field(default_factory=list)
    ladder: Ladder = field(init=False)

    def __post_init__(self) -> None:
        self.ladder = Ladder(self, UA, clock=lambda: self.now, sleep=self.sleep)

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
        response = HttpResponse(status=status, reason="", headers=(), body=body)
        return Exchange(request=request, response=response, failure=None)

    @property
    def urls(self) -> list[str]:
        return [request.url for request, _ in self.asked]

    def climb(self, webhook: ForwardingNumber | None = None, **changes: Any) -> Climbed:
        number = webhook or make_number(url=URL, **changes)
        return asyncio.run(self.ladder.climb(number, make_facts(), "ask-1"))


def web(target: list[Outcome], backup: list[Outcome] | None = None) -> Web:
    return Web({"target": target, "backup": backup or [GOOD]})


def is_followed(climbed: Climbed) -> bool:
    return isinstance(climbed.reading.decision, Direction)


def test_an_answer_ends_it_with_all_the_time_there_was() -> None:
    there = web([GOOD])

    assert is_followed(there.climb(fallback_url=BACKUP, response_timeout=2.0))
    assert [limits["deadline"] for _, limits in there.asked] == [1.0]
    assert is_followed(there.climb(response_timeout=2.0))
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
    climbed = there.climb(fallback_url=f"{BACKUP}?own=1")

    assert is_followed(climbed)
    expected = f"{BACKUP}?own=1&error_code={code}&error_url=http%3A%2F%2Ftarget%2Froute.php"
    assert there.urls == [URL, expected]


def test_a_form_stays_a_form_and_the_trouble_goes_into_the_query() -> None:
    there = web([DOWN])
    there.climb(
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
    assert dict(second.headers)["Authorization"] == "Bearer t0ken"


def test_it_is_tried_again_only_after_what_was_named() -> None:
    there = web([DOWN, (503, b""), GOOD])
    climbed = there.climb(retries=2, retry_on=(RetryOn.CONNECT,))

    assert not is_followed(climbed)
    assert len(there.asked) == 2
    assert is_followed(web([DOWN, (503, b""), GOOD]).climb(retries=2, retry_on=(RetryOn.ALL,)))


def test_everything_stays_within_the_one_limit() -> None:
    there = web([SLOW], [SLOW])
    climbed = there.climb(
        retries=5, retry_on=(RetryOn.ALL,), fallback_url=BACKUP, response_timeout=5.0
    )

    assert not is_followed(climbed)
    assert there.now <= 5.0 + 0.001
    target, backup = ([url for url in there.urls if host in url] for host in ("target", "backup"))
    assert len(target) > 1
    assert len(backup) > 1


def test_a_hanging_endpoint_leaves_half_for_the_fallback() -> None:
    there = web([SLOW])

    assert is_followed(there.climb(fallback_url=BACKUP, response_timeout=4.0))
    assert [limits["deadline"] for _, limits in there.asked] == [2.0, 2.0]


def test_limits_of_a_try_are_handed_on_and_the_fragment_is_never_sent() -> None:
    there = web([GOOD])
    there.climb(make_number(url=f"{URL}#ct=300&rt=400&tt=900"))
    ((request, limits),) = there.asked

    assert request.url == URL
    assert limits == {"deadline": 0.9, "connect": 0.3, "response": 0.4}


def test_a_broken_endpoint_is_left_alone_and_probed() -> None:
    there = web([DOWN, DOWN, DOWN, GOOD])
    for _ in range(2):
        assert is_followed(there.climb(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0))
    there.asked.clear()
    skipped = there.climb(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0)

    assert is_followed(skipped)
    assert there.urls == [
        f"{BACKUP}?error_code=breaker_open&error_url=http%3A%2F%2Ftarget%2Froute.php"
    ]
    assert [one.skipped for one in skipped.tries] == [True, False]
    there.now += 10.0
    there.climb(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0)
    there.now += 10.0
    there.asked.clear()
    assert is_followed(there.climb(fallback_url=BACKUP, breaker_failures=2, breaker_pause=10.0))
    assert there.urls == [URL], "the probe was answered"


def test_without_a_fallback_a_broken_endpoint_fails_at_once() -> None:
    there = web([(200, b"<html>")])
    for _ in range(3):
        climbed = there.climb(breaker_failures=2)

    assert len(there.asked) == 2
    assert climbed.exchange is None
    assert isinstance(climbed.reading.decision, Failure)
    assert climbed.reading.decision.kind is FailureKind.BREAKER_OPEN
    assert "s3cret" not in climbed.reading.decision.detail


@pytest.mark.parametrize("outcome", [(404, b""), (200, b'{"dst_phone":""}')])
def test_an_answer_about_one_call_opens_no_breaker(outcome: Outcome) -> None:
    there = web([outcome])
    for _ in range(5):
        there.climb(breaker_failures=2)

    assert len(there.asked) == 5


def test_a_caller_who_hangs_up_tells_against_no_endpoint() -> None:
    class Hanging(Web):
        async def ask(self, call: Call, request: HttpRequest, **_: float | None) -> Exchange:
            del call, request
            await asyncio.sleep(3600)
            raise AssertionError

    async def scenario() -> None:
        there = Hanging({})
        climbing = there.ladder.climb(make_number(breaker_failures=1), make_facts(), "ask-1")
        task = spawn(climbing, name="ask")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert not there.ladder.breakers.failing

    asyncio.run(scenario())


def test_the_journal_has_every_try_and_no_secret() -> None:
    there = web([SLOW, (500, b"")])
    climbed = there.climb(
        fallback_url=BACKUP, retries=1, retry_on=(RetryOn.ALL,), response_timeout=6.0
    )
    heard = to_event("ask-1", climbed)
    facts = dict(heard.exchange)

    first, second = heard.notices
    assert first == "GET http://target/route.php after 2000.0 ms: headers_timeout: it failed"
    assert second == (
        "GET http://target/route.php after 0.0 ms: status: the endpoint answered 500, not a status of"
        " 200 to 299"
    )
    assert facts["try_1"] == "GET http://target/route.php; headers_timeout; 2000.0 ms"
    assert facts["try_2"] == "GET http://target/route.php; status; 0.0 ms"
    assert facts["try_3"] == "GET http://backup/route; ok; 0.0 ms"
    assert "s3cret" not in str(heard)
