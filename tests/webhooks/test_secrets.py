"""A webhook's keys are known, wherever they stand; what is no key stays legible."""

from __future__ import annotations

import pytest

from switchhook.domain.webhook import Field
from switchhook.webhooks.secrets import secrets_of
from tests.webhooks.samples import make_dial_plan, make_number


@pytest.mark.parametrize(
    "webhook",
    [
        make_number(url="http://crm/?lang=en&caller={Caller ID}"),
        make_number(url="http://crm/?key=abc"),
        make_number(url="no URL at all: http://[/", headers=(("User-Agent", "our own crm"),)),
        make_dial_plan(url_template="http://crm/{code}?key={callerid}"),
    ],
)
def test_what_is_no_key_is_not_one(webhook: object) -> None:
    assert secrets_of(webhook) == ()  # type: ignore[arg-type]


def test_keys_are_found_by_place_name_and_length_and_the_longest_comes_first() -> None:
    webhook = make_number(
        url="http://crm/?id=1234567890abcdef&apikey=k-in-query",
        headers=(("Authorization", "Custom abcd1234"), ("X-Shop", "north gate")),
        fields=(
            Field(name="token", parameter="constant", argument="constant"),
            Field(name="lang", parameter="constant", argument="uk"),
        ),
    )
    assert secrets_of(webhook) == (
        "1234567890abcdef",
        "Custom abcd1234",
        "k-in-query",
        "north gate",
        "abcd1234",
        "constant",
    )
