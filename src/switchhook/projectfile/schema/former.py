"""The names that keys had before 0.2.0: each stands where its key is declared."""

from __future__ import annotations

from typing import Final

from switchhook.projectfile.toml.tables import FormerName

SINCE: Final = "0.2.0"


def before_0_2(name: str) -> FormerName:
    """Return the name that a key had in 0.1."""
    return FormerName(name=name, since=SINCE)


def is_number(value: object) -> bool:
    """Say whether a value is a number; `true` and `false` are none in TOML."""
    return type(value) in {int, float}
