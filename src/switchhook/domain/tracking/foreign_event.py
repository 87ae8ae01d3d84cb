"""An event that is no call, as another program posts it: a form, a dialogue, a deal (N-07)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from switchhook.domain.event import EventKind
from switchhook.domain.tracking.caller_history import Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEvent:
    """One event; those about the same subject keep their order."""

    project: str
    kind: EventKind
    subject: str
    """What it is about, such as the id of a deal; unique among the forms, the dialogues or the deals of the project."""
    at: float
    """Unix seconds."""
    caller: str = ""
    """The client's number, where it is known."""
    caller_name: str = ""
    number: str = ""
    """The project's number that the client saw."""
    account: str = ""
    """The login of the account whose client it is."""
    facts: Attributes = ()
    """What is known besides, under parameters' keys: the visit's attributes, and each posted field."""

    @property
    def key(self) -> str:
        """Return what stands in its deliveries for a call's id, such as `deal:17`."""
        return f"{self.kind.of}:{quote(self.subject, safe='-_~')}"
