"""A rehearsal for programs and for people: how many calls would go elsewhere, and each of those with both paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switchhook.operations.rehearsal.draft import Missing
from switchhook.operations.rehearsal.replay import ANSWERED, MESSAGE, REFUSED
from switchhook.views.text import clock, iso, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.operations.rehearsal.draft import Unknown
    from switchhook.operations.rehearsal.jobs import Rehearsal
    from switchhook.operations.rehearsal.replay import CallEnding
    from switchhook.operations.rehearsal.run import CallPath, Diversion, RehearsalCount

WHY: Final = {
    Missing.CALLBACK: "a callback begins with us, and not with a caller",
    Missing.REDIRECTED: "a telephone sent the call elsewhere",
    Missing.RESTART: "a restart of the server came between",
    Missing.OPERATOR: "the call was ended from outside before it came to its end",
    Missing.NOT_ASKED: "a webhook is asked that was not asked then",
    Missing.CUT_ANSWER: "an answer is kept in part only, or without a secret",
    Missing.SLOW_ENDPOINT: "an endpoint gave no answer, and the draft waits longer",
    Missing.NOT_RUNG: "a target rings that did not ring then",
    Missing.RANG_SHORTER: "a target rings longer than it did then",
    Missing.NO_KEY: "the caller is asked for keys that they were not asked for then",
    Missing.UNREADABLE: "what is stored of the call cannot be read by this release",
}
"""What is not known, as a clause."""


def count_as_json(count: RehearsalCount) -> dict[str, Any]:
    """Return what was found so far, without the single calls."""
    return {
        "calls": count.rehearsed,
        "elsewhere": count.elsewhere,
        "same": count.same,
        "unknown": count.unknown.total(),
        "unknown_by_reason": {kind.value: number for kind, number in count.unknown.most_common()},
        "reached": iso(count.reached),
    }


def as_json(one: Rehearsal) -> dict[str, Any]:
    """Return a rehearsal and how far it got."""
    wanted = one.wanted
    return {
        "number": one.number,
        "project": wanted.project,
        "draft": wanted.name,
        "since": iso(wanted.since),
        "until": iso(wanted.until),
        "by": wanted.by,
        "started_at": iso(one.started_at),
        "state": one.state.value,
        "ended_at": iso(one.ended_at),
        "trouble": one.trouble or None,
        **count_as_json(one.count),
    }


def diversion_as_json(one: Diversion) -> dict[str, Any]:
    """Return a call that would go elsewhere, with both paths."""
    return {
        "call": one.call,
        "arrived_at": iso(one.arrived_at),
        "caller": one.caller,
        "callee": one.callee,
        "stored": _way(one.stored),
        "rehearsed": _way(one.rehearsed),
        "unknown": None
        if one.unknown is None
        else {"reason": one.unknown.missing.value, "of": one.unknown.what or None},
    }


def _way(one: CallPath) -> dict[str, Any]:
    ending = one.route.ending
    return {
        "path": one.path,
        "ending": None if ending is None else ending.how,
        "answered_by": ending.what if ending is not None and ending.how == ANSWERED else None,
        "sip": int(ending.what)
        if ending is not None and ending.how not in {ANSWERED, MESSAGE} and ending.what
        else None,
    }


def summary(count: RehearsalCount) -> Iterator[str]:
    """Yield what was found, in lines for people."""
    calls = "call" if count.rehearsed == 1 else "calls"
    if not count.rehearsed:
        yield "no call came in that time, so there was nothing to rehearse"
        return
    yield f"{count.elsewhere:,} of {count.rehearsed:,} {calls} would go elsewhere"
    unknown = count.unknown.total()
    if unknown:
        yield f"{unknown:,} cannot be rehearsed to {'its' if unknown == 1 else 'their'} end:"
        for kind, number in count.unknown.most_common():
            yield f"  {number:,}: {WHY[kind]}"


def diversion_lines(one: Diversion) -> Iterator[str]:
    """Yield a call that would go elsewhere, in lines for people."""
    caller = one_line(one.caller) or "withheld"
    yield f"{one.call}  {clock(one.arrived_at)}  {caller} → {one_line(one.callee)}"
    yield f"    went   {way(one.stored)}"
    yield f"    would  {way(one.rehearsed, one.unknown)}"


def way(taken: CallPath, unknown: Unknown | None = None) -> str:
    """Return one way of a call in words; `unknown` is where the stored call tells no more of it."""
    path = one_line(taken.path) or "nowhere"
    if taken.route.ending is not None:
        return f"{path}; {_ended(taken.route.ending)}"
    if unknown is None:
        return path
    of = f" ({one_line(unknown.what)})" if unknown.what else ""
    return f"{path}; not known from there on: {WHY[unknown.missing]}{of}"


def _ended(ending: CallEnding) -> str:
    match ending.how:
        case how if how == ANSWERED:
            return f"{one_line(ending.what)} answered"
        case how if how == MESSAGE:
            return "a message was recorded"
        case how if how == REFUSED:
            return f"refused with {ending.what}"
        case how:
            return f"{how.replace('_', ' ')} ({ending.what})" if ending.what else how
