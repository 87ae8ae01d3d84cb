"""The page for integrators of a CRM is followed word for word: its file applied, its requests sent, its real calls made."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import PhoneBehaviour, Softphone
from tests.docs.test_how_to import BLOCK, HOW_TO, NAME, _commands, _compare
from tests.support.loop import run
from tests.support.programs import require
from tests.support.server import Server
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path

PAGE = HOW_TO / "integrate-a-crm.md"
SCENE = re.compile(r"^<!-- (?P<scene>[\w, -]+) -->$", re.MULTILINE)
OUTSIDE = "127.0.0.2"
WAITS = PhoneBehaviour(answer_after=None)
ID = "1796077236.902735050867"


class CrmReader:
    """Someone who follows the page: with a server, Olena's telephone, a client behind the carrier, and a CRM."""

    def __init__(
        self, server: Server, home: Path, crm: Endpoint, olena: Softphone, client: Softphone
    ) -> None:
        self.server, self._home, self._crm = server, home, crm
        self._olena, self._client = olena, client
        self._known: dict[str, str] = {}
        """Values of what the page makes up."""
        self._told: list[Any] = []
        self.done: list[str] = []

    def _own(self, text: str) -> str:
        """Put this run's ports, key, call and link in place of the page's."""
        for shown in sorted(self._known, key=len, reverse=True):  # a link holds a call's id
            text = text.replace(shown, self._known[shown])
        port = self._crm.url("").rpartition(":")[2].strip("/")
        return text.replace(":8070", f":{self.server.web_port}").replace(":8080", f":{port}")

    async def follow(self, page: str) -> None:
        parts = sorted([*BLOCK.finditer(page), *SCENE.finditer(page)], key=lambda one: one.start())
        for part in parts:
            if "scene" in part.re.groupindex:
                await self._play(part["scene"])
            elif part["language"] == "toml":
                self._write(part["text"])
            elif part["language"] == "json":
                await self._is_told(json.loads(part["text"]))
            else:
                for line, printed in _commands(part["text"]):
                    await self._type(line, printed)

    def _write(self, text: str) -> None:
        found = NAME.match(text)
        assert found is not None
        carrier = f'"{OUTSIDE}"\nport = {self._client.port}\nsources = ["{OUTSIDE}/32"]'
        own = self._own(text).replace('"sip.provider.example"', carrier)
        (self._home / found["name"]).write_text(own, encoding="utf-8")

    async def _type(self, line: str, printed: list[str]) -> None:
        self.done.append(line)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self._known[f"${name}"] = self._own(value.strip("'"))
            return
        out = await asyncio.to_thread(self._run, self._own(line))
        if "token create" in line:
            self._known["KEY"] = out.rpartition(":")[2].strip()
            await asyncio.to_thread(self.server.start)
            await self._olena.register()
        if "Idempotency-Key" in line:
            self._known[ID] = json.loads(out)["call"]
        if printed:
            _compare(out.strip(), "\n".join(printed), line)

    def _run(self, line: str) -> str:
        command = f"{sys.executable} -m {line}" if line.startswith("switchhook ") else line
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=self._home,
            env=self.server._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, (line, ran.stdout, ran.stderr)
        return ran.stdout

    async def _play(self, scene: str) -> None:
        match scene:
            case "a client calls":
                self._call = await self._client.call(
                    f"sip:380442223344@127.0.0.1:{self.server.port}"
                )
                self._hers = await self._olena.next_call()
            case "they talk and hang up":
                self._hers.answer()
                await self._call.answered()
                await asyncio.sleep(2.2)
                self._call.end()
                await self._hers.ended()
            case "she answers, and the client":
                (await self._olena.next_call()).answer()
                theirs = await self._client.next_call()
                theirs.answer()
                await asyncio.sleep(1.0)
            case _:
                raise AssertionError(scene)

    async def _is_told(self, shown: dict[str, Any]) -> None:
        """Hold what the CRM was sent to what the page shows: the same members, the same values but for chance."""
        path = "/call" if "status" in shown else "/ringing"
        (sent,) = await asyncio.to_thread(self._crm.ledger.wait_for, lambda one: one.path == path)
        told = json.loads(sent.body)
        self._known[ID] = told["call"]
        assert list(told) == list(shown)
        assert told["phone"] == shown["phone"]
        if path == "/call":
            assert (told["status"], told["manager"]) == (shown["status"], shown["manager"])
            assert told["talked"] in {2, 3}
            self._known[shown["recording"]] = told["recording"]
            assert told["recording"].startswith(
                f"http://127.0.0.1:{self.server.web_port}/recordings/acme/{told['call']}/r1.wav?"
            )


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.row("S-63", "T-04", "T-40")
def test_the_page_is_followed_from_nothing_to_click_to_call(tmp_path: Path) -> None:
    require("curl")

    async def scenario(crm: Endpoint) -> None:
        server = Server(tmp_path, settings={"rtp_ports": "20000-29999"})
        at = Peer(UDP, "127.0.0.1", server.port)
        async with (
            Softphone("101", "olena-at-desk-101", server=at, behaviour=WAITS) as olena,
            Softphone("380501112233", host=OUTSIDE, behaviour=WAITS) as client,
        ):
            reader = CrmReader(server, tmp_path, crm, olena, client)
            try:
                await reader.follow(PAGE.read_text(encoding="utf-8"))
            finally:
                await asyncio.to_thread(reader.server.stop)
            reader.server.assert_no_traceback()
            assert sum("curl" in line for line in reader.done) >= 7
            assert (tmp_path / "call.wav").read_bytes().startswith(b"RIFF")

    with Endpoint(lambda _: reply("ok")) as crm:
        run(scenario(crm), deadline=180)
