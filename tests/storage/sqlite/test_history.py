"""Whoever asks of the past gets all of it that can be read."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.storage.records import MAIN
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
    from switchhook.storage.records import DeliveryFilter


@pytest.mark.parametrize("project", [None, "shop"])
@pytest.mark.parametrize("state", ["all", "pending", "delivered", "failed"])
def test_a_delivery_that_cannot_be_decrypted_does_not_stop_a_list(
    project: str | None, state: DeliveryFilter
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
                project=project,
                state=state,
                webhook=None,
                limit=50,
                before=None,
            )
            of_call = history.deliveries_of_call(connection, cipher=CIPHER, call_id="c1")
    assert [row.delivery for row in listed] == [three, one]
    assert [row.delivery for row in of_call] == [one, three]
    assert [line["id"] for line in logs] == [two.id, two.id]
    assert logs[0]["event"] == "delivery not read"
    assert logs[0]["error"].startswith("delivery 'c1.2.crm' of project 'shop' cannot be decrypted")
