"""Calls and deliveries as JSON for programs. Names stay stable over versions; secrets are masked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from switchhook.domain.masking import MASK
from switchhook.views.event_answer import notice_of
from switchhook.views.exchanges import exchanges_of
from switchhook.views.path import path_of
from switchhook.views.text import iso, notes_of, one_line
from switchhook.webhooks.mail import Mail, read_mail
from switchhook.webhooks.secrets import OPEN_HEADERS, NamedValues

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchhook.domain.call import Leg
    from switchhook.domain.journal import JournalEntry
    from switchhook.operations.calls.details import CallDetails
    from switchhook.operations.error_check import Acted
    from switchhook.operations.history import CallStory, DeliveryStory
    from switchhook.storage.call_search import CallPage
    from switchhook.storage.delivery import Attempt, Delivery, DeliveryRequest
    from switchhook.storage.records import BulkJob, CallRow, Count, DeliveryRow


def call(row: CallRow) -> dict[str, Any]:
    """Return one call."""
    return {
        "id": row.id,
        "project": row.project,
        "version": row.snapshot[1],
        "direction": row.direction,
        "caller": row.caller,
        "caller_name": row.caller_name,
        "callee": row.callee,
        "account": row.account,
        "scheme": row.scheme,
        "state": row.state,
        "outcome": row.outcome,
        "ended_by": row.ended_by,
        "sip": None if row.cause is None else row.cause.sip,
        "arrived_at": iso(row.arrived_at),
        "answered_at": iso(row.answered_at),
        "ended_at": iso(row.ended_at),
        "attempts": [_leg(leg) for leg in row.legs if leg.target is not None],
        "variables": dict(row.variables),
        "recordings": [{"id": made.id, "seconds": made.seconds} for made in row.recordings],
    }


def detailed_call(one: CallDetails) -> dict[str, Any]:
    """Return one call with the path that it took, and a link to its recording."""
    return call(one.call) | {"path": path_of(one.journal), "recording_link": one.recording_link}


def call_page(page: CallPage, details: Sequence[CallDetails] | None = None) -> dict[str, Any]:
    """Return a page of the list of calls, with their details where these are given."""
    return {
        "calls": [call(row) for row in page.calls]
        if details is None
        else [detailed_call(one) for one in details],
        "next": None if page.next is None else str(page.next),
        "searched_to": iso(page.searched_to),
        "count": page.count,
        "is_more": page.has_more,
    }


def json_lines(found: Iterable[CallRow]) -> bytes:
    """Return a line for each call."""
    return b"".join(_encoder.encode(call(row)) + b"\n" for row in found)


def detailed_json_lines(found: Iterable[CallDetails]) -> bytes:
    """Return a line for each call, with its details."""
    return b"".join(_encoder.encode(detailed_call(one)) + b"\n" for one in found)


_encoder = msgspec.json.Encoder()


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "leg": leg.id,
        "target": str(leg.target),
        "started_at": iso(leg.started_at),
        "rang_at": iso(leg.rang_at),
        "answered_at": iso(leg.answered_at),
        "ended_at": iso(leg.ended_at),
        "end": leg.end,
        "sip": None if leg.cause is None else leg.cause.sip,
    }


def call_story(story: CallStory) -> dict[str, Any]:
    """Return one call with its journal, what was asked about it, and its deliveries."""
    return call(story.call) | {
        "path": path_of(story.journal),
        "journal": [_entry(entry) for entry in story.journal],
        "exchanges": exchanges_of(story.journal),
        "deliveries": [delivery(row) for row in story.deliveries],
    }


def _entry(entry: JournalEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": iso(entry.at),
        "happening": entry.kind,
        "leg": entry.leg,
        "text": entry.text,
        "facts": dict(entry.facts),
    }


def delivery(row: DeliveryRow) -> dict[str, Any]:
    """Return one delivery with its latest attempt."""
    promised = row.delivery
    return {
        "id": promised.id,
        "project": promised.project,
        "call": promised.call,
        "seq": promised.seq,
        "event": promised.event,
        "webhook": promised.webhook,
        "occurred_at": iso(promised.occurred_at),
        **address_of(promised),
        "state": row.state,
        "latest": None if row.latest is None else _attempt(promised, row.latest),
        **_standing(row),
    }


def _standing(row: DeliveryRow) -> dict[str, Any]:
    """Return who checked a delivery, and what it is parked for; nothing for others."""
    told: dict[str, Any] = {}
    if row.checked is not None:
        told["checked"] = {"by": row.checked.by, "at": iso(row.checked.at)}
    if row.incident is not None:
        told["parked"] = {
            "failing_since": iso(row.incident.since),
            "failures": row.incident.failures,
            "next_probe_at": iso(row.incident.parked_until),
        }
    return told


def count(counted: Count) -> dict[str, Any]:
    """Return a count; `is_more` where there are more than it says."""
    return {"count": counted.number, "is_more": counted.is_more}


def acted(one: Acted) -> dict[str, Any]:
    """Return what became of a delivery that a person acted on."""
    return {"id": one.delivery, "done": one.is_done, "note": one.note or None}


def bulk_job(job: BulkJob) -> dict[str, Any]:
    """Return a job as it stands."""
    which = {name: value for name, value in asdict(job.filter).items() if value is not None}
    times = {name: iso(which[name]) for name in ("since", "until") if name in which}
    return {
        "number": job.number,
        "project": job.project,
        "act": job.act,
        "filter": which | times,
        "by": job.by,
        "started_at": iso(job.started_at),
        "state": job.state,
        "done": job.done,
        "left_out": job.left_out,
        "why": job.why or None,
        "ended_at": iso(job.ended_at),
    }


def delivery_story(story: DeliveryStory) -> dict[str, Any]:
    """Return one delivery with what is sent and every attempt."""
    promised = story.row.delivery
    headers, body = content(promised.request)
    notes = notes_of(promised.request)
    return delivery(story.row) | {
        "headers": [list(header) for header in headers],
        "body": body,
        **({"notes": list(notes)} if notes else {}),
        "attempts": [_attempt(promised, attempt) for attempt in story.attempts],
    }


def _attempt(promised: Delivery, attempt: Attempt) -> dict[str, Any]:
    failure = attempt.failure
    return {
        "number": attempt.number,
        "at": iso(attempt.at),
        "seconds": round(attempt.seconds, 6),
        "status": attempt.status,
        "failure": None if failure is None else failure.kind,
        "detail": None if failure is None else failure.detail,
        "notice": one_line(notice_of(promised, attempt)) or None,
        "answer": text(attempt.answer),
        "is_last": attempt.is_last,
        **({"facts": dict(attempt.facts)} if attempt.facts else {}),
    }


def address(request: DeliveryRequest, *, hides_path: bool = False) -> dict[str, str]:
    """Return how and where it goes, of a mail `MAIL` and a `mailto:` URL."""
    method = "MAIL" if isinstance(request, Mail) else request.method
    return {"method": method, "url": masked_url(request.url, hides_path=hides_path)}


def address_of(delivery: Delivery) -> dict[str, str]:
    """Return method and URL of a delivery; a subscriber's path is a secret and left out."""
    return address(delivery.request, hides_path=delivery.is_to_subscriber)


def content(request: DeliveryRequest) -> tuple[NamedValues, str]:
    """Return its headers, secrets masked, and its body as text; a mail's as its reader sees them."""
    if isinstance(request, Mail):
        headers, body = read_mail(request.message)
        attached = f"\n[attached: {request.attachment}.wav]\n" if request.attachment else ""
        return headers, text(f"{body}{attached}".encode())
    masked = tuple((name, masked_header(name, value)) for name, value in request.headers)
    return masked, text(request.body)


def masked_url(url: str, *, hides_path: bool = False) -> str:
    """Return a URL without user and query, which may hold a key, and perhaps without its path."""
    parts = urlsplit(url)
    parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    path = f"/{MASK}" if hides_path and parts.path.strip("/") else parts.path
    return urlunsplit(parts._replace(path=path, query=MASK if parts.query else ""))


def masked_header(name: str, value: str) -> str:
    """Return a header's value if it is known to hold no secret."""
    return value if name.lower() in OPEN_HEADERS else MASK


def text(data: bytes) -> str:
    """Return bytes as text that moves no cursor; what is no UTF-8 becomes a mark."""
    decoded = data.decode("utf-8", "replace")
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in decoded)
