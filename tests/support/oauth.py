"""A token endpoint on loopback, and a store of refresh tokens in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from switchhook.storage.records import StoreError
from tests.support.hostile import Hostile

if TYPE_CHECKING:
    from tests.support.hostile import Peer


class TokenEndpoint(Hostile):
    """Gives `token-1`, `token-2` and so on; with `rotates` also a new refresh token, and takes the latest alone."""

    def __init__(self, *, expires_in: float = 3600, rotates: bool = False) -> None:
        super().__init__(self._give)
        self.forms: list[dict[str, str]] = []
        self._expires_in = expires_in
        self._rotates = rotates

    @property
    def url(self) -> str:
        return f"{super().url}/token"

    def given(self, name: str) -> list[str]:
        """Return what was given under a name in each request."""
        return [form.get(name, "") for form in self.forms]

    async def _give(self, peer: Peer) -> None:
        while True:
            request = await peer.request()
            self.forms.append(dict(parse_qsl(request.partition(b"\r\n\r\n")[2].decode())))
            number = len(self.forms)
            said: dict[str, Any] = {
                "access_token": f"token-{number}",
                "token_type": "Bearer",
                "expires_in": self._expires_in,
            }
            if self._rotates:
                said["refresh_token"] = f"refresh-{number}"
            body = json.dumps(said).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            await peer.say(head.encode() + body)


class RefreshTokenNotes:
    """Keeps refresh tokens; `broken` says what it fails at, reads or writes."""

    def __init__(self, *, broken: str = "") -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self._broken = broken

    async def refresh_token(self, project: str, source: str) -> str | None:
        if self._broken == "reads":
            raise StoreError("disk full")
        return self.kept.get((project, source))

    async def save_refresh_token(self, project: str, source: str, token: str) -> None:
        if self._broken == "writes":
            raise StoreError("disk full")
        self.kept[project, source] = token
