"""The times and limits that documents and users rely on, written as numbers and not as the constants themselves."""

from __future__ import annotations

import pytest

from switchhook.delivery import ask_policy, policy
from switchhook.delivery.breaker import BreakerPolicy
from switchhook.delivery.policy import MAIL_POLICY, NO_RETRIES, SUBSCRIBER_POLICY
from switchhook.domain import dialling, retry_policy, screening
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.scheme import (
    MenuStep,
    RateStep,
    RingDestinationStep,
    RingStep,
    VoicemailStep,
)
from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber
from switchhook.routing import executor, position, prompts, recording
from switchhook.routing.steps import ask, dial_plan
from switchhook.switchboard import switchboard
from switchhook.webhooks import answer_body, answer_targets, lenient_json
from switchhook.webhooks.dialects import dial_plan_answer, forwarding_number_answer

NUMBER = ForwardingNumber(name="crm", url="https://crm.example/")
PLAN_WEBHOOK = DialPlanWebhook(name="pin", url_template="https://crm.example/")


@pytest.mark.row("FT-07")
def test_times_and_limits_are_what_is_documented() -> None:
    assert {
        "jumps between schemes": position.MAX_JUMPS,
        "s: a dialled number rings": position.DIRECT_TIMEOUT,
        "s: the fallback rings": executor.FALLBACK_TIMEOUT,
        "s: a target of a step rings": (
            RingStep(targets=()).timeout,
            RingDestinationStep().timeout,
        ),
        "s: the longest sound": prompts.MAX_SOUND_SECONDS,
        "s: a recording may take to end": recording.STOP_TIMEOUT,
        "s: an answer may come late": ask.GRACE,
        "keys of a code": dial_plan.MAX_CODE_DIGITS,
        "variables of a call": dial_plan.MAX_VARIABLES,
        "a menu": (
            MenuStep(sounds=(), choices=()).attempts,
            MenuStep(sounds=(), choices=()).timeout,
        ),
        "s: a voicemail": VoicemailStep(sounds=()).max_duration,
        "a rating": (RateStep(sounds=()).best, RateStep(sounds=()).timeout),
    } == {
        "jumps between schemes": 10,
        "s: a dialled number rings": 120,
        "s: the fallback rings": 60,
        "s: a target of a step rings": (30, 30),
        "s: the longest sound": 605,
        "s: a recording may take to end": 5,
        "s: an answer may come late": 0.25,
        "keys of a code": 32,
        "variables of a call": 100,
        "a menu": (3, 5),
        "s: a voicemail": 120,
        "a rating": (5, 10),
    }


@pytest.mark.row("FT-07")
def test_endpoints_are_waited_for_and_left_alone_as_is_documented() -> None:
    breaker = BreakerPolicy()
    assert (breaker.failures, breaker.pause) == (5, 30)
    assert (NUMBER.breaker_failures, NUMBER.breaker_pause) == (5, 30)
    assert (NUMBER.response_timeout, NUMBER.ring_timeout) == (5, 60)
    assert (PLAN_WEBHOOK.response_timeout, PLAN_WEBHOOK.interdigit_timeout) == (5, 3)
    assert (ask_policy.FIRST_PAUSE, ask_policy.MAX_PAUSE, ask_policy.MIN_SECONDS) == (
        0.1,
        0.4,
        0.05,
    )
    assert (retry_policy.MAX_RETRIES, retry_policy.MILLISECONDS) == (5, (100, 30_000))
    assert switchboard.RETRY_SAVING == 1


@pytest.mark.row("FT-07")
def test_deliveries_are_tried_as_is_documented() -> None:
    pauses = [DeliveryPolicy(retries=10).pause(attempts) for attempts in range(1, 11)]
    assert pauses == [30, 120, 480, 1_920, *[3_600] * 6]
    assert MAIL_POLICY.pauses == (60, 180, 540, 1_620, 4_860, *[14_400] * 5)
    retries = [made.most_retries for made in (DeliveryPolicy(), NO_RETRIES, SUBSCRIBER_POLICY)]
    assert retries == [0, 0, 3]
    assert (DeliveryPolicy().breaker_failures, DeliveryPolicy().breaker_pause) == (5, 30)
    assert policy.ANSWER_KEPT == 4_096


@pytest.mark.row("FT-07")
def test_answers_are_read_up_to_what_is_documented() -> None:
    assert (answer_body.MAX_BODY, lenient_json.MAX_DEPTH, lenient_json.MAX_VALUES) == (
        65_536,
        32,
        1_024,
    )
    assert (answer_targets.MAX_TARGETS, answer_targets.MAX_MEMBERS) == (20, 100)
    assert (answer_targets.MAX_ITEMS, answer_targets.MAX_NOTICES) == (1_000, 5)
    assert answer_targets.MAX_MEMBER == 512
    assert (dial_plan_answer.MAX_PAIRS, forwarding_number_answer.MAX_PAIRS) == (100, 100)
    assert (answer_body.MAX_NAME, forwarding_number_answer.MAX_ID) == (128, 18)
    assert (screening.MIN_OUTSIDE_DIGITS, dialling.MAX_DIGITS) == (7, 40)
