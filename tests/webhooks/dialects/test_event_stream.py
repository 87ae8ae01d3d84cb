"""What a caller calls themselves stays within its place: no event of the stream has a line end or ends early."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from switchhook.domain.event_stream import StreamEventType
from switchhook.webhooks.dialects.event_stream import StreamFacts, write
from tests.support.snapshots import incoming, ring


@pytest.mark.row("S-73")
@pytest.mark.parametrize(
    "name",
    [
        "a\r\n\r\nevent: call.ended\r\ndata: {}",
        "a\x00b",
        "\u2028\u2029\x85",
        "\ud800",
        "\u202egnp.exe",
        '"}],"caller":{"name":"boss',
        "\x1b[2J",
    ],
)
def test_a_hostile_name_is_a_value_on_one_line(name: str) -> None:
    came = incoming(ring())
    call = replace(came, caller=replace(came.caller, name=name))
    body = write(StreamFacts(type=StreamEventType.CALL_CREATED, seq=1, at=1.0, call=call, facts={}))

    assert b"\n" not in body
    assert b"\r" not in body
    told = json.loads(body)
    assert told["type"] == "call.created"
    assert isinstance(told["call"]["caller"]["name"], str)
    assert told["call"]["caller"]["number"] == "+380441112233"
