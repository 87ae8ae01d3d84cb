"""A running server with the HTTP API, to which other programs bring events and calls, and an endpoint that is told of them."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchhook.app.application import Application, open_application
from switchhook.domain.access.token import Scope
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import Applied, apply_project
from switchhook.operations.tokens import create_token
from switchhook.settings import Settings
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.projects import MINIMAL
from tests.support.web import Answer, read_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HERE = MINIMAL.replace('"Acme"', '"Acme"\nallowed_networks = ["127.0.0.0/8"]').replace(
    'password = "reception-101"',
    'password = "reception-101"\nname = "Ann"\ndepartment = "Sales"',
)
"""A project that may tell endpoints on this machine."""


@dataclass(slots=True, kw_only=True)
class Brought:
    """The server, and a token of the scope that such programs have."""

    app: Application
    key: str

    async def post(self, path: str, body: object, **headers: str) -> Answer:
        """Post JSON, or bytes as they are."""
        return await self.ask("POST", path, body, **headers)

    async def ask(self, method: str, path: str, body: object = b"", **headers: str) -> Answer:
        """Send a request with the token."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Host": "x", "Authorization": f"Bearer {self.key}"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        reader, writer = await asyncio.open_connection("127.0.0.1", self.app.web_port)
        try:
            writer.write(
                f"{method} {path} HTTP/1.1\r\n{head}Content-Length: {len(data)}\r\n\r\n".encode()
                + data
            )
            return await read_answer(reader)
        finally:
            writer.close()

    async def stream(self, path: str) -> bytes:
        """Return the body of an answer without a stated length."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.app.web_port)
        try:
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode())
            whole = await reader.read(-1)
        finally:
            writer.close()
        head_, _, body = whole.partition(b"\r\n\r\n")
        if b"chunked" not in head_.lower():
            return body
        parts = []
        while body:
            size, _, body = body.partition(b"\r\n")
            parts.append(body[: int(size, 16)])
            body = body[int(size, 16) + 2 :]
        return b"".join(parts)

    async def settled(self, number: int) -> Any:
        """Wait until an import is done, and return what became of it."""
        async with asyncio.timeout(10):
            while True:
                answer = await self.ask("GET", f"/api/imports/{number}")
                if answer.json["state"] == "done":
                    return answer.json
                await asyncio.sleep(0.01)


@asynccontextmanager
async def brought(
    home: Path, document: str, *, scope: Scope = Scope.INTAKE, sends: bool = True
) -> AsyncIterator[Brought]:
    """Run a server for one project, with a token."""
    store = await SqliteStore.open(home / DATABASE)
    try:
        applied = await apply_project(store, document)
        assert isinstance(applied, Applied), str(applied)
        made = await create_token(
            store, store.tokens, project="acme", user="pbx", scope=scope, now=time.time()
        )
    finally:
        await store.close()
    settings = Settings(data_dir=home, sip_port=0, web_port=0)
    async with open_application(settings, sends=sends) as app:
        yield Brought(app=app, key=made.key)
