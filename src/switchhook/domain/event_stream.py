"""The event stream of a project: which events there are, and who is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.delivery_policy import MAX_RETRIES, DeliveryPolicy


class StreamEventType(StrEnum):
    """The types of the stream's events; published, so a value never changes."""

    CALL_CREATED = "call.created"
    CALL_FORWARDING = "call.forwarding"
    """A round of ringing begins."""
    CALL_RINGING = "call.ringing"
    """The far end of a target rings; once for each."""
    CALL_ANSWERED = "call.answered"
    CALL_TRANSFERRED = "call.transferred"
    CALL_ENDED = "call.ended"
    """The call's terminal event: only amendments may follow."""
    CALL_AMENDED = "call.amended"
    """What was told before has another value now."""
    ATTEMPT_ENDED = "attempt.ended"
    """The ring of one target is over; once for each target that was rung."""
    RECORDING_READY = "recording.ready"
    VOICEMAIL_LEFT = "voicemail.left"
    EVENT_POSTED = "event.posted"
    """Another program told of something that is no call."""


OF_CALLS = frozenset(StreamEventType) - {StreamEventType.EVENT_POSTED}
"""The types of events of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """One value that changed. `before` is empty where nothing was known."""

    field: str
    """Where an event's call has it, such as `caller.name`."""
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """How a project keeps its stream."""

    keep: bool = False
    """Whether events are kept to be listed and followed over the HTTP API."""


NO_STREAM = EventStream()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPolicy(DeliveryPolicy):
    """How the stream's events are delivered: a receiver that was away for hours misses none."""

    success_codes: tuple[int, ...] = tuple(range(200, 300))
    retries: int = MAX_RETRIES


DEFAULT_STREAM_POLICY = StreamPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamWebhook:
    """Told of the stream's events, each in a request of its own, durably and in the order of each call."""

    name: str
    url: str
    types: tuple[StreamEventType, ...] = ()
    """The types of events to tell; empty for all."""
    policy: DeliveryPolicy = DEFAULT_STREAM_POLICY
    keep_alive: bool = True
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Extra header lines, in order."""
    credentials: Credentials = NO_CREDENTIALS

    def wants(self, event: StreamEventType) -> bool:
        """Say whether it is told of events of this type."""
        return not self.types or event in self.types
