"""A call-tracking scenario by itself: a draft as text, and changes to one, as a program sends them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchhook.domain.tracking.call_tracking import TrackingScenario
from switchhook.projectfile.file import call_tracking_lines
from switchhook.projectfile.schema.call_tracking import CALL_TRACKING_TABLE
from switchhook.projectfile.schema.credentials import CREDENTIAL_KEYS
from switchhook.projectfile.toml.document import read_document
from switchhook.projectfile.toml.mistakes import Mistakes, Notes, TooManyMistakesError
from switchhook.projectfile.toml.tables import Table, TableKey
from switchhook.projectfile.toml.value_types import Location, NotedError, WrongError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioDraft:
    """A scenario that is not active yet, and the one that was when it was begun."""

    scenario: TrackingScenario
    base: TrackingScenario


_DRAFT = Table(
    make=lambda call_tracking, base: ScenarioDraft(scenario=call_tracking, base=base),
    keys=(
        TableKey("call_tracking", CALL_TRACKING_TABLE, ""),
        TableKey("base", CALL_TRACKING_TABLE, ""),
    ),
)
HIDDEN = frozenset({"headers", *(key.name for key in CREDENTIAL_KEYS)})
"""Keys that may hold secrets in each of their values, and are shown to nobody."""


def write_scenario(scenario: TrackingScenario) -> str:
    """Write a scenario as the table of a project file."""
    return "\n".join((*call_tracking_lines(scenario), ""))


def write_draft(draft: ScenarioDraft) -> str:
    """Write a draft with its base, for the store."""
    _, *base = call_tracking_lines(draft.base)
    return "\n".join((*call_tracking_lines(draft.scenario), "", "[base]", *base, ""))


def read_draft(text: str) -> ScenarioDraft | Mistakes:
    """Read a stored draft. It was judged when it was set."""
    draft: ScenarioDraft | Mistakes = read_document(text, _DRAFT, judge=False)
    return draft


def keys_of(scenario: TrackingScenario) -> dict[str, Any]:
    """Return the keys of a scenario's table with their values as TOML has them, defaults left out."""
    table: dict[str, Any] = tomllib.loads(write_scenario(scenario))["call_tracking"]
    return table


def shown_keys(scenario: TrackingScenario) -> dict[str, Any]:
    """Return them for people: both addresses always, and no header and no credentials."""
    addresses = {"moment_url": scenario.moment_url, "after_url": scenario.after_url}
    return addresses | {key: v for key, v in keys_of(scenario).items() if key not in HIDDEN}


def changed(scenario: TrackingScenario, changes: Mapping[str, Any]) -> TrackingScenario | Mistakes:
    """Return a scenario with other values of some keys; None stands for a key's default.

    Every mistake is named by its key, as in a project file.
    """
    table = {**keys_of(scenario), **changes}
    notes = Notes()
    at = Location(path=(), notes=notes, names={})
    made = scenario
    try:
        made = CALL_TRACKING_TABLE.read({k: v for k, v in table.items() if v is not None}, at)
    except WrongError as wrong:
        notes.add((), wrong.problem, wrong.advice)
    except (NotedError, TooManyMistakesError):
        pass
    return notes.all() or made
