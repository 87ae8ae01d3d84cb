"""Everything is reached by keys, menus open without scripts, and a server that went away is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.console import running_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.browsing import Sight

CALLS = "/console/projects/acme/calls"


def arrive(page: Page, heading: str) -> None:
    """Wait for a page that a key led to (another has the heading *Latest calls*), and for its scripts."""
    page.get_by_role("heading", name=heading, exact=True).wait_for()
    page.wait_for_load_state()


def test_keys_lead_through_rows_and_pages_and_none_of_them_works_in_a_field(
    look: Callable[..., Sight],
) -> None:
    sight = look("viewer")
    page = sight.open("/console/projects/acme/")
    page.keyboard.press("g")
    page.keyboard.press("c")
    arrive(page, "Calls")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    arrive(page, "Timeline")
    assert page.url.endswith("/calls/c2")
    page.keyboard.press("/")
    page.keyboard.type("jc1")
    expect(page.get_by_role("searchbox")).to_have_value("jc1")
    page.get_by_role("searchbox").fill("c1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/c1")  # which waits for its scripts
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    sight.check("keys")
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("Tab")


def test_the_first_tab_skips_to_the_content_and_a_swap_leads_to_the_heading(
    look: Callable[..., Sight],
) -> None:
    page = look("viewer").open(f"{CALLS}?outcome=busy")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_label("Outcome").select_option("")
    page.get_by_role("button", name="Find").click()
    page.get_by_text("4 calls, newest first").wait_for()
    expect(page.get_by_role("heading", name="Calls")).to_be_focused()


def test_menus_open_on_a_narrow_screen_without_scripts(look: Callable[..., Sight]) -> None:
    sight = look("viewer", is_narrow=True, has_scripts=False)
    page = sight.open(CALLS)
    page.get_by_role("button", name="Pages").click()
    page.get_by_role("link", name="Home").click()
    page.get_by_role("heading", name="Acme").wait_for()
    page.get_by_role("button", name="viewer").click()
    page.get_by_role("link", name="Profile").click()
    page.get_by_role("heading", name="Sessions").wait_for()


def test_open_menus_are_whole_and_accessible(look: Callable[..., Sight]) -> None:
    sight = look("viewer", is_narrow=True)
    page = sight.open(CALLS)
    page.get_by_role("button", name="Pages").click()
    sight.check("menu-narrow")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="viewer").click()
    sight.check("person-narrow")


def test_a_server_that_went_away_is_said_and_the_page_stays(look: Callable[..., Sight]) -> None:
    with running_office() as leaving:
        sight = look("viewer", at=leaving)
        page = sight.open(CALLS)
    page.get_by_role("button", name="Find").click()
    page.get_by_text("The server does not answer").wait_for()
    assert page.get_by_text("4 calls, newest first").is_visible()
    sight.check("stale")
    meant = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "console: htmx:")
    sight.troubles = [one for one in sight.troubles if not any(part in one for part in meant)]
