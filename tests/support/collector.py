"""A collector of OpenTelemetry: takes traces over OTLP/HTTP, as protobuf, and keeps their spans."""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One span, as it arrived."""

    trace: str
    id: str
    parent: str
    """Empty for the root."""
    name: str
    kind: int
    start: float
    end: float
    attributes: dict[str, Any]
    events: list[str]
    links: list[str]
    is_error: bool
    service: str


class Collector(Endpoint):
    """A context manager; `statuses` are answered in turn, the last for ever."""

    def __init__(self, *statuses: str) -> None:
        self._statuses = list(statuses or ("200 OK",))
        super().__init__(lambda _: self._answer())

    def _answer(self) -> bytes:
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        return reply(b"", status=status, content_type="application/x-protobuf")

    @property
    def spans(self) -> list[Collected]:
        """Return every span that came, in order."""
        return [span for request in list(self.ledger.requests) for span in spans_of(request)]

    def wait_for(self, name: str, count: int = 1, timeout: float = 15.0) -> list[Collected]:
        """Wait until so many spans of a name came, and return them."""
        end = time.monotonic() + timeout
        while len(found := [span for span in self.spans if span.name == name]) < count:
            assert time.monotonic() < end, [span.name for span in self.spans]
            time.sleep(0.05)
        return found


def spans_of(request: Received) -> Iterator[Collected]:
    """Yield the spans of one export."""
    is_packed = request.header("content-encoding") == "gzip"
    body = gzip.decompress(request.body) if is_packed else request.body
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _values(resource.resource.attributes)
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            yield Collected(
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                name=span.name,
                kind=span.kind,
                start=span.start_time_unix_nano / 10**9,
                end=span.end_time_unix_nano / 10**9,
                attributes=_values(span.attributes),
                events=[event.name for event in span.events],
                links=[link.span_id.hex() for link in span.links],
                is_error=span.status.code == 2,
                service=about["service.name"],
            )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
