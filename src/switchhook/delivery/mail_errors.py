"""Errors of sending a mail, each with the sentence that explains it.

A sentence says what the mail server did in which phase, whose fault it is if known, and what to do. The server
is the operator's own, so its words are repeated; a password in them is not.
"""

from __future__ import annotations

import os
import socket
import ssl
from enum import Enum, auto
from typing import Final

from aiosmtplib import SMTPException

from switchhook.delivery.policy import BAD_LOGIN
from switchhook.domain.failure import Failure, FailureKind

NOT_SET_UP: Final = Failure(
    kind=FailureKind.NOT_SET_UP,
    detail="No mail server is set up. Set smtp_host, mail_from and what else it wants, and start again:"
    " mail is tried for about a day.",
)
REPLIES: Final = range(200, 600)
"""The codes that there are."""
MAX_REPLY_CHARS: Final = 300
"""Characters of the server's words that a sentence repeats."""


class MailPhase(Enum):
    """The phase in which sending failed."""

    DNS = auto()
    CONNECT = auto()
    GREETING = auto()
    """With TLS from the start, its handshake too."""
    TLS = auto()
    LOGIN = auto()
    SENDER = auto()
    RECIPIENT = auto()
    MESSAGE = auto()


_TIMED_OUT: Final = {
    MailPhase.DNS: (
        FailureKind.DNS_TIMEOUT,
        "its name was not resolved in time. Check the DNS of this machine, and smtp_host",
    ),
    MailPhase.CONNECT: (
        FailureKind.CONNECT_TIMEOUT,
        (
            "it did not accept a connection in time. The host is down, or a firewall drops what is sent to it"
            " (many networks close port 25); check smtp_host and smtp_port"
        ),
    ),
    MailPhase.GREETING: (
        FailureKind.HEADERS_TIMEOUT,
        (
            "it accepted the connection, but did not greet in time. It is overloaded, or smtp_security does not"
            ' fit the port: 465 is for "tls", 587 and 25 are for "starttls"'
        ),
    ),
    MailPhase.TLS: (
        FailureKind.TLS_TIMEOUT,
        "the TLS handshake was not finished in time. The mail server is overloaded",
    ),
}
_NO_REPLY: Final = (
    FailureKind.HEADERS_TIMEOUT,
    (
        "it did not reply in time. It is stuck or overloaded; where it had accepted the mail already, the mail"
        " comes twice, with the same Message-ID"
    ),
)


def timed_out(phase: MailPhase, where: str) -> Failure:
    """The deadline passed."""
    kind, why = _TIMED_OUT.get(phase, _NO_REPLY)
    return Failure(kind=kind, detail=f"{where}: {why}.")


def connection_failed(error: OSError | SMTPException, phase: MailPhase, where: str) -> Failure:
    """No connection, or none any more, or none that is as it has to be."""
    if isinstance(error, SMTPException) and isinstance(error.__cause__, OSError):
        error = error.__cause__
    kind, why = (
        _connection_error(error, phase) if isinstance(error, OSError) else _not_offered(phase)
    )
    return Failure(kind=kind, detail=f"{where}: {why}.")


def refused(code: int, words: str, phase: MailPhase, where: str, who: str) -> Failure:
    """The server said no, or with the code 0 something that is no reply.

    `who` is the login, the sender or the recipient, as the phase has it.
    """
    if not code:
        kind, why = (
            FailureKind.BAD_RESPONSE,
            "what it sent is not SMTP; check smtp_host and smtp_port",
        )
        return Failure(kind=kind, detail=f"{where}: {why}.")
    is_login = phase is MailPhase.LOGIN or code in BAD_LOGIN
    kind = FailureKind.AUTHENTICATION if is_login else FailureKind.STATUS
    what, advice = _REFUSALS[MailPhase.LOGIN if is_login else phase]
    if is_login and phase is not MailPhase.LOGIN:
        what = "a mail without a login"
    said = f"{code} {_on_one_line(words)}".rstrip()
    if code >= 500:
        detail = f"refused {what.format(who)}: {said}. {advice[0].upper()}{advice[1:]}."
    else:
        detail = f"refused {what.format(who)} for now: {said}. Where this lasts, {advice}."
    return Failure(kind=kind, detail=f"{where} {detail}")


_REFUSALS: Final = {
    MailPhase.GREETING: ("us", "it may know this machine's address as one that sends no mail"),
    MailPhase.TLS: ("to begin TLS", "its own log says why"),
    MailPhase.LOGIN: ("the login {}", "check smtp_username and smtp_password"),
    MailPhase.SENDER: (
        "the sender {}",
        "set mail_from to an address that it lets us use; perhaps it wants smtp_username too",
    ),
    MailPhase.RECIPIENT: ("mail to {}", "check the address in the event mail"),
    MailPhase.MESSAGE: ("the mail to {}", "its own log says why"),
}
"""The refusal and the advice, by phase."""


def _not_offered(phase: MailPhase) -> tuple[FailureKind, str]:
    """Tell of what the server does not offer."""
    if phase is MailPhase.LOGIN:
        return (
            FailureKind.AUTHENTICATION,
            (
                "it offers no login that we know, at least not on this connection. Check smtp_security, or"
                " leave smtp_username empty"
            ),
        )
    return (
        FailureKind.TLS,
        (
            'it offers no STARTTLS. Set smtp_security to "tls" with its port for that (465), or to "none" in'
            " a network that you trust"
        ),
    )


def _connection_error(error: OSError, phase: MailPhase) -> tuple[FailureKind, str]:
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return FailureKind.DNS, "the DNS server could not be asked; check this machine's DNS"
        return FailureKind.DNS, "there is no address for this name; check smtp_host"
    if isinstance(error, ssl.SSLError):
        return FailureKind.TLS, _tls_error(error)
    if isinstance(error, ConnectionRefusedError):
        return (
            FailureKind.REFUSED,
            (
                "refused the connection. Nothing listens there, or a firewall rejects it; check smtp_host and"
                " smtp_port"
            ),
        )
    if phase is MailPhase.CONNECT:
        reason = os.strerror(error.errno) if error.errno else error
        return FailureKind.UNREACHABLE, f"cannot be reached from here ({reason}). Check the network"
    if phase is MailPhase.GREETING:
        return (
            FailureKind.RESET,
            (
                "closed the connection before it greeted. It refuses this machine, or smtp_security does not"
                " fit the port"
            ),
        )
    return FailureKind.RESET, "closed the connection before it had accepted the mail"


def _tls_error(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not valid: {error.verify_message}. It needs one for this very name, in"
            " date, from an authority that this machine trusts (SSL_CERT_FILE names more of them)"
        )
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return (
            'does not speak TLS from the start on this port; smtp_security = "starttls" may fit it'
        )
    return (
        f"the TLS handshake failed ({error.reason or error}). Check the mail server's TLS settings"
    )


def _on_one_line(text: str) -> str:
    """Return the server's words on one line."""
    line = " ".join(text.split())
    shown = "".join(char if char.isprintable() else "·" for char in line).rstrip(".")
    return shown if len(shown) <= MAX_REPLY_CHARS else f"{shown[:MAX_REPLY_CHARS]}…"
