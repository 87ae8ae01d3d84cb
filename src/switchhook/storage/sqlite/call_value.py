"""The stored form of a call: one flat object, whatever values its fields are grouped into.

A call of an earlier version lacks the keys that came later. Names of stored keys never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.call import Call

STORED_KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "caller": {
        "number": "caller",
        "name": "caller_name",
        "account": "account",
        "is_withheld": "hidden",
    },
    "position": {
        "scheme": "scheme",
        "direct": "direct",
        "path": "path",
        "jumps": "jumps",
        "is_unplaced": "is_unplaced",
        "on_fallback": "on_fallback",
    },
    "asks": {
        "pending": "asked",
        "started": "asks",
        "returned": "given",
        "codes": "codes",
        "variables": "variables",
        "caller_name": "webhook_name",
    },
    "transfers": {"current": "transfer", "failed": "failed", "started": "transfers"},
    "playback": {
        "prompt": "playing",
        "next_branch": "then",
        "background": "background",
        "background_id": "background_playback",
        "started": "playbacks",
    },
    "recording": {
        "is_on": "is_to_be_recorded",
        "running": "recorder",
        "started": "recorders",
        "finished": "recordings",
        "trouble": "recording_trouble",
    },
    "rating": {"step": "rating", "key": "rated"},
}
"""The stored key of each field, by the call's group that it is in."""

RENAMED: Final[Mapping[str, str]] = {
    "snapshot": "plan",
    "facts": "known",
    "ring_round": "ringing",
    "emitted": "told",
}
"""The stored key of each other field that has another name there."""


def flat(call: Call) -> dict[str, Any]:
    """Return what is stored of a call; its snapshot as project and version.

    Written out, and not looped over the table: each step of each call is stored.
    """
    value = call.__dict__.copy()
    del value["snapshot"], value["position"], value["playback"], value["recording"]
    for name in ("facts", "ring_round", "emitted"):
        value.pop(name, None)  # a call of an earlier version has its defaults elsewhere
    caller, asks, transfers = call.caller, call.asks, call.transfers
    playback, recording, rating = call.playback, call.recording, call.rating
    value["plan"] = call.snapshot.key
    value["known"] = call.facts
    value["ringing"] = call.ring_round
    value["told"] = call.emitted
    value["caller"] = caller.number
    value["caller_name"] = caller.name
    value["account"] = caller.account
    value["hidden"] = caller.is_withheld
    value |= call.position.__dict__  # each under its own name
    value["asked"] = asks.pending
    value["asks"] = asks.started
    value["given"] = asks.returned
    value["codes"] = asks.codes
    value["variables"] = asks.variables
    value["webhook_name"] = asks.caller_name
    value["transfer"] = transfers.current
    value["failed"] = transfers.failed
    value["transfers"] = transfers.started
    value["playing"] = playback.prompt
    value["then"] = playback.next_branch
    value["background"] = playback.background
    value["background_playback"] = playback.background_id
    value["playbacks"] = playback.started
    value["is_to_be_recorded"] = recording.is_on
    value["recorder"] = recording.running
    value["recorders"] = recording.started
    value["recordings"] = recording.finished
    value["recording_trouble"] = recording.trouble
    value["rating"] = rating.step
    value["rated"] = rating.key
    return value


def grouped(value: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a call from what is stored of it."""
    call = dict(value)
    groups = {
        group: {name: call.pop(key) for name, key in names.items() if key in call}
        for group, names in STORED_KEYS.items()
    }
    renamed = {name: call.pop(key) for name, key in RENAMED.items() if key in call}
    return call | groups | renamed
