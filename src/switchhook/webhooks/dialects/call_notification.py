"""The call notification dialect, version 2: notifies a subscriber of a call (T-31).

Every notification has the same members, so that none is ever missing to a receiver (that of a transfer has
two more), and a number is always text that is not empty, for receivers that take it apart without a look.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from switchhook.domain.call import CALLER, Direction
from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.notification_options import (
    NO_OPTIONS,
    NotificationDirection,
    NotificationField,
    NotificationOptions,
)
from switchhook.domain.target import TargetKind
from switchhook.domain.webhook import Method
from switchhook.webhooks.e164 import to_e164
from switchhook.webhooks.encoding import JSON_TYPE
from switchhook.webhooks.request_headers import HeaderOptions, Payload, make_request
from switchhook.webhooks.url import no_placeholder, url_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from switchhook.domain.call import Call, Leg
    from switchhook.domain.event import Subscription
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.target import Target
    from switchhook.webhooks.http import HttpRequest

NotificationValue: TypeAlias = (
    "str | int | list[NotificationValue] | dict[str, NotificationValue] | None"
)

VERSION: Final = "v2"
EVERY: Final = "custom"
"""The event name that subscribes to all notifications; REST-hook clients send it."""
WITHHELD: Final = "anonymous"
"""The number of a caller who withheld it: receivers break on null, and some refuse an empty text."""
MAX_INTEGER: Final = 15
"""Digits of a login that can be an integer: JavaScript keeps no more."""


class NotificationStatus(StrEnum):
    """The status of a call in a notification."""

    CREATED = "created"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COLD_TRANSFER = "cold-transfer"
    ENDED = "ended"


STATUS: Mapping[EventKind, NotificationStatus] = MappingProxyType(
    {
        EventKind.INCOMING_BEFORE: NotificationStatus.CREATED,
        EventKind.INCOMING_FORWARDING: NotificationStatus.RINGING,
        EventKind.INCOMING_PICKUP: NotificationStatus.IN_PROGRESS,
        EventKind.INCOMING_TRANSFER: NotificationStatus.COLD_TRANSFER,
        EventKind.INCOMING_AFTER: NotificationStatus.ENDED,
        EventKind.OUTGOING_FORWARDING: NotificationStatus.RINGING,
        EventKind.OUTGOING_PICKUP: NotificationStatus.IN_PROGRESS,
        EventKind.OUTGOING_TRANSFER: NotificationStatus.COLD_TRANSFER,
        EventKind.OUTGOING_AFTER: NotificationStatus.ENDED,
        EventKind.INTERNAL_FORWARDING: NotificationStatus.RINGING,
        EventKind.INTERNAL_PICKUP: NotificationStatus.IN_PROGRESS,
        EventKind.INTERNAL_TRANSFER: NotificationStatus.COLD_TRANSFER,
        EventKind.INTERNAL_AFTER: NotificationStatus.ENDED,
    }
)
"""The notification of each event; what is not in here is told to no subscriber. Outgoing calls
and those between accounts have no `created`, as with the vendor."""

REASON: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.ANSWERED: "completed",
        Outcome.MISSED: "no-answer",
        Outcome.CANCELLED: "no-answer",
        Outcome.ABANDONED: "no-answer",
        Outcome.BUSY: "busy",
        Outcome.REJECTED: "busy",
        Outcome.UNREACHABLE: "failed",
        Outcome.FAILED: "failed",
        Outcome.BLOCKED: "failed",
        Outcome.VOICEMAIL: "no-answer",
    }
)
"""Why a call is over. A call with a message was not answered."""


DIRECTIONS: Mapping[Direction, NotificationDirection] = MappingProxyType(
    {
        Direction.INCOMING: NotificationDirection.INBOUND,
        Direction.OUTGOING: NotificationDirection.OUTBOUND,
        Direction.INTERNAL: NotificationDirection.INTERNAL,
    }
)


def is_subscribed(subscription: Subscription, status: NotificationStatus, call: Call) -> bool:
    """Say whether a subscriber is told of this."""
    if call.direction is Direction.INTERNAL and not subscription.internal:
        return False
    if subscription.event not in {EVERY, status}:
        return False
    return subscription.options is NO_OPTIONS or _admits(subscription.options, call)


def _admits(wanted: NotificationOptions, call: Call) -> bool:
    """Say whether a call passes, as it is at this moment."""
    snapshot = call.snapshot
    if wanted.directions and DIRECTIONS[call.direction] not in wanted.directions:
        return False
    if wanted.numbers:
        called = snapshot.number(call.callee)
        if called is None or called not in map(snapshot.number, wanted.numbers):
            return False
    accounts = {call.caller.account, *(_login(leg) for leg in call.called_legs)} - {""}
    return not wanted.accounts or not accounts.isdisjoint(wanted.accounts)


def _login(leg: Leg) -> str:
    is_account = leg.target is not None and leg.target.kind is TargetKind.ACCOUNT
    return leg.target.value if leg.target is not None and is_account else ""


def notification(
    call: Call, status: NotificationStatus, *, at: float, options: NotificationOptions = NO_OPTIONS
) -> bytes:
    """Write what is told of a call as it is now; `at` is when that happened, in unix seconds."""
    targets = [_party_of(leg, call.snapshot) for leg in _legs(call, status)]
    destination: dict[str, NotificationValue] = {"number": _dialled(call), "targets": list(targets)}
    if status in {NotificationStatus.IN_PROGRESS, NotificationStatus.COLD_TRANSFER} and targets:
        destination["target"] = targets[0]  # early receivers of this version read it here
    precision = "microseconds" if options.microseconds else "seconds"
    told: dict[str, NotificationValue] = {
        "call_id": _text(call.id),
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec=precision),
        "status": status,
        "version": VERSION,
        "direction": "outbound" if call.direction is Direction.OUTGOING else "inbound",
        "caller": _caller(call),
        "destination": destination,
        "reason": "" if call.outcome is None else REASON[call.outcome],
    }
    if status is NotificationStatus.COLD_TRANSFER:
        if call.party != CALLER and (transferred := call.leg(call.party)) is not None:
            told["caller"] = _party_of(transferred, call.snapshot)
        told["merged_id"] = _text(call.id)
        told["redirector"] = _redirector(call)
    if status is NotificationStatus.ENDED:
        told |= {field.value: _FIELDS[field](call) for field in options.fields}
    return msgspec.json.encode(told)


def _waiting_time(call: Call) -> NotificationValue:
    until = call.ended_at if call.answered_at is None else call.answered_at
    return 0 if until is None else int(max(0.0, until - call.arrived_at))


def _recording(call: Call) -> NotificationValue:
    """Return the latest recording; null without one."""
    if not call.recording.finished:
        return None
    made = call.recording.finished[-1]
    return {"id": made.id, "duration": int(made.seconds), "file": _text(made.path)}


_FIELDS: Mapping[NotificationField, Callable[[Call], NotificationValue]] = MappingProxyType(
    {
        NotificationField.DURATION: lambda call: int(call.conversation),
        NotificationField.WAITING_TIME: _waiting_time,
        NotificationField.RECORDING: _recording,
    }
)
"""The further members of `ended`."""


def _redirector(call: Call) -> NotificationValue:
    """Return the account that transferred the call."""
    answering = call.leg(call.talking_to)
    return (
        _account(answering.account, call.snapshot, "") if answering and answering.account else None
    )


def render(
    subscription: Subscription, body: bytes, *, delivery_id: str, product: str
) -> HttpRequest:
    """Build the request that brings a notification to one subscriber. Never raises."""
    address = url_template(subscription.target_url, no_placeholder)
    options = HeaderOptions(user_agent=product, keep_alive=True, id=delivery_id)
    payload = Payload(content_type=JSON_TYPE, body=body)
    return make_request(Method.POST, address, lambda _key, _argument: "", payload, options)


def _legs(call: Call, status: NotificationStatus) -> Iterable[Leg]:
    """Return the targets of this notification: all that ring, or the one that answered."""
    match status:
        case NotificationStatus.CREATED:
            return ()
        case NotificationStatus.RINGING:
            return call.live_called_legs
        case (
            NotificationStatus.IN_PROGRESS
            | NotificationStatus.COLD_TRANSFER
            | NotificationStatus.ENDED
        ):
            answering = call.leg(call.talking_to)
            return () if answering is None else (answering,)


def _caller(call: Call) -> dict[str, NotificationValue]:
    name = call.asks.caller_name or call.caller.name
    if call.caller.account:
        return _account(call.caller.account, call.snapshot, name)
    return _party(_number(call.caller.number, call.snapshot) or WITHHELD, name)


def _dialled(call: Call) -> str:
    """Return the number that the call is for; of an outgoing call, the one that is really dialled."""
    direct = call.position.direct
    return _number(call.callee if direct is None else direct.value, call.snapshot)


def _party_of(leg: Leg, snapshot: ProjectSnapshot) -> dict[str, NotificationValue]:
    target = leg.target
    if target is None:  # the caller's own leg, which does not ring
        return _party(WITHHELD, "")
    if target.kind is TargetKind.ACCOUNT:
        return _account(target.value, snapshot, "")
    return _party(_target_number(target, snapshot), "")


def _target_number(target: Target, snapshot: ProjectSnapshot) -> str:
    """Return an outside number; the whole SIP address when its user is no number."""
    if target.kind is TargetKind.ADDRESS:
        return to_e164(target.user, snapshot.project.country) or _text(target.value)
    return _number(target.value, snapshot)


def _account(login: str, snapshot: ProjectSnapshot, name: str) -> dict[str, NotificationValue]:
    account = snapshot.accounts.get(login)
    login = _text(login)
    return {
        "number": login,
        "name": _text((account.name if account else "") or name) or None,
        "account_number": int(login) if _is_integer(login) else login,
        "user_numbers": [login],
        "user_emails": [account.email] if account and account.email else [],
    }


def _party(number: str, name: str) -> dict[str, NotificationValue]:
    return {
        "number": number,
        "name": _text(name) or None,
        "account_number": None,
        "user_numbers": [],
        "user_emails": [],
    }


def _number(written: str, snapshot: ProjectSnapshot) -> str:
    """Return a number as E.164 has it with its plus, or as it came where that cannot be told."""
    return to_e164(written, snapshot.project.country) or _text(written)


def _is_integer(login: str) -> bool:
    is_short_number = login.isascii() and login.isdigit() and len(login) <= MAX_INTEGER
    return is_short_number and not login.startswith("0")


def _text(value: str) -> str:
    """Return text that can be encoded: half a surrogate pair fits nowhere."""
    return value.encode("utf-8", "replace").decode()
