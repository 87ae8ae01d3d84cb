"""A flood writes few lines, and none of it is left out of the count."""

from __future__ import annotations

from switchhook.sip.net.log_limit import EVERY, MOST, LogLimit


def test_the_first_is_told_at_once_and_the_others_together_a_minute_later() -> None:
    rarely = LogLimit()

    assert rarely.count("a", 0.0) == ("a", 1)
    assert [rarely.count("a", second) for second in (1.0, 2.0, EVERY - 1)] == [None] * 3
    assert rarely.count("b", 2.0) == ("b", 1)
    assert rarely.count("a", EVERY) == ("a", 4)


def test_many_names_share_a_line() -> None:
    rarely = LogLimit()
    told = [rarely.count(str(number), 1.0) for number in range(1_000)]

    assert len([line for line in told if line]) == MOST + 1
    assert len(rarely._told) == MOST + 1
    assert rarely.count("x", 2.0 + EVERY) == ("x", 1)
