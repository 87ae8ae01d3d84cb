"""One-time passwords by time (TOTP, RFC 6238): six digits, thirty seconds, SHA-1, as the apps of telephones have them."""

from __future__ import annotations

import hmac
from typing import Final

STEP: Final = 30
"""Seconds that a password stands for."""
DIGITS: Final = 6
AROUND: Final = 1
"""Steps before and after that count, too: clocks differ, and people type slowly (RFC 6238 §5.2)."""
ISSUER: Final = "Switchhook"


def new_secret() -> str:
    """Make a secret by chance, of 160 bits, in base32."""
    from pyotp import random_base32  # noqa: PLC0415 (for those who have one-time passwords)

    return random_base32()


def link(secret: str, *, login: str) -> str:
    """Return what an app reads as a QR code: an `otpauth` URI."""
    from pyotp import TOTP  # noqa: PLC0415 (for those who have one-time passwords)

    return TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: str, code: str, *, now: float) -> int | None:
    """Return the time step whose password this is, of those that count now; None where it is none.

    The caller sees to it that no step counts twice.
    """
    from pyotp import TOTP  # noqa: PLC0415 (for those who have one-time passwords)

    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == DIGITS):
        return None
    generated, present = TOTP(secret), int(now) // STEP
    for step in range(max(0, present - AROUND), present + AROUND + 1):
        if hmac.compare_digest(generated.generate_otp(step), typed):
            return step
    return None
