"""Notes in the audit log what people did in the console, or were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.api.access.auditing import with_note
from switchhook.console.guard import SAFE
from switchhook.console.page import KEY, Page
from switchhook.domain.access.rights import Need
from switchhook.operations.people import audit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import ASGIApp


def with_audit(app: ASGIApp) -> ASGIApp:
    """Note each change, and each refusal of somebody who has signed in, before it is answered."""
    return with_note(app, _note)


async def _note(scope: Mapping[str, Any], status: int, facts: Mapping[str, Any]) -> None:
    page = scope.get(KEY)
    if not isinstance(page, Page) or page.user is None or page.session is None:
        return
    method = str(scope["method"])
    is_audited = not isinstance(page.need, Need) or page.need.is_audited
    if status != 403 and (method in SAFE or not is_audited):
        return
    await audit.note(
        page.api.audit,
        project=page.project,
        at=page.now,
        actor=page.user.login,
        via=f"session {page.session.id}",
        source=(scope.get("client") or ("", 0))[0],
        operation=f"{method} {scope.get('path_template', '')}",
        target=scope["path"],
        result=str(status),
        facts=facts,
    )
