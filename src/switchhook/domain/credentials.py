"""How a webhook proves to an endpoint who sends: passwords, tokens, signatures, client certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

URL_SECRET: Final = "{secret}"  # noqa: S105 (the place of one)
"""Stands in a URL for the secret that an attempt fills in, so that no stored request holds it."""


class HmacAlgorithm(StrEnum):
    """The hash function under an HMAC (RFC 2104)."""

    SHA256 = "sha256"
    SHA512 = "sha512"
    SHA384 = "sha384"
    SHA1 = "sha1"
    MD5 = "md5"


class HmacEncoding(StrEnum):
    """How the bytes of an HMAC are written."""

    HEX = "hex"
    """In lower case."""
    BASE64 = "base64"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyHmac:
    """An HMAC of the body in a header of the receiver's choice, as GitHub, Shopify, Slack and Stripe send it."""

    header: str
    secret: str = field(repr=False)
    algorithm: HmacAlgorithm = HmacAlgorithm.SHA256
    encoding: HmacEncoding = HmacEncoding.HEX
    prefix: str = ""
    """Stands before the HMAC; may hold `{timestamp}`."""
    signed: str = "{body}"
    """What is signed: text with `{body}`, perhaps with `{timestamp}` and `{id}`."""
    timestamp_header: str = ""
    """A header with the seconds of the attempt; empty: none."""


class ClientAuthentication(StrEnum):
    """How we say at a token endpoint who we are (RFC 6749 §2.3.1)."""

    BASIC = "basic"
    BODY = "body"
    """As `client_id` and `client_secret` in the form, which some servers know alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """An access token by client credentials, or by a refresh token where there is one (RFC 6749 §4.4, §6)."""

    token_url: str = field(repr=False)
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    """The first one. A server that gives another with an access token wants that one the next time."""
    scope: str = ""
    audience: str = ""
    client_authentication: ClientAuthentication = ClientAuthentication.BASIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the requests of one webhook prove themselves with. Applied at each attempt, and stored with none."""

    username: str = ""
    password: str = field(default="", repr=False)
    """With the user name: Basic authentication (RFC 7617)."""
    token: str = field(default="", repr=False)
    """Bearer authentication (RFC 6750)."""
    oauth: OAuth2 | None = None
    """Bearer authentication by a token that is fetched, and renewed."""
    secret_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Tokens in headers, such as X-Api-Key."""
    url_secret: str = field(default="", repr=False)
    """Takes the place of `{secret}` in the path or query of the URL."""
    signing_secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys of Standard Webhooks, `whsec_…` or `whsk_…`; each signs, so a new one can overlap an old one."""
    hmac: BodyHmac | None = None
    client_certificate: str = field(default="", repr=False)
    """PEM, with the certificates between it and the authority's."""
    client_key: str = field(default="", repr=False)
    """PEM, not encrypted."""
    certificate_authority: str = field(default="", repr=False)
    """PEM. The endpoint's certificate has to come from this authority; empty: from one that the machine trusts."""

    @property
    def proofs(self) -> tuple[str, ...]:
        """Return by what a request proves who sent it, in words and without a secret."""
        names = (name for name, _ in self.secret_headers)
        found = (
            ("Basic authentication", self.username or self.password),
            ("a bearer token", self.token),
            ("an access token", self.oauth),
            *((f"the header {name}", name) for name in names),
            ("a secret in the URL", self.url_secret),
            ("a signature of Standard Webhooks", self.signing_secrets),
            ("an HMAC signature", self.hmac),
            ("a client certificate", self.client_certificate),
        )
        return tuple(words for words, is_there in found if is_there)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return all that nobody may see."""
        found = [self.password, self.token, self.url_secret, self.client_key, *self.signing_secrets]
        found += [value for _, value in self.secret_headers]
        if self.hmac is not None:
            found.append(self.hmac.secret)
        if self.oauth is not None:
            found += [self.oauth.client_secret, self.oauth.refresh_token]
        return tuple(secret for secret in found if secret)


NO_CREDENTIALS: Final = Credentials()
