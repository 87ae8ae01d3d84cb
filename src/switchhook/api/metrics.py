"""Metrics for Prometheus, in its text format or in OpenMetrics."""

import hmac
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException, PermissionDeniedException
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from switchhook import __version__
from switchhook.api.authentication import OPEN
from switchhook.api.dependencies import ApiDependencies
from switchhook.api.exchange.problems import Problem
from switchhook.api.responses import response_spec
from switchhook.api.subscriptions import Dependencies
from switchhook.metrics import Histogram

NAMESPACE = "switchhook"


@get(
    "/metrics",
    opt={OPEN: True},
    security=[{"bearer": []}],
    tags=["health"],
    media_type="text/plain",
    responses={
        403: response_spec(Problem, "Another key than the setting `metrics_token`."),
        404: response_spec(Problem, "The setting is empty."),
    },
)
async def metrics(deps: Dependencies, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer with the metrics of this process, for Prometheus.

    The key is the setting `metrics_token`, sent as `Authorization: Bearer KEY`.
    """
    if not deps.metrics_token:
        raise NotFoundException(
            "there are no metrics: set metrics_token, and start Switchhook again"
        )
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        key.strip().encode(), deps.metrics_token.encode()
    ):
        raise PermissionDeniedException("send the setting metrics_token as a bearer token")
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry(deps)), media_type=media_type)


def registry(deps: ApiDependencies) -> CollectorRegistry:
    """Return what there is to tell now."""
    found = CollectorRegistry(auto_describe=False)
    found.register(_Metrics(deps))
    ProcessCollector(registry=found)
    return found


class _Metrics(Collector):
    """Translates the server's own sums."""

    def __init__(self, deps: ApiDependencies) -> None:
        self._deps = deps

    def collect(self) -> Iterator[Metric]:
        """Yield a family for each name."""
        sums = self._deps.metrics
        yield InfoMetricFamily(f"{NAMESPACE}_build", "What runs.", {"version": __version__})
        for gauge in self._deps.gauges():
            yield GaugeMetricFamily(f"{NAMESPACE}_{gauge.name}", gauge.help, gauge.value)
        calls = _counter("calls", "Ended calls.", "direction", "outcome")
        for by, count in sums.calls.items():
            calls.add_metric(by, count)
        yield calls
        talked = _counter("call_talk_seconds", "Talk in ended calls.")
        talked.add_metric((), sums.talked)
        yield talked
        rejected = _counter("calls_rejected", "Calls that were not taken.", "status")
        for status, count in sums.rejected.items():
            rejected.add_metric((str(status),), count)
        yield rejected
        asks = _counter("asks", "Asks of endpoints while callers waited.", "dialect", "result")
        for by, count in sums.asks.items():
            asks.add_metric(by, count)
        yield asks
        shadows = _counter(
            "shadow_asks", "Asks of shadow endpoints, which no call follows.", "result"
        )
        for result, count in sums.shadow_asks.items():
            shadows.add_metric((result,), count)
        yield shadows
        yield _histogram("ask_seconds", "How long callers waited for an ask.", sums.ask_seconds)
        attempts = _counter("delivery_attempts", "Attempts of deliveries.", "result")
        for result, count in sums.attempts.items():
            attempts.add_metric((result,), count)
        yield attempts
        yield _histogram(
            "delivery_attempt_seconds", "How long an attempt took.", sums.attempt_seconds
        )
        traces = _counter("traces", "Traces of calls for OpenTelemetry.", "result")
        for result, count in sums.traces.items():
            traces.add_metric((result,), count)
        yield traces
        yield _histogram(
            "event_loop_delay_seconds", "How late the event loop ran a timer.", sums.loop_delay
        )


def _counter(name: str, help_: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{NAMESPACE}_{name}", help_, labels=labels)


def _histogram(name: str, help_: str, durations: Histogram) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"{NAMESPACE}_{name}", help_)
    bounds = [*map(str, durations.bounds), "+Inf"]
    sums = accumulate(durations.counts)
    family.add_metric((), buckets=list(zip(bounds, sums, strict=True)), sum_value=durations.total)
    return family
