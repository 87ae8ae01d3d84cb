"""TLS contexts: the machine's trust, an authority of a webhook's own, and its client certificate.

Certificates and keys come as text. OpenSSL reads keys from files alone, so they pass through one in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTEXTS_KEPT: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsIdentity:
    """Who we are to an endpoint, and whom we believe. Connections under different ones are never shared."""

    certificate: str = ""
    """PEM, with the certificates up to the authority's; empty: no client certificate."""
    private_key: str = field(default="", repr=False)
    """PEM, not encrypted."""
    authority: str = ""
    """PEM; empty: whom the machine trusts."""
    key: str = field(init=False, compare=False, repr=False)
    """Equal for equal identities: cheap to compare, as it is on every exchange."""

    def __post_init__(self) -> None:
        text = f"{self.certificate}\0{self.private_key}\0{self.authority}"
        key = hashlib.sha256(text.encode()).hexdigest() if text.strip("\0") else ""
        object.__setattr__(self, "key", key)


NO_IDENTITY: Final = TlsIdentity()


class TlsContexts:
    """Makes each context once."""

    def __init__(self, usual: ssl.SSLContext | None = None) -> None:
        """`usual` is that of endpoints without an identity; this machine's trust by default."""
        self._usual = usual
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def context(self, identity: TlsIdentity) -> ssl.SSLContext:
        """Return the context of an identity. Raises ValueError for one that `check_identity` refuses."""
        if not identity.key:
            if self._usual is None:
                self._usual = default_tls()
            return self._usual
        context = self._contexts.pop(identity.key, None)
        if context is None:  # reading the machine's authorities takes 25 ms, in which calls go on
            context = await asyncio.to_thread(identity_tls, identity)
        self._contexts[identity.key] = context
        if len(self._contexts) > CONTEXTS_KEPT:
            del self._contexts[next(iter(self._contexts))]
        return context


def check_identity(identity: TlsIdentity) -> None:
    """Refuse what cannot be used. Raises ValueError with a sentence that repeats nothing of it."""
    if identity.authority:
        _certificates(identity.authority)
    if not identity.certificate:
        return
    certificate = _certificates(identity.certificate)[0]
    try:
        private = load_pem_private_key(identity.private_key.encode(), None)
    except TypeError:
        raise ValueError("the key is encrypted: write it without a passphrase") from None
    except Exception:  # noqa: BLE001 - each kind of key has errors of its own
        raise ValueError("the key is not a private key in PEM") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        raise ValueError("the key belongs to another certificate; the client's own comes first")


def identity_tls(identity: TlsIdentity) -> ssl.SSLContext:
    """Return a context of an identity's own. Raises ValueError as `check_identity` does."""
    check_identity(identity)
    try:
        context = _trusting(identity.authority) if identity.authority else default_tls()
        if identity.certificate:
            with _file_of(f"{identity.certificate}\n{identity.private_key}\n") as path:
                context.load_cert_chain(path, password=_no_passphrase)
    except ssl.SSLError as error:
        raise ValueError(f"OpenSSL does not take it ({error.reason})") from None
    return context


def usual_trust() -> ssl.SSLContext:
    """Trust what this machine trusts, as every client does.

    Python 3.13 began to refuse certificates of private authorities that lack an ornament (RFC 5280 §4.2.1.1):
    an endpoint in the house must not go dark with an upgrade.
    """
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def default_tls() -> ssl.SSLContext:
    """Trust what this machine trusts; TLS 1.2 or later. Costs 25 ms, so it is made once."""
    return _bounded(usual_trust())


def _trusting(authority: str) -> ssl.SSLContext:
    """Trust these certificates alone: an authority's, or the endpoint's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=authority)
    return _bounded(context)


def _bounded(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise ValueError("it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)") from None


def _no_passphrase() -> str:
    raise ValueError("the key is encrypted: write it without a passphrase")


@contextmanager
def _file_of(text: str) -> Iterator[str]:
    """Yield the path of a file in memory that ends with the block; on the disk where the system has none."""
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):  # noqa: PTH112 (no path of anybody's)
        with os.fdopen(os.memfd_create("certificate"), "wb") as file:
            file.write(text.encode())
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            yield file.name
