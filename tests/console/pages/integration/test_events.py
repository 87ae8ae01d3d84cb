"""Integration → Webhooks lists each event with its actions, and says which of them are with error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.console import Office, in_office, running_office
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

HERE = "/console/projects/acme/events"
EVENTS = (
    MINIMAL
    + """
[[events]]
name = "to the crm"
event = "incoming.after"
filter = { outcomes = ["missed"] }

[[events.webhooks]]
name = "crm"
url = "https://crm.example/calls?key=s3cret"

[[events.webhooks]]
name = "archive"
url = "https://archive.example/"
"""
)


SILENT = MINIMAL.partition("[[events]]")[0]


@pytest.mark.row("R2-06", "R2-16", "R2-17")
def test_events_stand_there_with_their_actions_and_state_and_no_key() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("viewer").get(HERE)).body.decode()
        names = re.findall(r'<th scope="row"[^>]*>([^<]+)', page)
        assert names == ["Google Analytics", "told", "to the crm"]
        assert "it cannot be edited or removed" in page
        assert "not configured" in page
        assert "filtered" in page
        assert "https://crm.example" in page
        assert "s3cret" not in page
        assert '/error-check?webhook=crm"' in page
        assert "with error 2" in page
        assert "/deliveries/c2.4.crm" in page

    in_office(scenario, document=EVENTS)


def test_a_project_without_events_has_the_built_in_one() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("viewer").get(HERE)).body.decode()
        assert re.findall(r'<th scope="row"[^>]*>([^<]+)', page) == ["Google Analytics"]

    in_office(scenario, document=SILENT, is_filled=False)


def test_webhooks_are_read_wide_and_narrow(look: Callable[..., Sight]) -> None:
    with running_office(document=EVENTS) as at:
        sight = look("editor", at=at)
        sight.open(HERE)
        sight.check("events")
        narrow = look("viewer", at=at, is_narrow=True, is_dark=True)
        narrow.open(HERE)
        narrow.check("events-narrow-dark")
