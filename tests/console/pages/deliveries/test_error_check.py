"""The error check lists what was given up, shows its bytes, and has it checked or sent again, one or all that fit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.conformance.test_call_list import made
from tests.support.console import ACME, Office, in_office
from tests.support.promises import DOWN, attempt, delivery, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

BASE = "/console/projects/acme"
CHECK = f"{BASE}/error-check"


async def give_up(office: Office, *calls: str, webhook: str = "crm") -> None:
    """Store a delivery that failed for each call."""
    for name in calls:
        promised = delivery(name, 4, webhook=webhook, project="acme")
        await office.web.store.commit(record(replace(made(name), snapshot=ACME), promised))
        await office.web.store.record_attempt(attempt(promised, failure=DOWN, answer=b"<b>down"))


def ids(page: str) -> list[str]:
    return re.findall(r'name="id" value="([^"]+)"', page)


@pytest.mark.row("R2-07")
def test_what_was_given_up_stands_there_with_its_error_and_as_text() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("editor").get(CHECK)).body.decode()
        assert ids(page) == ["c2.4.crm", "c1.4.crm"]
        assert "answered 503" in page
        assert "2 deliveries, newest first" in page
        full = (await office.as_user("editor").get(f"{CHECK}?full=true")).body.decode()
        assert "&lt;b&gt;down&lt;/b&gt;" in full
        assert "<b>down" not in full
        assert "POST https://crm.example/calls" in full

    in_office(scenario)


def test_a_viewer_reads_it_and_changes_nothing() -> None:
    async def scenario(office: Office) -> None:
        viewer = office.as_user("viewer")
        page = (await viewer.get(CHECK)).body.decode()
        assert "answered 503" in page
        assert 'name="one"' not in page
        assert (await viewer.post(CHECK, {"one": "check c1.4.crm"})).status == 403

    in_office(scenario)


def test_one_that_is_checked_leaves_the_list_and_the_badge() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        done = await editor.post(f"{CHECK}?webhook=crm", {"one": "check c1.4.crm"})
        assert done.headers["location"] == f"{CHECK}?webhook=crm"
        page = (await editor.get(CHECK)).body.decode()
        assert ids(page) == ["c2.4.crm"]
        assert "1 is checked." in page
        assert "1 delivery, newest first" in page
        checked = (await editor.get(f"{CHECK}?state=checked")).body.decode()
        assert ids(checked) == ["c1.4.crm"]
        assert "checked by editor in the console" in checked
        await editor.post(f"{BASE}/deliveries/c1.4.crm/uncheck", {})
        assert "c1.4.crm" in ids((await editor.get(CHECK)).body.decode())

    in_office(scenario)


def test_all_that_fit_are_checked_by_a_job_with_progress() -> None:
    async def scenario(office: Office) -> None:
        await give_up(office, "d1", webhook="other")
        editor = office.as_user("editor")
        begun = await editor.post(f"{CHECK}?webhook=crm", {"all": "check", "count": "2"})
        assert begun.headers["location"] == f"{BASE}/deliveries/jobs/1?of=2"
        page = (await editor.get(begun.headers["location"])).body.decode()
        assert "of 2" in page
        assert "webhook crm" in page
        await editor.post(f"{BASE}/deliveries/jobs/1/stop", {})
        assert "stopped" in (await editor.get(f"{BASE}/deliveries/jobs")).body.decode()
        assert (await editor.get(f"{BASE}/deliveries/jobs/7")).status == 404

    in_office(scenario)


def test_filters_come_from_the_url_and_a_wrong_one_is_said_at_its_field() -> None:
    async def scenario(office: Office) -> None:
        await give_up(office, "d1", webhook="other")
        editor = office.as_user("editor")
        assert ids((await editor.get(f"{CHECK}?webhook=other")).body.decode()) == ["d1.4.other"]
        assert "No delivery fits." in (await editor.get(f"{CHECK}?text=teapot")).body.decode()
        for wrong, field in (("since=x", "since"), ("state=lost", "state")):
            answer = await editor.get(f"{CHECK}?{wrong}")
            assert answer.status == 400
            assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', answer.body.decode())
        assert (await editor.get(f"{CHECK}?after=x")).status == 400

    in_office(scenario)


def test_nothing_to_check_is_said() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("viewer").get(CHECK)).body.decode()
        assert "Nothing needs you." in page
        every = (await office.as_user("viewer").get(f"{BASE}/deliveries")).body.decode()
        assert "No deliveries yet." in every

    in_office(scenario, is_filled=False)


def test_all_deliveries_stand_in_their_list_whatever_became_of_them() -> None:
    async def scenario(office: Office) -> None:
        waiting = delivery("e1", 4, webhook="crm", project="acme")
        await office.web.store.commit(record(replace(made("e1"), snapshot=ACME), waiting))
        editor = office.as_user("editor")
        page = (await editor.get(f"{BASE}/deliveries")).body.decode()
        assert set(ids(page)) == {"e1.4.crm", "c2.4.crm", "c1.4.crm", "c0.4.crm"}
        pending = (await editor.get(f"{BASE}/deliveries?state=pending")).body.decode()
        assert ids(pending) == ["e1.4.crm"]

    in_office(scenario)


@pytest.mark.row("R2-07")
def test_a_delivery_has_its_bytes_and_is_sent_again() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        there = f"{BASE}/deliveries/c1.4.crm"
        page = (await editor.get(there)).body.decode()
        assert "{&#34;event&#34;:&#34;after&#34;}" in page
        assert f'action="{there}/send"' in page
        told = await editor.post(f"{there}/send", {})
        assert told.headers["location"] == there
        assert "no longer in project acme" in (await editor.get(there)).body.decode()
        assert (await editor.get(f"{BASE}/deliveries/c9.4.crm")).status == 404

    in_office(scenario)


def test_the_error_check_is_worked_through_in_a_browser(look: Callable[..., Sight]) -> None:
    sight = look("editor")
    page = sight.open(CHECK)
    sight.check("error-check")
    page.get_by_role("link", name="In full").click()
    page.get_by_role("heading", name="Attempts").first.wait_for()
    sight.check("error-check-full")
    sight.open(f"{BASE}/deliveries/c1.4.crm")
    sight.check("delivery")
    sight.open(CHECK)
    page.get_by_role("button", name="Checked crm of call c1").click()
    page.get_by_text("1 is checked.").wait_for()


def test_the_error_check_is_read_on_a_narrow_screen_in_the_dark(look: Callable[..., Sight]) -> None:
    sight = look("editor", is_narrow=True, is_dark=True)
    sight.open(f"{BASE}/error-check?state=all")
    sight.check("error-check-narrow-dark")
    sight.open(f"{BASE}/deliveries/c2.4.crm")
    sight.check("delivery-narrow-dark")
