"""One called leg of a bridge: its branches, what they described, why they failed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchhook.domain.cause import Cause
from switchhook.drivers.embedded.bridge.relaying import body_of, headers_of
from switchhook.sip.wire.headers import HeaderFields

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Response


@dataclass(frozen=True, slots=True)
class Description:
    """A telephone's description, and the dialog that it came in."""

    dialog: str
    headers: HeaderFields
    body: bytes


@dataclass(slots=True)
class CalledLeg:
    """One called leg. `branches` are the SIP legs that may still answer, or the one that did."""

    name: str
    branches: list[str] = field(default_factory=list)
    answered: bool = False
    early: Description | None = None
    answer: Description | None = None
    causes: list[Cause] = field(default_factory=list)
    """Why branches failed."""
    party: str = ""
    """The leg that is transferred to it, and talks already; empty where none is."""

    def rings_by(self, response: Response) -> bool:
        """Whether a response that brings no sound to the caller means that a telephone rings.

        Gateways that send 183 alone would leave their caller in silence.
        """
        return response.status == 180 or (response.status == 183 and self.early is None)

    def described(self, sip_leg: str, response: Response) -> Description:
        """Return an answer's description; without one, the earlier one of the same dialog.

        RFC 3261 §13.2.1 allows that after a reliable 183; gateways do it after any.
        """
        answer = description_of(sip_leg, response)
        if answer.body or self.early is None or self.early.dialog != answer.dialog:
            return answer
        return self.early


def worst_cause(causes: list[Cause]) -> Cause:
    """Choose why a leg with several telephones failed (RFC 3261 §16.7 item 6).

    A refusal by the person (6xx, then busy) wins over one by a telephone.
    """

    def weight(cause: Cause) -> tuple[bool, bool, int]:
        return cause.sip < 600, cause.sip != 486, cause.sip

    return min(causes, key=weight, default=Cause(sip=480))


def description_of(sip_leg: str, response: Response) -> Description:
    """Take what a response says of a telephone's media."""
    dialog = f"{sip_leg} {response.to.tag or ''}"
    return Description(dialog, headers_of(response), body_of(response))
