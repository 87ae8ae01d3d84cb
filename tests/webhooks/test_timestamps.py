"""A moment is written in the project's time zone and the chosen format."""

from __future__ import annotations

import pytest

from switchhook.webhooks.timestamps import format_timestamp

MOMENT = 1534147871.0


@pytest.mark.row("S-51", "R2-31", "R1-43", "A-30")
@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("", "2018-08-13 11:11:11"),
        ("standard", "2018-08-13 11:11:11"),
        ("iso8601", "2018-08-13T11:11:11+03:00"),
        ("unix", "1534147871"),
        ("unix-ms", "1534147871000"),
        ("unix-us", "1534147871000000"),
        ("day-first", "13.08.2018 11:11:11"),
        ("date", "2018-08-13"),
        ("%H:%M", "11:11"),
        ("no such style", "2018-08-13 11:11:11"),
    ],
)
def test_each_format_of_one_moment(style: str, expected: str) -> None:
    assert expected == format_timestamp(MOMENT, time_zone="Europe/Kyiv", style=style)


@pytest.mark.row("A-30")
@pytest.mark.parametrize(
    ("style", "expected"),
    [("unix", "1534147871"), ("unix-ms", "1534147871250"), ("unix-us", "1534147871250000")],
)
def test_fractions_of_a_second_are_kept_where_the_unit_has_them(style: str, expected: str) -> None:
    assert expected == format_timestamp(MOMENT + 0.25, time_zone="Europe/Kyiv", style=style)


@pytest.mark.parametrize(
    ("at", "expected"),
    [(1711846799.0, "2024-03-31 02:59:59"), (1711846800.0, "2024-03-31 04:00:00")],
)
def test_summer_time_begins_where_it_does(at: float, expected: str) -> None:
    assert expected == format_timestamp(at, time_zone="Europe/Kyiv")


@pytest.mark.parametrize("name", ["", "No/Where", "../../etc/passwd", "\0", "Europe"])
def test_a_zone_that_is_none_counts_as_utc(name: str) -> None:
    assert format_timestamp(MOMENT, time_zone=name) == "2018-08-13 08:11:11"
