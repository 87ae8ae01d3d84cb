"""Prometheus reads what a server counts, with its own key and in its own formats."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from switchhook.metrics import OK, Gauge, Histogram, Metrics
from tests.support.loop import run
from tests.support.web import serving

if TYPE_CHECKING:
    from tests.support.web import Answer

TOKEN = "0123456789abcdef"
DEPLOY = Path(__file__).parents[2] / "deploy"


def counted() -> Metrics:
    metrics = Metrics(talked=12.5)
    metrics.calls["incoming", "answered"] += 2
    metrics.rejected[404] += 1
    metrics.asks["forwarding-number", OK] += 3
    metrics.attempts["headers_timeout"] += 1
    metrics.traces["dropped"] += 4
    metrics.ask_seconds.observe(0.2)
    metrics.ask_seconds.observe(0.25)
    metrics.ask_seconds.observe(99.0)
    return metrics


def asked(token: str = TOKEN, *, key: str = f"Bearer {TOKEN}", accept: str = "*/*") -> Answer:
    async def scenario() -> Answer:
        gauges = (Gauge("calls_running", "Calls under way.", 7),)
        async with serving(metrics=counted(), gauges=lambda: gauges, metrics_token=token) as web:
            return await web.ask("GET", "/metrics", key="", Authorization=key, Accept=accept)

    return run(scenario())


def samples(text: str, *, is_open: bool = False) -> dict[str, float]:
    read = read_openmetrics if is_open else read_text
    found = {}
    for family in read(text):
        for one in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in one.labels.items())
            found[f"{one.name}{{{labels}}}"] = one.value
    return found


@pytest.mark.parametrize("is_open", [False, True])
def test_it_tells_sums_gauges_and_histograms(*, is_open: bool) -> None:
    answer = asked(accept="application/openmetrics-text" if is_open else "*/*")
    assert answer.status == 200
    kind = "application/openmetrics-text" if is_open else "text/plain"
    assert answer.headers["content-type"].startswith(kind)
    told = samples(answer.body.decode(), is_open=is_open)
    assert told["switchhook_calls_running{}"] == 7
    assert told["switchhook_calls_total{direction=incoming,outcome=answered}"] == 2
    assert told["switchhook_call_talk_seconds_total{}"] == 12.5
    assert told["switchhook_calls_rejected_total{status=404}"] == 1
    assert told["switchhook_asks_total{dialect=forwarding-number,result=ok}"] == 3
    assert told["switchhook_delivery_attempts_total{result=headers_timeout}"] == 1
    assert told["switchhook_traces_total{result=dropped}"] == 4
    assert told["switchhook_ask_seconds_bucket{le=0.1}"] == 0
    assert told["switchhook_ask_seconds_bucket{le=0.25}"] == 2  # the bound is of its class
    assert told["switchhook_ask_seconds_bucket{le=+Inf}"] == 3
    assert told["switchhook_ask_seconds_sum{}"] == pytest.approx(99.45)
    assert told["process_resident_memory_bytes{}"] > 1e6


@pytest.mark.parametrize(
    "key", ["", "Bearer ", "Bearer 0123456789abcdeF", f"Token {TOKEN}", "Bearer acme-key", "\u00e9"]
)
def test_without_its_key_it_tells_nothing(key: str) -> None:
    answer = asked(key=key)
    assert answer.status == 403
    assert b"switchhook_calls" not in answer.body


def test_there_is_none_until_a_key_is_set() -> None:
    answer = asked("", key="Bearer ")
    assert answer.status == 404
    assert "metrics_token" in answer.json["detail"]


def test_a_class_counts_what_is_not_longer_than_its_bound() -> None:
    durations = Histogram((1.0, 2.0))
    for seconds in (0.0, 1.0, 1.5, 2.5):
        durations.observe(seconds)
    assert durations.counts == [2, 1, 1]
    assert durations.total == 5.0


def used_names(text: str) -> set[str]:
    return set(re.findall(r"\b(?:switchhook|process)_[a-z_]+", text))


@pytest.mark.parametrize("file", ["prometheus/switchhook-alerts.yml", "grafana/switchhook.json"])
def test_alerts_dashboard_and_docs_name_metrics_that_there_are(file: str) -> None:
    told = {name.partition("{")[0] for name in samples(asked().body.decode())}
    others = {  # of what a server yields
        "switchhook_deliveries_waiting",
        "switchhook_deliveries_in_flight",
        "switchhook_attempts_unrecorded",
        "switchhook_oldest_delivery_age_seconds",
        "switchhook_webhooks_failing",
        "switchhook_webhooks_parked",
        "switchhook_ask_endpoints_open",
    }
    text = (DEPLOY / file).read_text(encoding="utf-8")
    assert used_names(text) <= told | others
    docs = (DEPLOY.parent / "docs/how-to/watch-with-prometheus.md").read_text(encoding="utf-8")
    documented = {name.removesuffix("_bucket") for name in used_names(docs)}
    assert {name.removesuffix("_bucket") for name in used_names(text)} <= documented
    if file.endswith("json"):
        assert json.loads(text)["panels"]
