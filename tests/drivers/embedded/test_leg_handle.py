"""A handle is read as it was written, whatever bytes its telephone sent."""

from __future__ import annotations

import json

import pytest

from switchhook.drivers.embedded.leg_handle import write_handle


@pytest.mark.parametrize("name", ["anna", "Анна", b"\xff".decode("utf-8", "surrogateescape")])
def test_a_handle_is_read_as_it_was_written(name: str) -> None:
    handle: dict[str, object] = {
        "sip": {"dialog": {"local": f"<sip:{name}@h>"}, "peer": ["UDP", "192.0.2.1", 5060]},
        "stored_at": 1_790_000_000.123456,
        "trunk": None,
        "owes_answer": True,
    }
    assert json.loads(write_handle(handle)) == handle
