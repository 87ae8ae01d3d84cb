"""Operations on templates: add one to a project file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switchhook.files import read_bounded
from switchhook.projectfile.file import read_project
from switchhook.projectfile.templates.catalogue import (
    TemplateError,
    fill_gaps,
    find_template,
    gaps_in,
    gaps_on_line,
    rename_events,
    stand_in,
)
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.projectfile.templates.catalogue import ReceiverTemplate
    from switchhook.projectfile.toml.mistakes import Mistake

_IN_ONE_LIST = re.compile(r"^[ \t]*events[ \t]*=", re.MULTILINE)
"""TOML allows no header for an item of such a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedTemplate:
    """What was written to a project file."""

    adds: tuple[str, ...]
    """The names of events, or the header of a table, for people."""
    left: Mapping[str, str]
    """The explanation of each gap that is not filled in."""


def add_template(
    file: Path, name: str, values: Mapping[str, str], *, event_name: str = ""
) -> AddedTemplate | Mistakes:
    """Append a template's events to a project file; return the mistakes where the file has any.

    The bytes of the file stay as they are. `event_name` replaces the template's name in the names of
    its events. Raises TemplateError, also for values that make a mistake, and OSError for a file that
    cannot be read or written.
    """
    template = find_template(name)
    if not template.adds:
        raise TemplateError(
            f"{name} is no part of a project file; `switchhook template show {name}` explains its use"
        )
    added = fill_gaps(template, values)
    if event_name:
        added = rename_events(added, template, event_name)
    with file.open("rb") as opened:
        before = read_bounded(opened)
    text = decode(before)
    if isinstance(text, Mistakes):
        return text
    if _IN_ONE_LIST.search(text):
        raise TemplateError(
            f"{file} has events = […] in one list; write each event below a line [[events]]"
        )
    project = read_project(stand_in(text))  # gaps of another template may be left to fill in
    if isinstance(project, Mistakes):
        return project
    block = _as_in(text, added)
    after = read_project(stand_in(text + block.replace("\r\n", "\n")))
    if isinstance(after, Mistakes):
        above = (text + block).count("\n") - added.count("\n")
        wrong = (_as_given(template, values, one, above) for one in after.mistakes)
        raise TemplateError("\n".join((*dict.fromkeys(wrong), f"{name} was not added to {file}")))
    _append(file, block.encode(), size=len(before))
    given = replace(template, text=added)
    return AddedTemplate(adds=given.adds, left={gap: template.gaps[gap] for gap in gaps_in(added)})


def _append(file: Path, block: bytes, *, size: int) -> None:
    """Write all of the block behind the `size` bytes of a file, or nothing. Raises OSError, TemplateError."""
    try:
        with file.open("ab") as end:
            if end.tell() != size:
                raise TemplateError(f"{file} was changed meanwhile; nothing was added, try again")
            end.write(block)
    except OSError:
        with suppress(OSError):
            os.truncate(file, size)
        raise


def _as_in(text: str, added: str) -> str:
    """Return the added text with the line ends of the file, below a blank line."""
    between = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    block = between + added
    return block.replace("\n", "\r\n") if "\r\n" in text else block


def _as_given(
    template: ReceiverTemplate, values: Mapping[str, str], mistake: Mistake, above: int
) -> str:
    """Say a mistake of the added text, which stands below `above` lines, by the option that brought it."""
    gaps = gaps_on_line(template, values, mistake.line - above) if mistake.line > above else []
    options = [f"--set {gap}" for gap in gaps]
    if mistake.path[2:] == ("name",):
        options = ["--name"]
    if not options:
        return str(replace(mistake, line=0))
    return f"{' or '.join(options)}: {replace(mistake, line=0, path=())}"
