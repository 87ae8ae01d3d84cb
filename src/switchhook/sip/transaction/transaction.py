"""The transactions of RFC 3261 §17, with the Accepted state of RFC 6026, as four tables.

Theory of operation. A transaction is one request and all that answers it. It takes a `Signal` (a message
of some class, a request of its user, a timer) in its `State`; its machine's table names the actions that follow
and the state it is in afterwards. A signal without a row is absorbed: that is how retransmissions die.
The transaction neither sends nor reads anything: its owner (`client.py`, `server.py`) carries the actions out.

Two timers suffice for all eleven letters of RFC 3261 table 4, as no state needs more than one of each
kind: one that *retransmits* (A, E, G) and one that ends the stay in the state (the *timeout*: B, C, D, F, H, I, J, K and
L, M of RFC 6026). `StateMachine.timers` says which of them start on entering a state.

Three choices go beyond the letter of §17:

* Timer B ends with the first provisional response (a phone may ring for minutes); from then on Timer C
  (§16.6 item 11) ends a branch that rings without end: it is cancelled, as §16.8 says.
* A cancel before the first response waits for that response (§9.1): state `UNWANTED`.
* After the CANCEL went out, the final response has 64·T1 to come (§9.1): state `CANCELLING`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class _TableKey(Enum):
    """A key of the tables below, hashed as any object: the hash of Enum is Python, and each signal needs two."""

    __hash__ = object.__hash__


class State(_TableKey):
    """The state of a transaction."""

    CALLING = auto()
    """INVITE sent, nothing came back."""
    UNWANTED = auto()
    """As CALLING, but the user wants out; CANCEL must wait for a provisional response."""
    TRYING = auto()
    """Another request sent or received, no response yet."""
    PROCEEDING = auto()
    """A provisional response came or went; for an INVITE server also the state before any response."""
    CANCELLING = auto()
    """CANCEL sent, the final response of the INVITE is still out."""
    ACCEPTED = auto()
    """A 2xx to the INVITE came or went (RFC 6026)."""
    COMPLETED = auto()
    """Another final response came or went."""
    CONFIRMED = auto()
    """The ACK to a final response other than 2xx came."""
    TERMINATED = auto()
    """Over; to be forgotten."""


class Signal(_TableKey):
    """The signals to a transaction."""

    PROVISIONAL = auto()
    """A 1xx: received by a client, given by the user of a server."""
    SUCCESS = auto()
    """A 2xx."""
    FAILURE = auto()
    """A final response of 300 and above."""
    REQUEST = auto()
    """The request of a server transaction came again."""
    ACK = auto()
    """An ACK that belongs to the INVITE of a server transaction."""
    CANCEL = auto()
    """The user of an INVITE client wants the call no longer."""
    RETRANSMIT = auto()
    """The resending timer fired."""
    TIMEOUT = auto()
    """The state's time is over."""
    TRANSPORT_ERROR = auto()
    """The request could not be sent, or its connection broke."""


class Action(Enum):
    """The actions for the owner of a transaction, in order."""

    SEND = auto()
    """Send the stored request (client) or the latest response (server)."""
    PASS_UP = auto()
    """Hand the message to the transaction user."""
    ACKNOWLEDGE = auto()
    """Send the ACK that a final response other than 2xx demands (§17.1.1.3)."""
    CANCEL = auto()
    """Send the CANCEL (§9.1)."""
    TIME_OUT = auto()
    """Tell the user that no final response, or no ACK, came in time."""
    FAIL = auto()
    """Tell the user that the request could not be delivered."""


class TransactionTimer(_TableKey):
    """The letters of RFC 3261 table 4 and of RFC 6026."""

    A = auto()
    B = auto()
    C = auto()
    D = auto()
    E = auto()
    F = auto()
    G = auto()
    H = auto()
    I = auto()  # noqa: E741 - the RFC's letter
    J = auto()
    K = auto()
    L = auto()
    M = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The base values of the timers, in seconds (RFC 3261 table 4)."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0
    ring: float = 180.0
    """Timer C: how long a branch may stay without a further provisional response."""
    session: int = 1800
    """How many seconds a session lasts without a refresh, where that is ours to say (RFC 4028)."""
    probe: float = 50.0
    """How often the other end of a dialog is asked whether it is still there; see `ua/supervision.py`."""

    @property
    def unheard(self) -> float:
        """How long an INVITE may stay without any response, not even 100: four tries, 4 s.

        Timer B (32 s) holds a caller for too long. Who takes a call says 100 within
        200 ms (RFC 3261 §17.2.1).
        """
        return 8 * self.t1

    def limit(self, timer: TransactionTimer, *, reliable: bool) -> float:
        """Return how long a limiting `timer` runs; zero where a reliable transport needs no wait."""
        if timer is TransactionTimer.C:
            return self.ring
        if reliable and timer in ONLY_UNRELIABLE:
            return 0.0
        return self.t4 if timer in {TransactionTimer.I, TransactionTimer.K} else 64 * self.t1

    def pause_after(self, interval: float, timer: TransactionTimer | None, state: State) -> float:
        """Return the pause that follows one of `interval` before the next retransmission.

        A doubles until B ends it; E and G double up to T2; E is T2 once a provisional response came
        (§17.1.2.2).
        """
        if timer is TransactionTimer.E and state is State.PROCEEDING:
            return self.t2
        return 2 * interval if timer is TransactionTimer.A else min(2 * interval, self.t2)


ONLY_UNRELIABLE = frozenset(
    {TransactionTimer.D, TransactionTimer.I, TransactionTimer.J, TransactionTimer.K}
)
"""Timers that wait for retransmissions; a reliable transport has none."""


@dataclass(frozen=True, slots=True)
class NextState:
    """One row of a table: the state that follows and the actions on the way."""

    to: State
    actions: tuple[Action, ...] = ()
    restart: bool = False
    """Start the state's limit anew although the state stays the same."""


@dataclass(frozen=True, slots=True)
class StateTimers:
    """The timers of one state. `keep` leaves those of the state before running."""

    retransmit: TransactionTimer | None = None
    limit: TransactionTimer | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class StateMachine:
    """One of the four machines: its first state, its moves, and the timers of each state."""

    name: str
    start: State
    timers: Mapping[State, StateTimers]
    transitions: Mapping[tuple[State, Signal], NextState]


INVITE_CLIENT = StateMachine(
    name="INVITE client",  # RFC 3261 §17.1.1, RFC 6026 §7.2
    start=State.CALLING,
    timers={
        State.CALLING: StateTimers(retransmit=TransactionTimer.A, limit=TransactionTimer.B),
        State.UNWANTED: StateTimers(keep=True),
        State.PROCEEDING: StateTimers(limit=TransactionTimer.C),
        State.CANCELLING: StateTimers(limit=TransactionTimer.B),
        State.ACCEPTED: StateTimers(limit=TransactionTimer.M),
        State.COMPLETED: StateTimers(limit=TransactionTimer.D),
    },
    transitions={
        (State.CALLING, Signal.RETRANSMIT): NextState(State.CALLING, (Action.SEND,)),
        (State.CALLING, Signal.TIMEOUT): NextState(State.TERMINATED, (Action.TIME_OUT,)),
        (State.CALLING, Signal.TRANSPORT_ERROR): NextState(State.TERMINATED, (Action.FAIL,)),
        (State.CALLING, Signal.PROVISIONAL): NextState(State.PROCEEDING, (Action.PASS_UP,)),
        (State.CALLING, Signal.SUCCESS): NextState(State.ACCEPTED, (Action.PASS_UP,)),
        (State.CALLING, Signal.FAILURE): NextState(
            State.COMPLETED, (Action.ACKNOWLEDGE, Action.PASS_UP)
        ),
        (State.CALLING, Signal.CANCEL): NextState(State.UNWANTED),
        (State.UNWANTED, Signal.RETRANSMIT): NextState(State.UNWANTED, (Action.SEND,)),
        (State.UNWANTED, Signal.TIMEOUT): NextState(State.TERMINATED, (Action.TIME_OUT,)),
        (State.UNWANTED, Signal.TRANSPORT_ERROR): NextState(State.TERMINATED, (Action.FAIL,)),
        (State.UNWANTED, Signal.PROVISIONAL): NextState(State.CANCELLING, (Action.CANCEL,)),
        (State.UNWANTED, Signal.SUCCESS): NextState(State.ACCEPTED, (Action.PASS_UP,)),
        (State.UNWANTED, Signal.FAILURE): NextState(
            State.COMPLETED, (Action.ACKNOWLEDGE, Action.PASS_UP)
        ),
        (State.PROCEEDING, Signal.PROVISIONAL): NextState(
            State.PROCEEDING, (Action.PASS_UP,), restart=True
        ),
        (State.PROCEEDING, Signal.TIMEOUT): NextState(State.CANCELLING, (Action.CANCEL,)),
        (State.PROCEEDING, Signal.TRANSPORT_ERROR): NextState(State.TERMINATED, (Action.FAIL,)),
        (State.PROCEEDING, Signal.SUCCESS): NextState(State.ACCEPTED, (Action.PASS_UP,)),
        (State.PROCEEDING, Signal.FAILURE): NextState(
            State.COMPLETED, (Action.ACKNOWLEDGE, Action.PASS_UP)
        ),
        (State.PROCEEDING, Signal.CANCEL): NextState(State.CANCELLING, (Action.CANCEL,)),
        (State.CANCELLING, Signal.TIMEOUT): NextState(State.TERMINATED, (Action.TIME_OUT,)),
        (State.CANCELLING, Signal.TRANSPORT_ERROR): NextState(State.TERMINATED, (Action.FAIL,)),
        (State.CANCELLING, Signal.SUCCESS): NextState(State.ACCEPTED, (Action.PASS_UP,)),
        (State.CANCELLING, Signal.FAILURE): NextState(
            State.COMPLETED, (Action.ACKNOWLEDGE, Action.PASS_UP)
        ),
        (State.COMPLETED, Signal.FAILURE): NextState(State.COMPLETED, (Action.ACKNOWLEDGE,)),
        (State.COMPLETED, Signal.TIMEOUT): NextState(State.TERMINATED),
        # Retransmissions, and 2xx of other forks: the user acknowledges each (RFC 6026 §7.2).
        (State.ACCEPTED, Signal.SUCCESS): NextState(State.ACCEPTED, (Action.PASS_UP,)),
        (State.ACCEPTED, Signal.TIMEOUT): NextState(State.TERMINATED),
    },
)

OTHER_CLIENT = StateMachine(
    name="non-INVITE client",  # RFC 3261 §17.1.2
    start=State.TRYING,
    timers={
        State.TRYING: StateTimers(retransmit=TransactionTimer.E, limit=TransactionTimer.F),
        State.PROCEEDING: StateTimers(keep=True),
        State.COMPLETED: StateTimers(limit=TransactionTimer.K),
    },
    transitions={
        (State.TRYING, Signal.RETRANSMIT): NextState(State.TRYING, (Action.SEND,)),
        (State.TRYING, Signal.TIMEOUT): NextState(State.TERMINATED, (Action.TIME_OUT,)),
        (State.TRYING, Signal.TRANSPORT_ERROR): NextState(State.TERMINATED, (Action.FAIL,)),
        (State.TRYING, Signal.PROVISIONAL): NextState(State.PROCEEDING, (Action.PASS_UP,)),
        (State.TRYING, Signal.SUCCESS): NextState(State.COMPLETED, (Action.PASS_UP,)),
        (State.TRYING, Signal.FAILURE): NextState(State.COMPLETED, (Action.PASS_UP,)),
        (State.PROCEEDING, Signal.RETRANSMIT): NextState(State.PROCEEDING, (Action.SEND,)),
        (State.PROCEEDING, Signal.TIMEOUT): NextState(State.TERMINATED, (Action.TIME_OUT,)),
        (State.PROCEEDING, Signal.TRANSPORT_ERROR): NextState(State.TERMINATED, (Action.FAIL,)),
        (State.PROCEEDING, Signal.PROVISIONAL): NextState(State.PROCEEDING, (Action.PASS_UP,)),
        (State.PROCEEDING, Signal.SUCCESS): NextState(State.COMPLETED, (Action.PASS_UP,)),
        (State.PROCEEDING, Signal.FAILURE): NextState(State.COMPLETED, (Action.PASS_UP,)),
        (State.COMPLETED, Signal.TIMEOUT): NextState(State.TERMINATED),
    },
)

INVITE_SERVER = StateMachine(
    name="INVITE server",  # RFC 3261 §17.2.1, RFC 6026 §7.1
    start=State.PROCEEDING,
    timers={
        State.PROCEEDING: StateTimers(),
        State.ACCEPTED: StateTimers(limit=TransactionTimer.L),
        State.COMPLETED: StateTimers(retransmit=TransactionTimer.G, limit=TransactionTimer.H),
        State.CONFIRMED: StateTimers(limit=TransactionTimer.I),
    },
    transitions={
        (State.PROCEEDING, Signal.REQUEST): NextState(State.PROCEEDING, (Action.SEND,)),
        (State.PROCEEDING, Signal.PROVISIONAL): NextState(State.PROCEEDING, (Action.SEND,)),
        (State.PROCEEDING, Signal.SUCCESS): NextState(State.ACCEPTED, (Action.SEND,)),
        (State.PROCEEDING, Signal.FAILURE): NextState(State.COMPLETED, (Action.SEND,)),
        # The INVITE again is absorbed here: the user retransmits its 2xx until the ACK (§13.3.1.4).
        (State.ACCEPTED, Signal.ACK): NextState(State.ACCEPTED, (Action.PASS_UP,)),
        (State.ACCEPTED, Signal.TIMEOUT): NextState(State.TERMINATED),
        (State.COMPLETED, Signal.REQUEST): NextState(State.COMPLETED, (Action.SEND,)),
        (State.COMPLETED, Signal.RETRANSMIT): NextState(State.COMPLETED, (Action.SEND,)),
        (State.COMPLETED, Signal.ACK): NextState(State.CONFIRMED),
        (State.COMPLETED, Signal.TIMEOUT): NextState(State.TERMINATED, (Action.TIME_OUT,)),
        (State.CONFIRMED, Signal.TIMEOUT): NextState(State.TERMINATED),
    },
)

OTHER_SERVER = StateMachine(
    name="non-INVITE server",  # RFC 3261 §17.2.2
    start=State.TRYING,
    timers={
        State.TRYING: StateTimers(),
        State.PROCEEDING: StateTimers(),
        State.COMPLETED: StateTimers(limit=TransactionTimer.J),
    },
    transitions={
        (State.TRYING, Signal.PROVISIONAL): NextState(State.PROCEEDING, (Action.SEND,)),
        (State.TRYING, Signal.SUCCESS): NextState(State.COMPLETED, (Action.SEND,)),
        (State.TRYING, Signal.FAILURE): NextState(State.COMPLETED, (Action.SEND,)),
        (State.PROCEEDING, Signal.REQUEST): NextState(State.PROCEEDING, (Action.SEND,)),
        (State.PROCEEDING, Signal.PROVISIONAL): NextState(State.PROCEEDING, (Action.SEND,)),
        (State.PROCEEDING, Signal.SUCCESS): NextState(State.COMPLETED, (Action.SEND,)),
        (State.PROCEEDING, Signal.FAILURE): NextState(State.COMPLETED, (Action.SEND,)),
        (State.COMPLETED, Signal.REQUEST): NextState(State.COMPLETED, (Action.SEND,)),
        (State.COMPLETED, Signal.TIMEOUT): NextState(State.TERMINATED),
    },
)

MACHINES = (INVITE_CLIENT, OTHER_CLIENT, INVITE_SERVER, OTHER_SERVER)


class Transaction:
    """One transaction: a machine, its state and its two timers.

    `retransmit_at` and `timeout_at` are the times at which `handle_timer` wants to be called, or None. Every
    method that can change them takes `now`, in seconds of whatever clock the owner keeps.
    """

    __slots__ = (
        "_interval",
        "_retransmit",
        "_timing",
        "machine",
        "reliable",
        "retransmit_at",
        "state",
        "timeout_at",
    )

    def __init__(
        self, machine: StateMachine, *, reliable: bool, timing: Timing, now: float
    ) -> None:
        self.machine = machine
        self.reliable = reliable
        self.state = machine.start
        self.retransmit_at: float | None = None
        self.timeout_at: float | None = None
        self._timing = timing
        self._retransmit: TransactionTimer | None = None
        self._interval = timing.t1
        self._enter(machine.timers[machine.start], now)

    @property
    def is_final(self) -> bool:
        """Whether a final response came or went."""
        return self.state in FINAL

    @property
    def is_over(self) -> bool:
        """Whether it may be forgotten."""
        return self.state is State.TERMINATED

    def signal(self, signal: Signal, now: float) -> tuple[Action, ...] | None:
        """Take `signal`; return what is to be done, or None when it was absorbed."""
        transition = self.machine.transitions.get((self.state, signal))
        if transition is None:
            return None
        if transition.to is not self.state or transition.restart:
            self.state = transition.to
            self._enter(self.machine.timers.get(transition.to, NO_TIMERS), now)
        return transition.actions

    def handle_timer(self, now: float) -> tuple[Action, ...]:
        """Return the actions due at `now`; empty before the deadline."""
        if self.timeout_at is not None and now >= self.timeout_at:
            return self.signal(Signal.TIMEOUT, now) or ()
        if self.retransmit_at is None or now < self.retransmit_at:
            return ()
        actions = self.signal(Signal.RETRANSMIT, now) or ()
        self._interval = self._timing.pause_after(self._interval, self._retransmit, self.state)
        self.retransmit_at = now + self._interval
        return actions

    def _enter(self, timers: StateTimers, now: float) -> None:
        if timers.keep:
            return
        self._retransmit = None if self.reliable else timers.retransmit
        self._interval = self._timing.t1
        self.retransmit_at = None if self._retransmit is None else now + self._interval
        self.timeout_at = None
        if timers.limit is None:
            return
        lasts = self._timing.limit(timers.limit, reliable=self.reliable)
        self.timeout_at = now + lasts
        if lasts == 0.0:
            self.state = State.TERMINATED


FINAL = frozenset({State.ACCEPTED, State.COMPLETED, State.CONFIRMED, State.TERMINATED})
NO_TIMERS = StateTimers()


def classify(status: int) -> Signal:
    """Return the signal that a response of `status` is."""
    if status < 200:
        return Signal.PROVISIONAL
    return Signal.SUCCESS if status < 300 else Signal.FAILURE
