"""A scheme as a nested list of steps, each with what it does, how long it rings, and whether a call ever gets there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.domain.scheme import (
    CLOSED,
    FAILED,
    INVALID,
    OPEN,
    SUCCESS,
    TIMEOUT,
    AskDialPlanStep,
    AskStep,
    BackgroundStep,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuStep,
    NameChoice,
    PlayStep,
    RateStep,
    RecordStep,
    RingDestinationStep,
    RingStep,
    VoicemailStep,
    branches,
)
from switchhook.domain.webhook import RingOrder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.scheme import CallerName, Path, Scheme, Step

TITLES: Final = {
    AskStep: "Ask",
    AskDialPlanStep: "Ask the dial plan",
    RingStep: "Ring",
    RingDestinationStep: "Ring the returned destination",
    PlayStep: "Play",
    BackgroundStep: "Background",
    MenuStep: "Menu",
    HoursStep: "Working hours",
    VoicemailStep: "Voicemail",
    RateStep: "Rating",
    RecordStep: "Recording",
    GoToStep: "Go to",
    HangUpStep: "Hang up",
}
BRANCH_TITLES: Final = {
    SUCCESS: "Success",
    FAILED: "Failed",
    OPEN: "Open",
    CLOSED: "Closed",
    TIMEOUT: "No key",
    INVALID: "A wrong key",
}
HANDS_ON: Final = {
    AskStep: "not placed",
    RingStep: "not answered",
    RingDestinationStep: "not answered",
}
"""When a call goes on to the next step; of others without branches, always."""
BEHIND: Final = "after its branches"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinedBranch:
    """The steps that one outcome of a step leads to; perhaps none, which hands the call on."""

    name: str
    title: str
    steps: tuple[OutlinedStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinedStep:
    """One step, and what stands below it."""

    id: str
    """An anchor, unique in the project: `s26076-1-success-1`."""
    number: str
    """Its place, counted from 1: `2`, `1.success.1`."""
    word: str
    """Its kind, as the journal names it."""
    title: str
    text: str
    """What it asks, rings, plays …"""
    seconds: float | None
    """How long it rings or waits; None where it does neither."""
    dead: str
    """Why no call gets there; "" where calls do."""
    hands_on: str
    """When a call goes on to the next step; "" where none does."""
    go_to: int | None
    """The scheme that it goes to."""
    branches: tuple[OutlinedBranch, ...]

    @property
    def has_end(self) -> bool:
        """Say whether no call gets past it."""
        return not self.hands_on


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinedScheme:
    """A scheme with the numbers and schemes that lead to it."""

    id: int
    name: str
    numbers: tuple[str, ...]
    before: tuple[int, ...]
    """The schemes of which a step goes here."""
    steps: tuple[OutlinedStep, ...]
    problems: tuple[str, ...]


def outline(scheme: Scheme, snapshot: ProjectSnapshot) -> OutlinedScheme:
    """Return a scheme of a project as a nested list."""
    numbers = tuple(one.number for one in snapshot.project.numbers if one.scheme == scheme.id)
    before = tuple(
        one.id
        for one in snapshot.project.schemes
        if any(isinstance(step, GoToStep) and step.scheme == scheme.id for step in _all(one.steps))
    )
    steps = _outlined(scheme, scheme.steps, (), snapshot)
    problems = [f"step {one.number} is never reached" for one in walk(steps) if one.dead]
    if not steps:
        problems.append("has no steps: its calls go to the fallback")
    if not numbers and not before:
        problems.append("no number and no scheme leads here; a webhook's answer still may")
    return OutlinedScheme(
        id=scheme.id,
        name=scheme.name,
        numbers=numbers,
        before=before,
        steps=steps,
        problems=tuple(problems),
    )


def reached(scheme: Scheme, snapshot: ProjectSnapshot) -> tuple[Scheme, ...]:
    """Return a scheme and those that its calls come to by steps that go there, in that order."""
    found = {scheme.id: scheme}
    waiting = [scheme]
    while waiting:
        for step in _all(waiting.pop(0).steps):
            following = snapshot.schemes.get(step.scheme) if isinstance(step, GoToStep) else None
            if following is not None and following.id not in found:
                found[following.id] = following
                waiting.append(following)
    return tuple(found.values())


def walk(steps: tuple[OutlinedStep, ...]) -> Iterator[OutlinedStep]:
    """Yield steps and those in their branches, in the order of the list."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from walk(branch.steps)


def _all(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        for inner in branches(step).values():
            yield from _all(inner)


def _outlined(
    scheme: Scheme, steps: tuple[Step, ...], above: Path, snapshot: ProjectSnapshot, dead: str = ""
) -> tuple[OutlinedStep, ...]:
    made = []
    for place, step in enumerate(steps):
        path = (*above, place)
        parts = [str(part + 1) if isinstance(part, int) else part for part in path]
        inner = tuple(
            OutlinedBranch(
                name=name,
                title=_branch_title(step, name),
                steps=_outlined(scheme, found, (*path, name), snapshot, dead),
            )
            for name, found in branches(step).items()
        )
        ends = isinstance(step, GoToStep | HangUpStep) or (
            bool(inner) and all(any(one.has_end for one in branch.steps) for branch in inner)
        )
        one = OutlinedStep(
            id="-".join([f"s{scheme.id}", *parts]).replace("*", "star").replace("#", "hash"),
            number=".".join(parts),
            word=step.word,
            title=TITLES[type(step)],
            text=_text(step, snapshot),
            seconds=_seconds(step, snapshot),
            dead=dead,
            hands_on="" if ends else HANDS_ON.get(type(step), BEHIND if inner else "then"),
            go_to=step.scheme if isinstance(step, GoToStep) else None,
            branches=inner,
        )
        made.append(one)
        if ends and not dead:
            dead = f"no call gets past step {one.number}"
    return tuple(made)


def _branch_title(step: Step, name: str) -> str:
    if isinstance(step, MenuStep) and step.choice(name) is not None:
        return f"Key {name}"
    return BRANCH_TITLES[name]


def _seconds(step: Step, snapshot: ProjectSnapshot) -> float | None:
    match step:
        case AskStep(webhook=name) if name in snapshot.webhooks:
            return snapshot.webhooks[name].ring_timeout
        case (
            RingStep(timeout=timeout)
            | RingDestinationStep(timeout=timeout)
            | MenuStep(timeout=timeout)
        ):
            return timeout
        case VoicemailStep(max_duration=longest):
            return longest
        case RateStep(timeout=timeout):
            return timeout
        case _:
            return None


def _text(step: Step, snapshot: ProjectSnapshot) -> str:  # noqa: C901 - one line for each kind
    match step:
        case AskStep(webhook=name) | AskDialPlanStep(webhook=name):
            return name
        case RingStep():
            joined = (" + " if step.order is RingOrder.ALL_AT_ONCE else ", then ").join(
                map(str, step.targets)
            )
            return joined + _name(step.caller_name)
        case RingDestinationStep():
            return _name(step.caller_name).removeprefix(", ")
        case PlayStep(sounds=sounds) | BackgroundStep(sounds=sounds) | VoicemailStep(sounds=sounds):
            return ", ".join(sounds)
        case MenuStep():
            tries = "once" if step.attempts == 1 else f"{step.attempts} times"
            return f"{', '.join(step.sounds)}; asked {tries} at most"
        case HoursStep(hours=hours):
            return hours
        case RateStep(sounds=sounds, best=best):
            return f"{', '.join(sounds)}; 1 to {best}"
        case RecordStep(is_on=is_on, announcement=announcement):
            said = f", announced by {', '.join(announcement)}" if announcement else ""
            return f"{'on' if is_on else 'off'}{said}"
        case GoToStep(scheme=number):
            name = snapshot.schemes[number].name if number in snapshot.schemes else "unknown"
            return f"scheme {number} {name}"
        case HangUpStep(status=status):
            return f"with SIP {status}"


def _name(name: CallerName) -> str:
    match name.choice:
        case NameChoice.CURRENT:
            return ""
        case NameChoice.WEBHOOK:
            return ", under the returned name"
        case NameChoice.PREPEND:
            return f", under “{name.text}” before the caller's name"
        case NameChoice.REPLACE:
            return f", under the name “{name.text}”"
