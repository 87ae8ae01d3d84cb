"""How one value is sent: its type, its translation, and the stand-ins of what is unknown or empty."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeAlias


class SentType(StrEnum):
    """What JSON has for a value; a form, a query and a header have the text of it."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"


class Special(Enum):
    """What can stand for a value and is none; no text equals it."""

    NULL = "null"
    """JSON's null; empty where there is only text."""
    OMIT = "omit"
    """Nothing: neither the value nor its name."""


StandIn: TypeAlias = str | int | float | bool | Special
"""What is sent in place of a value, in the type in which it is written here."""


class EmptyStyle(StrEnum):
    """What is sent for an array or object of which every value is left out."""

    ARRAY = "[]"
    OBJECT = "{}"
    NULL = "null"
    OMIT = "omit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueForm:
    """How a value is sent otherwise than as the text that it is."""

    type: SentType = SentType.TEXT
    unknown: StandIn | None = None
    """In place of an unknown value, and of one that the type cannot hold; None: as `when_unknown` says."""
    withheld: StandIn | None = None
    """In place of the number of a caller who withholds it; None: as for an unknown value."""
    map: tuple[tuple[str, StandIn], ...] = ()
    """In place of these values; what is sent for them has a type of its own."""
    other: StandIn | None = None
    """In place of all values that `map` has not; None: the value itself."""

    @property
    def when_unknown(self) -> StandIn:
        """Return what stands for an unknown value: empty text for text, else null."""
        if self.unknown is not None:
            return self.unknown
        return "" if self.type is SentType.TEXT else Special.NULL


PLAIN = ValueForm()
"""A value is sent as text; what is unknown is empty."""
