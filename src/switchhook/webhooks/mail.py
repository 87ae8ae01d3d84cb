"""Event mails: rendered once to bytes, which every attempt sends (T-30, R5-53). Pure."""

from __future__ import annotations

from base64 import encodebytes
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from switchhook.domain.failure import Failure
from switchhook.webhooks.text_template import fill_text
from switchhook.webhooks.timestamps import time_zone_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.event import EventMail
    from switchhook.webhooks.parameters import CallFacts

MAIL_SECONDS: Final = 120.0
"""Seconds for the mail's data: scanning servers accept slowly, and a mail that is cut off then is sent
twice."""
DEFAULT_SENDER: Final = "switchhook@localhost"
"""The default sender."""
MAIL_CODES: Final = (250,)
"""The reply that means accepted."""
MAX_SUBJECT: Final = 250
"""Characters; one of values without end is cut."""
_PLAIN_SUBJECT: Final = 68
"""Characters that leave the header's line with 78 (RFC 5322 2.1.1)."""
MAX_ATTACHMENT: Final = 10_000_000
"""Bytes of a recording that is attached: ten minutes. Mail servers refuse more than 10 to 25 MB."""
NOT_ATTACHED: Final = (
    "The message is not attached: it was deleted, or it is longer than ten minutes."
)
MAX_ADDRESS: Final = 254
"""Characters (RFC 5321 4.5.3.1.3, without its brackets)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS: Final = rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
"""One bare address (RFC 5321 4.1.2 without quoted local parts): no name before it, no list, no comment."""

_POLICY = SMTP.clone(cte_type="7bit")
"""Lines end in CRLF, and no server has to know 8BITMIME."""


class Security(StrEnum):
    """How the connection to the mail server is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    """Begins in clear, and goes on with TLS or not at all."""
    TLS = "tls"
    """TLS from the first byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The operator's mail server."""

    host: str = ""
    """Empty: there is none."""
    port: int = 587
    security: Security = Security.STARTTLS
    username: str = ""
    """Empty: no login."""
    password: str = field(default="", repr=False)

    @property
    def where(self) -> str:
        """Return host and port, as messages name them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def problems(self) -> Iterator[str]:
        """Yield what does not go together, by the names of the settings."""
        if bool(self.username) != bool(self.password):
            missing, given = ("password", "username") if self.username else ("username", "password")
            yield f"smtp_{missing} is missing beside smtp_{given}; set both or neither"
        if self.username and self.security is Security.NONE and not self._is_here:
            yield (
                'smtp_security = "none" would send smtp_password in clear over the network; set it to'
                ' "starttls" or "tls"'
            )

    @property
    def _is_here(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:  # a name, be it one like `127.example.com`
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message to one person, with its envelope."""

    sender: str
    recipient: str
    message: bytes
    """Headers and body, as RFC 5322 has them; without what is attached when it is sent."""
    attachment: str = ""
    """The recording that is attached, by its name; empty: none."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return nothing: the values of a mail are text, and every text can be sent."""
        return ()

    @property
    def url(self) -> str:
        """Return the recipient as a URL."""
        return f"mailto:{quote(self.recipient, safe='@')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailResult:
    """The result of sending one mail to the mail server."""

    status: int
    """The code of the server's last reply; 0 when none came."""
    reply: str
    """Its words."""
    failure: Failure | None
    """None when the server accepted the mail."""
    seconds: float


def recipient_of(url: str) -> str:
    """Return whom a `Mail.url` names."""
    return unquote(url.removeprefix("mailto:"))


def render_mail(
    mail: EventMail, recipient: str, facts: CallFacts, *, delivery_id: str, sender: str
) -> Mail:
    """Write the message of one delivery. Never raises.

    Values stay on their line, in the subject and in the text: none adds a header, and none a line that
    would seem to be ours (S-73). The same delivery always has the same Message-ID, so that a second
    sending can be known.
    """
    return write_mail(
        recipient,
        subject=fill_text(mail.subject, facts),
        text=fill_text(mail.text, facts),
        moment=_moment(facts),
        delivery_id=delivery_id,
        sender=sender,
    )


def write_mail(
    recipient: str,
    *,
    subject: str,
    text: str,
    moment: datetime,
    delivery_id: str,
    sender: str,
    attachment: str = "",
) -> Mail:
    """Write a message of plain text. The subject stays on its line, whatever it holds."""
    head = (
        ("From", sender),
        ("To", recipient),
        ("Subject", _subject(subject)),
        ("Date", format_datetime(moment)),
        ("Message-ID", f"<{sha256(delivery_id.encode()).hexdigest()[:32]}@{domain(sender)}>"),
        ("Auto-Submitted", "auto-generated"),
    )
    body = EmailMessage(_POLICY)
    body.set_content(text)
    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
    message = lines.encode("ascii") + body.as_bytes()
    return Mail(sender=sender, recipient=recipient, message=message, attachment=attachment)


def with_attachment(mail: Mail, sound: bytes | None) -> bytes:
    """Return the message with its recording, a WAV file; None for one that cannot be attached, which is said.

    The same mail and sound make the same bytes: the boundary follows from the message (RFC 2046 §5.1.1), and no
    line of base64 begins with a hyphen.
    """
    head, _, text = mail.message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    own = [line for line in lines if line.lower().startswith(b"content-")]
    outer = [line for line in lines if line not in own]
    boundary = f"={sha256(mail.message).hexdigest()[:32]}=".encode()
    if sound is None:
        extra = [b"Content-Type: text/plain; charset=us-ascii", b"", NOT_ATTACHED.encode()]
    else:
        file = "-".join(mail.attachment.split("/")[1:]).encode() + b".wav"
        extra = [
            b'Content-Type: audio/wav; name="' + file + b'"',
            b'Content-Disposition: attachment; filename="' + file + b'"',
            b"Content-Transfer-Encoding: base64",
            b"",
            encodebytes(sound).replace(b"\n", b"\r\n"),
        ]
    kind = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"'
    parts = [*outer, kind, b"", b"--" + boundary, *own, b"", text, b"--" + boundary, *extra]
    return b"\r\n".join([*parts, b"--" + boundary + b"--", b""])


def read_mail(message: bytes) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return a message's headers and text as people read them."""
    read = message_from_bytes(message, _class=EmailMessage, policy=SMTP)
    headers = tuple((name, str(value)) for name, value in read.items())
    return headers, str(read.get_content()).replace("\r\n", "\n")


def domain(address: str) -> str:
    """Return what stands behind the `@`."""
    return address.rpartition("@")[2]


def _subject(subject: str) -> str:
    """Return the header's value, encoded (RFC 2047) unless it can stand as it is.

    `EmailMessage` is not asked to: of text that is ASCII in parts, it loses blanks between them.
    """
    if len(subject) > MAX_SUBJECT:
        subject = f"{subject[: MAX_SUBJECT - 1]}…"
    is_plain = subject.isascii() and "=?" not in subject and subject == subject.strip()
    if is_plain and len(subject) <= _PLAIN_SUBJECT:
        return subject
    return Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _moment(facts: CallFacts) -> datetime:
    return datetime.fromtimestamp(facts.now, time_zone_of(facts.call.snapshot.project.time_zone))
