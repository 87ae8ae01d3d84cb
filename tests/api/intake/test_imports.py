"""Calls of a telephone system that routes by itself become calls like all others, each once, attributed by number and time."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.tracking.caller_history import ShownNumber, Visit
from switchhook.storage.call_search import CallFilter
from switchhook.storage.intake import ImportState
from tests.support.brought import HERE, Brought, brought
from tests.support.loop import run
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path

NOW = time.time()
NUMBER = "380442223344"


def moment(before: float) -> str:
    return datetime.fromtimestamp(NOW - before, tz=UTC).isoformat()


def made(reference: str = "pbx-1", **more: object) -> dict[str, object]:
    """Return an answered call of ten minutes ago, which lasted one minute."""
    call: dict[str, object] = {
        "reference": reference,
        "direction": "incoming",
        "caller": "+380441112233",
        "callee": NUMBER,
        "account": "101",
        "started_at": moment(600),
        "answered_at": moment(590),
        "ended_at": moment(540),
    }
    return {name: value for name, value in (call | more).items() if value is not None}


def missed(reference: str, **more: object) -> dict[str, object]:
    return made(reference, answered_at=None, **more)


def told(url: str) -> str:
    names = (
        "call_id",
        "status",
        "caller_id",
        "conversation",
        "source",
        "call_count",
        "recording_link",
    )
    fields = ", ".join(f'{{ name = "{name}", value = "{name}" }}' for name in names)
    return HERE.replace(
        'url = "https://crm.example/told"', f'url = "{url}"\nparameters = [{fields}]'
    )


async def imported(web: Brought, *calls: object, tell: bool = False) -> Any:
    answer = await web.post("/api/imports", {"calls": calls, "tell": tell})
    assert answer.status == 202, answer.body
    return await web.settled(answer.json["number"])


@pytest.mark.row("N-17")
def test_an_imported_call_is_listed_exported_and_shown_as_every_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            done = await imported(web, made(), missed("pbx-2", outcome="busy"))
            assert [(one["reference"], one["state"]) for one in done["calls"]] == [
                ("pbx-1", "imported"),
                ("pbx-2", "imported"),
            ]
            page = await web.app.store.find_calls(project="acme")
            assert {row.id for row in page.calls} == {one["call"] for one in done["calls"]}
            (busy,) = (
                await web.app.store.find_calls(
                    project="acme", wanted=CallFilter(outcomes=(Outcome.BUSY,))
                )
            ).calls
            assert busy.id == done["calls"][1]["call"]
            row = await web.app.store.call(done["calls"][0]["call"])
            assert row is not None
            assert (row.outcome, row.caller, row.callee) == ("answered", "+380441112233", NUMBER)
            assert row.answered_at == pytest.approx(NOW - 590, abs=0.01)
            journal = await web.app.store.journal(row.id)
            assert dict(journal[0].facts)["imported"] == "pbx-1"
            assert [entry.kind for entry in journal] == ["arrived", "dialled", "answered", "ended"]
            assert await web.app.store.deliveries() == ()  # nobody wanted it told

    run(scenario())


@pytest.mark.row("N-17")
def test_a_reference_is_imported_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            first = await imported(web, made())
            again = await imported(web, made(caller="+380449999999"), made("pbx-2"))
            assert [one["state"] for one in again["calls"]] == ["duplicate", "imported"]
            assert again["calls"][0]["call"] == first["calls"][0]["call"]
            assert len((await web.app.store.find_calls(project="acme")).calls) == 2

    run(scenario())


@pytest.mark.row("N-17")
def test_a_call_is_told_after_its_end_where_the_request_says_so(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with brought(tmp_path, told(endpoint.url("/crm"))) as web:
            link = "https://pbx.example/r/1.wav"
            done = await imported(web, made(recording_link=link), made("pbx-2"), tell=True)
            await web.app.dispatcher.drain()
            first, second = (json.loads(one.body) for one in endpoint.ledger.requests)
            assert first == {
                "call_id": done["calls"][0]["call"],
                "status": "ANSWERED",
                "caller_id": "+380441112233",
                "conversation": "50",
                "source": "",
                "call_count": "1",
                "recording_link": link,
            }
            assert second["call_count"] == "2"

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))


@pytest.mark.row("N-17")
def test_a_call_is_of_who_saw_the_number_at_that_time(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with brought(tmp_path, told(endpoint.url("/crm"))) as web:
            for name, source, since in (("v1", "radio", 700), ("v2", "tv", 300)):
                await web.app.store.save_visit(_visit(name, source))
                await web.app.store.attach(
                    ShownNumber(
                        project="acme",
                        number=NUMBER,
                        visit=name,
                        since=NOW - since,
                        until=NOW - since + 200,
                    )
                )
            await imported(
                web,
                made(),
                made("pbx-2", started_at=moment(250), answered_at=None, ended_at=moment(240)),
                made("pbx-3", started_at=moment(490), answered_at=None, ended_at=moment(480)),
                made("pbx-4", visit="v2"),
                tell=True,
            )
            await web.app.dispatcher.drain()

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))
        found = [json.loads(one.body)["source"] for one in endpoint.ledger.requests]

    assert sorted(found) == ["", "radio", "tv", "tv"]


def _visit(name: str, source: str) -> Visit:
    return Visit(project="acme", id=name, attributes=(("source", source),), seen_at=NOW)


def test_what_was_queued_when_the_server_ended_is_imported_once(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with brought(tmp_path, told(endpoint.url("/crm"))) as web:
            answer = await web.post("/api/imports", {"calls": [made()], "tell": True})
            done = await web.settled(answer.json["number"])
            await web.app.dispatcher.drain()
            queued = await web.app.store.call_import("acme", answer.json["number"])
            assert queued is not None
            assert all(item.made is None for item in queued.items)  # no numbers are kept there
            await web.app.store.settle_import(
                replace(
                    queued,
                    state=ImportState.QUEUED,
                    items=(replace(queued.items[0], state=ImportState.QUEUED, made=_made()),),
                )
            )
        async with brought(tmp_path, told(endpoint.url("/crm"))) as web:
            assert await web.settled(done["number"]) == done
            await web.app.dispatcher.drain()
            assert len((await web.app.store.find_calls(project="acme")).calls) == 1
            (caller,) = await web.app.store.callers(limit=9)
            assert (caller.calls, caller.manager) == (1, "101")

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))
        assert len(endpoint.ledger.requests) == 1


def _made() -> Any:
    from switchhook.domain.tracking.imported_call import ImportedCall  # noqa: PLC0415

    return ImportedCall(
        reference="pbx-1",
        direction="incoming",
        caller="380441112233",
        callee=NUMBER,
        account="101",
        started_at=NOW - 600,
        answered_at=NOW - 590,
        ended_at=NOW - 540,
        outcome="answered",
        ended_by="caller",
    )


@pytest.mark.parametrize("direction", ["outgoing", "internal"])
def test_calls_of_accounts_are_imported_as_theirs(tmp_path: Path, direction: str) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            callee = "+380445556677" if direction == "outgoing" else "102"
            done = await imported(
                web, made(direction=direction, caller=None, callee=callee), tell=True
            )
            row = await web.app.store.call(done["calls"][0]["call"])
            assert row is not None
            assert (row.direction, row.account) == (direction, "101")
            page = await web.app.store.find_calls(project="acme", wanted=CallFilter(account="101"))
            assert [found.id for found in page.calls] == [row.id]

    run(scenario())


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (made(reference=""), "calls[0].reference"),
        (made(reference="a\nb"), "calls[0].reference"),
        (made(direction="up"), "calls[0].direction"),
        (made(caller="nobody"), "calls[0].caller"),
        (made(callee="nobody"), "calls[0].callee"),
        (made(callee=""), "calls[0].callee"),
        (made(account="a b"), "calls[0].account"),
        (made(direction="outgoing", account=None), "calls[0].account"),
        (made(ended_at=moment(700)), "calls[0].ended_at"),
        (made(ended_at=moment(-900)), "calls[0].ended_at"),
        (made(answered_at=moment(601)), "calls[0].answered_at"),
        (made(outcome="busy"), "calls[0].outcome"),
        (made(outcome="great"), "calls[0].outcome"),
        (missed("pbx-1", outcome="answered"), "calls[0].outcome"),
        (made(ended_by="cat"), "calls[0].ended_by"),
        (made(recording_link="ftp://x/y"), "calls[0].recording_link"),
        (made(recording_link="http://[::1"), "calls[0].recording_link"),
        (made(direction="internal", callee="102", caller="a\nb"), "calls[0].caller"),
        (made(direction="internal", callee="102", caller="a" * 201), "calls[0].caller"),
        (
            made(
                started_at="0001-01-01T00:00:00Z",
                answered_at=None,
                ended_at="0001-01-01T00:01:00Z",
            ),
            "calls[0].started_at",
        ),
        (made(started_at="yesterday"), "started_at"),
        (made(more=1), "more"),
        (made(caller=7), "caller"),
    ],
)
def test_a_mistake_is_named_by_its_place_and_nothing_is_imported(
    tmp_path: Path, call: object, field: str
) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            answer = await web.post("/api/imports", {"calls": [call, made("pbx-9")]})
            assert answer.status == 400, answer.body
            assert answer.json["field"] in {field, ""}, answer.json
            assert (await web.ask("GET", "/api/imports/1")).status == 404

    run(scenario())


def test_a_hundred_are_taken_at_once_and_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            many = [made(f"pbx-{n}") for n in range(101)]
            assert (await web.post("/api/imports", {"calls": many})).status == 400
            assert (await web.post("/api/imports", {"calls": []})).status == 400
            assert (await web.post("/api/imports", {"calls": [made(), made()]})).status == 400
            done = await imported(web, *many[:100])
            assert {one["state"] for one in done["calls"]} == {"imported"}

    run(scenario())


def test_a_reference_goes_with_its_call(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            await imported(web, made())
            assert await web.app.store.prune(before=time.time() + 60) == 1
            await web.app.store.forget(before=time.time() + 60)
            assert (await web.ask("GET", "/api/imports/1")).status == 404
            again = await imported(web, made())
            assert [one["state"] for one in again["calls"]] == ["imported"]

    run(scenario())
