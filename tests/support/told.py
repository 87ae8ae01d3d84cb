"""A data directory with the past in it: the example project, one call, one failed delivery."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from switchhook.domain.cause import Cause
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import apply_project
from switchhook.projectfile.file import read_project
from switchhook.routing.admission import OfferedCall, Rejection, admit
from switchhook.routing.engine import step
from switchhook.routing.events import (
    CallArrived,
    DirectionGiven,
    LegAnswered,
    LegEnded,
    LegRinging,
)
from switchhook.storage.delivery import Attempt
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.outbox import OutboxContext, call_record

if TYPE_CHECKING:
    from switchhook.routing.events import Event
    from switchhook.storage.delivery import Delivery

EXAMPLE = (Path(__file__).parents[2] / "examples" / "project.toml").read_text(encoding="utf-8")
CALL = "1763692331.000482915513"
BEFORE = f"{CALL}.1.crm%20before"
AFTER = f"{CALL}.4.crm%20after"
BEGAN = 1_763_692_331.0
SALES = Target(kind=TargetKind.NUMBER, value="380443334455")
HUNG_UP = Cause(sip=200, q850=16, text="hung up")


def example_snapshot() -> ProjectSnapshot:
    """Return the example project, ready for calls."""
    project = read_project(EXAMPLE)
    assert isinstance(project, Project)
    return ProjectSnapshot(project)


def events() -> tuple[tuple[float, Event], ...]:
    """Return what the call hears, with seconds since it began."""
    answer = (("request", "GET http://127.0.0.1:8080/route.php"), ("status", "200"))
    return (
        (0.0, CallArrived()),
        (0.012, DirectionGiven(ask=f"{CALL}-1", targets=(SALES,), exchange=answer)),
        (0.1, LegRinging(leg="b1")),
        (2.5, LegAnswered(leg="b1")),
        (14.5, LegEnded(leg="b1", cause=HUNG_UP)),
    )


async def remember(folder: Path, *, is_told: bool = True, is_ended: bool = True) -> None:
    """Store the example project, and a call whose event before was delivered and after was not.

    Without `is_told`, both wait for their first attempt; without `is_ended`, the call runs.
    """
    store = await SqliteStore.open(folder / DATABASE)
    try:
        await apply_project(store, EXAMPLE)
        promised = await _remember_call(store, is_ended=is_ended)
        for delivery in promised if is_told else ():
            await store.record_attempt(attempt(delivery, works=delivery.id == BEFORE))
    finally:
        await store.close()


async def _remember_call(store: SqliteStore, *, is_ended: bool) -> list[Delivery]:
    snapshot = example_snapshot()
    offered = OfferedCall(
        caller="380441112233",
        caller_name="",
        callee="380442223344",
        trunk="carrier",
        project="acme",
    )
    call = admit(offered, ProjectDirectory([snapshot]), call=CALL, now=BEGAN)
    assert not isinstance(call, Rejection)
    promised: list[Delivery] = []
    for after, event in [*events()][: None if is_ended else -1]:
        call, commands = step(call, event, BEGAN + after)
        record = call_record(call, commands, OutboxContext(product="switchhook HTTP Client v0"))
        await store.commit(record)
        promised += record.deliveries
    return promised


def attempt(delivery: Delivery, *, works: bool) -> Attempt:
    """Return the one attempt of a delivery."""
    failure = Failure(kind=FailureKind.STATUS, detail="the endpoint answered 503, not 200")
    return Attempt(
        delivery=delivery.id,
        project=delivery.project,
        number=1,
        at=delivery.occurred_at,
        seconds=0.004,
        status=200 if works else 503,
        failure=None if works else failure,
        answer=b"" if works else b"down for\x1b[2J repair",
    )
