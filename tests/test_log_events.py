"""Log events are short lower-case texts with fields, and those that admins search for are the documented ones."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import switchhook

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(switchhook.__file__).parent
PAGE = SOURCE.parent.parent / "docs/log-events.md"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
LONGEST = 40
SEARCHED: Final = (
    "address blocked",
    "api key rejected",
    "ask failed",
    "call ended",
    "call rejected",
    "call started",
    "circuit breaker closed",
    "circuit breaker opened",
    "delivery attempt failed",
    "delivery failed",
    "registration added",
    "registration removed",
    "sip authentication failed",
    "sip trunk reachable",
    "sip trunk unreachable",
)


def trees() -> Iterator[ast.Module]:
    for file in sorted(SOURCE.rglob("*.py")):
        yield ast.parse(file.read_text(encoding="utf-8"))


def logged(tree: ast.Module) -> Iterator[str]:
    """Yield the texts that are written out at a call of `log`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log"), attr=level),
                args=[ast.Constant(value=str(text))],
            ) if level in LEVELS:
                yield text


def documented() -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_events_are_short_and_lower_case_and_what_varies_is_a_field() -> None:
    texts = [text for tree in trees() for text in logged(tree)]

    assert len(texts) > 50
    assert [text for text in texts if not re.fullmatch(r"[a-z0-9]+(?:[ -][a-z0-9]+)*", text)] == []
    assert [text for text in texts if len(text) > LONGEST] == []


def test_every_documented_event_is_logged() -> None:
    texts = {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert documented() != []
    assert [event for event in documented() if event not in texts] == []


@pytest.mark.parametrize("event", SEARCHED)
def test_what_admins_search_for_is_documented(event: str) -> None:
    assert event in documented()
