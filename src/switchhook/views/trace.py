"""A call as the spans of one trace, built from what is stored of it (OpenTelemetry's data model).

All ids are derived: whoever builds a span again, after a restart perhaps, builds the same one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from switchhook.domain.cause import AttemptEnd, Outcome
from switchhook.domain.failure import FailureKind
from switchhook.domain.journal import EntryKind
from switchhook.domain.masking import MASK
from switchhook.storage.records import DeliveryState
from switchhook.views.text import one_line
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.secrets import LONG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from switchhook.domain.call import Leg
    from switchhook.domain.cause import Cause
    from switchhook.domain.journal import JournalEntry
    from switchhook.operations.history import DeliveryStory
    from switchhook.storage.delivery import Attempt, Delivery
    from switchhook.storage.records import CallRow, DeliveryRow

Attributes: TypeAlias = Mapping[str, str | int | float | bool]
Hide: TypeAlias = Callable[[str], str]


class SpanKind(StrEnum):
    """The kind of a span, as OpenTelemetry names it."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """One moment within a span. `at` is unix seconds."""

    at: float
    name: str
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSpan:
    """One part of a call. Times are unix seconds."""

    trace: int
    """128 bits."""
    id: int
    """64 bits."""
    parent: int | None
    """None for the call itself."""
    name: str
    kind: SpanKind = SpanKind.INTERNAL
    start: float
    end: float
    attributes: Attributes
    events: tuple[SpanEvent, ...] = ()
    link: int | None = None
    """A span of the same trace that this one continues."""

    @property
    def is_error(self) -> bool:
        """Say whether it failed; `error.type` says how."""
        return "error.type" in self.attributes


def trace_id(call: str) -> int:
    """Return the trace id of a call."""
    return _derived("trace", call, size=16)


def is_sampled(trace: int, ratio: float) -> bool:
    """Say whether a trace is among the ratio that is exported: always the same ones, from the id's last 56 bits."""
    return trace & (2**56 - 1) >= (1.0 - ratio) * 2**56


def trace_of(
    call: CallRow,
    journal: Sequence[JournalEntry],
    deliveries: Iterable[DeliveryStory],
    *,
    at: float,
    masks_numbers: bool,
) -> list[TraceSpan]:
    """Return an ended call with its asks, legs, recordings and deliveries; `at` is when that was read."""
    hide = hidden_numbers if masks_numbers else str
    spans = [
        _root(call, journal, hide),
        *_asks(call, journal, hide),
        *(_leg(call, leg, hide) for leg in call.legs if leg.target is not None),
        *_recordings(call, journal),
    ]
    for story in deliveries:
        spans += _delivery(story, story.attempts, at=at, hide=hide)
    return spans


def late_spans(
    story: DeliveryStory, late: Sequence[Attempt], *, is_told: bool, at: float, masks_numbers: bool
) -> list[TraceSpan]:
    """Return what became of a delivery after its call was exported: a further span, with a link where one `is_told`."""
    hide = hidden_numbers if masks_numbers else str
    return _delivery(story, late, at=at, hide=hide, continues=is_told)


def hidden_numbers(text: str) -> str:
    """Return a text with all but the last two digits of telephone numbers masked."""
    return _NUMBER.sub(lambda found: f"{MASK}{found[0][-2:]}", text)


_NUMBER: Final = re.compile(r"\+?[0-9]{6,}")


def _derived(*names: str, size: int = 8) -> int:
    return int.from_bytes(sha256("\n".join(names).encode()).digest()[:size]) or 1  # 0 is no id


def _span_id(call: str, *names: str) -> int:
    return _derived("span", call, *names)


def _known(**attributes: str | float | None) -> dict[str, str | int | float | bool]:
    """Return attributes of our own, named `switchhook.…`, without those that say nothing."""
    return {
        f"switchhook.{name.replace('__', '.')}": value
        for name, value in attributes.items()
        if value is not None and value != ""
    }


def _root(call: CallRow, journal: Iterable[JournalEntry], hide: Hide) -> TraceSpan:
    end = call.arrived_at if call.ended_at is None else call.ended_at
    attributes = _known(
        call__id=call.id,
        project=call.project,
        project__version=call.snapshot[1],
        call__direction=call.direction,
        call__caller=hide(call.caller),
        call__callee=hide(call.callee),
        call__account=hide(call.account),
        call__scheme=call.scheme or None,
        call__outcome=call.outcome,
        call__ended_by=call.ended_by,
        call__talk_seconds=None if call.answered_at is None else round(end - call.answered_at, 3),
    )
    attributes |= _cause(call.cause, hide)
    if call.outcome is Outcome.FAILED:
        attributes["error.type"] = str(call.outcome)
    return TraceSpan(
        trace=trace_id(call.id),
        id=_span_id(call.id),
        parent=None,
        name=f"{call.direction} call",
        kind=SpanKind.SERVER,
        start=call.arrived_at,
        end=end,
        attributes=attributes,
        events=tuple(_moments(journal, hide)),
    )


def _moments(journal: Iterable[JournalEntry], hide: Hide) -> Iterator[SpanEvent]:
    for entry in journal:
        if entry.kind in _MOMENTS:
            facts = {name: hide(one_line(text)) for name, text in entry.facts if name in _FACTS}
            if entry.kind is EntryKind.BRANCH:
                facts["branch"] = hide(one_line(entry.text))
            yield SpanEvent(at=entry.at, name=entry.kind, attributes=_known(**facts))


_MOMENTS: Final = frozenset(
    {
        EntryKind.STEP,
        EntryKind.BRANCH,
        EntryKind.ANSWERED,
        EntryKind.JUMPED,
        EntryKind.FALLBACK,
        EntryKind.TRANSFER_REQUESTED,
        EntryKind.TRANSFER_COMPLETED,
        EntryKind.TRANSFER_FAILED,
        EntryKind.RESUMED,
    }
)
_FACTS: Final = frozenset({"step", "branch", "scheme", "target", "to", "by"})
"""Facts of the journal that go along: no other may hold what a caller keyed, or an endpoint wrote."""


def _cause(cause: Cause | None, hide: Hide) -> Attributes:
    if cause is None:
        return {}
    return _known(
        sip__status=cause.sip or None,
        q850__cause=cause.q850 or None,
        cause=hide(one_line(cause.text)),
    )


def _asks(call: CallRow, journal: Iterable[JournalEntry], hide: Hide) -> Iterator[TraceSpan]:
    """Yield the asks in order; one that got neither answer nor failure ends with the call, as it was given up."""
    asked: JournalEntry | None = None
    for entry in journal:
        if entry.kind is EntryKind.ASKED:
            if asked is not None:
                yield _ask(call, asked, None, hide)
            asked = entry
        elif entry.kind in {EntryKind.ANSWER, EntryKind.ASK_FAILED} and asked is not None:
            yield _ask(call, asked, entry, hide)
            asked = None
    if asked is not None:
        yield _ask(call, asked, None, hide)


def _ask(call: CallRow, asked: JournalEntry, came: JournalEntry | None, hide: Hide) -> TraceSpan:
    facts = defaultdict(str, () if came is None else came.facts)
    method, _, url = facts["request"].partition(" ")
    has_failed = came is not None and came.kind is EntryKind.ASK_FAILED
    attributes = {
        **_known(
            ask=dict(asked.facts).get("ask"),
            webhook=one_line(asked.text),
            ask__result="given_up" if came is None else "failed" if has_failed else "answered",
            ask__read_as=facts["read_as"],
            ask__tries=sum(name.startswith("try_") for name in facts) or None,
        ),
        **_http(method, url, facts, hide),
    }
    if facts["status"].isdecimal():
        attributes["http.response.status_code"] = int(facts["status"])
    if has_failed:
        attributes["error.type"] = facts["kind"]
    return TraceSpan(
        trace=trace_id(call.id),
        id=_span_id(call.id, "journal", str(asked.seq)),
        parent=_span_id(call.id),
        name=f"ask {one_line(asked.text)}",
        kind=SpanKind.CLIENT,
        start=asked.at,
        end=max(asked.at, (call.ended_at or asked.at) if came is None else came.at),
        attributes=attributes,
    )


def _http(
    method: str, url: str, facts: Mapping[str, str], hide: Hide, *, hides_path: bool = False
) -> dict[str, str | int | float | bool]:
    """Return what the conventions for HTTP clients name, and how many seconds each phase took."""
    found: dict[str, str | int | float | bool] = {}
    if method and url:
        parts = urlsplit(url)
        host, port = parts.hostname or "", _port(parts.netloc, parts.scheme)
        found = {
            "http.request.method": method,
            "url.full": safe_url(url, hide, hides_path=hides_path),
            "server.address": host,
        }
        if port:
            found["server.port"] = port
    address, _, peer_port = facts.get("address", "").rpartition(":")
    if address and peer_port.isdecimal():
        found |= {"network.peer.address": address.strip("[]"), "network.peer.port": int(peer_port)}
    for name, text in facts.items():
        if name.startswith("seconds_"):
            found[f"switchhook.phase.{name.removeprefix('seconds_')}"] = float(text)
    return found


def _port(netloc: str, scheme: str) -> int:
    _, _, port = netloc.rpartition(":")
    return int(port) if port.isdecimal() else {"http": 80, "https": 443}.get(scheme, 0)


def safe_url(url: str, hide: Hide, *, hides_path: bool = False) -> str:
    """Return a URL without user, query and fragment, and without the parts of its path that may be keys.

    A part of a path is taken for a key where it has a digit and is as long as one, as those of hooks are.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if hides_path and parts.path.strip("/"):
        return f"{parts.scheme}://{host}/{MASK}"
    path = "/".join(MASK if _is_key(part) else hide(part) for part in parts.path.split("/"))
    return f"{parts.scheme}://{host}{path}"


def _is_key(part: str) -> bool:
    return len(part) >= LONG and any(char.isdigit() for char in part)


def _leg(call: CallRow, leg: Leg, hide: Hide) -> TraceSpan:
    assert leg.target is not None  # noqa: S101 (for the type checker; others are left out)
    attributes = {
        **_known(
            leg=leg.id,
            leg__target=hide(one_line(str(leg.target))),
            leg__end=leg.end,
            leg__ring_seconds=_between(leg.rang_at, leg.answered_at or leg.ended_at),
        ),
        **_cause(leg.cause, hide),
        "switchhook.leg.rang": leg.rang_at is not None,
        "switchhook.leg.answered": leg.answered_at is not None,
    }
    if leg.end in {AttemptEnd.FAILED, AttemptEnd.UNREACHABLE}:
        attributes["error.type"] = str(leg.end)
    moments = (("ringing", leg.rang_at), ("answered", leg.answered_at))
    return TraceSpan(
        trace=trace_id(call.id),
        id=_span_id(call.id, "leg", leg.id),
        parent=_span_id(call.id),
        name=f"ring {leg.target.kind}",
        kind=SpanKind.CLIENT,
        start=leg.started_at,
        end=max(leg.started_at, leg.ended_at or call.ended_at or leg.started_at),
        attributes=attributes,
        events=tuple(
            SpanEvent(at=at, name=name, attributes={}) for name, at in moments if at is not None
        ),
    )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)


def _recordings(call: CallRow, journal: Iterable[JournalEntry]) -> Iterator[TraceSpan]:
    for entry in journal:
        if entry.kind is EntryKind.RECORDED:
            seconds = float(dict(entry.facts).get("seconds") or 0.0)
            yield TraceSpan(
                trace=trace_id(call.id),
                id=_span_id(call.id, "journal", str(entry.seq)),
                parent=_span_id(call.id),
                name="record",
                start=max(call.arrived_at, entry.at - seconds),
                end=entry.at,
                attributes=_known(recording__seconds=seconds),
            )


_UNSENT: Final = frozenset(
    {
        FailureKind.EXPIRED,
        FailureKind.SUPERSEDED,
        FailureKind.UNSUBSCRIBED,
        FailureKind.UNDER_WAY,
    }
)
"""What stands in place of an attempt that was not made, or whose result is not known yet."""
_LOST: Final = frozenset({DeliveryState.FAILED, DeliveryState.EXPIRED})


def _delivery(
    story: DeliveryStory,
    attempts: Sequence[Attempt],
    *,
    at: float,
    hide: Hide,
    continues: bool = False,
) -> list[TraceSpan]:
    """Return a delivery with these attempts; one that `continues` is a span of its own behind the first."""
    delivery, trace = story.row.delivery, trace_id(story.row.delivery.call)
    first = _span_id(delivery.call, "delivery", delivery.id)
    later = f"from attempt {attempts[0].number}" if attempts else "later"
    own = _span_id(delivery.call, "delivery", delivery.id, later) if continues else first
    is_open = story.row.state in {DeliveryState.PENDING, DeliveryState.PARKED}
    start = attempts[0].at if continues and attempts else delivery.occurred_at
    end = at if is_open or not attempts else attempts[-1].at + attempts[-1].seconds
    whole = TraceSpan(
        trace=trace,
        id=own,
        parent=_span_id(delivery.call),
        name=f"deliver {delivery.event}",
        start=start,
        end=max(start, end),
        attributes=_delivery_attributes(story.row, hide),
        link=first if continues else None,
    )
    return [
        whole,
        *(
            _attempt(delivery, one, own, trace, hide)
            for one in attempts
            if one.failure is None or one.failure.kind not in _UNSENT
        ),
    ]


def _delivery_attributes(row: DeliveryRow, hide: Hide) -> Attributes:
    delivery, latest = row.delivery, row.latest
    # A mail's id ends with its recipient; the name and the place of its event tell it as well.
    is_mail = not isinstance(delivery.request, HttpRequest)
    attributes = _known(
        delivery__id=None if is_mail else delivery.id,
        delivery__seq=delivery.seq,
        delivery__transport="mail" if is_mail else "http",
        delivery__state=row.state,
        delivery__attempts=0 if latest is None else latest.number,
        call__id=delivery.call,
        project=delivery.project,
        webhook=hide(one_line(delivery.webhook)),
        event=delivery.event,
    )
    if row.state in _LOST and latest is not None and latest.failure is not None:
        attributes["error.type"] = str(latest.failure.kind)
    return attributes


def _attempt(delivery: Delivery, one: Attempt, parent: int, trace: int, hide: Hide) -> TraceSpan:
    request, facts = delivery.request, dict(one.facts)
    attributes: dict[str, str | int | float | bool] = {"switchhook.attempt": one.number}
    if isinstance(request, HttpRequest):
        hides_path = delivery.is_to_subscriber
        attributes |= _http(request.method, request.url, facts, hide, hides_path=hides_path)
        if one.status:
            attributes["http.response.status_code"] = one.status
        if one.number > 1:
            attributes["http.request.resend_count"] = one.number - 1
    elif one.status:
        attributes["switchhook.smtp.status"] = one.status
    if one.failure is not None:
        attributes["error.type"] = str(one.failure.kind)
    return TraceSpan(
        trace=trace,
        id=_span_id(delivery.call, "attempt", delivery.id, str(one.number)),
        parent=parent,
        name=request.method if isinstance(request, HttpRequest) else "send mail",
        kind=SpanKind.CLIENT,
        start=one.at,
        end=one.at + one.seconds,
        attributes=attributes,
    )
