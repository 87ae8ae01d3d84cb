"""Telephone numbers in the form of ITU-T E.164."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import phonenumbers

from switchhook.domain.dialling import ANYWHERE, Dialling
from switchhook.domain.target import written_number

if TYPE_CHECKING:
    from collections.abc import Iterator


@lru_cache(maxsize=4096)  # reading one costs more than all else of a request together
def to_e164(written: str, country: str) -> str:
    """Return `+` and at most 15 digits, or "" where the text is no number that can be told [R1-79, A-19].

    `country` is the project's ISO 3166 code: a number may be written as people there dial it. A number
    without `+` that is valid nowhere in that country is read as an international one without its plus,
    which is how the vendor writes callers (R1-28).
    """
    text = written_number(written)  # the library would take digits out of a login, too
    for candidate, region in _readings(text, country):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def _readings(text: str, country: str) -> Iterator[tuple[str, str | None]]:
    """Yield what the text may mean, the likeliest first."""
    if text.startswith("+"):
        yield text, None
        return
    if country:
        yield text, country.upper()
    yield "+" + text.removeprefix("00"), None


@lru_cache(maxsize=256)
def dialling_of(country: str) -> Dialling:
    """Return how numbers are dialled in a country; nothing is known of one that is empty or unknown."""
    known = phonenumbers.PhoneMetadata.metadata_for_region(country.upper(), None)
    if known is None:
        return ANYWHERE
    lengths = known.general_desc.possible_length if known.general_desc else ()
    return Dialling(
        country_code=str(known.country_code),
        exit_code=known.international_prefix or "",
        trunk_prefix=known.national_prefix_for_parsing or "",
        trunk_rule=known.national_prefix_transform_rule or "",
        lengths=tuple(lengths),
    )
