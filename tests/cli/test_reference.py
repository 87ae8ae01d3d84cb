"""Tables for the docs are made of what the code runs, and put where a page marks their place."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, is_dataclass
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any, cast

import pytest

from switchhook.cli.reference import main, markdown, tables, write_tables
from switchhook.projectfile.schema import event as event_schema
from switchhook.projectfile.schema import event_stream as stream_schema
from switchhook.projectfile.schema import project as project_schema
from switchhook.projectfile.schema import scheme as scheme_schema
from switchhook.projectfile.schema import webhook as webhook_schema
from switchhook.projectfile.toml.tables import DECLARED, REQUIRED, Table, TableKey, Variants
from switchhook.projectfile.toml.value_types import Text, Whole

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "# Steps\n<!-- table: step-hang-up -->\nold\n<!-- end of table -->\nThe end.\n"


def test_a_table_takes_its_place() -> None:
    written = write_tables(PAGE)

    assert "old" not in written
    assert "| `hang_up` | 400 to 699 | required | SIP status that the caller gets" in written
    assert written.startswith("# Steps\n<!-- table: step-hang-up -->\n| key |")
    assert written.endswith("<!-- end of table -->\nThe end.\n")
    assert write_tables(written) == written


def test_a_mark_that_names_no_table_is_refused() -> None:
    with pytest.raises(KeyError):
        write_tables("<!-- table: nothing -->\n<!-- end of table -->")


def test_every_table_has_rows_of_equal_width() -> None:
    for text in tables().values():
        rows = text.replace("\\|", "").splitlines()
        assert len({row.count("|") for row in rows}) == 1
        assert len(rows) > 2


def test_markdown_is_written() -> None:
    assert markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_pages_are_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    monkeypatch.setattr("sys.argv", ["reference", str(tmp_path)])

    main()

    assert (tmp_path / "page.md").read_text() == write_tables(PAGE)


def _tables() -> list[tuple[str, Table]]:
    modules = (event_schema, project_schema, scheme_schema, stream_schema, webhook_schema)
    return [
        (name, value)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Table) and is_dataclass(value.make)
    ]


@pytest.mark.row("FT-01")
@pytest.mark.parametrize(("name", "table"), _tables(), ids=lambda one: str(one)[:30])
def test_a_key_left_out_means_what_the_value_means_without_it(name: str, table: Table) -> None:
    """The value's class declares the default, and the file takes it from there."""
    for key in table.keys:
        if key.is_marker:
            continue
        declared = _declared(table, key)
        assert declared
        assert key.default is not DECLARED
        for default in declared:
            if key.default is not REQUIRED and default is not MISSING:
                assert key.default == default, f"{name}.{key.name}"


def _declared(table: Table, key: TableKey) -> list[object]:
    """Return the defaults of the classes that have the key's attribute."""
    part, _, attribute = key.attr.rpartition(".")
    made = table.parts[part] if part else table.make
    if isinstance(made, Variants) and key.name == made.key:
        return [getattr(default, attribute) for default in _defaults(table.make, part)]
    kinds = made.of.values() if isinstance(made, Variants) else (made,)
    return [default for kind in kinds for default in _defaults(kind, attribute)]


def _defaults(kind: object, attribute: str) -> list[Any]:
    return [one.default for one in dataclass_fields(cast("Any", kind)) if one.name == attribute]


@dataclass(frozen=True, kw_only=True)
class Toy:
    """A value with a default."""

    name: str
    size: int = 3


@pytest.mark.row("FT-01")
@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (
            TableKey("size", Whole(least=0, most=9), "", default=3),
            "the default of size stands twice",
        ),
        (TableKey("name", Text(), "", default=DECLARED), "the default of name is declared nowhere"),
    ],
)
def test_a_default_stands_once(key: TableKey, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Table(make=Toy, keys=(key,))


@pytest.mark.row("FT-01")
def test_a_default_is_taken_from_the_value_s_class() -> None:
    size = TableKey("size", Whole(least=0, most=9), "", default=DECLARED)
    (key,) = Table(make=Toy, keys=(size,)).keys
    assert key.default == 3
