"""A pretend call in the browser says what a call would go through, and rings nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.console import Office, in_office, running_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

TRY = "/console/projects/acme/try"
CALL = {"from": "+380441112233", "to": "380442223344"}


def test_a_call_goes_as_its_telephones_behave() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        page = (await editor.post(TRY, CALL)).body.decode()
        assert "phone:30 → 101" in page
        page = (await editor.post(TRY, CALL | {"phone:101": "busy"})).body.decode()
        assert "101 (busy)" in page
        assert "phone%3A101=busy" in page
        shared = (await editor.get(f"{TRY}?from=12&phone%3A101=busy")).body.decode()
        assert '<option value="busy" selected>' in shared
        wrong = await editor.post(TRY, CALL | {"digits": "x"})
        assert wrong.status == 422
        assert 'id="p-digits"' in wrong.body.decode()
        refused = (await editor.post(TRY, CALL | {"to": "49301234567"})).body.decode()
        assert "It was refused with 404" in refused
        assert (await office.as_user("viewer").get(TRY)).status == 403

    in_office(scenario, is_filled=False)


def test_a_call_is_tried_wide_and_narrow(look: Callable[..., Sight]) -> None:
    with running_office(is_filled=False) as office:
        sight = look("editor", at=office)
        page = sight.open(TRY)
        page.get_by_label("From").fill("+380441112233")
        page.get_by_role("button", name="Try").click()
        page.get_by_role("heading", name="What became of it").wait_for()
        sight.check("try")
        narrow = look("editor", at=office, is_narrow=True, is_dark=True)
        narrow.open(TRY)
        narrow.check("try-narrow-dark")
