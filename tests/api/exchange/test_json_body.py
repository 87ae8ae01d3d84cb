"""A body that cannot be read is answered with its first wrong field, what is wrong with it, and what to send."""

from __future__ import annotations

from typing import Any

import pytest

from switchhook.api.calling import CallWanted, TransferWanted
from switchhook.api.exchange.json_body import json_body
from switchhook.api.responses import WrongFieldError
from switchhook.operations.intake.posted_calls import CallsPosted


def test_a_good_body_is_the_value() -> None:
    wanted = json_body(b'{"caller": "101", "callee": "102"}', CallWanted, "{}")

    assert wanted == CallWanted(caller="101", callee="102")


@pytest.mark.parametrize(
    ("body", "kind", "field", "said"),
    [
        (b"", CallWanted, "", "the request has no body"),
        (b"caller=101", CallWanted, "", "the body is no JSON"),
        (b"\xff", CallWanted, "", "the body is no JSON"),
        (b"[" * 30_000, list, "", "the body is no JSON"),
        (b"[]", CallWanted, "", "the body: write an object, not an array"),
        (b'{"caller":1}', CallWanted, "caller", "caller: write a text, not a whole number"),
        (b'{"caller":"1"}', CallWanted, "callee", "callee is missing"),
        (
            b'{"from":"1"}',
            CallWanted,
            "from",
            "from: there is no such field; there are caller, callee, shown",
        ),
        (b'{"leaves":"x"}', TransferWanted, "leaves", "leaves: 'x' is none of caller, callee"),
        (b'{"leaves":[]}', TransferWanted, "leaves", "leaves: write a text or null, not an array"),
        (b'{"calls":[{}]}', CallsPosted, "reference", "calls[0].reference is missing"),
        (b'{"calls":[{"x":5}]}', CallsPosted, "x", "calls[0].x: there is no such field"),
        (
            b'{"calls":[{"reference":"a","direction":"x","callee":"1","started_at":"soon"}]}',
            CallsPosted,
            "started_at",
            "calls[0].started_at: write a time such as 2026-12-01T09:30:00+01:00",
        ),
    ],
    ids=range(13),
)
def test_what_is_wrong_is_told_with_what_to_send(
    body: bytes, kind: type[Any], field: str, said: str
) -> None:
    with pytest.raises(WrongFieldError) as refused:
        json_body(body, kind, '{"like": "this"}')

    assert (refused.value.field, str(refused.value)) == (field, f'{said}; send {{"like": "this"}}')
