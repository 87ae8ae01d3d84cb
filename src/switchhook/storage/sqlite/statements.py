"""SQL stands in `.sql` files as named, described statements; this reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"^-- name: (?P<name>[a-z_]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement: `-- name: …`, comment lines that describe it, then the SQL up to its semicolon."""

    name: str
    description: str
    sql: str


def parse(text: str) -> dict[str, Statement]:
    """Read the statements of one file. Raises ValueError where one is not named and described."""
    head, *parts = _NAME.split(text)
    if head.strip():
        raise ValueError(f"SQL before the first name: {head.strip()[:60]!r}")
    found: dict[str, Statement] = {}
    for name, part in zip(parts[::2], parts[1::2], strict=True):
        lines = part.strip().splitlines()
        comments = [line for line in lines if line.startswith("--")]
        sql = "\n".join(lines[len(comments) :]).strip()
        if not comments or comments != lines[: len(comments)] or not sql.endswith(";"):
            raise ValueError(f"statement {name!r} needs a description, then SQL that ends with ';'")
        if name in found:
            raise ValueError(f"statement {name!r} stands there twice")
        description = " ".join(line.removeprefix("--").strip() for line in comments)
        found[name] = Statement(name=name, description=description, sql=sql.removesuffix(";"))
    return found


@cache
def statements() -> Mapping[str, Statement]:
    """Return every statement of `queries/sqlite/` by its name; a name is unique among all files."""
    found: dict[str, Statement] = {}
    folder = resources.files("switchhook.storage").joinpath("queries", "sqlite")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for name, statement in parse(file.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{file.name}: statement {name!r} stands in another file, too")
            found[name] = statement
    return found


def sql(name: str) -> str:
    """Return the SQL of the statement called `name`."""
    return statements()[name].sql
