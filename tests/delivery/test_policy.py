"""Only the expected status counts as delivered, and nothing is tried again but as often as was asked."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.policy import (
    ANSWER_KEPT,
    MAIL_POLICY,
    NO_RETRIES,
    SUBSCRIBER_POLICY,
    attempt_of,
    default_policy,
    order_of,
    pause_before_next,
    policy_of,
    response_of,
    seconds_left,
)
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.event import EventKind
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.tracking.call_tracking import CALL_TRACKING, TrackingScenario
from switchhook.storage.delivery import Attempt, Delivery
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from switchhook.webhooks.mail import MailResult
from tests.support.events import mail_event, web_event
from tests.support.promises import DOWN, attempt, delivery, mail, moments

if TYPE_CHECKING:
    from collections.abc import Callable


PROMISE = delivery(success_codes=(200,), url="https://user:pw@crm.example:8443/hook?key=secret")
assert isinstance(PROMISE.request, HttpRequest)
REQUEST = PROMISE.request


def answered(status: int, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
    response = HttpResponse(status=status, reason="any words", headers=headers, body=body)
    return Exchange(
        request=REQUEST,
        response=response,
        failure=None,
        seconds=(("connect", 0.1), ("total", 0.5)),
    )


def failed(detail: str = "It broke.") -> Exchange:
    failure = Failure(kind=FailureKind.REFUSED, detail=detail)
    return Exchange(request=REQUEST, response=None, failure=failure)


def posted(status: int, reply: str, failure: Failure | None = None) -> MailResult:
    return MailResult(status=status, reply=reply, failure=failure, seconds=0.5)


def why(exchange: Exchange, *codes: int) -> Failure:
    promise = delivery(success_codes=codes or (200,), url=PROMISE.request.url)
    failure = attempt_of(promise, exchange, 1, at=5.0).failure
    assert failure is not None
    return failure


@pytest.mark.row("R2-03")
def test_the_expected_status_is_delivered() -> None:
    assert attempt_of(PROMISE, answered(200, b"thanks"), 1, at=5.0) == Attempt(
        delivery=PROMISE.id,
        project=PROMISE.project,
        number=1,
        at=5.0,
        seconds=0.5,
        status=200,
        failure=None,
        answer=b"thanks",
        is_last=True,
    )


@pytest.mark.row("R2-03")
@pytest.mark.parametrize("status", [201, 202, 204, 206, 304, 400, 401, 404, 500, 503, 599])
def test_any_other_status_is_a_failure(status: int) -> None:
    failure = why(answered(status))
    assert failure.kind is FailureKind.STATUS
    assert failure.detail.startswith(f"crm.example:8443 answered {status}")
    assert "200 counts as delivered" in failure.detail


@pytest.mark.row("R2-03", "A-22")
def test_other_codes_can_be_successes() -> None:
    promise = delivery(success_codes=(200, 201, 302))
    for status in promise.success_codes:
        assert attempt_of(promise, answered(status), 1, at=5.0).failure is None


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ((200,), "200 counts"),
        ((204, 200), "200 or 204 counts"),
        ((200, 201, 204), "200, 201 or 204 counts"),
        (tuple(range(200, 300)), "200–299 counts"),
    ],
)
def test_the_sentence_names_what_counts(codes: tuple[int, ...], words: str) -> None:
    assert words in why(answered(500), *codes).detail


def test_the_sentence_says_what_to_do() -> None:
    assert "its own log" not in why(answered(204)).detail
    assert "add it to the webhook's success codes" in why(answered(204)).detail
    assert "own log says why" in why(answered(503)).detail
    assert "503 Service Unavailable" in why(answered(503)).detail
    assert "answered 599;" in why(answered(599)).detail


@pytest.mark.row("FB-07")
@pytest.mark.parametrize(
    "page",
    [
        b"<title>400 The plain HTTP request was sent to HTTPS port</title>",
        b"Reason: You're speaking plain HTTP to an SSL-enabled server port.",
        b"Client sent an HTTP request to an HTTPS server.\n",
    ],
)
def test_a_port_that_speaks_tls_is_called_one(page: bytes) -> None:
    assert "the URL has to begin with https" in why(answered(400, page)).detail
    assert "the URL has to begin with https" not in why(answered(403, page)).detail


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_of_its_own_and_names_the_host_alone(status: int) -> None:
    to = (("location", "https://a:b@new.example/path?token=secret"),)
    failure = why(answered(status, headers=to))
    assert failure.kind is FailureKind.REDIRECT
    assert "leads to new.example. Redirects are not followed" in failure.detail
    assert "secret" not in failure.detail
    for odd in ("/elsewhere", "http://[", "https://\ud800.example/"):
        assert "leads to" not in why(answered(status, headers=(("location", odd),))).detail[:60]


def test_no_secret_of_the_url_is_told() -> None:
    for exchange in (answered(500), answered(302)):
        assert "secret" not in why(exchange).detail
        assert "pw" not in why(exchange).detail


def test_a_failed_exchange_keeps_its_reason() -> None:
    told = attempt_of(PROMISE, failed(), 2, at=5.0)
    assert (told.number, told.status, told.answer, told.seconds) == (2, 0, b"", 0.0)
    assert told.failure == Failure(kind=FailureKind.REFUSED, detail="It broke.")


def cut(kind: FailureKind, status: int, **more: Any) -> Exchange:
    """Return an exchange whose response failed behind its head."""
    return failed()._replace(
        failure=Failure(kind=kind, detail="Cut."), begun=answered(status, **more).response
    )


@pytest.mark.row("R2-03", "R2-04")
@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.TOO_LARGE,
        FailureKind.RESET,
        FailureKind.BAD_RESPONSE,
        FailureKind.BODY_TIMEOUT,
    ],
)
def test_who_answered_200_is_told_whatever_became_of_the_body(kind: FailureKind) -> None:
    told = attempt_of(PROMISE, cut(kind, 200), 1, at=5.0)
    assert (told.status, told.failure) == (200, None)


def test_any_other_status_counts_as_if_its_body_were_whole() -> None:
    headers = (("retry-after", "30"),)
    told = attempt_of(PROMISE, cut(FailureKind.TOO_LARGE, 503, headers=headers), 1, at=5.0)
    assert told.failure is not None
    assert (told.status, told.failure.kind, told.asked) == (503, FailureKind.STATUS, 30.0)


def test_a_stop_settles_nothing() -> None:
    assert response_of(cut(FailureKind.INTERRUPTED, 200)) is None


def test_a_reason_that_no_store_takes_is_mended() -> None:
    assert why(failed("odd \ud800 text")).detail == "odd ? text"


def test_an_exchange_with_neither_response_nor_reason_is_a_failure() -> None:
    nothing = Exchange(request=REQUEST, response=None, failure=None)
    assert why(nothing).kind is FailureKind.BAD_RESPONSE


def test_what_came_of_a_mail_is_written_down() -> None:
    promise = mail()
    accepted = attempt_of(promise, posted(250, "queued as 42"), 1, at=5.0)
    refused = attempt_of(promise, posted(550, "é" * 5000, DOWN), 2, at=6.0)

    assert accepted == Attempt(
        delivery=promise.id,
        project=promise.project,
        number=1,
        at=5.0,
        seconds=0.5,
        status=250,
        failure=None,
        answer=b"queued as 42",
        is_last=True,
    )
    assert (refused.number, refused.status, refused.failure) == (2, 550, DOWN)
    assert refused.answer == "é".encode() * (ANSWER_KEPT // 2)


def test_only_the_beginning_of_an_answer_is_kept() -> None:
    told = attempt_of(PROMISE, answered(503, b"x" * 10_000), 1, at=5.0)
    assert told.answer == b"x" * ANSWER_KEPT


# Retries

policies = st.builds(DeliveryPolicy, retries=st.integers(0, 10)) | st.builds(
    DeliveryPolicy, pauses=st.lists(st.floats(0.001, 600_000), min_size=1, max_size=10).map(tuple)
)
chances = st.floats(0, 1)


def failures(count: int) -> tuple[Attempt, ...]:
    return tuple(attempt(delivery(), number=n, failure=DOWN) for n in range(1, count + 1))


def test_a_request_is_tried_once_and_a_mail_for_about_a_day() -> None:
    assert default_policy(delivery()) == DeliveryPolicy()
    policy, waited = default_policy(mail()), 0.0
    for tries in range(1, 11):
        (*_, latest) = history = [replace(made, status=451) for made in failures(tries)]
        pause = pause_before_next(policy, history, latest.at + latest.seconds, 1.0)
        assert pause is not None
        waited += pause
    assert pause_before_next(policy, [*history, latest], 0.0, 1.0) is None
    assert 20 * 3600 < waited < 24 * 3600
    assert policy.pause(1) == 60
    assert policy.most_retries == 10


@pytest.mark.parametrize(
    ("status", "is_final"),
    [
        *((status, False) for status in (0, 250, 421, 450, 451, 452, 454)),
        *(
            (status, False) for status in (530, 534, 535, 538)
        ),  # ours to put right, as long as it takes
        *((status, True) for status in (500, 550, 551, 552, 553, 554, 555)),
    ],
)
def test_what_a_mail_server_refused_for_good_is_given_up(status: int, is_final: bool) -> None:  # noqa: FBT001 (a column of the table)
    made = replace(attempt(mail(), failure=DOWN), status=status)

    assert (pause_before_next(default_policy(mail()), (made,), 0.0, 1.0) is None) is is_final


def test_by_default_there_is_one_try() -> None:
    assert pause_before_next(DeliveryPolicy(), (), 7.0, 1.0) == 0.0
    assert pause_before_next(DeliveryPolicy(), failures(1), 7.0, 1.0) is None


def test_the_usual_pauses_grow_up_to_an_hour() -> None:
    policy = DeliveryPolicy(retries=10)
    assert [policy.pause(tries) for tries in (1, 2, 3, 4, 5, 10)] == [
        30,
        120,
        480,
        1920,
        3600,
        3600,
    ]


def test_a_policy_may_have_pauses_of_its_own() -> None:
    policy = DeliveryPolicy(pauses=(5, 60))
    assert policy.most_retries == 2
    for tries, pause in ((1, 5), (2, 60)):
        (*_, latest) = history = failures(tries)
        assert pause_before_next(policy, history, latest.at + latest.seconds, 1.0) == pause
    assert pause_before_next(policy, failures(3), 0.0, 1.0) is None


@given(policies, st.integers(1, 12), moments, chances)
def test_a_delivery_is_tried_as_often_as_was_asked_and_not_once_more(
    policy: DeliveryPolicy, tries: int, now: float, chance: float
) -> None:
    pause = pause_before_next(policy, failures(tries), now, chance)
    assert (pause is None) is (tries > policy.most_retries)


@given(policies, st.integers(1, 10), chances)
def test_each_pause_is_between_half_of_it_and_the_whole(
    policy: DeliveryPolicy, tries: int, chance: float
) -> None:
    history = failures(tries)
    pause = pause_before_next(policy, history, history[-1].at + history[-1].seconds, chance)
    if pause is not None:
        whole = policy.pause(tries)
        assert whole / 2 * 0.999 - 1e-6 <= pause <= whole


def test_chance_alone_decides_within_a_pause() -> None:
    now = failures(1)[0].at + failures(1)[0].seconds
    policy = DeliveryPolicy(retries=3)
    waits = [pause_before_next(policy, failures(1), now, chance) for chance in (0.0, 0.5, 1.0)]
    assert waits == [15.0, 22.5, 30.0]


def test_a_pause_that_was_asked_for_is_never_cut_short_by_chance() -> None:
    (made,) = failures(1)
    asked = (replace(made, asked=300.0),)
    assert pause_before_next(DeliveryPolicy(retries=1), asked, made.at + made.seconds, 0.0) == 300


@given(policies, st.integers(1, 10), st.floats(0, 1e6), chances)
def test_what_has_passed_of_a_pause_counts(
    policy: DeliveryPolicy, tries: int, passed: float, chance: float
) -> None:
    history = failures(tries)
    ended = history[-1].at + history[-1].seconds
    left = pause_before_next(policy, history, ended + passed, chance)
    if left is not None:
        whole = policy.pause(tries) * (1 + chance) / 2
        assert left == pytest.approx(max(0.0, whole - passed), abs=1e-5)


@given(policies, st.integers(1, 10), moments, chances)
def test_no_clock_makes_a_pause_longer_than_it_is(
    policy: DeliveryPolicy, tries: int, now: float, chance: float
) -> None:
    left = pause_before_next(policy, failures(tries), now, chance)
    if left is not None:
        assert 0 <= left <= policy.pause(tries)


# Ages


@pytest.mark.parametrize(
    ("now", "left"), [(0.0, 60.0), (59.0, 1.0), (60.0, 0.0), (100.0, -40.0), (-3600.0, 60.0)]
)
def test_a_delivery_is_young_for_so_long_and_no_clock_makes_it_younger(
    now: float, left: float
) -> None:
    made = delivery()
    young = DeliveryPolicy(max_age=60)
    assert seconds_left(young, made, made.occurred_at + now) == left
    assert seconds_left(DeliveryPolicy(), made, made.occurred_at + now) is None


# At most once


@pytest.mark.parametrize(
    ("kind", "may_have_arrived"),
    [
        *((kind, False) for kind in ("dns", "refused", "connect_timeout", "tls", "unreachable")),
        *((kind, True) for kind in ("reset", "status", "headers_timeout", "write_timeout")),
        *((kind, True) for kind in ("body_timeout", "bad_response", "under_way", "interrupted")),
    ],
)
def test_what_is_sent_at_most_once_is_tried_again_only_where_nothing_arrived(
    kind: str,
    may_have_arrived: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    failure = Failure(kind=FailureKind(kind), detail="It broke.")
    history = (attempt(delivery(), failure=failure),)
    once = DeliveryPolicy(retries=3, at_most_once=True)
    assert (pause_before_next(once, history, 0.0, 1.0) is None) is may_have_arrived
    assert pause_before_next(DeliveryPolicy(retries=3), history, 0.0, 1.0) is not None


@given(policies, st.integers(0, 10), moments)
def test_a_success_is_the_end(policy: DeliveryPolicy, tries: int, now: float) -> None:
    history = (*failures(tries), attempt(delivery(), number=tries + 1))
    assert pause_before_next(policy, history, now, 1.0) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 499])
def test_who_refuses_for_good_is_asked_again_only_where_a_policy_wants_that(status: int) -> None:
    refused = (replace(attempt(delivery(), failure=DOWN), status=status),)
    assert pause_before_next(SUBSCRIBER_POLICY, refused, 7.0, 1.0) is None
    assert pause_before_next(DeliveryPolicy(retries=3), refused, 7.0, 1.0) is not None


def test_an_endpoint_that_is_gone_is_told_no_second_time() -> None:
    gone = (replace(attempt(delivery(), failure=DOWN), status=410),)
    assert pause_before_next(DeliveryPolicy(retries=3), gone, 7.0, 1.0) is None
    assert pause_before_next(SUBSCRIBER_POLICY, gone, 7.0, 1.0) is None


def test_a_webhook_is_told_once_and_a_subscriber_is_told_again() -> None:
    assert default_policy(delivery()) == DeliveryPolicy()
    assert default_policy(delivery(webhook="subscription 7")) == SUBSCRIBER_POLICY
    assert NO_RETRIES.most_retries == 0


MISSED = mail_event(
    name="missed", event=EventKind.INCOMING_AFTER, to=("desk@example.com",), subject="s", text="t"
)
CRM = web_event(
    name="crm",
    event=EventKind.INCOMING_AFTER,
    url="http://crm.example/",
    policy=DeliveryPolicy(retries=7),
)
TOLD = ProjectSnapshot(Project(id="shop", name="Shop", events=(CRM, MISSED)))


def test_what_waits_is_tried_as_its_project_says_now() -> None:
    assert policy_of(delivery(webhook="crm"), TOLD) is CRM.webhooks[0].policy
    assert policy_of(mail(name="missed"), TOLD) is MAIL_POLICY
    assert policy_of(delivery(webhook="subscription 1"), TOLD) is SUBSCRIBER_POLICY


@pytest.mark.parametrize(
    "gone",
    [
        delivery(webhook="erp"),
        mail(name="renamed"),
        mail(to="left@example.com"),
        mail(name="crm"),
        delivery(webhook="missed"),
    ],
    ids=lambda gone: gone.id,
)
def test_who_is_in_the_project_no_longer_is_told_once_more_at_most(gone: Delivery) -> None:
    assert policy_of(gone, TOLD) is NO_RETRIES


def test_while_a_project_cannot_be_read_everything_is_tried_as_usual() -> None:
    for promised in (delivery(), mail(), delivery(webhook="subscription 1")):
        assert policy_of(promised, None) is default_policy(promised)


@pytest.mark.parametrize("status", [0, 301, 408, 425, 429, 500, 503])
def test_a_subscriber_who_may_take_it_later_gets_three_more_attempts(status: int) -> None:
    for tries in (1, 2, 3):
        history = (*failures(tries - 1), replace(attempt(delivery(), failure=DOWN), status=status))
        assert pause_before_next(SUBSCRIBER_POLICY, history, 7.0, 1.0) is not None
    assert pause_before_next(SUBSCRIBER_POLICY, (*history, *history[-1:]), 7.0, 1.0) is None


@pytest.mark.parametrize(
    "wrong",
    [
        partial(DeliveryPolicy, retries=11),
        partial(DeliveryPolicy, retries=-1),
        partial(DeliveryPolicy, pauses=(0.0,)),
        partial(DeliveryPolicy, pauses=(1.0,) * 11),
        partial(DeliveryPolicy, pauses=(8 * 86_400.0,)),
        partial(DeliveryPolicy, breaker_failures=-1),
        partial(DeliveryPolicy, breaker_pause=0.0),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: Callable[[], DeliveryPolicy]) -> None:
    with pytest.raises(ValueError, match=r"10 times|above 0|0 or more"):
        wrong()


@pytest.mark.row("FB-10")
def test_the_order_is_that_of_the_origin_unless_the_webhook_names_a_key_or_wants_none() -> None:
    usual = DeliveryPolicy()
    one = delivery(url="http://h:80/x?e=1")

    def order(url: str, webhook: str = "erp") -> str:
        return order_of(delivery(url=url, webhook=webhook), usual)

    assert order_of(one, usual) == order("http://H/y")
    assert order_of(one, usual) != order("https://h/x")
    assert order("nonsense") == "nonsense"
    assert order("http://h/", "subscription 7") == "subscription 7"
    assert order_of(mail(), usual) == "missed"
    assert order_of(one, DeliveryPolicy(order_key="billing")) == "key billing"
    alone = DeliveryPolicy(keep_order=False)
    assert order_of(one, alone) != order_of(replace(one, id="c1.2.crm"), alone)


@pytest.mark.row("R4-42")
def test_posts_of_call_tracking_are_tried_and_ordered_as_the_scenario_says() -> None:
    own = DeliveryPolicy(retries=2, order_key="billing")
    scenario = TrackingScenario(after_url="http://crm.example/a", policy=own)
    snapshot = ProjectSnapshot(Project(id="shop", name="Shop", call_tracking=scenario))
    post = delivery(webhook=CALL_TRACKING)

    assert policy_of(post, snapshot) is own
    assert policy_of(mail(name=CALL_TRACKING), snapshot) is NO_RETRIES
    assert policy_of(post, ProjectSnapshot(Project(id="shop", name="Shop"))) is NO_RETRIES


@pytest.mark.row("R2-04", "A-23")
def test_without_retries_nothing_is_parked() -> None:
    assert not DeliveryPolicy().can_park
    assert DeliveryPolicy(retries=3).can_park
    assert DeliveryPolicy(pauses=(1,)).can_park
    assert not DeliveryPolicy(retries=3, breaker_failures=0).can_park
    assert SUBSCRIBER_POLICY.can_park
    assert not MAIL_POLICY.can_park
