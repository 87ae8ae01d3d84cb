"""Finds the line of everything in a TOML document.

Written by hand because nothing gives it: `tomllib` and `tomlkit` return values without positions. It
only has to find its way through text that `tomllib` has accepted, so it checks nothing; where the
two should ever disagree, the nearest line above is the answer, never an error.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
"""Where a value stands: table names, keys, and places in arrays from 0."""

MAX_DEPTH = 50
"""Parts of a path whose line is kept: more than any document of ours has, and few enough to keep for each value
of a hostile one."""
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''', re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}\n#]*")


class Lines:
    """The line of each table, key and array item; lines count from 1."""

    def __init__(self, text: str) -> None:
        self._found: dict[KeyPath, int] = {}
        _Scanner(text.replace("\r\n", "\n"), self._found).document()

    def of(self, path: KeyPath) -> int:
        """Return the line of `path`, or of the nearest key above it; else 1."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._found:
                return self._found[path[:end]]
        return 1


def headers_in(text: str) -> tuple[tuple[int, KeyPath], ...]:
    """Return where each header begins, and the path of its table. `text` has no carriage returns."""
    scanner = _Scanner(text, {})
    scanner.document()
    return tuple(scanner.headers)


class _Scanner:
    """Walks through the text once; every method leaves `pos` behind what it read."""

    def __init__(self, text: str, found: dict[KeyPath, int]) -> None:
        self.headers: list[tuple[int, KeyPath]] = []
        self._text = text
        self._pos = 0
        self._found = found
        self._newlines = [i for i, char in enumerate(text) if char == "\n"]
        self._counts: dict[KeyPath, int] = {}
        """How many tables each array of tables has so far."""

    def document(self) -> None:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._pos < len(self._text):
            start = self._pos
            if self._text.startswith("[", start):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
            if self._pos == start:  # no TOML that was accepted; do not turn for ever
                return

    def _header(self) -> KeyPath:
        start = self._pos
        is_array = self._text.startswith("[[", start)
        self._pos += 2 if is_array else 1
        keys = self._keys()
        self._pos += 2 if is_array else 1
        path: KeyPath = ()
        for key in keys[:-1]:
            path = self._inside((*path, key))
        path = (*path, *keys[-1:])
        self._note(path, start)
        if is_array:
            count = self._counts.get(path, 0)
            self._counts[path] = count + 1
            path = (*path, count)
            self._note(path, start)
        self.headers.append((start, path))
        return path

    def _inside(self, path: KeyPath) -> KeyPath:
        """Go into the latest table of an array of tables."""
        count = self._counts.get(path)
        return path if count is None else (*path, count - 1)

    def _pair(self, table: KeyPath) -> None:
        start = self._pos
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self._pos += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if not self._text.startswith(".", self._pos):
                return keys
            self._pos += 1

    def _key(self) -> str:
        start = self._pos
        if (self._text[start : start + 1] or " ") not in "\"'":
            self._skip(_BARE_KEY)
            return self._text[start : self._pos]
        self._skip(_STRING)
        return _unquoted(self._text[start : self._pos])

    def _value(self, path: KeyPath) -> None:
        match self._text[self._pos : self._pos + 1]:
            case '"' | "'":
                self._skip(_STRING)
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._pos += 1
        for index in range(len(self._text)):
            self._skip(_BLANK)
            if self._at_end_of("]"):
                return
            start = self._pos
            self._note((*path, index), start)
            self._value((*path, index))
            self._skip_comma()
            if self._pos == start:
                return

    def _inline_table(self, path: KeyPath) -> None:
        self._pos += 1
        while True:
            self._skip(_BLANK)
            if self._at_end_of("}"):
                return
            start = self._pos
            self._pair(path)
            self._skip_comma()
            if self._pos == start:
                return

    def _at_end_of(self, bracket: str) -> bool:
        if self._pos >= len(self._text):
            return True
        if self._text[self._pos] == bracket:
            self._pos += 1
            return True
        return False

    def _skip_comma(self) -> None:
        self._skip(_BLANK)
        if self._text.startswith(",", self._pos):
            self._pos += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._pos)
        if found is not None:
            self._pos = found.end()

    def _note(self, path: KeyPath, pos: int) -> None:
        if len(path) <= MAX_DEPTH:
            self._found.setdefault(path, bisect_right(self._newlines, pos - 1) + 1)


def _unquoted(key: str) -> str:
    """Let `tomllib` undo the escapes of a quoted key."""
    try:
        (name,) = tomllib.loads(f"{key} = 0")
    except ValueError:
        return key
    return name
