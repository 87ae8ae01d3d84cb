"""Why a telephone did not ring in a call: what decided otherwise, and the smallest change that would have rung it.

Read from the call's journal and the version of the project that the call followed. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from switchhook.domain.cause import AttemptEnd, Outcome
from switchhook.domain.hours import DAYS
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.scheme import (
    CLOSED,
    FAILED,
    OPEN,
    AskDialPlanStep,
    AskStep,
    GoToStep,
    HoursStep,
    MenuStep,
    Path,
    RingStep,
    Step,
    branches,
)
from switchhook.domain.target import written_number
from switchhook.domain.webhook import RingOrder
from switchhook.views.text import iso, one_line, seconds
from switchhook.views.why_callback import of_callback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.target import Target
    from switchhook.operations.history import CallStory


class DecidedBy(StrEnum):
    """What decided that a telephone did not ring; names stay stable over versions."""

    RANG = "rang"
    """It did ring."""
    UNKNOWN = "unknown"
    """The project has no such target."""
    CALLER_BLOCKED = "caller_blocked"
    NOT_REACHED = "not_reached"
    """It was called, and no telephone of it rang."""
    FORBIDDEN = "forbidden"
    """The project's rules forbid to call it."""
    OWN_CALL = "own_call"
    """It made the call itself."""
    TURN = "turn"
    """Its turn did not come."""
    HOURS = "hours"
    KEY = "key"
    """What the caller pressed, or did not press."""
    ANSWER = "answer"
    """What a webhook answered, or that it failed."""
    EARLIER_STEP = "earlier_step"
    """A step before its own took the call to its end."""
    DIALLED = "dialled"
    """Whom the caller dialled."""
    NO_STEP = "no_step"
    """No step that the call could come to rings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """The answer to: why did it not ring?"""

    target: str
    decision: DecidedBy
    why: str
    """A sentence for people, without its full stop."""
    change: str = ""
    """The smallest change that would have rung it, likewise; empty where there is none."""
    scheme: int = 0
    step: str = ""
    """The step that decided, as `2 closed 1`: places counted from 1, and the branches between them."""
    entry: JournalEntry | None = None
    """The line of the journal that shows it."""


def as_json(found: WhyNot) -> dict[str, Any]:
    """Return it for programs."""
    entry = found.entry
    return {
        "target": found.target,
        "rang": found.decision is DecidedBy.RANG,
        "decision": found.decision,
        "why": found.why,
        "change": found.change or None,
        "scheme": found.scheme or None,
        "step": found.step or None,
        "journal": None if entry is None else entry.seq,
        "at": None if entry is None else iso(entry.at),
    }


def why_not(story: CallStory, snapshot: ProjectSnapshot, target: str) -> WhyNot:
    """Say why a target did not ring: the first step, answer, hour or rule that decided otherwise."""
    wanted = _Wanted(snapshot, target)
    seen = _Seen(story)
    return (
        _of_its_legs(wanted, seen)
        or _of_rules(wanted, seen)
        or _of_callback(wanted, seen)
        or _of_being_unknown(wanted)
        or _of_schemes(wanted, seen)
    )


class _Wanted:
    """The target that is asked about."""

    def __init__(self, snapshot: ProjectSnapshot, name: str) -> None:
        self.snapshot = snapshot
        self.name = name.strip()
        self.words = one_line(self.name)
        digits = written_number(self.name)
        self._digits = digits.removeprefix("+").removeprefix("00")

    @property
    def is_inside(self) -> bool:
        """Say whether it is an account or a group."""
        return self.snapshot.has_name(self.name)

    def is_it(self, value: str) -> bool:
        """Say whether a target's text in journal or scheme means it."""
        if value == self.name:
            return True
        digits = written_number(value).removeprefix("+").removeprefix("00")
        return not self.is_inside and bool(digits) and digits == self._digits

    def rings_with(self, target: Target) -> bool:
        """Say whether it rings where a target does: it, its group, or a group's one account."""
        if self.is_it(target.value):
            return True
        return any(self.is_it(member.value) for member in self.snapshot.members(target))


class _Seen:
    """What happened, by what is looked for in it."""

    def __init__(self, story: CallStory) -> None:
        self.call = story.call
        self.journal: Sequence[JournalEntry] = story.journal
        self.facts = [dict(entry.facts) for entry in self.journal]
        self.steps = [
            (index, int(facts["scheme"]), _path(facts["at"]))
            for index, (entry, facts) in enumerate(zip(self.journal, self.facts, strict=True))
            if entry.kind is EntryKind.STEP and "at" in facts
        ]
        self.schemes = list(dict.fromkeys(scheme for _, scheme, _ in self.steps))
        """Those that the call came to, in order."""

    def first(self, *kinds: EntryKind, after: int = 0) -> int | None:
        """Return where the first entry of some kinds stands from a place on."""
        found = (n for n, entry in enumerate(self.journal[after:], after) if entry.kind in kinds)
        return next(found, None)

    def before_next_step(self, index: int, *kinds: EntryKind) -> int | None:
        """Return where the last entry of some kinds stands between a step and the next."""
        end = self.first(EntryKind.STEP, after=index + 1) or len(self.journal)
        found = [n for n in range(index, end) if self.journal[n].kind in kinds]
        return found[-1] if found else None


def _of_its_legs(wanted: _Wanted, seen: _Seen) -> WhyNot | None:
    """Say what became of it where it was called."""
    legs = [leg for leg in seen.call.legs if leg.target and wanted.is_it(leg.target.value)]
    inside = wanted.snapshot.internal_target(wanted.name)
    if not legs and inside is not None:
        members = {member.value for member in wanted.snapshot.members(inside)}
        legs = [leg for leg in seen.call.legs if leg.target and leg.target.value in members]
    if not legs:
        return None
    rang = next(
        (leg for leg in legs if leg.rang_at is not None or leg.answered_at is not None), None
    )
    leg = rang or legs[-1]
    entry = _last_of_leg(seen, leg.id)
    if rang is not None:
        began = rang.rang_at or rang.answered_at or rang.started_at
        until = rang.answered_at or rang.ended_at
        length = "" if until is None else f" for {seconds(max(0.0, until - began))}"
        end = "" if rang.end is None else f", and that ended as {rang.end.replace('_', ' ')}"
        why = f"it did ring{length}{end}"
        return WhyNot(target=wanted.name, decision=DecidedBy.RANG, why=why, entry=entry)
    text = leg.cause.text if leg.cause is not None else ""
    sip = leg.cause.sip if leg.cause is not None else 0
    said = f" ({'SIP ' + str(sip) if sip else text or 'no word of it'})"
    if text and sip:
        said = f" (SIP {sip}, {one_line(text)})"
    why = f"it was called, and no telephone of it rang{said}"
    change = _UNREACHED.get(leg.end or AttemptEnd.FAILED, "")
    return WhyNot(
        target=wanted.name,
        decision=DecidedBy.NOT_REACHED,
        why=why,
        change=change.format(target=wanted.words),
        entry=entry,
    )


MAX_TARGET: Final = 200
"""Characters of a target that is asked about."""
_UNREACHED: Final = {
    AttemptEnd.UNREACHABLE: "register a telephone of {target}: `switchhook phones` lists those that are",
    AttemptEnd.TIMEOUT: "see whether the telephone of {target} can be reached: it did not answer at all",
    AttemptEnd.BUSY: "{target} was busy, or refuses calls (do not disturb): free it, or ring another beside it",
    AttemptEnd.REJECTED: "{target} refuses calls from here: let its telephone or carrier take them",
    AttemptEnd.FAILED: "see what the telephone or carrier of {target} refused: the status says it",
    AttemptEnd.CANCELLED_BY_CALLER: "nothing in the project: the caller hung up before a telephone of {target} could ring",
    AttemptEnd.ANSWERED_ELSEWHERE: "nothing in the project: another telephone answered before it could ring",
}
"""What helps where nothing rang, by the attempt's end."""


def _last_of_leg(seen: _Seen, leg: str) -> JournalEntry | None:
    return next((entry for entry in reversed(seen.journal) if entry.leg == leg), None)


def _of_rules(wanted: _Wanted, seen: _Seen) -> WhyNot | None:
    """Say which rule held it back, or the whole call."""
    for entry, facts in zip(seen.journal, seen.facts, strict=True):
        if facts.get("alert") == "destination refused" and wanted.is_it(facts.get("target", "")):
            is_hours = "outside the hours" in entry.text
            return WhyNot(
                target=wanted.name,
                decision=DecidedBy.FORBIDDEN,
                why=one_line(entry.text),
                change=(
                    "open the hours of [outside_calls] at that time"
                    if is_hours
                    else f"let a prefix of {wanted.words} stand in allowed_prefixes, and none in denied_prefixes"
                ),
                entry=entry,
            )
        if entry.kind is EntryKind.NOTICE and entry.text.startswith(f"leaves out {wanted.name}:"):
            change = f"name {wanted.words} alone, so that the call goes on with its scheme"
            return WhyNot(
                target=wanted.name,
                decision=DecidedBy.FORBIDDEN,
                why=one_line(entry.text),
                change=change,
                entry=entry,
            )
    if seen.call.outcome is Outcome.BLOCKED and not seen.steps:
        rule = "blocked_callers" if seen.call.caller else "block_withheld"
        why = f"the caller was turned away before any step: {seen.journal[-1].text}"
        return WhyNot(
            target=wanted.name,
            decision=DecidedBy.CALLER_BLOCKED,
            why=one_line(why),
            change=f"let {rule} not hold for this caller",
            entry=seen.journal[-1],
        )
    return None


def _of_callback(wanted: _Wanted, seen: _Seen) -> WhyNot | None:
    found = of_callback(seen.journal, wanted.is_it)
    if found is None:
        return None
    decision, why, entry = found
    change = _UNREACHED[AttemptEnd.UNREACHABLE].format(target=wanted.words)
    return WhyNot(
        target=wanted.name,
        decision=DecidedBy(decision),
        why=why,
        change=change if decision == DecidedBy.NOT_REACHED else "",
        entry=entry,
    )


def _of_being_unknown(wanted: _Wanted) -> WhyNot | None:
    if wanted.is_inside or written_number(wanted.name) or ":" in wanted.name:
        is_short = wanted.name.isdigit() and len(wanted.name) < 7
        if wanted.is_inside or not is_short:
            return None
    project = wanted.snapshot.project
    return WhyNot(
        target=wanted.name,
        decision=DecidedBy.UNKNOWN,
        why=f"version {project.version} of project {project.id}, which the call followed, has no account or"
        f" group {wanted.words}",
        change=f"add an account of the login {wanted.words}, and ring it in a step",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A step that rings the target, or leads to one that does."""

    scheme: int
    path: Path
    step: Step
    leads_to: str = ""
    """What is there for it, where the step does not ring itself."""


def _of_schemes(wanted: _Wanted, seen: _Seen) -> WhyNot:
    """Say where the call took another way than to the step that rings it; the way that came nearest counts."""
    if not seen.steps or seen.steps[0][1] == 0:
        return _of_dialling(wanted, seen)
    places = [place for scheme in seen.schemes for place in _places(wanted, scheme, seen)]
    if not places:
        return _of_no_step(wanted, seen)
    found = [_of_place(wanted, seen, place) for place in places]
    return max(found, key=lambda one: one[0])[1]


def _of_dialling(wanted: _Wanted, seen: _Seen) -> WhyNot:
    entry = seen.journal[0] if seen.journal else None
    if not seen.steps:
        why = "the call came to no step of a scheme"
        end = seen.journal[-1] if seen.journal else None
        if end is not None and end.text:
            why += f": {one_line(end.text)}"
        return WhyNot(target=wanted.name, decision=DecidedBy.EARLIER_STEP, why=why, entry=end)
    return WhyNot(
        target=wanted.name,
        decision=DecidedBy.DIALLED,
        why=f"the caller dialled {one_line(seen.call.callee)} directly, so that no scheme was executed",
        change=f"dial {wanted.words}, or a group or number whose scheme rings it",
        entry=entry,
    )


def _of_no_step(wanted: _Wanted, seen: _Seen) -> WhyNot:
    """Say what rang in its place, where no step names it: an answer's word, or the scheme's."""
    answered = seen.first(EntryKind.ANSWER, EntryKind.ASK_FAILED)
    if answered is not None:
        entry, facts = seen.journal[answered], seen.facts[answered]
        name = one_line(facts.get("webhook", ""))
        if entry.kind is EntryKind.ANSWER:
            why = (
                f"webhook {name} answered {one_line(entry.text)}, and no step names {wanted.words}"
            )
            change = f"let the endpoint of {name} answer {wanted.words}"
        else:
            why = (
                f"webhook {name} failed ({one_line(entry.text)}), and no step names {wanted.words}"
            )
            change = f"mend the endpoint of {name}, or ring {wanted.words} in a step behind it"
        scheme, path = _step_before(seen, answered)
        return WhyNot(
            target=wanted.name,
            decision=DecidedBy.ANSWER,
            why=why,
            change=change,
            scheme=scheme,
            step=_written(path),
            entry=entry,
        )
    index, scheme, path = _last_ringing(wanted, seen) or seen.steps[-1]
    schemes = " or ".join(map(str, seen.schemes))
    return WhyNot(
        target=wanted.name,
        decision=DecidedBy.NO_STEP,
        why=f"no step of scheme {schemes}, which the call came to, rings {wanted.words}",
        change=f"add {wanted.words} to `ring` of a step of scheme {scheme}, such as step {_written(path)}"
        if _is_ring(wanted, scheme, path)
        else f"add a step to scheme {scheme} that rings {wanted.words}",
        scheme=scheme,
        step=_written(path),
        entry=seen.journal[index],
    )


def _step_before(seen: _Seen, index: int) -> tuple[int, Path]:
    found = [(scheme, path) for at, scheme, path in seen.steps if at <= index]
    return found[-1] if found else (0, ())


def _last_ringing(wanted: _Wanted, seen: _Seen) -> tuple[int, int, Path] | None:
    ringing = [one for one in seen.steps if _is_ring(wanted, one[1], one[2])]
    return ringing[-1] if ringing else None


def _is_ring(wanted: _Wanted, scheme: int, path: Path) -> bool:
    known = wanted.snapshot.schemes.get(scheme)
    return known is not None and isinstance(known.step_at(path), RingStep)


def _places(wanted: _Wanted, scheme: int, seen: _Seen) -> Iterator[_Place]:
    """Yield the steps of a scheme that ring the target, or go to another scheme that does."""
    known = wanted.snapshot.schemes.get(scheme)
    if known is None:
        return
    for path, step in _all_steps(known.steps):
        if isinstance(step, RingStep) and any(map(wanted.rings_with, step.targets)):
            yield _Place(scheme=scheme, path=path, step=step)
        elif (
            isinstance(step, GoToStep)
            and step.scheme not in seen.schemes
            and _rings_somewhere(wanted, step.scheme, set())
        ):
            leads_to = f"goes to scheme {step.scheme}"
            yield _Place(scheme=scheme, path=path, step=step, leads_to=leads_to)


def _rings_somewhere(wanted: _Wanted, scheme: int, tried: set[int]) -> bool:
    known = wanted.snapshot.schemes.get(scheme)
    if known is None or scheme in tried:
        return False
    tried.add(scheme)
    return any(
        (isinstance(step, RingStep) and any(map(wanted.rings_with, step.targets)))
        or (isinstance(step, GoToStep) and _rings_somewhere(wanted, step.scheme, tried))
        for _, step in _all_steps(known.steps)
    )


def _all_steps(steps: tuple[Step, ...], before: Path = ()) -> Iterator[tuple[Path, Step]]:
    for place, step in enumerate(steps):
        yield (*before, place), step
        for name, inner in branches(step).items():
            yield from _all_steps(inner, (*before, place, name))


def _of_place(wanted: _Wanted, seen: _Seen, place: _Place) -> tuple[int, WhyNot]:
    """Say where the call left the way to a place, and at which line of the journal."""
    visited = {path: index for index, scheme, path in seen.steps if scheme == place.scheme}
    if place.path in visited:
        return _of_its_step(wanted, seen, place, visited[place.path])
    for length in range(len(place.path), 0, -2):
        opener = place.path[: length - 2]
        if length > 2 and opener in visited:
            at = visited[opener]
            return at, _of_branch(wanted, seen, place, opener, at) or _of_earlier(
                wanted, seen, place, at
            )
        siblings = [
            index
            for path, index in visited.items()
            if path[: length - 1] == place.path[: length - 1]
            and len(path) >= length
            and int(path[length - 1]) < int(place.path[length - 1])
        ]
        if siblings:
            at = max(siblings)
            return at, _of_earlier(wanted, seen, place, at)
    at = seen.steps[-1][0]
    return at, _of_earlier(wanted, seen, place, at)


def _of_its_step(wanted: _Wanted, seen: _Seen, place: _Place, index: int) -> tuple[int, WhyNot]:
    """Say why it did not ring in the step that names it."""
    entry, step = seen.journal[index], place.step
    at = f"step {_written(place.path)} of scheme {place.scheme}"
    common: dict[str, Any] = {
        "target": wanted.name,
        "scheme": place.scheme,
        "step": _written(place.path),
    }
    if wanted.name == seen.call.account:
        why = f"{wanted.words} made the call itself, and a group does not ring who calls it"
        return index, WhyNot(decision=DecidedBy.OWN_CALL, why=why, entry=entry, **common)
    if isinstance(step, RingStep) and step.order is RingOrder.ONE_AFTER_ANOTHER:
        taken = seen.first(EntryKind.ANSWERED, EntryKind.ENDED, after=index)
        end = None if taken is None else seen.journal[taken]
        what = _taken(seen, taken)
        return index, WhyNot(
            decision=DecidedBy.TURN,
            why=f"{at} rings one after another, and {what} before the turn of {wanted.words}",
            change=f'ring them at once there (order = "{RingOrder.ALL_AT_ONCE}"), or {wanted.words} first',
            entry=end or entry,
            **common,
        )
    notice = seen.before_next_step(index, EntryKind.NOTICE, EntryKind.ENDED)
    shown = entry if notice is None else seen.journal[notice]
    why = f"{at} did not ring it: {one_line(shown.text) or 'the call ended first'}"
    return index, WhyNot(decision=DecidedBy.FORBIDDEN, why=why, entry=shown, **common)


def _of_branch(
    wanted: _Wanted, seen: _Seen, place: _Place, opener: Path, index: int
) -> WhyNot | None:
    """Say why a step opened another branch than the one that leads to it; None where it opened none."""
    scheme = wanted.snapshot.schemes[place.scheme]
    step, branch = scheme.step_at(opener), str(place.path[len(opener)])
    rings = f"{place.leads_to or f'{wanted.words} rings'} in branch {branch}"
    if place.leads_to:
        rings = f"branch {branch} {place.leads_to}, which rings {wanted.words}"
    common: dict[str, Any] = {
        "target": wanted.name,
        "scheme": place.scheme,
        "step": _written(opener),
    }
    match step:
        case HoursStep(hours=hours):
            found = seen.before_next_step(index, EntryKind.BRANCH)
            if found is None:
                return None
            taken = seen.facts[found].get("branch", CLOSED if branch == OPEN else OPEN)
            moment = datetime.fromtimestamp(
                seen.journal[found].at, ZoneInfo(wanted.snapshot.project.time_zone)
            )
            when = f"{DAYS[moment.weekday()].title()} {moment:%Y-%m-%d %H:%M}"
            state = "open" if taken == OPEN else "closed"
            change = "close" if taken == OPEN else "open"
            return WhyNot(
                decision=DecidedBy.HOURS,
                why=f"the working hours {one_line(hours)} were {state} on {when}, and {rings}",
                change=f"{change} the hours {one_line(hours)} on {DAYS[moment.weekday()].title()} at"
                f" {moment:%H:%M}, or ring {wanted.words} in branch {taken}, too",
                entry=seen.journal[found],
                **common,
            )
        case MenuStep():
            found = seen.before_next_step(index, EntryKind.KEYED)
            if found is None:
                return None
            pressed = seen.facts[found].get("digit", "")
            did = f"pressed {pressed}" if pressed else "pressed no key in time"
            return WhyNot(
                decision=DecidedBy.KEY,
                why=f"the caller {did}, and {rings}",
                change=f"ring {wanted.words} in the branch of "
                + (f"key {pressed}, too" if pressed else "timeout, too"),
                entry=seen.journal[found],
                **common,
            )
        case AskDialPlanStep(webhook=webhook):
            found = seen.before_next_step(
                index, EntryKind.ANSWER, EntryKind.ASK_FAILED, EntryKind.KEYED
            )
            if found is None:
                return None
            entry = seen.journal[found]
            failed = entry.kind is EntryKind.ASK_FAILED
            did = (
                "failed"
                if failed
                else "was not asked"
                if entry.kind is EntryKind.KEYED
                else "answered"
            )
            taken = FAILED if branch != FAILED else "success"
            return WhyNot(
                decision=DecidedBy.ANSWER,
                why=f"dial-plan webhook {one_line(webhook)} {did}: {one_line(entry.text)}; {rings}",
                change=f"let the endpoint of {one_line(webhook)} answer for branch {branch}, or ring"
                f" {wanted.words} in branch {taken}, too",
                entry=entry,
                **common,
            )
        case _:
            return None


def _of_earlier(wanted: _Wanted, seen: _Seen, place: _Place, index: int) -> WhyNot:
    """Say what took the call before the step that rings the target."""
    _, scheme, path = next(one for one in seen.steps if one[0] == index)
    known = wanted.snapshot.schemes.get(scheme)
    step = None if known is None else known.step_at(path)
    taken = seen.first(EntryKind.ANSWERED, EntryKind.JUMPED, EntryKind.ENDED, after=index)
    its = f"step {_written(place.path)} of scheme {place.scheme}"
    what = (
        f"{its} {place.leads_to}, which rings {wanted.words}"
        if place.leads_to
        else (f"{wanted.words} rings in {its}")
    )
    answered = seen.before_next_step(index, EntryKind.ANSWER)
    if isinstance(step, AskStep) and answered is not None:
        name = one_line(step.webhook)
        why = f"webhook {name} answered {one_line(seen.journal[answered].text)}, {_taken(seen, taken)}, and {what}"
        decision, shown = DecidedBy.ANSWER, seen.journal[answered]
        change = f"let the endpoint of {name} answer {wanted.words}, too"
    else:
        why = f"{_taken(seen, taken)} in step {_written(path)} of scheme {scheme}, and {what}, behind it"
        decision = DecidedBy.EARLIER_STEP
        shown = seen.journal[index if taken is None else taken]
        change = (
            f"ring {wanted.words} in step {_written(path)} of scheme {scheme}, too"
            if isinstance(step, RingStep)
            else f"put a step that rings {wanted.words} before step {_written(path)} of scheme {scheme}"
        )
    return WhyNot(
        target=wanted.name,
        decision=decision,
        why=why,
        change=change,
        scheme=scheme,
        step=_written(path),
        entry=shown,
    )


def _taken(seen: _Seen, index: int | None) -> str:
    """Say what an entry did to the call, as a clause."""
    if index is None:
        return "the call is there still"
    entry, facts = seen.journal[index], seen.facts[index]
    match entry.kind:
        case EntryKind.ANSWERED:
            return f"{one_line(facts.get('target', ''))} answered"
        case EntryKind.JUMPED:
            return f"the call went on with scheme {facts.get('scheme', '')}"
        case _ if facts.get("ended_by") == "caller":
            return "the caller hung up"
        case _ if facts.get("outcome") == Outcome.VOICEMAIL:
            return "the caller left a message"
        case _:
            return f"the call ended ({one_line(entry.text) or facts.get('outcome', '')})"


def _path(written: str) -> Path:
    """Read a place as the journal has it: steps from 0, and branches' names between them."""
    words = written.split()
    return tuple(int(word) if n % 2 == 0 else word for n, word in enumerate(words))


def _written(path: Path) -> str:
    """Write a place for people, who count from 1."""
    return " ".join(str(int(word) + 1) if n % 2 == 0 else str(word) for n, word in enumerate(path))
