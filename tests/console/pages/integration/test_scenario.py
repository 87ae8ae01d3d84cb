"""The call-tracking scenario is set by two fields and *Activate scenario*, switched off by emptying them, and tested."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.tracking.call_tracking import CALL_TRACKING
from tests.conformance.test_call_list import made
from tests.support.console import ACME, Office, in_office
from tests.support.promises import attempt, delivery, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

HERE = "/console/projects/acme/scenario"
URL = "https://crm.example/roistat?key=s3cret"


@pytest.mark.row("R4-42", "R4-43", "R4-44", "R4-47", "R4-48")
def test_addresses_are_activated_shown_changed_and_switched_off() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        assert "switched off" in (await editor.get(HERE)).body.decode()
        kept = await editor.post(HERE, {"after_url": URL, "moment_url": "", "act": "draft"})
        assert kept.headers["location"] == HERE
        page = (await editor.get(HERE)).body.decode()
        assert f'value="{URL}"' in page
        assert "switched off" in page
        assert office.web.applied == []
        await editor.post(HERE, {"after_url": URL, "moment_url": "", "act": "activate"})
        page = (await editor.get(HERE)).body.decode()
        assert "The scenario is active: the next call follows it." in page
        assert "by editor in the console" in page
        assert office.web.applied == [0]
        again = await editor.post(HERE, {"after_url": URL, "moment_url": "", "act": "activate"})
        assert again.status == 303
        assert "active already" in (await editor.get(HERE)).body.decode()
        await editor.post(HERE, {"after_url": "", "moment_url": "", "act": "activate"})
        assert "Call tracking is switched off." in (await editor.get(HERE)).body.decode()

    in_office(scenario)


@pytest.mark.row("R4-45")
def test_a_list_of_addresses_is_refused_at_its_field_and_what_was_typed_stays() -> None:
    async def scenario(office: Office) -> None:
        two = {"after_url": "https://a.example https://b.example", "act": "activate"}
        answer = await office.as_user("editor").post(HERE, two)
        page = answer.body.decode()
        assert answer.status == 422
        assert 'id="p-after_url"' in page
        assert 'value="https://a.example https://b.example"' in page

    in_office(scenario)


def test_a_viewer_sees_no_key_and_cannot_change_it() -> None:
    async def scenario(office: Office) -> None:
        await office.as_user("editor").post(HERE, {"after_url": URL, "act": "activate"})
        page = (await office.as_user("viewer").get(HERE)).body.decode()
        assert "crm.example/roistat" in page
        assert "s3cret" not in page
        assert (await office.as_user("viewer").post(HERE, {"after_url": ""})).status == 403

    in_office(scenario)


@pytest.mark.row("R4-46")
def test_a_draft_is_dropped_and_there_is_nothing_to_test_then() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        await editor.post(HERE, {"after_url": URL, "act": "draft"})
        await editor.post(f"{HERE}/discard", {})
        assert "The draft is dropped" in (await editor.get(HERE)).body.decode()
        tested = await editor.post(f"{HERE}/test", {})
        assert tested.status == 409
        assert "has no address" in tested.body.decode()

    in_office(scenario)


def test_the_last_posts_stand_there() -> None:
    async def scenario(office: Office) -> None:
        post = delivery("t1", 4, webhook=CALL_TRACKING, project="acme")
        await office.web.store.commit(record(replace(made("t1"), snapshot=ACME), post))
        await office.web.store.record_attempt(attempt(post))
        page = (await office.as_user("viewer").get(HERE)).body.decode()
        assert '/deliveries/t1.4.call%20tracking"' in page
        assert "No posts yet." not in page

    in_office(scenario)


def test_the_scenario_is_read_wide_and_narrow(look: Callable[..., Sight]) -> None:
    sight = look("editor")
    sight.open(HERE)
    sight.check("scenario")
    narrow = look("viewer", is_narrow=True, is_dark=True)
    narrow.open(HERE)
    narrow.check("scenario-narrow-dark")
