"""Nobody sees or does what they have no right to, and no other site acts in their name."""

from __future__ import annotations

import pytest

from switchhook.domain.access.people import Role
from tests.support.console import Office, in_office
from tests.support.projects import MINIMAL

CALLS = "/console/projects/acme/calls"
MASKING = MINIMAL.replace('name = "', 'viewers_see_numbers = false\nname = "', 1)


def test_who_has_not_signed_in_is_sent_to_the_door_and_back() -> None:
    async def scenario(office: Office) -> None:
        answer = await office.get(f"{CALLS}?number=4930*")
        assert answer.status == 303
        assert answer.headers["location"] == (
            "/console/sign-in?next=%2Fconsole%2Fprojects%2Facme%2Fcalls%3Fnumber%3D4930%2A"
        )
        swap = await office.get(CALLS, HX_Request="true")
        assert (swap.status, swap.headers["hx-redirect"][:16]) == (401, "/console/sign-in")

    in_office(scenario, is_filled=False)


@pytest.mark.parametrize("login", ["viewer", "nobody"])
def test_another_project_is_as_good_as_none(login: str) -> None:
    async def scenario(office: Office) -> None:
        there = await office.as_user(login).get("/console/projects/other/calls")
        nowhere = await office.as_user(login).get("/console/projects/nowhere/calls")
        assert there.status == nowhere.status == 404
        assert "Other" not in there.body.decode()

    in_office(scenario, is_filled=False)


def test_a_call_of_another_project_is_not_there() -> None:
    async def scenario(office: Office) -> None:
        people = office.web.store.people
        await people.set_role("other", "id-viewer", role=None, at=0.0)
        await people.set_role("acme", "id-nobody", role=None, at=0.0)
        await people.set_role("other", "id-nobody", Role.OWNER, at=0.0)
        answer = await office.as_user("nobody").get("/console/projects/other/calls/c0")
        assert answer.status == 404

    in_office(scenario)


@pytest.mark.parametrize(
    ("token", "site", "status"),
    [
        (None, "same-origin", 303),
        ("", "same-origin", 403),
        ("00" * 32, "same-origin", 403),
        ("no hex", "same-origin", 403),
        (None, "cross-site", 403),
        (None, "same-site", 403),
    ],
)
def test_a_form_needs_the_token_of_its_own_page(token: str | None, site: str, status: int) -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        sent = {"csrf_token": await owner.token() if token is None else token}
        answer = await owner.post("/console/sign-out", sent, Sec_Fetch_Site=site)
        assert answer.status == status

    in_office(scenario, is_filled=False)


def test_a_token_is_of_one_session_and_one_browser() -> None:
    async def scenario(office: Office) -> None:
        theirs = await office.as_user("viewer").token()
        answer = await office.as_user("owner").post("/console/sign-out", {"csrf_token": theirs})
        assert answer.status == 403

    in_office(scenario, is_filled=False)


def test_htmx_sends_the_token_in_a_header() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        token = await owner.token()
        told = {"X_CSRF_Token": token}
        assert (await owner.post("/console/sign-out", {"csrf_token": ""}, **told)).status == 303

    in_office(scenario, is_filled=False)


def test_numbers_are_masked_for_viewers_where_the_project_says_so() -> None:
    async def scenario(office: Office) -> None:
        viewer, editor = office.as_user("viewer"), office.as_user("editor")
        for path in (CALLS, f"{CALLS}/c0", "/console/projects/acme/"):
            masked, full = await viewer.get(path), await editor.get(path)
            assert "380441112233" not in masked.body.decode()
            assert "*33" in masked.body.decode()
            assert "380441112233" in full.body.decode()
        for refused in (f"{CALLS}?number=*2233", f"{CALLS}/export"):
            assert (await viewer.get(refused)).status == 403

    in_office(scenario, document=MASKING)


def test_a_session_that_asks_too_often_waits_and_others_do_not() -> None:
    async def scenario(office: Office) -> None:
        owner = office.as_user("owner")
        answers = [(await owner.get(CALLS)).status for _ in range(5)]
        assert answers == [200, 200, 200, 200, 429]
        refused = await owner.get(CALLS)
        assert int(refused.headers["retry-after"]) > 0
        assert (await office.as_user("viewer").get(CALLS)).status == 200

    in_office(scenario, is_filled=False, requests_per_minute=4)


def test_a_refusal_and_a_change_stand_in_the_audit_log() -> None:
    async def scenario(office: Office) -> None:
        await office.as_user("viewer").get(f"{CALLS}/export")
        owner = office.as_user("owner")
        await owner.post("/console/sign-out", {"csrf_token": ""})
        await owner.post("/console/sign-out", {})
        entries = await office.web.store.audit.entries()
        told = {(one.actor, one.operation, one.result, one.via) for one in entries}
        assert told == {
            ("viewer", "GET /console/projects/{project}/calls/export", "403", "session of-viewer"),
            ("owner", "POST /console/sign-out", "403", "session of-owner"),
            ("owner", "POST /console/sign-out", "303", "session of-owner"),
        }

    in_office(scenario, document=MASKING)
