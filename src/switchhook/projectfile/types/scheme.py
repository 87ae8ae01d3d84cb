"""The kinds of values that only schemes have: hours, special days, caller names, keys of a menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.hours import SpecialDay, parse_spans, spans_text
from switchhook.domain.scheme import DTMF_KEYS, CallerName, MenuChoice, NameChoice
from switchhook.projectfile.toml.mistakes import shown
from switchhook.projectfile.toml.tables import Tables
from switchhook.projectfile.toml.value_types import (
    Location,
    NotedError,
    Text,
    ValueType,
    WrongError,
    described,
    quote,
    text_of,
)

if TYPE_CHECKING:
    from switchhook.domain.hours import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """The hours of one day."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "hours like 09:00-13:00, 14:00-18:00"

    def read(self, value: object, at: Location) -> tuple[Span, ...]:
        """Take spans; the empty text is none."""
        del at
        try:
            return parse_spans(text_of(value))
        except ValueError as error:
            raise WrongError(str(error), f"write {self.allowed}") from None

    def write(self, value: tuple[Span, ...]) -> str:
        """Write them behind each other."""
        return quote(spans_text(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A special day, perhaps with hours."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "a day like 12-25 or 2026-04-06, perhaps with hours: 12-24 09:00-12:00"

    def read(self, value: object, at: Location) -> SpecialDay:
        """Take a day that the calendar has."""
        del at
        text = text_of(value)
        try:
            return SpecialDay.parse(text)
        except ValueError:
            raise WrongError(f"{shown(text)} is no special day", f"write {self.allowed}") from None

    def write(self, value: SpecialDay) -> str:
        """Write as it is read."""
        return quote(str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Which name a routing step shows (R5-29…31)."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return '"webhook", { prepend = "…" } or { replace = "…" }'

    def read(self, value: object, at: Location) -> CallerName:
        """Parse one choice, with its text if it has one."""
        if value == NameChoice.WEBHOOK.value:
            return CallerName(choice=NameChoice.WEBHOOK)
        if isinstance(value, dict) and len(value) == 1:
            ((word, text),) = value.items()
            if word in {NameChoice.PREPEND.value, NameChoice.REPLACE.value}:
                read = Text(what="a text", least=1, most=80).read(text, at.at(word))
                return CallerName(choice=NameChoice(word), text=read)
        raise WrongError("this names no way to show the caller", f"write {self.allowed}")

    def write(self, value: CallerName) -> str:
        """Write the choice."""
        if value.choice is NameChoice.WEBHOOK:
            return quote(value.choice.value)
        return f"{{ {value.choice.value} = {quote(value.text)} }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presses:
    """The steps of each key of a menu: a table of lists."""

    step: ValueType

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "`[[schemes.steps.press.1]]` tables, one list for each of 0 to 9, * and #"

    def read(self, value: object, at: Location) -> tuple[MenuChoice, ...]:
        """Take the branches of known keys, in the order of a telephone's keys."""
        if not isinstance(value, dict) or not value:
            raise WrongError(f"{described(value)} names no key", f"write {self.allowed}")
        found = {}
        for key, steps in value.items():
            spot = at.at(key)
            if len(key) != 1 or key not in DTMF_KEYS:
                at.notes.add(spot.path, f"{shown(key)} is no key", "write 0 to 9, * or #")
                continue
            try:
                if not isinstance(steps, list):
                    advice = f"write [[schemes.steps.press.{key}]] and its first step below"
                    raise WrongError(f"{described(steps)} is no list of steps", advice)  # noqa: TRY301 (noted below)
                found[key] = Tables(table=self.step).read(steps, spot)
            except WrongError as wrong:
                at.notes.add(spot.path, wrong.problem, wrong.advice)
            except NotedError:
                pass
        if len(found) < len(value):
            raise NotedError
        return tuple(MenuChoice(key=key, steps=found[key]) for key in DTMF_KEYS if key in found)

    def rename(self, value: object, at: Location) -> None:
        """Look into the steps of each key."""
        for key, steps in value.items() if isinstance(value, dict) else ():
            Tables(table=self.step).rename(steps, at.at(key))

    def write(self, value: tuple[MenuChoice, ...]) -> str:
        """Write inline."""
        steps = Tables(table=self.step)
        return f"{{ {', '.join(f'{quote(c.key)} = {steps.write(c.steps)}' for c in value)} }}"
