"""What every test run has: who claims which row of the behaviour table, and logs of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# How fast a machine makes examples says nothing of the code, and a busy one must fail no test.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

pytest_plugins = ("tests.conformance.plugin",)


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """Undo what a test that runs a command has set up: its stream is closed after it."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
