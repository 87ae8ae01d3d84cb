"""Whatever a call hears, and whenever, it keeps its promises: it is a pure value that always ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchhook.domain.call import CALLER, CallState, LegState
from switchhook.domain.cause import AttemptEnd, Cause, Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.journal import EntryKind
from switchhook.routing.commands import (
    AnswerTransfer,
    AskWebhook,
    ConnectLegs,
    EmitEvent,
    EndLeg,
    NotifyTransfer,
    Play,
    PublishEvent,
    RingLeg,
    StopPlaying,
    WriteJournal,
)
from switchhook.routing.engine import amend, step
from switchhook.routing.events import (
    CallArrived,
    DigitPressed,
    LateFacts,
    LegAnswered,
    LegEnded,
    LegMisread,
    Resynced,
    TimePassed,
    TransferOrdered,
    TransferRequested,
)
from switchhook.routing.handlers.transfer import HANGUP_AFTER_FAILURE, TRANSFER_EVENTS, TRANSFERRED
from switchhook.routing.steps.ring import PICKUP_EVENTS
from switchhook.routing.transitions import TRANSITIONS
from tests.support.snapshots import MARY, incoming, ring
from tests.support.strategies import Heard, Walk, talking, walks

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.domain.call import Call, Transfer
    from switchhook.domain.journal import JournalEntry

HANG_UP = Cause(sip=200, q850=16)
UNTIMED = {CallState.ARRIVED, CallState.TALKING, CallState.ENDED}
TERMINAL = {EventKind.INCOMING_AFTER, EventKind.OUTGOING_AFTER, EventKind.INTERNAL_AFTER}


def entries(walk: Walk) -> list[JournalEntry]:
    return [command.entry for command in walk.commands if isinstance(command, WriteJournal)]


def told(walk: Walk) -> list[EmitEvent]:
    return [command for command in walk.commands if isinstance(command, EmitEvent)]


def let_time_pass(walk: Walk) -> Walk:
    """Wake the call whenever it wants it, and hang up what talks, until it has ended."""
    for _ in range(500):
        call, now = walk.call, walk.heard[-1].now
        if call.state is CallState.ENDED:
            return walk
        if call.state is CallState.TALKING:
            walk = walk.hears(
                LegEnded(leg=call.party, cause=HANG_UP), now + HANGUP_AFTER_FAILURE + 1
            )
        else:
            assert call.wake_at is not None
            walk = walk.hears(TimePassed(), max(now, call.wake_at))
    raise AssertionError(f"the call does not end: {walk.call}")


# -- the contract --


def test_an_event_that_means_nothing_returns_the_very_same_call() -> None:
    call = incoming(ring(MARY))
    assert step(call, TimePassed(), 1.0) == (call, ())
    assert step(call, TimePassed(), 1.0)[0] is call


def test_a_call_cannot_be_changed() -> None:
    call = incoming(ring(MARY))
    with pytest.raises(FrozenInstanceError):
        call.state = CallState.ENDED  # type: ignore[misc]


def test_a_state_that_is_not_in_the_table_is_refused() -> None:
    """The table is the law: were a step to break it, nothing of that step would be recorded."""
    transition = TRANSITIONS[CallState.ARRIVED][CallArrived]
    assert CallState.TALKING not in transition.to
    broken = replace(transition, to=frozenset({CallState.TALKING}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TRANSITIONS[CallState.ARRIVED], CallArrived, broken)
        with pytest.raises(AssertionError, match="CallArrived changed arrived to ringing"):
            step(incoming(ring(MARY)), CallArrived(), 0.0)


# -- what holds at every step of every walk --


def states_change_only_as_the_table_says(heard: Heard) -> None:
    row = TRANSITIONS[heard.before.state]
    transition = row.get(type(heard.event))
    if transition is None:
        assert heard.before is heard.after
        assert heard.commands == ()
    else:
        assert heard.after.state in transition.to


def the_same_input_gives_the_same_output(heard: Heard) -> None:
    assert step(heard.before, heard.event, heard.now) == (heard.after, heard.commands)


def a_call_that_waits_has_a_deadline_and_no_other_has(heard: Heard) -> None:
    call = heard.after
    assert (call.wake_at is not None) == (call.state not in UNTIMED)
    if call.wake_at != heard.before.wake_at and call.wake_at is not None:
        assert call.wake_at >= heard.now


def a_call_knows_what_it_waits_for(heard: Heard) -> None:
    call = heard.after
    asks = {CallState.ASKING, CallState.TRANSFERRING}
    assert call.asks.pending is not None or call.state is not CallState.ASKING
    assert call.asks.pending is None or call.state in asks
    assert (call.ring_round is not None) == (call.state is CallState.RINGING)
    assert bool(call.talking_to) == (call.answered_at is not None)
    if call.state is CallState.RINGING:
        assert call.live_called_legs
    else:
        talks = {CallState.TALKING, CallState.TRANSFERRING}
        assert call.state in talks or not call.live_called_legs
    assert call.state is not CallState.PLAYING or call.playback.prompt
    assert call.state is not CallState.COLLECTING or call.collecting is not None
    assert call.state is not CallState.RECORDING or bool(call.playback.prompt) != bool(
        call.recording.running
    )
    if call.recording.running is not None:
        talks = {CallState.TALKING, CallState.TRANSFERRING}
        assert call.state in {CallState.RECORDING, CallState.RATING, *talks}
    assert call.state is not CallState.RATING or bool(call.rating.key) != bool(call.collecting)


def a_conversation_has_two_sides(heard: Heard) -> None:
    call = heard.after
    live = {leg.id for leg in call.legs if leg.is_live}
    assert (call.transfers.current is not None) == (call.state is CallState.TRANSFERRING)
    if call.state is CallState.TALKING:
        assert live == {call.party, call.talking_to}
    if call.transfers.current is None:
        return
    by = call.transfers.current.by
    (other,) = {call.party, call.talking_to} - {by}
    assert other in live
    assert by not in live or not call.transfers.current.is_return
    rung = [leg for leg in call.legs if leg.id in live - {by, other}]
    assert bool(rung) != bool(call.asks.pending)
    assert {leg.state for leg in rung} <= {LegState.DIALLING, LegState.RINGING}


def who_has_transferred_is_out(heard: Heard) -> None:
    """They hung up before, or are hung up on now, for that one reason."""
    transfer = heard.before.transfers.current
    if transfer is None or heard.after.state is not CallState.TALKING:
        return
    was, now = heard.before.leg(transfer.by), heard.after.leg(transfer.by)
    assert was is not None
    assert now is not None
    ended = [c for c in heard.commands if isinstance(c, EndLeg) and c.leg == transfer.by]
    before, after = heard.before, heard.after
    if was.is_live and (after.party, after.talking_to) != (before.party, before.talking_to):
        assert (now.is_live, now.cause) == (False, TRANSFERRED)
        assert [command.cause for command in ended] == [TRANSFERRED]
    else:
        assert now == was
        assert not ended


def legs_keep_their_names_and_once_ended_stay_so(heard: Heard) -> None:
    names = [leg.id for leg in heard.after.legs]
    assert names == [CALLER, *(f"b{n}" for n in range(1, len(names)))]
    for old, new in zip(heard.before.legs, heard.after.legs, strict=False):
        assert (old.id, old.target, old.started_at) == (new.id, new.target, new.started_at)
        if not old.is_live:
            assert old == new


def after_the_end_only_late_legs_are_ended(heard: Heard) -> None:
    if heard.before.state is CallState.ENDED:
        assert heard.before is heard.after
        assert all(isinstance(command, EndLeg) for command in heard.commands)


def orders_are_about_legs_and_asks_that_are_so_now(heard: Heard) -> None:
    for command in heard.commands:
        match command:
            case RingLeg(leg=leg, turn=turn) if leg == CALLER:
                assert heard.after.state is CallState.RINGING_CALLER
                assert heard.after.callback is not None
                assert turn == heard.after.callback.turn
            case RingLeg(leg=leg):
                assert heard.after.leg(leg) is not None
                assert heard.before.leg(leg) is None or isinstance(heard.event, Resynced)
            case ConnectLegs(leg=leg, party=party):
                assert (leg, party) == (heard.after.talking_to, heard.after.party)
            case EndLeg(leg=leg):
                was, ended = heard.before.leg(leg), heard.after.leg(leg)
                rings_again = heard.after.state is CallState.RINGING_CALLER and leg == CALLER
                assert rings_again or ended is None or not ended.is_live
                is_late = isinstance(heard.event, Resynced | LegAnswered)
                assert is_late or (was is not None and was.is_live)
            case NotifyTransfer(leg=leg):
                was = heard.before.leg(leg)
                assert was is not None
                assert was.is_live
            case Play(leg=leg, playback=playback):
                assert leg == CALLER
                assert playback == f"p{heard.after.playback.started}"
                assert heard.after.state not in UNTIMED
            case AskWebhook(ask=ask):
                assert ask == f"{heard.after.id}-{heard.after.asks.started}"
            case _:
                pass


def nothing_plays_on_into_a_conversation(heard: Heard) -> None:
    if heard.before.playback.background_id and heard.after.state is CallState.TALKING:
        stop = StopPlaying(playback=heard.before.playback.background_id)
        assert isinstance(heard.event, Resynced) or stop in heard.commands
    if heard.after.playback.background_id:
        assert heard.after.state in {CallState.ASKING, CallState.RINGING}


STEPWISE: tuple[Callable[[Heard], None], ...] = (
    states_change_only_as_the_table_says,
    the_same_input_gives_the_same_output,
    a_call_that_waits_has_a_deadline_and_no_other_has,
    a_call_knows_what_it_waits_for,
    a_conversation_has_two_sides,
    who_has_transferred_is_out,
    legs_keep_their_names_and_once_ended_stay_so,
    after_the_end_only_late_legs_are_ended,
    orders_are_about_legs_and_asks_that_are_so_now,
    nothing_plays_on_into_a_conversation,
)


# -- what holds for every walk as a whole --


def entries_and_events_are_numbered_without_a_gap(walk: Walk) -> None:
    assert [entry.seq for entry in entries(walk)] == list(range(1, walk.call.entries + 1))
    assert [tell.seq for tell in told(walk)] == list(range(1, walk.call.emitted + 1))


def an_event_shows_the_call_as_it_was(walk: Walk) -> None:
    for heard in walk.heard:
        for command in heard.commands:
            if isinstance(command, EmitEvent):
                assert command.at == heard.now
                assert command.call.emitted == command.seq


def an_ended_call_ended_once(walk: Walk) -> None:
    written = Counter(entry.kind for entry in entries(walk))
    events = Counter(tell.event for tell in told(walk))
    is_over = walk.call.state is CallState.ENDED
    assert written[EntryKind.ARRIVED] == 1
    assert written[EntryKind.ENDED] == (1 if is_over else 0)
    assert sum(events[event] for event in TERMINAL) == (1 if is_over else 0)
    assert sum(events[event] for event in PICKUP_EVENTS.values()) == bool(walk.call.talking_to)
    if is_over:
        assert entries(walk)[-1].kind is EntryKind.ENDED
        assert told(walk)[-1].event in TERMINAL


def an_ended_call_has_an_outcome_and_no_live_leg(walk: Walk) -> None:
    call = walk.call
    ended = (call.outcome, call.ended_by, call.cause, call.ended_at)
    if call.state is CallState.ENDED:
        assert None not in ended
        assert not any(leg.is_live for leg in call.legs)
        assert (call.outcome is Outcome.ANSWERED) == bool(call.talking_to)
    else:
        assert ended == (None, None, None, None)


def every_attempt_ends_once(walk: Walk) -> None:
    of_called = [e for e in entries(walk) if e.leg != CALLER]
    dialled = Counter(e.leg for e in of_called if e.kind is EntryKind.DIALLED)
    ended = Counter(e.leg for e in of_called if e.kind is EntryKind.ATTEMPT_ENDED)
    assert dialled == Counter(leg.id for leg in walk.call.called_legs)
    assert ended == Counter(leg.id for leg in walk.call.called_legs if not leg.is_live)
    for leg in walk.call.called_legs:
        assert (leg.end is None) == leg.is_live
        assert (leg.state is LegState.ENDED) == (leg.cause is not None)
        assert leg.is_live or (leg.end is AttemptEnd.ANSWERED) == (leg.answered_at is not None)
    answered = Counter(e.leg for e in of_called if e.kind is EntryKind.ANSWERED)
    talked = [leg.id for leg in walk.call.called_legs if leg.answered_at is not None]
    assert answered == Counter(talked)
    assert (walk.call.talking_to in talked) == bool(talked)
    passed_on = [
        h for h in walk.heard if h.before.transfers.current and type(h.event) is LegAnswered
    ]
    again = [h for h in passed_on if h.after.state is CallState.TALKING]
    assert len(talked) == bool(talked) + len(again)


def every_transfer_is_answered_and_ends_once(walk: Walk) -> None:
    """In the journal, to who asked for it unless they left, and to whoever listens where it succeeded."""
    journal = entries(walk)
    begun = [e for e in journal if e.kind is EntryKind.TRANSFER_REQUESTED]
    done = [e for e in journal if e.kind is EntryKind.TRANSFER_COMPLETED]
    failed = [e for e in journal if e.kind is EntryKind.TRANSFER_FAILED]
    answers = [c for c in walk.commands if isinstance(c, AnswerTransfer)]
    refused = [c for c in answers if c.status >= 300]
    is_going_on = under_way(walk.call) is not None
    ordered = [h for h in walk.heard if isinstance(h.event, TransferOrdered)]
    started = [h for h in ordered if h.after.transfers.started > h.before.transfers.started]
    in_vain = [h for h in ordered if h.after is not h.before and h not in started]
    asked_for = len(answers) - len(refused)
    assert len(begun) == walk.call.transfers.started == asked_for + len(started)
    assert len(done) + len(failed) - len(refused) - len(in_vain) == len(begun) - is_going_on
    assert sum(tell.event in TRANSFER_EVENTS.values() for tell in told(walk)) == len(done)
    for heard in walk.heard:
        if not isinstance(heard.event, TransferRequested):
            assert not any(isinstance(c, AnswerTransfer) for c in heard.commands)


def who_transfers_hears_how_it_goes(walk: Walk) -> None:
    """That it began, perhaps that it rings, and one last word; that alone not, where they have left."""
    said: list[int] = []
    for heard in walk.heard:
        said += [c.status for c in heard.commands if isinstance(c, NotifyTransfer)]
        transfer = under_way(heard.before)
        if transfer is None or under_way(heard.after) is not None:
            continue
        if transfer.ordered_by:
            assert said == []
            continue
        begun, *more = said
        assert begun == 100
        last = [status for status in more if status != 180]
        assert more.count(180) <= 1
        by = heard.before.leg(transfer.by)
        is_there = by is not None and by.is_live
        if isinstance(heard.event, Resynced):
            is_there = is_there and transfer.by in heard.event.live_legs
        assert len(last) == is_there
        assert all(status >= 200 for status in last)
        said = []


def under_way(call: Call) -> Transfer | None:
    """Return the transfer that may still succeed."""
    return (
        None
        if call.transfers.current is None or call.transfers.current.is_return
        else call.transfers.current
    )


def what_did_not_end_by_itself_was_ended_by_order(walk: Walk) -> None:
    """A restart that did not find a leg counts as its own end."""
    ordered = {command.leg for command in walk.commands if isinstance(command, EndLeg)}
    gone: set[str] = set()
    for heard in walk.heard:
        if isinstance(heard.event, LegEnded):
            gone.add(heard.event.leg)
        live = getattr(heard.event, "live_legs", None)
        if live is not None:
            gone.update(leg.id for leg in heard.before.legs if leg.id not in live)
    assert {leg.id for leg in walk.call.legs if not leg.is_live} <= ordered | gone


WHOLE: tuple[Callable[[Walk], None], ...] = (
    entries_and_events_are_numbered_without_a_gap,
    an_event_shows_the_call_as_it_was,
    an_ended_call_ended_once,
    an_ended_call_has_an_outcome_and_no_live_leg,
    every_attempt_ends_once,
    every_transfer_is_answered_and_ends_once,
    who_transfers_hears_how_it_goes,
    what_did_not_end_by_itself_was_ended_by_order,
)


def check(walk: Walk) -> None:
    for heard in walk.heard:
        for holds in STEPWISE:
            holds(heard)
    for holds_of in WHOLE:
        holds_of(walk)


@settings(max_examples=30, deadline=None)
@given(walks())
def test_a_few_walks_keep_every_promise(walk: Walk) -> None:
    check(walk)
    check(let_time_pass(walk))


@pytest.mark.row("FI-02")
@settings(max_examples=60, deadline=None)
@given(walks(from_=talking()))
def test_a_few_walks_with_transfers_keep_every_promise(walk: Walk) -> None:
    check(walk)
    check(let_time_pass(walk))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(walks(max_steps=25) | walks(max_steps=25, from_=talking()))
def test_many_long_walks_keep_every_promise(walk: Walk) -> None:
    check(walk)
    check(let_time_pass(walk))


TOLD_EACH_TIME = Resynced | TimePassed | DigitPressed | LegMisread


@settings(max_examples=30, deadline=None)
@given(walks() | walks(from_=talking()), st.data())
def test_what_is_heard_twice_in_a_row_is_written_once(walk: Walk, data: st.DataObject) -> None:
    """All but time, which may pass twice, keys, which may be pressed twice, restarts and remarks.

    A transfer that is refused is asked for anew each time, and refused each time.
    """
    heard = data.draw(st.sampled_from(walk.heard))
    if isinstance(heard.event, TOLD_EACH_TIME):
        return
    again, commands = step(heard.after, heard.event, heard.now)
    if isinstance(heard.event, TransferRequested) and commands:
        assert [type(command) for command in commands] == [WriteJournal, AnswerTransfer]
        assert commands[1:] == heard.commands[1:]
        return
    if isinstance(heard.event, TransferOrdered) and commands:
        assert [type(command) for command in commands] == [WriteJournal]
        return
    assert not any(isinstance(command, WriteJournal | EmitEvent | RingLeg) for command in commands)
    assert heard.after == again


# -- what becomes known late --


@settings(max_examples=30, deadline=None)
@given(walks() | walks(from_=talking()), st.data())
def test_facts_that_come_late_change_nothing_else(walk: Walk, data: st.DataObject) -> None:
    heard = data.draw(st.sampled_from(walk.heard))
    late = LateFacts(facts=(("source", "google"), ("custom:deal", "17")))
    after, commands = amend(heard.after, late, heard.now)

    told = after.changed(
        facts=heard.after.facts, entries=heard.after.entries, published=heard.after.published
    )
    assert told == heard.after
    assert dict(after.facts).items() >= dict(late.facts).items()
    assert [type(command) for command in commands] == [WriteJournal, PublishEvent]
    assert amend(after, late, heard.now) == (after, ())
    assert amend(after, late, heard.now)[0] is after
