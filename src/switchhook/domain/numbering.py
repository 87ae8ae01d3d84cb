"""The numbering plans of the world: the meaning of digits, and the canonical form of a number.

The canonical form is that of ITU-T E.164 without its `+`: digits that begin with a country code. It is made
with the project's country where a text comes in; nothing compares texts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import phonenumbers

from switchhook.domain.dialling import ANYWHERE, Dialling
from switchhook.domain.target import written_number

if TYPE_CHECKING:
    from collections.abc import Iterator


FORMER_TRUNK_PREFIXES = {"MX": r"(?:01|04[45])(?=[0-9]{10}\Z)"}
FORMER_NUMBERS = {"MX": r"(52)1(?=[0-9]{10}\Z)"}
"""What a country dropped (Mexico in 2019) and carriers and address books still write; the tables forgot it."""


@lru_cache(maxsize=256)
def dialling_of(country: str) -> Dialling:
    """Return the dialling rules of a country; the default for an empty or unknown one."""
    region = country.upper()
    known = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if known is None:
        return ANYWHERE
    lengths = known.general_desc.possible_length if known.general_desc else ()
    return Dialling(
        country=region,
        country_code=str(known.country_code),
        exit_code=known.international_prefix or "",
        trunk_prefix=known.national_prefix_for_parsing or FORMER_TRUNK_PREFIXES.get(region, ""),
        former=FORMER_NUMBERS.get(region, ""),
        trunk_rule=known.national_prefix_transform_rule or "",
        lengths=tuple(lengths),
    )


@lru_cache(maxsize=4096)  # parsing one costs more than the rest of a request
def international(written: str, country: str) -> str:
    """Return the canonical form of a number that some plan has; "" for anything else.

    `country` is the project's ISO 3166 code: a number may be written as people there dial it. A number
    without `+` that is valid nowhere in that country is read as an international one without its plus,
    which is how the vendor writes callers (R1-28).
    """
    text = written_number(written)  # the library would take digits out of a login, too
    for number in _readings(text, country):
        if phonenumbers.is_valid_number(number):
            return _digits(number)
    return ""


def is_possible(written: str, country: str) -> bool:
    """Say whether a number has a possible length in the country or the world."""
    enough = phonenumbers.ValidationResult.IS_POSSIBLE
    return any(
        phonenumbers.is_possible_number_with_reason(number) == enough
        for number in _readings(written_number(written), country)
    )


@lru_cache(maxsize=4096)  # asked a few times for each number of a call
def canonical(written: str, dialling: Dialling) -> str:
    """Return the canonical form as far as it can be told; "" where the text is no number of any length.

    Of digits that no plan has, what marks them as national or international goes.
    """
    text = written_number(written)
    if not text:
        return ""
    likeliest = next(filter(None, dialling.meanings(text)), text.removeprefix("+"))
    return international(text, dialling.country) or likeliest


def meanings(written: str, dialling: Dialling) -> tuple[str, ...]:
    """Return the canonical forms that a dialled number may have, the likeliest first.

    For comparison with known numbers; for a dialled number alone the first reading is not certain.
    """
    text = written_number(written)
    if not text:
        return ()
    found = (*dialling.meanings(text), international(text, dialling.country))
    return tuple(dict.fromkeys(filter(None, found)))


@lru_cache(maxsize=16_384)  # a project file has thousands, and names each a few times
def as_listed(written: str, dialling: Dialling) -> str:
    """Return the canonical form of a number of the project as a person wrote it.

    Digits without `+` or zero stand for themselves, unless only the country has such a number. In a country
    whose national numbers begin with a zero, a number without one is international.
    """
    text = written_number(written)
    if text.startswith(("+", "0")):
        return canonical(text, dialling)
    zero = dialling.trunk_prefix.startswith("0")
    if zero and (_is_complete(text, dialling) or international(text, "")):
        return text
    national = dialling.country_code + text
    return national if national == international(text, dialling.country) else text


def _is_complete(digits: str, dialling: Dialling) -> bool:
    """Say whether digits are as long as a number of this country, country code included."""
    is_ours = digits.startswith(dialling.country_code)
    return is_ours and len(digits) - len(dialling.country_code) in dialling.lengths


def _readings(text: str, country: str) -> Iterator[phonenumbers.PhoneNumber]:
    """Yield what the text may mean, the likeliest first."""
    for candidate, region in _candidates(text, country):
        try:
            yield phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue


def _candidates(text: str, country: str) -> Iterator[tuple[str, str | None]]:
    if text.startswith("+"):
        yield text, None
        return
    if country:
        yield text, country.upper()
    yield "+" + text.removeprefix("00"), None


def _digits(number: phonenumbers.PhoneNumber) -> str:
    written: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written.removeprefix("+")
