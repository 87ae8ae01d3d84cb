"""When there are too many, whoever has most gives up its idlest connection."""

from __future__ import annotations

from switchhook.sip.net.untrusted_connections import UntrustedConnections


def connections(*sources: str) -> UntrustedConnections:
    known = UntrustedConnections()
    for number, source in enumerate(sources):
        known.enter(number, source)
    return known


def test_the_idlest_goes_first() -> None:
    known = connections("a", "b", "c")
    known.touch(0)

    assert known.idlest() == 1
    known.leave(1)
    assert known.idlest() == 2


def test_whoever_has_most_gives_up_one() -> None:
    known = connections("a", "b", "b", "c")

    assert known.idlest() == 1
    assert known.idlest("c") == 3
    assert known.idlest("d") is None


def test_who_left_is_forgotten() -> None:
    known = connections("a")
    known.leave(0)
    known.leave(0)
    known.touch(0)

    assert (len(known), known.count("a"), known.idlest()) == (0, 0, None)
    assert not known._counts
