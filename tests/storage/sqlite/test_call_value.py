"""A call is stored under the keys that earlier versions wrote, whatever values its fields are grouped into."""

from __future__ import annotations

from dataclasses import fields

from switchhook.domain.call import Call, CallPlayback
from switchhook.storage.sqlite.call_value import RENAMED, STORED_KEYS, flat, grouped
from tests.support.promises import call

KEYS = (
    "account answered_at arrived_at asked asks background background_playback callback callee caller "
    "caller_name cause codes collecting direct direction ended_at ended_by entries failed given "
    "hidden id is_to_be_recorded is_unplaced jumps known legs on_fallback outcome party path plan "
    "playbacks playing published rated rating recorder recorders recording_trouble recordings redirections "
    "ringing scheme state talking_to then told transfer transfers variables wake_at webhook_name"
)


def test_the_keys_are_those_that_were_always_written() -> None:
    assert " ".join(sorted(flat(call("c1")))) == KEYS


def test_no_key_is_written_twice() -> None:
    flat_fields = {field.name for field in fields(Call)} - STORED_KEYS.keys() - RENAMED.keys()
    grouped_keys = [key for keys in STORED_KEYS.values() for key in keys.values()]
    assert sorted([*flat_fields, *grouped_keys, *RENAMED.values()]) == KEYS.split()


def test_a_group_is_made_of_its_keys() -> None:
    waiting = call("c1").changed(playback=CallPlayback(prompt="p2", started=2))
    stored = flat(waiting)
    assert (stored["playing"], stored["playbacks"]) == ("p2", 2)
    assert grouped(stored)["playback"] == waiting.playback.__dict__


def test_a_key_that_an_earlier_version_did_not_write_is_left_to_its_default() -> None:
    stored = flat(call("c1"))
    del stored["playbacks"]
    assert "started" not in grouped(stored)["playback"]
