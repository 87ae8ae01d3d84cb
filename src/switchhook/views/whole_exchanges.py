"""What went over the wire about a call, both ways: asks and deliveries with their bytes as text, their times, and as cURL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switchhook.views import as_json
from switchhook.views.curl import curl_of
from switchhook.views.exchanges import answer_headers, exchanges_of, phases_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switchhook.domain.journal import JournalEntry
    from switchhook.operations.history import DeliveryStory

PHASES: Final = ("dns", "connect", "tls", "write", "headers", "body")
"""The parts of an exchange in their order; `headers` is the wait for the first byte and the head."""


def whole_asks(journal: Iterable[JournalEntry]) -> list[dict[str, Any]]:
    """Return the asks of a call, each with `sent` and `received` as text, and `curl` where it is known what was sent."""
    return [_whole_ask(one) for one in exchanges_of(journal)]


def _whole_ask(one: dict[str, Any]) -> dict[str, Any]:
    method, _, url = (one["request"] or "").partition(" ")
    headers = one["request_headers"] or []
    body = one["request_body"] or ""
    return one | {
        "method": method,
        "url": url,
        "phases": _phases(one["phases"]),
        "sent": _message(f"{method} {url}".strip(), headers, body),
        "received": _message(
            _status(one["status"]), one["response_headers"] or [], one["response_body"] or ""
        ),
        "curl": curl_of(method, url, headers, body) if url else "",
    }


def whole_delivery(story: DeliveryStory) -> dict[str, Any]:
    """Return a delivery with its attempts, likewise; a mail has no cURL."""
    told = as_json.delivery_story(story)
    is_mail = told["method"] == "MAIL"
    curl = curl_of(told["method"], told["url"], told["headers"], told["body"])
    return told | {
        "sent": _message(f"{told['method']} {told['url']}", told["headers"], told["body"]),
        "curl": "" if is_mail else curl,
        "attempts": [_whole_attempt(one, is_mail=is_mail) for one in told["attempts"]],
    }


def _status(status: int | None) -> str:
    return f"HTTP {status}" if status else ""


def _whole_attempt(one: dict[str, Any], *, is_mail: bool) -> dict[str, Any]:
    facts = one.get("facts", {})
    status = "" if is_mail else _status(one["status"])
    return one | {
        "address": facts.get("address", ""),
        "phases": _phases(phases_of(facts)),
        "received": _message(status, answer_headers(facts), one["answer"]),
    }


def _phases(told: Mapping[str, Any]) -> dict[str, float]:
    """Return the parts that took time, in their order."""
    return {name: float(told[name]) for name in PHASES if told.get(name)}


def _message(first: str, headers: Iterable[Sequence[str]], body: str) -> str:
    """Write a message as people read it: a first line, where there is one, headers, and the body behind an empty line."""
    head = [
        *([first] if first else []),
        *(f"{name}: {value}" if value else name for name, value in headers),
    ]
    return "\n".join([*head, *(["", body] if body else [])]).strip("\n")
