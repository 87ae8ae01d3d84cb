"""Spans reach a collector over OTLP/HTTP as they were built, and one that takes nothing says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.app.otlp import OtlpExporter
from switchhook.views.trace import SpanEvent, SpanKind, TraceSpan
from tests.support.collector import Collector
from tests.support.ports import free_port

if TYPE_CHECKING:
    import pytest

ROOT = TraceSpan(
    trace=0x0AF7651916CD43DD8448EB211C80319C,
    id=0x00F067AA0BA902B7,
    parent=None,
    name="incoming call",
    kind=SpanKind.SERVER,
    start=1_760_000_000.25,
    end=1_760_000_012.5,
    attributes={"switchhook.call.outcome": "answered", "switchhook.call.scheme": 1},
    events=(SpanEvent(at=1_760_000_001.0, name="answered", attributes={}),),
)
LATER = TraceSpan(
    trace=ROOT.trace,
    id=2,
    parent=ROOT.id,
    name="deliver incoming.after",
    start=1_760_000_013.0,
    end=1_760_000_014.0,
    attributes={"error.type": "refused"},
    link=3,
)


def exported(collector: Collector, *spans: TraceSpan) -> str:
    exporter = OtlpExporter(collector.url("/v1/traces"), {"x-api-key": "k1"})
    try:
        return exporter.export(spans)
    finally:
        exporter.close()


def test_a_collector_gets_spans_as_they_were_built() -> None:
    with Collector() as collector:
        assert exported(collector, ROOT, LATER) == ""
        (request,) = collector.ledger.requests
        root, later = collector.spans
    assert request.header("x-api-key") == "k1"
    assert request.header("content-type") == "application/x-protobuf"
    assert (root.trace, root.id, root.parent) == (f"{ROOT.trace:032x}", f"{ROOT.id:016x}", "")
    assert (root.name, root.kind, root.service) == ("incoming call", 2, "switchhook")
    assert (root.start, root.end) == (ROOT.start, ROOT.end)
    assert root.attributes == ROOT.attributes
    assert root.events == ["answered"]
    assert not root.is_error
    assert (later.trace, later.parent) == (root.trace, root.id)
    assert later.links == ["0000000000000003"]
    assert later.is_error


def test_one_that_refuses_says_why() -> None:
    with Collector("401 Unauthorized") as collector:
        assert "401" in exported(collector, ROOT)


def test_nothing_there_is_said_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.app.otlp.TIMEOUT", 0.2)
    exporter = OtlpExporter(f"http://127.0.0.1:{free_port()}/v1/traces", {})
    assert "Failed to export" in exporter.export([ROOT])
    exporter.close()
