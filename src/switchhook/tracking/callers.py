"""Facts of callers: what a call changes in them, and what a later call is given of them. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.call import Direction
from switchhook.domain.cause import Outcome
from switchhook.domain.numbering import canonical
from switchhook.domain.target import clean_number

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.tracking.caller_history import Attributes, Caller


def outside_number(call: Call) -> str:
    """Return the outside number that a call is with, in the form that callers are kept under.

    Empty where the number is withheld, and for calls among accounts.
    """
    match call.direction:
        case Direction.INCOMING:
            number = "" if call.caller.account else call.caller.number
        case Direction.OUTGOING:
            number = call.callee
        case Direction.INTERNAL:
            number = ""
    return canonical(clean_number(number) or "", call.snapshot.project.dialling)


def after_arrival(caller: Caller, call: Call) -> Caller:
    """Return the caller with a call that has just begun: it counts, or shows a number (A-15, A-18)."""
    if call.direction is Direction.INCOMING:
        return replace(caller, calls=caller.calls + 1, seen_at=call.arrived_at)
    return replace(caller, outbound_number=number_shown(call), seen_at=call.arrived_at)


def after_end(caller: Caller, call: Call) -> Caller:
    """Return the caller with a call that is over: who talked to it last, and whether that was proper."""
    manager = call.manager or caller.manager
    proper = caller.proper_calls + (1 if is_proper(call) else 0)
    return replace(caller, manager=manager, proper_calls=proper)


def news(before: Caller, after: Caller) -> Caller:
    """Return a caller's changes: increments of the counts, and new values.

    Other nodes may have counted meanwhile, so a node adds and never overwrites.
    """
    return replace(
        after,
        calls=after.calls - before.calls,
        proper_calls=after.proper_calls - before.proper_calls,
        manager="" if after.manager == before.manager else after.manager,
        outbound_number=""
        if after.outbound_number == before.outbound_number
        else after.outbound_number,
    )


def facts_at_arrival(caller: Caller, call: Call) -> Attributes:
    """Return what a new call is told; `caller` counts it already. Flags are not known yet [A-16]."""
    facts = []
    if call.direction is Direction.INCOMING:
        facts += [
            ("call_count", str(caller.calls)),
            ("unique_call", "1" if caller.calls == 1 else "0"),
            ("calls_before", str(caller.calls - 1)),
            ("proper_before", str(caller.proper_calls)),
        ]
    facts += manager_facts(call.snapshot, caller.manager)
    return (*facts, ("outbound_number", caller.outbound_number))


def facts_of_end(call: Call) -> dict[str, str]:
    """Return what only a call's end tells: the flags of proper, repeated and target calls (R1-51…66)."""
    before = dict(call.facts)
    if call.outcome is None or call.direction is not Direction.INCOMING:
        return {}
    proper = is_proper(call)
    facts = {"proper": _flag(proper)}
    if "calls_before" in before:
        first, first_proper = before["calls_before"] == "0", before.get("proper_before") == "0"
        facts["repeated"] = _flag(not first)
        facts["unique_target_call"] = _flag(proper and first)
        facts["first_target_call"] = _flag(proper and first_proper)
    return facts


def manager_facts(snapshot: ProjectSnapshot, login: str) -> list[tuple[str, str]]:
    """Return what is told of an account: its login, its person's name, the department (R1-111)."""
    account = snapshot.accounts.get(login)
    if account is None:
        return []
    return [
        ("manager_id", login),
        ("responsible_manager", account.name or login),
        ("department", account.department),
    ]


def dynamic_number_facts(call: Call) -> Attributes:
    """Return the facts of a number that one visitor sees: it is dynamic (R1-71).

    A project that says how the number is shown knows better.
    """
    number = call.snapshot.number(call.callee)
    is_said = number is not None and bool(number.insertion_type)
    return () if is_said else (("insertion_type", "dynamic"),)


def is_proper(call: Call) -> bool:
    """Say whether an incoming call was a conversation as long as the project wants proper ones."""
    if call.direction is not Direction.INCOMING or call.outcome is not Outcome.ANSWERED:
        return False
    if call.answered_at is None or call.ended_at is None:
        return False
    return call.ended_at - call.answered_at >= call.snapshot.project.proper_seconds


def number_shown(call: Call) -> str:
    """Return the number that the called party of an outgoing call sees."""
    trunks = call.snapshot.project.trunks
    return (trunks[0].from_user if trunks else "") or call.caller.number


def _flag(value: bool) -> str:  # noqa: FBT001 (it is the value)
    return "1" if value else "0"
