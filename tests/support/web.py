"""The HTTP API of a store on a free port, and a client that sends bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from switchhook.api.asgi import asgi_app
from switchhook.api.dependencies import ApiDependencies
from switchhook.api.listening import listen
from switchhook.api.server import WebServer
from switchhook.api.stream_readers import StreamReaders
from switchhook.app.rehearsals import Rehearsals
from switchhook.console.asgi import console_app, with_console
from switchhook.console.dependencies import ConsoleDependencies
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.subscribers import Subscribers
from switchhook.domain.access.token import Scope, Token
from switchhook.metrics import Metrics
from switchhook.operations.intake.foreign_events import ForeignEventTeller
from switchhook.operations.projects import apply_project
from switchhook.operations.recordings import NO_RECORDINGS
from switchhook.operations.tokens import digest_of
from switchhook.projectfile.loading import load_directory
from switchhook.routing.admission import Rejection
from switchhook.routing.callback_admission import WantedCallback
from switchhook.routing.events import TransferOrdered
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.outbox import OutboxContext
from switchhook.tasks import spawn
from switchhook.tracking.memory import Memory
from switchhook.trusted_proxies import TrustedProxies
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from switchhook.api.dependencies import ApiStore
    from switchhook.metrics import Gauge
    from switchhook.operations.recordings import Recordings
    from switchhook.routing.events import LateFacts
    from switchhook.webhooks.mail import Mail, MailResult

USER = "user@example.com"
HOOKS = "/api/callnotification/callnotification/"
KEYS = {
    "acme": "acme-key",
    "other": "other-key",
    "hooks": "0123456789abcdef",
    "events": "events-key",
    "visits": "visits-key",
    "calls": "calls-key",
}
"""Keys by what they open: a project file, that of another project, subscriptions of `acme` alone, its events."""
SCOPES = {
    "hooks": Scope.SUBSCRIPTIONS,
    "events": Scope.EVENTS,
    "visits": Scope.VISITS,
    "calls": Scope.CALLS,
}
PROBLEM = {"type", "title", "status", "detail"}
"""The members of an error that has no further ones (RFC 9457)."""
OTHER = MINIMAL.replace("acme", "other").replace('"101"', '"201"').replace("44222", "44333")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()
    """Each Set-Cookie."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Web:
    """The server, and the hands on its clocks."""

    port: int
    store: SqliteStore
    memory: Subscribers
    applied: list[int] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)
    """The project of each running call."""
    ended: list[str] = field(default_factory=list)
    now: float = 1_000.0
    ticks: float = 0.0
    told: list[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    wanted: list[WantedCallback] = field(default_factory=list)
    """The callbacks that were made."""
    rejects: Rejection | None = None
    """Why callbacks are not made."""
    ordered: list[tuple[str, TransferOrdered]] = field(default_factory=list)
    holds: asyncio.Event | None = None
    """Set when callbacks are stored; None: at once."""
    refuses: str = ""
    """Why calls are not transferred."""
    keeps_events: bool = True
    readers: StreamReaders = field(default_factory=StreamReaders)
    visits: Memory = field(default_factory=Memory)

    def hang_up(self, call: str, *, by: str, project: str | None = None) -> bool:
        """End a call, as the switchboard does."""
        if self.calls.get(call) != project:
            return False
        self.ended.append(f"{call} by {by}")
        return True

    def call_back(self, wanted: WantedCallback, recorded: Callable[[], None]) -> str | Rejection:
        """Make a callback, as the switchboard does for the projects that are there."""
        if self.rejects is not None:
            return self.rejects
        self.wanted.append(wanted)
        if self.holds is None:
            recorded()
        else:
            spawn(self._record(self.holds, recorded), name="record")
        return f"1.{len(self.wanted)}"

    async def _record(self, holds: asyncio.Event, recorded: Callable[[], None]) -> None:
        await holds.wait()
        recorded()

    def transfer(
        self, call: str, order: TransferOrdered, *, project: str | None = None
    ) -> str | None:
        """Transfer a call, as the switchboard does."""
        if self.calls.get(call) != project:
            return None
        if not self.refuses:
            self.ordered.append((call, order))
        return self.refuses

    def runs(self, call: str, project: str) -> bool:
        """Say whether a call runs, as the switchboard does."""
        return self.calls.get(call) == project

    async def amend(self, project: str, call: str, late: LateFacts) -> bool:
        """Amend a call, as the server does."""
        if self.calls.get(call) != project:
            return False
        self.told.append((call, late.facts))
        return True

    async def send(self, raw: bytes) -> Answer:
        """Send bytes as they are, and read one answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(raw)
            return await read_answer(reader, has_body=not raw.startswith(b"HEAD"))
        finally:
            writer.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | Mapping[str, Any] = b"",
        *,
        key: str = "acme",
        **headers: str,
    ) -> Answer:
        """Send a request with one of KEYS; `key` "" sends none."""
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        named = {"Host": "pbx.example.com", "Content-Length": str(len(body))}
        if key:
            named["Authorization"] = f"Token {USER}:{KEYS[key]}"
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return await self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)


async def read_answer(reader: asyncio.StreamReader, *, has_body: bool = True) -> Answer:
    """Read one answer of stated length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in head[1:] if line]
    headers = {name.lower(): value for name, value in pairs}
    cookies = tuple(value for name, value in pairs if name.lower() == "set-cookie")
    body = await reader.readexactly(int(headers.get("content-length", "0"))) if has_body else b""
    return Answer(int(head[0].split(" ")[1]), headers, body, cookies)


@asynccontextmanager
async def serving(
    *,
    store: ApiStore | None = None,
    requests_per_minute: int = 1200,
    metrics: Metrics | None = None,
    gauges: Callable[[], Iterable[Gauge]] = tuple,
    metrics_token: str = "",
    recordings: Recordings = NO_RECORDINGS,
    document: str = MINIMAL,
    trusted_proxies: str = "",
    data_dir: Path | None = None,
    post: Callable[[Mail], Awaitable[MailResult]] | None = None,
) -> AsyncIterator[Web]:
    """Serve two projects and three tokens. `store` stands in front of the real one."""
    async with AsyncExitStack() as stack:
        real = await SqliteStore.open(None)
        stack.push_async_callback(real.close)
        for one in (document, OTHER):
            await apply_project(real, one)
        for name, key in KEYS.items():
            await real.tokens.save(_token(name), digest_of(key))
        listening = listen("127.0.0.1", 0)
        web = Web(listening.getsockname()[1], real, Subscribers())

        async def applied() -> None:
            web.applied.append(len(web.applied))

        sender = Sender()
        stack.push_async_callback(sender.close)
        snapshots = (await load_directory(real)).snapshots
        rehearsals = Rehearsals(real.trails, clock=lambda: web.now, own_host="127.0.0.1")
        stack.push_async_callback(rehearsals.close)
        deps = ApiDependencies(
            send=sender.exchange,
            data_dir=data_dir or Path(),
            rehearsals=rehearsals,
            trails=real.trails,
            shadows=real.shadows,
            visits=web.visits,
            snapshot_of=snapshots.get,
            store=real if store is None else store,
            tokens=real.tokens,
            people=real.people,
            audit=real.audit,
            foreign_events=ForeignEventTeller(
                store=real,
                context=OutboxContext(product="test"),
                dispatch=lambda *_: None,
                visit=web.visits.visit,
            ),
            memory=web.memory,
            clock=lambda: web.now,
            applied=applied,
            hang_up=web.hang_up,
            calls=web,
            keyed_requests=real.keyed_requests,
            requests_per_minute=requests_per_minute,
            runs=web.runs,
            amend=web.amend,
            keeps_events=lambda _project: web.keeps_events,
            readers=web.readers,
            recordings=recordings,
            trusted_proxies=TrustedProxies.parse(trusted_proxies),
            ticks=lambda: web.ticks,
            metrics=metrics or Metrics(),
            gauges=gauges,
            metrics_token=metrics_token,
            missing_sounds=lambda project: tuple(f"no {one.name}" for one in project.sounds),
        )
        console = console_app(
            ConsoleDependencies.of(
                deps, post=post, sender="pbx@acme.example", base=lambda: "https://pbx.example.com"
            )
        )
        await WebServer(with_console(console, asgi_app(deps))).serve(listening, stack)
        yield web


def _token(name: str) -> Token:
    return Token(
        project="other" if name == "other" else "acme",
        id=name,
        user=USER,
        scope=SCOPES.get(name, Scope.PROJECT),
        created_at=0.0,
    )
