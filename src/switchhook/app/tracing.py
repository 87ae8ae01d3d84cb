"""Exports traces where the settings say so; only then the extra `otel` is imported."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from switchhook.errors import ExpectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.app.traces import CallTraces
    from switchhook.metrics import Metrics
    from switchhook.settings import Settings
    from switchhook.storage.ports import Records


class MissingExtraError(ExpectedError):
    """A setting needs packages that are not installed."""


def nobody_follows(_: object) -> None:
    """Take no note, where no traces are exported."""


def call_traces(
    settings: Settings, store: Records, metrics: Metrics, *, runs: Callable[[str, str], bool]
) -> CallTraces | None:
    """Return what exports traces; None without `otel_endpoint`. Raises MissingExtraError."""
    if not settings.otel_endpoint:
        return None
    try:
        from switchhook.app.otlp import OtlpExporter  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"otel_endpoint needs the extra otel, and {error.name} is not installed: install"
            " switchhook[otel], or remove the setting"
        ) from error
    from switchhook.app.traces import CallTraces, TraceOptions  # noqa: PLC0415 (only where they are exported)

    return CallTraces(
        store,
        OtlpExporter(settings.otel_traces_url, settings.otel_header_lines),
        clock=time.time,
        runs=runs,
        metrics=metrics,
        options=TraceOptions(
            ratio=settings.otel_ratio, masks_numbers=not settings.otel_whole_numbers
        ),
    )
