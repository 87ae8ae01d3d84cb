"""What a question is about is found by its name, or the message names what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.event import EventKind
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber
from switchhook.operations.project_versions import NoSuchProjectError
from switchhook.operations.projects import apply_project
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.lookup import (
    NoSuchWebhookError,
    applied_snapshot,
    find_routing_webhook,
    find_webhook,
    snapshot_of_file,
)
from tests.support.events import web_event
from tests.support.loop import run
from tests.support.told import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://crm.example/"
NUMBER = ForwardingNumber(name="crm", url=URL)
DIAL_PLAN = DialPlanWebhook(name="pin", url_template=URL)
TOLD = web_event(name="told", event=EventKind.INCOMING_AFTER, url=URL)
PLAN = ProjectSnapshot(
    Project(
        id="shop",
        name="Shop",
        forwarding_numbers=(NUMBER,),
        dial_plan_webhooks=(DIAL_PLAN,),
        events=(TOLD, web_event(name="crm", event=EventKind.INCOMING_AFTER, url=URL)),
    )
)


def test_webhooks_are_found_by_name() -> None:
    assert find_routing_webhook(PLAN, "crm") == find_webhook(PLAN, "crm") == NUMBER
    assert find_routing_webhook(PLAN, "pin") == find_webhook(PLAN, "pin") == DIAL_PLAN
    assert find_webhook(PLAN, "told") == TOLD.webhooks[0]


def test_an_event_webhook_answers_nothing() -> None:
    with pytest.raises(NoSuchWebhookError, match="no routing webhook 'told'; known are crm, pin"):
        find_routing_webhook(PLAN, "told")


def test_a_near_name_is_offered() -> None:
    with pytest.raises(NoSuchWebhookError, match="no webhook 'tolt'; did you mean told"):
        find_webhook(PLAN, "tolt")


def test_names_that_no_table_has_lead_to_where_they_are_set_up() -> None:
    with pytest.raises(NoSuchWebhookError, match=r"not configured; write measurement_id"):
        find_webhook(PLAN, "Google Analytics")
    with pytest.raises(NoSuchWebhookError, match="switchhook scenario test"):
        find_webhook(PLAN, "call tracking")


def test_a_project_without_webhooks_says_so() -> None:
    with pytest.raises(NoSuchWebhookError, match="project x has no webhook 'a'; it has no webhook"):
        find_webhook(ProjectSnapshot(Project(id="x", name="X")), "a")


def test_the_latest_version_is_taken(tmp_path: Path) -> None:
    async def scenario() -> tuple[ProjectSnapshot, ProjectSnapshot]:
        store = await SqliteStore.open(tmp_path / "db")
        await apply_project(store, EXAMPLE)
        await apply_project(store, EXAMPLE.replace("dst_phone", "number"))
        try:
            return await applied_snapshot(store, None), await applied_snapshot(store, "acme")
        finally:
            await store.close()

    only, named = run(scenario())
    assert only == named
    assert only.key == ("acme", 2)
    assert only.webhooks["PHP demo"].name_in_response == "number"


def test_a_project_that_was_never_applied_is_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / "db")
        try:
            await applied_snapshot(store, "acme")
        finally:
            await store.close()

    with pytest.raises(NoSuchProjectError, match="apply a project file first"):
        run(scenario())


def test_a_file_need_not_be_applied() -> None:
    snapshot = snapshot_of_file(EXAMPLE.encode())
    assert isinstance(snapshot, ProjectSnapshot)
    assert snapshot.project.id == "acme"


@pytest.mark.parametrize("content", [b"\xff", b"[project]\nid = 5\n"])
def test_a_file_with_mistakes_gives_them(content: bytes) -> None:
    assert isinstance(snapshot_of_file(content), Mistakes)
