"""A project that is exported, wiped and applied again tells the same calls in the same bytes (S-76)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchhook.operations.project_versions import export_project
from switchhook.operations.projects import Applied, apply_project
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.lookup import applied_snapshot
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.support.loop import run

if TYPE_CHECKING:
    from switchhook.storage.delivery import DeliveryRequest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXTRA = """
[call_tracking]
moment_url = "crm.example.com/moment"
after_url = "crm.example.com/after?key=secret"

[[events.mails]]
name = "desk"
to = ["desk@example.com"]
subject = "Call from {{caller_id}}"
"""
DOCUMENT = (EXAMPLES / "project.toml").read_text(encoding="utf-8") + EXTRA
CALLS = (
    Script(caller="380501112233", callee="380442223344", caller_name='"; X: y\\r\\nEvil: 1'),
    Script(caller="", callee="380442223344", phones={"101": "busy", "102": "rings"}),
    Script(caller="101", callee="380671234567"),
)


async def told(document: str) -> tuple[str, dict[str, DeliveryRequest]]:
    """Apply a document to an empty store; return what is exported, and what calls are told in."""
    store = await SqliteStore.open(None)
    applied = await apply_project(store, document)
    assert isinstance(applied, Applied), applied
    snapshot = await applied_snapshot(store, None)
    exported = await export_project(store, None)
    await store.close()
    requests: dict[str, DeliveryRequest] = {}
    for number, script in enumerate(CALLS):
        answered = dict.fromkeys(snapshot.webhooks, (b'{"dst_phone":"102"}',))
        asked = replace(script, answers=answered)
        done = await simulate_call(snapshot, asked, now=1_000.0, product="Switchhook/1")
        requests |= {f"{number} {one.id}": one.request for one in done.deliveries}
    return exported, requests


@pytest.mark.row("S-76")
def test_what_comes_back_tells_calls_in_the_same_bytes() -> None:
    exported, requests = run(told(DOCUMENT))
    again, repeated = run(told(exported))

    assert len(requests) > len(CALLS) * 2
    assert repeated == requests
    assert again == exported
