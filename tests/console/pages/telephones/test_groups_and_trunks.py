"""Groups, trunks and numbers are listed with what people want to know of them, and changed by their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.console.pages.telephones.test_accounts import DOCUMENT, document
from tests.support.console import Office, in_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight

BASE = "/console/projects/acme"


def test_each_is_empty_first_then_made_by_its_form_and_listed() -> None:
    async def scenario(office: Office) -> None:
        editor = office.as_user("editor")
        assert "No trunks yet." in (await editor.get(f"{BASE}/trunks")).body.decode()
        assert "No numbers yet." in (await editor.get(f"{BASE}/numbers")).body.decode()
        assert "Olena" in (await editor.get(f"{BASE}/groups")).body.decode()
        trunk = {
            "name": "carrier",
            "host": "sip.example.com",
            "username": "u",
            "password": "carrier-secret",
        }
        assert (await editor.post(f"{BASE}/trunks/new", trunk)).status == 303
        number = {"number": "+380 44 111 22 33", "scheme": "1"}
        assert (await editor.post(f"{BASE}/numbers/new", number)).status == 303
        group = {"name": "night", "accounts": "101"}
        assert (await editor.post(f"{BASE}/groups/new", group)).status == 303
        text = await document(office)
        assert 'host = "sip.example.com"' in text
        assert "scheme = 1" in text
        assert 'accounts = ["101"]' in text
        viewer = office.as_user("viewer")
        trunks = (await viewer.get(f"{BASE}/trunks")).body.decode()
        assert "not asked yet" in trunks
        assert "carrier-secret" not in trunks
        assert "380441112233" in (await viewer.get(f"{BASE}/numbers")).body.decode()
        assert "night" in (await viewer.get(f"{BASE}/groups")).body.decode()
        assert (await editor.get(f"{BASE}/numbers/380441112233")).status == 200
        assert "carrier-secret" not in (await editor.get(f"{BASE}/trunks/carrier")).body.decode()

    in_office(scenario, document=DOCUMENT, is_filled=False)


def test_lists_and_forms_are_read_wide_and_narrow(look: Callable[..., Sight]) -> None:
    wide, narrow = look("editor"), look("editor", is_narrow=True, is_dark=True)
    for path in ("numbers", "groups/new", "trunks/new"):
        for sight, name in ((wide, "wide"), (narrow, "narrow-dark")):
            sight.open(f"{BASE}/{path}")
            sight.check(f"{path.replace('/', '-')}-{name}")
