"""Memory that is nearly full goes into huge pages, and nothing else does."""

from __future__ import annotations

from switchhook.app.huge_pages import HUGE, MemoryRange, fit_ranges, use_huge_pages

MIB = 1 << 20


def described(start: int, size: int, *, used: int, rights: str = "rw-p", about: str = "") -> str:
    """Return what smaps says of a range."""
    head = f"{start:x}-{start + size:x} {rights} 00000000 00:00 0 {about}"
    return f"{head}\nSize: {size >> 10} kB\nRss: {used >> 10} kB\nVmFlags: rd wr mr mw me ac"


def fits(text: str) -> list[MemoryRange]:
    return list(fit_ranges(text.splitlines()))


def test_whole_huge_pages_of_a_full_range_fit() -> None:
    assert fits(described(HUGE, 2 * HUGE, used=2 * HUGE)) == [MemoryRange(HUGE, 2 * HUGE)]
    assert fits(described(HUGE - MIB, 2 * HUGE, used=2 * HUGE)) == [MemoryRange(HUGE, HUGE)]
    assert fits(described(HUGE, HUGE, used=HUGE, about="[heap]")) == [MemoryRange(HUGE, HUGE)]


def test_what_is_small_empty_a_files_or_anothers_does_not() -> None:
    assert fits(described(HUGE - MIB, HUGE, used=HUGE)) == []
    assert fits(described(HUGE, 8 * HUGE, used=HUGE)) == []
    assert fits(described(HUGE, HUGE, used=HUGE, about="/usr/lib/libpython3.so")) == []
    assert fits(described(HUGE, HUGE, used=HUGE, about="[stack]")) == []
    assert fits(described(HUGE, HUGE, used=HUGE, rights="rw-s")) == []
    assert fits(described(HUGE, HUGE, used=HUGE, rights="r-xp")) == []


def test_several_ranges_are_told_apart() -> None:
    text = "\n".join(
        (
            described(HUGE, HUGE, used=0),
            described(3 * HUGE, HUGE, used=HUGE),
            described(8 * HUGE, HUGE, used=HUGE, rights="---p"),
        )
    )
    assert fits(text) == [MemoryRange(3 * HUGE, HUGE)]


def test_it_works_on_this_machine_or_does_nothing() -> None:
    assert use_huge_pages() >= 0
