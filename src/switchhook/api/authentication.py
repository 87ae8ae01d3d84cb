"""Authenticates requests by a token's key in the Authorization header, and checks its rights (T-04); a few need none."""

from typing import Any, Final, cast

import structlog
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, Message, Receive, Send
from litestar.types import Scope as ASGIScope

from switchhook.api.access.masking import check_links, check_numbers
from switchhook.api.access.rights import check_rights
from switchhook.api.dependencies import ApiDependencies
from switchhook.api.exchange.request_ids import request_id
from switchhook.api.rate_limit import RequestAllowance, RequestLimit, WrongKeyLimit
from switchhook.operations.tokens import MAX_USER_LENGTH, BadKeyError, check_key

log = structlog.get_logger(__name__)

OPEN: Final = "open"
"""Set on a handler that needs no token."""
OUTWARD_CALL: Final = "/callback/outward_call"
"""The path at which a key may come in the header Auth-key (N-09)."""
ALLOWANCE: Final = "switchhook.allowance"
"""Holds, in a request's scope, what its token may still send."""
_CHALLENGE: Final = {"WWW-Authenticate": 'Token realm="Switchhook", Bearer realm="Switchhook"'}


class Authentication(AbstractAuthenticationMiddleware):
    """Rejects requests without a valid key. The token is the request's user."""

    def __init__(
        self,
        app: ASGIApp,
        deps: ApiDependencies,
        wrong_keys: WrongKeyLimit,
        requests: RequestLimit,
    ) -> None:
        super().__init__(app, exclude_from_auth_key=OPEN)
        self._deps = deps
        self._wrong_keys = wrong_keys
        self._requests = requests

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Authenticate a request, and tell in its answer what its token may still send."""

        async def tell(message: Message) -> None:
            allowance = scope.get(ALLOWANCE)
            if message["type"] == "http.response.start" and isinstance(allowance, RequestAllowance):
                told = ((n.lower().encode(), v.encode()) for n, v in allowance.headers.items())
                message["headers"] = [*message["headers"], *told]
            await send(message)

        await super().__call__(scope, receive, tell)

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """Return whose key it is; otherwise raise what is answered with 401, 403 or 429."""
        user, key = _credentials_of(connection)
        now = self._deps.clock()
        try:
            token = await check_key(self._deps.tokens, user=user, key=key, now=now)
        except BadKeyError as error:
            address = connection.client.host if connection.client else ""
            log.warning(
                "api key rejected",
                address=address,
                user=(user or "")[:MAX_USER_LENGTH],
                request_id=request_id(connection.scope),
            )
            raise self._refusal(address, str(error)) from None
        allowance = self._requests.take(token.id)
        if allowance.wait:
            raise TooManyRequestsException(
                f"this token has sent {allowance.limit} requests within a minute; wait",
                headers=allowance.headers,
            )
        connection.scope[ALLOWANCE] = allowance  # type: ignore[typeddict-unknown-key] # read above
        connection.scope["user"] = token  # also of what is refused
        secrets = connection.query_params.getall("secrets", [])
        scope = cast("dict[str, Any]", connection.scope)
        check_rights(scope, token, secrets=secrets)
        snapshot = self._deps.snapshot_of(token.project)
        check_links(scope, token)
        check_numbers(scope, token, snapshot, connection.query_params.multi_items())
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


def _credentials_of(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str | None, str]:
    """Return user and key; the callback API of N-09 has its own header for the key."""
    keys = connection.headers.getall("auth-key", [])
    if connection.scope["path"] == OUTWARD_CALL and len(keys) == 1:
        return None, keys[0].strip()
    return _credentials(connection.headers.getall("authorization", []))


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
