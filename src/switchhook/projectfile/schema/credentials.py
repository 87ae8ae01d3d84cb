"""The keys of credentials, which stand among those of the webhook that they belong to."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.credentials import (
    BodyHmac,
    ClientAuthentication,
    Credentials,
    HmacAlgorithm,
    HmacEncoding,
    OAuth2,
)
from switchhook.projectfile.rules.credentials import (
    check_body_hmac,
    check_credentials,
    check_oauth,
)
from switchhook.projectfile.schema.header import HEADERS
from switchhook.projectfile.toml.mistakes import Mistakes, Notes, TooManyMistakesError
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey
from switchhook.projectfile.toml.value_types import (
    ListOf,
    Location,
    NotedError,
    OneOf,
    Passage,
    Text,
    WrongError,
)
from switchhook.projectfile.types.project import FREE_TEXT, WebAddress

SECRET = Text(what="text", most=2000, secret=True)
REQUIRED_SECRET = Text(what="text", least=1, most=2000, secret=True)
HEADER_NAME = Text(what="a header name", least=1, most=100)
PEM = Passage(what="certificates in PEM")
BODY_HMAC = Table(
    make=BodyHmac,
    review=check_body_hmac,
    keys=(
        TableKey("header", HEADER_NAME, "header that it is sent in"),
        TableKey("secret", REQUIRED_SECRET, "key of it, as text"),
        TableKey("algorithm", OneOf(HmacAlgorithm), "hash function", default=DECLARED),
        TableKey("encoding", OneOf(HmacEncoding), "how it is written", default=DECLARED),
        TableKey(
            "prefix",
            FREE_TEXT,
            "what stands before it, such as sha256=; may hold {timestamp}",
            default=DECLARED,
        ),
        TableKey(
            "signed",
            FREE_TEXT,
            "what is signed: text with {body}, perhaps with {timestamp} and {id}",
            default=DECLARED,
        ),
        TableKey(
            "timestamp_header",
            Text(what="a header name", most=100),
            "header with the seconds of the attempt; empty: none",
            default=DECLARED,
        ),
    ),
)
OAUTH = Table(
    make=OAuth2,
    review=check_oauth,
    keys=(
        TableKey("token_url", WebAddress(), "endpoint that gives access tokens"),
        TableKey("client_id", Text(what="text", least=1, most=500), "who we are there"),
        TableKey("client_secret", SECRET, "our secret there", default=DECLARED),
        TableKey(
            "refresh_token",
            SECRET,
            "the first refresh token; empty: client credentials",
            default=DECLARED,
        ),
        TableKey("scope", Text(most=1000), "scopes, with blanks between them", default=DECLARED),
        TableKey("audience", Text(most=1000), "audience, where it wants one", default=DECLARED),
        TableKey(
            "client_authentication",
            OneOf(ClientAuthentication),
            "where it reads who we are",
            default=DECLARED,
        ),
    ),
)
CREDENTIAL_KEYS = (
    TableKey("username", FREE_TEXT, "user name for Basic authentication", default=DECLARED),
    TableKey("password", SECRET, "password for Basic authentication", default=DECLARED),
    TableKey("token", SECRET, "token for Bearer authentication", default=DECLARED),
    TableKey(
        "oauth", OAUTH, "where the token for Bearer authentication comes from", default=DECLARED
    ),
    TableKey(
        "secret_headers",
        HEADERS,
        "headers with tokens, put in at each attempt and stored with none",
        default=DECLARED,
    ),
    TableKey(
        "url_secret", SECRET, "takes the place of {secret} in the path or query", default=DECLARED
    ),
    TableKey(
        "signing_secrets",
        ListOf(kind=REQUIRED_SECRET, most=10),
        "keys of Standard Webhooks, whsec_ or whsk_; each signs, the receiver takes any",
        default=DECLARED,
    ),
    TableKey(
        "hmac", BODY_HMAC, "an HMAC of the body in a header of the receiver's", default=DECLARED
    ),
    TableKey(
        "client_certificate", PEM, "certificate for TLS, its chain behind it", default=DECLARED
    ),
    TableKey(
        "client_key",
        Passage(what="a private key in PEM", secret=True),
        "its private key",
        default=DECLARED,
    ),
    TableKey(
        "certificate_authority",
        PEM,
        "authority, or certificate, that the endpoint's has to be of; empty: those that this machine trusts",
        default=DECLARED,
    ),
)
"""As they stand in a table of their own."""
CREDENTIALS = tuple(replace(key, attribute=f"credentials.{key.name}") for key in CREDENTIAL_KEYS)
"""As they stand among a webhook's keys, with `parts={"credentials": Credentials}`."""
_ALONE = Table(make=Credentials, review=check_credentials, keys=CREDENTIAL_KEYS)


def read_credentials(value: object) -> Credentials | Mistakes:
    """Read the credentials of a subscription, an object with the keys that a webhook has in a file."""
    notes = Notes()
    made: Credentials | None = None
    try:
        made = _ALONE.read(value, Location(path=("credentials",), notes=notes, names={}))
    except WrongError as wrong:
        notes.add(("credentials",), wrong.problem, wrong.advice)
    except (NotedError, TooManyMistakesError):
        pass
    return notes.all() or made or Credentials()
