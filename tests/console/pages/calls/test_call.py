"""A call's page says in each tab what happened, to whom may know it, and lets who may act on it; strangers' texts stay text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.operations.recordings import recordings_in
from tests.operations.test_recordings import keep
from tests.support.console import in_office, running_office
from tests.support.projects import MINIMAL
from tests.support.whole_call import EVIL, ID, SECRET, keep_whole_call

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.browsing import Sight
    from tests.support.console import Office

CALLS = "/console/projects/acme/calls"
CALL = f"{CALLS}/{ID}"
MASKED = MINIMAL.replace("[project]", "[project]\nviewers_see_numbers = false", 1)
TABS = ("call", "why", "http", "events", "sip")


async def page_of(office: Office, tab: str = "call", login: str = "editor", more: str = "") -> str:
    answer = await office.as_user(login).get(f"{CALL}?tab={tab}{more}")
    assert answer.status == 200
    return answer.body.decode()


def test_each_tab_tells_its_part_and_no_text_becomes_markup() -> None:
    async def scenario(office: Office) -> None:
        await keep_whole_call(office.web.store)
        shown = {tab: await page_of(office, tab) for tab in TABS}
        for tab, page in shown.items():
            assert EVIL not in page
            assert SECRET not in page
            assert (
                f'href="{CALL}{"" if tab == "call" else f"?tab={tab}"}" aria-current="page"' in page
            )
        assert 'aria-label="+0 ms calls 380800111222"' in shown["call"]
        assert 'id="line-4"' in shown["call"]
        assert "read as JSON" in shown["http"]
        assert "Authorization: ****" in shown["http"]
        assert "first byte 50.0 ms" in shown["http"]
        assert ">JSON</td>" in shown["why"]
        assert shown["events"].count("Send again") == 4
        assert "answered 503" in shown["events"]
        assert "INVITE sip:380800111222@pbx.example" in shown["sip"]
        assert "3 more messages are not kept" in shown["sip"]
        assert (await office.as_user("editor").get(f"{CALL}?tab=x")).status == 404

    in_office(scenario)


def test_a_viewer_reads_and_neither_acts_nor_hears_nor_sees_sip() -> None:
    async def scenario(office: Office) -> None:
        await keep_whole_call(office.web.store)
        viewer = office.as_user("viewer")
        assert "Send again" not in await page_of(office, "events", "viewer")
        assert "SIP messages need the role editor" in await page_of(office, "sip", "viewer")
        assert "To hear it needs the role editor" in await page_of(office, "call", "viewer")
        assert (await viewer.get(f"{CALL}/sip.pcap")).status == 403
        assert (await viewer.post(f"{CALL}/hang-up", {})).status == 403
        assert (await viewer.post(f"{CALL}/send", {"delivery": f"{ID}.9.crm"})).status == 403
        assert (await office.as_user("nobody").get(CALL)).status in {403, 404}

    in_office(scenario)


def test_masked_numbers_are_masked_in_every_tab() -> None:
    async def scenario(office: Office) -> None:
        await keep_whole_call(office.web.store)
        for tab in TABS:
            page = await page_of(office, tab, "viewer")
            assert "441112233" not in page
            assert "800111222" not in page
        told = await office.as_user("viewer").get(f"{CALL}?tab=why&target=380441112233")
        assert told.status == 403

    in_office(scenario, document=MASKED)


def test_why_a_target_did_not_ring_is_answered_with_what_would_have_rung_it() -> None:
    async def scenario(office: Office) -> None:
        await keep_whole_call(office.web.store)
        page = await page_of(office, "why", "viewer", "&target=102")
        assert "has no account or group 102" in re.sub(r"\s+", " ", page)
        assert "To change it: add an account" in page
        rang = await page_of(office, "why", "viewer", "&target=101")
        assert "it did ring for 5.0 s" in rang
        wrong = await page_of(office, "why", "viewer", "&target=" + "1" * 201)
        assert "name an account, a group or a number" in wrong

    in_office(scenario)


def test_an_event_is_sent_again_and_that_is_noted() -> None:
    async def scenario(office: Office) -> None:
        await keep_whole_call(office.web.store)
        editor = office.as_user("editor")
        answer = await editor.post(f"{CALL}/send", {"delivery": f"{ID}.9.crm"})
        assert (answer.status, answer.headers["location"]) == (303, f"{CALL}?tab=events")
        page = (await editor.get(f"{CALL}?tab=events")).body.decode()
        assert "is no longer in project acme" in page
        gone = await editor.post(f"{CALL}/send", {"delivery": "x.1.crm"})
        assert gone.status == 404

    in_office(scenario)


def test_a_running_call_is_hung_up() -> None:
    async def scenario(office: Office) -> None:
        office.web.calls["c3"] = "acme"
        editor = office.as_user("editor")
        assert "Hang up now" in (await editor.get(f"{CALLS}/c3")).body.decode()
        assert "Hang up now" not in (await editor.get(f"{CALLS}/c1")).body.decode()
        answer = await editor.post(f"{CALLS}/c3/hang-up", {})
        assert answer.headers["location"] == f"{CALLS}/c3"
        assert office.web.ended == ["c3 by editor in the console"]
        del office.web.calls["c3"]
        await editor.post(f"{CALLS}/c3/hang-up", {"back": "live"})
        assert "has ended already" in (await editor.get(CALLS)).body.decode()
        assert (await editor.post(f"{CALLS}/none/hang-up", {})).status == 404

    in_office(scenario)


def test_another_projects_call_is_not_there() -> None:
    async def scenario(office: Office) -> None:
        await keep_whole_call(office.web.store, project="other")
        editor = office.as_user("editor")
        for path in ("", "?tab=sip", "/sip.pcap"):
            assert (await editor.get(f"{CALL}{path}")).status == 404
        assert (await editor.post(f"{CALL}/send", {"delivery": f"{ID}.9.crm"})).status == 404
        assert (await editor.post(f"{CALL}/hang-up", {})).status == 404

    in_office(scenario)


@pytest.mark.slow
def test_a_call_is_read_in_a_browser_and_its_recording_heard(
    look: Callable[..., Sight], tmp_path: Path
) -> None:
    keep(tmp_path, f"acme/{ID}/r1")
    kept = replace(recordings_in(tmp_path, base="https://pbx.example.com", keep_days=90))
    with running_office(recordings=kept) as at:
        at.do(keep_whole_call(at.office.web.store))
        sight = look("editor", at=at)
        page = sight.open(CALL)
        sight.check("call-whole")
        sound = page.locator("audio")
        sound.evaluate("one => { one.muted = true; one.currentTime = 0.5; }")
        page.wait_for_function("document.querySelector('audio').currentTime >= 0.5")
        page.get_by_role("link", name="101", exact=False).first.focus()
        for tab in ("Why", "HTTP", "Events", "SIP"):
            page.get_by_role("navigation", name="Parts of the call").get_by_text(tab).click()
            sight.check(f"call-{tab.lower()}")
        page.get_by_role("link", name="INVITE sip:101@192.0.2.9").click()
        assert page.url.endswith("#sip-2")


@pytest.mark.slow
def test_a_call_is_read_on_a_narrow_screen_in_the_dark(look: Callable[..., Sight]) -> None:
    with running_office() as at:
        at.do(keep_whole_call(at.office.web.store))
        at.office.web.calls["c3"] = "acme"
        sight = look("editor", at=at, is_narrow=True, is_dark=True)
        for tab in TABS:
            sight.open(f"{CALL}?tab={tab}")
            sight.check(f"call-{tab}-narrow-dark")
        page = sight.open(f"{CALLS}/c3")
        page.get_by_text("Hang up", exact=True).click()
        sight.check("call-running-narrow-dark")
        page.get_by_role("button", name="Hang up now").click()
        page.get_by_text("The call is being ended.").wait_for()
        assert at.office.web.ended == ["c3 by editor in the console"]
