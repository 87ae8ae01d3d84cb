"""Passwords are kept as digests of argon2id, and those that are guessed soon are refused."""

from __future__ import annotations

import pytest

from switchhook.operations.people.passwords import (
    PasswordError,
    check_password,
    hashed,
    is_outdated,
    is_password,
    new_password,
)


def test_a_digest_is_of_argon2id_and_fits_its_password_alone() -> None:
    digest = hashed("correct horse battery")
    assert digest.startswith("$argon2id$v=19$m=65536,t=3,")
    assert "horse" not in digest
    assert is_password(digest, "correct horse battery")
    assert not is_password(digest, "correct horse Battery")
    assert not is_outdated(digest)
    for wrong in ("", "no digest", digest[:-5]):
        assert not is_password(wrong, "correct horse battery")


def test_made_passwords_differ_and_are_good() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    for one in made:
        check_password(one, login="olga")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "10 to 256 characters"),
        ("x" * 257, "10 to 256 characters"),
        ("1111111111", "guessed soon"),
        ("Olga-Petrenko", "guessed soon"),
        ("ten\nletters", "no line breaks"),
    ],
)
def test_what_is_guessed_soon_is_refused(password: str, words: str) -> None:
    with pytest.raises(PasswordError, match=words):
        check_password(password, login="olga-petrenko@example.com")
