"""The call-tracking scenario: two posts about each incoming call, in Roistat's form (R4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.delivery_policy import DEFAULT_POLICY, DeliveryPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

CALL_TRACKING: Final = "call tracking"
"""The name that the deliveries of both posts are listed under; no event webhook or mail has it."""


class Slot(StrEnum):
    """The two moments of a call, each with one address (R4-02, A-43)."""

    MOMENT = "moment"
    """When the first target is dialled (R4-04, A-55)."""
    AFTER = "after"
    """When the call has ended (R4-25)."""


class TrackedStatus(StrEnum):
    """What became of a call, in the words of Asterisk's DIALSTATUS (R4-30…37)."""

    ANSWER = "ANSWER"
    BUSY = "BUSY"
    NOANSWER = "NOANSWER"
    CANCEL = "CANCEL"
    CONGESTION = "CONGESTION"
    CHANUNAVAIL = "CHANUNAVAIL"
    DONTCALL = "DONTCALL"
    TORTURE = "TORTURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEntry:
    """A project's own entry of the table of statuses."""

    outcome: Outcome
    ended_by: EndedBy | None = None
    """None: whichever side ended the call."""
    status: TrackedStatus


STATUSES: Mapping[Outcome, TrackedStatus] = MappingProxyType(
    {
        Outcome.ANSWERED: TrackedStatus.ANSWER,
        Outcome.MISSED: TrackedStatus.NOANSWER,
        Outcome.CANCELLED: TrackedStatus.CANCEL,
        Outcome.ABANDONED: TrackedStatus.CANCEL,
        Outcome.BUSY: TrackedStatus.BUSY,
        Outcome.REJECTED: TrackedStatus.BUSY,
        Outcome.UNREACHABLE: TrackedStatus.CHANUNAVAIL,
        Outcome.FAILED: TrackedStatus.CONGESTION,
        Outcome.BLOCKED: TrackedStatus.DONTCALL,
        Outcome.VOICEMAIL: TrackedStatus.TORTURE,
    }
)
"""The status of each outcome, whichever side ended the call, unless the project says otherwise [A-42].

A person who declines (603) counts as busy, as in Asterisk.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingScenario:
    """A call-tracking scenario: where the two posts go, and how they are written and sent."""

    moment_url: str = field(default="", repr=False)
    """Empty: no post in the moment of call."""
    after_url: str = field(default="", repr=False)
    """Empty: no post after the call."""
    ids_as_strings: bool = False
    """Whether `order_id` is a text as all other ids are, and no number [A-38]."""
    withheld_caller: str = ""
    """What `caller` is for a withheld number [A-45]; empty: null."""
    statuses: tuple[StatusEntry, ...] = ()
    """Entries in place of those of `STATUSES`."""
    policy: DeliveryPolicy = DEFAULT_POLICY
    keep_alive: bool = True
    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Extra header lines, in order."""
    credentials: Credentials = NO_CREDENTIALS
    send_id: bool = True
    """Whether each request bears its delivery's id in a `webhook-id` line."""

    @property
    def is_on(self) -> bool:
        """Whether anything is sent."""
        return bool(self.moment_url or self.after_url)

    def url(self, slot: Slot) -> str:
        """Return the address of a moment; empty where it has none."""
        return self.moment_url if slot is Slot.MOMENT else self.after_url

    def status(self, outcome: Outcome, ended_by: EndedBy | None) -> TrackedStatus:
        """Return the status of an ending: an entry for that side comes before one for any."""
        of_outcome = {e.ended_by: e.status for e in self.statuses if e.outcome is outcome}
        return of_outcome.get(ended_by) or of_outcome.get(None) or STATUSES[outcome]


NO_CALL_TRACKING: Final = TrackingScenario()
