"""The parts of a project file as resources: a table, or one table of a list, as plain values under the keys of the file.

All of it comes from the file's schema, so that a new table is a new kind of resource.
"""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from switchhook.domain.numbering import as_listed
from switchhook.projectfile.schema.project import FILE, UNIQUE, names_of
from switchhook.projectfile.schema.scheme import STEPS
from switchhook.projectfile.toml.editing import Plain, edited, same
from switchhook.projectfile.toml.lines import KeyPath
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes, Notes, TooManyMistakesError
from switchhook.projectfile.toml.tables import Table, TableKey, Tables
from switchhook.projectfile.toml.value_types import Location, NotedError, Text, WrongError
from switchhook.projectfile.types.destination import Destination
from switchhook.projectfile.types.project import WebAddress, dialling_in
from switchhook.projectfile.types.scheme import Presses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.projectfile.toml.document import UnknownNames

MAX_ROUNDS: Final = 100
"""How often what a removal leaves behind is mended; each round removes something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind:
    """A kind of resource: a table of the file, or a list of tables."""

    name: str
    key: str
    """The key that tells the tables of a list apart; empty for a table that there is one of."""
    has_secrets: bool
    """Whether it may hold passwords, keys, or addresses with some in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """How a resource of one document differs from that of another."""

    kind: str
    name: str
    """Empty for a table that there is one of."""
    change: str
    """`added`, `removed` or `changed`."""
    keys: tuple[str, ...] = ()
    """The keys that were changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A place that names a resource."""

    kind: str
    name: str
    """Empty for a table that there is one of."""
    path: KeyPath
    """The place in the document."""


class CannotCascadeError(Exception):
    """What is left without a resource cannot do without it. `use` is the place."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


def _has_secrets(kind: object) -> bool:
    match kind:
        case Text():
            return kind.secret
        case WebAddress() | Destination():
            return True
        case Table():
            return any(_has_secrets(key.kind) for key in kind.keys)
        case _:
            inner = getattr(kind, "table", None) or getattr(kind, "kind", None)
            return inner is not None and _has_secrets(inner)


def _kind(key: TableKey) -> ResourceKind:
    is_list = isinstance(key.kind, Tables)
    return ResourceKind(
        name=key.name,
        key=(UNIQUE.get(key.name, "name") or "number") if is_list else "",
        has_secrets=_has_secrets(key.kind),
    )


KINDS: Final = {key.name: _kind(key) for key in FILE.keys}
"""The kinds of resources by their names, in the order of the file."""


def _headed(table: Table) -> Iterator[str]:
    """Yield the keys whose tables stand under headers of their own."""
    for key in table.keys:
        if isinstance(key.kind, Tables | Presses):
            yield key.name
        if isinstance(key.kind, Tables) and isinstance(key.kind.table, Table):
            yield from _headed(key.kind.table)


HEADED: Final = frozenset(name for table in (FILE, *STEPS.values()) for name in _headed(table))


def plain_document(text: str) -> Plain:
    """Return a good document as plain values, under the names that keys have now."""
    document = tomllib.loads(text)
    FILE.rename(document, Location(path=(), notes=Notes(), names={}))
    return document


def rewritten(text: str, document: Mapping[str, Any]) -> str | Mistakes:
    """Return a good text so that it says `document`, its comments and order kept.

    The mistakes of what TOML cannot say at all, such as null, have no lines.
    """
    try:
        return edited(text, document, headed=HEADED, identity=_identity_in)
    except ValueError as error:
        unsaid = Mistake(
            line=0, path=(), problem=str(error), advice="write texts, numbers and lists"
        )
        return mistakes_in(dict(document)) or Mistakes((unsaid,))


def _identity_in(kind: str, table: Mapping[str, Any]) -> object:
    return table.get(KINDS[kind].key) if kind in KINDS else None


def mistakes_in(
    document: Plain, names: UnknownNames | None = None, *, judge: bool = True
) -> Mistakes | None:
    """Return what is wrong with a document, or None. `names` are what references may point to."""
    notes = Notes(judges=judge)
    found = names_of(document) if names is None else names
    try:
        FILE.read(document, Location(path=(), notes=notes, names=found))
    except WrongError as wrong:
        notes.add((), wrong.problem, wrong.advice)
    except (NotedError, TooManyMistakesError):
        pass
    return notes.all()


def name_of(document: Mapping[str, Any], kind: str, table: object) -> str:
    """Return the name of a table of a list, as a resource is called: a number in its international form."""
    name = table.get(KINDS[kind].key) if isinstance(table, dict) else None
    if not isinstance(name, str):
        return "" if name is None else str(name)
    return _normal(document, kind, name)


def _normal(document: Mapping[str, Any], kind: str, name: str) -> str:
    if KINDS[kind].key != "number":
        return name
    project = document.get("project")
    country = project.get("country") if isinstance(project, dict) else ""
    names = {"country": {country if isinstance(country, str) else ""}}
    return as_listed(name, dialling_in(names)) or name


def place_of(document: Mapping[str, Any], kind: str, name: str) -> int | None:
    """Return the place of a table in its list; None where there is none of that name."""
    tables = document.get(kind, [])
    key = KINDS[kind].key
    for place, table in enumerate(tables):
        if isinstance(table, dict) and table.get(key) == name:
            return place
    wanted = _normal(document, kind, name)
    return next((i for i, one in enumerate(tables) if name_of(document, kind, one) == wanted), None)


def found(document: Mapping[str, Any], kind: str, name: str) -> Plain | None:
    """Return a resource, or None."""
    if not KINDS[kind].key:
        table: Plain | None = document.get(kind)
        return table
    place = place_of(document, kind, name)
    return None if place is None else document[kind][place]


def with_resource(document: Plain, kind: str, name: str, value: Plain) -> Plain:
    """Return a document with a resource, in place of the one of its name."""
    if not KINDS[kind].key:
        return document | {kind: value}
    tables = list(document.get(kind, []))
    place = place_of(document, kind, name)
    if place is None:
        tables.append(value)
    else:
        tables[place] = value
    return document | {kind: tables}


def merged(value: object, patch: object) -> Any:  # noqa: ANN401 (any JSON)
    """Return a value with a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    made = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), item)
    return made


def uses(document: Plain, kind: str, name: str) -> tuple[Use, ...]:
    """Return the places of a good document that name a resource: those that could not be read without it.

    Digits of an account or a group are an outside number where there is none: so they count as naming it.
    """
    place = place_of(document, kind, name) if KINDS[kind].key else None
    if place is None:
        return ()
    tables = document[kind]
    rest = document | {kind: [*tables[:place], *tables[place + 1 :]]}
    before, after = names_of(document), names_of(rest)
    paths = _unread(document, after) - _unread(document, before)
    inside = {"trunk": set[Any]()}
    paths |= _unread(document, after | inside) - _unread(document, before | inside)
    return tuple(_use(document, path) for path in sorted(paths) if path[:2] != (kind, place))


def _unread(document: Plain, names: UnknownNames) -> set[KeyPath]:
    wrong = mistakes_in(document, names, judge=False)
    return set() if wrong is None else {one.path for one in wrong.mistakes}


def _use(document: Plain, path: KeyPath) -> Use:
    kind = str(path[0])
    place = path[1] if len(path) > 1 else None
    name = name_of(document, kind, document[kind][place]) if isinstance(place, int) else ""
    return Use(kind=kind, name=name, path=path)


def without_resource(document: Plain, kind: str, name: str) -> Plain:
    """Return a good document without a resource and all that cannot be without it.

    References go first, then keys, lists and tables that are nothing without them. Raises CannotCascadeError.
    """
    made = deepcopy(document)
    if not KINDS[kind].key:
        made.pop(kind, None)
        return made
    pending = [(kind, name)]
    while pending:
        one = pending.pop()
        for use in reversed(uses(made, *one)):
            _remove(made, use.path)
        place = place_of(made, *one)
        if place is not None:
            _remove(made, (one[0], place))
        pending.extend(_mended(made))
    return made


def _mended(document: Plain) -> list[tuple[str, str]]:
    """Remove what is wrong now; return the resources that are wrong as a whole. Raises CannotCascadeError."""
    wrong = mistakes_in(document)
    for _ in range(MAX_ROUNDS):
        if wrong is None:
            return []
        paths = sorted({one.path for one in wrong.mistakes}, reverse=True)
        whole = [(str(path[0]), path[1]) for path in paths if len(path) == 2]
        listed = [(kind, place) for kind, place in whole if isinstance(place, int)]
        if listed:
            return [(kind, name_of(document, kind, document[kind][i])) for kind, i in listed]
        short = next((one for one in wrong.mistakes if len(one.path) < 2), None)
        if short is not None:
            raise CannotCascadeError(short)
        for path in paths:
            _remove(document, path)
        wrong = mistakes_in(document)
    raise CannotCascadeError(wrong.mistakes[0] if wrong else Mistake(line=0, path=(), problem=""))


def _remove(document: Plain, path: KeyPath) -> None:
    """Remove what stands at a path, where it still does; a list of tables that is empty then goes too."""
    holder: Any = document
    for part in path[:-1]:
        try:
            holder = holder[part]
        except (LookupError, TypeError):
            return
    last: Any = path[-1]
    try:
        del holder[last]
    except (LookupError, TypeError):
        return
    if len(path) == 2 and not holder:
        del document[str(path[0])]


def changes_between(before: Plain, after: Plain) -> tuple[ResourceChange, ...]:
    """Return which resources differ, in the order of the file."""
    return tuple(change for kind in KINDS for change in _changes(kind, before, after))


def _changes(kind: str, before: Plain, after: Plain) -> Iterator[ResourceChange]:
    old, new = _by_name(before, kind), _by_name(after, kind)
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if same(one, other):
            continue
        if one is None or other is None:
            yield ResourceChange(
                kind=kind, name=name, change="removed" if other is None else "added"
            )
            continue
        keys = tuple(k for k in dict.fromkeys((*one, *other)) if not same(one.get(k), other.get(k)))
        yield ResourceChange(kind=kind, name=name, change="changed", keys=keys)


def _by_name(document: Plain, kind: str) -> dict[str, Plain]:
    if kind not in document:
        return {}
    if not KINDS[kind].key:
        return {"": document[kind]}
    return {name_of(document, kind, table): table for table in document[kind]}


def fingerprint(value: object) -> str:
    """Return a short text that is another one for each other value."""
    text = json.dumps(value, sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]
