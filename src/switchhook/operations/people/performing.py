"""Carries out an act of the operator, and notes it in the audit log, whatever comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from switchhook.operations.history import NoSuchDeliveryError, show_delivery
from switchhook.operations.people import audit
from switchhook.operations.project_versions import NoSuchProjectError, project_meant
from switchhook.storage.ports import Projects, Records
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.storage.people import AuditLog


COMMAND_LINE: Final = "command line"
OPERATOR: Final = "an operator"
_TARGETS: Final = ("login", "call", "token", "name", "ids", "number", "session", "visit")
"""Fields of acts that say on what they are carried out."""
_FACTS: Final = ("role", "scope", "days", "is_disabled", "act", "how", "kind", "user", "is_trial")
"""Fields that say how, and hold no secret and no number of a caller."""


class AuditedStore(Records, Projects, Protocol):
    """Keeps who did what, and what it was done to."""

    @property
    def audit(self) -> AuditLog:
        """Return the keeper of it."""


class AuditedParts(Protocol):
    """What acts are carried out on."""

    @property
    def store(self) -> AuditedStore:
        """Return the store."""

    @property
    def clock(self) -> Callable[[], float]:
        """Return what tells unix time in seconds."""


async def perform(act: Any, name: str, on: AuditedParts) -> Any:  # noqa: ANN401 (each act has its own result)
    """Carry out an act of a name, note it with what came of it, and return that. Raises what the act raises."""
    project = await _project_of(act, on)
    try:
        done = await act.perform(on)
    except Exception as error:
        await _note(act, name, on, project, result=type(error).__name__, facts={})
        raise
    facts = _after(done)
    project = project or str(facts.get("project") or getattr(done, "project", "") or "")
    await _note(act, name, on, project, result="done", facts=facts)
    return done


async def _project_of(act: object, on: AuditedParts) -> str:
    """Return the project that an act is of, whose admins read of it; "" where that is known afterwards, or of none.

    It is looked for before, since nothing may be left of it afterwards.
    """
    if project := getattr(act, "project", None):
        return str(project)
    try:
        if call := getattr(act, "call", ""):
            row = await on.store.call(call)
            return "" if row is None else row.project
        for delivery in getattr(act, "ids", ()):
            return (await show_delivery(on.store, delivery)).row.delivery.project
        if hasattr(act, "project") and not hasattr(act, "login"):  # users are the host's
            return await project_meant(on.store, None)
    except (NoSuchDeliveryError, NoSuchProjectError, StoreError):
        pass
    return ""


async def _note(
    act: object,
    name: str,
    on: AuditedParts,
    project: str,
    *,
    result: str,
    facts: dict[str, Any],
) -> None:
    told = {field: value for field in _FACTS if (value := getattr(act, field, None)) is not None}
    await audit.note(
        on.store.audit,
        project=project,
        at=on.clock(),
        actor=getattr(act, "by", "") or OPERATOR,
        via=COMMAND_LINE,
        source="",
        operation=name,
        target=_target(act),
        result=result,
        facts=told | ({"after": facts} if facts else {}),
    )


def _target(act: object) -> str:
    values = (getattr(act, field, None) for field in _TARGETS)
    return " ".join(
        " ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in values if one
    )


def _after(done: Any) -> dict[str, Any]:  # noqa: ANN401 (each act has its own result)
    """Return what is told of a result: the version of a project that was made, or why there is none."""
    changed = getattr(done, "changed", None)
    applied = getattr(done, "applied", None) or getattr(changed, "applied", None)
    if applied is not None:
        return {"project": applied.project, "version": applied.version, "is_new": applied.is_new}
    if (counts := getattr(done, "counts", None)) is not None:
        return dict(counts())
    if getattr(done, "mistakes", ()):
        return {"mistakes": len(done.mistakes)}
    return {}
