"""JSON of calls and deliveries holds all that is known, and masks what may be a key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import DeliveryStory, show_call, show_delivery
from switchhook.storage.records import DeliveryRow, DeliveryState
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.as_json import (
    address,
    call_story,
    content,
    delivery_story,
    masked_header,
    masked_url,
    text,
)
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import render_mail
from tests.support.loop import run
from tests.support.promises import attempt, delivery
from tests.support.told import AFTER, BEFORE, CALL, remember
from tests.webhooks.samples import make_facts, make_mail

if TYPE_CHECKING:
    from pathlib import Path


def encoded(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


def test_stories_are_whole(tmp_path: Path) -> None:
    async def scenario() -> tuple[Any, Any]:
        await remember(tmp_path)
        store = await SqliteStore.open(tmp_path / DATABASE, read_only=True)
        call, delivery = await show_call(store, CALL), await show_delivery(store, AFTER)
        await store.close()
        return encoded(call_story(call)), encoded(delivery_story(delivery))

    call, delivery = run(scenario())

    assert call["id"] == CALL
    assert (call["project"], call["outcome"], call["ended_by"]) == ("acme", "answered", "callee")
    assert [attempt["target"] for attempt in call["attempts"]] == ["380443334455"]
    assert call["journal"][0]["happening"] == "arrived"
    assert [told["id"] for told in call["deliveries"]] == [BEFORE, AFTER]
    assert delivery["state"] == "failed"
    assert json.loads(delivery["body"])["call_id"] == CALL
    assert [name for name, _ in delivery["headers"]][:2] == ["Host", "User-Agent"]
    (attempt,) = delivery["attempts"]
    assert (attempt["status"], attempt["failure"], attempt["notice"]) == (503, "status", None)


def test_what_an_endpoint_reports_under_a_good_status_is_a_notice() -> None:
    told = delivery(body=b'{"jsonrpc":"2.0","method":"m","params":{},"id":"d"}')
    said = attempt(told, answer=b'{"error":{"code":1,"message":"a\\nb"}}')
    row = DeliveryRow(number=1, delivery=told, state=DeliveryState.DELIVERED, latest=said)

    shown = delivery_story(DeliveryStory(row=row, attempts=(said,)))

    assert shown["latest"] == shown["attempts"][0]
    assert shown["latest"]["failure"] is None
    assert shown["latest"]["notice"] == "the endpoint reported JSON-RPC error 1: a·b"


def test_a_mail_is_told_of_as_its_reader_sees_it() -> None:
    mail = make_mail(subject="Пропущено: {{caller_id}}", text="Від {{caller_id}}\n")
    request = render_mail(
        mail, "desk@example.com", make_facts(), delivery_id="c1.1.missed", sender="pbx@acme.example"
    )
    headers, body = content(request)

    assert address(request) == {"method": "MAIL", "url": "mailto:desk@example.com"}
    assert headers[:3] == (
        ("From", "pbx@acme.example"),
        ("To", "desk@example.com"),
        ("Subject", "Пропущено: 380441112233"),
    )
    assert body == "Від 380441112233\n"


def test_what_may_be_a_key_is_masked() -> None:
    assert masked_url("https://crm.example/hook?key=hunter22") == "https://crm.example/hook?****"
    assert masked_url("https://crm.example/hook") == "https://crm.example/hook"
    assert masked_url("https://hooks.target/h/1?a=b", hides_path=True) == (
        "https://hooks.target/****?****"
    )
    assert masked_url("https://hooks.target/", hides_path=True) == "https://hooks.target/"
    assert masked_header("Auth-Key", "hunter22") == "****"
    assert masked_header("Content-Type", "application/json") == "application/json"


def test_bytes_are_text_that_moves_no_cursor() -> None:
    assert text("Київ\n".encode()) == "Київ\n"
    assert text(b"a\xff\x1b[2J\r") == "a\ufffd\ufffd[2J\ufffd"


def test_notes_on_values_stand_with_a_delivery_that_has_some() -> None:
    promise = delivery()
    assert isinstance(promise.request, HttpRequest)
    noted = replace(promise, request=replace(promise.request, notes=("v: custom is 'abc'",)))
    told = [
        delivery_story(
            DeliveryStory(
                row=DeliveryRow(number=1, delivery=one, state=DeliveryState.PENDING, latest=None),
                attempts=(),
            )
        )
        for one in (promise, noted)
    ]
    assert "notes" not in told[0]
    assert told[1]["notes"] == ["v: custom is 'abc'"]
