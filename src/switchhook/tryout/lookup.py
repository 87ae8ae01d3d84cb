"""Looks up what is tried out: a project's latest version, or a file's; a webhook by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from switchhook.domain.event import BUILT_IN, EventAction
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.tracking.call_tracking import CALL_TRACKING
from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber
from switchhook.errors import ExpectedError
from switchhook.operations.project_versions import latest_version
from switchhook.projectfile.file import read_project
from switchhook.projectfile.loading import load_snapshot
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.storage.ports import Projects

AskedWebhook = ForwardingNumber | DialPlanWebhook
"""A routing webhook of any dialect, as a union that can be matched exhaustively."""
AnyWebhook = AskedWebhook | EventAction

W = TypeVar("W", bound=AnyWebhook)


class NoSuchWebhookError(ExpectedError, LookupError):
    """The project has no such webhook. The message names those that it has."""


async def applied_snapshot(store: Projects, project_id: str | None) -> ProjectSnapshot:
    """Return the latest version of a project; without an id, of the only one there is.

    Raises NoSuchProjectError, or LookupError when this release cannot read it.
    """
    return load_snapshot(await latest_version(store, project_id))


def snapshot_of_file(content: bytes) -> ProjectSnapshot | Mistakes:
    """Return what a project file says, applied or not."""
    text = decode(content)
    project = text if isinstance(text, Mistakes) else read_project(text)
    return project if isinstance(project, Mistakes) else ProjectSnapshot(project)


def find_routing_webhook(snapshot: ProjectSnapshot, name: str) -> AskedWebhook:
    """Return the forwarding number or dial-plan webhook of this name. Raises NoSuchWebhookError."""
    known: dict[str, AskedWebhook] = {**snapshot.dial_plan_webhooks, **snapshot.webhooks}
    return _find(name, known, "routing webhook", snapshot)


def find_webhook(snapshot: ProjectSnapshot, name: str) -> AnyWebhook:
    """Return the webhook or event mail of this name, a routing webhook before an action of an event.

    Raises NoSuchWebhookError.
    """
    known: dict[str, AnyWebhook] = {
        **snapshot.actions,
        **snapshot.dial_plan_webhooks,
        **snapshot.webhooks,
    }
    return _find(name, known, "webhook", snapshot, also=snapshot.stream_webhooks)


_ELSEWHERE = {
    BUILT_IN: "this event is built in, and not configured; write measurement_id and api_secret in [google_analytics]",
    CALL_TRACKING: "its requests are shown by switchhook scenario test",
}
"""Names that deliveries are listed under, and that no table has."""


def _find(
    name: str,
    known: Mapping[str, W],
    what: str,
    snapshot: ProjectSnapshot,
    *,
    also: Iterable[str] = (),
) -> W:
    if name in known:
        return known[name]
    if name in _ELSEWHERE:
        raise NoSuchWebhookError(f"{name}: {_ELSEWHERE[name]}")
    advice = did_you_mean(name, [*known, *also]) or f"it has no {what} at all"
    raise NoSuchWebhookError(f"project {snapshot.project.id} has no {what} {name!r}; {advice}")
