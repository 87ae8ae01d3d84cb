"""Every SQL statement is named and described, fits the schema, and finds its rows by an index."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import switchhook.storage.sqlite
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.statements import parse, sql, statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

SOURCES = Path(switchhook.storage.sqlite.__file__).parent.rglob("*.py")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = open_to_write(None)
    yield connection
    connection.close()


def query_plan(connection: sqlite3.Connection, text: str) -> list[str]:
    names = set(re.findall(r":([a-z_]+)", text))
    values = dict.fromkeys(names) if names else [None] * text.count("?")
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]


@pytest.mark.parametrize("name", statements())
def test_a_statement_fits_the_schema_and_says_what_it_does(
    name: str, connection: sqlite3.Connection
) -> None:
    query_plan(connection, sql(name))
    description = statements()[name].description
    assert len(description) > 15
    assert description[0].isupper()
    assert description.endswith(".")


def test_a_step_of_a_running_call_changes_no_index(connection: sqlite3.Connection) -> None:
    """Each index is a page more to write with each of a call's five or six steps."""

    def changed(name: str) -> set[str]:
        program = connection.execute(f"EXPLAIN {sql(name)}", [None] * 6).fetchall()
        return {row[1] for row in program}

    assert "IdxDelete" in changed("save_call")
    assert "IdxDelete" not in changed("save_live_call")


@pytest.mark.parametrize("name", statements())
def test_a_statement_that_takes_values_by_place_says_which(name: str) -> None:
    statement = statements()[name]
    places = statement.sql.count("?")
    if places:
        _, _, takes = statement.description.partition("Takes: ")
        assert len(takes.split(", ")) == places


@pytest.mark.parametrize("name", statements())
def test_every_statement_is_used(name: str) -> None:
    base = re.sub(r"_(of_project|party|ending|failed|unusual)$", "", name)
    assert any(re.search(f'"{base}["{{]', file.read_text()) for file in sorted(SOURCES_READ))


SOURCES_READ = tuple(SOURCES)


FEW = {
    *("latest_versions", "registrations", "registrations_at", "take_registrations"),
    *("drop_registrations", "other_nodes", "subscriptions", "subscription_numbers"),
    *(
        "tokens",
        "users",
        "delete_token",
        "hang_ups",
        "version_numbers",
        "changes",
        "incidents",
        "delete_bulk_jobs",
        "delete_delivery_hours",
        "delete_links",
    ),
}
"""What goes through all there is, where that is not much: tokens are made by hand, a project has a hundred
subscriptions at most, a wish to hang up is deleted within a second, an incident is of one
endpoint, people start jobs, a year has 8,766 hours, and a user has one link of a kind."""


@pytest.mark.parametrize("name", sorted(set(statements()) - FEW))
def test_no_statement_reads_a_whole_table(name: str, connection: sqlite3.Connection) -> None:
    """Projects, telephones, tokens and subscriptions are few; the rest grows to millions of rows."""
    for line in query_plan(connection, sql(name)):
        if line.startswith("SCAN"):
            assert is_bounded(line), line


def is_bounded(line: str) -> bool:
    """Say whether a scan stops early or has few rows: partial indexes, recursion's own table, what a LIMIT ends."""
    words = (
        "_seen",
        "_until",
        "deliveries_given_up",
        "deliveries_unsettled",
        "calls_live",
        "kinds",
        "bulk_jobs_running",
        "call_imports_queued",
        "of_events",
        "shown",
        "(subquery",
        "of_calls",
        "CONSTANT ROW",
        "known_projects",
        "hooks",
        "told",
        "given",
        "settled",
        "(subquery-",
        "VIRTUAL TABLE",
    )
    return line == "SCAN p" or any(word in line for word in words)  # `p` are the known projects


def test_a_statement_needs_a_name_and_a_description() -> None:
    with pytest.raises(ValueError, match="before the first name"):
        parse("SELECT 1;")
    with pytest.raises(ValueError, match="needs a description"):
        parse("-- name: one\nSELECT 1;")
    with pytest.raises(ValueError, match="needs a description, then SQL"):
        parse("-- name: one\n-- Read one.\nSELECT 1")
    with pytest.raises(ValueError, match="twice"):
        parse("-- name: one\n-- Read.\nSELECT 1;\n-- name: one\n-- Read.\nSELECT 1;")


def test_a_description_may_have_several_lines() -> None:
    found = parse("-- name: one\n-- Read one\n-- thing.\nSELECT 1;\n")
    assert found["one"].description == "Read one thing."
    assert found["one"].sql == "SELECT 1"
