"""A website tells of visits with a token for that alone, and calls know of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.loop import run
from tests.support.snapshots import incoming, ring
from tests.support.web import Web, serving

PATH = "/api/projects/acme/visits/v1"
NUMBER = "380442223344"


def told(**said: object) -> bytes:
    return json.dumps(said).encode()


def facts(web: Web, *, call: str = "c1", number: str = NUMBER, at: float = 1_000.0) -> Any:
    """Return what is told of a call that comes to a number."""
    came = incoming(ring())
    project = replace(came.snapshot.project, id="acme")
    snapshot = type(came.snapshot)(project)
    admitted, _ = web.visits.admit(
        replace(came, id=call, callee=number, arrived_at=at, snapshot=snapshot)
    )
    return web.visits.facts_of(admitted)


@pytest.mark.row("A-12", "R1-38", "R4-09", "R4-11", "R4-17")
def test_who_calls_the_number_that_a_visitor_sees_is_that_visitor() -> None:
    async def scenario() -> None:
        async with serving() as web:
            attributes = {"city": "Київ", "order_id": 17, "medium": None, "order_field:Budget": "9"}
            answer = await web.ask(
                "PUT",
                PATH,
                told(attributes=attributes, number="+380 44 222-33-44", seconds=60),
                key="visits",
            )
            assert answer.status == 200
            assert answer.json == {
                "visit": "v1",
                "attributes": {"city": "Київ", "order_id": "17", "order_field:Budget": "9"},
                "number": NUMBER,
                "call": "",
            }
            known = facts(web, at=1_059.0)
            assert (known["visit_id"], known["city"], known["order_id"]) == ("v1", "Київ", "17")
            assert "city" not in facts(web, call="c2", at=1_061.0)
            (stored,) = await web.store.visits(limit=9)
            assert stored == web.visits.visit("acme", "v1")

    run(scenario())


def test_a_running_call_gets_the_visit_and_its_news_and_no_mix_of_two() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await web.ask(
                "PUT", PATH, told(attributes={"city": "Lviv", "source": "fb"}, number=NUMBER)
            )
            came = facts(web)
            assert came["city"] == "Lviv"
            web.calls["c1"] = "acme"
            await web.ask("PUT", f"{PATH}2", told(attributes={"order_id": "5"}, call="c1"))
            known = facts(web)
            assert (known["visit_id"], known["order_id"]) == ("v12", "5")
            assert "city" not in known
            assert "source" not in known

    run(scenario())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"[1]", ""),
        (b"\xff", ""),
        (told(attributes={"city": ["a"]}), "attributes"),
        (told(attributes={"city": True}), "attributes"),
        (told(attribute={}), "attribute"),
        (told(number="380440000000"), "number"),
        (told(number="nobody"), "number"),
        (told(call="over"), "call"),
        (told(call="of-another"), "call"),
        (told(call="a\r\nb"), "call"),
        (told(number=NUMBER, seconds=0), "seconds"),
        (told(number=NUMBER, seconds=1e12), "seconds"),
        (told(attributes={"status": "x"}), "attributes"),
        (told(attributes={"order_field:": "x"}), "attributes"),
        (told(attributes={f"custom:{n}": "x" for n in range(101)}), "attributes"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(body: bytes, field: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["of-another"] = "other"
            answer = await web.ask("PUT", PATH, body, key="visits")
            assert (answer.status, answer.json["field"]) == (400, field)
            assert web.visits.visit("acme", "v1") is None

    run(scenario())


@pytest.mark.row("S-74")
def test_a_token_of_visits_is_good_for_its_projects_visits_alone() -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask("PUT", PATH, told(), key="visits")).status == 200
            assert (await web.ask("PUT", PATH, told(), key="acme")).status == 200
            assert (await web.ask("PUT", PATH, told(), key="hooks")).status == 403
            assert (await web.ask("PUT", PATH, told(), key="other")).status == 404
            elsewhere = "/api/projects/other/visits/v1"
            assert (await web.ask("PUT", elsewhere, told(), key="visits")).status == 404
            scenario_path = "/api/projects/acme/scenario"
            assert (await web.ask("GET", scenario_path, key="visits")).status == 403

    run(scenario())
