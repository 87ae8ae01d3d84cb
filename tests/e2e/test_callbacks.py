"""A program makes a call over HTTP: real telephones ring one after the other, and a killed server tells its end once."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from switchhook.domain.event import EventKind
from switchhook.domain.project import Account, Trunk
from switchhook.domain.screening import Screening
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from tests.support.events import web_event
from tests.support.house import Line, project_of
from tests.support.loop import run
from tests.support.office import DIALLED, account, ring
from tests.support.server import Server
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

LOCAL, OUTSIDE = "127.0.0.1", "127.0.0.2"
WAITS = PhoneBehaviour(answer_after=None)
LOGINS = ("mary", "john")
PASSWORD = "correct horse"
MOBILE = "380501112233"
TOLD = (EventKind.OUTGOING_BEFORE, EventKind.OUTGOING_PICKUP, EventKind.OUTGOING_AFTER)


@dataclass
class Scene:
    """A server with two accounts and a carrier, and a CRM that has a token."""

    server: Server
    phones: dict[str, Softphone]
    carrier: Softphone
    events: Endpoint
    key: str

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
        """Send a request as the CRM does; return status and JSON of the answer."""
        named = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://{LOCAL}:{self.server.web_port}{path}"
        request = Request(url, json.dumps(body).encode(), named, method="POST")
        return await asyncio.to_thread(_answered, request)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(60):
                while not holds():  # noqa: ASYNC110 -- plain values
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{what}\n{self.server.tail()}") from None

    def told(self) -> list[str]:
        """Return the events that the CRM was told, in order."""
        return [str(row[0]) for row in self.server.query("SELECT event FROM deliveries ORDER BY 1")]

    def rang(self) -> int:
        """Return how many telephones rang."""
        return len(self.server.query("SELECT happening FROM journal WHERE happening = 'rang'"))

    def outcomes(self) -> list[str]:
        return [
            str(row[0])
            for row in self.server.query("SELECT json_extract(value, '$.outcome') FROM calls")
        ]


def _answered(request: Request) -> tuple[int, Any]:
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


@asynccontextmanager
async def scene(directory: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        events = stack.enter_context(Endpoint(lambda _: reply("ok")))
        carrier = await stack.enter_async_context(
            Softphone("380441112233", host=OUTSIDE, behaviour=WAITS)
        )
        trunk = Trunk(name="carrier", host=OUTSIDE, port=carrier.port, sources=(f"{OUTSIDE}/32",))
        accounts = tuple(Account(login=login, password=PASSWORD) for login in LOGINS)
        line = Line(number=DIALLED, steps=(ring(account("mary")),))
        project = project_of((line,), trunk=0, events=events, accounts=accounts)
        screening = Screening(denied_prefixes=("380900",))
        server = Server(directory)
        told = tuple(
            web_event(name=kind.value, event=kind, url=events.url("/told")) for kind in TOLD
        )
        server.apply(replace(project, trunks=(trunk,), screening=screening, events=told))
        words = ("token", "create", "--project", project.id, "--user", "crm", "--scope", "project")
        made = server.command(*words).stdout
        stack.enter_context(server)
        at = Peer(UDP, LOCAL, server.port)
        phones = {name: Softphone(name, PASSWORD, server=at, behaviour=WAITS) for name in LOGINS}
        for phone in phones.values():
            await stack.enter_async_context(phone)
            await phone.register()
        yield Scene(server, phones, carrier, events, made.split(":")[-1].strip())


def test_a_crm_makes_a_call_and_passes_it_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as it:
            status, made = await it.post("/api/calls", {"caller": "mary", "callee": MOBILE})
            assert status == 202, made
            mary = await it.phones["mary"].next_call()
            mary.answer()
            client = await it.carrier.next_call()
            client.answer()
            await it.until(lambda: mary.tone.heard > 3 and client.tone.heard > 3, "silence")
            path = f"/api/calls/{made['call']}/transfer"
            assert (await it.post(path, {"to": "nobody"}))[0] == 409
            assert (await it.post(path, {"to": "john"}))[0] == 202
            john = await it.phones["john"].next_call()
            john.answer()
            assert await mary.ended() == 200
            await it.until(lambda: john.tone.heard > 3, "john hears nobody")
            client.end()
            assert await john.ended() == 200
            await it.until(lambda: it.outcomes() == ["answered"], "the call did not end")

    run(scenario(), deadline=200)


def test_the_toll_fraud_guard_holds(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as it:
            wanted = {"caller": "mary", "callee": "380900123456"}
            status, refusal = await it.post("/api/calls", wanted)
            assert (status, refusal["detail"]) == (403, "this project does not call 380900123456")
            done = await asyncio.to_thread(it.server.command, "callback", "mary", "380900123456")
            assert done.returncode == 1
            assert refusal["detail"] in done.stderr
            assert it.outcomes() == []

    run(scenario(), deadline=200)


@pytest.mark.parametrize("answers", [False, True])
def test_killed_in_the_middle_its_end_is_told_once_and_it_is_not_made_again(
    tmp_path: Path, *, answers: bool
) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as it:
            wanted, key = {"caller": "mary", "callee": MOBILE}, {"Idempotency_Key": "click-1"}
            first = await it.post("/api/calls", wanted, **key)
            mary = await it.phones["mary"].next_call()
            if answers:
                mary.answer()
                await it.carrier.next_call()
                await it.until(lambda: it.rang() == 2, "the client's telephone does not ring")
            it.server.kill()
            await asyncio.to_thread(it.server.start)
            again = await it.post("/api/calls", wanted, **key)
            assert again == first
            await it.until(lambda: it.outcomes() == ["failed"], "the call did not end")
            await it.until(lambda: it.told().count("outgoing.after") == 1, "no end was told")
            assert it.told().count("outgoing.before") == 1
            assert len(it.phones["mary"].calls) == 1
            if answers:
                assert await mary.ended() == 200

    run(scenario(), deadline=200)
