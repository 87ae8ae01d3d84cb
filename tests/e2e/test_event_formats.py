"""A real call is told in every format, byte for byte, and only to those whose filter lets it pass."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventFilter, EventFormat, EventKind
from switchhook.domain.webhook import Array, Field, HashAlgorithm, Method, Object
from switchhook.webhooks.payload_template import hash_text
from tests.support.events import web_event
from tests.support.house import NEXT, Callee, House, Line, open_house, ring
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.domain.project import Project

pytestmark = pytest.mark.slow

DIALLED, ASLEEP = "380910000001", "380910000002"
SLEEPY = "380500000011"
"""Rings and is never picked up."""
PNG = bytes.fromhex("89504e470d0a1a0a0000000d")
TREE = (
    Field(name="from", parameter="caller_id"),
    Object(
        name="call",
        members=(
            Field(name="status", parameter="status"),
            Array(name="both", items=(Field(name="", parameter="destination_id"),)),
        ),
    ),
    Field(name="{{кто звонил}}", parameter="caller_id", hash=HashAlgorithm.CRC32),
)
FORMATS: dict[str, dict[str, Any]] = {
    "/json": {"fields": TREE},
    "/form": {"format": EventFormat.FORM, "fields": TREE},
    "/get": {"method": Method.GET, "fields": TREE},
    "/rpc": {"format": EventFormat.JSON_RPC, "rpc_method": "call.finished", "fields": TREE},
    "/image": {
        "format": EventFormat.RAW,
        "binary": PNG,
        "headers": (("Content-Type", "image/png"),),
    },
    "/chat": {
        "format": EventFormat.RAW,
        "body": '{"text":"Missed call from {{caller_id:e164}} to {{destination_id:e164}}"}',
        "headers": (("Content-Type", "application/json"),),
        "filter": EventFilter(outcomes=(Outcome.MISSED,)),
    },
}


@contextmanager
def telling(directory: Path) -> Iterator[tuple[House, Endpoint]]:
    """Open a house that tells one more endpoint of each call's end, in every format."""
    with Endpoint(lambda _: reply("ok")) as web:

        def refine(project: Project) -> Project:
            told = (
                web_event(name=path, event=EventKind.INCOMING_AFTER, url=web.url(path), **settings)
                for path, settings in FORMATS.items()
            )
            return replace(project, events=(*project.events, *told))

        lines = (
            Line(number=DIALLED, steps=(ring(NEXT),)),
            Line(number=ASLEEP, steps=(ring(SLEEPY, timeout=5.0),)),
        )
        with open_house(directory, lines, callee=Callee(), refine=refine) as house:
            yield house, web


@pytest.mark.row(
    "S-30", "S-43", "R2-02", "R2-24", "R2-27", "R2-28", "R2-29", "R2-30", "R2-33", "R2-34"
)
def test_a_call_is_told_in_every_format(tmp_path: Path) -> None:
    with telling(tmp_path) as (house, web):
        answered = house.call(DIALLED)
        web.ledger.wait_for(lambda request: request.path != "/chat", count=5)
        told = by_path(web)
        assert sorted(told) == ["/form", "/get", "/image", "/json", "/rpc"]
        assert_told(told, answered.who, answered.id)
        missed = house.call(ASLEEP, scenario="e2e_caller_refused", replace={"STATUS": "480"})
        web.ledger.wait_for(lambda request: request.path == "/chat", count=1)
        assert by_path(web)["/chat"].body.decode() == (
            f'{{"text":"Missed call from +{missed.who} to +{ASLEEP}"}}'
        )
        web.ledger.wait_for(lambda _: True, count=11)
        assert len(web.ledger.requests) == 11


def by_path(web: Endpoint) -> dict[str, Received]:
    return {request.path: request for request in web.ledger.requests}


def assert_told(told: dict[str, Received], who: str, call: str) -> None:
    crc = hash_text(HashAlgorithm.CRC32, who)
    tree = {"from": who, "call": {"status": "ANSWERED", "both": [DIALLED]}, "кто звонил": crc}
    pairs = [
        ("from", who),
        ("call[status]", "ANSWERED"),
        ("call[both][0]", DIALLED),
        ("кто звонил", crc),
    ]
    as_json, rpc = told["/json"], json.loads(told["/rpc"].body)
    assert json.loads(as_json.body) == tree
    assert as_json.header("Content-Type") == "application/json"
    assert rpc == {
        "jsonrpc": "2.0",
        "method": "call.finished",
        "params": tree,
        "id": told["/rpc"].header("webhook-id"),
    }
    assert rpc["id"].startswith(f"{call}.")
    assert parse_qsl(told["/form"].body.decode()) == pairs
    assert told["/form"].header("Content-Type") == "application/x-www-form-urlencoded"
    assert parse_qsl(told["/get"].target.partition("?")[2]) == pairs
    assert (told["/get"].method, told["/get"].body) == ("GET", b"")
    assert told["/get"].header("Content-Length") == told["/get"].header("Content-Type") == ""
    assert (told["/image"].body, told["/image"].header("Content-Type")) == (PNG, "image/png")
