"""Masks the codes that callers enter and webhooks' secrets, wherever a call is written down (S-25)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from switchhook.domain.call import Call

MASK = "****"
"""Stands in place of what is secret, wherever something is written or shown."""
ELLIPSES = ("'…", '"…')
"""Stand where the rest of a quoted text was left out."""


def mask(text: str, codes: tuple[str, ...]) -> str:
    """Return a text for logs and the journal without these codes or secrets.

    Text that looks like a code is masked too: a gap in a log is better than a PIN.
    """
    for code in sorted(codes, key=len, reverse=True):  # else the end of a longer one stays
        text = text.replace(quote(code, safe=""), MASK).replace(code, MASK)
        for cut in ELLIPSES:
            text = _mask_beginning(text, code, cut) if cut in text else text
    return text


def _mask_beginning(text: str, code: str, cut: str) -> str:
    """Hide what is left of a code within which a quotation was cut off."""
    for length in range(len(code) - 1, 0, -1):
        text = text.replace(code[:length] + cut, MASK + cut)
    return text


def redacted(call: Call) -> Call:
    """Return the call as it may be stored: without what the caller keyed.

    The pages that SQLite has freed, and its log, keep for long what was in the file once. The code is not
    needed there: after a restart the caller is asked for the code anew, and a name that repeats a code is
    replaced by the caller's own. A destination stays, for that is where the call went.
    """
    collecting = call.collecting
    if collecting is not None and collecting.digits:
        call = replace(call, collecting=replace(collecting, digits=""))
    codes = call.asks.codes
    if not codes:
        return call
    asks = call.asks.changed(
        codes=(),
        returned=tuple(
            replace(one, caller_name=_unless_it_repeats(one.caller_name, codes))
            for one in call.asks.returned
        ),
        caller_name=_unless_it_repeats(call.asks.caller_name, codes),
        variables=tuple(
            (mask(name, codes), mask(value, codes)) for name, value in call.asks.variables
        ),
    )
    return replace(call, asks=asks)


def _unless_it_repeats(name: str, codes: tuple[str, ...]) -> str:
    return "" if any(code in name for code in codes) else name
