"""Changes a TOML text so that it says something else, and keeps its comments, its order and its spelling.

Only the tables that change are taken apart, each by itself: tomlkit would need seconds for a text of a megabyte, and moves
tables that do not stand together. Whatever it makes is read again, and given up where it does not say what it has to.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, Table

from switchhook.projectfile.toml.lines import KeyPath, headers_in

if TYPE_CHECKING:
    from collections.abc import Iterator

INLINE: Final = 100
"""Characters of a list that stands on one line."""
Plain = dict[str, Any]
Identity = Callable[[str, Mapping[str, Any]], object]
"""Knows a table of a list again, by the name of the list."""


def edited(
    text: str,
    target: Mapping[str, Any],
    *,
    headed: Container[str] = (),
    identity: Identity = lambda _, table: table.get("name"),
) -> str:
    """Return a document that says `target`, and is the good document `text` wherever the two agree.

    `headed` are the keys whose lists of tables stand under `[[headers]]`. `identity` knows a table of such a list again, by
    the list's name. Raises ValueError for what TOML cannot say, such as null.
    """
    before = tomllib.loads(text)
    if same(before, target):
        return text
    writer = _Writer(headed)
    for attempt in (_by_blocks, _as_a_whole, _anew):
        try:
            made = attempt(text, before, target, writer, identity)
            if same(tomllib.loads(made), target):
                return made
        except (ValueError, LookupError, TypeError, AttributeError, TOMLKitError):
            continue
    raise ValueError("this cannot be written as TOML")


def same(one: object, other: object) -> bool:
    """Say whether two values are the same in TOML, which tells 1 from 1.0 and from true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes tables of plain values."""

    headed: Container[str]

    def block(self, name: str, value: Any) -> str:  # noqa: ANN401 (a table, or a list of them)
        """Return a table under its header."""
        document = tomlkit.document()
        is_list = isinstance(value, list)
        document.append(name, self._tables(value) if is_list else self._table(value))
        return tomlkit.dumps(document).strip("\n") + "\n"

    def _table(self, plain: Plain) -> Table:
        table = tomlkit.table()
        for key, value in plain.items():
            table.append(key, self.item(key, value))
        return table

    def _tables(self, plain: list[Plain]) -> AoT:
        tables = tomlkit.aot()
        for one in plain:
            tables.append(self._table(one))
        return tables

    def item(self, name: str, value: Any) -> Any:  # noqa: ANN401 (whatever TOML has)
        """Return a value for tomlkit."""
        if (
            isinstance(value, str)
            and "\n" in value
            and "\r" not in value
            and "'''" not in f"{value}''"
        ):
            return tomlkit.parse(f"a = '''\n{value}'''\n")["a"]
        if _are_tables(value):
            return self._tables(value) if name in self.headed else self._inline(value)
        if isinstance(value, dict) and name in self.headed:
            table = tomlkit.table(is_super_table=True)
            for key, steps in value.items():
                table.append(key, self._tables(steps) if _are_tables(steps) else steps)
            return table
        if isinstance(value, dict):
            pairs = (
                f"{tomlkit.key(k).as_string()} = {self.item('', v).as_string()}"
                for k, v in value.items()
            )
            return (
                tomlkit.parse(f"a = {{ {', '.join(pairs)} }}\n")["a"]
                if value
                else tomlkit.inline_table()
            )
        return tomlkit.item(value)

    def _inline(self, plain: list[Plain]) -> Array:
        array = tomlkit.array()
        for one in plain:
            array.append(self.item("", one))
        return array.multiline(len(plain) > 1 or len(array.as_string()) > INLINE)

    def become(self, table: Any, target: Mapping[str, Any]) -> None:  # noqa: ANN401 (a table of tomlkit's)
        """Make a table say `target`, and leave alone what says so already."""
        for key in [key for key in table if key not in target]:
            del table[key]
        for key, value in target.items():
            if key not in table:
                table.append(key, self.item(key, value))
                continue
            held = table[key]
            if same(_plain(held), value):
                continue
            if isinstance(value, dict) and isinstance(held, dict):
                self.become(held, value)
            elif isinstance(held, AoT) and _are_tables(value):
                self._become_tables(held, value)
            elif isinstance(held, Array) and isinstance(value, list) and _shrunk(held, value):
                continue
            else:
                table[key] = self.item(key, value)

    def _become_tables(self, held: AoT, value: list[Plain]) -> None:
        """Keep the tables that agree, from both ends, and change what is between them."""
        plain = _plain(held)
        head = _agreeing(plain, value)
        tail = _agreeing(plain[head:][::-1], value[head:][::-1])
        for _ in range(len(plain) - len(value)):
            del held[head]
        for place in range(head, len(value) - tail):
            if place < len(plain) - tail:
                self.become(held[place], value[place])
            else:
                held.insert(place, self._table(value[place]))


def _plain(value: Any) -> Any:  # noqa: ANN401 (whatever TOML has)
    return value.unwrap() if hasattr(value, "unwrap") else value


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _agreeing(one: list[Any], other: list[Any]) -> int:
    pairs = zip(one, other, strict=False)
    return next(
        (place for place, pair in enumerate(pairs) if not same(*pair)), min(len(one), len(other))
    )


def _shrunk(held: Array, value: list[Any]) -> bool:
    """Take items out of a list, or put some behind it; say whether that was all that there was to do."""
    plain = _plain(held)
    kept = _agreeing(plain, value)
    if kept == len(plain):
        held.extend(value[kept:])
        return True
    missing = []
    rest = iter(enumerate(plain))
    for wanted in value:
        for place, item in rest:
            if same(item, wanted):
                break
            missing.append(place)
        else:
            return False
    missing += [place for place, _ in rest]
    for place in reversed(missing):
        del held[place]
    return True


def _by_blocks(
    text: str,
    before: Plain,
    target: Mapping[str, Any],
    writer: _Writer,
    identity: Identity,
) -> str:
    """Change the tables that differ, each by itself; the text around them stays as it is, to the byte."""
    blocks = _blocks(text)
    inserted: dict[int, list[str]] = {}
    for name in dict.fromkeys((*before, *target)):
        old, new = before.get(name), target.get(name)
        if same(old, new):
            continue
        if isinstance(new if old is None else old, list):
            places = [blocks.by_path[name, place] for place in range(len(old or ()))]
            texts = [blocks.texts[place] for place in places]
            known = partial(identity, name)
            made = _tables(name, list(zip(old or [], texts, strict=True)), new or [], writer, known)
            for place, block in zip(places, made, strict=False):
                blocks.texts[place] = block
            at = places[-1] if places else len(blocks.texts) - 1
            inserted.setdefault(at, []).extend(block for block in made[len(places) :] if block)
        elif new is None:
            blocks.texts[blocks.by_path[name,]] = ""
        elif old is None:
            first = min(1, len(blocks.texts) - 1)
            inserted.setdefault(first, []).append(writer.block(name, new))
        else:
            place = blocks.by_path[name,]
            blocks.texts[place] = _changed(name, blocks.texts[place], new, writer)
    return _joined(blocks.texts, inserted)


def _tables(
    name: str,
    old: list[tuple[Plain, str]],
    new: list[Plain],
    writer: _Writer,
    identity: Callable[[Mapping[str, Any]], object],
) -> list[str]:
    """Return the texts of a list's tables: one for each that was there, empty where it is gone, and then the new ones.

    Raises ValueError where what stays has changed its order: then each text belongs to another place.
    """
    known = {identity(table): place for place, (table, _) in enumerate(old)}
    made = [""] * len(old)
    behind: list[str] = []
    last = -1
    renamed = iter(sorted(set(range(len(old))) - {known.get(identity(t), -1) for t in new}))
    for table in new:
        place = known.get(identity(table))
        if place is None and len(old) == len(new):
            place = next(renamed)
        if place is None:
            behind.append(writer.block(name, [table]))
            continue
        if place <= last or behind:
            raise ValueError("the tables have another order")
        last = place
        before, text = old[place]
        made[place] = text if same(before, table) else _changed(name, text, table, writer)
    return made + behind


def _changed(name: str, text: str, value: Plain, writer: _Writer) -> str:
    """Return the text of one table so that it says `value`."""
    document = tomlkit.parse(text)
    held: Any = document[name]
    writer.become(held[0] if isinstance(held, AoT) else held, value)
    made = tomlkit.dumps(document)
    blank = len(text) - len(text.rstrip("\n"))
    return made.rstrip("\n") + "\n" * blank


def _joined(texts: list[str], inserted: dict[int, list[str]]) -> str:
    made = ""
    for place, text in enumerate(texts):
        made += text
        for block in inserted.get(place, ()):
            made = f"{made.rstrip()}\n\n{block}" if made.strip() else block
            is_last = place == len(texts) - 1
            made += "" if is_last else "\n"
    return made


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A text in pieces: what stands before the first header, and then one piece for each table with all that is below it."""

    texts: list[str]
    by_path: dict[KeyPath, int]
    """The place of each table: of its name, and for one of a list its place there."""


def _blocks(text: str) -> _Blocks:
    """Take a text apart. Raises LookupError where parts of a table stand apart."""
    texts: list[str] = []
    by_path: dict[KeyPath, int] = {}
    start, current = 0, 0
    for position, path in headers_in(text):
        root: KeyPath = path[:2] if len(path) > 1 and isinstance(path[1], int) else path[:1]
        if root in by_path and by_path[root] == current and texts:
            continue
        if root in by_path:
            raise LookupError(root)
        begin = _with_comment(text, position, start)
        texts.append(text[start:begin])
        start, current = begin, len(texts)
        by_path[root] = current
    return _Blocks([*texts, text[start:]], by_path)


def _with_comment(text: str, position: int, start: int) -> int:
    """Return where the comment begins that stands right above a header."""
    position = text.rfind("\n", 0, position) + 1
    while position > start:
        above = text.rfind("\n", 0, position - 1) + 1
        if above < start or not text[above:position].lstrip().startswith("#"):
            break
        position = above
    return position


def _as_a_whole(
    text: str, before: Plain, target: Mapping[str, Any], writer: _Writer, identity: object
) -> str:
    """Change the document in one go, where its tables are written in another way."""
    del before, identity
    document = tomlkit.parse(text)
    writer.become(document, target)
    return tomlkit.dumps(document)


def _anew(
    text: str, before: Plain, target: Mapping[str, Any], writer: _Writer, identity: object
) -> str:
    """Write it without comments."""
    del text, before, identity

    def parts() -> Iterator[str]:
        for name, value in target.items():
            for one in [[item] for item in value] if _are_tables(value) else [value]:
                yield (
                    writer.block(name, one)
                    if isinstance(one, dict | list)
                    else f"{name} = {tomlkit.item(one).as_string()}\n"
                )

    return "\n".join(parts())
