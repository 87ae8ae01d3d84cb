"""Under load and over a lossy line every call is completed, and nothing is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.load import DYNAMIC, STATIC, open_bench

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_no_call_fails_at_fifty_a_second(tmp_path: Path) -> None:
    with open_bench(tmp_path) as bench:
        load = bench.load(DYNAMIC, rate=50, seconds=10.0)
        assert load.failed == 0, load


@pytest.mark.timeout(180)
def test_every_call_is_completed_when_each_tenth_packet_is_lost(tmp_path: Path) -> None:
    """At the caller and at the callee, in both directions."""
    with open_bench(tmp_path, callee=("-lost", "10")) as bench:
        patient = ("-lost", "10", "-max_retrans", "9")
        load = bench.load(STATIC, rate=20, seconds=8.0, arguments=patient)
        assert load.failed == 0, load
        assert load.retransmissions > 0, "nothing was lost"
        bench.house.assert_nothing_runs(timeout=40.0)
