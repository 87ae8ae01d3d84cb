"""Telephone numbers in ITU-T E.164 form, as webhooks send them."""

from __future__ import annotations

import re

from switchhook.domain.numbering import dialling_of, international
from switchhook.domain.target import written_number

_MARKED = re.compile(r"\+[1-9][0-9]{6,14}")

__all__ = ["dialling_of", "to_e164"]


def to_e164(written: str, country: str) -> str:
    """Return `+` and at most 15 digits, or "" where the text is no number that can be told [R1-79, A-19].

    `country` is the project's ISO 3166 code: a number may be written as people there dial it. What came with a
    `+` is in that form already, whether our tables know its plan or not: plans grow faster than tables do.
    """
    if digits := international(written, country):
        return f"+{digits}"
    text = written_number(written)
    return text if _MARKED.fullmatch(text) else ""
