"""A call of which everything is kept: asks, telephones, events, SIP messages; strangers' texts would like to run a script."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.domain.call import Leg, LegState, Recording
from switchhook.domain.cause import AttemptEnd, EndedBy, Outcome
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.storage.captures import SipCapture, SipMessage, pack
from switchhook.webhooks.http import HttpRequest
from tests.conformance.test_call_list import made
from tests.support.promises import DOWN, OCCURRED, attempt, delivery, record

if TYPE_CHECKING:
    from switchhook.storage.sqlite.store import SqliteStore

ID: Final = "rich"
CALLER: Final = "+380441112233"
EVIL: Final = '<script>alert("x")</script>'
SECRET: Final = "hunter2-is-a-secret"
_FACTS: Final = {
    "webhook": "crm",
    "seconds": "0.1200",
    "request": "POST https://crm.example/route?****",
    "address": "192.0.2.7",
    "seconds_dns": "0.0100",
    "seconds_connect": "0.0200",
    "seconds_tls": "0.0300",
    "seconds_headers": "0.0500",
    "seconds_body": "0.0050",
    "status": "200",
    "body": f'{{"name": "{EVIL}"}}',
    "bytes": "40",
    "read_as": "JSON",
    "request_headers": "Host: crm.example\nAuthorization: ****\nContent-Type: application/json",
    "request_body": f'{{"caller":"{CALLER}","name":"{EVIL}"}}',
    "response_headers": f"content-type: application/json\nx-odd: {EVIL}",
}


def journal() -> tuple[JournalEntry, ...]:
    """Return what happened."""
    told: tuple[tuple[float, EntryKind, str, str, dict[str, str]], ...] = (
        (0.0, EntryKind.ARRIVED, "", "", {"caller": CALLER, "callee": "380800111222"}),
        (0.0, EntryKind.STEP, "Main", "", {"step": "ask", "scheme": "1", "at": "0"}),
        (0.1, EntryKind.ASKED, "crm", "", {"ask": "c-1"}),
        (0.22, EntryKind.ANSWER, "101", "", _FACTS),
        (0.23, EntryKind.DIALLED, "", "b1", {"target": "101"}),
        (1.0, EntryKind.RANG, "", "b1", {"target": "101"}),
        (6.0, EntryKind.ANSWERED, "", "b1", {"target": "101"}),
        (
            26.0,
            EntryKind.ENDED,
            "hung up",
            "",
            {"outcome": "answered", "ended_by": "caller", "sip": "200"},
        ),
    )
    return tuple(
        JournalEntry(
            seq=seq, at=OCCURRED + at, kind=kind, text=text, leg=leg, facts=tuple(facts.items())
        )
        for seq, (at, kind, text, leg, facts) in enumerate(told, 1)
    )


def capture() -> SipCapture:
    """Return its SIP messages."""
    invite = (
        f'INVITE sip:380800111222@pbx.example SIP/2.0\r\nFrom: "{EVIL}" <sip:{CALLER}@x>;tag=1\r\n'
        "CSeq: 1 INVITE\r\n\r\n"
    ).encode()
    first = SipMessage(
        at=OCCURRED,
        is_sent=False,
        transport="UDP",
        local=("198.51.100.9", 5060),
        remote=("192.0.2.1", 5070),
        data=invite,
    )
    return SipCapture(
        messages=(
            first,
            SipMessage(
                at=OCCURRED + 0.24,
                is_sent=True,
                transport="UDP",
                local=("198.51.100.9", 5060),
                remote=("192.0.2.9", 5080),
                data=b"INVITE sip:101@192.0.2.9 SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n",
            ),
        ),
        left_out=3,
    )


async def keep_whole_call(store: SqliteStore, *, project: str = "acme", call: str = ID) -> None:
    """Store it, with one event that failed and one that was told."""
    base = made(call, caller=CALLER)
    leg = Leg(
        id="b1",
        target=Target(kind=TargetKind.ACCOUNT, value="101"),
        state=LegState.ENDED,
        started_at=OCCURRED + 0.23,
        rang_at=OCCURRED + 1,
        answered_at=OCCURRED + 6,
        ended_at=OCCURRED + 26,
        end=AttemptEnd.ANSWERED,
    )
    whole = replace(
        base,
        snapshot=ProjectSnapshot(Project(id=project, name="Acme", version=1)),
        caller=replace(base.caller, name=EVIL),
        legs=(*base.legs, leg),
        talking_to="b1",
        answered_at=OCCURRED + 6,
        ended_at=OCCURRED + 26,
        outcome=Outcome.ANSWERED,
        ended_by=EndedBy.CALLER,
        recording=replace(
            base.recording, finished=(Recording(id="r1", seconds=20.0, path="r1.wav"),)
        ),
    )
    failed = delivery(call, 9, webhook="crm", project=project)
    told = delivery(call, 10, webhook="sheet", project=project)
    secret = (("Authorization", f"Bearer {SECRET}"),)
    assert isinstance(failed.request, HttpRequest)
    failed = replace(failed, request=replace(failed.request, headers=secret))
    await store.commit(replace(record(whole, failed, told), entries=journal()))
    await store.record_attempt(attempt(failed, failure=DOWN, answer=EVIL.encode()))
    await store.record_attempt(attempt(told))
    await store.save_sip_captures([(call, pack(capture()))])
