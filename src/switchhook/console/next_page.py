"""Where to go on after signing in: pages of the console alone, whatever a link says."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

HOME: Final = "/console/"
_OURS: Final = re.compile(r"/console(?:/[A-Za-z0-9._~@:+%-]*)*(?:\?[A-Za-z0-9._~@:+%/,*=&;!-]*)?")
MAX_LENGTH: Final = 2_000


def safe_next(wanted: str) -> str:
    """Return a path of the console as it is wanted, or the first page in place of anything else."""
    is_ours = len(wanted) <= MAX_LENGTH and _OURS.fullmatch(wanted) is not None
    return wanted if is_ours and "//" not in wanted.partition("?")[0] else HOME


def sign_in_url(path: str, query: str = "") -> str:
    """Return where to sign in, to come back to a page."""
    wanted = safe_next(f"{path}?{query}" if query else path)
    return "/console/sign-in" + (
        "" if wanted.rstrip("/") == HOME.rstrip("/") else f"?next={quote(wanted, safe='')}"
    )
