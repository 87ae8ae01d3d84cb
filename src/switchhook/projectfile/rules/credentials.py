"""The rules of credentials: each is whole, of one kind, and can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.delivery.http.tls import TlsIdentity, check_identity
from switchhook.domain.credentials import URL_SECRET
from switchhook.projectfile.toml.mistakes import Finding, shown
from switchhook.webhooks.authentication import header_names
from switchhook.webhooks.encoding import is_header_name
from switchhook.webhooks.signatures import signer
from switchhook.webhooks.url import placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.credentials import BodyHmac, Credentials, OAuth2
    from switchhook.domain.project import Trunk

HEADER_ADVICE = "use letters, digits and hyphens; Host, Content-Length and the like are ours"


def check_credentials(credentials: Credentials, *urls: str) -> Iterator[Finding]:
    """Refuse what is half, doubled or of no use; `urls` are those of the webhook."""
    yield from check_login(credentials)
    yield from _check_one_authorization(credentials)
    yield from _check_url_secret(credentials, urls)
    yield from _check_signing_secrets(credentials)
    yield from _check_headers(credentials)
    yield from _check_certificates(credentials)


def check_login(table: Credentials | Trunk) -> Iterator[Finding]:
    """A user name is of no use without its password, nor the other way round."""
    for given, missing in (("username", "password"), ("password", "username")):
        if getattr(table, given) and not getattr(table, missing):
            yield Finding((), f"{missing} is missing beside {given}", "write both or neither")


def check_body_hmac(hmac: BodyHmac) -> Iterator[Finding]:
    """The body is signed, and its headers can be set."""
    if "{body}" not in hmac.signed:
        yield Finding(("signed",), "the body is no part of it", "write {body}")
    allowed = {"signed": {"body", "timestamp", "id"}, "prefix": {"timestamp"}}
    for key, known in allowed.items():
        for name in placeholders(getattr(hmac, key)):
            if name not in known:
                yield Finding((key,), f"{{{name}}} stands for nothing", "remove it")
    for key in ("header", "timestamp_header"):
        name = getattr(hmac, key)
        if name and not is_header_name(name):
            yield Finding((key,), f"{shown(name)} is not a header that can be set", HEADER_ADVICE)
    if hmac.header.lower() == hmac.timestamp_header.lower():
        yield Finding(("timestamp_header",), "it is the header of the HMAC", "use another name")


def check_oauth(oauth: OAuth2) -> Iterator[Finding]:
    """Something proves who we are."""
    if not (oauth.client_secret or oauth.refresh_token):
        yield Finding((), "client_secret is missing", "write it, or a refresh_token")
    for _ in placeholders(oauth.token_url):
        problem = "nothing is filled into the URL of a token endpoint"
        yield Finding(("token_url",), problem, "write it out")
        return


def _check_one_authorization(credentials: Credentials) -> Iterator[Finding]:
    kinds = ("username", "token", "oauth")
    given = [kind for kind in kinds if getattr(credentials, kind)]
    for kind in given[1:]:
        yield Finding((kind,), f"there is a {given[0]} too", "keep one of the two")
    if ":" in credentials.username:
        problem = "a user name holds no colon: the password begins behind it"
        yield Finding(("username",), problem, "remove it")


def _check_url_secret(credentials: Credentials, urls: tuple[str, ...]) -> Iterator[Finding]:
    is_used = any(URL_SECRET in url for url in urls)
    if credentials.url_secret and not is_used:
        problem = f"no URL has a place for it, {URL_SECRET}"
        yield Finding(("url_secret",), problem, "write it where the secret belongs")
    if is_used and not credentials.url_secret:
        yield Finding((), "url_secret is missing", f"write what {URL_SECRET} in the URL stands for")


def _check_signing_secrets(credentials: Credentials) -> Iterator[Finding]:
    for index, secret in enumerate(credentials.signing_secrets):
        try:
            signer(secret)
        except ValueError as error:
            advice = "`switchhook secret new` makes one"
            yield Finding(("signing_secrets", index), str(error), advice)


def _check_headers(credentials: Credentials) -> Iterator[Finding]:
    for index, (name, value) in enumerate(credentials.secret_headers):
        path = ("secret_headers", index)
        if not is_header_name(name):
            yield Finding(
                (*path, "name"), f"{shown(name)} is not a header that can be set", HEADER_ADVICE
            )
        if not value:
            yield Finding((*path, "value"), "it is empty", "write the token")
    names = header_names(credentials)
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding((), f"the header {shown(name)} is sent twice", "keep one of the two")


def _check_certificates(credentials: Credentials) -> Iterator[Finding]:
    for given, missing in (
        ("client_certificate", "client_key"),
        ("client_key", "client_certificate"),
    ):
        if getattr(credentials, given) and not getattr(credentials, missing):
            yield Finding((), f"{missing} is missing beside {given}", "write both or neither")
            return
    for key, identity in (
        ("certificate_authority", TlsIdentity(authority=credentials.certificate_authority)),
        (
            "client_certificate",
            TlsIdentity(
                certificate=credentials.client_certificate, private_key=credentials.client_key
            ),
        ),
    ):
        try:
            check_identity(identity)
        except ValueError as error:
            yield Finding((key,), str(error), "paste the file's text")
