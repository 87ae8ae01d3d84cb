"""Sends spans to a collector over OTLP/HTTP, with OpenTelemetry's own SDK (the extra `otel`)."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from switchhook import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchhook.views.trace import TraceSpan

TIMEOUT: Final = 5.0
"""Seconds that a collector gets for a batch, with repeats."""
LONGEST: Final = 200
"""Characters that the log gets of why a batch was not taken."""


class OtlpExporter:
    """Exports spans; blocks meanwhile, so it belongs in a thread."""

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """`endpoint` is the whole URL; `headers` go along with each request."""
        self._why = _LastWord()
        for name in ("opentelemetry", "urllib3"):  # else they write to standard error themselves
            logger = logging.getLogger(name)
            logger.addHandler(self._why)
            logger.propagate = False
        self._exporter = OTLPSpanExporter(
            endpoint, headers=headers, timeout=TIMEOUT, compression=Compression.Gzip
        )
        self._ids, self._ended = _DerivedIds(), _EndedSpans()
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create(
                {"service.name": "switchhook", "service.version": __version__}
            ),
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        provider.add_span_processor(self._ended)
        self._tracer = provider.get_tracer("switchhook", __version__)

    def export(self, spans: Sequence[TraceSpan]) -> str:
        """Send spans. Return why they were not taken; empty where they were."""
        for span in spans:
            self._make(span)
        made, self._ended.spans = self._ended.spans, []
        self._why.text = ""
        if self._exporter.export(made) is SpanExportResult.SUCCESS:
            return ""
        return self._why.text[:LONGEST] or "the collector did not take them"

    def close(self) -> None:
        """Give up what is under way, and close the connection."""
        with suppress(Exception):  # nothing depends on it any more
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library annotates it not

    def _make(self, span: TraceSpan) -> None:
        """Let the SDK make a span, under the ids that it has."""
        self._ids.trace, self._ids.span = span.trace, span.id
        context = Context()
        if span.parent is not None:
            parent = NonRecordingSpan(_context_of(span.trace, span.parent))
            context = set_span_in_context(parent, context)
        made = self._tracer.start_span(
            span.name,
            context,
            SpanKind[span.kind.name],
            dict(span.attributes),
            () if span.link is None else (Link(_context_of(span.trace, span.link)),),
            _nanoseconds(span.start),
        )
        for event in span.events:
            made.add_event(event.name, dict(event.attributes), _nanoseconds(event.at))
        if span.is_error:
            made.set_status(Status(StatusCode.ERROR))
        made.end(_nanoseconds(span.end))


def _context_of(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(at: float) -> int:
    return round(at * 1e6) * 1000  # a float has no more than microseconds of a date


class _DerivedIds(IdGenerator):
    """Hands out the ids of the next span."""

    def __init__(self) -> None:
        self.trace = self.span = 0

    def generate_span_id(self) -> int:
        return self.span

    def generate_trace_id(self) -> int:
        return self.trace

    def is_trace_id_random(self) -> bool:
        """Say that sampling may go by the id's last 56 bits: a digest's are evenly spread."""
        return True


class _EndedSpans(SpanProcessor):
    """Keeps the spans that were made, until they are exported."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class _LastWord(logging.Handler):
    """Keeps what the libraries logged last: they return no reason."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()
