"""Calls up to the moment at which a test begins."""

from __future__ import annotations

from switchhook.domain.call import CALLER
from switchhook.routing.events import (
    CallArrived,
    HangUpRequested,
    Resynced,
)
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    OLGA,
    incoming,
    ring,
)
from tests.support.transcript import (
    Transcript,
    answers,
    hangs_up,
    rings,
)

HANG_UP = HangUpRequested(by="operator bob")


def asking() -> Transcript:
    """Tell the story up to a webhook that is being asked; Mary is next."""
    story = Transcript(incoming(ASK, ring(MARY)))
    story.hears(0, CallArrived(), "emit incoming.before", "show ringing", "ask crm as c-1")
    return story


def ringing() -> Transcript:
    """Tell the story up to Mary and John ringing together; Olga is next."""
    story = Transcript(incoming(ring(MARY, JOHN), ring(OLGA)))
    story.hears(
        0,
        CallArrived(),
        "emit incoming.before",
        "ring b1 mary",
        "ring b2 john",
        "emit incoming.forwarding",
    )
    story.hears(1, rings("b1"), "show ringing")
    return story


def picked_up() -> Transcript:
    """Tell the story up to Mary's answer; the caller has not heard of it."""
    story = ringing()
    story.hears(5, answers("b1"), "connect b1", "end b2 answered_elsewhere", "emit incoming.pickup")
    return story


def talking() -> Transcript:
    """Tell the story up to a conversation with Mary."""
    story = picked_up()
    story.hears(5.1, answers(CALLER))
    return story


def ended() -> Transcript:
    """Tell the story to its end: Mary hangs up."""
    story = talking()
    story.hears(60, hangs_up("b1"), "end caller 200", "emit incoming.after")
    return story


def live(*legs: str) -> Resynced:
    """Say which legs live after a restart."""
    return Resynced(live_legs=frozenset(legs))
