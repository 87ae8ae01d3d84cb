"""Telephone numbers in the form of ITU-T E.164, as receivers are told them."""

from __future__ import annotations

from switchhook.domain.numbering import dialling_of, international

__all__ = ["dialling_of", "to_e164"]


def to_e164(written: str, country: str) -> str:
    """Return `+` and at most 15 digits, or "" where the text is no number that can be told [R1-79, A-19].

    `country` is the project's ISO 3166 code: a number may be written as people there dial it.
    """
    digits = international(written, country)
    return f"+{digits}" if digits else ""
