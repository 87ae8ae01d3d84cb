"""Why an exchange with an endpoint, or with the mail server, brought nothing usable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FailureKind(StrEnum):
    """The class of a failure; the value is stored, shown and documented, so it never changes."""

    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    TLS = "tls"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_TIMEOUT = "tls_timeout"
    WRITE_TIMEOUT = "write_timeout"
    HEADERS_TIMEOUT = "headers_timeout"
    BODY_TIMEOUT = "body_timeout"
    DNS_TIMEOUT = "dns_timeout"
    STATUS = "status"
    REDIRECT = "redirect"
    TOO_LARGE = "too_large"
    BAD_RESPONSE = "bad_response"
    """The answer is not HTTP, or not SMTP."""
    BAD_BODY = "bad_body"
    """HTTP came, but its body says nothing that can be followed."""
    PROXY = "proxy"
    """The outbound proxy of this installation would not, or could not, let it through."""
    ADDRESS_REFUSED = "address_refused"
    """Our own address guard would not connect."""
    BAD_URL = "bad_url"
    TABLE = "table"
    """A table in place of an endpoint has no row for the call, or cannot be read."""
    NOT_SET_UP = "not_set_up"
    """A setting is missing without which it cannot be sent."""
    AUTHENTICATION = "authentication"
    """The mail server would not have our login, or wants one; or a token endpoint gave no access token."""
    BREAKER_OPEN = "breaker_open"
    """The endpoint failed too often lately, and was left alone."""
    NO_ANSWER_IN_TIME = "no_answer_in_time"
    """The call's own deadline passed before the sender reported."""
    INTERRUPTED = "interrupted"
    """Switchhook stopped while it was waiting."""
    OUR_ERROR = "our_error"
    """A mistake in Switchhook kept it from asking."""
    UNSUBSCRIBED = "unsubscribed"
    """The subscription was removed before this was sent."""
    EXPIRED = "expired"
    """Older than its webhook wants to be told of."""
    SUPERSEDED = "superseded"
    """A newer event of the call took its place."""
    UNDER_WAY = "under_way"
    """Sent at most once: it was begun, and what came of it is not known yet."""


BEFORE_SENDING: Final = frozenset(
    {
        FailureKind.DNS,
        FailureKind.DNS_TIMEOUT,
        FailureKind.REFUSED,
        FailureKind.UNREACHABLE,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.TLS,
        FailureKind.TLS_TIMEOUT,
        FailureKind.ADDRESS_REFUSED,
        FailureKind.BAD_URL,
        FailureKind.NOT_SET_UP,
        FailureKind.PROXY,
        FailureKind.AUTHENTICATION,
    }
)
"""Failures after which no byte of the request can have reached the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failure, as stored and shown."""

    kind: FailureKind
    detail: str
    """One sentence: what happened, where, and what to do if known. Holds no secret."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"
