"""The rules of schemes: every step can be reached, and no call loops in silence.

As in `rules/project.py`, tables are looked at as they were written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.domain.scheme import (
    AskDialPlanStep,
    BackgroundStep,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuStep,
    RateStep,
    RecordStep,
)
from switchhook.projectfile.rules.project import tables_in
from switchhook.projectfile.toml.mistakes import Finding, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.domain.hours import WorkingHours
    from switchhook.projectfile.toml.lines import KeyPath
    from switchhook.projectfile.toml.value_types import Location

    Raw = Mapping[str, Any]
    Branch = tuple[KeyPath, list[tuple[int, Raw]]]
    Jump = tuple[int, KeyPath]

BRANCHES = {
    AskDialPlanStep.key: ("success", "failed"),
    HoursStep.key: ("open", "closed"),
    MenuStep.key: ("on_timeout", "on_invalid"),
}
"""The branches of each step that has some, by the key that names the step; a menu's keys aside."""
SILENT = (
    BackgroundStep.key,
    RateStep.key,
    RecordStep.key,
    HoursStep.key,
    GoToStep.key,
)
"""Steps that are silent and do not wait."""
FINAL = {
    (HangUpStep.key,): "hangs up",
    (HangUpStep.key, GoToStep.key): "goes to another scheme, which does not come back",
}
"""The steps that hand no call on, and what they do with it instead."""
MAX_SHOWN_CIRCLE = 10
"""Schemes of a circle that a message names."""
MAX_DEPTH = 50
"""Branches in branches that are looked at; fewer can be read."""


def check_scheme(scheme: Raw, at: Location) -> None:
    """Note steps that are never reached, and what only a webhook's branches know (S-33, T-24)."""
    _check_steps(list(tables_in(scheme, "steps")), (*at.path, "steps"), at, in_webhook=False)


def _check_steps(
    steps: list[tuple[int, Raw]], path: KeyPath, at: Location, *, in_webhook: bool, depth: int = 0
) -> None:
    why = ""
    for index, step in steps if depth < MAX_DEPTH else ():
        here = (*path, index)
        if why:
            at.notes.add(here, "this step is never reached", f"the step above it {why}")
        if not in_webhook:
            _check_outside(step, here, at)
        inside = in_webhook or "ask_dial_plan" in step
        for branch, inner in _branches(step, here):
            _check_steps(inner, branch, at, in_webhook=inside, depth=depth + 1)
        why = next((why for words, why in FINAL.items() if _is_final(step, words)), "")


def _check_outside(step: Raw, here: KeyPath, at: Location) -> None:
    """Outside a dial-plan webhook's branches nothing was returned (R5-32, R5-33)."""
    advice = "move the step into success or failed of an ask_dial_plan step"
    if step.get("caller_name") == "webhook":
        problem = "no webhook returned a name here"
        at.notes.add((*here, "caller_name"), problem, f"use prepend or replace, or {advice}")
    if "ring_destination" in step:
        problem = "no webhook returned a destination here"
        at.notes.add((*here, "ring_destination"), problem, advice)


def _branches(step: Raw, here: KeyPath) -> Iterator[Branch]:
    """Yield every branch of a step with its place, the empty ones too."""
    for word, names in BRANCHES.items():
        if word in step:
            for name in names:
                yield (*here, name), list(tables_in(step, name))
    press = step.get("press")
    if "menu" in step and isinstance(press, dict):
        for key in press:
            yield (*here, "press", key), list(tables_in(press, key))


def _is_final(step: Raw, words: tuple[str, ...], depth: int = 0) -> bool:
    """Say whether no call gets past this step: it is one of these, or all its branches hold one."""
    if any(word in step for word in words):
        return True
    branches = [steps for _, steps in _branches(step, ())] if depth < MAX_DEPTH else []
    return bool(branches) and all(
        any(_is_final(inner, words, depth + 1) for _, inner in steps) for steps in branches
    )


def check_circles(document: Raw, at: Location) -> None:
    """Schemes must not send calls round in a circle in which the caller hears nothing [A-57].

    A circle with a step that asks, plays or rings is allowed: it ends with the caller's patience, or
    after ten jumps.
    """
    jumps = {
        scheme["id"]: list(_jumps(scheme, ("schemes", index)))
        for index, scheme in tables_in(document, "schemes")
        if type(scheme.get("id")) is int
    }
    done: set[int] = set()
    for scheme in jumps:
        _follow(scheme, jumps, done, at)


def _follow(first: int, jumps: dict[int, list[Jump]], done: set[int], at: Location) -> None:
    """Go every way from a scheme, and note those that come back to where they were."""
    trail = {first: iter(jumps[first])} if first not in done else {}
    while trail:
        here = next(reversed(trail))
        jump = next(trail[here], None)
        if jump is None:
            del trail[here]
            done.add(here)
            continue
        target, path = jump
        if target in trail:
            visited = list(trail)
            problem = f"calls go round without ringing a target: {_circle(visited, target)}"
            at.notes.add(path, problem, "let one of these schemes ring")
        elif target not in done and target in jumps:
            trail[target] = iter(jumps[target])


def _circle(visited: list[int], target: int) -> str:
    round_ = [*map(str, visited[visited.index(target) :]), str(target)]
    if len(round_) > MAX_SHOWN_CIRCLE:
        round_ = [*round_[: MAX_SHOWN_CIRCLE - 2], "…", *round_[-2:]]
    return " → ".join(round_)


def _jumps(table: Raw, path: KeyPath) -> Iterator[Jump]:
    """Yield the schemes that a call can come to before it waits, with the places that send it there."""
    found: list[Jump] = []
    _gather(list(tables_in(table, "steps")), (*path, "steps"), found)
    yield from found


def _gather(steps: list[tuple[int, Raw]], path: KeyPath, found: list[Jump], depth: int = 0) -> bool:
    """Collect jumps; return whether a call can get past all these steps in silence."""
    for index, step in steps if depth < MAX_DEPTH else ():
        if not any(word in step for word in SILENT):
            return False
        if "go_to" in step:
            if type(step["go_to"]) is int:
                found.append((step["go_to"], (*path, index, "go_to")))
            return False
        branches = list(_branches(step, (*path, index)))
        passes = [_gather(inner, branch, found, depth + 1) for branch, inner in branches]
        if branches and not any(passes):
            return False
    return True


def check_hours(hours: WorkingHours) -> Iterator[Finding]:
    """Of two special days that are the same day, only one could have its say."""
    seen: set[tuple[int, int, int]] = set()
    for index, day in enumerate(hours.special_days):
        date = (day.year, day.month, day.day)
        if date in seen:
            problem = f"{shown(str(day))} is a day that stands already"
            advice = "write all its hours behind one day: 12-24 09:00-12:00, 14:00-16:00"
            yield Finding(("special_days", index), problem, advice)
        seen.add(date)
