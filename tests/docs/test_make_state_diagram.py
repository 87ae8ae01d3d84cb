"""The page about a call's states is drawn from the table that the engine obeys, and is up to date."""

from __future__ import annotations

import re
from pathlib import Path
from runpy import run_path

import pytest

from switchhook.domain.call import CallState
from switchhook.routing.ending import REFUSALS
from switchhook.routing.transitions import TRANSITIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "call-states.md").read_text("utf-8")
SCRIPT = run_path(str(DOCS / "make_state_diagram.py"))


def test_the_page_is_up_to_date() -> None:
    assert SCRIPT["drawn"](PAGE) == PAGE, "run python docs/make_state_diagram.py"


def test_every_transition_is_drawn() -> None:
    for state, row in TRANSITIONS.items():
        for event, transition in row.items():
            for to in transition.to:
                (arrow,) = (li for li in PAGE.splitlines() if f" {state} --> {to}:" in li)
                assert event.__name__ in arrow


def test_every_state_is_explained() -> None:
    for state in CallState:
        assert f"\n| {state} | " in PAGE


def test_what_the_caller_gets_is_as_the_page_says() -> None:
    for outcome, cause in REFUSALS.items():
        assert re.search(rf"\| {outcome} \| {cause.sip}\b", PAGE)


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(SystemExit, match="has lost its marks"):
        SCRIPT["drawn"]("# A page")
