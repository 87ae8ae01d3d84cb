"""Authenticates requests by a token's key in the Authorization header (T-04); a few need none."""

from typing import Any, Final

import structlog
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.rate_limit import WrongKeyLimit
from switchhook.domain.token import Scope, Token
from switchhook.operations.tokens import MAX_USER_LENGTH, BadKeyError, check_key

log = structlog.get_logger(__name__)

OPEN: Final = "open"
"""Set on a handler that needs no token."""
_CHALLENGE: Final = {"WWW-Authenticate": 'Token realm="Switchhook", Bearer realm="Switchhook"'}


class Authentication(AbstractAuthenticationMiddleware):
    """Rejects requests without a valid key. The token is the request's user."""

    def __init__(self, app: ASGIApp, deps: ApiDependencies, wrong_keys: WrongKeyLimit) -> None:
        super().__init__(app, exclude_from_auth_key=OPEN)
        self._deps = deps
        self._wrong_keys = wrong_keys

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """Return whose key it is; otherwise raise what is answered with 401, 403 or 429."""
        user, key = _credentials(connection.headers.getall("authorization", []))
        now = self._deps.clock()
        try:
            token = await check_key(self._deps.tokens, user=user, key=key, now=now)
        except BadKeyError as error:
            address = connection.client.host if connection.client else ""
            log.warning("api key rejected", address=address, user=(user or "")[:MAX_USER_LENGTH])
            raise self._refusal(address, str(error)) from None
        return AuthenticationResult(user=token, auth=None)

    def _refusal(
        self, address: str, detail: str
    ) -> PermissionDeniedException | TooManyRequestsException:
        """Count a wrong key. A good key is accepted however many wrong ones came from its address."""
        if wait := self._wrong_keys.seconds_to_wait(address):
            return TooManyRequestsException(
                "too many wrong tokens came from this address; wait",
                headers={"Retry-After": str(int(wait) + 1)},
            )
        self._wrong_keys.note_wrong(address)
        return PermissionDeniedException(detail)


def _credentials(headers: list[str]) -> tuple[str | None, str]:
    """Return user and key of `Token user:key` or `Bearer key`; a Bearer names no user."""
    scheme, _, rest = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    # Header values are bytes, which ASGI's side reads as Latin-1.
    credentials = rest.strip().encode("latin-1").decode("utf-8", "replace")
    match scheme.lower():
        case "token":
            user, _, key = credentials.rpartition(":")
            return user, key
        case "bearer":
            return None, credentials
        case _:
            raise NotAuthorizedException(
                "send your token: Authorization: Token user@example.com:KEY", headers=_CHALLENGE
            )


def require_scope(token: Token, scope: Scope) -> None:
    """Raise 403 Forbidden where a token lacks a scope."""
    if not token.allows(scope):
        raise PermissionDeniedException(
            f"this token is good for {token.scope} only; this needs one of scope {scope}"
        )
