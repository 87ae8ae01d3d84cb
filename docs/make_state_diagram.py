#!/usr/bin/env python3
"""Draw docs/call-states.md anew from the transition table: `python docs/make_state_diagram.py`."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from switchhook.domain.call import CallState  # noqa: E402 (the path comes first)
from switchhook.routing.transitions import TRANSITIONS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "call-states.md"
BEGIN = "<!-- made by make_state_diagram.py: do not edit below -->"
END = "<!-- do not edit above -->"


def diagram() -> Iterator[str]:
    """Yield the lines of a Mermaid diagram, one arrow for each pair of states."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {CallState.ARRIVED}"
    for state in CallState:
        arrows: dict[CallState, list[str]] = defaultdict(list)
        for event, transition in TRANSITIONS[state].items():
            for to in transition.to:
                arrows[to].append(event.__name__)
        for to in CallState:
            if to in arrows:
                yield f"    {state} --> {to}: {'<br>'.join(arrows[to])}"
    yield f"    {CallState.ENDED} --> [*]"
    yield "```"


def table() -> Iterator[str]:
    """Yield the rows of the transition table, each with what is done."""
    yield "| in | on | may lead to | what is done |"
    yield "|---|---|---|---|"
    for state in CallState:
        for event, transition in TRANSITIONS[state].items():
            to = " ".join(other for other in CallState if other in transition.to)
            done = (inspect.getdoc(transition.do) or "").partition("\n")[0]
            yield f"| {state} | `{event.__name__}` | {to} | {done} |"


def drawn(page: str) -> str:
    """Return the page with everything between the two marks made anew."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE} has lost its marks: {BEGIN} and {END}")
    made = "\n".join((*diagram(), "", *table()))
    return f"{head}{BEGIN}\n\n{made}\n\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
