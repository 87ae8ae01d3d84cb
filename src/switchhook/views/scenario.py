"""A call-tracking scenario and the samples of a test, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.projectfile.scenario import shown_keys
from switchhook.views.text import iso

if TYPE_CHECKING:
    from switchhook.operations.scenario import SampleResult, ScenarioState


def scenario_as_json(state: ScenarioState) -> dict[str, Any]:
    """Return a scenario for programs."""
    draft = None
    if state.draft is not None:
        draft = shown_keys(state.draft) | {
            "by": state.drafted_by,
            "at": iso(state.drafted_at),
            "is_outdated": state.is_outdated,
        }
    activated = {"by": state.activated_by, "at": iso(state.activated_at)}
    return {
        "project": state.project,
        "version": state.version,
        "active": shown_keys(state.active),
        "activated": activated if state.activated_by else None,
        "draft": draft,
        "notes": list(state.notes),
    }


def response_bytes(one: SampleResult) -> bytes:
    """Return a response as it was read: header names are in lower case."""
    assert one.response is not None  # noqa: S101 (for the type checker)
    head = [f"HTTP/1.1 {one.response.status} {one.response.reason}".rstrip()]
    head += [f"{name}: {value}" for name, value in one.response.headers]
    return "\r\n".join((*head, "", "")).encode() + one.response.body


def sample_as_json(one: SampleResult) -> dict[str, Any]:
    """Return what became of a sample, with the bytes of both directions."""
    response = one.response
    return {
        "slot": one.slot,
        "url": one.url,
        "request": one.request.decode("utf-8", "replace"),
        "status": response.status if response else 0,
        "response": response_bytes(one).decode("utf-8", "replace") if response else "",
        "failure": None
        if one.failure is None
        else {"kind": one.failure.kind, "detail": one.failure.detail},
        "address": one.address,
        "milliseconds": round(one.seconds * 1000),
    }
