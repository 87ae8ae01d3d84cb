"""What a person may do with templates: add one to a project file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switchhook.projectfile.file import read_project
from switchhook.projectfile.templates.catalogue import (
    TemplateError,
    fill_gaps,
    find_template,
    gaps_in,
    rename_webhooks,
    stand_in,
)
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes

if TYPE_CHECKING:
    from pathlib import Path

_IN_ONE_LIST = re.compile(r"^[ \t]*event_webhooks[ \t]*=", re.MULTILINE)
"""A list that TOML lets nobody add to with a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedTemplate:
    """What was written to a project file."""

    webhooks: tuple[str, ...]
    """The names of the event webhooks that it has now."""
    left: Mapping[str, str]
    """What belongs into each gap that is left."""


def add_template(
    file: Path, name: str, values: Mapping[str, str], *, webhook_name: str = ""
) -> AddedTemplate | Mistakes:
    """Write a template's event webhooks at the end of a project file, unless something is wrong with it then.

    What stands in the file stays as it is, to the byte. `webhook_name` stands in place of the template's
    name in those of its webhooks. Raises TemplateError, and OSError where the file cannot be read or
    written.
    """
    template = find_template(name)
    if not template.webhooks:
        raise TemplateError(
            f"{name} has nothing for a project file; `switchhook template show {name}` says how it is used"
        )
    added = fill_gaps(template, values)
    if webhook_name:
        added = rename_webhooks(added, template, webhook_name)
    text = decode(file.read_bytes())
    if isinstance(text, Mistakes):
        return text
    if _IN_ONE_LIST.search(text):
        raise TemplateError(
            f"{file} has its event webhooks in one list; write each below a line [[event_webhooks]]"
        )
    block = _as_in(text, added)
    wrong = _mistakes_of(text, block)
    if wrong is not None:
        return wrong
    with file.open("a", encoding="utf-8", newline="") as end:
        end.write(block)
    given = replace(template, text=added)
    return AddedTemplate(
        webhooks=given.webhooks, left={gap: template.gaps[gap] for gap in gaps_in(added)}
    )


def _as_in(text: str, added: str) -> str:
    """Return what is added as it has to stand behind the text: with its line ends, below a blank line."""
    between = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    block = between + added
    return block.replace("\n", "\r\n") if "\r\n" in text else block


def _mistakes_of(text: str, block: str) -> Mistakes | None:
    """Return what is wrong with the file before, or else with what is added: without lines, for they are not there."""
    before = read_project(text)
    if isinstance(before, Mistakes):
        return before
    after = read_project(text + stand_in(block.replace("\r\n", "\n")))
    if isinstance(after, Mistakes):
        return Mistakes(tuple(replace(mistake, line=0) for mistake in after.mistakes))
    return None
