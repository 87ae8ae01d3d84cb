"""Inputs with meaning: each part as real devices write it, and labelled when it is made.

A `Draw` picks every part out of three lists: right, sloppy but decidable, wrong. The worst part labels the
whole, so that an oracle knows what has to become of it: the first two arrive and mean what was meant, the
third leaves a trace that says why not. Equal seeds give equal inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

SLOPPINESS = 0.3
"""How often a part of a sloppy input is sloppy."""


class Label(IntEnum):
    """What an input is."""

    RIGHT = 0
    SLOPPY = 1
    """Against some grammar, but it can mean one thing only."""
    WRONG = 2


@dataclass
class Draw:
    """Chance, with a memory. `spoiled` names the part that is to be wrong."""

    chance: Random
    worst: Label = Label.RIGHT
    spoiled: str = ""
    used: list[tuple[str, Label]] = field(default_factory=list)

    @classmethod
    def of(cls, chance: Random, spoilable: Sequence[str]) -> Draw:
        """Draw how bad an input is to be, and where."""
        worst = chance.choices(list(Label), weights=(2, 6, 2))[0]
        spoiled = chance.choice(spoilable) if worst is Label.WRONG and spoilable else ""
        return cls(chance, worst, spoiled)

    @property
    def label(self) -> Label:
        """What the parts so far make of the whole."""
        return max((label for _, label in self.used), default=Label.RIGHT)

    @property
    def about(self) -> str:
        """Which parts are not right."""
        return ", ".join(f"{part} {label.name}" for part, label in self.used if label)

    def pick(
        self, part: str, right: Sequence[T], sloppy: Sequence[T] = (), wrong: Sequence[T] = ()
    ) -> T:
        """Choose how one part is written."""
        label = Label.RIGHT
        if part == self.spoiled and wrong:
            label = Label.WRONG
        elif self.worst and sloppy and self.chance.random() < SLOPPINESS:
            label = Label.SLOPPY
        self.used.append((part, label))
        return self.chance.choice((right, sloppy, wrong)[label])
