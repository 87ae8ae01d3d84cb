"""The catalogue of templates: reads them, and fills in their gaps.

A template is a piece of a project file. The comments at its top name its receiver and explain each gap. A gap
is written `<name>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from typing import TYPE_CHECKING

from switchhook.domain.event import RawFormat
from switchhook.domain.webhook import TextValue
from switchhook.errors import ExpectedError
from switchhook.projectfile.toml.mistakes import did_you_mean
from switchhook.webhooks.payload_template import leaves
from switchhook.webhooks.text_template import is_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.domain.event import EventWebhook
    from switchhook.domain.webhook import Field

GAP = re.compile(r"<([a-z]+)>")
_TITLE = re.compile(r"# (?P<receiver>.+?): (?P<gets>.+)\n")
_HELP = re.compile(r"^# <(?P<gap>[a-z]+)>: (?P<help>.+)\n", re.MULTILINE)
_TABLE = re.compile(r"^\[[a-z_]+\]$", re.MULTILINE)
"""The header of a table that a file has once."""
_NAME = re.compile(r'^name = "(?P<name>[^"]+)"$', re.MULTILINE)
_UNFIT = re.compile(r"""["'\\<>{}\x00-\x20\x7f]""")
"""Characters that end a string of TOML or JSON, or have a meaning in it."""
_CHECKED_URL = "https://receiver.example/"


class TemplateError(ExpectedError):
    """No such template, or a value that does not fit its gap. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverTemplate:
    """The events for one kind of receiver."""

    name: str
    text: str
    """The file as it is, with its gaps."""

    @property
    def receiver(self) -> str:
        """Return the name of the receiver."""
        return self._title["receiver"]

    @property
    def gets(self) -> str:
        """Return what the receiver gets, without a full stop."""
        return self._title["gets"].removesuffix(".")

    @property
    def gaps(self) -> dict[str, str]:
        """Return the explanation of each gap, in the order of the file."""
        return {found["gap"]: found["help"] for found in _HELP.finditer(self.text)}

    @property
    def events(self) -> tuple[str, ...]:
        """Return the names of the events; empty if the receiver subscribes over the HTTP API."""
        return tuple(found["name"] for found in _NAME.finditer(self.text))

    @property
    def adds(self) -> tuple[str, ...]:
        """Return what it adds to a project file, for people: the names of events, or the header of a table."""
        tables = tuple(found[0] for found in _TABLE.finditer(self.text))
        return (*map(repr, self.events), *tables)

    @property
    def _title(self) -> re.Match[str]:
        found = _TITLE.match(self.text)
        if found is None:
            raise ValueError(f"the first line of the template {self.name} names no receiver")
        return found


@cache
def list_templates() -> tuple[ReceiverTemplate, ...]:
    """Return every template, sorted by name."""
    found = (file for file in files(__package__).iterdir() if file.name.endswith(".toml"))
    return tuple(
        ReceiverTemplate(
            name=file.name.removesuffix(".toml"), text=file.read_text(encoding="utf-8")
        )
        for file in sorted(found, key=lambda file: file.name)
    )


def find_template(name: str) -> ReceiverTemplate:
    """Return one template. Raises TemplateError."""
    known = {template.name: template for template in list_templates()}
    if name not in known:
        advice = did_you_mean(name, known)
        raise TemplateError(f"there is no template {name!r}; {advice}")
    return known[name]


def fill_gaps(template: ReceiverTemplate, values: Mapping[str, str]) -> str:
    """Return the text with these values in its gaps, and without their explanations.

    Raises TemplateError for an unknown gap, and for a value with a character that ends a string.
    """
    for gap, value in values.items():
        if gap not in template.gaps:
            has = _listed(template.gaps) or "nothing"
            raise TemplateError(f"{template.name} has no gap <{gap}>; it has {has}")
        if not value or _UNFIT.search(value):
            raise TemplateError(
                f"the value for <{gap}> is empty, or holds a blank, a quote, a brace or a backslash"
            )
    text = _without_help(template, values)
    return GAP.sub(lambda found: values.get(found[1], found[0]), text)


def gaps_on_line(template: ReceiverTemplate, values: Mapping[str, str], line: int) -> list[str]:
    """Return the gaps that `fill_gaps` filled in on one line of its text, counted from 1."""
    lines = _without_help(template, values).split("\n")
    return [gap for gap in GAP.findall(lines[line - 1]) if gap in values]


def _without_help(template: ReceiverTemplate, values: Mapping[str, str]) -> str:
    return _HELP.sub(lambda found: "" if found["gap"] in values else found[0], template.text)


def rename_events(text: str, template: ReceiverTemplate, name: str) -> str:
    """Return the text with `name` in place of the template's name in the names of its events.

    Raises TemplateError for a name with a character that ends a string.
    """
    if _UNFIT.search(name.replace(" ", "")):
        raise TemplateError(f"{name!r} is no name: it holds a quote, a brace or a backslash")
    start = f'name = "{template.name}'
    return re.sub(f"^{re.escape(start)}", lambda _: f'name = "{name}', text, flags=re.MULTILINE)


def gaps_in(text: str) -> tuple[str, ...]:
    """Return the gaps of a text that are not filled in, in its order."""
    return tuple(found["gap"] for found in _HELP.finditer(text))


def gaps_left(webhook: EventWebhook) -> tuple[str, ...]:
    """Return the gaps that an event webhook would send, in its URL, headers, parameters and JSON body.

    Other bodies are left out: XML may have an element `<date>`.
    """
    body = webhook.format.body if isinstance(webhook.format, RawFormat) else ""
    texts = (
        webhook.url,
        *(value for _, value in webhook.headers),
        *(text for leaf in leaves(webhook.format.fields) for text in _texts(leaf)),
        *((body,) if is_json(body) else ()),
    )
    return tuple(dict.fromkeys(gap for text in texts for gap in gaps_of_any(text)))


def _texts(leaf: Field | TextValue) -> tuple[str, str]:
    """Return the texts of a value that a template may have a gap in."""
    return leaf.name, leaf.text if isinstance(leaf, TextValue) else leaf.argument


def gaps_of_any(text: str) -> tuple[str, ...]:
    """Return what stands in a text as a gap of any template, in its order."""
    known = {gap for template in list_templates() for gap in template.gaps}
    return tuple(gap for gap in GAP.findall(text) if gap in known)


def stand_in(text: str) -> str:
    """Return the text with a stand-in for each gap, so that the rest can be checked."""
    numbers = (str(number) for number in count(1))
    fillings = {
        gap: _CHECKED_URL if gap == "url" else number
        for gap, number in zip(gaps_in(text), numbers, strict=False)
    }
    return GAP.sub(lambda found: fillings.get(found[1], found[0]), text)


def _listed(gaps: Iterable[str]) -> str:
    return ", ".join(f"<{gap}>" for gap in gaps)
