"""The tables of schemes in the project file: read, written and documented from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.documents.kinds import (
    Choice,
    Kind,
    ListOf,
    NotedError,
    Reference,
    Seconds,
    Spot,
    Whole,
    WrongError,
    described,
)
from switchhook.documents.mistakes import did_you_mean
from switchhook.documents.tables import Key, Table, Tables
from switchhook.domain.scheme import Ask, GoTo, HangUp, Ring, Scheme, Step
from switchhook.domain.webhook import RingOrder
from switchhook.operations.project_checks import check_scheme
from switchhook.operations.project_kinds import NAME, RingTarget
from switchhook.webhooks.check import RING_TIMEOUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME_ID = Whole(least=1, most=2**31 - 1)
RING_SECONDS = Seconds(*RING_TIMEOUTS)

ASK = Table(
    make=Ask,
    keys=(
        Key(
            "ask",
            Reference(to="forwarding number", kind=NAME),
            "forwarding number that says where the call goes",
            attribute="webhook",
        ),
    ),
)
RING = Table(
    make=Ring,
    keys=(
        Key(
            "ring",
            ListOf(kind=RingTarget(), least=1, most=20),
            "what rings; bare digits that are a login mean the account",
            attribute="targets",
        ),
        Key(
            "order",
            Choice(RingOrder),
            "how several of them ring",
            default=RingOrder.ALL_AT_ONCE,
        ),
        Key("timeout", RING_SECONDS, "seconds that each round may ring", default=30.0),
    ),
)
GO_TO = Table(
    make=GoTo,
    keys=(
        Key(
            "go_to",
            Reference(to="scheme", kind=SCHEME_ID),
            "scheme that takes over",
            attribute="scheme",
        ),
    ),
)
HANG_UP = Table(
    make=HangUp,
    keys=(
        Key(
            "hang_up",
            Whole(least=400, most=699),
            "SIP status that the caller gets, such as 486 for busy",
            attribute="status",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One step of a scheme: the table that its first word names."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "a step: ask, ring, go_to or hang_up"

    def read(self, value: object, at: Spot) -> Step:
        """Take a table with exactly one of the words that name a step."""
        if not isinstance(value, dict):
            raise WrongError(f"{described(value)} is not a step", f"write {self.allowed}")
        words = [word for word in STEPS if word in value]
        if not words:
            _note_lost_step(value, at)
            raise NotedError
        if len(words) > 1:
            raise WrongError(f"{' and '.join(words)} in one step", "make them steps of their own")
        step: Step = STEPS[words[0]].read(value, at)
        return step

    def write(self, value: Step) -> str:
        """Write an inline table."""
        return table_of(value).write(value)


STEPS: dict[str, Table] = {"ask": ASK, "ring": RING, "go_to": GO_TO, "hang_up": HANG_UP}
"""The kinds of steps by the word that names them in the file."""


def _note_lost_step(step: Mapping[str, object], at: Spot) -> None:
    near = [advice for word in step if (advice := did_you_mean(word, STEPS)).startswith("did")]
    at.notes.add(at.path, "this step does nothing", near[0] if near else f"write {STEP.allowed}")


TABLE_OF: dict[type[Step], Table] = {Ask: ASK, Ring: RING, GoTo: GO_TO, HangUp: HANG_UP}


def table_of(step: Step) -> Table:
    """Return the table that a step is written as."""
    return TABLE_OF[type(step)]


STEP: Kind = Steps()
SCHEME = Table(
    make=Scheme,
    check=check_scheme,
    keys=(
        Key("id", SCHEME_ID, "number of the scheme, as answers name it"),
        Key("name", NAME, "name of the scheme"),
        Key(
            "steps",
            Tables(table=STEP),
            "what is done with the call, from the top; a step that cannot place it hands it on",
            default=(),
        ),
    ),
)
