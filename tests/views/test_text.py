"""Times and durations read well."""

from __future__ import annotations

import pytest

from switchhook.views.text import NOTHING, clock, iso, seconds


@pytest.mark.parametrize(
    ("duration", "said"),
    [(None, NOTHING), (0.0042, "4 ms"), (0.5, "500 ms"), (12.34, "12.3 s"), (125.0, "2:05 min")],
)
def test_durations_read_well(duration: float | None, said: str) -> None:
    assert seconds(duration) == said


def test_times_are_of_this_machines_zone() -> None:
    assert clock(None) == NOTHING
    assert iso(None) is None
    assert clock(1_763_692_331.5).startswith("2025-11-2")
    assert clock(1_763_692_331.5).split(" ")[2]  # the zone has a name
    assert (iso(1_763_692_331.5) or "")[19:23] == ".500"
