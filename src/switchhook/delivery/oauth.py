"""Access tokens of OAuth2: fetched by client credentials or a refresh token, kept, shared, renewed (RFC 6749)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, urlencode

import msgspec
import structlog

from switchhook.domain.credentials import ClientAuthentication
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.masking import mask
from switchhook.tasks import spawn
from switchhook.webhooks.encoding import FORM_TYPE, JSON_TYPE, basic_authorization
from switchhook.webhooks.http import Exchange, HttpRequest
from switchhook.webhooks.url import no_placeholder, url_template

if TYPE_CHECKING:
    from switchhook.delivery.allowed_networks import AllowedNetworks
    from switchhook.domain.credentials import OAuth2
    from switchhook.storage.ports import RefreshTokens
    from switchhook.webhooks.http import HttpResponse

Send = Callable[..., Awaitable[Exchange]]
"""Sends one request under the address guard: the exchange of a sender."""

log = structlog.get_logger(__name__)

TOKEN_SECONDS: Final = 10.0
"""Seconds for one exchange with a token endpoint; whoever waits for it has a deadline of its own."""
UNTOLD_SECONDS: Final = 3600.0
"""How long a token is used whose lifetime is not told; 401 ends it before."""
MARGIN: Final = 30.0
"""Seconds before its end that a token is used no more, so that it arrives while it holds."""
TOKENS_KEPT: Final = 10_000
TokenKey = tuple[str, "OAuth2"]
"""A project, and all that tokens are asked for with: whoever writes another client secret wants it used at once."""
_MAX_TOKEN: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token, and until when it is used, on the loop's clock."""

    text: str
    until: float


def source_of(oauth: OAuth2) -> str:
    """Return the identity of whose refresh tokens they are: another first one begins anew, another client secret goes on."""
    parts = (oauth.token_url, oauth.client_id, oauth.refresh_token, oauth.scope, oauth.audience)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


class AccessTokens:
    """Fetches each token once, however many deliveries wait for it."""

    def __init__(self, send: Send, product: str, store: RefreshTokens | None = None) -> None:
        """`send` is the exchange of a sender. Without a `store` no refresh token is used, since a server may take it back once it is."""
        self._send = send
        self._product = product
        self._store = store
        self._tokens: dict[TokenKey, AccessToken] = {}
        self._fetching: dict[TokenKey, asyncio.Task[AccessToken | Failure]] = {}

    async def token(
        self, project: str, oauth: OAuth2, networks: AllowedNetworks, *, seconds: float
    ) -> str | Failure:
        """Return the project's token, within so many seconds."""
        key = project, oauth
        held = self._tokens.get(key)
        if held is not None and held.until > asyncio.get_running_loop().time():
            return held.text
        task = self._fetching.get(key)
        if task is None:
            task = spawn(self._fetch(project, oauth, networks), name=f"access token of {project}")
            self._fetching[key] = task
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        done, _ = await asyncio.wait([task], timeout=max(seconds, 0.0))
        if not done or task.cancelled():
            return _failure(oauth, "gave no access token in time")
        got = task.result()
        return got.text if isinstance(got, AccessToken) else got

    def refuse(self, project: str, oauth: OAuth2, text: str) -> None:
        """Forget a token that an endpoint refused; another that came meanwhile stays."""
        key = project, oauth
        held = self._tokens.get(key)
        if held is not None and held.text == text:
            del self._tokens[key]

    async def _fetch(
        self, project: str, oauth: OAuth2, networks: AllowedNetworks
    ) -> AccessToken | Failure:
        """Ask the token endpoint. Never raises: who waits for it has a failure to tell."""
        try:
            refresh_token = await self._refresh_token(project, oauth)
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            return _failure(oauth, f"was not asked: the refresh token cannot be read ({error})")
        if oauth.refresh_token and self._store is None:
            return _failure(oauth, "is not asked in a try-out: it would use up the refresh token")
        exchange = await self._send(
            token_request(oauth, refresh_token, self._product),
            deadline=TOKEN_SECONDS,
            networks=networks,
            keep_alive=False,
        )
        got = read_token(oauth, exchange, refresh_token)
        if isinstance(got, Failure):
            return got
        if got.refresh_token and got.refresh_token != refresh_token:
            await self._keep(project, oauth, got.refresh_token)
        now = asyncio.get_running_loop().time()
        lasts = UNTOLD_SECONDS if got.seconds is None else got.seconds
        token = AccessToken(text=got.access_token, until=now + max(lasts - MARGIN, lasts / 2))
        self._tokens[project, oauth] = token
        if len(self._tokens) > TOKENS_KEPT:
            del self._tokens[next(iter(self._tokens))]
        return token

    async def _refresh_token(self, project: str, oauth: OAuth2) -> str:
        if not oauth.refresh_token or self._store is None:
            return oauth.refresh_token
        return await self._store.refresh_token(project, source_of(oauth)) or oauth.refresh_token

    async def _keep(self, project: str, oauth: OAuth2, refresh_token: str) -> None:
        """Store a new refresh token before the access token is used: the one before may be worth nothing now."""
        if self._store is None:
            return
        try:
            await self._store.save_refresh_token(project, source_of(oauth), refresh_token)
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            log.error("refresh token not stored", project=project, error=str(error))  # noqa: TRY400 - the reader needs no traceback


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedToken:
    """What a token endpoint gave (RFC 6749 §5.1)."""

    access_token: str
    refresh_token: str = ""
    seconds: float | None = None


def token_request(oauth: OAuth2, refresh_token: str, product: str) -> HttpRequest:
    """Return the request for an access token."""
    form = {"grant_type": "client_credentials"}
    if refresh_token:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    form |= {"scope": oauth.scope, "audience": oauth.audience}
    in_body = oauth.client_authentication is ClientAuthentication.BODY or not oauth.client_secret
    if in_body:
        form |= {"client_id": oauth.client_id, "client_secret": oauth.client_secret}
    body = urlencode({name: value for name, value in form.items() if value}).encode("ascii")
    address = url_template(oauth.token_url, no_placeholder)
    lines = [
        ("Host", address.host),
        ("User-Agent", product),
        ("Authorization", "" if in_body else _basic(oauth)),
        ("Accept", JSON_TYPE),
        ("Content-Type", FORM_TYPE),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    url = address.url(lambda _key, _argument: "")
    headers = tuple(line for line in lines if line[1])
    return HttpRequest(method="POST", url=url, headers=headers, body=body)


def read_token(oauth: OAuth2, exchange: Exchange, refresh_token: str) -> GrantedToken | Failure:
    """Return what an exchange with a token endpoint gave, or why it gave nothing."""
    if exchange.failure is not None and exchange.failure.kind is FailureKind.INTERRUPTED:
        return exchange.failure
    if exchange.failure is not None:
        return _failure(oauth, f"could not be asked: {_of_token_url(exchange.failure.detail)}")
    response = exchange.response
    if response is None:
        return _failure(oauth, "gave no answer")
    try:
        said: Any = msgspec.json.decode(response.body)
    except (ValueError, RecursionError):
        said = None
    members = said if isinstance(said, dict) else {}
    if response.status != HTTPStatus.OK:
        return _failure(oauth, _refusal(response, members, _sent_secrets(oauth, refresh_token)))
    text = members.get("access_token")
    if not isinstance(text, str) or not text or len(text) > _MAX_TOKEN or not _is_plain(text):
        return _failure(oauth, "answered 200, but with no access_token in JSON")
    if str(members.get("token_type") or "bearer").lower() != "bearer":
        return _failure(oauth, "gave a token of another type than Bearer")
    again = members.get("refresh_token")
    return GrantedToken(
        access_token=text,
        refresh_token=again if isinstance(again, str) and len(again) <= _MAX_TOKEN else "",
        seconds=_seconds(members.get("expires_in")),
    )


def _refusal(response: HttpResponse, members: dict[str, Any], secrets: tuple[str, ...]) -> str:
    """Say what it refused, in its own words as far as they are short text (RFC 6749 §5.2)."""
    told = [members.get("error"), members.get("error_description")]
    words = [
        "".join(char for char in word if char.isprintable())
        for word in told
        if isinstance(word, str) and word
    ]
    said = ": ".join(mask(word, secrets)[:200] for word in words)
    remedy = _REMEDIES.get(str(told[0])) or _REMEDIES_BY_STATUS.get(response.status // 100, "")
    answered = f"answered {response.status} ({said})" if said else f"answered {response.status}"
    return f"{answered}. {remedy}" if remedy else answered


_REMEDIES: Final = {
    "invalid_client": "Check client_id, client_secret and client_authentication of oauth",
    "invalid_grant": "What it gave before holds no longer: log in there anew, and write the new refresh_token",
    "invalid_scope": "Check scope of oauth",
    "unauthorized_client": "Allow this client there to get tokens in this way",
    "unsupported_grant_type": "It gives none in this way: with a refresh_token it may, without one or the other way round",
}
"""What to do about an error (RFC 6749 §5.2)."""
_REMEDIES_BY_STATUS: Final = {
    3: "Redirects are not followed: set token_url to where it leads",
    4: "Check token_url, client_id, client_secret and client_authentication of oauth",
    5: "The fault is its own, and it may work later",
}


def _of_token_url(detail: str) -> str:
    """Return the sentence on a webhook's URL as one on a token endpoint's."""
    return re.sub("[Tt]he webhook's URL", "token_url", detail)


def _seconds(told: object) -> float | None:
    """Read `expires_in`, which some send as text."""
    try:
        seconds = float(told) if isinstance(told, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return seconds if seconds is not None and 0 < seconds < 10**9 else None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _basic(oauth: OAuth2) -> str:
    """Write who we are; both parts are form-encoded first (RFC 6749 §2.3.1)."""
    return basic_authorization(quote_plus(oauth.client_id), quote_plus(oauth.client_secret))


def _sent_secrets(oauth: OAuth2, refresh_token: str) -> tuple[str, ...]:
    """Return the secrets of a request as they stand and in the forms in which they were sent, longest first."""
    plain = [text for text in (oauth.client_secret, refresh_token) if text]
    forms = [*plain, *map(quote_plus, plain)]
    if oauth.client_secret:
        forms.append(_basic(oauth).removeprefix("Basic "))
    return tuple(sorted(set(forms), key=len, reverse=True))


def _failure(oauth: OAuth2, why: str) -> Failure:
    host = url_template(oauth.token_url, no_placeholder).host
    detail = f"The token endpoint {host} {why}".rstrip(".")
    return Failure(kind=FailureKind.AUTHENTICATION, detail=f"{detail}.")
