"""A nonce says by itself when and to whom it was given, and no count is used twice."""

from __future__ import annotations

import pytest

from switchhook.sip.auth.nonces import Nonces

KEY = b"0123456789abcdef"


def nonces(key: bytes = KEY, memory: int = 10) -> Nonces:
    return Nonces("switchhook", key, lifetime=60.0, memory=memory)


@pytest.mark.parametrize("asker", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0", ""])
def test_a_nonce_is_read_back(asker: str) -> None:
    nonce = nonces().read(nonces().make(asker, 100.5), 160.5)

    assert nonce is not None
    assert (nonce.issued, nonce.asker) == (100.5, asker)


@pytest.mark.parametrize("text", ["", "0.0.0", "1.1..", "....", "\udcff", "ё.1.1.1"])
def test_what_is_not_ours_is_unknown(text: str) -> None:
    assert nonces().read(text, 100.0) is None


def test_an_old_one_and_one_of_another_key_are_unknown() -> None:
    assert nonces().read(nonces().make("a", 100.0), 160.1) is None
    assert nonces().read(nonces(b"x" * 16).make("a", 100.0), 100.0) is None


def test_a_count_is_spent_once_and_only_upwards() -> None:
    known = nonces()
    nonce = known.read(known.make("a", 100.0), 100.0)
    assert nonce is not None

    assert [known.spend(nonce, count, 100.0) for count in (1, 1, 3, 2)] == [
        True,
        False,
        True,
        False,
    ]


def test_what_is_dropped_early_is_unknown_with_everything_older() -> None:
    known = nonces(memory=1)
    texts = [known.make("a", 100.0 + second) for second in range(3)]
    for text in texts[1:]:
        nonce = known.read(text, 103.0)
        assert nonce is not None
        assert known.spend(nonce, 1, 103.0)

    assert len(known) == 1
    assert [known.read(text, 103.0) is None for text in texts] == [True, True, False]
