"""Sends requests one after another, and says what came of each."""

import asyncio
from collections.abc import Sequence
from typing import Any

from switchhook.cli.output import print_json, stdout
from switchhook.tryout.sending import SentEvent, send_in_turn
from switchhook.views.text import one_line
from switchhook.webhooks.http import HttpRequest


def send_all(requests: Sequence[HttpRequest], *, json: bool) -> int:
    """Send requests in turn and print what came; 1 unless all were answered with 2xx."""
    sent = asyncio.run(send_in_turn(requests))
    if json:
        print_json([sent_as_json(one) for one in sent])
    else:
        for one in sent:
            show_sent(one)
    return 0 if all(one.is_good for one in sent) else 1


def show_sent(one: SentEvent, what: str = "") -> None:
    """Print one line on a request and its answer."""
    mark, style = ("✓", "green") if one.is_good else ("✗", "red")
    what = what or f"{one.request.method} {one.request.url}"
    stdout().print(f"{mark} {one_line(f'{what}: {one.said}')}", style=style)


def sent_as_json(one: SentEvent) -> dict[str, Any]:
    """Return a request and its answer for programs."""
    return {
        "method": one.request.method,
        "url": one.request.url,
        "status": one.status or None,
        "seconds": round(one.seconds, 6),
        "good": one.is_good,
        "said": one.said,
    }
