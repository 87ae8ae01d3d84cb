"""Real programs that tests speak to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PACKAGES = {
    "baresip": "baresip-core",
    "chromium": "chromium",
    "fail2ban-regex": "fail2ban",
    "php": "php-cli",
    "sipp": "sip-tester",
    "tshark": "tshark",
    "wrk": "wrk",
}
"""Program to the Debian package that brings it."""


def require(program: str) -> Path:
    """Return where `program` is; skip the test where it is missing, or fail it in CI."""
    found = shutil.which(program)
    if found is not None:
        return Path(found)
    reason = f"{program} is not installed (Debian package {PACKAGES.get(program, program)})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
