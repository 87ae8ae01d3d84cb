"""A database as the version before deliveries were encrypted wrote it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.storage.records import MAIN
from switchhook.storage.sqlite.connection import migrate, migrations
from switchhook.storage.sqlite.rows import attempt_to_row, call_to_row
from switchhook.webhooks.http import HttpRequest
from tests.support.promises import attempt, ended

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.delivery import Delivery

LATER = 4e9
"""When their calls ended: retention is not due."""
CALL = "INSERT INTO calls (project, call, state, ended_at, value) VALUES (?, ?, ?, ?, ?)"
PROMISE = """
INSERT INTO deliveries (
    project, id, call, seq, event, webhook, occurred_at, method, url, headers, body,
    success_codes, response_timeout, keep_alive
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
"""With URL, headers and each success code in clear."""
ATTEMPT = """
INSERT INTO attempts (
    number, at, seconds, status, failure, detail, answer, is_last, project, delivery
)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, d.project, d.number
FROM deliveries AS d
WHERE d.project = ? AND d.id = ?
"""
"""Without what an endpoint asked for."""


def make_former(
    path: Path,
    *,
    within: ProjectSnapshot,
    settled: tuple[Delivery, ...],
    waiting: tuple[Delivery, ...],
) -> None:
    """Make the database, with ended calls of a plan's project that these deliveries tell of."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, migrations()[:3])
        for made in (*settled, *waiting):
            call = replace(ended(made.call), snapshot=within, ended_at=LATER)
            _, *row = call_to_row(call, MAIN)
            connection.execute(CALL, row)
            connection.execute(PROMISE, _row(made))
        for made in settled:
            connection.execute(ATTEMPT, former_attempt(made))


def former_attempt(made: Delivery, *, number: int = 1) -> tuple[object, ...]:
    """Return what `ATTEMPT` takes."""
    *before, _asked, _facts, project, delivery_id = attempt_to_row(attempt(made, number=number))
    return (*before, project, delivery_id)


def _row(made: Delivery) -> tuple[str | int | float | bytes, ...]:
    request = made.request
    assert isinstance(request, HttpRequest)
    return (
        *(made.project, made.id, made.call, made.seq, made.event.value, made.webhook),
        *(made.occurred_at, request.method, request.url, json.dumps(request.headers), request.body),
        *(json.dumps(made.success_codes), made.response_timeout, made.keep_alive),
    )
