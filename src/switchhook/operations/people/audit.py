"""Writes to the audit log, and reads it: who did what, when, from where, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from switchhook.storage.people import AuditEntry
from switchhook.storage.records import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.storage.people import AuditLog

log = structlog.get_logger(__name__)

KEEP: Final = 366 * 86_400.0
"""Seconds that a line is kept, at least: whatever calls are kept for."""
MAX_TARGET: Final = 500
"""Characters."""


async def note(
    audit: AuditLog,
    *,
    project: str,
    at: float,
    actor: str,
    via: str,
    source: str,
    operation: str,
    target: str,
    result: str,
    facts: Mapping[str, Any],
) -> None:
    """Write a line. Where that cannot be, the log says so: what was done is done."""
    entry = AuditEntry(
        project=project,
        at=at,
        actor=actor,
        via=via,
        source=source,
        operation=operation,
        target=target[:MAX_TARGET],
        result=result,
        facts=facts,
    )
    try:
        await audit.add(entry)
    except StoreError as error:
        log.error(  # noqa: TRY400 - the reader needs no traceback
            "audit entry not stored", operation=operation, actor=actor, error=str(error)
        )
