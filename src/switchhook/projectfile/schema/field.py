"""The payload of an event webhook: values, hashes of them, arrays and objects, nested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from switchhook.domain.webhook import Array, Field, HashAlgorithm, Object
from switchhook.projectfile.toml.tables import Table, TableKey
from switchhook.projectfile.toml.value_types import (
    ListOf,
    Location,
    NotedError,
    OneOf,
    WrongError,
    described,
)
from switchhook.projectfile.types.project import EVENT_NAME, Chosen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.domain.webhook import Node

SHAPES = ("value", "array", "object")
"""Each says what is sent; one of them stands in each table."""
DEEPEST = 10
"""Levels of arrays and objects in what an event webhook sends."""
MAX_FIELDS = 200
"""Values in one list."""
CHOSEN = Chosen()
HASH = OneOf(HashAlgorithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One value of any shape; a plain item of an array is no table, but the parameter alone."""

    is_item: bool = False
    """Whether it stands in an array, and has no name."""
    depth: int = 0
    """How many arrays and objects it is in."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        if self.is_item:
            return "a parameter, or a table of value and hash, of array or of object"
        return '{ name = "…", value = "…" }, or array or object in place of value'

    @property
    def table(self) -> Table:
        """Return the table that says all of it."""
        name = TableKey("name", EVENT_NAME, "name of the value in the request")
        return Table(
            make=dict,
            keys=(
                *(() if self.is_item else (name,)),
                TableKey("value", CHOSEN, "parameter whose value is sent", default=None),
                TableKey("hash", HASH, "sends that hash in place of the value", default=None),
                TableKey("array", self._array, "values that are sent as an array", default=None),
                TableKey("object", self._object, "named values that are sent inside", default=None),
            ),
        )

    @property
    def _array(self) -> ListOf:
        return ListOf(kind=Sent(is_item=True, depth=self.depth + 1), least=1, most=MAX_FIELDS)

    @property
    def _object(self) -> ListOf:
        return ListOf(kind=Sent(depth=self.depth + 1), least=1, most=MAX_FIELDS)

    def read(self, value: object, at: Location) -> Node:
        """Take a table of one shape, and in an array a parameter alone."""
        if self.is_item and isinstance(value, str):
            return _node({"value": CHOSEN.read(value, at)})
        if not isinstance(value, dict):
            raise WrongError(f"{described(value)} is no value", f"write {self.allowed}")
        noted = len(at.notes)
        self._check(value, at)
        read = self.table.read(value, at)
        if len(at.notes) > noted:
            raise NotedError
        return _node(read)

    def _check(self, table: Mapping[str, Any], at: Location) -> None:
        """Check rules over several keys of a table. Raises WrongError."""
        given = [shape for shape in SHAPES if shape in table]
        if self.depth >= DEEPEST and set(given) - {"value"}:
            problem = f"arrays and objects are nested more than {DEEPEST} levels deep"
            raise WrongError(problem, "write them flatter")
        if not given:
            at.notes.add(at.path, "value is missing", "write value, array or object")
        for shape in given[1:]:
            problem = f"{shape} stands beside {given[0]}"
            at.notes.add((*at.path, shape), problem, "keep one of the two")
        if "hash" in table and "value" not in table:
            at.notes.add((*at.path, "hash"), "there is no value to hash", "remove it")

    def write(self, value: Node) -> str:
        """Write an inline table; a plain item as the parameter alone."""
        if isinstance(value, Field) and self.is_item and value.hash is None:
            return CHOSEN.write((value.parameter, value.argument))
        name = () if self.is_item else (f"name = {EVENT_NAME.write(value.name)}",)
        return f"{{ {', '.join((*name, *self._shape(value)))} }}"

    def _shape(self, node: Node) -> Iterator[str]:
        match node:
            case Field(parameter=parameter, argument=argument, hash=algorithm):
                yield f"value = {CHOSEN.write((parameter, argument))}"
                if algorithm is not None:
                    yield f"hash = {HASH.write(algorithm)}"
            case Array(items=items):
                yield f"array = {self._array.write(items)}"
            case Object(members=members):
                yield f"object = {self._object.write(members)}"
            case _:
                assert_never(node)


def _node(read: Mapping[str, Any]) -> Node:
    """Make a value of a table in which one shape stands."""
    name = read.get("name", "")
    match read:
        case {"array": tuple(items)}:
            return Array(name=name, items=items)
        case {"object": tuple(members)}:
            return Object(name=name, members=members)
        case _:
            parameter, argument = read["value"]
            return Field(name=name, parameter=parameter, argument=argument, hash=read.get("hash"))
