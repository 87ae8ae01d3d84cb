"""A challenge is answered where that can help, and never for ever."""

from __future__ import annotations

import pytest

from switchhook.sip.auth.proof import MOST_NONCES, MOST_TRIES, DigestCredentials, NonceCounts, prove
from tests.support.sip import request, response, tokens

US = DigestCredentials(username="us", password="secret")
ASKED = request()
CHALLENGE = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'
OLD = f"{CHALLENGE}, stale=true"
FIRST = (("Authorization", 'Digest realm="r"'),)


def challenged(status: int = 401, value: str = CHALLENGE) -> list[str] | None:
    return names(status, value, ())


def names(
    status: int, value: str, given: tuple[tuple[tuple[str, str], ...], ...]
) -> list[str] | None:
    asks = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    proof = prove(
        ASKED, response(ASKED, status, f"{asks}: {value}"), US, given, NonceCounts(tokens())
    )
    return None if proof is None else [name for name, _ in proof]


def test_a_challenge_is_answered_with_the_header_that_belongs_to_it() -> None:
    assert challenged(401) == ["Authorization"]
    assert challenged(407) == ["Proxy-Authorization"]


def test_an_answered_challenge_is_not_answered_again() -> None:
    assert names(401, CHALLENGE, (FIRST,)) is None


def test_an_old_nonce_is_answered_again_in_place_of_the_first() -> None:
    assert names(401, OLD, (FIRST,)) == ["Authorization"]


def test_a_proxy_and_the_other_end_may_both_ask() -> None:
    assert names(407, CHALLENGE, (FIRST,)) == ["Authorization", "Proxy-Authorization"]


def test_nobody_is_answered_for_ever() -> None:
    assert names(401, OLD, (FIRST,) * MOST_TRIES) is None


@pytest.mark.parametrize("status", [403, 486, 200])
def test_other_responses_are_no_challenges(status: int) -> None:
    assert challenged(status) is None


@pytest.mark.parametrize(
    "value", ["Basic realm=r", 'Digest realm="r"', f'{CHALLENGE[:-6]}auth-conf"']
)
def test_what_cannot_be_answered_is_not(value: str) -> None:
    assert challenged(401, value) is None


def test_who_has_no_credentials_answers_nothing() -> None:
    challenge = response(ASKED, 401, f"WWW-Authenticate: {CHALLENGE}")

    assert prove(ASKED, challenge, None, (), NonceCounts(tokens())) is None


@pytest.mark.row("FJ-03")
def test_each_use_of_a_nonce_counts_up_in_its_realm_with_one_cnonce() -> None:
    counts = NonceCounts(tokens())

    assert [counts.use("r", "n") for _ in range(2)] == [("t1", 1), ("t1", 2)]
    assert counts.use("r", "m") == ("t2", 1)
    assert counts.use("s", "n") == ("t3", 1)
    assert counts.use("r", "n") == ("t1", 3)


def test_the_nonces_that_were_not_used_for_longest_are_forgotten() -> None:
    counts = NonceCounts(tokens())
    for number in range(MOST_NONCES):
        counts.use("r", str(number))
    counts.use("r", "0")
    counts.use("r", "new")

    assert counts.use("r", "0")[1] == 3
    assert counts.use("r", "1")[1] == 1


def test_what_one_realm_was_shown_goes_along_to_the_next() -> None:
    other = (("Proxy-Authorization", 'Digest realm="first"'),)

    assert names(407, CHALLENGE, (other,)) == ["Proxy-Authorization", "Proxy-Authorization"]
    assert names(407, CHALLENGE.replace('"r"', '"first"'), (other,)) is None
