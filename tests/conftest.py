"""What every test run has: who claims which row of the behaviour table, and logs of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ("tests.conformance.plugin",)


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """Undo what a test that runs a command has set up: its stream is closed after it."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
