"""Tables of a document: keys with their kinds, and the value that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from switchhook.projectfile.toml.mistakes import Finding, did_you_mean, shown
from switchhook.projectfile.toml.value_types import (
    Location,
    Marker,
    NotedError,
    ValueType,
    WrongError,
    holds_tables,
    quote,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

REQUIRED = object()
"""The default of a required key; also the value of an unreadable one."""
DECLARED = object()
"""The default that the value's class declares for the key's attribute, so that it stands once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerName:
    """A name that a key had before a version: still read, with a remark, and written no more."""

    name: str
    since: str
    """The version in which the key got the name that it has."""
    has: Callable[[object], bool] = lambda _: True
    """Whether it had such values: another key may have the name now, with values of its own."""
    leaves: object = None
    """The value that the other key of the name then has."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """One key of a table."""

    name: str
    kind: ValueType
    help: str
    """One sentence without a full stop, for the reference in the docs."""
    default: object = REQUIRED
    attribute: str = ""
    """The attribute of the value, where it is called otherwise than the key; `part.name` is one of a part."""
    former: FormerName | None = None

    @property
    def attr(self) -> str:
        """Return the name of the value's attribute."""
        return self.attribute or self.name

    @property
    def is_marker(self) -> bool:
        """Whether it is there or not is all that it says."""
        return isinstance(self.kind, Marker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """A part of a table's value that is of one of several classes, as one key of the table says."""

    key: str
    """That key. Its attribute is `name`, which each of the classes has for itself."""
    of: Mapping[Any, type]

    def __call__(self, *, name: StrEnum, **attributes: object) -> object:
        """Make the part. The attributes of other classes are left out."""
        own = _declared(self.of[name])
        return self.of[name](**{key: value for key, value in attributes.items() if key in own})

    def declared(self, default: Any) -> dict[str, object]:  # noqa: ANN401 (one of the classes)
        """Return the defaults of all the classes, and the name of the one that stands where none is chosen."""
        defaults: dict[str, object] = {"name": default.name}
        for kind in self.of.values():
            defaults |= _declared(kind)
        return defaults

    def of_others(self, keys: Mapping[str, str], chosen: object) -> Iterator[tuple[str, str]]:
        """Yield the keys that the chosen class does not have, and the names of those that do.

        `keys` holds the attribute of each key.
        """
        if not isinstance(chosen, str) or chosen not in self.of:
            return
        for key, attribute in keys.items():
            holders = [name for name, kind in self.of.items() if attribute in _declared(kind)]
            if key != self.key and chosen not in holders:
                yield key, " or ".join(holders)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A kind of table. Its value is made by `make` with the attributes as keyword arguments."""

    make: Callable[..., Any]
    keys: tuple[TableKey, ...]
    check: Callable[[Mapping[str, Any], Location], None] | None = None
    """Looks at the table as it was written, with its other mistakes, and notes contradictions. Its values may
    be of any type."""
    review: Callable[[Any], Iterable[Finding]] = lambda _: ()
    """Returns what does not go together in the made value; there is one when every key could be read."""
    parts: Mapping[str, Callable[..., Any]] = field(default_factory=dict, hash=False)
    """Makes the values inside of the value, by their attribute: their keys stand among the others."""
    upgrade: Callable[[dict[str, Any], Location], None] = lambda _, __: None
    """Rewrites a table that is written as in earlier versions."""

    def __post_init__(self) -> None:
        """Take over the defaults that the values' classes declare; no key may state one of its own beside it."""
        declared = _declared(self.make)
        for part, make in self.parts.items():
            of_all = make.declared(declared[part]) if isinstance(make, Variants) else None
            inner = of_all or _declared(make)
            declared |= {f"{part}.{name}": default for name, default in inner.items()}
        keys = tuple(_with_default(key, declared.get(key.attr, MISSING)) for key in self.keys)
        object.__setattr__(self, "keys", keys)

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "a table"

    def read(self, value: object, at: Location) -> Any:  # noqa: ANN401 (whatever `make` makes)
        """Take a table whose keys can all be taken; every one that cannot is noted."""
        if not isinstance(value, dict):
            raise WrongError(f"{type_of(value)} is not a table", "write its keys in { }")
        self._note_unknown(value, at)
        if at.notes.judges:
            self._note_of_other_variants(value, at)
        if self.check is not None and at.notes.judges:
            self.check(value, at)
        read = {key.attr: self._read(key, value, at) for key in self.keys}
        if any(item is REQUIRED for item in read.values()):
            raise NotedError
        made = self._make({key.attr: read[key.attr] for key in self.keys if not key.is_marker})
        for found in self.review(made) if at.notes.judges else ():
            at.notes.add((*at.path, *found.path), found.problem, found.advice)
        return made

    def _make(self, read: dict[str, Any]) -> Any:  # noqa: ANN401 (whatever `make` makes)
        """Make the parts, and then the value."""
        made = {
            part: make(
                **{attr.removeprefix(f"{part}."): read.pop(attr) for attr in _of(part, read)}
            )
            for part, make in self.parts.items()
        }
        return self.make(**read, **made)

    def rename(self, value: object, at: Location) -> None:
        """Give keys that stand under a former name their own, in this table and in those inside."""
        if not isinstance(value, dict):
            return
        self.upgrade(value, at)
        for key in self.keys:
            if key.former is not None:
                _rename(key, key.former, value, at)
            if key.name in value and holds_tables(key.kind):
                key.kind.rename(value[key.name], at.at(key.name))

    def _note_of_other_variants(self, table: Mapping[str, object], at: Location) -> None:
        """Note the keys that belong to other variants of a part than the one that is chosen."""
        for part, kind in self.parts.items():
            if not isinstance(kind, Variants):
                continue
            default = next(key.default for key in self.keys if key.name == kind.key)
            chosen = table.get(kind.key, default)
            own = [key for key in self.keys if key.attr.startswith(f"{part}.")]
            keys = {key.name: key.attr.removeprefix(f"{part}.") for key in own if key.name in table}
            for name, holders in kind.of_others(keys, chosen):
                problem = f"{name} means nothing with {kind.key} {shown(str(chosen))}"
                at.notes.add((*at.path, name), problem, f"remove it; it belongs to {holders}")

    def _note_unknown(self, table: Mapping[str, object], at: Location) -> None:
        """Note the keys that mean nothing."""
        known = {key.name for key in self.keys}
        for name, value in table.items():
            if name not in known:
                headers = self._inner(name) if isinstance(value, list) and not at.path else []
                advice = f"write {' or '.join(headers)}" if headers else did_you_mean(name, known)
                at.notes.add((*at.path, name), "unknown key", advice)

    def _inner(self, name: str) -> list[str]:
        """Return the headers of the tables called so that stand inside of the tables of this one."""
        return [
            f"[[{key.name}.{name}]]"
            for key in self.keys
            if isinstance(key.kind, Tables) and isinstance(key.kind.table, Table)
            if any(i.name == name and isinstance(i.kind, Tables) for i in key.kind.table.keys)
        ]

    def _read(self, key: TableKey, table: Mapping[str, object], at: Location) -> object:
        if key.name not in table:
            if key.default is REQUIRED:
                is_header = isinstance(key.kind, Table) and not at.path
                what = f"[{key.name}] and its keys below" if is_header else key.kind.allowed
                at.notes.add(at.path, f"{key.name} is missing", f"write {what}")
            return key.default
        spot = at.at(key.name)
        try:
            return key.kind.read(table[key.name], spot)
        except WrongError as wrong:
            spot.notes.add(spot.path, wrong.problem, wrong.advice)
        except NotedError:
            pass
        return REQUIRED

    def write(self, value: Any) -> str:  # noqa: ANN401 (whatever `make` makes)
        """Write an inline table."""
        pairs = [f"{key.name} = {key.kind.write(item)}" for key, item in self.given(value)]
        return f"{{ {', '.join(pairs)} }}"

    def given(self, value: object) -> Iterator[tuple[TableKey, Any]]:
        """Yield the keys that have to be written: all but those that stand at their default."""
        for key in self.keys:
            item = True if key.is_marker else _held(value, key)
            if key.default is REQUIRED or item != key.default:
                yield key, item


def _held(value: object, key: TableKey) -> object:
    """Return what a value has for a key; the key's default where its part is of another variant."""
    *part, attribute = key.attr.split(".")
    holder = attrgetter(*part)(value) if part else value
    return getattr(holder, attribute, key.default) if part else getattr(holder, attribute)


def _declared(make: Callable[..., Any]) -> dict[str, object]:
    """Return the defaults of a class by the names of its attributes."""
    return {one.name: one.default for one in fields(make)} if is_dataclass(make) else {}


def _of(part: str, read: Mapping[str, object]) -> list[str]:
    """Return the attributes that belong to a part."""
    return [attr for attr in read if attr.startswith(f"{part}.")]


def _with_default(key: TableKey, declared: object) -> TableKey:
    """Return a key with the default that it really has. Raises ValueError where that stands nowhere, or twice."""
    if key.default is DECLARED:
        if declared is MISSING:
            raise ValueError(f"the default of {key.name} is declared nowhere")
        return replace(key, default=declared)
    if key.default is not REQUIRED and declared is not MISSING and not key.is_marker:
        raise ValueError(f"the default of {key.name} stands twice")
    return key


def _rename(key: TableKey, former: FormerName, table: dict[str, object], at: Location) -> None:
    """Give a key its own name. Under both, it is a mistake, and what stands under the former is left out."""
    if former.name not in table or not former.has(table[former.name]):
        return
    value = table.pop(former.name)
    now = key.name
    if former.leaves is not None:
        table[former.name] = former.leaves
        now = f"{former.name} = {str(former.leaves).lower()} and {key.name}"
    problem = "a former name"
    if key.name in table:
        path = (*at.path, former.name)
        at.notes.add(path, f"{problem}, and {key.name} is here too", f"keep {key.name}")
    else:
        table[key.name] = value
        at.notes.rename((*at.path, key.name), former.name, f"{problem}; write {now}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """An array of tables, written under `[[headers]]` of their own."""

    table: ValueType
    unique: str = ""
    """The key that no two of them share."""
    same: Callable[[Any], Any] = lambda name: name
    """Makes names equal that mean the same."""
    most: int = 100_000
    """How many there may be."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "tables"

    def read(self, value: object, at: Location) -> tuple[Any, ...]:
        """Take tables that can all be taken, and differ."""
        if not isinstance(value, list):
            name = ".".join(str(part) for part in at.path if isinstance(part, str))
            raise WrongError(f"{type_of(value)} is not a list of tables", f"write [[{name}]]")
        if len(value) > self.most and at.notes.judges:
            raise WrongError(f"{len(value)} tables are too many", f"allowed are {self.most}")
        if self.unique:
            self._note_doubles(value, at)
        made = [self._item(item, at.at(index)) for index, item in enumerate(value)]
        if None in made:
            raise NotedError
        return tuple(made)

    def rename(self, value: object, at: Location) -> None:
        """Look into each table, unless there are too many to be read."""
        if not holds_tables(self.table) or not isinstance(value, list):
            return
        if len(value) <= self.most or not at.notes.judges:
            for index, item in enumerate(value):
                self.table.rename(item, at.at(index))

    def _item(self, item: object, at: Location) -> object:
        try:
            return self.table.read(item, at)
        except WrongError as wrong:
            at.notes.add(at.path, wrong.problem, wrong.advice)
        except NotedError:
            pass
        return None

    def _note_doubles(self, tables: list[object], at: Location) -> None:
        seen: dict[object, Location] = {}
        for index, table in enumerate(tables):
            name = table.get(self.unique) if isinstance(table, dict) else None
            if not isinstance(name, str | int):
                continue
            spot = at.at(index, self.unique)
            identity = self.same(name) if isinstance(name, str) else name
            if identity in seen:
                line = at.notes.line(seen[identity].path)
                first = f" on line {line}" if line else ""
                at.notes.add(spot.path, f"{shown(name)} stands already{first}", "use another")
            seen.setdefault(identity, spot)

    def write(self, value: tuple[Any, ...]) -> str:
        """Write inline."""
        return f"[{', '.join(self.table.write(item) for item in value)}]"


def pair(name: str, kind: ValueType, value: Any) -> str:  # noqa: ANN401 (whatever the kind writes)
    """Write one line of a table; the key is quoted where TOML wants it."""
    return f"{bare_or_quoted(name)} = {kind.write(value)}"


def bare_or_quoted(name: str) -> str:
    """Write a key, in quotes where TOML wants them."""
    bare = name.replace("-", "").replace("_", "").isalnum() and name.isascii()
    return name if bare else quote(name)
