"""Records a version for the tests of upgrades: its data directory, and what it said of it itself.

`python -m tests.recordings.record PROGRAM FOLDER` runs the `switchhook` of another version with the project
files of the folder. Telephones and endpoints of this machine make calls of every kind; in the middle of
two of them, of a delivery and of a mail the server is killed. FOLDER/data is what it left,
FOLDER/printed what the commands of that version print of it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
import time
import urllib.request
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from switchhook.sip.rtp.wav import write_wav
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import PhoneBehaviour, RefusedError, Softphone
from tests.support.post import PostOffice
from tests.support.server import Server
from tests.support.tones import tone
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Sequence

HOST, PORT = "127.19.71.3", 28_070
"""Where the endpoints of the recorded projects are. Nothing else has that address."""
TABLES = ("registrations", "callers")
"""What no command of 0.1.0 prints."""
PASSWORD = "telephone-of-"
CARRIED = "380670000001"
"""The number behind the trunk that takes calls."""
SUBSCRIPTIONS = (("/told/1", "custom"), ("/gone/2", "ended"), ("/told/3", "created"))
"""Path and event of those who subscribe with the first tokens."""


ANSWERS = {
    "/router": reply('{"dst_callee": ["102", "101"]}', content_type="application/json"),
    "/fallback": reply("{}"),
    "/pin": reply("status=NAK"),
    "/names": reply("status=ERR"),
    "/gone": reply("no such page", status="410 Gone"),
    "/later": reply("not now", status="503 Service Unavailable"),
}


def answer(request: Received) -> bytes | None:
    """Answer as the endpoints of the recorded projects do."""
    match request.path:
        case "/router" if b"380670000002" in request.raw:
            return reply("broken", status="503 Service Unavailable")
        case "/rpc":
            asked = json.loads(request.body)
            return reply(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "101"}))
        case "/pin" if b"code=4711" in request.raw:
            return reply("status=ACK&destination=102&callername=Sales")
        case "/slow":
            time.sleep(20)
            return None
        case path:
            return ANSWERS.get(path, reply("OK"))


class House:
    """The recorded server, and everybody who has to do with it."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        self.server = server
        self._stack = stack
        self.phones: dict[str, Softphone] = {}

    @property
    def peer(self) -> Peer:
        """Return where telephones reach it."""
        return Peer(UDP, "127.0.0.1", self.server.port)

    async def stranger(self, number: str, **behaviour: Any) -> Softphone:
        """Return a telephone behind the trunk."""
        phone = Softphone(
            number, host=HOST, server=self.peer, behaviour=PhoneBehaviour(**behaviour)
        )
        return await self._stack.enter_async_context(phone)

    async def register(self, *logins: str) -> None:
        """Switch the telephones of accounts on."""
        for login in logins:
            phone = Softphone(login, PASSWORD + login, server=self.peer)
            self.phones[login] = await self._stack.enter_async_context(phone)
            await phone.register(3600)

    async def talk(
        self, caller: Softphone, dialled: str, *keys: str, seconds: float = 0.6, hangs_up: str = ""
    ) -> None:
        """Place a call to its end; `hangs_up` is the account that ends it, otherwise the caller does."""
        call = await caller.call(dialled)
        with suppress(RefusedError):
            await call.answered()
        for code in keys:
            await asyncio.sleep(1.0)
            call.press(code)
        await asyncio.sleep(seconds)
        if hangs_up:
            (theirs,) = (c for c in self.phones[hangs_up].calls.values() if not c.is_over)
            theirs.end()
            await asyncio.sleep(0.8)
            call.press("3")
            await asyncio.wait_for(call.ended(), 10)
        call.end()
        await asyncio.sleep(0.3)


async def make_calls(house: House) -> None:
    """Place a call for each scheme, and for each outcome."""
    phones = house.phones
    ann, bob = phones["101"], phones["102"]
    mobile = await house.stranger(CARRIED)
    await house.talk(mobile, "380441000001")
    await house.talk(await house.stranger("380670000002"), "380441000001")
    bob.behaviour = ann.behaviour = PhoneBehaviour(refuse_with=486)
    await house.talk(await house.stranger("380670000003"), "380441000001")
    bob.behaviour = ann.behaviour = PhoneBehaviour()
    await house.talk(await house.stranger("380670000004"), "380441000002", seconds=3.0)
    await house.talk(await house.stranger("380670000005"), "380441000003", "1")
    await house.talk(await house.stranger("380670000006"), "380441000003", "*")
    await house.talk(await house.stranger("380670000007"), "380441000003", "7")
    await house.talk(await house.stranger("380670000008"), "380441000004", "4711#", seconds=2.5)
    await house.talk(await house.stranger("380670000009"), "380441000004", "1#", "2#", seconds=1.5)
    await house.talk(await house.stranger("380670000010"), "380441000005", hangs_up="101")
    await house.talk(mobile, "380441000006")
    await house.talk(await house.stranger("380960000001"), "380441000001")
    await house.talk(await house.stranger("anonymous"), "380441000001")
    await house.talk(ann, "102")
    await house.talk(ann, "200")
    await house.talk(phones["201"], "31508009000")
    phones["103"].behaviour = PhoneBehaviour(answer_after=None)
    call = await (await house.stranger("380670000011")).call("380441000007")
    await phones["103"].next_call()
    call.end()
    await asyncio.sleep(0.5)
    await house.talk(ann, mobile.username)


async def leave_in_the_middle(house: House) -> None:
    """Begin a call that rings and one that talks, a delivery that lasts, and a mail that nobody takes."""
    await (await house.stranger("380670000012")).call("380441000007")
    await house.phones["103"].next_call()
    talks = await (await house.stranger("380670000013")).call("380441000005")
    await talks.answered()
    await asyncio.sleep(1.5)
    assert not talks.is_over


def subscribe(server: Server, key: str, path: str, event: str) -> None:
    """Subscribe over the HTTP API, as a program does."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.web_port}/api/callnotification/callnotification/",
        data=json.dumps({"target_url": f"http://{HOST}:{PORT}{path}", "event": event}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answered:
        assert answered.status == 201


def make_tokens(server: Server) -> dict[str, str]:
    """Make tokens, and return their keys by id; one is revoked."""
    made = [
        server.json("token", "create", "--project", project, "--user", user, *more)
        for project, user, more in (
            ("acme", "owner@example.com", ("--scope", "project")),
            ("acme", "crm", ("--days", "3650")),
            ("branch", "crm", ()),
            ("idle", "crm", ()),
        )
    ]
    server.command("token", "revoke", made[-1]["id"])
    return {one["id"]: one["key"] for one in made}


async def live(server: Server, office: PostOffice) -> dict[str, str]:
    """Let the server run from its first call to its sudden end; return the keys of tokens."""
    with Endpoint(answer, host=HOST, port=PORT):
        await asyncio.to_thread(server.start)
        keys = await asyncio.to_thread(make_tokens, server)
        for key, (path, event) in zip(keys.values(), SUBSCRIPTIONS, strict=False):
            await asyncio.to_thread(subscribe, server, key, path, event)
        async with AsyncExitStack() as stack:
            house = House(server, stack)
            await house.register("101", "102", "103", "201", "202")
            await make_calls(house)
            await asyncio.sleep(2)
            office.data = lambda _: "451 4.3.0 try again later"
            await house.talk(house.phones["101"], CARRIED)
            await house.talk(await house.stranger("380670000014"), "380441000006")
            await leave_in_the_middle(house)
            await asyncio.to_thread(server.kill)
    return keys


def printed(server: Server, folder: Path, keys: dict[str, str]) -> None:
    """Keep what the commands print, each call and delivery whole."""
    folder.mkdir(parents=True)
    calls = server.json("calls", "--limit", "1000")
    sent = server.json("deliveries", "--all", "--limit", "1000")
    kept: dict[str, Any] = {
        "calls": [server.json("calls", one["id"]) for one in calls],
        "deliveries": [server.json("deliveries", one["id"]) for one in sent],
        "subscriptions": server.json("subscriptions"),
        "tokens": server.json("token", "list"),
        "keys": keys,
        "tables": {name: server.query(f"SELECT * FROM {name}") for name in TABLES},
    }
    for name, value in kept.items():
        text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    for project in ("acme", "branch", "idle"):
        done = server.command("export", project)
        assert done.returncode == 0, done.stderr
        (folder / f"{project}.toml").write_text(done.stdout, encoding="utf-8")


def keep(data: Path, folder: Path) -> None:
    """Keep the data directory, the database in one file."""
    (database,) = data.glob("*.sqlite")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(data, folder, ignore=shutil.ignore_patterns("*.lock", "*-wal", "*-shm"))


def set_up(server: Server, directory: Path, files: Sequence[Path], trunk: int) -> None:
    """Apply the project files, with the trunk's port in them, and add the only sound."""
    for file in files:
        text = file.read_text(encoding="utf-8").replace("port = 5080", f"port = {trunk}")
        applied = directory / file.name
        applied.write_text(text, encoding="utf-8")
        done = server.command("apply", str(applied))
        assert done.returncode == 0, done.stdout + done.stderr
    beep = directory / "beep.wav"
    beep.write_bytes(write_wav(tone(400, 0.1)))
    server.command("sound", "add", str(beep), "--project", "acme", "--name", "beep")


async def record(program: Path, folder: Path, files: Sequence[Path]) -> None:
    """Record a version."""
    for name in ("data", "printed"):
        shutil.rmtree(folder / name, ignore_errors=True)
    trunk = Softphone(CARRIED, host=HOST, behaviour=PhoneBehaviour(hang_up_after=0.5))
    with tempfile.TemporaryDirectory() as directory, PostOffice() as office:
        server = Server(Path(directory), program=program, settings=office.settings)
        async with trunk:
            set_up(server, Path(directory), files, trunk.port)
            keys = await live(server, office)
        printed(server, folder / "printed", keys)
        keep(server.data_dir, folder / "data")


if __name__ == "__main__":
    recorded = Path(sys.argv[2])
    asyncio.run(record(Path(sys.argv[1]), recorded, sorted(recorded.glob("*.toml"))))
