"""Signatures of a request: Standard Webhooks (symmetric and asymmetric), and an HMAC in a header of any name."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from switchhook.domain.credentials import HmacEncoding

if TYPE_CHECKING:
    from switchhook.domain.credentials import BodyHmac, Credentials

SYMMETRIC: Final = "whsec_"
ASYMMETRIC: Final = "whsk_"
PUBLIC: Final = "whpk_"
"""Prefixes of the keys, by which they are known from one another."""
KEY_BYTES: Final = range(24, 65)
"""How long a symmetric key may be."""
SEED_BYTES: Final = 32

Signer = Callable[[bytes], str]
"""Takes what is signed, and returns the signature with its version."""


def signature_lines(
    credentials: Credentials, *, id_: str, at: float, body: bytes
) -> tuple[tuple[str, str], ...]:
    """Return the header lines that sign a body at a moment, in unix seconds; none without a key."""
    timestamp = str(int(at))
    lines: list[tuple[str, str]] = []
    if credentials.signing_secrets:
        signed = f"{id_}.{timestamp}.".encode() + body
        signatures = " ".join(signer(secret)(signed) for secret in credentials.signing_secrets)
        lines += [("webhook-timestamp", timestamp), ("webhook-signature", signatures)]
    if credentials.hmac is not None:
        lines += hmac_lines(credentials.hmac, id_, timestamp, body)
    return tuple(lines)


@lru_cache(maxsize=1024)
def signer(secret: str) -> Signer:
    """Return what signs with a key of Standard Webhooks.

    Raises ValueError, with a sentence that shows nothing of the key.
    """
    if secret.startswith(SYMMETRIC):
        key = _decoded(secret, SYMMETRIC)
        if len(key) not in KEY_BYTES:
            raise ValueError(f"it holds {len(key)} bytes, and should hold 24 to 64")
        return lambda data: f"v1,{_base64(hmac.digest(key, data, hashlib.sha256))}"
    if secret.startswith(ASYMMETRIC):
        private = _private_key(secret)
        return lambda data: f"v1a,{_base64(private.sign(data))}"
    if secret.startswith(PUBLIC):
        raise ValueError("it is the public key, which receivers have; the secret one signs")
    raise ValueError("it begins with neither whsec_ nor whsk_; `switchhook secret new` makes one")


def public_key(secret: str) -> str:
    """Return the public key, `whpk_…`, of an asymmetric one. Raises ValueError."""
    return PUBLIC + _base64(_public_bytes(_private_key(secret)))


def verifies(key: str, signed: bytes, signature: str) -> bool:
    """Say whether `v1,…` or `v1a,…` signs these bytes, by a key of either half. Raises ValueError for no key."""
    if not key.startswith(PUBLIC):
        return hmac.compare_digest(signer(key)(signed).encode(), signature.encode())
    public = Ed25519PublicKey.from_public_bytes(_decoded(key, PUBLIC))
    version, _, text = signature.partition(",")
    try:
        public.verify(b64decode(text, validate=True), signed)
    except (InvalidSignature, ValueError):
        return False
    return version == "v1a"


def symmetric_key(key: bytes) -> str:
    """Write the bytes of a symmetric key."""
    return SYMMETRIC + _base64(key)


def asymmetric_key(seed: bytes) -> str:
    """Write an Ed25519 key of this seed, its public half behind it, as receivers' tools do."""
    return ASYMMETRIC + _base64(seed + _public_bytes(Ed25519PrivateKey.from_private_bytes(seed)))


def _private_key(secret: str) -> Ed25519PrivateKey:
    key = _decoded(secret, ASYMMETRIC)
    if len(key) not in {SEED_BYTES, 2 * SEED_BYTES}:
        raise ValueError(
            f"it holds {len(key)} bytes, and an Ed25519 key has 32, or 64 with its public half"
        )
    private = Ed25519PrivateKey.from_private_bytes(key[:SEED_BYTES])
    if len(key) > SEED_BYTES and key[SEED_BYTES:] != _public_bytes(private):
        raise ValueError("its public half belongs to another key")
    return private


def _public_bytes(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def hmac_lines(how: BodyHmac, id_: str, timestamp: str, body: bytes) -> list[tuple[str, str]]:
    """Return the header lines of an HMAC of this moment, its timestamp's before its own."""
    signed = b"".join(
        body if part == "{body}" else part.encode()
        for part in _parts(how.signed.replace("{timestamp}", timestamp), id_)
    )
    digest = hmac.digest(how.secret.encode(), signed, how.algorithm.value)
    text = digest.hex() if how.encoding is HmacEncoding.HEX else _base64(digest)
    lines = [(how.header, how.prefix.replace("{timestamp}", timestamp) + text)]
    return [(how.timestamp_header, timestamp), *lines] if how.timestamp_header else lines


def _parts(text: str, id_: str) -> list[str]:
    """Cut a text at `{body}`, which stays, and fill in the id, which may hold anything."""
    first, *rest = text.split("{body}")
    parts = [first.replace("{id}", id_)]
    for part in rest:
        parts += ["{body}", part.replace("{id}", id_)]
    return parts


def _decoded(secret: str, prefix: str) -> bytes:
    text = secret.removeprefix(prefix)
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ValueError(f"what follows {prefix} is not base64") from None


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
