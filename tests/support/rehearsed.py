"""Calls that were simulated and stored, so that a draft can be rehearsed on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from switchhook.operations.rehearsal.draft import Draft
from switchhook.operations.rehearsal.replay import Replay, replay
from switchhook.storage.records import CallRecord
from switchhook.storage.sqlite.rows import call_to_row, entry_to_row
from switchhook.storage.trails import CallTrail, TrailEntry
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import CallSimulation, simulate_call
from tests.support.loop import run
from tests.support.snapshots import CUSTOMER, DIALLED

if TYPE_CHECKING:
    from typing import Any

    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.sqlite.store import SqliteStore

BEGAN = 1_760_000_000.0
"""When simulated calls arrive, in unix seconds."""
LESS_FILE = f"""\
[project]
id = "shop"
name = "Shop"

[[numbers]]
number = "{DIALLED}"
scheme = 1

[[accounts]]
login = "mary"
password = "mary-at-her-desk"

[[accounts]]
login = "john"
password = "john-at-his-desk"

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ring = ["mary"]
"""
"""A project file: Mary alone rings."""
HOUSE_FILE = f"""{LESS_FILE}
[[schemes.steps]]
ring = ["john"]
"""
"""The same, and John rings behind her."""


async def simulate(within: ProjectSnapshot, *, at: float = BEGAN, **script: Any) -> CallSimulation:
    """Let the customer call, to the call's end."""
    told = Script(**({"caller": CUSTOMER, "callee": DIALLED} | script))
    return await simulate_call(within, told, now=at, product="UA")


def simulated(within: ProjectSnapshot, *, at: float = BEGAN, **script: Any) -> CallSimulation:
    """Do the same where no loop runs."""
    return run(simulate(within, at=at, **script))


async def store_calls(store: SqliteStore, within: ProjectSnapshot, calls: int = 7) -> None:
    """Store calls, a minute apart: every third finds Mary busy."""
    for number in range(calls):
        phones = {"mary": "busy"} if number % 3 == 0 else {}
        made = await simulate(within, at=BEGAN + 60 * number, phones=phones)
        await store.commit(record_of(made, f"call-{number}"))


def record_of(made: CallSimulation, name: str = "") -> CallRecord:
    """Return what a store is given of it, under another name if wanted."""
    call = made.call
    assert call is not None
    if name:
        call = replace(call, id=name)
    return CallRecord(call=call, entries=made.journal)


def trail_of(made: CallSimulation) -> CallTrail:
    """Return what a store gives of it."""
    record = record_of(made)
    call: Call = record.call
    trail = msgspec.json.decode(str(call_to_row(call, "main")[-1]), type=CallTrail)
    for entry in record.entries:
        _, _, _, _, kind, _, text, facts = entry_to_row("shop", call.id, entry)
        is_message = kind == "step" and '["step","voicemail"]' in str(facts)
        if is_message or kind in {"asked", "answer", "ask_failed", "keyed", "resumed"}:
            trail.entries.append(TrailEntry(entry.at, str(kind), str(text), str(facts)))
    return trail


def rehearsed(made: CallSimulation, draft: ProjectSnapshot) -> Replay:
    """Replay it under a draft."""
    return replay(trail_of(made), Draft(draft))
