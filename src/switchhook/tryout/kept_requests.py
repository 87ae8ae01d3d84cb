"""Requests that a local receiver kept, a JSON object on a line, and what is sent when they are replayed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final

import msgspec

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin, split
from switchhook.domain.credentials import NO_CREDENTIALS
from switchhook.errors import ExpectedError
from switchhook.tryout.local_receiver import HeardRequest
from switchhook.webhooks.authentication import authenticated
from switchhook.webhooks.http import HttpRequest

if TYPE_CHECKING:
    from switchhook.domain.credentials import Credentials

_SKIPPED: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "proxy-authorization"}
)
"""Header lines of one connection; a replay has its own."""


class KeptRequestError(ExpectedError):
    """A line that holds no request, or a URL that none can be sent to."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""
    body_base64: str = ""


def place_of(url: str) -> tuple[str, str]:
    """Return scheme and host of a URL, and its path and query. Raises KeptRequestError."""
    try:
        where, target = split(url)
        Origin.parse(where)
    except ExchangeError as error:
        why = error.failure.detail.partition(": ")[2]
        raise KeptRequestError(f"{url!r} is no URL to send to: {why}") from None
    return where, target


def kept_line(request: HeardRequest) -> bytes:
    """Write a request as a line: its body as text, or in base64 where it is none."""
    try:
        body = {"body": request.body.decode("utf-8")}
    except UnicodeDecodeError:
        body = {"body_base64": b64encode(request.body).decode()}
    kept = {
        "at": request.at,
        "method": request.method,
        "target": request.target,
        "headers": request.headers,
        **body,
    }
    return msgspec.json.encode(kept) + b"\n"


def read_kept(content: bytes) -> tuple[HeardRequest, ...]:
    """Read what `kept_line` wrote. Raises KeptRequestError."""
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            kept = msgspec.json.decode(line, type=_Kept)
            body = b64decode(kept.body_base64) if kept.body_base64 else kept.body.encode()
        except (ValueError, UnicodeError) as error:
            raise KeptRequestError(f"line {number} holds no kept request: {error}") from error
        found.append(
            HeardRequest(
                at=kept.at, method=kept.method, target=kept.target, headers=kept.headers, body=body
            )
        )
    return tuple(found)


def replayed(
    request: HeardRequest, url: str, *, credentials: Credentials = NO_CREDENTIALS, now: float
) -> HttpRequest:
    """Return a kept request to `url`: same method, headers and body; signed anew where credentials are given.

    A URL that ends after its host gets the path and query that were kept. Raises KeptRequestError.
    """
    where, target = place_of(url)
    whole = where + request.target if target == "/" else url
    kept = [line for line in request.headers if line[0].lower() not in _SKIPPED]
    length = [("Content-Length", str(len(request.body)))] if request.body else []
    made = HttpRequest(
        method=request.method.upper(),
        url=whole,
        headers=(("Host", where.partition("://")[2]), *kept, *length),
        body=request.body,
    )
    id_ = request.header("webhook-id") or "replayed"
    return authenticated(made, credentials, id_=id_, at=now)
