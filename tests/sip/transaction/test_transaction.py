"""The four transaction machines send, tell and give up exactly when RFC 3261 §17 and RFC 6026 say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.sip.transaction.transaction import (
    INVITE_CLIENT,
    INVITE_SERVER,
    MACHINES,
    OTHER_CLIENT,
    OTHER_SERVER,
    Action,
    Signal,
    State,
    StateMachine,
    Timing,
    Transaction,
    TransactionTimer,
    classify,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Transcript = list[tuple[float, tuple[Action, ...]]]

TIMING = Timing()


def walk(
    machine: StateMachine,
    script: Mapping[float, Signal],
    *,
    reliable: bool = False,
    until: float = 400,
) -> tuple[Transcript, Transaction]:
    """Run one transaction on a fake clock, feeding it `script`; note when it wanted what."""
    transaction = Transaction(machine, reliable=reliable, timing=TIMING, now=0.0)
    received = sorted(script.items())
    done: Transcript = []
    while not transaction.is_over:
        times = [t for t in (transaction.retransmit_at, transaction.timeout_at) if t is not None]
        timer = min(times, default=until)
        if received and received[0][0] <= timer:
            now, signal = received.pop(0)
            actions = transaction.signal(signal, now) or ()
        elif timer < until:
            now, actions = timer, transaction.handle_timer(timer)
        else:
            break
        if actions:
            done.append((now, actions))
    if transaction.is_over:
        done.append((now, ()))
    return done, transaction


def sends(transcript: Transcript) -> list[float]:
    return [at for at, actions in transcript if Action.SEND in actions]


# INVITE client


def test_timer_a_doubles_until_timer_b_gives_up() -> None:
    transcript, _ = walk(INVITE_CLIENT, {})

    assert sends(transcript) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert transcript[-2:] == [(32.0, (Action.TIME_OUT,)), (32.0, ())]


def test_an_invite_over_a_reliable_transport_is_sent_once() -> None:
    transcript, _ = walk(INVITE_CLIENT, {}, reliable=True)

    assert transcript == [(32.0, (Action.TIME_OUT,)), (32.0, ())]


def test_a_provisional_response_stops_timers_a_and_b() -> None:
    transcript, transaction = walk(INVITE_CLIENT, {0.7: Signal.PROVISIONAL}, until=100)

    assert transcript == [(0.5, (Action.SEND,)), (0.7, (Action.PASS_UP,))]
    assert State.PROCEEDING is transaction.state


def test_timer_c_cancels_a_branch_that_rings_without_end() -> None:
    script = {0.1: Signal.PROVISIONAL, 100.0: Signal.PROVISIONAL}

    transcript, _ = walk(INVITE_CLIENT, script)

    assert transcript == [
        (0.1, (Action.PASS_UP,)),
        (100.0, (Action.PASS_UP,)),
        (280.0, (Action.CANCEL,)),  # 180 s after the last provisional response
        (312.0, (Action.TIME_OUT,)),  # and no final response in 64·T1
        (312.0, ()),
    ]


def test_a_refusal_is_acknowledged_and_its_retransmissions_too() -> None:
    script = {1.0: Signal.FAILURE, 1.5: Signal.FAILURE, 2.5: Signal.FAILURE}

    transcript, _ = walk(INVITE_CLIENT, script)

    assert transcript == [
        (0.5, (Action.SEND,)),
        (1.0, (Action.ACKNOWLEDGE, Action.PASS_UP)),
        (1.5, (Action.ACKNOWLEDGE,)),
        (2.5, (Action.ACKNOWLEDGE,)),
        (33.0, ()),  # Timer D, 32 s after the first
    ]


def test_a_refusal_over_a_reliable_transport_ends_at_once() -> None:
    transcript, _ = walk(INVITE_CLIENT, {1.0: Signal.FAILURE}, reliable=True)

    assert transcript == [(1.0, (Action.ACKNOWLEDGE, Action.PASS_UP)), (1.0, ())]


@pytest.mark.parametrize("reliable", [False, True])
def test_every_2xx_is_told_until_timer_m(*, reliable: bool) -> None:
    script = {0.1: Signal.SUCCESS, 0.6: Signal.SUCCESS, 5.0: Signal.SUCCESS}

    transcript, _ = walk(INVITE_CLIENT, script, reliable=reliable)

    tell = (Action.PASS_UP,)
    assert [(0.1, tell), (0.6, tell), (5.0, tell), (32.1, ())] == transcript


def test_after_a_2xx_other_responses_are_absorbed() -> None:
    script = {0.1: Signal.SUCCESS, 0.2: Signal.FAILURE, 0.3: Signal.PROVISIONAL, 0.4: Signal.CANCEL}

    transcript, _ = walk(INVITE_CLIENT, script)

    assert transcript == [(0.1, (Action.PASS_UP,)), (32.1, ())]


def test_a_cancel_before_any_response_waits_for_one() -> None:
    script = {0.1: Signal.CANCEL, 3.0: Signal.PROVISIONAL, 3.2: Signal.FAILURE}

    transcript, _ = walk(INVITE_CLIENT, script)

    assert transcript == [
        (0.5, (Action.SEND,)),  # the INVITE is still resent: it may have been lost
        (1.5, (Action.SEND,)),
        (3.0, (Action.CANCEL,)),
        (3.2, (Action.ACKNOWLEDGE, Action.PASS_UP)),
        (35.2, ()),
    ]


def test_a_cancel_without_any_response_ends_with_timer_b() -> None:
    transcript, _ = walk(INVITE_CLIENT, {0.1: Signal.CANCEL})

    assert transcript[-2:] == [(32.0, (Action.TIME_OUT,)), (32.0, ())]


def test_a_cancel_while_it_rings_goes_out_at_once_and_only_once() -> None:
    script = {0.1: Signal.PROVISIONAL, 1.0: Signal.CANCEL, 1.1: Signal.CANCEL}
    script |= {1.2: Signal.PROVISIONAL}

    transcript, _ = walk(INVITE_CLIENT, script)

    assert transcript == [
        (0.1, (Action.PASS_UP,)),
        (1.0, (Action.CANCEL,)),
        (33.0, (Action.TIME_OUT,)),
        (33.0, ()),
    ]


@pytest.mark.parametrize("before", [Signal.PROVISIONAL, Signal.REQUEST])
def test_a_2xx_that_crosses_the_cancel_is_told(before: Signal) -> None:
    script = {0.1: before, 0.2: Signal.CANCEL, 0.3: Signal.SUCCESS}

    transcript, transaction = walk(INVITE_CLIENT, script, until=1)

    assert transcript[-1] == (0.3, (Action.PASS_UP,))
    assert State.ACCEPTED is transaction.state


@pytest.mark.parametrize(
    "script",
    [
        {0.1: Signal.TRANSPORT_ERROR},
        {0.05: Signal.CANCEL, 0.1: Signal.TRANSPORT_ERROR},
        {0.05: Signal.PROVISIONAL, 0.1: Signal.TRANSPORT_ERROR},
        {0.05: Signal.PROVISIONAL, 0.06: Signal.CANCEL, 0.1: Signal.TRANSPORT_ERROR},
    ],
)
def test_an_invite_that_cannot_be_delivered_fails(script: dict[float, Signal]) -> None:
    transcript, _ = walk(INVITE_CLIENT, script)

    assert transcript[-2:] == [(0.1, (Action.FAIL,)), (0.1, ())]


# Non-INVITE client


def test_timer_e_doubles_up_to_t2_until_timer_f_gives_up() -> None:
    transcript, _ = walk(OTHER_CLIENT, {})

    assert sends(transcript) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert transcript[-2:] == [(32.0, (Action.TIME_OUT,)), (32.0, ())]


def test_timer_e_is_t2_once_a_provisional_response_came() -> None:
    transcript, _ = walk(OTHER_CLIENT, {0.6: Signal.PROVISIONAL})

    assert sends(transcript) == [0.5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]
    assert (32.0, (Action.TIME_OUT,)) in transcript


@pytest.mark.parametrize("final", [Signal.SUCCESS, Signal.FAILURE])
@pytest.mark.parametrize(("reliable", "over_at"), [(False, 5.2), (True, 0.2)])
def test_timer_k_absorbs_responses_that_come_again(
    final: Signal, *, reliable: bool, over_at: float
) -> None:
    script = {0.1: Signal.PROVISIONAL, 0.2: final, 0.3: final}

    transcript, _ = walk(OTHER_CLIENT, script, reliable=reliable)

    assert [(0.1, (Action.PASS_UP,)), (0.2, (Action.PASS_UP,)), (over_at, ())] == transcript


@pytest.mark.parametrize("final", [Signal.SUCCESS, Signal.FAILURE])
def test_a_final_response_may_be_the_first(final: Signal) -> None:
    transcript, _ = walk(OTHER_CLIENT, {0.2: final})

    assert transcript == [(0.2, (Action.PASS_UP,)), (5.2, ())]


@pytest.mark.parametrize("before", [Signal.PROVISIONAL, Signal.REQUEST])
def test_another_request_that_cannot_be_delivered_fails(before: Signal) -> None:
    transcript, _ = walk(OTHER_CLIENT, {0.05: before, 0.1: Signal.TRANSPORT_ERROR})

    assert transcript[-2:] == [(0.1, (Action.FAIL,)), (0.1, ())]


# INVITE server


def test_the_invite_again_gets_the_latest_provisional_response() -> None:
    script = {0.0: Signal.PROVISIONAL, 0.5: Signal.REQUEST, 1.0: Signal.PROVISIONAL}
    script |= {1.5: Signal.REQUEST}

    transcript, transaction = walk(INVITE_SERVER, script)

    assert sends(transcript) == [0.0, 0.5, 1.0, 1.5]
    assert State.PROCEEDING is transaction.state


def test_timer_g_resends_a_refusal_until_timer_h_gives_up() -> None:
    transcript, _ = walk(INVITE_SERVER, {0.0: Signal.FAILURE})

    assert sends(transcript) == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert transcript[-2:] == [(32.0, (Action.TIME_OUT,)), (32.0, ())]


def test_a_refusal_over_a_reliable_transport_is_sent_once() -> None:
    transcript, _ = walk(INVITE_SERVER, {0.0: Signal.FAILURE}, reliable=True)

    assert transcript == [(0.0, (Action.SEND,)), (32.0, (Action.TIME_OUT,)), (32.0, ())]


def test_the_ack_ends_a_refusal_after_timer_i() -> None:
    script = {0.0: Signal.FAILURE, 0.2: Signal.REQUEST, 0.3: Signal.ACK}
    script |= {0.4: Signal.ACK, 0.45: Signal.REQUEST}

    transcript, _ = walk(INVITE_SERVER, script)

    assert transcript == [(0.0, (Action.SEND,)), (0.2, (Action.SEND,)), (5.3, ())]


def test_timer_i_is_nothing_over_a_reliable_transport() -> None:
    transcript, _ = walk(INVITE_SERVER, {0.0: Signal.FAILURE, 0.3: Signal.ACK}, reliable=True)

    assert transcript == [(0.0, (Action.SEND,)), (0.3, ())]


def test_an_accepted_invite_absorbs_itself_and_tells_its_acks_until_timer_l() -> None:
    script = {0.0: Signal.SUCCESS, 0.5: Signal.REQUEST, 0.7: Signal.ACK}

    transcript, _ = walk(INVITE_SERVER, script)

    assert transcript == [
        (0.0, (Action.SEND,)),
        (0.7, (Action.PASS_UP,)),
        (32.0, ()),
    ]


def test_an_accepted_invite_cannot_be_refused() -> None:
    _, transaction = walk(INVITE_SERVER, {0.0: Signal.SUCCESS}, until=1)

    assert transaction.signal(Signal.FAILURE, 1.0) is None
    assert transaction.signal(Signal.PROVISIONAL, 1.0) is None


# Non-INVITE server


def test_the_request_again_is_absorbed_before_any_response() -> None:
    transcript, transaction = walk(OTHER_SERVER, {0.5: Signal.REQUEST})

    assert transcript == []
    assert State.TRYING is transaction.state


@pytest.mark.parametrize("final", [Signal.SUCCESS, Signal.FAILURE])
def test_the_request_again_gets_the_latest_response_until_timer_j(final: Signal) -> None:
    script = {0.1: Signal.PROVISIONAL, 0.5: Signal.REQUEST, 1.0: final, 1.5: Signal.REQUEST}
    script |= {20.0: final}

    transcript, _ = walk(OTHER_SERVER, script)

    assert sends(transcript) == [0.1, 0.5, 1.0, 1.5]
    assert transcript[-1] == (33.0, ())


def test_timer_j_is_nothing_over_a_reliable_transport() -> None:
    transcript, _ = walk(OTHER_SERVER, {1.0: Signal.SUCCESS}, reliable=True)

    assert transcript == [(1.0, (Action.SEND,)), (1.0, ())]


# All


def test_limits_are_those_of_table_4() -> None:
    unreliable = {timer: TIMING.limit(timer, reliable=False) for timer in TransactionTimer}
    reliable = {timer: TIMING.limit(timer, reliable=True) for timer in TransactionTimer}

    waits = dict.fromkeys("BDFHJLM", 32.0) | {"I": 5.0, "K": 5.0, "C": 180.0}
    assert waits == {
        timer.name: unreliable[timer] for timer in TransactionTimer if timer.name not in "AEG"
    }
    assert [reliable[TransactionTimer[letter]] for letter in "DIJK"] == [0.0] * 4
    assert [reliable[TransactionTimer[letter]] for letter in "BFHLM"] == [32.0] * 5


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_of_a_table_can_be_reached_and_left(machine: StateMachine) -> None:
    reached = {machine.start} | {transition.to for transition in machine.transitions.values()}
    left = {state for state, _ in machine.transitions}

    assert reached - {State.TERMINATED} == left == set(machine.timers)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_signal_without_a_row_changes_nothing(machine: StateMachine) -> None:
    for state in machine.timers:
        for signal in Signal:
            if (state, signal) in machine.transitions:
                continue
            transaction = Transaction(machine, reliable=False, timing=TIMING, now=0.0)
            transaction.state = state
            before = (state, transaction.retransmit_at, transaction.timeout_at)

            assert transaction.signal(signal, 1.0) is None
            assert before == (transaction.state, transaction.retransmit_at, transaction.timeout_at)


def test_a_timer_that_fires_too_early_does_nothing() -> None:
    transaction = Transaction(INVITE_CLIENT, reliable=False, timing=TIMING, now=0.0)

    assert transaction.handle_timer(0.4) == ()


def test_statuses_fall_into_three_classes() -> None:
    assert [classify(status) for status in (100, 199, 204, 302, 603)] == [
        Signal.PROVISIONAL,
        Signal.PROVISIONAL,
        Signal.SUCCESS,
        Signal.FAILURE,
        Signal.FAILURE,
    ]
