"""An example call, to preview requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from switchhook.domain.call import (
    CALLER,
    Call,
    CallerId,
    CallRating,
    CallState,
    Direction,
    Leg,
    LegState,
    SchemePosition,
)
from switchhook.domain.cause import AttemptEnd, Cause, EndedBy, Outcome
from switchhook.domain.event import (
    EVENT_FIELD,
    FOREIGN_KINDS,
    EventAction,
    EventKind,
    EventMail,
    EventWebhook,
)
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import ForwardingNumber
from switchhook.errors import ExpectedError
from switchhook.projectfile.toml.mistakes import did_you_mean
from switchhook.tracking.callers import facts_of_end, manager_facts
from switchhook.webhooks.parameters import CATALOGUE, CallFacts, resolve
from switchhook.webhooks.payload_template import TEMPLATES
from switchhook.webhooks.told import told_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.domain.event import ProjectEvent
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.tryout.lookup import AnyWebhook

MOMENT = "write it like 2018-08-13T11:11:11+03:00"
OUTSIDE, ANSWERS = "380441112233", "380443334455"
"""Numbers outside: who calls, and who is called where there is no account."""
WAITED, TALKED = 8.0, 42.0
"""Seconds of the example call that an event after it tells of."""
SEEN_BEFORE = 300
"""Seconds before the call that the visitor's session began."""
FIRST_CALL = (("calls_before", "0"), ("proper_before", "0"))
"""What is known of the example's caller: it is the first call."""

VISIT: Mapping[str, str] = {
    "call_count": "1",
    "source": "newsletter",
    "medium": "email",
    "campaign": "autumn",
    "keyword": "desk lamp",
    "content": "second banner",
    "google_analytics_id": "1180512345.1700000000",
    "google_analytics_resource_id": "UA-11111111-1",
    "visitor_ip": "203.0.113.7",
    "last_page": "shop.example/lamps?utm_source=newsletter",
    "landing_page": "shop.example/",
    "referrer": "search.example",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "insertion_type": "dynamic",
    "pool_name": "website",
    "additional_number": "3",
    "custom": "example",
    "roistat_visit_id": "17541",
    "event_subject": "4711",
}
"""The example visitor's attributes; a number's own insertion type and pool override them."""


class ExampleError(ExpectedError):
    """A described call cannot be made. The message is a sentence for people."""


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call as a person describes it, in JSON."""

    id: str = "1700000000.000000000001"
    caller: str | None = None
    """Without one, a number outside; of a call that an account makes, the project's first account. Empty: withheld."""
    caller_name: str = ""
    callee: str = ""
    """Empty: the project's first number; of an outgoing call a number outside, of an internal one another account."""
    arrived_at: str = ""
    """ISO 8601 with its zone; empty: now."""
    code: str = "4711"
    """The code that the caller entered for a dial-plan webhook with IVR."""
    facts: dict[str, str] = {}
    """Further facts by the parameter's key, or `custom:city`; they override the example's."""


def read_example(content: bytes) -> Example:
    """Read a described call. Raises ExampleError."""
    try:
        return msgspec.json.decode(content, type=Example)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = ", ".join(Example.__struct_fields__)
        raise ExampleError(f"this describes no call: {error}; it may hold {known}") from error


def example_facts(
    snapshot: ProjectSnapshot, webhook: AnyWebhook, example: Example, *, now: float
) -> CallFacts:
    """Return what `webhook` is told of the example call at the moment that it is asked or told.

    Raises ExampleError where the example gives a fact that is none.
    """
    event = snapshot.event_of[webhook.name] if isinstance(webhook, EventAction) else None
    call = _call(snapshot, example, event, now=now)
    asked = webhook if isinstance(webhook, ForwardingNumber) else None
    told = None if event is None else event.event
    bare = CallFacts(call=call, now=now, webhook=asked, event=told, seq=0 if told is None else 1)
    for key, value in example.facts.items():
        _check_fact(key, value, bare)
    return replace(bare, extra=_known(webhook, bare) | example.facts)


def _known(webhook: AnyWebhook, bare: CallFacts) -> dict[str, str]:
    """Return what is known from outside the call by then: of those that an account makes there is no visitor."""
    call = bare.call
    visit = _visit(webhook, bare) if call.direction is Direction.INCOMING else {}
    return visit | dict(manager_facts(call.snapshot, call.manager)) | facts_of_end(call)


def _visit(webhook: AnyWebhook, bare: CallFacts) -> dict[str, str]:
    number = bare.number
    visit = dict(VISIT)
    if number is not None:
        visit["insertion_type"] = number.insertion_type or visit["insertion_type"]
        visit["pool_name"] = number.pool or visit["pool_name"]
    visit["google_analytics_session_id"] = str(int(bare.call.arrived_at) - SEEN_BEFORE)
    for parameter, argument in _told(webhook):
        if parameter in {"custom", EVENT_FIELD} and argument:
            visit.setdefault(f"{parameter}:{argument}", f"example {argument}")
    return visit


def _told(webhook: AnyWebhook) -> Iterator[tuple[str, str]]:
    """Yield the parameters that a webhook is told, each with its argument."""
    match webhook:
        case ForwardingNumber():
            for field in (*TEMPLATES[webhook.template], *webhook.fields):
                yield field.parameter, field.argument
        case EventWebhook() | EventMail():
            yield from told_by(webhook)
        case _:
            pass


def _check_fact(key: str, value: str, bare: CallFacts) -> None:
    name, _, argument = key.partition(":")
    if name not in CATALOGUE:
        raise ExampleError(f"{key!r} is no parameter; {did_you_mean(name, CATALOGUE)}")
    given = replace(bare, extra={key: value})
    if resolve(name, argument, given).lower() != value.lower():
        raise ExampleError(
            f"{key!r} follows from the call itself; describe the call by"
            f" {', '.join(Example.__struct_fields__[:-1])} instead"
        )


def _call(
    snapshot: ProjectSnapshot, example: Example, told: ProjectEvent | None, *, now: float
) -> Call:
    """Make the call as it is at the moment in question."""
    event = None if told is None else told.event
    outcomes = (Outcome.ANSWERED,) if told is None else told.filter.outcomes
    outcome = Outcome.ANSWERED if not outcomes or Outcome.ANSWERED in outcomes else outcomes[0]
    numbers, direction = snapshot.project.numbers, _direction(event)
    caller_id, callee = _parties(snapshot, example, direction)
    scheme = next((one.scheme for one in numbers if one.number == callee.removeprefix("+")), 0)
    arrived_at = _moment(example.arrived_at) if example.arrived_at else now
    caller = Leg(id=CALLER, target=None, state=LegState.DIALLING, started_at=arrived_at)
    return Call(
        id=example.id,
        snapshot=snapshot,
        direction=direction,
        caller=caller_id,
        callee=callee,
        arrived_at=arrived_at,
        facts=FIRST_CALL if direction is Direction.INCOMING else (),
        **_progress(_callee(snapshot, direction, callee), caller, event, outcome),
        position=SchemePosition(scheme=scheme or next(iter(snapshot.schemes), 0)),
    )


def _direction(event: EventKind | None) -> Direction:
    return Direction.INCOMING if event is None or event.is_foreign else Direction(event.of)


def _parties(
    snapshot: ProjectSnapshot, example: Example, direction: Direction
) -> tuple[CallerId, str]:
    """Return who calls, and what is dialled."""
    numbers, logins = snapshot.project.numbers, [*snapshot.accounts]
    if direction is Direction.INCOMING:
        number = OUTSIDE if example.caller is None else example.caller
        callee = numbers[0].number if numbers else "380442223344"
        return CallerId(number=number, name=example.caller_name), example.callee or callee
    login = (logins or ["101"])[0] if example.caller is None else example.caller
    account = snapshot.accounts.get(login)
    name = example.caller_name or (account.name if account else "")
    callee = OUTSIDE if direction is Direction.OUTGOING else (logins or ["102"])[-1]
    return CallerId(number=login, name=name, account=login), example.callee or callee


def _callee(snapshot: ProjectSnapshot, direction: Direction, callee: str) -> Target:
    """Return what is rung: an incoming call rings the first account."""
    if direction is Direction.OUTGOING:
        return Target(kind=TargetKind.NUMBER, value=callee)
    login = callee if direction is Direction.INTERNAL else next(iter(snapshot.accounts), "")
    if not login:
        return Target(kind=TargetKind.NUMBER, value=ANSWERS)
    return Target(kind=TargetKind.ACCOUNT, value=login)


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ExampleError(f"arrived_at {text!r} is no moment; {MOMENT}") from error
    if moment.tzinfo is None:
        raise ExampleError(f"arrived_at {text!r} names no time zone; {MOMENT}")
    return moment.timestamp()


def _progress(
    target: Target, caller: Leg, event: EventKind | None, outcome: Outcome
) -> dict[str, Any]:
    """Say how far the call has come when an event tells of it; `outcome` is one that is told of."""
    arrived_at, answered_at = caller.started_at, caller.started_at + WAITED
    match event:
        case (
            EventKind.INCOMING_FORWARDING
            | EventKind.OUTGOING_FORWARDING
            | EventKind.INTERNAL_FORWARDING
        ):
            called = _called(target, LegState.DIALLING, arrived_at)
            return {"state": CallState.RINGING, "legs": (caller, called)}
        case (
            EventKind.INCOMING_PICKUP
            | EventKind.INCOMING_RATED
            | EventKind.OUTGOING_PICKUP
            | EventKind.INTERNAL_PICKUP
            | EventKind.INCOMING_TRANSFER
            | EventKind.OUTGOING_TRANSFER
            | EventKind.INTERNAL_TRANSFER
        ):
            called = _called(target, LegState.TALKING, arrived_at, answered_at)
            is_rated = event is EventKind.INCOMING_RATED
            return _talking(caller, called) | {"rating": CallRating(key="5" if is_rated else "")}
        case _ if event in FOREIGN_KINDS:
            return {"legs": (caller, called := _called(target, LegState.TALKING, arrived_at))} | {
                "talking_to": called.id
            }
        case EventKind.INCOMING_AFTER | EventKind.OUTGOING_AFTER | EventKind.INTERNAL_AFTER if (
            outcome is not Outcome.ANSWERED
        ):
            return {
                "state": CallState.ENDED,
                "legs": (caller, _called(target, LegState.ENDED, arrived_at, None, answered_at)),
                "ended_at": answered_at,
                "outcome": outcome,
                "ended_by": EndedBy.SYSTEM,
            }
        case EventKind.INCOMING_AFTER | EventKind.OUTGOING_AFTER | EventKind.INTERNAL_AFTER:
            called = _called(target, LegState.ENDED, arrived_at, answered_at, answered_at + TALKED)
            return _talking(caller, called) | {
                "state": CallState.ENDED,
                "ended_at": answered_at + TALKED,
                "outcome": Outcome.ANSWERED,
                "ended_by": EndedBy.CALLEE,
                "cause": Cause(sip=200, q850=16, text="hung up"),
            }
        case _:
            return {"legs": (caller,)}


def _talking(caller: Leg, called: Leg) -> dict[str, Any]:
    return {
        "state": CallState.TALKING,
        "legs": (caller, called),
        "talking_to": called.id,
        "answered_at": called.answered_at,
    }


def _called(
    target: Target,
    state: LegState,
    at: float,
    answered_at: float | None = None,
    ended_at: float | None = None,
) -> Leg:
    return Leg(
        id="b1",
        target=target,
        state=state,
        started_at=at,
        answered_at=answered_at,
        ended_at=ended_at,
        end=None if ended_at is None else _end(answered_at),
    )


def _end(answered_at: float | None) -> AttemptEnd:
    return AttemptEnd.TIMEOUT if answered_at is None else AttemptEnd.ANSWERED
