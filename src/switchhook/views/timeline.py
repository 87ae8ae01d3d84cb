"""A call's journal and deliveries as lines of text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.journal import EntryKind
from switchhook.storage.records import DeliveryState
from switchhook.views.exchanges import whole_exchange
from switchhook.views.text import clock, notes_of, one_line, seconds
from switchhook.webhooks.dialects.table import LOOK_UP
from switchhook.webhooks.mail import Mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from switchhook.domain.journal import JournalEntry
    from switchhook.storage.delivery import Attempt, Delivery
    from switchhook.storage.records import DeliveryRow

PHASES = {
    "seconds_dns": "name",
    "seconds_connect": "connection",
    "seconds_tls": "TLS",
    "seconds_write": "request",
    "seconds_headers": "headers",
    "seconds_body": "body",
    "seconds_total": "in all",
}
"""The parts of an exchange, by the facts that say how long each took."""
STEP_WORDS = {
    "askdialplan": "ask the dial-plan webhook",
    "ringdestination": "ring the variable destination",
    "goto": "go to",
    "hangup": "hang up",
    "background": "set the background audio",
    "hours": "look at the working hours",
    "rate": "have the conversation rated",
}
"""The names of steps with more than one word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a timeline."""

    at: float
    """Unix seconds."""
    sign: str
    text: str
    style: str = ""
    below: tuple[str, ...] = ()
    """Details for troubleshooting."""


def call_lines(
    entries: Iterable[JournalEntry],
    deliveries: Iterable[DeliveryRow] = (),
    *,
    is_full: bool = False,
) -> list[Line]:
    """Return the lines of one call in the order of time; full ones have what endpoints were sent and said."""
    lines = [entry_line(entry, is_full=is_full) for entry in entries]
    lines += [line for row in deliveries for line in delivery_lines(row)]
    return sorted(lines, key=lambda line: line.at)


def entry_line(entry: JournalEntry, *, is_full: bool = False) -> Line:
    """Say what a journal entry tells."""
    sign, style = SIGNS[entry.kind]
    facts = defaultdict(str, entry.facts)
    facts["target"] = facts["target"] or entry.leg
    text = one_line(WORDS[entry.kind](one_line(entry.text), facts))
    below = tuple(map(one_line, _exchange(facts))) if facts["request"] else ()
    if is_full and below:
        below += tuple(map(one_line, whole_exchange(facts)))
    below += tuple(
        f"not told to {one_line(said)}"
        for name, said in entry.facts
        if name.startswith("not_told_")
    )
    return Line(at=entry.at, sign=sign, text=text, style=style, below=below)


def would_be_told(delivery: Delivery) -> Line:
    """Say who would be told by a delivery that nothing sends."""
    text = f"{event_and_recipient(delivery)}: would be told"
    below = notes_of(delivery.request)
    return Line(at=delivery.occurred_at, sign="✉", text=text, style="dim", below=below)


SIGNS: dict[EntryKind, tuple[str, str]] = {
    EntryKind.ARRIVED: ("→", "bold"),
    EntryKind.STEP: ("·", "dim"),
    EntryKind.ASKED: ("?", ""),
    EntryKind.ANSWER: ("!", "cyan"),
    EntryKind.ASK_FAILED: ("✗", "yellow"),
    EntryKind.NOTICE: ("·", "yellow"),
    EntryKind.DIALLED: ("☎", ""),
    EntryKind.RANG: ("☎", ""),
    EntryKind.ANSWERED: ("✓", "green"),
    EntryKind.ATTEMPT_ENDED: ("·", "dim"),
    EntryKind.BRANCH: ("·", ""),
    EntryKind.KEYED: ("#", ""),
    EntryKind.RECORDED: ("●", "green"),
    EntryKind.RATED: ("★", "green"),
    EntryKind.TRANSFER_REQUESTED: ("⇢", ""),
    EntryKind.TRANSFER_COMPLETED: ("⇢", "green"),
    EntryKind.TRANSFER_FAILED: ("⇢", "yellow"),
    EntryKind.JUMPED: ("↷", ""),
    EntryKind.FALLBACK: ("↷", ""),
    EntryKind.FILTERED: ("✉", "dim"),
    EntryKind.RESUMED: ("↷", ""),
    EntryKind.ENDED: ("■", "bold"),
}
"""The sign before each line, and its style."""

WORDS: dict[EntryKind, Callable[[str, Mapping[str, str]], str]] = {
    EntryKind.ARRIVED: lambda _, facts: (
        f"{facts['caller'] or 'a withheld number'} calls {facts['callee']}"
        f"{', number withheld' if 'hidden' in facts else ''}"
        f"{', a callback for ' + facts['callback'] if facts['callback'] else ''}"
        f"{', imported as ' + facts['imported'] if facts['imported'] else ''}"
    ),
    EntryKind.STEP: lambda text, facts: (
        f"scheme {text}{_in_branch(facts)}: {STEP_WORDS.get(facts['step'], facts['step'])}"
    ),
    EntryKind.ASKED: lambda text, facts: f"asks {text}{_with_code(facts)}",
    EntryKind.ANSWER: lambda text, facts: f"{facts['webhook']} answers {text}{_after(facts)}",
    EntryKind.ASK_FAILED: lambda text, facts: (
        f"{facts['webhook']} fails{_after(facts)}: {facts['kind']}, {text}"
    ),
    EntryKind.NOTICE: lambda text, _: f"notice: {text}",
    EntryKind.DIALLED: lambda _, facts: f"dials {facts['target']}",
    EntryKind.RANG: lambda _, facts: f"{facts['target']} rings",
    EntryKind.ANSWERED: lambda _, facts: f"{facts['target']} answers the call",
    EntryKind.ATTEMPT_ENDED: lambda text, facts: (
        f"{facts['target']}: {_because(facts['end'].replace('_', ' '), text)}"
    ),
    EntryKind.FILTERED: lambda text, facts: f"{facts['event']} to {text}: filtered",
    EntryKind.BRANCH: lambda text, _: f"takes branch {text}",
    EntryKind.KEYED: lambda text, facts: (
        f"the caller presses: {text}" if facts["digit"] else text or "no key"
    ),
    EntryKind.RECORDED: lambda text, facts: f"recorded {_length(facts)}: {text}",
    EntryKind.RATED: lambda text, facts: f"the caller gives {text} of {facts['best']}",
    EntryKind.TRANSFER_REQUESTED: lambda _, facts: (
        f"transfer requested by {_transferrer(facts)} to {facts['to']}"
    ),
    EntryKind.TRANSFER_COMPLETED: lambda _, facts: (
        f"transfer completed by {_transferrer(facts)} to {facts['target']}"
    ),
    EntryKind.TRANSFER_FAILED: lambda text, facts: (
        f"transfer failed by {_transferrer(facts)} to {facts['to']}: {text}"
    ),
    EntryKind.JUMPED: lambda text, facts: (
        f"goes on with scheme {facts['scheme']}, {text}{_of_number(facts)}"
    ),
    EntryKind.FALLBACK: lambda text, _: text or "tries the fallback of the project",
    EntryKind.RESUMED: lambda text, _: text or "taken up again after a restart",
    EntryKind.ENDED: lambda text, facts: (
        f"ends: {facts['outcome']}, {_because('by the ' + facts['ended_by'], text, facts['outcome'])}"
    ),
}
"""The words of each entry, from its text and facts."""


def _in_branch(facts: Mapping[str, str]) -> str:
    return f", branch {facts['branch']}" if facts["branch"] else ""


def _transferrer(facts: Mapping[str, str]) -> str:
    return facts["by"] or "a party outside"


def _of_number(facts: Mapping[str, str]) -> str:
    return f", which answers {facts['number']}" if facts["number"] else ""


def _with_code(facts: Mapping[str, str]) -> str:
    if not facts["attempt"]:
        return ""
    return f" about the code {facts['code']}".rstrip() + f" of attempt {facts['attempt']}"


def _exchange(facts: Mapping[str, str]) -> Iterator[str]:
    """Say what was asked, what came back, and how long each part took."""
    whither = f", redirected to {facts['redirected_to']}" if facts["redirected_to"] else ""
    without = f" without {facts['left_out']}" if facts["left_out"] else ""
    yield f"{facts['request']}{whither}{without}: {_came_back(facts)}"
    if facts["body"]:
        yield f"body: {facts['body']}"
    yield from _took(facts)


def _took(facts: Mapping[str, str]) -> Iterator[str]:
    """Say how long each part of an exchange took."""
    parts = [
        f"{name} {float(facts[phase]) * 1000:.1f} ms"
        for phase, name in PHASES.items()
        if facts.get(phase, "") not in {"", "0.0000"}
    ]
    if parts:
        yield f"took: {', '.join(parts)}"


def attempt_lines(attempt: Attempt) -> Iterator[str]:
    """Say how the exchange of an attempt went, besides what came of it."""
    facts = dict(attempt.facts)
    if proofs := facts.get("proved_by"):
        yield f"proved by {proofs}"
    if address := facts.get("address"):
        yield f"sent to {address}"
    yield from _took(facts)
    for name, value in facts.items():
        if name.startswith("header_"):
            yield f"{name.removeprefix('header_')}: {one_line(value)}"


def _came_back(facts: Mapping[str, str]) -> str:
    if not facts["status"]:
        return "no answer" + (f" from {facts['address']}" if facts["address"] else "")
    if facts["request"].startswith(f"{LOOK_UP} "):
        return "looked up on this machine"
    if not facts["address"]:
        said = f"not sent; {facts['status']} was given as the answer"
    else:
        kept = "" if facts["seconds_connect"] else " over a kept connection"
        said = f"{facts['status']} from {facts['address']}{kept}"
    return f"{said}, read as {facts['read_as']}" if facts["read_as"] else f"{said}, not read"


def _because(said: str, text: str, *others: str) -> str:
    """Return what was said with its reason behind it, unless that says it once more."""
    return said if text in {"", said, *others} else f"{said} ({text})"


def _after(facts: Mapping[str, str]) -> str:
    return f" after {_length(facts)}" if facts["seconds"] else ""


def _length(facts: Mapping[str, str]) -> str:
    try:
        return seconds(float(facts["seconds"]))
    except ValueError:
        return "an unknown time"


def event_and_recipient(delivery: Delivery) -> str:
    """Name what is told, and whom."""
    request = delivery.request
    whom = request.recipient if isinstance(request, Mail) else delivery.webhook
    return f"{delivery.event} to {whom}"


def standing(row: DeliveryRow) -> Iterator[str]:
    """Say what a delivery waits for that is parked, and who checked one that was given up."""
    if row.incident is not None:
        failed = f"{row.incident.failures} failures in a row since {clock(row.incident.since)}"
        yield f"behind {one_line(row.delivery.webhook)}, which fails: {failed}"
        if row.incident.parked_until is not None:
            yield f"next probe at {clock(row.incident.parked_until)}"
    if row.checked is not None:
        yield f"checked by {one_line(row.checked.by)}, {clock(row.checked.at)}"


def delivery_lines(row: DeliveryRow) -> Iterator[Line]:
    """Say that an event was told, or that it could not be."""
    delivery, attempt = row.delivery, row.latest
    what, below = event_and_recipient(delivery), notes_of(delivery.request)
    if attempt is None:
        waits = "is parked" if row.state is DeliveryState.PARKED else "waits"
        at, waits = delivery.occurred_at, f"{what}: {waits}"
        yield Line(at=at, sign="✉", text=waits, style="dim", below=(*below, *standing(row)))
        return
    took = seconds(attempt.seconds)
    if row.state is DeliveryState.DELIVERED:
        word = "accepted" if isinstance(delivery.request, Mail) else "delivered"
        done = f"{what}: {word}, {attempt.status} in {took}"
        at = attempt.at + attempt.seconds
        yield Line(at=at, sign="✉", text=done, style="magenta", below=below)
    else:
        why = f"{what}: {attempt.failure or f'status {attempt.status}'}"
        at = attempt.at + attempt.seconds
        style = "dim" if row.state in _NOT_WANTED else "red"
        yield Line(at=at, sign="✗", text=why, style=style, below=(*below, *standing(row)))


_NOT_WANTED = {DeliveryState.EXPIRED, DeliveryState.SUPERSEDED, DeliveryState.UNSUBSCRIBED}
"""The states of what could have been sent and was not, which is no trouble."""
