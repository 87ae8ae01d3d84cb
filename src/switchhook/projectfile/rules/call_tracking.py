"""The rules of the call-tracking scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.projectfile.rules.credentials import check_credentials
from switchhook.projectfile.rules.webhook import check_delivery_policy, check_headers
from switchhook.projectfile.toml.mistakes import Finding
from switchhook.webhooks.authentication import header_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.tracking.call_tracking import StatusEntry, TrackingScenario


def check_call_tracking(tracking: TrackingScenario) -> Iterator[Finding]:
    """Headers can be set and leave the body JSON (R4-40); an ending has one status."""
    yield from check_headers(tracking.headers, header_names(tracking.credentials))
    yield from check_credentials(tracking.credentials, tracking.moment_url, tracking.after_url)
    yield from check_delivery_policy(tracking.policy)
    for index, (name, _) in enumerate(tracking.headers):
        if name.lower() == "content-type":
            problem = "the posts of call tracking are JSON, and never a form"
            yield Finding(("headers", index, "name"), problem, "remove it")
    seen: dict[tuple[object, object], StatusEntry] = {}
    for index, entry in enumerate(tracking.statuses):
        ending = (entry.outcome, entry.ended_by)
        if ending in seen:
            by = f" ended by the {entry.ended_by}" if entry.ended_by else ""
            problem = f"{entry.outcome}{by} has a status already, {seen[ending].status}"
            yield Finding(("statuses", index), problem, "keep one of the two")
        seen.setdefault(ending, entry)
