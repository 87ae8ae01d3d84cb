"""Traces are exported where an endpoint is set, and the extra that they need is named where it is missing."""

from __future__ import annotations

import sys

import pytest

from switchhook.app.traces import CallTraces
from switchhook.app.tracing import MissingExtraError, call_traces
from switchhook.metrics import Metrics
from switchhook.settings import Settings


def made(endpoint: str) -> CallTraces | None:
    store = object()
    return call_traces(
        Settings(otel_endpoint=endpoint),
        store,  # type: ignore[arg-type] # nothing is read
        Metrics(),
        runs=lambda _call, _project: False,
    )


def test_none_are_exported_without_an_endpoint() -> None:
    assert made("") is None
    assert isinstance(made("http://127.0.0.1:4318"), CallTraces)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "switchhook.app.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
    with pytest.raises(MissingExtraError, match=r"install switchhook\[otel\]"):
        made("http://127.0.0.1:4318")
