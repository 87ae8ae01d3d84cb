"""The engine's ids stand in stored calls and in journals, so their text never changes."""

from __future__ import annotations

from switchhook.routing.ids import ask_id, leg_id, playback_id, recording_id


def test_their_text_is_that_of_stored_calls() -> None:
    assert [leg_id(1), playback_id(2), recording_id(3)] == ["b1", "p2", "r3"]
    assert ask_id("1700000000.000000000042", 1) == "1700000000.000000000042-1"
