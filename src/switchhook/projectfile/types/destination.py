"""The address of a call-tracking post: one, perhaps without its scheme (R4-45, N-13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.projectfile.toml.value_types import WrongError
from switchhook.projectfile.types.project import WebAddress

if TYPE_CHECKING:
    from switchhook.projectfile.toml.value_types import Location

_HAS_SCHEME = re.compile(r"https?:|[A-Za-z][A-Za-z0-9+.-]*://", re.IGNORECASE)
_ADDRESS = r"(?:https?://|www\.|(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]+)?/)"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_SEVERAL = re.compile(rf"\S\s+\S|[,;|]\s*{_ADDRESS}", re.IGNORECASE)
"""Blanks between addresses, or what begins another one behind a comma."""


def _one_only() -> WrongError:
    """Say it in the vendor's words (R4-45, A-43)."""
    return WrongError("notifications can be sent only to one destination address", "write one URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One http or https address; `http://` stands for a missing scheme. Empty: none."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "one URL, or nothing"

    def read(self, value: object, at: Location) -> str:
        """Take one address, and return it whole."""
        if isinstance(value, list):
            raise _one_only()
        text = value.strip() if isinstance(value, str) else value
        if isinstance(text, str):
            if _SEVERAL.search(_PLACEHOLDER.sub("", text)):
                raise _one_only()
            text = whole(text)
        address = WebAddress(may_be_empty=True).read(text, at)
        if isinstance(value, str) and address != value.strip():
            at.notes.remark(at.path, f"is read as {address}")
        return address

    def write(self, value: str) -> str:
        """Write it whole."""
        return WebAddress().write(value)


def whole(text: str) -> str:
    """Return an address with its scheme, `http://` where it has none (N-13)."""
    return text if not text or _HAS_SCHEME.match(text) else f"http://{text.removeprefix('//')}"
