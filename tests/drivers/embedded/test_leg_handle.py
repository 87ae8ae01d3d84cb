"""A handle is read as it was written, whatever bytes its telephone sent."""

from __future__ import annotations

import json

import pytest

from switchhook.domain.call import CALLER
from switchhook.drivers.embedded.leg_handle import LegHandles, write_handle
from tests.support.snapshots import incoming


@pytest.mark.parametrize("name", ["anna", "Анна", b"\xff".decode("utf-8", "surrogateescape")])
def test_a_handle_is_read_as_it_was_written(name: str) -> None:
    handle: dict[str, object] = {
        "sip": {"dialog": {"local": f"<sip:{name}@h>"}, "peer": ["UDP", "192.0.2.1", 5060]},
        "stored_at": 1_790_000_000.123456,
        "trunk": None,
        "owes_answer": True,
    }
    assert json.loads(write_handle(handle)) == handle


@pytest.mark.row("FI-02")
@pytest.mark.parametrize(
    ("handle", "is_agreeing"),
    [
        ({}, False),
        ({"agreeing": ["b1"]}, False),
        ({"agreeing": ["b2"]}, True),
        ({"agreeing": [""]}, True),
        ({"agreeing": True}, True),
    ],
)
def test_a_leg_has_yet_to_agree_unless_it_talks_to_whose_sound_it_took(
    handle: dict[str, object], *, is_agreeing: bool
) -> None:
    call = incoming().changed(talking_to="b1")
    caller = call.legs[0].changed(handle=write_handle(handle))
    assert caller.id == CALLER
    assert LegHandles.is_agreeing(call, caller) is is_agreeing
