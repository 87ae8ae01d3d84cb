"""Certificates of clients and servers, as text."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """What a webhook's `client_certificate` and `client_key` hold."""

    certificate: str
    private_key: str


def client_certificate(ca: trustme.CA, name: str = "switchhook") -> ClientCertificate:
    """Let an authority issue one."""
    issued = ca.issue_cert(f"{name}.example")
    chain = "".join(blob.bytes().decode() for blob in issued.cert_chain_pems)
    return ClientCertificate(certificate=chain, private_key=issued.private_key_pem.bytes().decode())


def authority(ca: trustme.CA) -> str:
    """Return the certificate of an authority."""
    return ca.cert_pem.bytes().decode()


def serving(ca: trustme.CA, *names: str, clients: trustme.CA | None = None) -> ssl.SSLContext:
    """Make the context of a server of these names, which lets in those whom `clients` issued."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(*names).configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
