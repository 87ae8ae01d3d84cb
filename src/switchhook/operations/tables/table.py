"""A table of destinations: read from CSV, with every mistake by its line, and looked up. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from switchhook.domain.grouping import dialled_number
from switchhook.domain.target import without_marks
from switchhook.domain.webhook import ForwardingNumber, RoutingWebhook, table_of
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes, shown
from switchhook.webhooks.answer_targets import read_targets
from switchhook.webhooks.dialects.table import WITHHELD, TableQuestion, TableRow, comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from switchhook.domain.project import Project, ProjectSnapshot

KEYS: Final = ("caller", "dialled", "code")
"""The columns that a row is looked up by."""
COLUMNS: Final = (*KEYS, "destination", "name")
MOST_ROWS: Final = 100_000
MOST_BYTES: Final = 16 << 20
MOST_MISTAKES: Final = 100
"""Mistakes after which a table is read no further."""
LONGEST: Final = 500
"""Characters of a cell."""
_CODE: Final = re.compile(r"[0-9*]{1,32}")
_LOST: Final = re.compile(r"[0-9][.,]?[0-9]*[eE][+-]?[0-9]+")
"""A number that a spreadsheet has rounded."""
_DELIMITERS: Final = (",", ";", "\t")
_SEP_LINE: Final = re.compile(r"\"?sep=([,;\t])\"?\r?\n", re.IGNORECASE)

Where = tuple[str, ...]
"""The columns of a row that are not empty."""


@dataclass(frozen=True, slots=True)
class DestinationTable:
    """Rows by what they are looked up by. The row that says most about a call comes first."""

    rows: Mapping[Where, Mapping[tuple[str, ...], TableRow]]
    size: int

    def find(self, question: TableQuestion) -> TableRow | None:
        """Return the row with the most columns that all fit; an empty cell fits everything."""
        asked = {"caller": question.caller, "dialled": question.dialled, "code": question.code}
        for where in _MOST_FIRST:
            found = self.rows.get(where)
            if found is not None:
                row = found.get(tuple(asked[column] for column in where))
                if row is not None:
                    return row
        return None


_MOST_FIRST: Final[tuple[Where, ...]] = tuple(
    where for size in range(len(KEYS), -1, -1) for where in combinations(KEYS, size)
)


def webhooks_of(project: Project, table: str) -> tuple[RoutingWebhook, ...]:
    """Return the webhooks that ask a table."""
    every: tuple[RoutingWebhook, ...] = (*project.forwarding_numbers, *project.dial_plan_webhooks)
    return tuple(one for one in every if table in map(table_of, _urls(one)))


def tables_used(project: Project) -> tuple[str, ...]:
    """Return the names of the tables that webhooks of a project ask."""
    every: tuple[RoutingWebhook, ...] = (*project.forwarding_numbers, *project.dial_plan_webhooks)
    urls = (url for one in every for url in _urls(one))
    return tuple(dict.fromkeys(filter(None, map(table_of, urls))))


def _urls(webhook: RoutingWebhook) -> tuple[str, ...]:
    return webhook.first_url, webhook.fallback_url, webhook.shadow_url


def read_table(
    content: bytes, snapshot: ProjectSnapshot, name: str = ""
) -> DestinationTable | Mistakes:
    """Read a table for a project, or say what is wrong with it: each mistake with its line. Never raises.

    `name` says which webhooks ask it: one that asks where a call goes needs a destination in each row.
    """
    asking = webhooks_of(snapshot.project, name)
    return _Reading(snapshot, any(isinstance(one, ForwardingNumber) for one in asking)).read(
        content
    )


class _TooManyError(Exception):
    """So many mistakes are noted that reading on is in vain."""


class _Reading:
    """One table that is read."""

    def __init__(self, snapshot: ProjectSnapshot, needs_destination: bool) -> None:  # noqa: FBT001 (private)
        self._snapshot = snapshot
        self._needs_destination = needs_destination
        self._mistakes: list[Mistake] = []
        self._rows: dict[Where, dict[tuple[str, ...], TableRow]] = {}
        self._readers: dict[str, Callable[[str], str]] = {
            "caller": self._caller,
            "dialled": self._number,
            "code": _code,
        }

    def read(self, content: bytes) -> DestinationTable | Mistakes:
        try:
            self._read(content)
        except _TooManyError:
            self._mistakes.append(
                Mistake(line=0, path=(), problem=f"more than {MOST_MISTAKES} mistakes")
            )
        if self._mistakes:
            return Mistakes(tuple(self._mistakes))
        return DestinationTable(self._rows, sum(map(len, self._rows.values())))

    def _note(self, line: int, column: str, problem: str, advice: str = "") -> None:
        path = (column,) if column else ()
        self._mistakes.append(Mistake(line=line, path=path, problem=problem, advice=advice))
        if len(self._mistakes) >= MOST_MISTAKES:
            raise _TooManyError

    def _read(self, content: bytes) -> None:
        text = self._text(content)
        if text is None:
            return
        lines = _lines(*_without_sep_line(text))
        columns = self._columns(next(lines, (1, [], ""))[1])
        if columns is None:
            return
        size = 0
        for line, cells, trouble in lines:
            if trouble:
                self._note(line, "", trouble, "put cells with quotes or line breaks in quotes")
                return
            if not any(map(str.strip, cells)):
                continue
            size += 1
            if size > MOST_ROWS:
                self._note(line, "", f"more than {MOST_ROWS:,} rows", "leave some out")
                return
            self._row(line, cells, columns)
        if not size and not self._mistakes:
            self._note(1, "", "there is no row below the header", "write one")

    def _text(self, content: bytes) -> str | None:
        if len(content) > MOST_BYTES:
            self._note(0, "", f"the file is larger than {MOST_BYTES >> 20} MiB", "leave rows out")
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self._note(line, "", "this is not UTF-8", "save it as CSV UTF-8")
            return None

    def _columns(self, header: list[str]) -> list[str] | None:
        columns = [without_marks(cell).strip().lower() for cell in header]
        while (
            columns and not columns[-1]
        ):  # a spreadsheet writes as many as its widest row ever had
            columns.pop()
        for column in columns:
            if column not in COLUMNS:
                advice = f"the first line names the columns, of {', '.join(COLUMNS)}"
                self._note(1, "", f"{shown(column)} is no column", advice)
        for column in {one for one in columns if columns.count(one) > 1}:
            self._note(1, column, "the column stands twice", "leave one out")
        if not set(columns) & set(KEYS):
            self._note(1, "", f"none of the columns {', '.join(KEYS)} is there", "write one")
        if self._needs_destination and "destination" not in columns:
            self._note(1, "", "the column destination is missing", "write where calls go")
        return None if self._mistakes else columns

    def _row(self, line: int, cells: list[str], columns: list[str]) -> None:
        if len(cells) > len(columns) and any(map(str.strip, cells[len(columns) :])):
            problem = f"{len(cells)} cells stand under {len(columns)} columns"
            self._note(line, "", problem, "put a cell with a separator in it into quotes")
            return
        row = dict(zip(columns, (without_marks(cell).strip() for cell in cells), strict=False))
        before = len(self._mistakes)
        for column, cell in row.items():
            if len(cell) > LONGEST or not cell.isprintable():
                problem = f"the cell is longer than {LONGEST} characters, or not on one line"
                self._note(line, column, problem)
        keys = {column: self._key(line, column, row[column]) for column in KEYS if row.get(column)}
        destination = row.get("destination", "")
        self._check_destination(line, destination)
        if len(self._mistakes) > before:
            return
        made = TableRow(line=line, destination=destination, name=row.get("name", ""))
        stored = self._rows.setdefault(tuple(keys), {})
        known = stored.setdefault(tuple(keys.values()), made)
        if known is not made:
            of = ", ".join(f"{column} {shown(row[column])}" for column in keys) or "any call"
            self._note(line, "", f"{of} stands already on line {known.line}", "leave one out")

    def _key(self, line: int, column: str, cell: str) -> str:
        try:
            return self._readers[column](cell)
        except ValueError as error:
            problem, _, advice = str(error).partition("; ")
            self._note(line, column, problem, advice)
            return ""

    def _caller(self, cell: str) -> str:
        return WITHHELD if cell.lower() == WITHHELD else self._number(cell)

    def _number(self, cell: str) -> str:
        if self._snapshot.has_name(cell):
            return cell
        if _LOST.fullmatch(cell):
            raise ValueError(f"{shown(cell)} has lost digits; format the column as text")
        dialling = self._snapshot.project.dialling
        number = dialled_number(cell, dialling, self._snapshot.has_name)
        if not number:
            raise ValueError(
                f"{shown(cell)} is no number and no account; write it as +380441112233, or as people dial it"
            )
        return comparable(number, dialling)

    def _check_destination(self, line: int, destination: str) -> None:
        if not destination:
            if self._needs_destination:
                self._note(line, "destination", "the cell is empty", "write where the call goes")
            return
        said = read_targets(destination, self._snapshot)
        if said.notices or not said.targets:
            why = said.notices[0] if said.notices else f"{shown(destination)} names nothing"
            self._note(line, "destination", why.removeprefix("dropped "))


def _code(cell: str) -> str:
    if not _CODE.fullmatch(cell):
        raise ValueError(f"{shown(cell)} cannot be keyed; write 1 to 32 digits")
    return cell


def _without_sep_line(text: str) -> tuple[str, int, str]:
    """Return the text behind the line by which Excel tells itself the separator, its first line, and the separator."""
    found = _SEP_LINE.match(text)
    if found is not None:
        return text[found.end() :], 2, found[1]
    return text, 1, max(_DELIMITERS, key=text.partition("\n")[0].count)


def _lines(text: str, line: int, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield each record with the line that it begins on, and why the rest cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = line
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, [], f"the line cannot be read: {error}"
            return
        yield line, cells, ""
        line = reader.line_num + before


def first_mistakes(mistakes: Mistakes, most: int = 3) -> str:
    """Return the first mistakes in one line."""
    more = len(mistakes) - most
    said: Iterable[str] = map(str, mistakes.mistakes[:most])
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")
