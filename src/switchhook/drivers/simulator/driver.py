"""The driver of the simulator: it plays scripts, and writes down what callers experience."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, assert_never

from switchhook.domain.call import CALLER
from switchhook.domain.cause import Cause
from switchhook.drivers.simulator.clock import VirtualTimer
from switchhook.drivers.simulator.script import NOBODY, SimulatedCaller, SimulatedPhone
from switchhook.drivers.simulator.sound import CallSound, SoundCommand
from switchhook.routing.admission import OfferedCall, Rejection
from switchhook.routing.commands import (
    AnswerCaller,
    AnswerTransfer,
    ConnectLegs,
    EndLeg,
    NotifyTransfer,
    PhoneCommand,
    Play,
    RingLeg,
    ShowRinging,
    StartRecording,
    StopPlaying,
    StopRecording,
)
from switchhook.routing.events import (
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegRinging,
    TransferRequested,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AsyncExitStack

    from switchhook.domain.call import Call
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.target import Target
    from switchhook.drivers.ports import CallHandler
    from switchhook.drivers.simulator.clock import VirtualClock
    from switchhook.routing.events import RecordingFinished

GAVE_UP = Cause(sip=487, q850=16, text="gave up")
HUNG_UP = Cause(sip=200, q850=16, text="hung up")
FORGOTTEN = Cause(sip=500, q850=41, text="the switchboard does not know this call")


@dataclass(slots=True)
class SimulatedLine:
    """One leg as its telephone sees it."""

    leg: str
    hangs_up_after: float | None
    transfers: tuple[float, str] | None = None
    is_live: bool = True
    is_answered: bool = False
    is_talking: bool = False
    latest: LegAnswered | LegEnded | None = None
    """What it reported, also while no switchboard listened."""
    snapshots: list[VirtualTimer] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    """The statuses of its transfers' NOTIFYs."""
    turn: int = 1
    """The turn of a callback's caller."""
    account: str = ""
    """The account that answers, where several ring together."""


@dataclass(slots=True)
class SimulatedCall:
    """A call as its caller experiences it. Empty until it is placed."""

    caller: SimulatedCaller
    id: str = ""
    refused: Rejection | None = None
    """Set when the switchboard did not take it."""
    heard: list[tuple[float, PhoneCommand]] = field(default_factory=list)
    """The caller's signals, with times: ringing, early media, prompts, the answer, the end."""
    lines: dict[str, SimulatedLine] = field(default_factory=dict)
    sound: CallSound | None = None
    """None until it is placed."""

    @property
    def status(self) -> int:
        """Return the SIP status that the caller got: 200 once answered, 0 while waiting."""
        if self.refused is not None:
            return self.refused.cause.sip
        for _, command in self.heard:
            if isinstance(command, ConnectLegs | AnswerCaller):
                return 200
            if isinstance(command, EndLeg):
                return command.cause.sip
        line = self.lines.get(CALLER)
        return 0 if line is None or line.is_live else GAVE_UP.sip


class SimulatedDriver:
    """Plays what `phones` say, by the value of the target, and the callers that are placed.

    Outlives the switchboard: without a listener, calls go on and events are lost, as with a real switch;
    `resume` then says which legs still live, and who answered or is gone is reported again.
    """

    def __init__(self, clock: VirtualClock, phones: Mapping[str, SimulatedPhone]) -> None:
        self._clock = clock
        self._phones = phones
        self._handler: CallHandler | None = None
        self._calls: dict[str, SimulatedCall] = {}

    async def start(
        self,
        stack: AsyncExitStack,
        handler: CallHandler,
        directory: Callable[[], ProjectDirectory],  # noqa: ARG002 -- the Protocol's
    ) -> None:
        """Begin to report to `handler`, until the stack is closed."""
        self._handler = handler
        stack.callback(self._stop)

    async def resume(self, calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        """Return the legs of these calls that live. Calls that are not among them are ended."""
        known = {call.id for call in calls}
        for call_id in [call_id for call_id in self._calls if call_id not in known]:
            self._drop(self._calls.pop(call_id))
        self._clock.call_at(self._clock.now(), self._repeat)
        return {call_id: self.live_legs(call_id) for call_id in known}

    def recorded(self, call: Call) -> RecordingFinished | None:  # noqa: ARG002 -- the Protocol's
        """Return nothing: no sound is kept here."""
        return None

    async def stop(self) -> None:
        """Leave every telephone as it is: a script may go on with the next switchboard."""

    def live_legs(self, call: str) -> frozenset[str]:
        """Return the legs of a call that have not ended."""
        known = self._calls.get(call)
        lines = () if known is None else known.lines.values()
        return frozenset(line.leg for line in lines if line.is_live)

    def place(self, caller: SimulatedCaller, *, at: float | None = None) -> SimulatedCall:
        """Place a call, now or at a time."""
        call = SimulatedCall(caller)
        when = self._clock.now() if at is None else at
        self._clock.call_at(when, lambda: self._arrive(call))
        return call

    def press(self, call: str, key: str) -> None:
        """Let a caller press a key now; before the answer it has no effect."""
        placed = self._calls.get(call)
        line = None if placed is None else placed.lines[CALLER]
        if placed is not None and line is not None and line.is_live and line.is_answered:
            self._report(placed, DigitPressed(leg=CALLER, digit=key))

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        """Carry out a command; one for an unknown call or a leg that is gone does nothing."""
        placed = self._calls.get(call.id)
        if placed is None and isinstance(command, RingLeg) and command.leg == CALLER:
            placed = self._called_back(call)
        if placed is None:
            return
        match command:
            case RingLeg():
                self._ring(placed, command)
            case ShowRinging():
                self._note(placed, command)
            case ConnectLegs():
                self._connect(placed, command)
            case EndLeg():
                self._end(placed, command)
            case AnswerCaller():
                self._answer_caller(placed, command)
            case Play() | StopPlaying() | StartRecording() | StopRecording():
                self._sound(placed, command)
            case AnswerTransfer() | NotifyTransfer():
                placed.lines[command.leg].told.append(command.status)
            case _:
                assert_never(command)

    def _arrive(self, call: SimulatedCall) -> None:
        if self._handler is None:
            return
        answer = self._handler.arrived(call.caller.offered, lambda name: self._expect(call, name))
        if isinstance(answer, Rejection):
            call.refused = answer

    def _expect(self, call: SimulatedCall, name: str) -> None:
        call.id = name
        self._calls[name] = call
        line = SimulatedLine(CALLER, call.caller.hangs_up_after, call.caller.transfers)
        call.lines[CALLER] = line
        call.sound = CallSound(self._clock, lambda event: self._report(call, event))
        self._snapshot(line, call.caller.gives_up_after, lambda: self._give_up(call, line))
        for after, key in call.caller.keys:
            self._snapshot(line, after, self._pressing(name, key))

    def _pressing(self, call: str, key: str) -> Callable[[], None]:
        return lambda: self.press(call, key)

    def _give_up(self, call: SimulatedCall, line: SimulatedLine) -> None:
        if not line.is_talking:
            self._gone(call, line, HUNG_UP if line.is_answered else GAVE_UP)

    def _answer_caller(self, call: SimulatedCall, command: AnswerCaller) -> None:
        caller = call.lines[CALLER]
        if caller.is_live and not caller.is_answered:
            self._note(call, command)
            caller.is_answered = True
            self._snapshot(caller, 0.0, lambda: self._answer(call, caller))

    def _sound(self, call: SimulatedCall, command: SoundCommand) -> None:
        if call.sound is not None and call.lines[CALLER].is_live:
            self._note(call, command)
            call.sound.carry_out(command)

    def _called_back(self, call: Call) -> SimulatedCall:
        """Return a callback whose caller is rung now: a telephone is their script."""
        offered = OfferedCall(
            caller=call.caller.number,
            caller_name=call.caller.name,
            callee=call.callee,
            project=call.snapshot.project.id,
        )
        made = self._calls[call.id] = SimulatedCall(SimulatedCaller(offered=offered), call.id)
        made.sound = CallSound(self._clock, lambda event: self._report(made, event))
        return made

    def _ring(self, call: SimulatedCall, command: RingLeg) -> None:
        known = call.lines.get(command.leg)
        if known is not None and (command.leg != CALLER or known.turn >= command.turn):
            return
        if command.also:
            self._ring_together(call, command)
            return
        self._ring_phone(call, command, command.target)

    def _ring_together(self, call: SimulatedCall, command: RingLeg) -> None:
        """Ring the account that answers first, else the one that rings longest: they are one leg."""

        def order(target: Target) -> tuple[bool, float]:
            phone = self._phones.get(target.value, NOBODY)
            return phone.answers_after is None, phone.answers_after or -(phone.refuses_after or inf)

        self._ring_phone(call, command, min((command.target, *command.also), key=order))

    def _ring_phone(self, call: SimulatedCall, command: RingLeg, target: Target) -> None:
        phone = self._phones.get(target.value, NOBODY)
        line = SimulatedLine(command.leg, phone.hangs_up_after, phone.transfers)
        line.turn, line.account = command.turn, target.value if command.also else ""
        call.lines[command.leg] = line
        rings = LegRinging(leg=command.leg, early_media=phone.early_media)
        self._snapshot(line, phone.rings_after, lambda: self._report(call, rings))
        self._snapshot(line, phone.answers_after, lambda: self._answer(call, line))
        self._snapshot(line, phone.refuses_after, lambda: self._gone(call, line, phone.refusal))

    def _answer(self, call: SimulatedCall, line: SimulatedLine) -> None:
        line.is_answered = True
        handle = f"simulated {line.leg}"
        line.latest = LegAnswered(leg=line.leg, handle=handle, account=line.account)
        self._report(call, line.latest)

    def _note(self, call: SimulatedCall, command: PhoneCommand) -> None:
        if call.lines[CALLER].is_live:
            call.heard.append((self._clock.now(), command))

    def _connect(self, call: SimulatedCall, command: ConnectLegs) -> None:
        party, callee = call.lines[command.party], call.lines.get(command.leg)
        if callee is None or not (party.is_live and callee.is_live) or callee.is_talking:
            return
        if party.leg == CALLER and not party.is_talking:
            self._note(call, command)
            if not party.is_answered:
                self._snapshot(party, 0.0, lambda: self._answer(call, party))
        for line in (party, callee):
            if not line.is_talking:
                self._talk(call, line)

    def _talk(self, call: SimulatedCall, line: SimulatedLine) -> None:
        line.is_answered = line.is_talking = True
        self._snapshot(line, line.hangs_up_after, self._hanging_up(call, line))
        if line.transfers is not None:
            after, to = line.transfers
            wish = TransferRequested(leg=line.leg, request=f"{line.leg} {to}", to=to)
            self._snapshot(line, after, lambda: self._report(call, wish))

    def _hanging_up(self, call: SimulatedCall, line: SimulatedLine) -> Callable[[], None]:
        return lambda: self._gone(call, line, HUNG_UP)

    def _end(self, call: SimulatedCall, command: EndLeg) -> None:
        line = call.lines.get(command.leg)
        if line is None or not line.is_live:
            return
        line.latest = None
        if line.leg == CALLER:
            self._note(call, command)
        _hang_up(call, line)

    def _repeat(self) -> None:
        """Report again which legs answered and ended: the switchboard may have missed it."""
        for call in self._calls.values():
            for line in call.lines.values():
                if line.latest is not None:
                    self._report(call, line.latest)

    def _drop(self, call: SimulatedCall) -> None:
        """End an unknown call: it was lost before it was stored, or its end was never sent."""
        for line in call.lines.values():
            self._end(call, EndLeg(leg=line.leg, cause=FORGOTTEN))

    def _gone(self, call: SimulatedCall, line: SimulatedLine, cause: Cause) -> None:
        _hang_up(call, line)
        line.latest = LegEnded(leg=line.leg, cause=cause)
        self._report(call, line.latest)

    def _snapshot(self, line: SimulatedLine, after: float | None, do: Callable[[], None]) -> None:
        if after is not None:
            line.snapshots.append(self._clock.call_at(self._clock.now() + after, do))

    def _report(self, call: SimulatedCall, event: Event) -> None:
        if self._handler is not None:
            self._handler.handle(call.id, event)

    def _stop(self) -> None:
        self._handler = None


def _hang_up(call: SimulatedCall, line: SimulatedLine) -> None:
    line.is_live = False
    if line.leg == CALLER and call.sound is not None:
        call.sound.is_over()
    for snapshot in line.snapshots:
        snapshot.cancel()
    line.snapshots.clear()
