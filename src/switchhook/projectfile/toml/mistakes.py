"""The mistakes of a document: where, what, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from switchhook.projectfile.toml.lines import KeyPath, Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
SHOWN = 40
"""Characters of a wrong value that a message repeats."""
MAX_MISTAKES = 1000
"""Mistakes that one document is read for: to look for near names takes its time."""
MAX_REMARKS = 100
"""Remarks on former names of keys in one document."""
MAX_COMPARED = 1000
"""Names among which a near one is looked for."""
MAX_NAMED = 30
"""Names that an advice lists."""


class TooManyMistakesError(Exception):
    """So many mistakes are noted that reading on is in vain; the last of the notes says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing to put right. Holds no secret."""

    line: int
    """From 1; 0 where the document has no lines."""
    path: KeyPath
    problem: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"line {self.line}: " if self.line else ""
        place = f"{written(self.path)}: " if self.path else ""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{line}{place}{self.problem}{advice}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule finds wrong in the value that a table made."""

    path: KeyPath
    """Counted from the table."""
    problem: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Everything that is wrong with a document, in the order of its lines. Never empty."""

    mistakes: tuple[Mistake, ...]

    def __post_init__(self) -> None:
        if not self.mistakes:
            raise ValueError("no mistakes are a good document")

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)

    def __len__(self) -> int:
        return len(self.mistakes)


class Notes:
    """Gathers mistakes while a document is read."""

    def __init__(self, text: str | None = None, *, judges: bool = True) -> None:
        """`judges`: whether tables are held to what goes together in them, and not to their keys alone.

        The lines of a text are looked for when the first mistake is noted: usually there is none.
        """
        self.judges = judges
        self._text = text
        self._lines: Lines | None = None
        self._found: dict[Mistake, None] = {}
        self._written: dict[KeyPath, KeyPath] = {}
        """Where the document has what is read at a path, for those where it is elsewhere."""
        self._remarks: dict[KeyPath, str] = {}
        """What there is to say of former names, by where they stand in the document."""

    def rename(self, path: KeyPath, former: str, remark: str) -> None:
        """Note that the key at `path` is written under a former name."""
        written = (*self._as_written(path[:-1]), former)
        self.move(path, written)
        self.remark(written, remark)

    def move(self, path: KeyPath, written: KeyPath) -> None:
        """Note where the document has what is read at `path`."""
        self._written[path] = written

    def remark(self, written: KeyPath, remark: str) -> None:
        """Note what there is to say of a place of the document."""
        self._remarks[written] = remark

    def remarks(self) -> Iterator[str]:
        """Yield what is to be said of former names and of values, with their lines."""
        remarks = [
            Mistake(line=self._line(path), path=path, problem=remark)
            for path, remark in islice(self._remarks.items(), MAX_REMARKS)
        ]
        yield from map(str, sorted(remarks, key=lambda remark: remark.line))
        if (more := len(self._remarks) - len(remarks)) > 0:
            yield f"{more} more keys stand under former names"

    def _as_written(self, path: KeyPath) -> KeyPath:
        """Return a path with the names that the document has."""
        for end in range(len(path), 0, -1) if self._written else ():
            if path[:end] in self._written:
                return (*self._written[path[:end]], *path[end:])
        return path

    def add(self, path: KeyPath, problem: str, advice: str = "") -> None:
        """Note one mistake; the same one twice is noted once. Raises TooManyMistakesError."""
        line = self.line(path)
        if len(self._found) >= MAX_MISTAKES:
            problem = f"there are more than {MAX_MISTAKES} mistakes"
            more = Mistake(line=line, path=(), problem=problem, advice="mend the others first")
            self._found[more] = None
            raise TooManyMistakesError(str(more))
        mistake = Mistake(line=line, path=self._as_written(path), problem=problem, advice=advice)
        self._found[mistake] = None

    def __len__(self) -> int:
        return len(self._found)

    def line(self, path: KeyPath) -> int:
        """Return the line of `path`, 0 where the document has none."""
        return self._line(self._as_written(path))

    def _line(self, written: KeyPath) -> int:
        if self._text is None:
            return 0
        if self._lines is None:
            try:
                self._lines = Lines(self._text)
            except RecursionError:  # nested more deeply than a person writes
                self._text = None
                return 0
        return self._lines.of(written)

    def all(self) -> Mistakes | None:
        """Return what was noted, or None."""
        if not self._found:
            return None
        return Mistakes(tuple(sorted(self._found, key=lambda mistake: mistake.line)))


def written(path: KeyPath) -> str:
    """Write a path as people know it: `schemes[0].steps[2].ring`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else repr(part))
    return text


def shown(value: object) -> str:
    """Repeat a value in a message: shortened, on one line."""
    # A hexadecimal number may have more digits than Python writes in decimal ones.
    if isinstance(value, int) and value.bit_length() > 4 * SHOWN:
        return "a number of very many digits"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return an advice: the nearest known name, or the list of them; "" for none or too many."""
    names = sorted(known)
    # A short word differs by much in one letter; of long ones, less than that is another word.
    cutoff = 0.6 if len(name) < 6 else 0.72
    compared = names if len(names) <= MAX_COMPARED else []
    near = get_close_matches(name, compared, n=1, cutoff=cutoff)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(names)}" if 0 < len(names) <= MAX_NAMED else ""
