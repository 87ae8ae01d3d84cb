"""What `make soak-calls` takes for a leak, and what for full caches."""

from __future__ import annotations

from collections import Counter

import pytest
from benchmarks.soak_calls import SQLITE, Kept, Look, judge_memory, judge_rest

pytestmark = pytest.mark.row("FD-18")

CALLS = 100_000
CACHE = 64 << 20


def looks(*, others: float = 0.0, sqlite: float = 0.0, at_first: int = CACHE) -> list[Look]:
    """Return looks at a process that grows by so many bytes a call, SQLite's part apart."""
    made = []
    for calls in range(0, CALLS + 1, 5_000):
        held = at_first + int(sqlite * calls)
        resident = (110 << 20) + held + int(others * calls)
        made.append(Look(calls=calls, failed=0, resident=resident, sqlite=held))
    return made


def kept(*, blocks: int = 500_000, dialogs: int = 0, sessions: int = 10) -> Kept:
    held = {"descriptors": 24, "dialogs": dialogs}
    return Kept(held=held, objects=Counter({"sip.Session": sessions}), blocks=blocks)


def test_flat_memory_is_right() -> None:
    assert judge_memory(looks()) == []
    assert judge_rest(kept(), kept(), CALLS) == []


def test_memory_that_grows_with_the_calls_is_a_leak() -> None:
    assert judge_memory(looks(others=300.0)) == ["memory grows by 300 bytes a call"]


def test_a_cache_of_the_database_that_fills_is_none_until_it_is_too_large() -> None:
    assert judge_memory(looks(sqlite=600.0, at_first=0)) == []
    (fault,) = judge_memory(looks(at_first=int(SQLITE) + 1))
    assert fault.startswith("SQLite holds ")


def test_a_few_looks_say_nothing() -> None:
    assert judge_memory(looks()[-3:]) == ["too few calls to judge the memory by"]


def test_what_is_left_of_calls_is_told() -> None:
    assert judge_rest(kept(), kept(dialogs=1), CALLS) == ["dialogs: 0 before, 1 after"]
    (more,) = judge_rest(kept(), kept(sessions=1_011), CALLS)
    assert more == "1001 objects more of sip.Session"
    (blocks,) = judge_rest(kept(), kept(blocks=600_000), CALLS)
    assert blocks == "Python holds 100000 blocks more"
