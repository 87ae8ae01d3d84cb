"""Calls that a telephone system made by itself: checked, queued, and made calls like all others (N-17)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import structlog

from switchhook.domain.call import Direction
from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.target import clean_number
from switchhook.errors import ExpectedError
from switchhook.routing.imported import import_call, imported_call
from switchhook.storage.intake import CallImport, CallImports, ImportItem, ImportState
from switchhook.storage.ports import CallStore, EndedCalls
from switchhook.storage.records import StoreError
from switchhook.switchboard.outbox import OutboxContext, call_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.tracking.caller_history import Caller, Visit
    from switchhook.domain.tracking.imported_call import ImportedCall

K = TypeVar("K", Direction, Outcome, EndedBy)

log = structlog.get_logger(__name__)

MOST: Final = 100
"""Calls that are posted at once."""
MAX_TEXT: Final = 200
"""Characters of a reference, a name and a login."""
MAX_LINK: Final = 2_000
LONGEST: Final = 7 * 86_400.0
"""Seconds that a call lasts at most."""
AHEAD: Final = 300.0
"""Seconds that another system's clock may be ahead."""


class ImportStore(CallImports, CallStore, EndedCalls, Protocol):
    """Keeps imports, and the calls that they bring."""


class CallerMemory(Protocol):
    """Counts callers; the contract is that of `tracking.memory`."""

    def imported(
        self, call: Call, visit: Visit | None
    ) -> tuple[Call, tuple[Caller, ...], Callable[[], None]]:
        """Return a call with the facts about its caller, the changes for the store, and what keeps them."""


class CallImportError(ExpectedError):
    """A call cannot be taken. The message says why, and `field` what is wrong."""

    def __init__(self, why: str, field: str = "") -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportParts:
    """The parts that calls are imported with."""

    store: ImportStore
    memory: CallerMemory
    context: OutboxContext
    dispatch: Callable[..., None]
    """Sends committed deliveries."""


def checked(calls: Sequence[ImportedCall], *, now: float) -> tuple[ImportedCall, ...]:
    """Return the calls as they are kept. Raises CallImportError."""
    if not 1 <= len(calls) <= MOST:
        raise CallImportError(f"calls: 1 to {MOST} at once", "calls")
    seen: set[str] = set()
    kept = []
    for place, made in enumerate(calls):
        if made.reference in seen:
            raise CallImportError(
                f"calls[{place}].reference: {made.reference!r} stands twice",
                f"calls[{place}].reference",
            )
        seen.add(made.reference)
        try:
            kept.append(_checked(made, now))
        except CallImportError as wrong:
            where = f"calls[{place}].{wrong.field}"
            raise CallImportError(f"{where}: {wrong}", where) from None
    return tuple(kept)


def _checked(made: ImportedCall, now: float) -> ImportedCall:
    for name in ("reference", "caller_name", "account", "visit"):
        text = getattr(made, name)
        if len(text) > MAX_TEXT or not text.isprintable():
            raise CallImportError(f"one line of at most {MAX_TEXT} characters", name)
    if not made.reference:
        raise CallImportError(
            "what the telephone system calls it, unique in the project", "reference"
        )
    if " " in made.account:
        raise CallImportError("a login has no blanks", "account")
    direction = _one_of(Direction, made.direction, "direction")
    _check_moments(made, now)
    outcome = made.outcome or _outcome(made)
    is_answered = made.answered_at is not None
    if (_one_of(Outcome, outcome, "outcome") is Outcome.ANSWERED) is not is_answered:
        raise CallImportError("a call with answered_at is answered, and no other", "outcome")
    ended_by = made.ended_by or EndedBy.CALLER.value
    _one_of(EndedBy, ended_by, "ended_by")
    if direction is not Direction.INCOMING and not made.account:
        raise CallImportError("the login of the account that called", "account")
    _check_link(made.recording_link)
    return replace(
        made,
        caller=_caller(made, direction),
        callee=_callee(made, direction),
        outcome=outcome,
        ended_by=ended_by,
    )


def _check_moments(made: ImportedCall, now: float) -> None:
    if made.started_at < 0:  # a year 1 has no local time, so nobody could list the call
        raise CallImportError("not before 1970", "started_at")
    if made.ended_at > now + AHEAD:
        raise CallImportError("the call is over, so this is not in the future", "ended_at")
    if not 0 <= made.ended_at - made.started_at <= LONGEST:
        raise CallImportError("not before started_at, and at most 7 days behind it", "ended_at")
    if made.answered_at is not None and not made.started_at <= made.answered_at <= made.ended_at:
        raise CallImportError("between started_at and ended_at", "answered_at")


def _outcome(made: ImportedCall) -> str:
    return (Outcome.MISSED if made.answered_at is None else Outcome.ANSWERED).value


def _one_of(kind: type[K], text: str, name: str) -> K:
    known = [one.value for one in kind]
    if text not in known:
        raise CallImportError(f"one of {', '.join(known)}", name)
    return kind(text)


def _check_link(link: str) -> None:
    if not link:
        return
    parts = None
    with suppress(ValueError):  # such as http://[::1
        parts = urlsplit(link) if len(link) <= MAX_LINK and link.isprintable() else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc or " " in link:
        raise CallImportError("an address of http or https", "recording_link")


def _caller(made: ImportedCall, direction: Direction) -> str:
    if direction is Direction.INTERNAL:
        return _login(made.caller, "caller") if made.caller else made.account
    return "" if not made.caller else _phone_number(made.caller, "caller")


def _callee(made: ImportedCall, direction: Direction) -> str:
    if direction is not Direction.INTERNAL:
        return _phone_number(made.callee, "callee")
    return _login(made.callee, "callee")


def _login(text: str, name: str) -> str:
    if not text.isprintable() or not 1 <= len(text) <= MAX_TEXT or " " in text:
        raise CallImportError(f"one login of at most {MAX_TEXT} characters", name)
    return text


def _phone_number(text: str, name: str) -> str:
    cleaned = clean_number(text)
    if cleaned is None:
        raise CallImportError("it is no telephone number", name)
    return cleaned


async def queue_calls(
    store: CallImports,
    project: str,
    calls: Sequence[ImportedCall],
    *,
    by: str,
    now: float,
    tells: bool,
) -> CallImport:
    """Store calls as queued, each with the id that it will have; duplicates as what they are.

    Raises CallImportError, StoreError.
    """
    named = [
        (f"{int(made.started_at)}.{secrets.randbelow(10**12):012d}", made)
        for made in checked(calls, now=now)
    ]
    return await store.add_import(project, named, by=by, at=now, tells=tells)


async def carry_out(
    parts: ImportParts, queued: CallImport, snapshot: ProjectSnapshot
) -> CallImport:
    """Make the queued calls of an import calls like all others, and return what became of each.

    Doing it again, after a crash, changes nothing: a call keeps its id. Raises StoreError.
    """
    items: list[ImportItem] = []
    for item in queued.items:
        if item.state is ImportState.QUEUED and item.made is not None:
            state = await _imported(parts, item.call, item.made, snapshot, tells=queued.tells)
            items.append(replace(item, state=state, made=None))
        else:
            items.append(item)
    done = replace(queued, state=ImportState.DONE, items=tuple(items))
    await parts.store.settle_import(done)
    return done


async def _imported(
    parts: ImportParts, call_id: str, made: ImportedCall, snapshot: ProjectSnapshot, *, tells: bool
) -> ImportState:
    try:
        await _import(parts, call_id, made, snapshot, tells=tells)
    except StoreError:
        raise
    except Exception:
        # Internal error: it costs this call; the others are imported.
        log.exception("call not imported", call=call_id, reference=made.reference)
        return ImportState.FAILED
    return ImportState.IMPORTED


async def _import(
    parts: ImportParts, call_id: str, made: ImportedCall, snapshot: ProjectSnapshot, *, tells: bool
) -> None:
    if await parts.store.call(call_id) is not None:
        return  # before a crash; its deliveries go on by themselves
    bare = imported_call(call_id, made, snapshot)
    told, callers, keep = parts.memory.imported(bare, await _visit(parts.store, bare, made))
    call, commands = import_call(told, made.reference, tells=tells)
    record = call_record(call, commands, parts.context, callers=callers)
    await parts.store.commit(record)
    keep()
    parts.dispatch(*record.deliveries)


async def _visit(store: CallImports, call: Call, made: ImportedCall) -> Visit | None:
    """Return the visit of a call: the one that was named, else who saw its number when it came."""
    project = call.snapshot.project.id
    if made.visit:
        return await store.visit_of(project, made.visit)
    if call.direction is not Direction.INCOMING or call.snapshot.number(call.callee) is None:
        return None
    return await store.visit_at(project, call.callee.removeprefix("+"), call.arrived_at)
