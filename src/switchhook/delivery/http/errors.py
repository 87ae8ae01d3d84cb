"""Errors of an HTTP exchange, each with the sentence that explains it.

A sentence says what happened, where (host and port, never path, query or user name), whose fault it is if
known, and what to do.
"""

from __future__ import annotations

import errno
import socket
import ssl
from enum import Enum

from switchhook.domain.failure import Failure, FailureKind

Phases = tuple[tuple[str, float], ...]
"""Phases in order, and how many seconds each took."""


class ExchangeError(Exception):
    """Ends one exchange. The sender turns it into a value; it never leaves this package."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(kind=kind, detail=detail)
        self.phases: Phases | None = None
        """The phases before a connection stands."""


class ExchangePhase(Enum):
    """The phase in which an exchange timed out."""

    DNS = FailureKind.DNS_TIMEOUT
    CONNECT = FailureKind.CONNECT_TIMEOUT
    TLS = FailureKind.TLS_TIMEOUT
    WRITE = FailureKind.WRITE_TIMEOUT
    HEADERS = FailureKind.HEADERS_TIMEOUT
    BODY = FailureKind.BODY_TIMEOUT


_TIMED_OUT = {
    ExchangePhase.DNS: (
        "its name was not resolved in time. The DNS server of this machine, or of that domain, does not answer"
    ),
    ExchangePhase.CONNECT: (
        "it did not accept a connection in time. The host is down, or a firewall drops what is sent to it"
    ),
    ExchangePhase.TLS: (
        "the connection stands, but the TLS handshake was not finished in time. "
        "The endpoint is overloaded, or does not speak TLS on this port"
    ),
    ExchangePhase.WRITE: "it did not take the whole request in time. The endpoint is stuck or overloaded",
    ExchangePhase.HEADERS: "it took the request, but sent no answer in time. The endpoint is too slow",
    ExchangePhase.BODY: "it began an answer, but did not finish it in time. The endpoint is too slow",
}


def timed_out(phase: ExchangePhase, where: str) -> ExchangeError:
    """Return the error of an exchange that timed out."""
    return ExchangeError(phase.value, f"{where}: {_TIMED_OUT[phase]}.")


def interrupted(where: str) -> ExchangeError:
    """Return the error of an exchange that Switchhook's stop interrupted."""
    return ExchangeError(
        FailureKind.INTERRUPTED, f"{where}: Switchhook stopped before the answer came."
    )


def unresolved(host: str, error: OSError | UnicodeError) -> ExchangeError:
    """Return the error of a name that did not resolve."""
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        why = "the DNS server could not be asked; check this machine's DNS, it may work later"
    elif isinstance(error, socket.gaierror):
        why = "there is no address for this name; check the host in the webhook's URL"
    else:
        why = f"the name could not be looked up ({error})"
    return ExchangeError(FailureKind.DNS, f"{host}: {why}.")


def connect_failed(error: OSError, where: str) -> ExchangeError:
    """Return the error of a connection that failed in time."""
    if isinstance(error, ConnectionRefusedError):
        return ExchangeError(
            FailureKind.REFUSED,
            f"{where}: refused the connection. Nothing listens there, or a firewall rejects it; "
            "check that the endpoint runs, and the port in the webhook's URL.",
        )
    if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}:
        return ExchangeError(
            FailureKind.UNREACHABLE,
            f"{where}: Switchhook has no socket left ({error.strerror}). "
            "Raise the limit of open files (ulimit -n, LimitNOFILE).",
        )
    if isinstance(error, TimeoutError):
        return timed_out(ExchangePhase.CONNECT, where)
    if isinstance(error, ConnectionResetError | ConnectionAbortedError):
        return ExchangeError(
            FailureKind.RESET, f"{where}: cut the connection while it was being made."
        )
    return ExchangeError(
        FailureKind.UNREACHABLE,
        f"{where}: cannot be reached from here ({error.strerror or error}). Check the network and its routes.",
    )


_X509_NOT_YET_VALID = 9
_X509_UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})
"""Codes of OpenSSL's X509_verify_cert: self-signed, or an issuer that is not known here."""


def _remedy(error: ssl.SSLCertVerificationError) -> str:
    """Return what is behind it most often, where its message does not say."""
    code = getattr(error, "verify_code", 0)
    if code == _X509_NOT_YET_VALID:
        return "; or this machine's clock is slow"
    if code in _X509_UNKNOWN_ISSUER:
        return (
            ". Often its server does not send the certificates between its own and the authority's (the full chain);"
            " SSL_CERT_FILE names the file of a private authority"
        )
    return ""


def tls_failed(error: OSError, where: str) -> ExchangeError:
    """Return the error of a failed TLS handshake. `ssl.SSLError` is an OSError, and so is a cut connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = (
            f"its certificate is not valid: {error.verify_message}. The endpoint needs a certificate "
            f"for this very name, in date, from an authority that this machine trusts{_remedy(error)}"
        )
    elif isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        why = "does not speak TLS on this port, but perhaps plain http; check the webhook's URL"
    elif isinstance(error, ssl.SSLError):
        why = f"the TLS handshake failed ({error.reason or error}). Check the endpoint's TLS settings (1.2 or later)"
    else:
        why = "cut the connection during the TLS handshake. Check the endpoint's TLS settings, and the port"
    return ExchangeError(FailureKind.TLS, f"{where}: {why}.")
