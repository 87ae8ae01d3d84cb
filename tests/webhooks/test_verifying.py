"""A receiver that has the secrets tells requests of ours from all others, and says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.credentials import (
    NO_CREDENTIALS,
    BodyHmac,
    Credentials,
    HmacAlgorithm,
    HmacEncoding,
    OAuth2,
)
from switchhook.webhooks.authentication import authenticated
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.signatures import asymmetric_key, public_key, symmetric_key
from switchhook.webhooks.verifying import Proof, check_key, verify

NOW = 1_700_000_000.0
ONE, OTHER = symmetric_key(b"1" * 32), symmetric_key(b"2" * 32)
PAIR = asymmetric_key(b"3" * 32)
GITHUB = BodyHmac(header="X-Hub-Signature-256", secret="s3cret", prefix="sha256=")
SLACK = BodyHmac(
    header="X-Slack-Signature",
    secret="s3cret",
    prefix="v0=",
    signed="v0:{timestamp}:{body}",
    timestamp_header="X-Slack-Request-Timestamp",
)
STRIPE = BodyHmac(
    header="Stripe-Signature",
    secret="s3cret",
    prefix="t={timestamp},v1=",
    signed="{timestamp}.{body}",
)
SHOPIFY = BodyHmac(
    header="X-Shopify-Hmac-Sha256",
    secret="s3cret",
    algorithm=HmacAlgorithm.SHA512,
    encoding=HmacEncoding.BASE64,
    signed="{id}.{body}",
)
ALL = {
    "whsec": Credentials(signing_secrets=(ONE,)),
    "whsk": Credentials(signing_secrets=(PAIR,)),
    "both": Credentials(signing_secrets=(OTHER, ONE, PAIR)),
    "github": Credentials(hmac=GITHUB),
    "slack": Credentials(hmac=SLACK),
    "stripe": Credentials(hmac=STRIPE),
    "shopify": Credentials(hmac=SHOPIFY),
    "basic": Credentials(username="pbx", password="päss"),
    "bearer": Credentials(token="t0ken"),
    "header": Credentials(secret_headers=(("X-Api-Key", "k3y"),)),
    "url": Credentials(url_secret="12:ab/c d"),
    "oauth": Credentials(oauth=OAuth2(token_url="https://a.example", client_id="x")),
}


def sent(credentials: Credentials, *, at: float = NOW) -> HttpRequest:
    request = HttpRequest(
        method="POST",
        url="http://crm.example/hook/{secret}" if credentials.url_secret else "http://crm.example/",
        headers=(("Host", "crm.example"), ("webhook-id", "1.2.after")),
        body='{"name":"Київ"}'.encode(),
    )
    return authenticated(
        request, credentials, id_="1.2.after", at=at, access_token="a" if credentials.oauth else ""
    )


def verdicts(
    request: HttpRequest, credentials: Credentials, *keys: str, now: float = NOW
) -> tuple[Proof, ...]:
    return verify(
        credentials,
        keys=keys,
        headers={name.lower(): value for name, value in request.headers},
        target=request.url.removeprefix("http://crm.example"),
        body=request.body,
        now=now,
    )


@pytest.mark.parametrize("kind", ALL)
def test_what_we_send_is_right(kind: str) -> None:
    (verdict,) = verdicts(sent(ALL[kind]), ALL[kind])

    assert (verdict.is_right, verdict.why) == (True, "")


@pytest.mark.parametrize("kind", ALL)
def test_what_proves_nothing_is_wrong(kind: str) -> None:
    (verdict,) = verdicts(sent(NO_CREDENTIALS), ALL[kind])

    assert not verdict.is_right
    assert verdict.why


@pytest.mark.parametrize("kind", ["whsec", "whsk", "both", "github", "slack", "stripe", "shopify"])
def test_a_changed_body_is_wrong(kind: str) -> None:
    request = sent(ALL[kind])
    (verdict,) = verdicts(replace(request, body=request.body + b" "), ALL[kind])

    assert not verdict.is_right
    assert "the body was changed on its way" in verdict.why


@pytest.mark.parametrize("kind", ["whsec", "slack", "stripe"])
@pytest.mark.parametrize(("later", "said"), [(301, "301 seconds ago"), (-400, "400 seconds ahead")])
def test_an_old_signature_and_one_of_the_future_is_wrong(kind: str, later: int, said: str) -> None:
    (verdict,) = verdicts(sent(ALL[kind]), ALL[kind], now=NOW + later)

    assert not verdict.is_right
    assert said in verdict.why


def test_a_public_key_verifies_what_its_secret_half_signs() -> None:
    right, wrong = sent(ALL["whsk"]), sent(ALL["whsec"])

    assert [one.is_right for one in verdicts(right, NO_CREDENTIALS, public_key(PAIR))] == [True]
    assert [one.is_right for one in verdicts(wrong, NO_CREDENTIALS, public_key(PAIR))] == [False]
    other = public_key(asymmetric_key(b"4" * 32))
    assert [one.is_right for one in verdicts(right, NO_CREDENTIALS, other)] == [False]


def test_nothing_to_prove_has_no_verdict() -> None:
    assert verdicts(sent(ALL["whsec"]), NO_CREDENTIALS) == ()


@pytest.mark.parametrize("timestamp", ["", "soon", "-5", "1e9", "9" * 40])
def test_a_time_that_is_none_is_wrong(timestamp: str) -> None:
    request = sent(ALL["whsec"])
    headers = tuple(
        (name, timestamp if name == "webhook-timestamp" else value)
        for name, value in request.headers
    )
    (verdict,) = verdicts(replace(request, headers=headers), ALL["whsec"])

    assert verdict.why == "its time is missing, or is no number of seconds"


@pytest.mark.parametrize("kind", ALL)
def test_no_secret_stands_in_what_is_said(kind: str) -> None:
    for asked in (ALL[kind], ALL["whsec"]):
        for verdict in verdicts(sent(asked), ALL[kind]):
            assert not any(secret in repr(verdict) for secret in ALL[kind].secrets)


@pytest.mark.parametrize(
    "key", ["", "secret", "whsec_!", "whsec_YQ==", "whpk_", "whpk_YQ==", "whsk_YQ=="]
)
def test_what_is_no_key_is_said(key: str) -> None:
    with pytest.raises(ValueError, match=r"it |Ed25519|base64|key"):
        check_key(key)


@pytest.mark.parametrize("key", [ONE, PAIR, public_key(PAIR)])
def test_a_key_is_one(key: str) -> None:
    check_key(key)
