"""Callers, visits and shown numbers in memory, so that no call waits for the database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.tracking.caller_history import VISIT_PARAMETERS, Caller
from switchhook.tracking.callers import (
    after_arrival,
    after_end,
    dynamic_number_facts,
    facts_at_arrival,
    facts_of_end,
    manager_facts,
    news,
    outside_number,
)
from switchhook.tracking.shared_memory import SharedMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from switchhook.domain.call import Call
    from switchhook.domain.tracking.caller_history import Attributes, ShownNumber, Visit, VisitCall

MAX_CALLERS = 1_000_000
"""Callers to load at the start, about 300 bytes each, the latest first."""
MAX_VISITS = 50_000
"""Visits that are held of all projects, and calls that were attached to one; see SharedMemory for which go first."""

ProjectKey = tuple[str, str]
"""A project's id, and a number or id in it."""


class Memory:
    """The tracking memory: loaded at the start, updated by calls and by reported visits."""

    def __init__(
        self,
        *,
        callers: Iterable[Caller] = (),
        visits: Iterable[Visit] = (),
        shown: Iterable[ShownNumber] = (),
        calls: Iterable[VisitCall] = (),
    ) -> None:
        """`visits` come oldest first."""
        self._callers: dict[ProjectKey, Caller] = {(c.project, c.number): c for c in callers}
        self._visits: SharedMemory[Visit] = SharedMemory(MAX_VISITS)
        for visit in visits:
            self._visits.put(visit.project, visit.id, visit)
        self._shown: dict[ProjectKey, ShownNumber] = {(s.project, s.number): s for s in shown}
        self._calls: SharedMemory[VisitCall] = SharedMemory(MAX_VISITS)
        for attached in calls:
            self._calls.put(attached.project, attached.call, attached)

    def admit(self, call: Call) -> tuple[Call, tuple[Caller, ...]]:
        """Return a new call with the facts about its caller, and the changes for the store.

        The call keeps these facts until it ends, whatever other calls do meanwhile.
        """
        known: Attributes = self._facts_of_visitor(call)
        number = outside_number(call)
        if not number:
            return call.changed(facts=known), ()
        key = call.snapshot.project.id, number
        before = self._callers.get(key) or Caller(project=key[0], number=number)
        caller = self._callers[key] = after_arrival(before, call)
        known = (*facts_at_arrival(caller, call), *known)
        return call.changed(facts=known), (news(before, caller),)

    def imported(
        self, call: Call, visit: Visit | None
    ) -> tuple[Call, tuple[Caller, ...], Callable[[], None]]:
        """Return a call that was made elsewhere with the facts about its caller, the changes for the store, and what keeps them.

        `visit` saw the number when the call came. Nothing is kept before the last is called: the call may not be stored.
        """
        known: Attributes = () if visit is None else (*dynamic_number_facts(call), *visit.facts)
        known = (*known, *call.facts)
        number = outside_number(call)
        if not number:
            return call.changed(facts=known), (), _nothing
        key = call.snapshot.project.id, number
        before = self._callers.get(key) or Caller(project=key[0], number=number)
        seen = replace(after_arrival(before, call), seen_at=max(before.seen_at, call.arrived_at))
        told = call.changed(facts=(*facts_at_arrival(seen, call), *known))
        after = after_end(seen, told)

        def keep() -> None:
            self._callers[key] = after

        return told, (news(before, after),), keep

    def ended(self, call: Call) -> tuple[Caller, ...]:
        """Take what an ended call leaves behind; return what has to be added to it in the store. Once a call."""
        project, number = call.snapshot.project.id, outside_number(call)
        caller = self._callers.get((project, number))
        if caller is None:
            return ()
        after = after_end(caller, call)
        if after == caller:
            return ()
        self._callers[project, number] = after
        return (news(caller, after),)

    def let_go(self, call: Call) -> Call:
        """Forget whose visit an ended call was; return the call with what that visit tells, for what is told later."""
        kept = call.changed(facts=tuple(self._with_visit(call).items()))
        self._calls.pop(call.snapshot.project.id, call.id)
        return kept if kept.facts != call.facts else call

    def facts_of(self, call: Call) -> Mapping[str, str]:
        """Return what a webhook may be told of a call from outside it, under parameters' keys."""
        facts = self._with_visit(call)
        facts |= manager_facts(call.snapshot, call.manager)
        return facts | facts_of_end(call)

    def _with_visit(self, call: Call) -> dict[str, str]:
        facts = dict(call.facts)
        project = call.snapshot.project.id
        attached = self._calls.get(project, call.id)
        if attached is not None and (found := self._visits.get(project, attached.visit)):
            if facts.get("visit_id", found.id) != found.id:
                facts = _without_visit(facts)
            facts |= found.facts
        return facts

    def visit(self, project: str, visit: str) -> Visit | None:
        """Return a visit that was told of."""
        return self._visits.get(project, visit)

    def put_visit(self, visit: Visit) -> None:
        """Keep what is known of a visit now, in place of what was."""
        self._visits.put(visit.project, visit.id, visit)

    def show_number(self, shown: ShownNumber) -> None:
        """Keep who sees a number now, in place of who did."""
        self._shown[shown.project, shown.number] = shown

    def attach_call(self, attached: VisitCall) -> None:
        """Let a call that runs belong to a visit."""
        self._calls.put(attached.project, attached.call, attached)

    def forget(self, *, before: float) -> None:
        """Let go of what was last seen before a moment, as the store does."""
        self._callers = {k: c for k, c in self._callers.items() if c.seen_at >= before}
        self._visits.keep(lambda visit: visit.seen_at >= before)
        self._shown = {k: s for k, s in self._shown.items() if s.until >= before}
        self._calls.keep(lambda attached: attached.told_at >= before)

    def erase(self, project: str, number: str, visits: tuple[str, ...]) -> None:
        """Forget a caller, and visits with the numbers that their visitors see."""
        self._callers.pop((project, number), None)
        for visit in visits:
            self._visits.pop(project, visit)
        gone = {(project, visit) for visit in visits}
        self._shown = {k: s for k, s in self._shown.items() if (s.project, s.visit) not in gone}

    def _facts_of_visitor(self, call: Call) -> Attributes:
        """Return the attributes of the visit that sees the dialled number now."""
        project = call.snapshot.project.id
        shown = self._shown.get((project, call.callee.removeprefix("+")))
        if shown is None or shown.until < call.arrived_at:
            return ()
        visit = self._visits.get(project, shown.visit)
        return () if visit is None else (*dynamic_number_facts(call), *visit.facts)


def _nothing() -> None:
    """Keep nothing: the call has no outside number."""


def _without_visit(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts of a call without those of the visit that saw its number: the call is another's.

    How the number was shown, and its pool, are facts of the number.
    """
    of_visit = VISIT_PARAMETERS - {"insertion_type", "pool_name"}
    return {key: value for key, value in facts.items() if key.partition(":")[0] not in of_visit}
