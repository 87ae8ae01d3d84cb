"""Records, deliveries and attempts, plain ones and random ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from switchhook.domain.call import CallState
from switchhook.domain.event import EventKind
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.storage.delivery import Attempt, Delivery
from switchhook.storage.encryption import Cipher, new_key
from switchhook.storage.records import CallRecord
from switchhook.storage.stream import StreamEvent
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import MAIL_CODES, MAIL_SECONDS, Mail
from tests.support.snapshots import incoming, ring
from tests.support.strategies import calls, facts, failures, texts

if TYPE_CHECKING:
    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot

OCCURRED = 1_760_000_000.0
"""When the events of these tests happened, in unix seconds."""

CIPHER = Cipher(new_key())
"""For rows that are made without a store."""

DOWN = Failure(kind=FailureKind.STATUS, detail="answered 503")


def call(name: str = "c1", *, within: ProjectSnapshot | None = None, at: float = OCCURRED) -> Call:
    """Return a call that has just arrived."""
    return replace(incoming(ring(), within=within), id=name, arrived_at=at)


def ended(name: str = "c1", *, within: ProjectSnapshot | None = None, at: float = OCCURRED) -> Call:
    """Return a call that is over."""
    return replace(call(name, within=within, at=at), state=CallState.ENDED, ended_at=at)


def delivery(
    call_id: str = "c1",
    seq: int = 1,
    *,
    webhook: str = "crm",
    project: str = "shop",
    url: str = "https://crm.example/calls",
    body: bytes = b'{"event":"after"}',
    success_codes: tuple[int, ...] = (200,),
) -> Delivery:
    """Return a promise to tell `webhook` about a call."""
    headers = (("Host", "crm.example"), ("Content-Length", str(len(body))))
    return Delivery(
        id=f"{call_id}.{seq}.{webhook}",
        project=project,
        call=call_id,
        seq=seq,
        event=EventKind.INCOMING_AFTER,
        webhook=webhook,
        occurred_at=OCCURRED + seq,
        request=HttpRequest(method="POST", url=url, headers=headers, body=body),
        success_codes=success_codes,
        response_timeout=15.0,
    )


def mail(
    call_id: str = "c1", seq: int = 1, *, name: str = "missed", to: str = "desk@example.com"
) -> Delivery:
    """Return a promise to tell a person about a call."""
    message = f"Message-ID: <{call_id}.{seq}>\r\n\r\nA call was missed.\r\n".encode()
    return replace(
        delivery(call_id, seq, webhook=name, success_codes=MAIL_CODES),
        id=f"{call_id}.{seq}.{name}.{to}",
        request=Mail(sender="pbx@acme.example", recipient=to, message=message),
        response_timeout=MAIL_SECONDS,
        keep_alive=False,
    )


def stream_event(call_id: str = "c1", seq: int = 1, *, project: str = "shop") -> StreamEvent:
    """Return an event of a call that a project publishes."""
    return StreamEvent(
        project=project,
        call=call_id,
        seq=seq,
        type=StreamEventType.CALL_CREATED,
        at=OCCURRED + seq,
        body=f'{{"id":"{call_id}.{seq}"}}'.encode(),
    )


def record(
    of: Call, *deliveries: Delivery, entries: int = 0, events: tuple[StreamEvent, ...] = ()
) -> CallRecord:
    """Return what a step of the call left behind, with the journal's first `entries` lines."""
    journal = tuple(
        JournalEntry(seq=seq, at=OCCURRED + seq, kind=EntryKind.STEP, text=f"line {seq}")
        for seq in range(1, entries + 1)
    )
    return CallRecord(call=of, entries=journal, deliveries=deliveries, events=events)


def attempt(
    of: Delivery,
    *,
    number: int = 1,
    failure: Failure | None = None,
    answer: bytes = b"thanks",
    is_last: bool = True,
) -> Attempt:
    """Return a finished try."""
    return Attempt(
        delivery=of.id,
        project=of.project,
        number=number,
        at=of.occurred_at + number,
        seconds=0.25,
        status=200 if failure is None else 503,
        failure=failure,
        answer=answer,
        is_last=is_last,
    )


moments = st.floats(0, 4e9, allow_nan=False, allow_infinity=False)

entries = st.builds(
    JournalEntry,
    seq=st.integers(1, 10**6),
    at=moments,
    kind=st.sampled_from(EntryKind),
    leg=texts,
    text=texts,
    facts=facts,
)

requests = st.builds(
    HttpRequest,
    method=st.sampled_from(("GET", "POST", "PUT", "DELETE")),
    url=texts.map("https://crm.example/{}".format),
    headers=facts,
    body=st.binary(max_size=200),
    notes=st.lists(texts, max_size=2).map(tuple),
)
people = st.sampled_from(("desk@example.com", "o'hara+a%b/c?d@x-1.example", "root@localhost"))
mails = st.builds(Mail, sender=people, recipient=people, message=st.binary(max_size=200))


@st.composite
def records(draw: st.DrawFn) -> CallRecord:
    """Draw a call in any state, with any journal and any promises."""
    of = draw(calls())
    journal = draw(st.lists(entries, max_size=4, unique_by=lambda entry: entry.seq))
    webhooks = draw(st.lists(texts, max_size=3, unique=True))
    promises = [
        Delivery(
            id=f"{of.id}.{seq}.{webhook}",
            project=of.snapshot.project.id,
            call=of.id,
            seq=seq,
            event=draw(st.sampled_from(EventKind)),
            webhook=webhook,
            occurred_at=draw(moments),
            request=draw(requests | mails),
            success_codes=tuple(draw(st.lists(st.integers(100, 599), max_size=3))),
            response_timeout=draw(st.floats(0.1, 60)),
            keep_alive=draw(st.booleans()),
        )
        for seq, webhook in enumerate(webhooks, start=1)
    ]
    return CallRecord(
        call=of,
        entries=tuple(sorted(journal, key=lambda entry: entry.seq)),
        deliveries=tuple(promises),
    )


@st.composite
def attempts(draw: st.DrawFn, of: Delivery) -> Attempt:
    """Draw a try of a delivery."""
    return Attempt(
        delivery=of.id,
        project=of.project,
        number=draw(st.integers(1, 20)),
        at=draw(moments),
        seconds=draw(st.floats(0, 100)),
        status=draw(st.sampled_from((0, 200, 204, 302, 503))),
        failure=draw(st.none() | failures),
        answer=draw(st.binary(max_size=50)),
        is_last=draw(st.booleans()),
        asked=draw(st.none() | st.floats(1, 3600)),
    )
