"""Schemes are read as lists and as graphs, wide and narrow, light and dark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.console import Office, in_office, running_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

SCHEMES = "/console/projects/acme/schemes"
TREE = """\
[project]
id = "acme"
name = "Acme"
fallback = "101"

[[accounts]]
login = "101"
password = "reception-101"

[[accounts]]
login = "102"
password = "sales-desk-102"

[[numbers]]
number = "380800111222"
scheme = 1

[[hours]]
name = "office"
monday = "09:00-18:00"

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
hours = "office"

[[schemes.steps.open]]
ring = ["101", "102"]
timeout = 20

[[schemes.steps.closed]]
go_to = 26076

[[schemes.steps]]
ring = ["101"]

[[schemes]]
id = 26076
name = "Night"

[[schemes.steps]]
hang_up = 486

[[schemes]]
id = 3
name = "Nobody comes here"

[[schemes.steps]]
ring = ["101"]
"""


def test_the_list_has_ids_to_copy_numbers_and_problems() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("viewer").get(SCHEMES)).body.decode()
        assert re.findall(r'data-copy="(\d+)"', page) == ["1", "26076", "3"]
        assert "380800111222" in page
        assert page.count("no number and no scheme leads here") == 1

    in_office(scenario, document=TREE, is_filled=False)


def test_each_box_of_the_graph_leads_to_its_step_and_an_unknown_scheme_is_said() -> None:
    async def scenario(office: Office) -> None:
        viewer = office.as_user("viewer")
        page = (await viewer.get(f"{SCHEMES}/1")).body.decode()
        own = set(re.findall(r'href="#(s1-[^"]+)"', page))
        assert own == set(re.findall(r'<li id="(s1-[^"]+)"', page))
        assert f'href="{SCHEMES}/26076#s26076-1"' in page
        assert (await viewer.get(f"{SCHEMES}/4")).status == 404
        assert (await office.as_user("nobody").get(f"{SCHEMES}/1")).status in {403, 404}

    in_office(scenario, document=TREE, is_filled=False)


def test_schemes_are_read_wide_and_narrow_in_the_light_and_the_dark(
    look: Callable[..., Sight],
) -> None:
    with running_office(document=TREE, is_filled=False) as office:
        wide = look("viewer", at=office)
        page = wide.open(SCHEMES)
        wide.check("schemes")
        page.get_by_role("link", name="Main").click()
        page.get_by_role("heading", name="Graph").wait_for()
        wide.check("scheme")
        narrow = look("viewer", at=office, is_narrow=True, is_dark=True)
        narrow.open(SCHEMES)
        narrow.check("schemes-narrow-dark")
        narrow.open(f"{SCHEMES}/1").get_by_text("The graph as a table").click()
        narrow.check("scheme-narrow-dark")
