"""Working hours are read off the wall clock of their zone, on days of change and holidays too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.hours import (
    DAY,
    DAYS,
    Span,
    SpecialDay,
    WorkingHours,
    day_of,
    is_open,
    parse_spans,
    spans_text,
)

DAILY = parse_spans("09:00-13:00, 14:00-18:00")
OFFICE = WorkingHours(
    name="office",
    monday=DAILY,
    tuesday=DAILY,
    wednesday=DAILY,
    thursday=DAILY,
    friday=DAILY,
    special_days=(
        SpecialDay.parse("12-25"),
        SpecialDay.parse("12-24 09:00-12:00"),
        SpecialDay.parse("2027-12-24"),
    ),
)
NIGHT = WorkingHours(name="night", friday=parse_spans("22:00-06:00"))
minutes = st.integers(0, DAY)


def at(moment: str, zone: str = "Europe/Amsterdam") -> float:
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp()


def office(moment: str, zone: str = "Europe/Amsterdam") -> bool:
    return is_open(OFFICE, time_zone=zone, now=at(moment, zone))


@pytest.mark.row("R1-125", "S-14")
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-18 08:59:59", False),
        ("2026-11-18 09:00:00", True),
        ("2026-11-18 12:59:59", True),
        ("2026-11-18 13:00:00", False),
        ("2026-11-18 14:00:00", True),
        ("2026-11-18 18:00:00", False),
        ("2026-11-21 10:00:00", False),
    ],
)
def test_hours_begin_on_their_minute_and_end_before_it(moment: str, *, expected: bool) -> None:
    assert office(moment) is expected


@pytest.mark.row("S-14")
def test_the_clock_is_that_of_the_zone_on_both_days_of_change() -> None:
    """In Amsterdam 2026 the clock goes forward on 29 March and back on 25 October, both Sundays."""
    early = WorkingHours(name="early", sunday=parse_spans("02:00-03:00"))
    zone = "Europe/Amsterdam"

    def early_at(moment: str) -> bool:
        now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
        return is_open(early, time_zone=zone, now=now)

    assert [early_at(f"2026-03-29 0{hour}:30:00") for hour in (0, 1, 2)] == [False, False, False]
    assert [early_at(f"2026-10-25 0{hour}:30:00") for hour in (0, 1, 2)] == [True, True, False]
    assert office("2026-03-30 09:00:00")
    assert not office("2026-03-30 08:59:00")


def test_hours_over_midnight_belong_to_the_day_on_which_they_began() -> None:
    def night(moment: str) -> bool:
        return is_open(NIGHT, time_zone="UTC", now=at(moment, "UTC"))

    assert not night("2026-11-20 05:59:00")
    assert night("2026-11-20 22:00:00")
    assert night("2026-11-21 05:59:00")
    assert not night("2026-11-21 06:00:00")
    assert not night("2026-11-21 22:00:00")


@pytest.mark.row("S-14")
def test_a_special_day_takes_the_place_of_the_weeks_day() -> None:
    assert not office("2026-12-25 10:00:00")
    assert office("2026-12-24 10:00:00")
    assert not office("2026-12-24 15:00:00")
    assert not office("2027-12-24 10:00:00")


def test_a_zone_of_its_own_wins_and_an_unknown_one_is_utc() -> None:
    tokyo = WorkingHours(name="tokyo", time_zone="Asia/Tokyo", wednesday=DAILY)
    assert is_open(tokyo, time_zone="Europe/Amsterdam", now=at("2026-11-18 09:00:00", "Asia/Tokyo"))
    assert office("2026-11-18 09:00:00", "UTC")
    assert is_open(OFFICE, time_zone="No/Where", now=at("2026-11-18 09:00:00", "UTC"))


@given(st.builds(lambda a, b: (a, b), minutes, minutes))
def test_spans_are_written_as_they_are_read(pair: tuple[int, int]) -> None:
    opens, closes = pair
    if opens == DAY or closes in {0, opens}:
        with pytest.raises(ValueError, match="no span"):
            Span(opens=opens, closes=closes)
    else:
        span = Span(opens=opens, closes=closes)
        assert Span.parse(str(span)) == span


@pytest.mark.parametrize("text", ["", "09:00-18:00", "09:00-13:00, 14:00-24:00"])
def test_lists_of_spans_are_written_as_they_are_read(text: str) -> None:
    assert spans_text(parse_spans(text)) == text


@pytest.mark.parametrize("text", ["12-25", "2026-04-06", "12-24 09:00-12:00", "02-29"])
def test_special_days_are_written_as_they_are_read(text: str) -> None:
    assert str(SpecialDay.parse(text)) == text


@pytest.mark.parametrize("text", ["9-18", "25:00-26:00", "09:60-10:00", "09:00", "09:00-09:00"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not written like|no span of hours"):
        Span.parse(text)


@pytest.mark.parametrize("text", ["13-01", "2026-02-29", "Christmas", "12-25 all day"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SpecialDay.parse(text)


ZONES = (
    "Europe/Kyiv",
    "America/Havana",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Tokyo",
    "UTC",
)
"""Some put the clock forward at midnight, one by half an hour."""
some_spans = st.lists(
    st.builds(
        lambda opens, length: Span(opens=opens, closes=(opens + length - 1) % DAY + 1),
        st.integers(0, DAY - 1),
        st.integers(1, DAY - 1),
    ),
    max_size=2,
).map(tuple)


@pytest.mark.row("S-14")
@given(
    week=st.fixed_dictionaries(dict.fromkeys(DAYS, some_spans)),
    special=st.lists(
        st.builds(
            SpecialDay,
            month=st.integers(1, 12),
            day=st.integers(1, 28),
            year=st.sampled_from((0, 2026)),
            spans=some_spans,
        ),
        max_size=3,
    ),
    zone=st.sampled_from(ZONES),
    now=st.integers(1_766_000_000, 1_800_000_000),
)
def test_a_moment_is_within_when_the_wall_clock_is_in_any_year_on_any_day_of_change(
    week: dict[str, Any], special: list[SpecialDay], zone: str, now: int
) -> None:
    hours = replace(WorkingHours(name="any", special_days=tuple(special)), **week)
    wall = datetime.fromtimestamp(now, ZoneInfo(zone)).replace(tzinfo=None)
    midnight = wall.replace(hour=0, minute=0, second=0)

    def is_within(day: datetime, span: Span) -> bool:
        ends = timedelta(minutes=span.closes, days=1 if span.is_overnight else 0)
        return day + timedelta(minutes=span.opens) <= wall < day + ends

    expected = any(
        is_within(day, span)
        for day in (midnight - timedelta(days=1), midnight)
        for span in hours.spans(day.date())
    )
    assert is_open(hours, time_zone=zone, now=float(now)) is expected


@given(zone=st.sampled_from(ZONES), now=st.floats(1_766_000_000.0, 1_800_000_000.0))
def test_a_day_begins_at_the_midnight_of_its_zone(zone: str, now: float) -> None:
    day, began = day_of(now, zone)
    wall = datetime.fromtimestamp(now, ZoneInfo(zone))
    assert day == wall.date().isoformat()
    assert began == wall.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()


def test_a_day_ends_with_the_last_of_its_seconds() -> None:
    midnight = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Kathmandu")).timestamp()
    assert day_of(midnight - 0.01, "Asia/Kathmandu")[0] == "2026-03-01"
    assert day_of(midnight, "Asia/Kathmandu") == ("2026-03-02", midnight)
