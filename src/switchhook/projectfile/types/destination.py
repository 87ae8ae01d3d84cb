"""The address of a call-tracking post: one (R4-45)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.projectfile.toml.value_types import WrongError
from switchhook.projectfile.types.project import WebAddress

if TYPE_CHECKING:
    from switchhook.projectfile.toml.value_types import Location

_ADDRESS = r"(?:https?://|www\.|(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]+)?/)"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_HOST = r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?![^\s:/?#,;|])"
_SEVERAL = re.compile(rf"\S\s+(?:{_ADDRESS}|{_HOST})|[,;|]\s*{_ADDRESS}", re.IGNORECASE)
"""What begins another address behind a blank, or behind a comma."""


def _one_only() -> WrongError:
    """Say it in the vendor's words (R4-45, A-43)."""
    return WrongError("notifications can be sent only to one destination address", "write one URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One http or https address. Empty: none."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "one URL, or nothing"

    def read(self, value: object, at: Location) -> str:
        """Take one address, and return it whole."""
        if isinstance(value, list):
            raise _one_only()
        text = value.strip() if isinstance(value, str) else value
        if isinstance(text, str) and _SEVERAL.search(_PLACEHOLDER.sub("", text)):
            raise _one_only()
        return WebAddress(may_be_empty=True).read(text, at)

    def write(self, value: str) -> str:
        """Write it whole."""
        return WebAddress().write(value)
