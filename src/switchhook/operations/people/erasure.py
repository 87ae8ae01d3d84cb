"""Erases a person by their number: calls, bodies of deliveries, visits, recordings (T-35)."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import phonenumbers

from switchhook.domain.numbering import canonical
from switchhook.errors import ExpectedError
from switchhook.operations.project_versions import current_project, nothing_at_hand
from switchhook.operations.recordings import NoSuchRecordingError, Recordings
from switchhook.storage.ports import Projects
from switchhook.webhooks.recording_links import ALL, RecordingName

if TYPE_CHECKING:
    from switchhook.operations.error_check import SnapshotAtHand
    from switchhook.storage.people import Erasure

FEWEST: Final = 7
"""Digits of a number that is erased: shorter ones are found in too much else."""
SECONDS: Final = 10.0
"""How long one step looks for calls."""


class ErasureError(ExpectedError, ValueError):
    """Nobody can be erased by this number. The message says why."""


class PersonMemory(Protocol):
    """Has callers and visits at hand; the contract is that of `tracking.memory`."""

    def erase(self, project: str, number: str, visits: tuple[str, ...]) -> None:
        """Forget a caller, and visits."""


class ErasingStore(Projects, Protocol):
    """Keeps projects, and erases persons."""

    @property
    def erasure(self) -> Erasure:
        """Return what erases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What a step of an erasure erased. It holds no number."""

    calls: int
    left: int
    """Calls that still run, or have deliveries that are not settled: erase again later."""
    recordings: int
    visits: int
    next: int | None
    """Where the next step begins; None: all calls were looked at."""

    def counts(self) -> dict[str, int]:
        """Return what the audit log tells."""
        return {
            "calls": self.calls,
            "left": self.left,
            "recordings": self.recordings,
            "visits": self.visits,
        }


async def erase_person(
    store: ErasingStore,
    recordings: Recordings,
    memory: PersonMemory | None,
    *,
    project: str | None,
    telephone: str,
    by: str,
    after: int = 0,
    at_hand: SnapshotAtHand = nothing_at_hand,
) -> Erased:
    """Erase a person from a project: one step, of a few seconds. Repeat it from `next` on.

    Calls that name the number in any spelling go, with all that belongs to them. Raises ErasureError,
    NoSuchProjectError, StoreError.
    """
    found = await current_project(store, project, at_hand=at_hand)
    number = canonical(telephone, found.dialling)
    digits = _significant(number)
    if len(digits) < FEWEST:
        raise ErasureError(
            f"write a telephone number, of {FEWEST} digits at least, such as +380441112233"
        )
    if any(canonical(one.number, found.dialling) == number for one in found.numbers):
        raise ErasureError("this is a number of the project itself: every call would go")
    traces = await store.erasure.traces(found.id, number, digits)
    calls: list[str] = []
    visits, left, place = set(traces.visits), 0, after
    until = time.monotonic() + SECONDS
    while True:
        step = await store.erasure.calls(found.id, digits, after=place)
        calls += step.calls
        visits |= set(step.visits)
        left += step.left
        if step.next is None or time.monotonic() > until:
            break
        place = step.next
    if memory is not None:
        memory.erase(found.id, number, tuple(visits))
    gone = await asyncio.to_thread(_remove, recordings, found.id, tuple(calls), by)
    return Erased(calls=len(calls), left=left, recordings=gone, visits=len(visits), next=step.next)


def _significant(number: str) -> str:
    """Return the digits that every spelling of a number ends in: those without country code."""
    with suppress(phonenumbers.NumberParseException):
        known = phonenumbers.parse(f"+{number}", None)
        if phonenumbers.is_possible_number(known):
            return phonenumbers.national_significant_number(known)
    return number


def _remove(recordings: Recordings, project: str, calls: tuple[str, ...], by: str) -> int:
    gone = 0
    for call in calls:
        with suppress(NoSuchRecordingError):
            name = RecordingName(project=project, call=call, recording=ALL)
            try:
                gone += len(recordings.remove(name, by=by))
            except OSError as error:
                raise ErasureError(
                    f"the calls are erased, and the recordings of call {call} cannot be deleted"
                    f" ({error.strerror}): delete its folder by hand"
                ) from error
    return gone


class ErasureParts(Protocol):
    """What an erasure is carried out on."""

    @property
    def store(self) -> ErasingStore:
        """Return the store."""

    @property
    def recordings(self) -> Recordings:
        """Return the recordings of all projects."""

    @property
    def persons(self) -> PersonMemory | None:
        """Return what has callers and visits at hand; None where no calls run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasePerson:
    """Erase a person from a project: one step."""

    project: str
    telephone: str
    """Not among the fields that the audit log tells."""
    by: str = ""
    after: int = 0
    result: ClassVar = Erased

    async def perform(self, on: ErasureParts) -> Erased:
        """Erase them. Raises ErasureError, NoSuchProjectError."""
        return await erase_person(
            on.store,
            on.recordings,
            on.persons,
            project=self.project,
            telephone=self.telephone,
            by=self.by,
            after=self.after,
        )
