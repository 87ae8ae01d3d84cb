"""Credentials come into a request at the attempt: each in its place, once, and none of them stays behind."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from switchhook.domain.credentials import (
    NO_CREDENTIALS,
    BodyHmac,
    Credentials,
    OAuth2,
)
from switchhook.domain.webhook import Method
from switchhook.webhooks.authentication import authenticated, header_names, sent_secrets
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.request import render_ask, render_dial_plan_ask, render_event
from switchhook.webhooks.signatures import symmetric_key
from tests.webhooks.samples import UA, make_dial_plan, make_event, make_facts, make_number

KEY = symmetric_key(b"k" * 32)
REQUEST = HttpRequest(
    method="POST",
    url="http://target/{secret}/a?key={secret}&b=1",
    headers=(
        ("Host", "target"),
        ("X-Shop", "north"),
        ("Content-Length", "2"),
        ("webhook-id", "d1"),
        ("Connection", "close"),
    ),
    body=b"{}",
)


def proved(credentials: Credentials, request: HttpRequest = REQUEST, **more: Any) -> HttpRequest:
    return authenticated(request, credentials, id_="call.1", at=1_700_000_000.9, **more)


@pytest.mark.row("T-14")
@pytest.mark.parametrize(
    ("credentials", "lines"),
    [
        (
            Credentials(username="crm", password="pä:ss"),
            [("Authorization", "Basic Y3JtOnDDpDpzcw==")],
        ),
        (Credentials(token="t0ken"), [("Authorization", "Bearer t0ken")]),
        (
            Credentials(secret_headers=(("X-Api-Key", "k1"), ("X-Shop", "south"))),
            [("X-Api-Key", "k1"), ("X-Shop", "south")],
        ),
        (
            Credentials(hmac=BodyHmac(header="X-Sign", secret="s", timestamp_header="X-Time")),
            [
                ("X-Time", "1700000000"),
                ("X-Sign", hmac.new(b"s", b"{}", hashlib.sha256).hexdigest()),
            ],
        ),
        (NO_CREDENTIALS, []),
    ],
)
def test_each_kind_has_its_lines_before_the_last_ones(
    credentials: Credentials, lines: list[tuple[str, str]]
) -> None:
    own = {name for name, _ in lines}
    kept = [line for line in REQUEST.headers[:3] if line[0] not in own]
    assert proved(credentials).headers == (*kept, *lines, *REQUEST.headers[3:])
    assert proved(credentials).body == REQUEST.body


@pytest.mark.row("T-14")
def test_a_secret_takes_its_place_in_path_and_query() -> None:
    request = proved(Credentials(url_secret="T0/B0:ü &x=1"))
    assert request.url == "http://target/T0/B0:%C3%BC%20%26x%3D1/a?key=T0/B0:%C3%BC%20%26x%3D1&b=1"
    assert proved(Credentials(token="t")).url == REQUEST.url


@pytest.mark.row("T-14", "S-73")
def test_a_callers_name_is_never_the_place_of_a_secret() -> None:
    facts = make_facts(extra={"custom:x": "{secret}"})
    webhook = make_event(url="http://target/{custom:x}/{secret}?n={custom:x}", method=Method.GET)
    request = render_event(webhook, facts, delivery_id="d", product=UA)
    assert request.url == "http://target/%7Bsecret%7D/{secret}?n=%7Bsecret%7D"
    assert proved(Credentials(url_secret="s3cret"), request).url == (
        "http://target/%7Bsecret%7D/s3cret?n=%7Bsecret%7D"
    )


@pytest.mark.parametrize(
    "request_",
    [
        render_ask(
            make_number(url="http://t/{secret}", token="t0ken", url_secret="s3cret"),
            make_facts(),
            ask_id="1",
            product=UA,
        ),
        render_dial_plan_ask(
            make_dial_plan(url_template="http://t/{secret}?c={code}", url_secret="s3cret"),
            make_facts(),
            product=UA,
        ),
        render_event(
            make_event(url="http://t/{secret}", credentials=Credentials(url_secret="s3cret")),
            make_facts(),
            delivery_id="d",
            product=UA,
        ),
    ],
)
def test_what_is_rendered_and_stored_holds_no_secret(request_: HttpRequest) -> None:
    assert request_.url.startswith("http://t/{secret}")
    assert "Authorization" not in dict(request_.headers)
    assert b"s3cret" not in request_.body
    assert "s3cret" not in repr(request_)
    assert proved(Credentials(url_secret="s3cret"), request_).url.startswith("http://t/s3cret")


def test_a_signature_is_of_the_id_that_the_request_has() -> None:
    with_id = dict(proved(Credentials(signing_secrets=(KEY,))).headers)
    assert with_id["webhook-id"] == "d1"
    bare = HttpRequest(method="GET", url="http://target/", headers=(("Host", "target"),))
    without = dict(proved(Credentials(signing_secrets=(KEY,)), bare).headers)
    assert without["webhook-id"] == "call.1"
    assert without["webhook-signature"] != with_id["webhook-signature"]


def test_a_fetched_token_is_a_bearer_token() -> None:
    oauth = OAuth2(token_url="http://t/", client_id="us", client_secret="s3cret")
    request = proved(Credentials(oauth=oauth), access_token="fetched")
    assert dict(request.headers)["Authorization"] == "Bearer fetched"
    assert "fetched" in request.secrets


def test_a_line_of_the_same_name_is_replaced_whatever_its_case() -> None:
    request = HttpRequest(
        method="GET", url="http://t/", headers=(("Host", "t"), ("authorization", "Basic old"))
    )
    assert proved(Credentials(token="new"), request).headers == (
        ("Host", "t"),
        ("Authorization", "Bearer new"),
    )


def test_no_value_breaks_out_of_its_line() -> None:
    request = proved(Credentials(token="a\r\nX: y", secret_headers=(("K", "b\nZ: 1"),)))
    assert all("\n" not in value and "\r" not in value for _, value in request.headers)


def test_every_secret_is_known_in_each_form_that_goes_out() -> None:
    oauth = OAuth2(token_url="http://t/", client_id="us", client_secret="c-s", refresh_token="r-t")
    credentials = Credentials(
        username="u",
        password="pass word",
        oauth=oauth,
        secret_headers=(("K", "h-k"),),
        url_secret="u s",
        signing_secrets=(KEY,),
        hmac=BodyHmac(header="X", secret="h-s"),
        client_key="pem",
    )
    found = set(sent_secrets(credentials, "a-t"))
    assert found == {
        *("pass word", "dTpwYXNzIHdvcmQ=", "c-s", "r-t", "h-k", "u s", "u%20s"),
        *(KEY, "h-s", "pem", "a-t"),
    }
    shown = repr(credentials)
    assert not [secret for secret in found if secret in shown]
    assert set(header_names(credentials)) == {
        *("authorization", "k", "x", "webhook-timestamp", "webhook-signature")
    }
