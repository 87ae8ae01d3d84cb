"""The scripts of telephones and callers."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.domain.cause import Cause
from switchhook.routing.admission import OfferedCall

BUSY = Cause(sip=486, q850=17, text="Busy Here")
DECLINED = Cause(sip=603, q850=21, text="Decline")
NOT_THERE = Cause(sip=480, q850=20, text="Temporarily Unavailable")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPhone:
    """The script of a called telephone. Seconds count from the INVITE."""

    rings_after: float | None = 0.0
    """None: it never says that it rings."""
    early_media: bool = False
    """Whether it sends audio while it rings."""
    answers_after: float | None = None
    """None: it rings without an answer."""
    hangs_up_after: float | None = None
    """Seconds of conversation; None: leaves that to the other side."""
    transfers: tuple[float, str] | None = None
    """After how many seconds of conversation it transfers the other party, and to whom."""
    refuses_after: float | None = None
    """None: it does not refuse."""
    refusal: Cause = BUSY

    def __post_init__(self) -> None:
        if self.answers_after is not None and self.refuses_after is not None:
            raise ValueError("a telephone answers or refuses, not both")
        times = (self.rings_after, self.answers_after, self.hangs_up_after, self.refuses_after)
        if not all(seconds is None or 0 <= seconds < float("inf") for seconds in times):
            raise ValueError(f"seconds are finite and not negative, unlike those of {self}")


def answering(
    after: float = 2.0,
    *,
    talks: float | None = None,
    early_media: bool = False,
    transfers: tuple[float, str] | None = None,
) -> SimulatedPhone:
    """Return a telephone that rings, is picked up, and perhaps hangs up after `talks` seconds."""
    return SimulatedPhone(
        answers_after=after, hangs_up_after=talks, early_media=early_media, transfers=transfers
    )


def ringing_out() -> SimulatedPhone:
    """Return a telephone that rings without an answer."""
    return SimulatedPhone()


def refusing(cause: Cause, *, after: float = 0.0, rings: bool = False) -> SimulatedPhone:
    """Return a telephone that refuses, perhaps after it rang."""
    return SimulatedPhone(rings_after=0.0 if rings else None, refuses_after=after, refusal=cause)


NOBODY = refusing(NOT_THERE)
"""The default script of a target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCaller:
    """A simulated caller."""

    offered: OfferedCall
    gives_up_after: float | None = None
    """Seconds that the caller waits for an answer, prompts included; None: for ever."""
    hangs_up_after: float | None = None
    """Seconds of conversation; None: leaves that to the other side."""
    transfers: tuple[float, str] | None = None
    """After how many seconds of conversation they transfer the other party, and to whom."""
    keys: tuple[tuple[float, str], ...] = ()
    """The keys that they press, each with the seconds since they called."""
