"""Prints to a terminal, and JSON for programs."""

import codecs
import json
import re
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper

import msgspec
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from switchhook.views.text import one_line

UNDECODED = re.compile("[\udc80-\udcff]")
"""Stands for a byte of the command line or of a file's name that is no UTF-8 text (PEP 383)."""
_UNPRINTABLE = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Controls that JSON lets stand as they are: those of terminals above ASCII, and of the direction of writing."""
_UNBOUNDED = 100_000
"""Columns outside of a terminal: each row of a table is one line, for grep and the like."""
_LONGEST_ID = 44
"""Characters of a first column that are kept on one line, so that they can be copied."""


def stdout() -> Console:
    """Return a console on standard output; plain text is never wrapped or read as markup."""
    width = None if sys.stdout.isatty() else _UNBOUNDED
    return Console(highlight=False, markup=False, soft_wrap=True, width=width)


def stderr() -> Console:
    """Return the same on standard error."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print one JSON document, indented, without control characters."""
    document = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    print_whole(f"{_UNPRINTABLE.sub(_escaped, document)}\n".encode())


def _escaped(found: re.Match[str]) -> str:
    """Write a character as JSON's escape for it, two of them above U+FFFF; it stands in a string, or is none."""
    return json.dumps(found[0])[1:-1]


def print_whole(data: bytes) -> None:
    """Print what programs read, byte for byte, whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def print_what_can_be() -> None:
    """Print a mark for each character that the terminal's encoding lacks, and go on."""
    codecs.register_error("switchhook.mark", _mark)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="switchhook.mark")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Name the byte that is no text in hexadecimal digits; of other characters say that there is one."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    marks = (f"\\x{ord(char) - 0xDC00:02x}" if UNDECODED.match(char) else "?" for char in lacking)
    return "".join(marks), error.end


def print_left_over(clauses: Iterable[str]) -> None:
    """Say which options of a call were given in vain."""
    for clause in clauses:
        stderr().print(f"switchhook: not used: {one_line(clause)}")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: one line a row if it fits, else broken at the cells' line breaks.

    Nothing else in a cell moves the cursor.
    """
    console = stdout()
    rows = [["\n".join(map(one_line, cell.split("\n"))) for cell in row] for row in rows]
    wide = table(columns, [[cell.replace("\n", " ") for cell in row] for row in rows])
    whole = max(_LONGEST_ID, console.width // 2)
    room = console.options.update_width(_UNBOUNDED)
    fits = Measurement.get(console, room, wide).maximum <= console.width
    console.print(wide if fits else table(columns, rows, longest_id=whole))


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, longest_id: int = _LONGEST_ID
) -> Table:
    """Make a table; long cells are folded, never cut."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for place, column in enumerate(columns):
        longest = max((cell_len(row[place]) for row in rows), default=0)
        made.add_column(
            column, overflow="fold", no_wrap=not place and longest <= longest_id, min_width=6
        )
    for row in rows:
        made.add_row(*row)
    return made
