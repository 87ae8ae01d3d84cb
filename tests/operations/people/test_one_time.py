"""One-time passwords are those of RFC 6238, and count for a step before and after their own."""

from __future__ import annotations

import base64

import pytest

from switchhook.operations.people.one_time import link, new_secret, step_of

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_values_of_the_rfc_are_known(now: int, code: str) -> None:
    """RFC 6238, appendix B: the last six digits."""
    assert step_of(RFC_SECRET, code, now=now) == now // 30
    assert step_of(RFC_SECRET, f" {code[:3]} {code[3:]}", now=now) == now // 30
    for seconds in (-30, 30):
        assert step_of(RFC_SECRET, code, now=now + seconds) == now // 30
    for seconds in (60, 90):
        assert step_of(RFC_SECRET, code, now=now + seconds) != now // 30


@pytest.mark.parametrize("code", ["", "28708", "2870821", "28708x", "٢٨٧٠٨٢", "-87082"])
def test_what_is_no_six_digits_is_none(code: str) -> None:
    assert step_of(RFC_SECRET, code, now=59) is None


def test_an_app_reads_the_secret_from_a_link() -> None:
    secret = new_secret()
    assert len(base64.b32decode(secret)) == 20
    told = link(secret, login="olga@example.com")
    assert told.startswith("otpauth://totp/Switchhook:olga%40example.com?secret=")
    assert secret in told
