"""A list of names and values, and the headers that a webhook adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from switchhook.projectfile.toml.tables import Table, TableKey
from switchhook.projectfile.toml.value_types import ListOf, Location, Text


@dataclass(frozen=True, slots=True)
class Pair:
    """A table of name and value, made into what the domain calls it."""

    table: Table
    parts: Callable[[Any], tuple[object, object]]
    """Takes the domain's value apart into name and value."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        name, text = (
            f"{key.name} = {'[…]' if isinstance(key.kind, ListOf) else '…'.join(2 * [chr(34)])}"
            for key in self.table.keys
        )
        return f"{{ {name}, {text} }}"

    def read(self, value: object, at: Location) -> object:
        """Take a table of name and value."""
        return self.table.read(value, at)

    def write(self, value: object) -> str:
        """Write an inline table."""
        name, text = (
            f"{key.name} = {key.kind.write(part)}"
            for key, part in zip(self.table.keys, self.parts(value), strict=True)
        )
        return f"{{ {name}, {text} }}"


HEADER = Pair(
    Table(
        make=lambda name, value: (name, value),
        keys=(
            TableKey("name", Text(what="a header name", least=1, most=100), "name of the header"),
            TableKey("value", Text(most=2000, secret=True), "its value"),
        ),
    ),
    lambda pair: pair,
)
HEADERS = ListOf(kind=HEADER, most=50)
