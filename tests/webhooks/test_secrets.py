"""A webhook's keys are known, wherever they stand; what is no key stays legible."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

from switchhook.domain.webhook import Field
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from switchhook.webhooks.secrets import (
    redacted_exchange,
    request_lines,
    response_lines,
    secrets_of,
)
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


def test_what_was_sent_is_kept_without_secrets_however_it_was_written() -> None:
    secret = 'pa ss/"wörd"'
    forms = (
        f'{{"key":{json.dumps(secret)}}}',
        f'{{"key":{json.dumps(secret, ensure_ascii=False)}}}',
        f"key={quote(secret, safe='')}",
        f"key={quote_plus(secret)}",
        secret,
    )
    for body in forms:
        request = HttpRequest(
            method="POST",
            url="http://crm/",
            headers=(("Host", "crm"), ("X-Value", secret), ("X-Key", secret)),
            body=body.encode(),
            parameter_headers=frozenset({"x-value"}),
        )
        response = HttpResponse(200, "OK", (("x-said", secret), ("set-cookie", "a=b")), b"")
        kept = redacted_exchange(
            Exchange(request=request, response=response, failure=None), (secret,)
        )
        assert kept.response is not None
        assert "w" not in kept.request.body.decode().replace("key", "")
        lines = request_lines(kept.request)
        assert lines == "Host: crm\nX-Value: ****\nX-Key: ****"
        assert response_lines(kept.response) == "x-said: ****\nset-cookie: ****"
