"""A list of deliveries shows all that can be read, reads by index alone, and says how far a search came."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.domain.event import EventKind
from switchhook.storage.records import MAIN, Count, DeliveryFilter
from switchhook.storage.sqlite import history
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.lists import deliveries as lists
from switchhook.storage.sqlite.rows import (
    attempt_to_row,
    call_to_row,
    delivery_to_row,
    settling_to_row,
)
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import HOUR, OpenHours
from tests.support.promises import CIPHER, DOWN, OCCURRED, attempt, call, delivery

if TYPE_CHECKING:
    import sqlite3

    from switchhook.storage.delivery import Delivery
    from switchhook.storage.records import DeliveryList


@pytest.mark.parametrize("project", [None, "shop"])
@pytest.mark.parametrize("state", ["all", "pending", "delivered", "failed"])
def test_a_delivery_that_cannot_be_decrypted_does_not_stop_a_list(
    project: str | None, state: DeliveryList
) -> None:
    one, two, three = (delivery("c1", seq) for seq in (1, 2, 3))
    with closing(open_to_write(None)) as connection:
        connection.execute(sql("save_call"), call_to_row(call("c1"), MAIN))
        for made in (one, two, three):
            connection.execute(sql("promise"), delivery_to_row(made, CIPHER, MAIN))
            if state in {"delivered", "failed"}:
                tried = attempt(made, failure=DOWN if state == "failed" else None)
                connection.execute(sql("add_attempt"), attempt_to_row(tried))
                connection.execute(sql("settle"), settling_to_row(tried))
        connection.execute("UPDATE deliveries SET request = x'0102' WHERE number = 2")
        with capture_logs() as logs:
            listed = lists.search(
                connection,
                cipher=CIPHER,
                which=DeliveryFilter(project=project, state=state),
                limit=50,
            ).rows
            of_call = history.deliveries_of_call(connection, cipher=CIPHER, call_id="c1")
    assert [row.delivery for row in listed] == [three, one]
    assert [row.delivery for row in of_call] == [one, three]
    assert [line["id"] for line in logs] == [two.id, two.id]
    assert logs[0]["event"] == "delivery not read"
    assert logs[0]["error"].startswith("delivery 'c1.2.crm' of project 'shop' cannot be decrypted")


def plan_of(connection: sqlite3.Connection, name: str) -> list[str]:
    values = dict.fromkeys(re.findall(r":([a-z_]+)", sql(name)))
    read = connection.execute(f"EXPLAIN QUERY PLAN {sql(name)}", values).fetchall()
    return [row["detail"] for row in read]


@pytest.mark.parametrize(
    ("name", "index"),
    [
        (
            "list_of_webhook",
            "INDEX deliveries_of_webhook (project=? AND webhook=? AND number>? AND number<?)",
        ),
        (
            "list_given_up",
            "INDEX deliveries_given_up (project=? AND webhook=? AND given_up=? AND <expr>=?",
        ),
        ("list_waiting", "INDEX deliveries_unsettled (number>? AND number<?)"),
        ("list_of_call", "sqlite_autoindex_deliveries_1 (project=? AND id>? AND id<?)"),
        ("reach_of_webhook", "COVERING INDEX deliveries_of_webhook (project=? AND webhook=?"),
        ("reach_given_up", "INDEX deliveries_given_up (project=? AND webhook=? AND given_up=?"),
        ("reach_waiting", "INDEX deliveries_unsettled (number>? AND number<?)"),
        ("told_webhooks", "INDEX deliveries_of_webhook (project=?"),
        ("webhooks_given_up", "INDEX deliveries_given_up (project=?"),
        (
            "unchecked_by_webhook",
            "INDEX deliveries_given_up (project=? AND webhook=? AND given_up=?",
        ),
    ],
)
def test_a_list_reads_one_index_in_its_order(name: str, index: str) -> None:
    with closing(open_to_write(None)) as connection:
        plan = plan_of(connection, name)
    assert any(index in line for line in plan), plan
    is_sorted = [line for line in plan if "TEMP B-TREE" in line]
    assert not is_sorted or name == "list_of_call"


def promised(connection: sqlite3.Connection, *made: Delivery) -> None:
    """Promise deliveries as a store does."""
    given = [delivery_to_row(one, CIPHER, MAIN) for one in made]
    OpenHours().see_to(connection, given)
    connection.executemany(sql("promise"), given)


def filled(connection: sqlite3.Connection, *, count: int, webhook: str = "crm") -> None:
    """Promise so many deliveries, each an hour after the one before."""
    for seq in range(1, count + 1):
        made = delivery("c1", seq, webhook=webhook)
        promised(connection, replace(made, occurred_at=OCCURRED + seq * HOUR))


def test_a_search_stops_after_so_many_and_goes_on_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lists, "MOST_ALONG", 4)
    monkeypatch.setattr(lists, "LEAST", 1)
    with closing(open_to_write(None)) as connection:
        connection.execute(sql("save_call"), call_to_row(call("c1"), MAIN))
        filled(connection, count=10)
        rare = replace(delivery("c1", 99), event=EventKind.OUTGOING_AFTER, occurred_at=OCCURRED)
        promised(connection, rare)
        filled(connection, count=10, webhook="erp")
        for project in ("shop", None):
            which = DeliveryFilter(project=project, event="outgoing.after")
            for is_forward in (False, True):
                found: list[str] = []
                ends: list[float | None] = []
                place: int | None = 0 if is_forward else None
                while place is not None or not ends:
                    turn = {"after": place} if is_forward else {"before": place}
                    page = lists.search(connection, cipher=CIPHER, which=which, limit=5, **turn)
                    found += [row.delivery.id for row in page.rows]
                    ends.append(page.searched_to)
                    place = page.next
                assert found == [rare.id]
                assert len(ends) > 4
                assert all(end is not None for end in ends[:-1])
                assert ends[-1] is None
            assert lists.count(connection, which=which) == Count(number=1, is_more=True)
        one = lists.search(connection, cipher=CIPHER, which=DeliveryFilter(webhook="crm"), limit=5)
        assert (len(one.rows), one.searched_to) == (5, None)


def test_a_time_is_found_without_a_look_at_what_is_newer_whatever_came_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lists, "MOST_ALONG", 6)
    monkeypatch.setattr(lists, "LEAST", 1)
    with closing(open_to_write(None)) as connection:
        connection.execute(sql("save_call"), call_to_row(call("c1"), MAIN))
        filled(connection, count=50)

        def between(since: float, until: float) -> tuple[list[int], int | None]:
            which = DeliveryFilter(
                project="shop", since=OCCURRED + since * HOUR, until=OCCURRED + until * HOUR
            )
            page = lists.search(connection, cipher=CIPHER, which=which, limit=5)
            return [row.delivery.seq for row in page.rows], page.next

        assert between(10, 13) == ([12, 11, 10], None)
        assert between(60, 61) == ([], None)
        assert between(-9, -8) == ([], None)
        late = replace(delivery("c1", 99), occurred_at=OCCURRED + 11.5 * HOUR)
        promised(connection, late)
        rows, place = between(10, 13)
        assert rows[:1] == [99]
        assert place is not None
        assert between(14, 17) == ([16, 15, 14], None)
        filled(connection, count=53)  # those after the late one
        assert between(50.5, 99) == ([53, 52, 51], None)
