"""Limits outside calls, counted for each account and project. Pure.

Counts are in memory, so that no call waits for a database; what changed goes into the store with the call
that changed it, so a restart does not begin the day anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.domain.hours import day_of
from switchhook.domain.outside import Allowance, OutsideUse
from switchhook.domain.outside_rules import allowance, is_outside
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.call import Call, Leg

log = structlog.get_logger(__name__)

UsageKey = tuple[str, str]
"""A project, and an account in it; all of the project, where that is empty."""

DAY: Final = 86_400.0
BUSY: Final = 480
"""For a limit that soon lets others through."""
FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """A target may not be rung."""

    why: str
    """A clause, for the timeline."""
    status: int


@dataclass(slots=True, kw_only=True)
class _Outside:
    """One leg outside, of a running call."""

    snapshot: ProjectSnapshot
    keys: tuple[UsageKey, ...]
    target: Target
    answered_at: float | None = None
    is_cut: bool = False
    """Whether its end was ordered, since minutes are over."""


@dataclass(slots=True, kw_only=True)
class _Conversations:
    """Those of an account or project that go on, as sums: there may be hundreds."""

    midnight: float
    """When the day began that they count for, in unix seconds."""
    count: int = 0
    cut: int = 0
    """How many of them were ordered to end."""
    began: float = 0.0
    """The sum of the seconds after midnight at which they began; one of the day before began at midnight."""

    def add(self, outside: _Outside, sign: int) -> None:
        """Count a leg that talks (1), or count it no longer (-1)."""
        if outside.answered_at is not None:
            self.count += sign
            self.cut += sign * outside.is_cut
            self.began += sign * max(0.0, outside.answered_at - self.midnight)

    def seconds(self, now: float) -> float:
        """Return how long they talked today; a clock that was put back makes nobody's time negative."""
        return max(0.0, self.count * (now - self.midnight) - self.began)


class OutsideCallLimiter:
    """Limits outside calls: knows live outside legs, and what each account and project has used today."""

    def __init__(self, used: Iterable[OutsideUse] = ()) -> None:
        self._used: dict[UsageKey, OutsideUse] = {}
        for one in sorted(used, key=lambda use: use.day):
            self._used[one.project, one.account] = one
        self._legs: dict[tuple[str, str], _Outside] = {}
        self._of: dict[UsageKey, dict[tuple[str, str], _Outside]] = {}
        """The same by whom they count for."""
        self._going_on: dict[UsageKey, _Conversations] = {}
        self._over_at: dict[UsageKey, float] = {}
        """When whose minutes are over, if all goes on as it is."""
        self._unsure: set[UsageKey] = set()
        """The accounts whose time is to be computed anew, since a call began or ended."""
        self._told: dict[UsageKey, str] = {}
        """On which day an alarm was raised last."""
        self._unstored: dict[tuple[UsageKey, str], OutsideUse] = {}
        """Unstored usage, by account and day."""

    def begin(self, call: Call, leg: str, target: Target, now: float) -> Forbidden | None:
        """Count a leg that is about to be rung, or say why it may not be. Once counted, it may.

        Prefixes and hours are the engine's; what is no outside number is not counted.
        """
        known = self._legs.get((call.id, leg))
        if known is not None and known.target != target:  # the next turn of a callback's caller
            self._forget(call.id, leg, known)
            known = None
        if known is not None or not is_outside(call.snapshot, target):
            return None
        keys = _keys(call, leg)
        for key in keys:
            forbidden = self._over(call.snapshot, key, now)
            if forbidden is not None:
                self._alarm(key, call, forbidden.why, now)
                return forbidden
        for key in keys:
            self._count(call.snapshot, key, now, calls=1)
        self._keep(call.id, leg, _Outside(snapshot=call.snapshot, keys=keys, target=target))
        return None

    def noticed(self, call: Call, now: float) -> tuple[OutsideUse, ...]:
        """Take the changes of a call's legs; return the increments for the store, to commit with them."""
        for leg in call.legs:
            outside = self._legs.get((call.id, leg.id))
            if outside is None:
                continue
            if outside.answered_at != leg.answered_at:
                self._sum(outside, now, -1)
                outside.answered_at = leg.answered_at
                self._sum(outside, now, 1)
            if not leg.is_live:
                self._end(call.id, leg, outside, now)
        unstored, self._unstored = self._unstored, {}
        return tuple(unstored.values())

    def resume(self, calls: Iterable[Call]) -> None:
        """Take up the outside legs of calls of an earlier process, which counted them."""
        for call in calls:
            for leg in call.legs:
                target = call.target_of(leg)
                if leg.is_live and target is not None and is_outside(call.snapshot, target):
                    outside = _Outside(
                        snapshot=call.snapshot,
                        keys=_keys(call, leg.id),
                        target=target,
                        answered_at=leg.answered_at,
                    )
                    self._keep(call.id, leg.id, outside)
                    for key in outside.keys:
                        self._going_on.pop(key, None)  # summed up when it is asked for
                    self._unsure.update(outside.keys)

    @property
    def has_changed(self) -> bool:
        """Say whether `over_at` may have changed: an outside conversation began or ended."""
        return bool(self._unsure)

    def over_at(self, now: float) -> float | None:
        """Return when the first limit of minutes is reached, if no call begins or ends; None for never.

        It costs by who began or ended to talk, and not by how many do.
        """
        for key in self._unsure:
            found = self._over_at_of(key, now)
            if found is None:
                self._over_at.pop(key, None)
            else:
                self._over_at[key] = found
        self._unsure.clear()
        return min(self._over_at.values(), default=None)

    def _over_at_of(self, key: UsageKey, now: float) -> float | None:
        legs = self._of.get(key)
        if not legs:
            return None
        snapshot = next(reversed(legs.values())).snapshot
        going_on = self._conversations(snapshot, key, now)
        talking = going_on.count - going_on.cut
        if not talking:
            return None
        limit = _allowance(snapshot, key).minutes
        if not limit:
            return None
        left = max(0.0, limit * 60 - self._seconds(snapshot, key, now))
        tomorrow = day_of(now, snapshot.project.time_zone)[1] + DAY
        if (over_at := now + left / talking) < tomorrow:
            return over_at
        return tomorrow + limit * 60 / talking if limit * 60 < DAY * talking else None

    def overdrawn(self, now: float) -> Iterator[tuple[str, str]]:
        """Yield, once, the calls that talk on when their minutes are over, each with whose limit that is."""
        for (call, _), outside in tuple(self._legs.items()):
            if outside.answered_at is None or outside.is_cut:
                continue
            for key in outside.keys:
                limit = _allowance(outside.snapshot, key).minutes
                if limit and self._seconds(outside.snapshot, key, now) >= limit * 60:
                    why = f"the limit of {limit} outside minutes a day of {_whose(key)}"
                    self._raise(key, outside.snapshot, f"calls were cut by {why}", now, call=call)
                    self._sum(outside, now, -1)
                    outside.is_cut = True
                    self._sum(outside, now, 1)
                    yield call, why
                    break

    def _over(self, snapshot: ProjectSnapshot, key: UsageKey, now: float) -> Forbidden | None:
        limits, use = _allowance(snapshot, key), self._today(snapshot, key, now)
        if limits.concurrent_calls and self._live(key) >= limits.concurrent_calls:
            why = f"{_whose(key)} has {limits.concurrent_calls} outside calls at once, which is the limit"
            return Forbidden(why=why, status=BUSY)
        if limits.calls and use.calls >= limits.calls:
            why = f"{_whose(key)} has made {limits.calls} outside calls today, which is the limit"
            return Forbidden(why=why, status=FORBIDDEN)
        if limits.minutes and self._seconds(snapshot, key, now) >= limits.minutes * 60:
            why = f"{_whose(key)} has talked {limits.minutes} minutes outside today, which is the limit"
            return Forbidden(why=why, status=FORBIDDEN)
        return None

    def _live(self, key: UsageKey) -> int:
        return len(self._of.get(key, ()))

    def _keep(self, call: str, leg: str, outside: _Outside) -> None:
        self._legs[call, leg] = outside
        for key in outside.keys:
            self._of.setdefault(key, {})[call, leg] = outside

    def _seconds(self, snapshot: ProjectSnapshot, key: UsageKey, now: float) -> float:
        """Return how long was talked today, with the conversations that go on."""
        going_on = self._conversations(snapshot, key, now).seconds(now)
        return self._today(snapshot, key, now).seconds + going_on

    def _conversations(
        self, snapshot: ProjectSnapshot, key: UsageKey, now: float
    ) -> _Conversations:
        """Return who talks; they are summed up anew when another day has begun."""
        _, midnight = day_of(now, snapshot.project.time_zone)
        going_on = self._going_on.get(key)
        if going_on is None or going_on.midnight != midnight:
            going_on = self._going_on[key] = _Conversations(midnight=midnight)
            for outside in self._of.get(key, {}).values():
                going_on.add(outside, 1)
        return going_on

    def _sum(self, outside: _Outside, now: float, sign: int) -> None:
        """Take a leg out of the sums that it is in before it changes (-1), and in again (1)."""
        for key in outside.keys:
            self._conversations(outside.snapshot, key, now).add(outside, sign)
        if outside.answered_at is not None:
            self._unsure.update(outside.keys)

    def _today(self, snapshot: ProjectSnapshot, key: UsageKey, now: float) -> OutsideUse:
        day, _ = day_of(now, snapshot.project.time_zone)
        use = self._used.get(key)
        if use is None or use.day != day:
            use = self._used[key] = OutsideUse(project=key[0], account=key[1], day=day)
        return use

    def _count(
        self,
        snapshot: ProjectSnapshot,
        key: UsageKey,
        now: float,
        *,
        calls: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Add to what was used today, and to what of it has to be stored."""
        use = self._used[key] = _more(self._today(snapshot, key, now), calls, seconds)
        of_day = key, use.day
        before = self._unstored.get(of_day) or OutsideUse(
            project=use.project, account=use.account, day=use.day
        )
        self._unstored[of_day] = _more(before, calls, seconds)

    def _forget(self, call: str, leg: str, outside: _Outside) -> None:
        del self._legs[call, leg]
        for key in outside.keys:
            del self._of[key][call, leg]
            if not self._of[key]:
                del self._of[key]
                self._going_on.pop(key, None)

    def _end(self, call: str, leg: Leg, outside: _Outside, now: float) -> None:
        self._sum(outside, now, -1)
        self._forget(call, leg.id, outside)
        if leg.answered_at is None:
            return
        _, midnight = day_of(now, outside.snapshot.project.time_zone)
        talked = max(0.0, (leg.ended_at or now) - max(leg.answered_at, midnight))
        for key in outside.keys:
            self._count(outside.snapshot, key, now, seconds=talked)

    def _alarm(self, key: UsageKey, call: Call, why: str, now: float) -> None:
        self._raise(key, call.snapshot, why, now, call=call.id)

    def _raise(
        self, key: UsageKey, snapshot: ProjectSnapshot, why: str, now: float, *, call: str
    ) -> None:
        """Tell the log of the first unusual thing of the day; later ones stand in the calls' timelines."""
        day, _ = day_of(now, snapshot.project.time_zone)
        if self._told.get(key) != day:
            self._told[key] = day
            whose = {"account": key[1]} if key[1] else {}
            log.warning("outside calls limited", project=key[0], **whose, call=call, why=why)


def _more(use: OutsideUse, calls: int, seconds: float) -> OutsideUse:
    return OutsideUse(
        project=use.project,
        account=use.account,
        day=use.day,
        calls=use.calls + calls,
        seconds=use.seconds + seconds,
    )


def _keys(call: Call, leg_id: str) -> tuple[UsageKey, ...]:
    """Return the account that a leg counts for: the one that redirected the call, else the caller."""
    project, leg = call.snapshot.project.id, call.leg(leg_id)
    account = (leg.account if leg else "") or call.caller.account
    return ((project, account), (project, "")) if account else ((project, ""),)


def _allowance(snapshot: ProjectSnapshot, key: UsageKey) -> Allowance:
    return allowance(snapshot, key[1]) if key[1] else snapshot.project.outside.of_project


def _whose(key: UsageKey) -> str:
    return f"account {key[1]}" if key[1] else f"project {key[0]}"
