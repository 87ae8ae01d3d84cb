"""The values that a webhook sends: parameters in a form, hashes of them, arrays and objects, nested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from switchhook.domain.value_form import PLAIN, EmptyStyle, SentType, Special, ValueForm
from switchhook.domain.webhook import Array, Field, HashAlgorithm, Object, TextValue
from switchhook.projectfile.toml.tables import Table, TableKey, pair
from switchhook.projectfile.toml.value_types import (
    ListOf,
    Location,
    NotedError,
    OneOf,
    Passage,
    Text,
    ValueType,
    WrongError,
    described,
    quote,
    type_of,
)
from switchhook.projectfile.types.project import EVENT_NAME, Chosen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.domain.value_form import StandIn
    from switchhook.domain.webhook import Node

SHAPES = ("value", "text", "array", "object")
"""Each says what is sent; one of them stands in each table."""
DEEPEST = 10
"""Levels of arrays and objects in what an event webhook sends."""
MAX_FIELDS = 200
"""Values in one list, or in one map."""
CHOSEN = Chosen()
HASH = OneOf(HashAlgorithm)
LARGEST = 2**63 - 1
"""The largest number that is sent in place of a value; the others go down to as many below 0."""
LITERAL = "constant:"
"""What stands before a text that is `null` or `omit`, or begins so."""
_SPECIAL = {special.value: special for special in Special}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """What is sent in place of a value, in the type in which it is written."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return 'text, a number, true or false, "null", or "omit" to leave it out'

    def read(self, value: object, at: Location) -> StandIn:
        """Take a text, a number or a boolean; `constant:null` is a text too."""
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            if abs(value) <= LARGEST:  # neither nan nor inf is
                return value
            raise WrongError(f"{described(value)} is no number of JSON", "write one of 18 digits")
        if not isinstance(value, str):
            raise WrongError(f"{described(value)} cannot be sent", f"write {self.allowed}")
        text = Text(most=1000).read(value, at)
        return _SPECIAL.get(text) or text.removeprefix(LITERAL)

    def write(self, value: StandIn) -> str:
        """Write what `read` takes as the same."""
        match value:
            case bool():
                return "true" if value else "false"
            case Special():
                return quote(value.value)
            case str():
                has_meaning = value in _SPECIAL or value.startswith(LITERAL)
                return quote(f"{LITERAL}{value}" if has_meaning else value)
            case _:
                return repr(value)


INSTEAD = Instead()
KNOWN = Text(what="a value; for an empty one, unknown says what is sent", least=1, most=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Values, and what is sent in place of each."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return '{ VALUE = what is sent, … }, such as { ANSWERED = 1, "NO ANSWER" = 0 }'

    def read(self, value: object, at: Location) -> tuple[tuple[str, StandIn], ...]:
        """Take a table; each wrong value is named."""
        if not isinstance(value, dict):
            raise WrongError(f"{type_of(value)} is no table", f"write {self.allowed}")
        if not value:
            raise WrongError("the map is empty", f"write {self.allowed}")
        if len(value) > MAX_FIELDS:
            raise WrongError(f"{len(value)} values are too many", f"allowed are {MAX_FIELDS}")
        read = []
        for known, sent in value.items():
            spot = at.at(known)
            try:
                read.append((KNOWN.read(known, spot), INSTEAD.read(sent, spot)))
            except WrongError as wrong:
                at.notes.add(spot.path, wrong.problem, wrong.advice)
        if len(read) < len(value):
            raise NotedError
        return tuple(read)

    def write(self, value: tuple[tuple[str, StandIn], ...]) -> str:
        """Write an inline table."""
        return f"{{ {', '.join(pair(known, INSTEAD, sent) for known, sent in value)} }}"


VALUE_FORM = (
    TableKey("hash", HASH, "sends that hash in place of the value", default=None),
    TableKey("type", OneOf(SentType), "what JSON has for it", default=SentType.TEXT),
    TableKey(
        "unknown",
        INSTEAD,
        "sent for an unknown value; unset: empty text, and null with another type",
        default=None,
    ),
    TableKey(
        "withheld",
        INSTEAD,
        "sent for the number of a caller who withholds it; unset: as for an unknown one",
        default=None,
    ),
    TableKey("map", Translation(), "sent in place of these values", default=()),
    TableKey(
        "other", INSTEAD, "sent for a value that the map has not; unset: the value", default=None
    ),
)
"""How a parameter's value is sent."""
TEXT = TableKey(
    "text", Passage(most=20_000), "text that is sent; `{{parameter}}` is filled in", default=None
)
EMPTY = TableKey(
    "empty",
    OneOf(EmptyStyle),
    "sent for an array or object of which every value is left out; unset: [] and {}",
    default=None,
)
_FORM_KEYS = tuple(key.name for key in VALUE_FORM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One value of any shape; a plain item of an array is no table, but the parameter alone."""

    is_item: bool = False
    """Whether it stands in an array, and has no name."""
    depth: int = 0
    """How many arrays and objects it is in."""
    nests: bool = True
    """Whether it may be an array or object."""
    name: ValueType = EVENT_NAME
    """The names that are allowed."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        if not self.nests:
            return '{ name = "…", value = "…" }'
        if self.is_item:
            return "a parameter, or a table of value and hash, of text, of array or of object"
        return '{ name = "…", value = "…" }, or text, array or object in place of value'

    @property
    def table(self) -> Table:
        """Return the table that says all of it."""
        name = TableKey("name", self.name, "name of the value in the request")
        value = "parameter whose value is sent"
        if not self.nests:
            return Table(make=dict, keys=(name, TableKey("value", CHOSEN, value), *VALUE_FORM))
        return Table(
            make=dict,
            keys=(
                *(() if self.is_item else (name,)),
                TableKey("value", CHOSEN, value, default=None),
                *VALUE_FORM,
                TEXT,
                TableKey("array", self._array, "values that are sent as an array", default=None),
                TableKey("object", self._object, "named values that are sent inside", default=None),
                EMPTY,
            ),
        )

    @property
    def _array(self) -> ListOf:
        return ListOf(kind=Sent(is_item=True, depth=self.depth + 1), most=MAX_FIELDS)

    @property
    def _object(self) -> ListOf:
        return ListOf(kind=Sent(depth=self.depth + 1), most=MAX_FIELDS)

    def read(self, value: object, at: Location) -> Node:
        """Take a table of one shape, and in an array a parameter alone."""
        if self.is_item and isinstance(value, str):
            return _node({"value": CHOSEN.read(value, at)})
        if not isinstance(value, dict):
            raise WrongError(f"{type_of(value)} is no value", f"write {self.allowed}")
        noted = len(at.notes)
        if self.nests:
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
            at.notes.add(at.path, "value is missing", "write value, text, array or object")
        for shape in given[1:]:
            problem = f"{shape} stands beside {given[0]}"
            at.notes.add((*at.path, shape), problem, "keep one of the two")
        for key in _FORM_KEYS if given and "value" not in table else ():
            if key in table:
                problem = "there is no value to hash" if key == "hash" else "there is no value"
                at.notes.add((*at.path, key), problem, "remove it")
        if "empty" in table and {"value", "text"} & {*given}:
            problem = "only an array or an object can be empty"
            at.notes.add((*at.path, "empty"), problem, "write unknown")

    def write(self, value: Node) -> str:
        """Write an inline table; a plain item as the parameter alone."""
        if self.is_item and isinstance(value, Field) and value == _plain(value):
            return CHOSEN.write((value.parameter, value.argument))
        name = () if self.is_item else (f"name = {self.name.write(value.name)}",)
        return f"{{ {', '.join((*name, *self._shape(value)))} }}"

    def _shape(self, node: Node) -> Iterator[str]:
        match node:
            case Field(parameter=parameter, argument=argument):
                yield f"value = {CHOSEN.write((parameter, argument))}"
                yield from _form(node)
            case TextValue(text=text):
                yield f"text = {quote(text)}"
            case Array(items=items):
                yield f"array = {self._array.write(items)}"
                if node.empty is not EmptyStyle.ARRAY:
                    yield pair("empty", EMPTY.kind, node.empty)
            case Object(members=members):
                yield f"object = {self._object.write(members)}"
                if node.empty is not EmptyStyle.OBJECT:
                    yield pair("empty", EMPTY.kind, node.empty)
            case _:
                assert_never(node)


def _form(field: Field) -> Iterator[str]:
    """Write the keys of a value's form that differ from the default."""
    form = field.form or PLAIN
    for key in VALUE_FORM:
        value = field.hash if key.name == "hash" else getattr(form, key.name)
        if value != key.default:
            yield pair(key.name, key.kind, value)


def _plain(field: Field) -> Field:
    return Field(name=field.name, parameter=field.parameter, argument=field.argument)


def _node(read: Mapping[str, Any]) -> Node:
    """Make a value of a table in which one shape stands."""
    name = read.get("name", "")
    empty = read.get("empty")
    match read:
        case {"text": str(text)}:
            return TextValue(name=name, text=text)
        case {"array": tuple(items)}:
            return Array(name=name, items=items, empty=empty or EmptyStyle.ARRAY)
        case {"object": tuple(members)}:
            return Object(name=name, members=members, empty=empty or EmptyStyle.OBJECT)
        case _:
            parameter, argument = read["value"]
            keys = {key: read[key] for key in _FORM_KEYS[1:] if key in read}
            form = ValueForm(**keys)
            return Field(
                name=name,
                parameter=parameter,
                argument=argument,
                hash=read.get("hash"),
                form=None if form == PLAIN else form,
            )
