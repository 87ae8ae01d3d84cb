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
FOLD: Final = 60.0
"""Seconds within which refusals of one person at one operation are one line."""
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
    is_refusal: bool = False,
) -> None:
    """Write a line; a refusal that is repeated is one line for each minute, with a count.

    Where that cannot be, the log says so: what was done is done.
    """
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
        if is_refusal:
            await audit.add_refusal(entry, within=FOLD)
        else:
            await audit.add(entry)
    except StoreError as error:
        log.error(  # noqa: TRY400 - the reader needs no traceback
            "audit entry not stored", operation=operation, actor=actor, error=str(error)
        )
