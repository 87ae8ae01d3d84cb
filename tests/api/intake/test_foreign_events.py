"""What is no call is told as calls are: by the same webhooks and filters, once, in order, and it is in the list of deliveries."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from switchhook.domain.access.token import Scope
from switchhook.storage.records import DeliveryFilter
from switchhook.webhooks.dialects.event_stream import schema
from tests.support.brought import HERE, Brought, brought
from tests.support.loop import run
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path

DEAL = {
    "subject": "17",
    "caller": "+380 44 111-22-33",
    "caller_name": "Жанна",
    "number": "044 222-33-44",
    "account": "101",
    "fields": {"stage": "won", "amount": 1200, "is_new": True, "note": None},
}


def document(url: str, more: str = "") -> str:
    return f"""{HERE.replace('"Acme"', '"Acme"' + chr(10) + 'country = "UA"')}
[[events]]
name = "deals"
event = "deal.changed"
filter = {{ fields = [{{ name = "stage", values = ["won", "lost"] }}] }}

[[events.webhooks]]
url = "{url}"
parameters = [
  {{ name = "what", value = "event" }},
  {{ name = "deal", value = "event_subject" }},
  {{ name = "stage", value = "event_field:stage" }},
  {{ name = "amount", value = "event_field:amount", type = "number" }},
  {{ name = "new", value = "event_field:is_new" }},
  {{ name = "phone", value = "e164" }},
  {{ name = "name", value = "caller_name" }},
  {{ name = "number", value = "destination_id" }},
  {{ name = "manager", value = "responsible_manager" }},
  {{ name = "of", value = "department" }},
  {{ name = "city", value = "city" }},
  {{ name = "place", value = "event_number" }},
  {{ name = "status", value = "status" }},
  {{ name = "talk", value = "conversation" }},
]

[[events]]
name = "forms"
event = "form.sent"

[[events.webhooks]]
url = "{url}"
format = "raw"
body = '{{"text":"{{{{event_field:message}}}}"}}'
{more}
"""


def bodies(endpoint: Endpoint) -> list[Any]:
    return [json.loads(request.body) for request in endpoint.ledger.requests]


@pytest.mark.row("N-07")
def test_an_event_is_told_by_the_projects_webhooks_and_stands_in_the_list(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with brought(tmp_path, document(endpoint.url("/crm"))) as web:
            visit = {"attributes": {"city": "Lviv"}}
            answer = await web.ask("PUT", "/api/projects/acme/visits/v1", visit)
            assert answer.status == 403
            web.app.memory.put_visit(_visit("v1", ("city", "Lviv")))
            answer = await web.post("/api/events/deal.changed", DEAL | {"visit": "v1"})
            assert answer.status == 202, answer.body
            (delivery,) = answer.json["deliveries"]
            assert answer.json == {
                "event": "deal.changed",
                "subject": "17",
                "call": "deal:17",
                "deliveries": [delivery],
                "left_out": [],
            }
            await web.app.dispatcher.drain()
            (row,) = await web.app.store.deliveries(DeliveryFilter(call="deal:17"))
            assert (row.delivery.id, row.state) == (delivery, "delivered")
            assert len(await web.app.store.attempts(delivery)) == 1
            assert (await web.app.store.find_calls(project="acme")).calls == ()
            (request,) = endpoint.ledger.requests
            assert request.header("webhook-id") == delivery

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))
        assert bodies(endpoint) == [
            {
                "what": "deal.changed",
                "deal": "17",
                "stage": "won",
                "amount": 1200,
                "new": "true",
                "phone": "+380441112233",
                "name": "Жанна",
                "number": "380442223344",
                "manager": "Ann",
                "of": "Sales",
                "city": "Lviv",
                "place": "1",
                "status": "",
                "talk": "",
            }
        ]


def _visit(name: str, *attributes: tuple[str, str]) -> Any:
    from switchhook.domain.tracking.caller_history import Visit  # noqa: PLC0415

    return Visit(project="acme", id=name, attributes=attributes, seen_at=time.time())


@pytest.mark.row("N-07")
def test_events_about_one_subject_keep_their_order_and_a_filter_keeps_others_out(
    tmp_path: Path,
) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with brought(tmp_path, document(endpoint.url("/crm"))) as web:
            for place in range(8):
                stage = "open" if place == 3 else "won"
                posted = {"subject": "a.b/1", "fields": {"stage": stage, "amount": place}}
                answer = await web.post("/api/events/deal.changed", posted)
                assert answer.json["call"] == "deal:a.b%2F1"
                assert len(answer.json["deliveries"]) == (0 if place == 3 else 1)
                if place == 3:
                    assert answer.json["left_out"] == ["deals: its filter lets this event not pass"]
            await web.app.dispatcher.drain()

    def answer(_: object) -> bytes:
        time.sleep(0.01)
        return reply()

    with Endpoint(answer) as endpoint:
        run(scenario(endpoint))
        told = [(one["amount"], one["place"]) for one in bodies(endpoint)]

    assert told == [(n, str(n + 1)) for n in (0, 1, 2, 4, 5, 6, 7)]


@pytest.mark.row("N-07")
def test_a_request_with_a_key_is_one_event_however_often_it_is_sent(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        async with brought(tmp_path, document(endpoint.url("/crm"))) as web:
            form = {"fields": {"message": 'say "hi"'}}
            first = await web.post("/api/events/form.sent", form, Idempotency_Key="f1")
            again = await web.post("/api/events/form.sent", form, Idempotency_Key="f1")
            assert (first.status, again.status) == (202, 202)
            assert again.body == first.body
            assert again.headers["idempotent-replayed"] == "true"
            other = await web.post("/api/events/form.sent", {}, Idempotency_Key="f1")
            assert other.status == 422
            await web.app.dispatcher.drain()

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))
        assert bodies(endpoint) == [{"text": 'say "hi"'}]


def test_what_is_acknowledged_survives_the_server(tmp_path: Path) -> None:
    """The first server sends nothing; the next one does."""

    async def first(url: str) -> str:
        async with brought(tmp_path, document(url), sends=False) as web:
            answer = await web.post("/api/events/form.sent", {"fields": {"message": "kept"}})
            return str(answer.json["deliveries"][0])

    async def then(url: str) -> None:
        async with brought(tmp_path, document(url)) as web:
            await web.app.dispatcher.drain()

    with Endpoint(lambda _: reply()) as endpoint:
        delivery = run(first(endpoint.url("/crm")))
        assert endpoint.ledger.requests == []
        run(then(endpoint.url("/crm")))
        (request,) = endpoint.ledger.requests

    assert request.header("webhook-id") == delivery
    assert json.loads(request.body) == {"text": "kept"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"[]", ""),
        ({"what": 1}, "what"),
        ({"subject": 1}, "subject"),
        ({"subject": "x" * 101}, "subject"),
        ({"subject": "a\nb"}, "subject"),
        ({"caller": "nobody"}, "caller"),
        ({"caller_name": "a\nb"}, "caller_name"),
        ({"number": "380440000000"}, "number"),
        ({"account": "999"}, "account"),
        ({"visit": "v9"}, "visit"),
        ({"fields": {"a": {}}}, "fields"),
        ({"fields": {"": "a"}}, "fields"),
        ({"fields": {"a}": "a"}}, "fields"),
        ({"fields": {"a": "x" * 4001}}, "fields"),
        ({"fields": {f"f{n}": "" for n in range(101)}}, "fields"),
        ({"at": "2020-01-01T00:00:00"}, "at"),
        ({"at": "2020-01-01T00:00:00Z"}, "at"),
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_told(tmp_path: Path, body: Any, field: str) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, document("http://127.0.0.1:1/")) as web:
            answer = await web.post("/api/events/deal.changed", body)
            assert answer.status == 400, answer.body
            assert answer.json["field"] in {field, ""}, answer.json
            assert answer.json["detail"]
            assert await web.app.store.deliveries() == ()

    run(scenario())


def test_an_event_of_another_name_or_without_the_scope_is_refused(tmp_path: Path) -> None:
    async def scenario(web: Brought) -> None:
        for kind in ("incoming.after", "deal.eaten", "stream"):
            answer = await web.post(f"/api/events/{kind}", {})
            assert answer.status in {404, 405}, kind

    async def without(home: Path) -> None:
        async with brought(home, document("http://127.0.0.1:1/"), scope=Scope.VISITS) as web:
            assert (await web.post("/api/events/form.sent", {})).status == 403
            assert (await web.post("/api/imports", {"calls": []})).status == 403

    async def all_of_it() -> None:
        async with brought(tmp_path, document("http://127.0.0.1:1/")) as web:
            await scenario(web)
        await without(tmp_path)

    run(all_of_it())


def test_the_moment_of_an_event_is_told_and_its_own_subject_is_made_up(tmp_path: Path) -> None:
    at = datetime.fromtimestamp(int(time.time()) - 3600, tz=UTC)

    async def scenario(endpoint: Endpoint) -> None:
        told = document(endpoint.url("/crm")).replace("event_field:message", "event_time:unix")
        async with brought(tmp_path, told) as web:
            first, second = [
                await web.post("/api/events/form.sent", {"at": at.isoformat()}) for _ in range(2)
            ]
            assert first.json["subject"] != second.json["subject"]
            await web.app.dispatcher.drain()

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))
        assert bodies(endpoint) == 2 * [{"text": str(int(at.timestamp()))}]


def test_old_events_go_with_their_deliveries_and_those_that_wait_stay(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        url = endpoint.url("/crm")
        waits = """
[[events]]
name = "waits"
event = "dialogue.ended"
[[events.webhooks]]
url = "http://127.0.0.1:1/"
retries = 3
"""
        async with brought(tmp_path, document(url, waits)) as web:
            await web.post("/api/events/form.sent", {"subject": "1"})
            await web.post("/api/events/dialogue.ended", {"subject": "2"})
            store = web.app.store
            endpoint.ledger.wait_for(lambda _: True)
            await asyncio.sleep(0.2)  # until its attempt is stored
            assert await store.prune(before=time.time() - 60) == 0
            assert await store.prune(before=time.time() + 60) == 1
            assert [row.delivery.call for row in await store.deliveries()] == ["dialogue:2"]

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))


STREAMED = """
[event_stream]
keep = true

[[stream_webhooks]]
name = "lake"
url = "URL"
types = ["event.posted"]
"""


@pytest.mark.row("N-07")
def test_it_is_in_the_event_stream_and_sent_to_the_streams_webhooks(tmp_path: Path) -> None:
    async def scenario(web: Endpoint) -> None:
        streamed = document(web.url("/deals"), STREAMED.replace("URL", web.url("/lake")))
        async with brought(tmp_path, streamed, scope=Scope.PROJECT) as server:
            place = (await server.ask("GET", "/api/events?after=newest")).json["next"]
            store = server.app.store

            async def post() -> None:
                for stage in ("new", "won"):
                    posted = DEAL | {"fields": {"stage": stage}}
                    await server.post("/api/events/deal.changed", posted)

            wait = store.stream_events("acme", after=0, limit=9, wait=9.0)
            first_page, _ = await asyncio.wait_for(asyncio.gather(wait, post()), 5.0)
            assert len(first_page.events) == 1  # whoever waits is woken
            page = (await server.ask("GET", f"/api/events?after={place}")).json
            assert [one["sequence"] for one in page["events"]] == [1, 2]
            first, second = page["events"]
            assert (first["type"], first["id"], "call" in first) == (
                "event.posted",
                "deal:17.1",
                False,
            )
            assert second["posted"] == {
                "kind": "deal.changed",
                "subject": "17",
                "caller": {"number": "+380441112233", "name": "Жанна", "account": None, "email": None, "department": None},
                "number": "+380442223344",
                "account": {"number": "101", "name": "Ann", "account": "101", "email": None, "department": "Sales"},
                "fields": {"stage": "won"},
                "facts": {},
            }  # fmt: skip
            validator = jsonschema.Draft202012Validator(schema())
            for event in page["events"]:
                validator.validate(event)
            only = await server.ask("GET", f"/api/events?after={place}&types=call.ended")
            assert only.json["events"] == []
            await server.app.dispatcher.drain()
            sent = web.ledger.of("/lake")
            assert [json.loads(one.body) for one in sent] == page["events"]
            await store.erasure.traces("acme", "+380441112233", "380441112233")
            left = (await server.ask("GET", f"/api/events?after={place}")).json["events"]
            assert [one.get("posted") for one in left] == [None]
            assert await store.prune(before=time.time() + 60) >= 0

    with Endpoint(lambda _: reply()) as web:
        run(scenario(web))
