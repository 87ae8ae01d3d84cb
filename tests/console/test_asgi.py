"""Every answer of the console is guarded by its headers; `/` leads a browser there, and leaves programs to the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.console.access import ACCESS, Access
from switchhook.console.discovery import find_pages
from switchhook.domain.access.rights import Need
from tests.support.console import in_office

if TYPE_CHECKING:
    from tests.support.console import Office

STRICT = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/", "/console/nothing"])
def test_every_answer_has_strict_headers(path: str) -> None:
    async def scenario(office: Office) -> None:
        answer = await office.get(path)
        assert STRICT.items() <= answer.headers.items()
        policy = answer.headers["content-security-policy"].split("; ")
        assert {"default-src 'self'", "frame-ancestors 'none'", "form-action 'self'"} <= {*policy}
        assert "unsafe" not in str(policy)

    in_office(scenario, is_filled=False)


def test_the_root_leads_browsers_to_the_console_and_programs_to_an_error() -> None:
    async def scenario(office: Office) -> None:
        browser = await office.get("/", Accept="text/html,application/xhtml+xml")
        assert (browser.status, browser.headers["location"]) == (303, "/console/")
        program = await office.get("/", Accept="application/json")
        assert program.status == 404
        assert program.headers["content-type"] == "application/problem+json"

    in_office(scenario, is_filled=False)


def test_every_handler_says_what_it_needs() -> None:
    needs = [handler.opt.get(ACCESS) for handler in find_pages().handlers]

    assert len(needs) > 5
    assert all(isinstance(need, Access | Need) for need in needs)


def test_a_page_that_is_not_there_is_an_error_for_people_without_a_traceback() -> None:
    async def scenario(office: Office) -> None:
        answer = await office.get("/console/nothing")
        assert answer.status == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        page = answer.body.decode()
        assert "<h1" in page
        assert "Traceback" not in page

    in_office(scenario, is_filled=False)


def test_a_crash_costs_one_answer_and_tells_the_request_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(office: Office) -> None:
        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError("the secret of the inside")

        with monkeypatch.context() as patch:
            patch.setattr(type(office.web.store), "find_calls", broken)
            answer = await office.as_user("owner").get("/console/projects/acme/calls")
        assert answer.status == 500
        page = answer.body.decode()
        assert answer.headers["x-request-id"] in page
        assert "secret of the inside" not in page
        assert (await office.as_user("owner").get("/console/projects/acme/calls")).status == 200

    in_office(scenario)
