"""Requests are signed so that receivers' own libraries accept them, whatever key or header they want."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import webhooks as published

from switchhook.domain.credentials import BodyHmac, Credentials, HmacAlgorithm, HmacEncoding
from switchhook.webhooks.signatures import (
    asymmetric_key,
    public_key,
    signature_lines,
    signer,
    symmetric_key,
)

ID = "1764550000.000000000012.3.CRM%20deals"
BODY = '{"caller": "+380441112233", "имя": "Оксана"}'.encode()
NOW = 1_764_550_123.75
OLD = symmetric_key(bytes(range(32)))
NEW = symmetric_key(bytes(range(32, 64)))
VECTOR = (
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
)
"""The key of the specification's example."""


def _headers(credentials: Credentials, body: bytes = BODY, at: float = NOW) -> dict[str, str]:
    return {"webhook-id": ID, **dict(signature_lines(credentials, id_=ID, at=at, body=body))}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> type[published.Webhook]:
    """Return the published library's receiver, at our moment."""
    at = datetime.fromtimestamp(NOW, tz=UTC)
    clock = SimpleNamespace(now=lambda tz: at, fromtimestamp=datetime.fromtimestamp)  # noqa: ARG005 (the library's call)
    monkeypatch.setattr(published, "datetime", clock)
    return published.Webhook


@pytest.mark.row("T-14")
def test_the_published_library_accepts_a_signature(receiver: type[published.Webhook]) -> None:
    headers = _headers(Credentials(signing_secrets=(NEW,)))
    assert receiver(NEW).verify(BODY, headers) == {"caller": "+380441112233", "имя": "Оксана"}
    assert headers["webhook-timestamp"] == "1764550123"


@pytest.mark.row("T-14")
def test_the_published_library_refuses_another_key_body_id_and_moment(
    receiver: type[published.Webhook],
) -> None:
    headers = _headers(Credentials(signing_secrets=(NEW,)))
    for secret, body, sent in (
        (OLD, BODY, headers),
        (NEW, BODY + b" ", headers),
        (NEW, BODY, headers | {"webhook-id": f"{ID}x"}),
        (NEW, BODY, headers | {"webhook-timestamp": "1764550124"}),
        (NEW, BODY, _headers(Credentials(signing_secrets=(NEW,)), at=NOW - 400)),
    ):
        with pytest.raises(published.WebhookVerificationError):
            receiver(secret).verify(body, sent)


@pytest.mark.row("T-14")
def test_while_keys_overlap_a_receiver_with_either_accepts(
    receiver: type[published.Webhook],
) -> None:
    headers = _headers(Credentials(signing_secrets=(NEW, VECTOR, OLD)))
    versions = [one.partition(",")[0] for one in headers["webhook-signature"].split(" ")]
    assert versions == ["v1", "v1a", "v1"]
    for secret in (OLD, NEW):
        receiver(secret).verify(BODY, headers)


@pytest.mark.row("T-14")
def test_an_ed25519_signature_is_that_of_the_specification() -> None:
    signed = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert signer(VECTOR)(signed) == (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    )
    assert public_key(VECTOR) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="


@pytest.mark.row("T-14")
def test_an_ed25519_signature_is_verified_by_its_public_key_alone() -> None:
    secret = asymmetric_key(b"\x07" * 32)
    public = b64decode(public_key(secret).removeprefix("whpk_"))
    version, _, text = signer(secret)(b"text").partition(",")
    assert version == "v1a"
    Ed25519PublicKey.from_public_bytes(public).verify(b64decode(text), b"text")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(b64decode(text), b"Text")
    seed_alone = f"whsk_{b64encode(bytes([7]) * 32).decode()}"
    assert signer(seed_alone)(b"text") == signer(secret)(b"text")


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "it begins with neither whsec_ nor whsk_; `switchhook secret new` makes one"),
        ("v1,AAAA", "it begins with neither whsec_ nor whsk_; `switchhook secret new` makes one"),
        (
            "WHSEC_AAAA",
            "it begins with neither whsec_ nor whsk_; `switchhook secret new` makes one",
        ),
        (public_key(VECTOR), "it is the public key, which receivers have; the secret one signs"),
        ("whsec_", "it holds 0 bytes, and should hold 24 to 64"),
        (symmetric_key(b"x" * 23), "it holds 23 bytes, and should hold 24 to 64"),
        (symmetric_key(b"x" * 65), "it holds 65 bytes, and should hold 24 to 64"),
        ("whsec_дддд", "what follows whsec_ is not base64"),
        ("whsec_A-B_" + "A" * 40, "what follows whsec_ is not base64"),
        ("whsk_AAAA", "it holds 3 bytes, and an Ed25519 key has 32, or 64 with its public half"),
        ("whsk_" + b64encode(b"a" * 64).decode(), "its public half belongs to another key"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_without_being_repeated(secret: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        signer(secret)
    assert str(refused.value) == why


@pytest.mark.row("T-14")
@pytest.mark.parametrize("algorithm", HmacAlgorithm)
def test_an_hmac_stands_in_the_header_of_the_receivers_choice(algorithm: HmacAlgorithm) -> None:
    digest = hmac.new(b"k\xc3\xa9y", BODY, algorithm.value)
    how = BodyHmac(header="X-Sign", secret="kéy", algorithm=algorithm)
    assert signature_lines(Credentials(hmac=how), id_=ID, at=NOW, body=BODY) == (
        ("X-Sign", digest.hexdigest()),
    )
    how = BodyHmac(header="X-Sign", secret="kéy", algorithm=algorithm, encoding=HmacEncoding.BASE64)
    (line,) = signature_lines(Credentials(hmac=how), id_=ID, at=NOW, body=BODY)
    assert line[1] == b64encode(digest.digest()).decode()


@pytest.mark.row("T-14")
def test_an_hmac_is_written_as_known_services_write_theirs() -> None:
    def lines(how: BodyHmac) -> tuple[tuple[str, str], ...]:
        return signature_lines(Credentials(hmac=how), id_=ID, at=NOW, body=b"{}")

    def digest(signed: bytes) -> str:
        return hmac.new(b"s", signed, hashlib.sha256).hexdigest()

    github = BodyHmac(header="X-Hub-Signature-256", secret="s", prefix="sha256=")
    assert lines(github) == (("X-Hub-Signature-256", f"sha256={digest(b'{}')}"),)
    slack = BodyHmac(
        header="X-Slack-Signature",
        secret="s",
        prefix="v0=",
        signed="v0:{timestamp}:{body}",
        timestamp_header="X-Slack-Request-Timestamp",
    )
    assert lines(slack) == (
        ("X-Slack-Request-Timestamp", "1764550123"),
        ("X-Slack-Signature", f"v0={digest(b'v0:1764550123:{}')}"),
    )
    stripe = BodyHmac(
        header="Stripe-Signature",
        secret="s",
        prefix="t={timestamp},v1=",
        signed="{timestamp}.{body}",
    )
    signed = digest(b"1764550123.{}")
    assert lines(stripe) == (("Stripe-Signature", f"t=1764550123,v1={signed}"),)


def test_what_a_body_or_an_id_holds_is_never_filled_in() -> None:
    how = BodyHmac(header="X-Sign", secret="s", signed="{id}|{body}|{timestamp}")
    (line,) = signature_lines(
        Credentials(hmac=how), id_="{body}{timestamp}", at=NOW, body=b"{id}{timestamp}"
    )
    signed = b"{body}{timestamp}|{id}{timestamp}|1764550123"
    assert line[1] == hmac.new(b"s", signed, hashlib.sha256).hexdigest()


def test_without_a_key_nothing_is_signed() -> None:
    assert signature_lines(Credentials(token="t"), id_=ID, at=NOW, body=BODY) == ()
