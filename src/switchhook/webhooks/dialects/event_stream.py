"""The event stream dialect: writes our own events, and the JSON Schema that describes them.

Schema and events come from the same classes, so neither can know a member that the other does not. Within a
version members and types may be added, never removed or changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

import msgspec
from msgspec import Meta, Struct

from switchhook.domain.call import CALLER, Call, Direction
from switchhook.domain.cause import AttemptEnd, EndedBy, Outcome
from switchhook.domain.event import EVENT_FIELD, EVENT_SUBJECT
from switchhook.domain.event_stream import Amendment, StreamEventType
from switchhook.domain.masking import mask, redacted
from switchhook.domain.target import TargetKind
from switchhook.domain.webhook import Method
from switchhook.webhooks.e164 import to_e164
from switchhook.webhooks.encoding import JSON_TYPE
from switchhook.webhooks.recording_links import LINK, is_link
from switchhook.webhooks.request_headers import HeaderOptions, Payload, make_request
from switchhook.webhooks.url import secret_alone, url_template

if TYPE_CHECKING:
    from switchhook.domain.call import Leg
    from switchhook.domain.event_stream import StreamWebhook
    from switchhook.domain.target import Target
    from switchhook.webhooks.http import HttpRequest

VERSION: Final = 1
"""The version of the stream's form; another one only when a receiver of this one would break."""
SCHEMA_ID: Final = f"urn:switchhook:event-stream:{VERSION}"

StreamMoment = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
        description="UTC, with microseconds.",
        examples=["2026-12-01T09:30:00.000000Z"],
    ),
]
StreamSeconds = Annotated[float, Meta(ge=0, description="Seconds, to the millisecond.")]
StreamAccount = Annotated[
    str | None, Meta(description="Login of the project's account; null outside.")
]


class StreamParty(Struct, frozen=True, kw_only=True):
    """Somebody who calls or is called."""

    number: Annotated[
        str | None,
        Meta(
            description="E.164 with its plus; else the number as it came, or an account's login; null when withheld."
        ),
    ]
    name: Annotated[str | None, Meta(description="Null when it is unknown.")]
    account: StreamAccount
    email: Annotated[str | None, Meta(description="The account's, where the project has it.")]
    department: Annotated[str | None, Meta(description="The account's, likewise.")]


class StreamAttempt(Struct, frozen=True, kw_only=True):
    """The ring of one target, from its begin to the end of its leg."""

    id: Annotated[str, Meta(description="Unique in the call.")]
    target: StreamParty
    started_at: StreamMoment
    rang_at: StreamMoment | None
    answered_at: StreamMoment | None
    ended_at: StreamMoment | None
    end: Annotated[AttemptEnd | None, Meta(description="Null until the attempt is over.")]
    sip: Annotated[int | None, Meta(description="SIP status that ended it, where one did.")]
    q850: Annotated[int | None, Meta(description="ITU-T Q.850 cause, where one is known.")]


class StreamRecording(Struct, frozen=True, kw_only=True):
    """A recording of the call or of a message."""

    id: Annotated[str, Meta(description="Unique in the call.")]
    seconds: StreamSeconds
    file: Annotated[str, Meta(description="Its file, in the data directory's recordings.")]
    link: Annotated[
        str, Meta(description="URL to hear it at for a time; empty where none is made.")
    ]


class StreamChange(Struct, frozen=True, kw_only=True):
    """One value that changed."""

    field: Annotated[str, Meta(description="Where `call` has it, such as caller.name.")]
    before: Annotated[str | None, Meta(description="Null where nothing was known.")]
    after: str


class StreamCall(Struct, frozen=True, kw_only=True):
    """The call as it was at the moment of the event."""

    id: str
    direction: Direction
    caller: StreamParty
    called: Annotated[str, Meta(description="The dialled number, in E.164 where it can be told.")]
    scheme: Annotated[int | None, Meta(description="Scheme that the call is in.")]
    started_at: StreamMoment
    answered_at: StreamMoment | None
    ended_at: StreamMoment | None
    answered_by: Annotated[
        StreamParty | None, Meta(description="Who talks, or talked last; null before an answer.")
    ]
    outcome: Annotated[Outcome | None, Meta(description="Null until the end.")]
    ended_by: Annotated[EndedBy | None, Meta(description="Null until the end.")]
    sip: Annotated[int | None, Meta(description="SIP status of the call's end, where one is.")]
    q850: Annotated[int | None, Meta(description="ITU-T Q.850 cause of the call's end, likewise.")]
    waiting_seconds: Annotated[
        StreamSeconds | None, Meta(description="Until the answer or the end; null before.")
    ]
    talk_seconds: Annotated[
        StreamSeconds | None, Meta(description="Length of the conversation; null until the end.")
    ]
    rating: Annotated[int | None, Meta(description="Key that the caller pressed.")]
    recordings: list[StreamRecording]
    facts: Annotated[
        dict[str, str],
        Meta(
            description="What is known of caller and visitor, by the keys of parameters: visit, campaign, earlier calls; of an incoming call also `calls_before` and `proper_before`, the numbers of the caller's calls before it and of proper ones among these."
        ),
    ]


class StreamPosted(Struct, frozen=True, kw_only=True):
    """What another program told of: a form, a dialogue, a deal."""

    kind: Annotated[str, Meta(description="What happened, such as deal.changed.")]
    subject: Annotated[str, Meta(description="What it is about, such as the id of a deal.")]
    caller: StreamParty
    number: Annotated[
        str | None, Meta(description="The project's number that the client saw, in E.164.")
    ]
    account: Annotated[StreamParty | None, Meta(description="Whose client it is.")]
    fields: Annotated[dict[str, str], Meta(description="What was posted besides.")]
    facts: Annotated[
        dict[str, str],
        Meta(description="What is known of the visit, by the keys of parameters."),
    ]


class StreamEventHead(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The members of every event."""

    id: Annotated[
        str,
        Meta(description="The same however often and by whatever way the event comes."),
    ]
    version: Annotated[int, Meta(ge=1)]
    project: str
    sequence: Annotated[
        int,
        Meta(
            ge=1,
            description="Place among the events of the call, or about the subject: 1, 2, 3 … without a gap.",
        ),
    ]
    occurred_at: StreamMoment


class StreamEventBody(StreamEventHead, frozen=True, kw_only=True):
    """The members of every event of a call."""

    call: StreamCall


class CallCreatedBody(StreamEventBody, frozen=True, tag=StreamEventType.CALL_CREATED.value):
    """A call has come in, or an account has dialled; nothing was done with it yet."""


class CallForwardingBody(StreamEventBody, frozen=True, tag=StreamEventType.CALL_FORWARDING.value):
    """A round of ringing begins, once for each round."""

    attempts: Annotated[list[StreamAttempt], Meta(description="Those of this round.")]


class CallRingingBody(StreamEventBody, frozen=True, tag=StreamEventType.CALL_RINGING.value):
    """A target rings, once for each target."""

    attempt: StreamAttempt


class CallAnsweredBody(StreamEventBody, frozen=True, tag=StreamEventType.CALL_ANSWERED.value):
    """A target has answered; the others end as `answered_elsewhere`."""

    attempt: StreamAttempt


class CallTransferredBody(StreamEventBody, frozen=True, tag=StreamEventType.CALL_TRANSFERRED.value):
    """A blind transfer was answered: `call.answered_by` talks now."""

    attempt: Annotated[StreamAttempt, Meta(description="That of who talks now.")]
    transferred_by: StreamParty
    transferred: Annotated[StreamParty, Meta(description="Whom the new party talks to.")]


class CallEndedBody(StreamEventBody, frozen=True, tag=StreamEventType.CALL_ENDED.value):
    """The call has ended, in any way. Only `call.amended` may follow."""


class CallAmendedBody(StreamEventBody, frozen=True, tag=StreamEventType.CALL_AMENDED.value):
    """Values that were told before have changed, or became known."""

    changes: Annotated[list[StreamChange], Meta(min_length=1)]


class AttemptEndedBody(StreamEventBody, frozen=True, tag=StreamEventType.ATTEMPT_ENDED.value):
    """The ring of one target is over, or its conversation; once for each target that was rung."""

    attempt: StreamAttempt


class RecordingReadyBody(StreamEventBody, frozen=True, tag=StreamEventType.RECORDING_READY.value):
    """A recording can be heard."""

    recording: StreamRecording


class VoicemailLeftBody(StreamEventBody, frozen=True, tag=StreamEventType.VOICEMAIL_LEFT.value):
    """The caller has left a message."""

    recording: StreamRecording


class EventPostedBody(StreamEventHead, frozen=True, tag=StreamEventType.EVENT_POSTED.value):
    """Another program told of something that is no call; there is no `call`."""

    posted: StreamPosted


AnyStreamEvent = (
    CallCreatedBody
    | CallForwardingBody
    | CallRingingBody
    | CallAnsweredBody
    | CallTransferredBody
    | CallEndedBody
    | CallAmendedBody
    | AttemptEndedBody
    | RecordingReadyBody
    | VoicemailLeftBody
    | EventPostedBody
)
_BODIES: Final[Mapping[StreamEventType, type[StreamEventHead]]] = {
    StreamEventType(body.__struct_config__.tag): body for body in get_args(AnyStreamEvent)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What happened, to write an event of it."""

    type: StreamEventType
    seq: int
    at: float
    """Unix seconds."""
    call: Call
    """The call as it was at that moment."""
    leg: str = ""
    recording: str = ""
    changes: tuple[Amendment, ...] = ()
    posted: str = ""
    """What happened that is no call, such as `deal.changed`; the call has its form then."""
    facts: Mapping[str, str]
    """What may be told of the call from outside it, under parameters' keys."""


def event_id(call: str, seq: int) -> str:
    """Return the id of an event: the same whenever it is made again."""
    return f"{call}.{seq}"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of every event."""
    (made,), parts = msgspec.json.schema_components([AnyStreamEvent], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "An event of a Switchhook project",
        "oneOf": made["anyOf"],
        "$defs": parts,
    }


def write(told: StreamFacts) -> bytes:
    """Write one event. Never raises for what a caller sent."""
    writer = _Writer(redacted(told.call), told.facts)
    call = writer.call
    body = _BODIES[told.type](
        id=event_id(_text(call.id), told.seq),
        version=VERSION,
        project=call.snapshot.project.id,
        sequence=told.seq,
        occurred_at=_moment(told.at),
        **_particulars(told, writer),
    )
    return msgspec.json.encode(body)


def render(webhook: StreamWebhook, body: bytes, *, event: str, product: str) -> HttpRequest:
    """Build the request that brings an event to a webhook; `event` is its id. Never raises."""
    address = url_template(webhook.url, secret_alone)
    options = HeaderOptions(
        user_agent=product, keep_alive=webhook.keep_alive, headers=webhook.headers, id=event
    )
    payload = Payload(content_type=JSON_TYPE, body=body)
    return make_request(Method.POST, address, lambda _key, _argument: "", payload, options)


def _particulars(told: StreamFacts, writer: _Writer) -> dict[str, Any]:
    """Return the members that events of this type have besides those of all."""
    if told.type is StreamEventType.EVENT_POSTED:
        return {"posted": writer.posted(told.posted)}
    return {"call": writer.whole()} | _of_call(told, writer)


def _of_call(told: StreamFacts, writer: _Writer) -> dict[str, Any]:
    """Return the members that events of calls of this type have besides those of all."""
    match told.type:
        case StreamEventType.CALL_CREATED | StreamEventType.CALL_ENDED:
            return {}
        case StreamEventType.CALL_FORWARDING:
            return {"attempts": [writer.attempt(leg) for leg in writer.call.live_called_legs]}
        case (
            StreamEventType.CALL_RINGING
            | StreamEventType.CALL_ANSWERED
            | StreamEventType.ATTEMPT_ENDED
        ):
            return {"attempt": writer.attempt(writer.leg(told.leg))}
        case StreamEventType.CALL_TRANSFERRED:
            return {
                "attempt": writer.attempt(writer.leg(writer.call.talking_to)),
                "transferred_by": writer.party_of(told.leg),
                "transferred": writer.party_of(writer.call.party),
            }
        case StreamEventType.CALL_AMENDED:
            return {"changes": [_change(one, told.call.asks.codes) for one in told.changes]}
        case StreamEventType.RECORDING_READY | StreamEventType.VOICEMAIL_LEFT:
            return {"recording": writer.recording(told.recording)}
        case StreamEventType.EVENT_POSTED:
            raise ValueError("it is about no call")


def _change(change: Amendment, codes: tuple[str, ...]) -> StreamChange:
    """Return what changed; a code that the caller entered is masked."""
    before, after = (_text(mask(text, codes)) for text in (change.before, change.after))
    return StreamChange(field=change.field, before=before or None, after=after)


class _Writer:
    """Writes the parts of one call."""

    __slots__ = ("call", "facts")

    def __init__(self, call: Call, facts: Mapping[str, str]) -> None:
        self.call = call
        self.facts = facts

    def whole(self) -> StreamCall:
        """Return the call itself."""
        call = self.call
        cause, is_over = call.cause, call.ended_at is not None
        return StreamCall(
            id=_text(call.id),
            direction=call.direction,
            caller=self.party_of(CALLER),
            called=self._number(call.callee),
            scheme=call.position.scheme or None,
            started_at=_moment(call.arrived_at),
            answered_at=_moment_or_none(call.answered_at),
            ended_at=_moment_or_none(call.ended_at),
            answered_by=self.party_of(call.talking_to) if call.talking_to else None,
            outcome=call.outcome,
            ended_by=call.ended_by,
            sip=None if cause is None else cause.sip or None,
            q850=None if cause is None else cause.q850 or None,
            waiting_seconds=_waiting(call),
            talk_seconds=round(call.conversation, 3) if is_over else None,
            rating=int(call.rating.key) if call.rating.key else None,
            recordings=[self.recording(one.id) for one in call.recording.finished],
            facts={
                _text(key): _text(value)
                for key, value in self.facts.items()
                if value and not is_link(key)
            },
        )

    def posted(self, kind: str) -> StreamPosted:
        """Return what is no call, and only has a call's form."""
        call, facts = self.call, dict(self.call.facts)
        subject = facts.pop(EVENT_SUBJECT, "")
        prefix = f"{EVENT_FIELD}:"
        return StreamPosted(
            kind=kind,
            subject=_text(subject),
            caller=self.party_of(CALLER),
            number=self._number(call.callee) or None,
            account=self.party_of(call.talking_to) if call.talking_to else None,
            fields={
                _text(key.removeprefix(prefix)): _text(value)
                for key, value in facts.items()
                if key.startswith(prefix)
            },
            facts={
                _text(key): _text(value)
                for key, value in facts.items()
                if value and not key.startswith(prefix) and not is_link(key)
            },
        )

    def leg(self, leg: str) -> Leg:
        """Return a leg of the call."""
        found = self.call.leg(leg)
        if found is None:
            raise LookupError(f"call {self.call.id} has no leg {leg}")
        return found

    def attempt(self, leg: Leg) -> StreamAttempt:
        """Return the ring of one target."""
        cause = leg.cause
        return StreamAttempt(
            id=leg.id,
            target=self.party_of(leg.id),
            started_at=_moment(leg.started_at),
            rang_at=_moment_or_none(leg.rang_at),
            answered_at=_moment_or_none(leg.answered_at),
            ended_at=_moment_or_none(leg.ended_at),
            end=leg.end,
            sip=None if cause is None else cause.sip or None,
            q850=None if cause is None else cause.q850 or None,
        )

    def recording(self, recording: str) -> StreamRecording:
        """Return a recording that was made."""
        made = next(one for one in self.call.recording.finished if one.id == recording)
        return StreamRecording(
            id=made.id,
            seconds=round(max(0.0, made.seconds), 3),
            file=_text(made.path),
            link=_text(self.facts.get(f"{LINK}:{made.id}", "")),
        )

    def party_of(self, leg: str) -> StreamParty:
        """Return who is at a leg."""
        target = self.leg(leg).target
        if target is None:
            caller = self.call.caller
            name = self.call.asks.caller_name or caller.name
            if caller.account:
                return self._account(caller.account, name)
            return self._outside(self._number(caller.number), name)
        if target.kind is TargetKind.ACCOUNT:
            return self._account(target.value, "")
        return self._outside(self._target_number(target), "")

    def _account(self, login: str, name: str) -> StreamParty:
        account = self.call.snapshot.accounts.get(login)
        return StreamParty(
            number=_text(login),
            name=_text(name or (account.name if account else "")) or None,
            account=_text(login),
            email=(account.email or None) if account else None,
            department=(_text(account.department) or None) if account else None,
        )

    @staticmethod
    def _outside(number: str, name: str) -> StreamParty:
        return StreamParty(
            number=number or None,
            name=_text(name) or None,
            account=None,
            email=None,
            department=None,
        )

    def _target_number(self, target: Target) -> str:
        if target.kind is TargetKind.ADDRESS:
            country = self.call.snapshot.project.country
            return to_e164(target.user, country) or _text(target.value)
        return self._number(target.value)

    def _number(self, written: str) -> str:
        return to_e164(written, self.call.snapshot.project.country) or _text(written)


def _waiting(call: Call) -> float | None:
    until = call.ended_at if call.answered_at is None else call.answered_at
    return None if until is None else round(max(0.0, until - call.arrived_at), 3)


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _moment_or_none(at: float | None) -> str | None:
    return None if at is None else _moment(at)


def _text(value: str) -> str:
    """Return text that can be encoded: half a surrogate pair fits nowhere."""
    return value.encode("utf-8", "replace").decode()
