"""In the browser a change is rehearsed on stored calls: begun, followed, read with both ways, refused with a reason."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from switchhook.domain.project import ProjectSnapshot
from switchhook.projectfile.file import read_project
from switchhook.projectfile.toml.mistakes import Mistakes
from tests.support.console import NOW, Office, in_office, running_office
from tests.support.projects import MINIMAL
from tests.support.rehearsed import record_of, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

REHEARSE = "/console/projects/acme/rehearse"
ELSEWHERE = MINIMAL.replace('ring = ["101"]', "hang_up = 486")


async def store(office: Office) -> None:
    project = read_project(MINIMAL)
    assert not isinstance(project, Mistakes)
    within = ProjectSnapshot(project)
    callee = project.numbers[0].number
    made = await simulate(within, callee=callee, at=NOW - 3_600)
    for name in ("one", "two"):
        await office.web.store.commit(record_of(made, name))


async def over(office: Office, path: str) -> str:
    while True:
        page = (await office.get(path)).body.decode()
        if "every 1s" not in page:
            return page
        await asyncio.sleep(0.01)


def test_calls_that_would_go_elsewhere_stand_there_with_both_ways() -> None:
    async def scenario(office: Office) -> None:
        await store(office)
        editor = office.as_user("editor")
        begun = await editor.post(REHEARSE, {"document": ELSEWHERE, "since": "1d"})
        assert begun.status == 303, begun.body
        page = await over(editor, begun.headers["location"])
        assert "2 of 2 calls would go elsewhere" in page
        assert "phone:30 → 101; 101 answered" in page
        assert page.count("(486)") == 2, page[page.index("Would go") :][:1500]
        assert '/calls/one"' in page
        begun = await editor.post(REHEARSE, {"since": "1d"})
        assert "0 of 2 calls would go elsewhere" in await over(editor, begun.headers["location"])
        listed = (await office.as_user("viewer").get(REHEARSE)).body.decode()
        assert listed.index("what is in force") < listed.index("a project file")
        assert "<textarea" not in listed
        stopped = await editor.post(f"{REHEARSE}/1/stop", {})
        assert stopped.headers["location"] == f"{REHEARSE}/1"

    in_office(scenario, is_filled=False)


def test_what_cannot_be_rehearsed_is_said_at_its_field() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        for form, field in (
            ({"since": "soon"}, "since"),
            ({"until": "soon"}, "until"),
            ({"draft": "none"}, "draft"),
            ({"draft": "none", "document": MINIMAL}, "document"),
            ({"document": "[project]"}, "document"),
            ({"document": MINIMAL.replace('"acme"', '"other"')}, "document"),
        ):
            answer = await editor.post(REHEARSE, form)
            assert answer.status == 422
            assert f'id="p-{field}"' in answer.body.decode(), form
        assert (await editor.get(f"{REHEARSE}/9")).status == 404
        assert (await office.as_user("viewer").post(REHEARSE, {})).status == 403

    in_office(scenario, is_filled=False)


def test_a_rehearsal_is_begun_and_followed_in_the_browser(look: Callable[..., Sight]) -> None:
    with running_office(is_filled=False) as office:
        office.do(store(office.office))
        sight = look("editor", at=office)
        page = sight.open(REHEARSE)
        page.get_by_text("Paste a project file").click()
        page.get_by_label("Project file").fill(ELSEWHERE)
        sight.check("rehearse")
        page.get_by_role("button", name="Rehearse").click()
        page.get_by_text("2 of 2 calls would go elsewhere").wait_for()
        page.get_by_text("done").wait_for()
        sight.check("rehearsal")
        narrow = look("viewer", at=office, is_narrow=True, is_dark=True)
        narrow.open(REHEARSE)
        narrow.check("rehearse-narrow-dark")
        narrow.open(f"{REHEARSE}/1")
        narrow.check("rehearsal-narrow-dark")
