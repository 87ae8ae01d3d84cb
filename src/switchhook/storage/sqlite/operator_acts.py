"""What operators want done, in a database: running calls ended, deliveries checked or sent again, one or all of a filter."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from switchhook.storage.records import (
    BulkAct,
    BulkJob,
    BulkState,
    ChangedMeanwhileError,
    ChangeKind,
    DeliveryFilter,
    SentAgain,
    WantedHangUp,
)
from switchhook.storage.sqlite import changes, rows
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction
from switchhook.storage.stored_json import from_json, to_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from switchhook.storage.delivery import Attempt
    from switchhook.storage.encryption import Cipher

_filter = msgspec.json.Decoder(DeliveryFilter)


def add_hang_up(connection: sqlite3.Connection, *, wanted: WantedHangUp, now: float) -> None:
    """Write a wish; of two for one call the first stays."""
    values = {
        "project": wanted.project,
        "call": wanted.call,
        "wanted_by": wanted.by,
        "wanted_at": now,
    }
    with transaction(connection):
        connection.execute(sql("add_hang_up"), values)
        changes.note(connection, ChangeKind.HANG_UPS)


def hang_ups(connection: sqlite3.Connection, *, node: str) -> tuple[WantedHangUp, ...]:
    """Return the wishes for a node's calls, oldest first."""
    rows = connection.execute(sql("hang_ups"), {"node": node})
    return tuple(
        WantedHangUp(project=row["project"], call=row["call"], by=row["wanted_by"]) for row in rows
    )


def delete_hang_up(connection: sqlite3.Connection, *, project: str, call: str) -> None:
    """Delete a wish that was fulfilled."""
    with transaction(connection):
        connection.execute(sql("delete_hang_up"), {"project": project, "call": call})


def check(
    connection: sqlite3.Connection,
    *,
    named: Sequence[tuple[str, str]],
    by: str,
    at: float,
    job: BulkJob | None,
    node: str,
) -> int:
    """Write who checked deliveries, and return how many needed somebody."""
    values = [{"project": project, "id": id_, "by": by, "at": at} for project, id_ in named]
    with transaction(connection):
        done = _changed(connection, "check_delivery", values)
        _advance(connection, job, node, done=done, of=len(named))
    return done


def uncheck(
    connection: sqlite3.Connection,
    *,
    named: Sequence[tuple[str, str]],
    job: BulkJob | None,
    node: str,
) -> int:
    """Forget who checked deliveries, and return how many somebody had."""
    values = [{"project": project, "id": id_} for project, id_ in named]
    with transaction(connection):
        done = _changed(connection, "uncheck_delivery", values)
        _advance(connection, job, node, done=done, of=len(named))
    return done


def _changed(
    connection: sqlite3.Connection, name: str, values: Sequence[Mapping[str, object]]
) -> int:
    return sum(connection.execute(sql(name), one).rowcount for one in values)


def send_again(
    connection: sqlite3.Connection,
    *,
    named: Sequence[tuple[str, str]],
    cipher: Cipher,
    job: BulkJob | None,
    node: str,
) -> tuple[SentAgain, ...]:
    """Have settled deliveries wait for a further attempt, and return those; one that cannot be read stays settled."""
    with transaction(connection):
        found = sorted(_settled(connection, named, cipher), key=itemgetter(0))
        for _, one in found:
            key = {"project": one.delivery.project, "id": one.delivery.id, "node": node}
            connection.execute(sql("send_again"), key)
        _advance(connection, job, node, done=len(found), of=len(named))
    return tuple(one for _, one in found)


def _settled(
    connection: sqlite3.Connection, named: Sequence[tuple[str, str]], cipher: Cipher
) -> Iterator[tuple[int, SentAgain]]:
    """Yield those that are settled, with their numbers."""
    for project, id_ in dict.fromkeys(named):
        key = {"project": project, "id": id_}
        settled = connection.execute(sql("settled_delivery"), key).fetchall()

        def read(row: sqlite3.Row) -> tuple[int, SentAgain]:
            delivery = rows.delivery(row, cipher)
            return row["number"], SentAgain(delivery=delivery, attempts=_attempts(connection, row))

        yield from rows.readable(
            settled, read, name="id", otherwise="delivery not sent again", todo=rows.RESTORE
        )


def _attempts(connection: sqlite3.Connection, delivery: sqlite3.Row) -> tuple[Attempt, ...]:
    key = {"project": delivery["project"], "number": delivery["number"]}
    return tuple(
        rows.attempt(row, delivery_id=delivery["id"], number=row["number"], asked=row["asked"])
        for row in connection.execute(sql("attempts_of_number"), key)
    )


def start_job(
    connection: sqlite3.Connection,
    *,
    act: BulkAct,
    which: DeliveryFilter,
    project: str,
    by: str,
    at: float,
    node: str,
) -> BulkJob:
    """Write a job that begins."""
    values = (project, act.value, to_json(which), by, at, node)
    with transaction(connection):
        (row,) = connection.execute(sql("add_bulk_job"), values).fetchall()
    return _job(row)


def _advance(
    connection: sqlite3.Connection, job: BulkJob | None, node: str, *, done: int, of: int
) -> None:
    """Write how far a job got, within the transaction that stands: so many were done. Raises ChangedMeanwhileError."""
    if job is None:
        return
    values = {
        "number": job.number,
        "place": job.place,
        "done": job.done + done,
        "left_out": job.left_out + of - done,
        "why": job.why,
        "state": job.state.value,
        "ended_at": job.ended_at,
        "node": node,
    }
    if not connection.execute(sql("advance_bulk_job"), values).fetchall():
        raise ChangedMeanwhileError(f"job {job.number} was stopped, or goes on elsewhere")


def stop_job(
    connection: sqlite3.Connection, *, project: str, number: int, now: float
) -> BulkJob | None:
    """Stop a job that runs, and return it."""
    values = {"project": project, "number": number, "now": now}
    with transaction(connection):
        connection.execute(sql("stop_bulk_job"), values).fetchall()
        return job_at(connection, project=project, number=number)


def job_at(connection: sqlite3.Connection, *, project: str, number: int) -> BulkJob | None:
    """Return a project's job, or None."""
    row = connection.execute(sql("bulk_job"), {"project": project, "number": number}).fetchone()
    return None if row is None else _job(row)


def jobs(connection: sqlite3.Connection, *, project: str, limit: int) -> tuple[BulkJob, ...]:
    """Return a project's jobs, newest first."""
    found = connection.execute(sql("newest_bulk_jobs"), {"project": project, "limit": limit})
    return tuple(map(_job, found))


def running_jobs(connection: sqlite3.Connection, *, node: str) -> tuple[BulkJob, ...]:
    """Return a node's jobs that run, oldest first."""
    return tuple(map(_job, connection.execute(sql("running_bulk_jobs"), {"node": node})))


def forget_jobs(connection: sqlite3.Connection, *, before: float) -> None:
    """Delete jobs that ended before a moment."""
    with transaction(connection):
        connection.execute(sql("delete_bulk_jobs"), {"before": before})


def _job(row: sqlite3.Row) -> BulkJob:
    return BulkJob(
        number=row["number"],
        project=row["project"],
        act=BulkAct(row["act"]),
        filter=from_json(_filter, row["filter"]),
        by=row["started_by"],
        started_at=row["started_at"],
        up_to=row["up_to"],
        place=row["place"],
        done=row["done"],
        left_out=row["left_out"],
        why=row["why"],
        state=BulkState(row["state"]),
        ended_at=row["ended_at"],
    )
