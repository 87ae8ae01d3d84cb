"""Over HTTP a draft is rehearsed on stored calls: begun, followed, listed with both paths, stopped."""

from __future__ import annotations

import asyncio
from typing import Any

from switchhook.domain.project import ProjectSnapshot
from switchhook.projectfile.file import read_project
from switchhook.projectfile.toml.mistakes import Mistakes
from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.rehearsed import BEGAN, record_of, simulate
from tests.support.web import Web, serving

REHEARSALS = "/api/projects/acme/rehearsals"


def acme() -> ProjectSnapshot:
    project = read_project(MINIMAL)
    assert not isinstance(project, Mistakes)
    return ProjectSnapshot(project)


async def over(web: Web, number: int) -> dict[str, Any]:
    while True:
        shown: dict[str, Any] = (await web.ask("GET", f"{REHEARSALS}/{number}")).json
        if shown["state"] != "running":
            return shown
        await asyncio.sleep(0.01)


def test_a_draft_is_rehearsed_and_the_calls_are_listed_with_both_paths() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.now = BEGAN + 3600
            within = acme()
            callee = within.project.numbers[0].number
            made = await simulate(within, callee=callee)
            for name in ("one", "two"):
                await web.store.commit(record_of(made, name))
            draft = MINIMAL + '\n[[accounts]]\nlogin = "102"\npassword = "reception-102"\n'
            await web.ask("PUT", "/api/projects/acme/drafts/same", draft)
            begun = await web.ask("POST", REHEARSALS, {"draft": "same", "since": "1d"})
            assert (begun.status, begun.json["draft"]) == (202, "draft same")
            done = await over(web, begun.json["number"])
            assert (done["state"], done["calls"], done["same"]) == ("done", 2, 2)

            elsewhere = await web.ask(
                "POST", REHEARSALS, {"document": _without_numbers(), "since": "1d"}
            )
            assert elsewhere.status == 202, elsewhere.body
            number = elsewhere.json["number"]
            assert (await over(web, number))["elsewhere"] == 2
            page = (await web.ask("GET", f"{REHEARSALS}/{number}/calls?limit=1")).json
            (one,) = page["calls"]
            assert page["next"] == 1
            assert one["stored"] == {
                "path": "phone:30 → 101",
                "ending": "answered",
                "answered_by": "101",
                "sip": None,
            }
            assert (one["rehearsed"]["ending"], one["rehearsed"]["sip"]) == ("refused", 404)
            page = (await web.ask("GET", f"{REHEARSALS}/{number}/calls?after=1")).json
            assert (len(page["calls"]), page["next"]) == (1, None)
            assert [one["number"] for one in (await web.ask("GET", REHEARSALS)).json] == [2, 1]
            stopped = await web.ask("DELETE", f"{REHEARSALS}/{number}")
            assert (stopped.status, stopped.json["state"]) == (200, "done")

    run(scenario())


def _without_numbers() -> str:
    lines = MINIMAL.splitlines()
    begin = lines.index("[[numbers]]")
    end = next((n for n in range(begin + 1, len(lines)) if lines[n].startswith("[")), len(lines))
    return "\n".join((*lines[:begin], *lines[end:], ""))


def test_what_cannot_be_rehearsed_is_refused() -> None:
    async def scenario() -> None:
        async with serving() as web:
            asked: list[tuple[dict[str, Any], int]] = [
                ({}, 400),
                ({"draft": "a", "document": MINIMAL}, 400),
                ({"draft": "none"}, 404),
                ({"document": MINIMAL, "since": "soon"}, 400),
                ({"document": MINIMAL, "until": "soon"}, 400),
                ({"document": MINIMAL, "more": 1}, 400),
                ({"document": "[project]"}, 422),
                ({"document": MINIMAL.replace('"acme"', '"other"')}, 400),
            ]
            for body, status in asked:
                answer = await web.ask("POST", REHEARSALS, body)
                assert answer.status == status, (body, answer.body)
            for path in (f"{REHEARSALS}/9", f"{REHEARSALS}/9/calls"):
                assert (await web.ask("GET", path)).status == 404
            assert (await web.ask("DELETE", f"{REHEARSALS}/9")).status == 404
            assert (await web.ask("GET", REHEARSALS, key="other")).status == 404
            assert (await web.ask("GET", REHEARSALS, key="calls")).status == 403

    run(scenario())
