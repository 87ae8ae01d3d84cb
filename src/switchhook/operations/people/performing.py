"""Carries out an act of the operator, and notes it in the audit log, whatever comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from switchhook.operations.people import audit

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.storage.people import AuditLog


COMMAND_LINE: Final = "command line"
OPERATOR: Final = "an operator"
_TARGETS: Final = ("login", "call", "token", "name", "ids", "number", "session")
"""Fields of acts that say on what they are carried out."""
_FACTS: Final = ("role", "scope", "days", "is_disabled", "act", "how", "kind", "user", "is_trial")
"""Fields that say how, and hold no secret and no number of a caller."""


class AuditedStore(Protocol):
    """Keeps who did what."""

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
    try:
        done = await act.perform(on)
    except Exception as error:
        await _note(act, name, on, result=type(error).__name__, facts={})
        raise
    await _note(act, name, on, result="done", facts=_after(done))
    return done


async def _note(
    act: object, name: str, on: AuditedParts, *, result: str, facts: dict[str, Any]
) -> None:
    told = {field: value for field in _FACTS if (value := getattr(act, field, None)) is not None}
    await audit.note(
        on.store.audit,
        project=getattr(act, "project", None) or facts.get("project", ""),
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
