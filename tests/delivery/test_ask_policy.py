"""What is tried for an ask, for how long, and what tells against an endpoint, are stated rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.ask_policy import (
    AskUrl,
    ask_urls,
    error_code,
    is_endpoints_fault,
    is_retried,
    may_retry,
    pause_before,
    policy_of,
    seconds_for,
)
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.retry_policy import RetryOn
from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber

URL, BACKUP = "https://crm.example.com/", "https://backup.example.com/"
CT, RT, BAD, GOOD, ALL = (
    RetryOn.CONNECT,
    RetryOn.RESPONSE,
    RetryOn.STATUS_4XX,
    RetryOn.STATUS_5XX,
    RetryOn.ALL,
)


def number(**changes: object) -> ForwardingNumber:
    return ForwardingNumber(**({"name": "crm", "url": URL} | changes))  # type: ignore[arg-type]  # as given


def failure(kind: FailureKind) -> Failure:
    return Failure(kind=kind, detail="")


def test_without_more_one_url_is_tried_once() -> None:
    assert ask_urls(number()) == (AskUrl(url=URL, retry_on=(CT,)),)


def test_a_url_goes_before_what_its_webhook_says() -> None:
    first, second = ask_urls(
        number(
            url=f"{URL}#ct=500&rc=0&rp=5xx",
            fallback_url=f"{BACKUP}#tt=700",
            connect_timeout=2.0,
            try_timeout=3.0,
            retries=4,
            retry_on=(RT,),
        )
    )

    assert (first.connect, first.response, first.retries, first.retry_on) == (0.5, 3.0, 0, (GOOD,))
    assert (second.connect, second.response, second.retries) == (2.0, 3.0, 4)
    assert (first.total, second.total) == (None, 0.7)
    assert (first.is_fallback, second.is_fallback) == (False, True)


def test_the_total_time_may_stand_in_the_url() -> None:
    assert number().time_limit == 5.0
    assert number(url=f"{URL}#tt=1500").time_limit == 1.5


def test_a_template_is_tried_alike() -> None:
    webhook = DialPlanWebhook(
        name="pin", url_template=f"{URL}{{code}}#rc=1&tt=700", fallback_url=BACKUP, retries=2
    )

    first, second = ask_urls(webhook)
    assert (first.url, first.retries, second.url, second.retries) == (
        webhook.url_template,
        1,
        BACKUP,
        2,
    )
    assert webhook.time_limit == 0.7


def test_the_breaker_is_as_the_webhook_says() -> None:
    policy = policy_of(number(breaker_failures=2, breaker_pause=60.0))

    assert (policy.failures, policy.pause) == (2, 60.0)


def seconds(
    left: float, *, retries_left: int = 0, is_last: bool = True, **changes: object
) -> float:
    ask_url = AskUrl(**({"url": URL} | changes))  # type: ignore[arg-type]  # as given
    return seconds_for(ask_url, left=left, retries_left=retries_left, is_last=is_last)


def test_a_time_out_leaves_a_fair_share_for_what_comes_after() -> None:
    assert seconds(5.0) == 5.0
    assert seconds(5.0, is_last=False) == 2.5
    assert seconds(6.0, is_last=False, retries_left=1, retry_on=(RT,)) == 2.0
    assert seconds(6.0, retries_left=2, retry_on=(CT,)) == 6.0, "a time-out is not tried again"
    assert seconds(5.0, is_last=False, connect=1.0, response=3.0) == 4.0, "as was asked for"
    assert seconds(5.0, is_last=False, connect=3.0) == 3.0
    assert seconds(5.0, is_last=False, response=3.0) == 3.0
    assert seconds(5.0, is_last=False, connect=9.0) == 5.0, "never more than is left"
    assert seconds(5.0, total=0.7) == 0.7


@given(
    left=st.floats(0.01, 30.0),
    retries_left=st.integers(0, 5),
    is_last=st.booleans(),
    connect=st.none() | st.floats(0.1, 30.0),
    response=st.none() | st.floats(0.1, 30.0),
    retry_on=st.lists(st.sampled_from(RetryOn)).map(tuple),
)
def test_a_try_never_has_more_than_is_left(  # noqa: PLR0917 (what decides over a try)
    left: float,
    retries_left: int,
    is_last: bool,  # noqa: FBT001 (drawn)
    connect: float | None,
    response: float | None,
    retry_on: tuple[RetryOn, ...],
) -> None:
    ask_url = AskUrl(url=URL, connect=connect, response=response, retry_on=retry_on)

    assert 0 < seconds_for(ask_url, left=left, retries_left=retries_left, is_last=is_last) <= left


def test_retries_leave_the_fallback_half_of_the_limit() -> None:
    assert may_retry(1, left=0.2, limit=5.0, is_last=True)
    assert not may_retry(1, left=0.14, limit=5.0, is_last=True), "no time behind the pause"
    assert may_retry(2, left=2.8, limit=5.0, is_last=False)
    assert not may_retry(2, left=2.6, limit=5.0, is_last=False)


def test_pauses_grow_and_stay_short() -> None:
    assert [pause_before(retry) for retry in range(1, 6)] == [0.1, 0.2, 0.4, 0.4, 0.4]


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        (FailureKind.REFUSED, 0, CT),
        (FailureKind.DNS, 0, CT),
        (FailureKind.DNS_TIMEOUT, 0, CT),
        (FailureKind.UNREACHABLE, 0, CT),
        (FailureKind.TLS, 0, CT),
        (FailureKind.TLS_TIMEOUT, 0, CT),
        (FailureKind.CONNECT_TIMEOUT, 0, CT),
        (FailureKind.WRITE_TIMEOUT, 0, RT),
        (FailureKind.HEADERS_TIMEOUT, 0, RT),
        (FailureKind.BODY_TIMEOUT, 0, RT),
        (FailureKind.RESET, 0, RT),
        (FailureKind.STATUS, 404, BAD),
        (FailureKind.STATUS, 499, BAD),
        (FailureKind.STATUS, 500, GOOD),
        (FailureKind.STATUS, 503, GOOD),
        (FailureKind.INTERRUPTED, 0, None),
        (FailureKind.BAD_BODY, 200, None),
        (FailureKind.ADDRESS_REFUSED, 0, None),
        (FailureKind.BAD_URL, 0, None),
        (FailureKind.TOO_LARGE, 0, None),
    ],
)
def test_a_url_is_tried_again_after_the_failures_that_were_named(
    kind: FailureKind, status: int, word: RetryOn | None
) -> None:
    for named in (CT, RT, BAD, GOOD):
        assert is_retried((named,), failure(kind), status) == (named is word)
    assert is_retried((ALL,), failure(kind), status) == (word is not None)
    assert not is_retried((), failure(kind), status)


@pytest.mark.parametrize(
    ("kind", "status", "is_about_call", "expected"),
    [
        (FailureKind.REFUSED, 0, False, True),
        (FailureKind.BODY_TIMEOUT, 0, False, True),
        (FailureKind.BAD_RESPONSE, 0, False, True),
        (FailureKind.STATUS, 500, False, True),
        (FailureKind.STATUS, 408, False, True),
        (FailureKind.STATUS, 425, False, True),
        (FailureKind.STATUS, 429, False, True),
        (FailureKind.STATUS, 404, False, False),
        (FailureKind.STATUS, 407, False, False),
        (FailureKind.STATUS, 409, False, False),
        (FailureKind.STATUS, 424, False, False),
        (FailureKind.STATUS, 426, False, False),
        (FailureKind.STATUS, 499, False, False),
        (FailureKind.INTERRUPTED, 0, False, False),
        (FailureKind.BAD_BODY, 200, False, True),
        (FailureKind.BAD_BODY, 200, True, False),
        (FailureKind.TOO_LARGE, 200, False, True),
        (FailureKind.TOO_LARGE, 200, True, False),
        (FailureKind.ADDRESS_REFUSED, 0, False, False),
        (FailureKind.BAD_URL, 0, False, False),
    ],
)
def test_only_what_speaks_of_the_endpoint_tells_against_it(
    kind: FailureKind, status: int, *, is_about_call: bool, expected: bool
) -> None:
    assert is_endpoints_fault(failure(kind), status, is_about_call=is_about_call) is expected


def test_the_fallback_is_told_the_status_or_the_kind() -> None:
    assert error_code(failure(FailureKind.STATUS), 503) == "503"
    assert error_code(failure(FailureKind.STATUS), 0) == "status"
    assert error_code(failure(FailureKind.CONNECT_TIMEOUT), 0) == "connect_timeout"
