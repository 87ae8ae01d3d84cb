"""The ledger: what the product accepted, what arrived, and what the product lists; and whether that is all of one story.

Accepted is delivered or listed with a reason. What a crash repeats was in flight, and comes with the same id and bytes.
The events of a call come to a receiver in their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

PENDING: Final = "pending"
OWED: Final = frozenset({PENDING, "parked"})
"""The states of what is not settled."""
DELIVERED: Final = "delivered"


class Receipt(NamedTuple):
    """A whole request that arrived."""

    sink: str
    """The receiver, an origin."""
    id: str
    content: bytes
    """The request, head and body."""
    status: int
    """The answer's; 0 where none was given."""


Listed = Mapping[str, Any]
"""A delivery in the product's own JSON."""


@dataclass(kw_only=True)
class Ledger:
    """Receipts and lists over the lives of a process. `problems` says what went wrong, at most once each."""

    in_flight: int
    """Deliveries that may be repeated after one kill."""
    events: Mapping[str, int]
    """To how many webhooks each event of a call is told."""
    is_patient: bool = True
    """Whether exchanges may take so long that each answer comes in time, on a busy machine too."""
    accepted: set[tuple[str, str]] = field(default_factory=set)
    """Call and event."""
    receipts: list[Receipt] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    """After each kill: how many of its deliveries had arrived and were not recorded."""
    problems: list[str] = field(default_factory=list)
    _excess: Counter[str] = field(default_factory=Counter)

    def killed(self, listed: Iterable[Listed]) -> None:
        """Judge a kill: what arrived without being recorded was in flight, and is owed still."""
        rows = list(listed)
        excess = self._unrecorded(rows)
        state = {row["id"]: row["state"] for row in rows}
        new = excess - self._excess
        for name, count in new.items():
            if count > 1 or state.get(name) not in OWED:
                self._wrong(
                    f"{name} arrived {count} times more than recorded, and is {state.get(name)}"
                )
        if len(new) > self.in_flight:
            self._wrong(f"{len(new)} deliveries were in flight, {self.in_flight} may be")
        self.repeated.append(len(new))
        self._excess = excess

    def settled(self, listed: Iterable[Listed]) -> None:
        """Judge the end: everything is settled, and as it arrived."""
        rows = list(listed)
        for name, count in (self._unrecorded(rows) - self._excess).items():
            self._wrong(f"{name} arrived {count} times more than recorded, and nothing was killed")
        self._judge_states(rows)
        self._judge_accepted(rows)
        self._judge_contents()
        self._judge_order(rows)

    def _unrecorded(self, rows: list[Listed]) -> Counter[str]:
        """Count how often each delivery was answered beyond its recorded attempts."""
        came = Counter(receipt.id for receipt in self.receipts if receipt.status)
        tried = {row["id"]: row["latest"]["number"] if row["latest"] else 0 for row in rows}
        for name in came.keys() - tried.keys():
            self._wrong(f"{name} arrived and was never promised")
        return Counter({name: count - tried.get(name, 0) for name, count in came.items()})

    def _judge_states(self, rows: list[Listed]) -> None:
        answered = defaultdict(set)
        for receipt in self.receipts:
            answered[receipt.id].add(receipt.status)
        for row in rows:
            name, state = row["id"], row["state"]
            if state in OWED:
                self._wrong(f"{name} is {state} for ever")
            elif state == DELIVERED and 200 not in answered[name]:
                self._wrong(f"{name} is called delivered, and never arrived")
            elif state != DELIVERED and 200 in answered[name] and self.is_patient:
                self._wrong(f"{name} is called {state}, and was answered 200")
            elif state != DELIVERED and not _reason(row):
                self._wrong(f"{name} is {state} without a reason")

    def _judge_accepted(self, rows: list[Listed]) -> None:
        told = Counter((row["call"], row["event"]) for row in rows)
        for call, event in self.accepted:
            if told[call, event] != self.events.get(event, 0):
                self._wrong(
                    f"{event} of call {call} was accepted, and has {told[call, event]} deliveries"
                )

    def _judge_contents(self) -> None:
        contents = defaultdict(set)
        for receipt in self.receipts:
            contents[receipt.id].add(receipt.content)
        for name, found in contents.items():
            if len(found) > 1:
                self._wrong(f"{name} came with {len(found)} different contents")

    def _judge_order(self, rows: list[Listed]) -> None:
        place = {row["id"]: (row["call"], row["seq"]) for row in rows}
        last: dict[tuple[str, str], int] = {}
        for receipt in self.receipts:
            call, seq = place.get(receipt.id, ("", 0))
            if seq < last.get((receipt.sink, call), 0):
                self._wrong(f"{receipt.id} came to {receipt.sink} after a later event of its call")
            last[receipt.sink, call] = seq

    def _wrong(self, what: str) -> None:
        if what not in self.problems:
            self.problems.append(what)


def _reason(row: Listed) -> str:
    latest = row["latest"] or {}
    return str(row.get("reason") or latest.get("detail") or "")
