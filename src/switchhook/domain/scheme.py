"""A call forwarding scheme: a numbered tree of steps, executed from the top."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from switchhook.domain.target import Target
from switchhook.domain.webhook import RingOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path = tuple[int | str, ...]
"""Where a step stands in its scheme: its place among the steps; within a branch, behind the place of
the step that opened it and the branch's name: `(2, "success", 0)`."""

SUCCESS, FAILED = "success", "failed"
OPEN, CLOSED = "open", "closed"
TIMEOUT, INVALID = "timeout", "invalid"
DTMF_KEYS = "0123456789*#"
"""The keys that a menu can offer."""


class NameChoice(StrEnum):
    """Which name a routing step shows to those it rings (R5-29…31)."""

    CURRENT = "current"
    WEBHOOK = "webhook"
    """The name that the dial-plan webhook returned; only in its branches. It stays the current name."""
    PREPEND = "prepend"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerName:
    """One choice per step [A-53]. Without a returned name, `webhook` shows the current one (S-33)."""

    choice: NameChoice = NameChoice.CURRENT
    text: str = ""
    """The text to prepend, or to show alone."""


UNCHANGED_NAME = CallerName()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStep:
    """Ask a forwarding number where the call goes, and ring what it answers (R1-123)."""

    key: ClassVar[str] = "ask"
    word: ClassVar[str] = "ask"
    webhook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDialPlanStep:
    """Ask a dial-plan webhook, perhaps after a code, which of two branches the call takes (R5-26, R5-27)."""

    key: ClassVar[str] = "ask_dial_plan"
    word: ClassVar[str] = "askdialplan"
    webhook: str
    success: tuple[Step, ...] = ()
    failed: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RingStep:
    """Ring targets for `timeout` seconds each round; the first to answer gets the call."""

    key: ClassVar[str] = "ring"
    word: ClassVar[str] = "ring"
    targets: tuple[Target, ...]
    order: RingOrder = RingOrder.ALL_AT_ONCE
    timeout: float = 30.0
    caller_name: CallerName = UNCHANGED_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class RingDestinationStep:
    """Ring the variable destination: what the dial-plan webhook returned (R5-33).

    Without a destination the step hands on; after the last step of a success branch that means the failed
    branch [A-48].
    """

    key: ClassVar[str] = "ring_destination"
    word: ClassVar[str] = "ringdestination"
    timeout: float = 30.0
    caller_name: CallerName = UNCHANGED_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class GoToStep:
    """Go on with another scheme of the same project (R1-25)."""

    key: ClassVar[str] = "go_to"
    word: ClassVar[str] = "goto"
    scheme: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpStep:
    """End the call with a SIP status that tells the caller why."""

    key: ClassVar[str] = "hang_up"
    word: ClassVar[str] = "hangup"
    status: int = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayStep:
    """Let the caller hear sounds once, then go on: a greeting (R1-125)."""

    key: ClassVar[str] = "play"
    word: ClassVar[str] = "play"
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundStep:
    """From here on, let the caller hear these in a loop while a webhook is asked or a target rings (R1-125)."""

    key: ClassVar[str] = "background"
    word: ClassVar[str] = "background"
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuChoice:
    """The steps of one key of a menu."""

    key: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuStep:
    """Let the caller choose a branch by one key. The key may come while the prompt still plays."""

    key: ClassVar[str] = "menu"
    word: ClassVar[str] = "menu"
    sounds: tuple[str, ...]
    choices: tuple[MenuChoice, ...]
    timeout: float = 5.0
    """Seconds to press a key, from the end of the prompt."""
    attempts: int = 3
    timeout_sounds: tuple[str, ...] = ()
    """Played when no key came in time, before the prompt comes again."""
    invalid_sounds: tuple[str, ...] = ()
    """Played when the key means nothing, before the prompt comes again."""
    on_timeout: tuple[Step, ...] = ()
    """Executed when the last attempt brought no key."""
    on_invalid: tuple[Step, ...] = ()
    """Executed when the last attempt brought a key that means nothing."""

    def choice(self, key: str) -> MenuChoice | None:
        """Return what `key` chooses."""
        return next((choice for choice in self.choices if choice.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursStep:
    """Take one branch within the project's working hours of this name, the other outside (R1-125)."""

    key: ClassVar[str] = "hours"
    word: ClassVar[str] = "hours"
    hours: str
    open_: tuple[Step, ...] = ()
    closed: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailStep:
    """Play a greeting, then record the caller until they hang up or press `#`."""

    key: ClassVar[str] = "voicemail"
    word: ClassVar[str] = "voicemail"
    sounds: tuple[str, ...]
    max_duration: float = 120.0
    """Seconds of a message."""
    mail_to: tuple[str, ...] = ()
    """People who get the message by mail; bare addresses."""
    attach: bool = True
    """Whether the message is attached to the mail; else it has a link alone."""


VOICEMAIL_MAIL = "[voicemail]"
"""The name that the mails of messages are listed under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateStep:
    """Let the caller rate the conversation, should one come of a later step and the callee hang up first."""

    key: ClassVar[str] = "rating"
    word: ClassVar[str] = "rate"
    sounds: tuple[str, ...]
    """Asks for a key from 1 to `best`."""
    best: int = 5
    timeout: float = 10.0
    """Seconds to press it, from the end of the prompt."""
    thanks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStep:
    """From here on, record conversations, both voices; or no longer."""

    key: ClassVar[str] = "record"
    word: ClassVar[str] = "record"
    is_on: bool = True
    announcement: tuple[str, ...] = ()
    """Tells the caller so, before anything else happens."""


# The one list of steps, in the order of the docs. Each has a `key`, which names it in project files and in the docs, and
# a `word`, by which the journal names it: stored and read by programs, so it never changes.
Step = (
    AskStep
    | AskDialPlanStep
    | RingStep
    | RingDestinationStep
    | PlayStep
    | BackgroundStep
    | MenuStep
    | HoursStep
    | VoicemailStep
    | RateStep
    | RecordStep
    | GoToStep
    | HangUpStep
)


def branches(step: Step) -> Mapping[str, tuple[Step, ...]]:
    """Return the branches that a step can open, by name."""
    match step:
        case AskDialPlanStep():
            return {SUCCESS: step.success, FAILED: step.failed}
        case HoursStep():
            return {OPEN: step.open_, CLOSED: step.closed}
        case MenuStep():
            of_keys = {choice.key: choice.steps for choice in step.choices}
            return of_keys | {TIMEOUT: step.on_timeout, INVALID: step.on_invalid}
        case _:
            return {}


def voicemail_steps(steps: Iterable[Step]) -> Iterator[VoicemailStep]:
    """Yield the steps that record a message, those in branches too."""
    for step in steps:
        if isinstance(step, VoicemailStep):
            yield step
        for inner in branches(step).values():
            yield from voicemail_steps(inner)


def ring_steps(steps: Iterable[Step]) -> Iterator[RingStep]:
    """Yield the steps that ring, those in branches too."""
    for step in steps:
        if isinstance(step, RingStep):
            yield step
        for inner in branches(step).values():
            yield from ring_steps(inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One scheme; a step that could not place the call hands it to the next (R1-125)."""

    id: int
    name: str
    steps: tuple[Step, ...]

    def step_at(self, path: Path) -> Step | None:
        """Return the step at `path`, or None past the end of its branch, or where no such branch is."""
        steps = self.steps
        for place, branch in zip(path[:-1:2], path[1::2], strict=True):
            opener = _at(steps, place)
            steps = () if opener is None else branches(opener).get(str(branch), ())
        return _at(steps, path[-1])

    def next_path(self, path: Path) -> Path:
        """Return where the call goes on when the step at `path` could not place it."""
        return (*path[:-1], int(path[-1]) + 1)

    def enclosing(self, path: Path) -> tuple[tuple[Path, Step, str], ...]:
        """Return the steps in whose branches `path` lies, the nearest first, with the branches' names."""
        found = (
            (path[:at], self.step_at(path[:at]), str(path[at])) for at in range(1, len(path), 2)
        )
        return tuple((at, step, name) for at, step, name in found if step is not None)[::-1]


def _at(steps: tuple[Step, ...], place: int | str) -> Step | None:
    return steps[int(place)] if int(place) < len(steps) else None


FIRST: Path = (0,)
"""Where every scheme begins."""
