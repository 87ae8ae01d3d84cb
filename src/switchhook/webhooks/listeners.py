"""Selects the actions that an event of a call brings about. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.event import NO_FILTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.call import Call
    from switchhook.domain.event import EventAction, EventFilter, EventKind


def actions_at(call: Call, kind: EventKind) -> Iterator[EventAction]:
    """Yield the actions at this moment of this call, in the order of the project file."""
    for event in call.snapshot.events:
        if event.event is kind and admits(event.filter, call):
            yield from event.actions


def admits(wanted: EventFilter, call: Call) -> bool:
    """Say whether a filter lets a call pass, as the call is at this moment (T-29)."""
    if wanted is NO_FILTER:
        return True
    number = call.snapshot.number(call.callee)
    account = call.snapshot.accounts.get(call.manager)
    return (
        _fits(wanted.outcomes, call.outcome)
        and _fits(wanted.numbers, number and number.number)
        and _fits(wanted.schemes, call.position.scheme)
        and _fits(wanted.accounts, account and account.login)
        and _fits(wanted.departments, account and account.department)
        and wanted.withheld in {None, not call.caller.number}
        and wanted.min_duration <= call.conversation
        and (wanted.max_duration is None or call.conversation <= wanted.max_duration)
    )


def _fits(allowed: tuple[object, ...], value: object) -> bool:
    return not allowed or value in allowed
