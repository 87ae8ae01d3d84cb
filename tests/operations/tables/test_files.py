"""A table answers asks in place of an endpoint, is taken again when its file changes, and one with mistakes never is."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from switchhook.domain.failure import FailureKind
from switchhook.domain.journal import EntryKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import HangUpStep, RingDestinationStep
from switchhook.operations.tables import files as module
from switchhook.operations.tables.files import (
    TableError,
    TableFiles,
    import_table,
    load,
    missing_files,
    path_of,
    remove_table,
    tables_there,
)
from switchhook.operations.tables.table import DestinationTable
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.tasks import spawn
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import CallSimulation, simulate_call
from switchhook.views.exchanges import exchanges_of
from switchhook.views.path import path_of as way_of
from switchhook.webhooks.dialects.table import TableQuestion
from switchhook.webhooks.http import Exchange, HttpRequest
from tests.support.loop import run
from tests.support.snapshots import ASK, CUSTOMER, DIALLED, JOHN, PIN, ask_pin, ring, snapshot

if TYPE_CHECKING:
    from pathlib import Path

VIP = f"caller,destination,name\n{CUSTOMER},mary,Anna\n".encode()
OTHER = VIP.replace(b"mary", b"olga")


def house(**changes: Any) -> ProjectSnapshot:
    project = snapshot(ASK, ring(JOHN), pin=PIN).project
    told = {"url": "table:vip", "caller_name_in_response": "name"}
    crm = replace(project.forwarding_numbers[0], **(told | changes))
    return ProjectSnapshot(replace(project, forwarding_numbers=(crm,)))


def call(tables: TableFiles, within: ProjectSnapshot, **script: Any) -> CallSimulation:
    told = Script(**({"caller": CUSTOMER, "callee": DIALLED} | script))
    return run(simulate_call(within, told, now=1000.0, product="UA", tables=tables))


def test_a_table_answers_as_a_webhook_would_and_the_journal_has_it(tmp_path: Path) -> None:
    within = house()
    assert isinstance(import_table(tmp_path, VIP, within, "vip"), DestinationTable)

    made = call(TableFiles(tmp_path, lambda _: within), within)

    assert way_of(made.journal) == "webhookNumber:7 → mary"
    (asked,) = exchanges_of(made.journal)
    assert (asked["request"], asked["status"], asked["answer"]) == ("LOOKUP table:vip", 200, "mary")
    assert asked["body"] == '{"dst_phone":"mary","name":"Anna"}'
    assert made.call is not None
    assert made.call.asks.caller_name == "Anna"


def test_a_call_without_a_row_goes_to_the_next_step(tmp_path: Path) -> None:
    within = house()
    import_table(tmp_path, VIP, within, "vip")

    made = call(TableFiles(tmp_path, lambda _: within), within, caller="380509999999")

    failed = next(one for one in made.journal if one.kind is EntryKind.ASK_FAILED)
    assert (failed.text, dict(failed.facts)["kind"]) == (
        "table vip has no row for this call",
        "table",
    )
    assert way_of(made.journal).endswith("phone:30 → john")


def test_a_table_that_is_not_there_is_named_and_opens_no_breaker(tmp_path: Path) -> None:
    within = house()
    tables = TableFiles(tmp_path, lambda _: within)
    for _ in range(7):
        made = call(tables, within)
        failed = next(one for one in made.journal if one.kind is EntryKind.ASK_FAILED)
        assert failed.text.startswith(f"table vip: there is no {tmp_path}")


def test_a_code_opens_the_branch_of_its_row_and_is_not_written_down(tmp_path: Path) -> None:
    pin = replace(PIN, url_template="table:pins")
    within = snapshot(ask_pin(RingDestinationStep(), failed=(HangUpStep(status=603),)), pin=pin)
    import_table(tmp_path, b"code,destination\n0042,mary\n", within, "pins")
    tables = TableFiles(tmp_path, lambda _: within)

    made = call(tables, within, digits=("1111#", "0042#"))

    assert way_of(made.journal).endswith("mary")
    assert "0042" not in str(made.journal)
    answers = [one.text for one in made.journal if one.kind is EntryKind.ANSWER]
    assert answers == ["NAK (HTTP 200)", "ACK"]


@pytest.mark.parametrize("form", ["http", "json-rpc"])
def test_every_way_of_reading_answers_reads_a_row(tmp_path: Path, form: str) -> None:
    from switchhook.domain.webhook import Encoding  # noqa: PLC0415

    within = house(import_=Encoding(form), rpc_method="route")
    import_table(tmp_path, VIP, within, "vip")

    made = call(TableFiles(tmp_path, lambda _: within), within)

    assert way_of(made.journal) == "webhookNumber:7 → mary"


def test_a_changed_file_is_taken_and_one_with_mistakes_is_not(tmp_path: Path) -> None:
    within = house()
    tables = TableFiles(tmp_path, lambda _: within)
    path = path_of(tmp_path, "shop", "vip")

    def changed(content: bytes, at: int) -> str:
        path.write_bytes(content)
        os.utime(path, ns=(at, at))
        run(tables.refresh())
        return way_of(call(tables, within).journal)

    import_table(tmp_path, VIP, within, "vip")
    assert way_of(call(tables, within).journal).endswith("mary")
    assert changed(OTHER, 1).endswith("olga")
    assert changed(b"caller,destination\nx,y\n", 2).endswith("olga")
    assert changed(VIP, 3).endswith("mary")
    path.unlink()
    run(tables.refresh())
    assert way_of(call(tables, within).journal).endswith("mary")


def test_a_table_that_nobody_asks_any_more_is_let_go(tmp_path: Path) -> None:
    within = house()
    now = [within]
    tables = TableFiles(tmp_path, lambda _: now[0])
    import_table(tmp_path, VIP, within, "vip")
    call(tables, within)
    now[0] = house(url="https://crm.example/")
    run(tables.refresh())
    now[0] = within
    path_of(tmp_path, "shop", "vip").write_bytes(OTHER)
    assert way_of(call(tables, within).journal).endswith("olga")


def test_callers_who_come_at_once_wait_for_one_reading_and_no_longer_than_they_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    within, read, may_go_on = house(), [], threading.Event()
    import_table(tmp_path, VIP, within, "vip")

    def slowly(path: Path, snapshot: ProjectSnapshot, name: str) -> DestinationTable | Mistakes:
        read.append(path)
        assert may_go_on.wait(20)
        return load(path, snapshot, name)

    monkeypatch.setattr(module, "load", slowly)
    tables = TableFiles(tmp_path, lambda _: within)
    question = TableQuestion(caller=CUSTOMER, dialled=DIALLED)
    request = HttpRequest(
        method="LOOKUP", url="table:vip", headers=(), body=msgspec.json.encode(question)
    )
    webhook = within.project.forwarding_numbers[0]

    async def scenario() -> None:
        async def ask(seconds: float) -> Exchange:
            return await tables.exchange(request, webhook, within, seconds)

        late = await asyncio.gather(*(ask(0.05) for _ in range(20)))
        assert {one.failure.kind for one in late if one.failure} == {FailureKind.TABLE}
        assert "is still being read after" in str(late[0].failure)
        patient = spawn(ask(20.0), name="ask")
        await asyncio.sleep(0)
        may_go_on.set()
        assert (await patient).response is not None
        assert len(read) == 1

    run(scenario())


def test_tables_are_read_before_anybody_calls(tmp_path: Path) -> None:
    within = house()
    import_table(tmp_path, VIP, within, "vip")
    (tmp_path / "tables" / "gone").mkdir()
    tables = TableFiles(tmp_path, lambda project: within if project == "shop" else None)

    async def scenario() -> None:
        watching = spawn(tables.watch(), name="watch")
        while ("shop", "vip") not in tables._kept:  # noqa: ASYNC110 -- a thread reads
            await asyncio.sleep(0.005)
        watching.cancel()

    run(scenario())


def test_a_table_is_checked_anew_when_its_project_changes(tmp_path: Path) -> None:
    before = house()
    olga = tuple(one for one in before.project.accounts if one.login == "olga")
    others = tuple(one for one in before.project.accounts if one.login != "olga")
    without = replace(before.project, accounts=others, groups=(), version=2)
    now = [ProjectSnapshot(without)]
    tables = TableFiles(tmp_path, lambda _: now[0])
    path = path_of(tmp_path, "shop", "vip")
    path.parent.mkdir(parents=True)
    path.write_bytes(OTHER)

    assert not way_of(call(tables, now[0]).journal).startswith("webhookNumber:7 → olga")
    now[0] = ProjectSnapshot(replace(without, accounts=(*others, *olga), version=3))
    run(tables.refresh())
    assert way_of(call(tables, now[0]).journal) == "webhookNumber:7 → olga"


def test_another_file_of_the_same_size_and_moment_is_taken(tmp_path: Path) -> None:
    within = house()
    tables = TableFiles(tmp_path, lambda _: within)
    path = path_of(tmp_path, "shop", "vip")
    for content, found in ((VIP, "mary"), (OTHER, "olga")):
        import_table(tmp_path, content, within, "vip")
        os.utime(path, ns=(1, 1))
        run(tables.refresh())
        assert way_of(call(tables, within).journal).endswith(found)


def test_a_project_has_so_many_tables_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TABLES", 2)
    within = house()
    for name in ("a", "b", "a"):
        import_table(tmp_path, VIP, within, name)
    with pytest.raises(TableError, match="the project has 2 tables; remove one"):
        import_table(tmp_path, VIP, within, "c")


def test_files_are_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.001)
    looked = asyncio.Event()

    async def scenario() -> None:
        tables = TableFiles(tmp_path, lambda _: None)

        async def refresh() -> None:
            looked.set()

        monkeypatch.setattr(tables, "refresh", refresh)
        watching = spawn(tables.watch(), name="watch")
        await looked.wait()
        watching.cancel()

    run(scenario())


def test_a_table_with_mistakes_is_not_kept(tmp_path: Path) -> None:
    within = house()
    import_table(tmp_path, VIP, within, "vip")
    assert isinstance(import_table(tmp_path, b"caller\n", within, "vip"), Mistakes)
    assert path_of(tmp_path, "shop", "vip").read_bytes() == VIP
    assert tables_there(tmp_path, "shop") == ("vip",)
    remove_table(tmp_path, "shop", "vip")
    assert tables_there(tmp_path, "shop") == ()
    with pytest.raises(TableError, match="project shop has no table vip"):
        remove_table(tmp_path, "shop", "vip")


@pytest.mark.parametrize("name", ["../x", "", "a.b", "x" * 65])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(TableError, match="cannot name a table"):
        path_of(tmp_path, "shop", name)
    with pytest.raises(TableError, match="is no id of a project"):
        path_of(tmp_path, "../shop", "vip")


def test_a_project_is_told_of_tables_that_calls_cannot_look_up(tmp_path: Path) -> None:
    project = replace(house().project, sounds=())
    (said,) = missing_files(tmp_path, project)
    assert said.startswith("table vip: there is no ")
    path = path_of(tmp_path, "shop", "vip")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"caller,destination\n" + b"x,y\n" * 9)
    (said,) = missing_files(tmp_path, project)
    assert said.startswith("table vip: line 2: caller: 'x' is no number and no account")
    assert said.endswith("; and 15 more")
    path.write_bytes(VIP)
    assert missing_files(tmp_path, project) == ()
