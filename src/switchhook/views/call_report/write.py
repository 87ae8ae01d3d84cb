"""Writes the file: the same bytes for the same call, whichever door asks."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from switchhook.domain.journal import EntryKind
from switchhook.views import as_json
from switchhook.views.ladder.build import ladder_of
from switchhook.views.ladder.draw import draw, draw_bar, plain, totals
from switchhook.views.masked_numbers import mask_numbers, masked
from switchhook.views.path import path_of
from switchhook.views.sip_messages import first_line
from switchhook.views.text import seconds
from switchhook.views.timeline import entry_line
from switchhook.views.whole_exchanges import whole_asks, whole_delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.operations.calls.whole import WholeCall

_FOLDER: Final = Path(__file__).parent
MEDIA_TYPE: Final = "text/html; charset=utf-8"
FULL: Final = "full"
NUMBERS: Final = ("masked", FULL)
"""How telephone numbers stand in a report: the last digits alone, which goes without saying, or whole."""


def call_report(whole: WholeCall, *, numbers: str = NUMBERS[0]) -> bytes:
    """Return the report of a call, times in UTC. Numbers stand there in full only where that is wanted."""
    is_masked = numbers != FULL
    mask = mask_numbers if is_masked else plain
    story, row = whole.story, whole.story.call
    lines = sorted(_lines(whole), key=lambda line: line["moment"])
    for number, line in enumerate(lines, 1):
        line["anchor"] = f"line-{number}"
    links = {line["key"]: f"#{line['anchor']}" for line in lines if line["key"]}
    ladder = ladder_of(story, whole.capture, links=links)
    told: dict[str, Any] = msgspec.to_builtins(
        {
            "call": as_json.call(row),
            "path": path_of(story.journal),
            "arrived": _utc(row.arrived_at),
            "totals": {name: seconds(took) for name, took in totals(ladder).items() if took},
            "lines": [
                line | {"after": f"+{seconds(max(0.0, line['moment'] - ladder.began_at))}"}
                for line in lines
            ],
            "left_out": 0 if whole.capture is None else whole.capture.left_out,
            "has_sip": whole.capture is not None,
            "is_masked": is_masked,
        }
    )
    style = _style()
    page = (
        _environment()
        .get_template("report.html")
        .render(
            (masked(told) if is_masked else told)
            | {
                "ladder": draw(ladder, "Ladder of the call", mask=mask),
                "bar": draw_bar(ladder),
                "style": Markup(style),  # noqa: S704 (our own file)
                "digest": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            }
        )
    )
    return page.encode("utf-8", "replace")


def report_name(call: str) -> str:
    """Return what the file is called, of letters that every system takes."""
    safe = "".join(
        char if char.isascii() and (char.isalnum() or char in ".-_") else "-" for char in call
    )
    return f"call-{safe}.html"


def _lines(whole: WholeCall) -> Iterator[dict[str, Any]]:
    """Yield what happened: journal, HTTP both ways, events and SIP messages."""
    asks = iter(whole_asks(whole.story.journal))
    asked: Mapping[str, Any] = {}
    number = -1
    for entry in whole.story.journal:
        line = entry_line(entry)
        below: list[dict[str, str]] = []
        kind = "call"
        key = f"journal:{entry.seq}"
        if entry.kind is EntryKind.ASKED:
            asked, number = next(asks, {}), number + 1
            below = _parts(Sent=asked.get("sent", ""))
            kind, key = "http", f"ask:{number}"
        elif entry.kind in {EntryKind.ANSWER, EntryKind.ASK_FAILED}:
            below = _parts(Received=asked.get("received", ""), Took=_took(asked.get("phases", {})))
            kind = "http"
        yield _line(entry.at, kind, line.text, line.style, below, key)
    for story in whole.deliveries:
        told, promised = whole_delivery(story), story.row.delivery
        if not story.attempts:
            text = f"{promised.event} to {promised.webhook}: {story.row.state}"
            below = _parts(Sent=told["sent"])
            yield _line(
                promised.occurred_at, "event", text, "dim", below, f"delivery:{promised.id}"
            )
        for attempt, one in zip(story.attempts, told["attempts"], strict=True):
            came = f"{one['failure']}: {one['detail']}" if one["failure"] else one["status"]
            text = f"{promised.event} to {promised.webhook}, attempt {attempt.number}: {came}"
            below = _parts(Sent=told["sent"], Received=one["received"], Took=_took(one["phases"]))
            style = "red" if one["failure"] else "magenta"
            at = attempt.at + attempt.seconds
            yield _line(at, "event", text, style, below, f"delivery:{promised.id}")
    for index, message in enumerate(() if whole.capture is None else whole.capture.messages):
        host, port = message.remote
        way = "to" if message.is_sent else "from"
        text = f"{first_line(message)} {way} {host}:{port} ({message.transport})"
        below = _parts(Message=as_json.text(message.data.replace(b"\r\n", b"\n")))
        yield _line(message.at, "sip", text, "", below, f"sip:{index}")


def _line(  # noqa: PLR0917 - a line's own
    at: float, kind: str, text: str, style: str, below: list[dict[str, str]], key: str
) -> dict[str, Any]:
    return {
        "moment": at,
        "utc": _utc(at),
        "kind": kind,
        "text": text,
        "style": style,
        "below": below,
        "key": key,
    }


def _parts(**parts: str) -> list[dict[str, str]]:
    return [{"title": title, "body": text} for title, text in parts.items() if text]


def _took(phases: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {took * 1000:.1f} ms" for name, took in phases.items())


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@cache
def _style() -> str:
    return (_FOLDER / "report.css").read_text(encoding="utf-8").strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
