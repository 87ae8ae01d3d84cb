"""The benchmark of deliveries says how sure a ratio is."""

from __future__ import annotations

from math import comb

import pytest
from benchmarks.deliver import Ratios, _ranks


@pytest.mark.parametrize("count", range(6, 40))
def test_the_median_lies_between_the_ranks_nineteen_times_of_twenty(count: int) -> None:
    low, high = _ranks(count)
    assert low + high == count - 1
    outside = 2 * sum(comb(count, k) for k in range(low + 1)) / 2**count
    assert outside <= 0.05
    wider = 2 * sum(comb(count, k) for k in range(low + 2)) / 2**count
    assert wider > 0.05, "a narrower interval would do"


def test_few_rounds_say_no_more_than_their_bounds() -> None:
    assert str(Ratios([3.0, 1.0, 2.0])) == "2.00 [1.00, 3.00]"


def test_nine_rounds_leave_the_outermost_out() -> None:
    assert str(Ratios([float(value) for value in range(9)])) == "4.00 [1.00, 7.00]"
