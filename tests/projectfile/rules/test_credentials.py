"""Credentials that are half, doubled or of no use are refused when a file is checked, and never repeated."""

from __future__ import annotations

from typing import Any

import pytest
import trustme

from switchhook.domain.credentials import BodyHmac, Credentials, OAuth2
from switchhook.projectfile.rules.credentials import (
    check_body_hmac,
    check_credentials,
    check_oauth,
)
from switchhook.projectfile.toml.mistakes import written
from switchhook.webhooks.signatures import public_key, symmetric_key
from tests.support.certificates import authority, client_certificate

CA = trustme.CA()
OURS = client_certificate(CA)
KEY = symmetric_key(b"k" * 24)
OAUTH = OAuth2(token_url="https://login.example/", client_id="us", client_secret="s3cret")
VECTOR = (
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
)


def problems(*urls: str, **keys: Any) -> list[str]:
    found = check_credentials(Credentials(**keys), *urls)
    return [f"{written(one.path)}: {one.problem}" for one in found]


@pytest.mark.row("T-13", "T-14")
@pytest.mark.parametrize(
    ("urls", "keys"),
    [
        ((), {}),
        ((), {"username": "u", "password": "p"}),
        ((), {"token": "t", "signing_secrets": (KEY, VECTOR), "secret_headers": (("K", "v"),)}),
        ((), {"oauth": OAUTH, "hmac": BodyHmac(header="X", secret="s", timestamp_header="Y")}),
        (("http://a/{secret}", ""), {"url_secret": "s"}),
        (("http://a/", "http://b/?k={secret}"), {"url_secret": "s"}),
        ((), {"client_certificate": OURS.certificate, "client_key": OURS.private_key}),
        ((), {"certificate_authority": authority(CA)}),
    ],
)
def test_each_kind_can_be_used_and_go_with_others(
    urls: tuple[str, ...], keys: dict[str, Any]
) -> None:
    assert problems(*urls, **keys) == []


@pytest.mark.parametrize(
    ("urls", "keys", "problem"),
    [
        ((), {"username": "u"}, ": password is missing beside username"),
        ((), {"token": "t", "oauth": OAUTH}, "oauth: there is a token too"),
        ((), {"username": "a:b", "password": "p"}, "username: a user name holds no colon"),
        (("http://a/",), {"url_secret": "s"}, "url_secret: no URL has a place for it, {secret}"),
        (("http://a/{secret}",), {}, ": url_secret is missing"),
        (
            (),
            {"signing_secrets": (KEY, "s3cret")},
            "signing_secrets[1]: it begins with neither whsec_ nor whsk_; `switchhook secret new` makes one",
        ),
        (
            (),
            {"signing_secrets": (public_key(VECTOR),)},
            "signing_secrets[0]: it is the public key",
        ),
        (
            (),
            {"signing_secrets": ("whsec_s3cret!",)},
            "signing_secrets[0]: what follows whsec_ is not base64",
        ),
        (
            (),
            {"secret_headers": (("Host", "s3cret"),)},
            "secret_headers[0].name: 'Host' is not a header",
        ),
        (
            (),
            {"secret_headers": (("webhook-signature", "x"),)},
            "secret_headers[0].name: 'webhook-signature' is not",
        ),
        ((), {"secret_headers": (("X", ""),)}, "secret_headers[0].value: it is empty"),
        (
            (),
            {"token": "t", "secret_headers": (("authorization", "x"),)},
            ": the header 'authorization' is sent twice",
        ),
        (
            (),
            {"hmac": BodyHmac(header="x", secret="s"), "secret_headers": (("X", "k"),)},
            ": the header 'x' is sent twice",
        ),
        (
            (),
            {"client_certificate": OURS.certificate},
            ": client_key is missing beside client_certificate",
        ),
        ((), {"client_key": "s3cret"}, ": client_certificate is missing beside client_key"),
        (
            (),
            {"client_certificate": "/etc/ssl/s3cret.pem", "client_key": OURS.private_key},
            "client_certificate: it holds no certificate in PEM",
        ),
        (
            (),
            {"certificate_authority": "s3cret"},
            "certificate_authority: it holds no certificate in PEM",
        ),
    ],
)
def test_what_cannot_be_used_is_named(
    urls: tuple[str, ...], keys: dict[str, Any], problem: str
) -> None:
    (found,) = problems(*urls, **keys)
    assert found.startswith(problem)
    assert "s3cret" not in found


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"signed": "{timestamp}"}, "signed: the body is no part of it"),
        ({"signed": "{body}{caller_id}"}, "signed: {caller_id} stands for nothing"),
        ({"prefix": "{body}"}, "prefix: {body} stands for nothing"),
        ({"header": "X Sign"}, "header: 'X Sign' is not a header that can be set"),
        ({"timestamp_header": "Host"}, "timestamp_header: 'Host' is not a header that can be set"),
        ({"timestamp_header": "x-sign"}, "timestamp_header: it is the header of the HMAC"),
    ],
)
def test_an_hmac_signs_the_body_in_a_header_that_can_be_set(
    keys: dict[str, str], problem: str
) -> None:
    (found,) = check_body_hmac(BodyHmac(**({"header": "X-Sign", "secret": "s"} | keys)))  # type: ignore[arg-type]
    assert f"{written(found.path)}: {found.problem}" == problem


def test_a_token_endpoint_has_something_that_proves_who_we_are() -> None:
    bare = OAuth2(token_url="https://login.example/", client_id="us")
    assert [one.problem for one in check_oauth(bare)] == ["client_secret is missing"]
    filled = OAuth2(token_url="https://l/{Caller ID}/{secret}", client_id="us", refresh_token="r")
    (found,) = check_oauth(filled)
    assert found.path == ("token_url",)
