"""Every transition of a call, in one table.

Two rules. (1) A call changes its state here or nowhere: `engine.step` looks the event up under the
call's state, and what does not stand in the table changes nothing. (2) A transition names every
state that it may lead to; the engine refuses any other, and the diagram in the docs is drawn from
this table.

Theory of operation. A call arrives and walks its scheme (`walk`). A step either takes the call
(it asks, it rings) or hands it to the next; when nothing takes it, the project's fallback rings
once and then the call ends. While the call is asking or ringing it has a deadline, `wake_at`, and
`TimePassed` is what comes when it is over. Whoever answers first talks; whoever hangs up first ends
it. Events that come late, for a leg that is gone or a webhook that is no longer asked, are ignored,
but a leg that answers late is hung up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from switchhook.domain.call import CallState
from switchhook.routing import hear
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    DirectionGiven,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    LegRinging,
    LegUpdated,
    Resynced,
    SchemeGiven,
    TimePassed,
)
from switchhook.routing.move import Move

ARRIVED, ASKING, RINGING, TALKING, ENDED = CallState


@dataclass(frozen=True, slots=True)
class Transition:
    """What is done on an event, and the states that may follow."""

    do: Callable[[Move, Any], None]
    to: frozenset[CallState]


def _to(do: Callable[[Move, Any], None], *states: CallState) -> Transition:
    return Transition(do, frozenset(states))


TRANSITIONS: Mapping[CallState, Mapping[type, Transition]] = {
    ARRIVED: {
        CallArrived: _to(hear.arrived, ASKING, RINGING, ENDED),
    },
    ASKING: {
        DirectionGiven: _to(hear.direction_given, ASKING, RINGING, ENDED),
        SchemeGiven: _to(hear.scheme_given, ASKING, RINGING, ENDED),
        AskFailed: _to(hear.ask_failed, ASKING, RINGING, ENDED),
        TimePassed: _to(hear.ask_overdue, ASKING, RINGING, ENDED),
        LegAnswered: _to(hear.late_answer, ASKING),
        LegEnded: _to(hear.leg_ended, ASKING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        Resynced: _to(hear.resynced, ASKING, RINGING, ENDED),
    },
    RINGING: {
        LegRinging: _to(hear.leg_ringing, RINGING),
        LegAnswered: _to(hear.leg_answered, RINGING, TALKING),
        LegEnded: _to(hear.leg_ended, ASKING, RINGING, ENDED),
        TimePassed: _to(hear.ring_overdue, ASKING, RINGING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        Resynced: _to(hear.resynced, ASKING, RINGING, ENDED),
    },
    TALKING: {
        LegAnswered: _to(hear.caller_connected, TALKING),
        LegUpdated: _to(hear.leg_updated, TALKING),
        LegEnded: _to(hear.hung_up, TALKING, ENDED),
        HangUpRequested: _to(hear.hang_up_requested, ENDED),
        Resynced: _to(hear.resynced_talking, TALKING, ENDED),
    },
    ENDED: {
        LegAnswered: _to(hear.late_answer, ENDED),
    },
}
