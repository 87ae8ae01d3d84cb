"""Draws the lines of a call in a terminal; the demo does while the call runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from switchhook.views.path import path_of
from switchhook.views.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.journal import JournalEntry
    from switchhook.views.timeline import Line

BELOW = " " * 16
"""Stands before what else is known, so that it begins where the text above it does."""


def draw(line: Line, *, began: float) -> Text:
    """Draw a line with its seconds since the call began."""
    text = Text(f"  {line.at - began:8.3f} s  ", style="dim")
    text.append(f"{line.sign} {line.text}", style=line.style)
    return text


def draw_whole(line: Line, *, began: float) -> Text:
    """Draw a line, and below it what else is known."""
    text = draw(line, began=began)
    for more in line.below:
        text.append(f"\n{BELOW}{more}", style="dim")
    return text


def draw_path(entries: Iterable[JournalEntry]) -> Text:
    """Draw where the call went in one line."""
    return Text(f"  path: {one_line(path_of(entries)) or 'nowhere'}")
