"""A moment is written in the project's time zone and the chosen format."""

from __future__ import annotations

import pytest

from switchhook.webhooks.timestamps import format_length, format_timestamp

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
        ("time", "11:11:11"),
        ("%H:%M", "11:11"),
        ("iso8601-z", "2018-08-13T08:11:11Z"),
        ("iso8601@America/New_York", "2018-08-13T04:11:11-04:00"),
        ("@UTC", "2018-08-13 08:11:11"),
        ("%H:%M@Asia/Tokyo", "17:11"),
        ("unix@Asia/Tokyo", "1534147871"),
        ("%H@%M", "11@11"),
        ("%H@there", "11@there"),
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


@pytest.mark.parametrize(
    ("seconds", "style", "expected"),
    [
        (0, "", "0"),
        (125.9, "", "125"),
        (125.9, "no such style", "125"),
        (125.9, "mm:ss", "02:05"),
        (6005, "mm:ss", "100:05"),
        (3725.5, "hh:mm:ss", "01:02:05"),
        (360_000, "hh:mm:ss", "100:00:00"),
        (20.9, "ms", "20900"),
        (3725.5, "iso8601", "PT1H2M5S"),
        (3600, "iso8601", "PT1H"),
        (0.4, "iso8601", "PT0S"),
    ],
)
def test_each_format_of_a_length(seconds: float, style: str, expected: str) -> None:
    assert format_length(seconds, style) == expected
