"""Whoever asks of the past gets all of it that can be read."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.storage.records import MAIN, DeliveryFilter
from switchhook.storage.sqlite import history
from switchhook.storage.sqlite.connection import open_to_write
from switchhook.storage.sqlite.rows import (
    attempt_to_row,
    call_to_row,
    delivery_to_row,
    settling_to_row,
)
from switchhook.storage.sqlite.statements import sql
from tests.support.promises import CIPHER, DOWN, attempt, call, delivery

if TYPE_CHECKING:
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
            listed = history.deliveries(
                connection,
                cipher=CIPHER,
                which=DeliveryFilter(project=project, state=state),
                limit=50,
            )
            of_call = history.deliveries_of_call(connection, cipher=CIPHER, call_id="c1")
    assert [row.delivery for row in listed] == [three, one]
    assert [row.delivery for row in of_call] == [one, three]
    assert [line["id"] for line in logs] == [two.id, two.id]
    assert logs[0]["event"] == "delivery not read"
    assert logs[0]["error"].startswith("delivery 'c1.2.crm' of project 'shop' cannot be decrypted")


def test_what_needs_somebody_is_found_without_a_look_at_what_does_not() -> None:
    """A list of given up deliveries, and a count of each webhook's, read the index of these alone, in its order."""
    with closing(open_to_write(None)) as connection:
        for name in ("given_up", "unchecked_by_webhook"):
            values = dict.fromkeys(re.findall(r":([a-z_]+)", sql(name)))
            plan = connection.execute(f"EXPLAIN QUERY PLAN {sql(name)}", values).fetchall()
            reads = [row["detail"] for row in plan if " w USING" in row["detail"]]
            assert all(
                "INDEX deliveries_given_up (project=? AND webhook=? AND given_up=? AND <expr>=?"
                in read
                for read in reads
            ), reads
            assert reads
