"""The authorisation matrix of the console, made of its handlers: a new page is in it by being there (S-74)."""

from __future__ import annotations

import re

from switchhook.console.access import ACCESS, Access
from switchhook.console.discovery import find_pages
from switchhook.domain.access.people import Role
from switchhook.domain.access.rights import Need
from tests.support.console import NOBODY, Office, in_office

MANY = 10**6
VALUES = {"str": "x", "int": "1"}
"""What stands in a path, by the type of its parameter."""


def requests(*, project: str = "acme") -> list[tuple[str, str, Need | Access]]:
    """Return method and path of every handler with what it needs; its parameters are those of nothing."""
    found = []
    for handler in find_pages().handlers:
        for path in handler.paths:
            filled = re.sub(
                r"\{(\w+):(\w+)\}",
                lambda one: project if one[1] == "project" else VALUES[one[2]],
                path,
            )
            found += [(str(method), filled, handler.opt[ACCESS]) for method in handler.http_methods]
    return found


async def status(office: Office, method: str, path: str, token: str) -> int:
    if method == "GET":
        return (await office.get(path)).status
    return (await office.post(path, {"csrf_token": token})).status


def test_a_page_of_a_project_is_for_who_has_the_role_that_it_needs() -> None:
    async def scenario(office: Office) -> None:
        for role in (*Role, NOBODY):
            reader = office.as_user(str(role))
            token = await reader.token()
            for method, path, need in requests():
                if not isinstance(need, Need):
                    continue
                got = await status(reader, method, path, token)
                if role == NOBODY:
                    assert got == 404, (role, method, path)
                elif not Role(role).includes(need.role):
                    assert got == 403, (role, method, path)
                else:
                    assert got not in {401, 403, 500}, (role, method, path)

    in_office(scenario, is_filled=False, requests_per_minute=MANY)


def test_another_project_is_not_there_whatever_the_role() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        token = await owner.token()
        for method, path, need in requests(project="other"):
            if isinstance(need, Need):
                assert await status(owner, method, path, token) == 404, (method, path)

    in_office(scenario, is_filled=False, requests_per_minute=MANY)


def test_who_has_not_signed_in_sees_the_door_alone() -> None:
    async def scenario(office: Office) -> None:
        token = await office.token()
        for method, path, need in requests():
            if not isinstance(need, Need) and need is not Access.SIGNED_IN:
                continue
            got = await status(office, method, path, token)
            assert got == 303, (method, path)

    in_office(scenario, is_filled=False)


def test_no_form_is_taken_without_its_token_and_none_from_another_site() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        token = await owner.token()
        for method, path, _ in requests():
            if method != "POST":
                continue
            assert (await owner.post(path, {"csrf_token": ""})).status == 403, path
            sent = await owner.post(path, {"csrf_token": token}, Sec_Fetch_Site="cross-site")
            assert sent.status == 403, path

    in_office(scenario, is_filled=False, requests_per_minute=MANY)
