"""An office for the console's pages: a server in a thread, people of each role, calls, and what went wrong."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from switchhook.domain.access.people import Role, User, UserSession
from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.tokens import digest_of
from tests.conformance.test_call_list import made
from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.promises import DOWN, OCCURRED, attempt, delivery, record
from tests.support.web import Answer, Web, serving

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

T = TypeVar("T")

NOW: Final = OCCURRED + 3_600.0
ACME: Final = ProjectSnapshot(Project(id="acme", name="Acme"))
PASSWORD: Final = "four quiet rivers"
DIGEST: Final = "$argon2id$v=19$m=65536,t=3,p=4$Kk9nKOXHGRl6JImul0DriA$DBsNFfC3lhxpnDvn+CHricgN1Ci49L57pLI7nCqInMA"
"""Of PASSWORD, since making one takes 50 ms."""
NOBODY: Final = "nobody"
"""A user without a role; the others are called as their role in `acme`."""
STRANGE: Final = '<img src=x onerror="alert(1)">'
"""The name of a caller who would like to run a script."""


def key_of(login: str) -> str:
    """Return the key of the session that a user of the office has."""
    return f"session-of-{login}"


@dataclass(slots=True)
class Office:
    """The server, and a client without scripts."""

    web: Web
    cookies: dict[str, str] = field(default_factory=dict)
    """What the client holds."""

    @property
    def url(self) -> str:
        """Return where a browser finds it."""
        return f"http://127.0.0.1:{self.web.port}"

    def as_user(self, login: str) -> Office:
        """Return another client, in which a user is signed in."""
        return Office(self.web, {"switchhook_session": key_of(login)} if login else {})

    async def get(self, path: str, **headers: str) -> Answer:
        """Get a page."""
        return await self._ask("GET", path, b"", headers)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        """Send a form with the token of this client, without one where `csrf_token` is given."""
        from urllib.parse import urlencode  # noqa: PLC0415 (here alone)

        sent = {"csrf_token": await self.token(), **form} if "csrf_token" not in form else form
        headers = {"Content_Type": "application/x-www-form-urlencoded", **headers}
        return await self._ask("POST", path, urlencode(sent).encode(), headers)

    async def token(self) -> str:
        """Return the token of a page that everybody has."""
        page = (await self.get("/console/sign-in", Accept="text/html")).body.decode()
        if 'name="csrf_token"' not in page:  # somebody is signed in
            page = (await self.get("/console/profile")).body.decode()
        return page.split('name="csrf_token" value="')[1].split('"')[0]

    async def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told = {"Cookie": held, **headers} if held else dict(headers)
        answer = await self.web.ask(method, path, body, key="", **told)
        for line in answer.cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in line:
                del self.cookies[name]
        return answer


async def furnish(web: Web) -> None:
    """Put people, calls and failures into a server's store."""
    web.now = NOW
    for login in (*Role, NOBODY):
        user = User(id=f"id-{login}", login=str(login), created_at=0.0)
        await web.store.people.add_user(user, password=DIGEST)
        if login != NOBODY:
            await web.store.people.set_role("acme", user.id, Role(login), at=0.0)
        session = UserSession(
            user=user.id,
            id=f"of-{login}",
            created_at=NOW - 60,
            used_at=NOW,
            source="192.0.2.7",
            agent="Firefox on Linux",
        )
        await web.store.people.save_session(session, digest_of(key_of(login)))


async def fill(web: Web) -> None:
    """Put calls with their journals and deliveries into `acme`."""
    for number, outcome in enumerate((Outcome.ANSWERED, Outcome.MISSED, Outcome.FAILED, None)):
        base = made(f"c{number}", at=60.0 * number, outcome=outcome, rang=("101",))
        call = replace(
            base,
            snapshot=ACME,
            caller=replace(base.caller, name=STRANGE if number == 1 else "Olena"),
            ended_by=None if outcome is None else EndedBy.CALLER,
        )
        entries = (
            _entry(
                call.id, 1, EntryKind.ARRIVED, "", caller="+380441112233", callee="380800111222"
            ),
            _entry(call.id, 2, EntryKind.STEP, "1", step="ring"),
            _entry(call.id, 3, EntryKind.RANG, "", target="101"),
        )
        promised = delivery(call.id, 4, webhook="crm", project="acme")
        kept = record(call, *(() if outcome is None else (promised,)))
        await web.store.commit(replace(kept, entries=entries))
        if outcome is not None:
            failure = None if outcome is Outcome.ANSWERED else DOWN
            await web.store.record_attempt(
                attempt(promised, failure=failure, answer=b"<b>down</b>")
            )


def _entry(call: str, seq: int, kind: EntryKind, text: str, **facts: str) -> JournalEntry:
    del call
    return JournalEntry(
        seq=seq, at=OCCURRED + seq, kind=kind, text=text, facts=tuple(facts.items())
    )


def in_office(
    scenario: Any,
    *,
    document: str = MINIMAL,
    is_filled: bool = True,
    **options: Any,
) -> None:
    """Run `scenario(office)` with a server on the test's own loop."""

    async def work() -> None:
        async with serving(document=document, **options) as web:
            await furnish(web)
            if is_filled:
                await fill(web)
            await scenario(Office(web))

    run(work())


class Running:
    """A server on a loop of its own thread, for a browser."""

    def __init__(self, office: Office, loop: asyncio.AbstractEventLoop) -> None:
        self.office = office
        self.url = office.url
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine beside the server."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)


@contextmanager
def running_office(
    *,
    document: str = MINIMAL,
    is_filled: bool = True,
    **options: Any,
) -> Iterator[Running]:
    """Serve an office until the context is left."""
    began: list[Running] = []
    ready, stop = threading.Event(), asyncio.Event()
    errors: list[BaseException] = []

    async def work() -> None:
        async with serving(document=document, **options) as web:
            await furnish(web)
            if is_filled:
                await fill(web)
            began.append(Running(Office(web), asyncio.get_running_loop()))
            ready.set()
            await stop.wait()

    def main() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 (the thread that waits raises it)
            errors.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=main, name="office")
    thread.start()
    assert ready.wait(30)
    if not began:
        thread.join()
        raise errors[0]
    try:
        yield began[0]
    finally:
        began[0]._loop.call_soon_threadsafe(stop.set)
        thread.join(30)
    if errors:
        raise errors[0]
