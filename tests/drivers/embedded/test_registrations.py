"""Telephones that had registered can be called after a restart, without registering again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.project import Account, Project, ProjectSnapshot
from switchhook.drivers.embedded import reply_deadline
from switchhook.drivers.embedded.registrations import Registrations, from_text, to_text
from switchhook.sip.ua.registrar import Binding
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.parser import parse_message
from switchhook.sip.wire.transport import Peer
from tests.support.loop import run

BOOK = ProjectDirectory(
    [
        ProjectSnapshot(
            Project(id="acme", name="Acme", accounts=(Account(login="101", password="x"),))
        )
    ]
)
SOURCE = Peer("UDP", "127.0.0.1", 5062)


@dataclass
class Memory:
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    is_broken: bool = False

    async def save_registration(self, project: str, account: str, telephones: str) -> None:
        if self.is_broken:
            raise OSError("the disk is full")
        self.rows[project, account] = telephones

    async def registrations(self) -> tuple[tuple[str, str, str], ...]:
        return tuple((*key, value) for key, value in self.rows.items())


def register(cseq: int, expires: int) -> Request:
    text = (
        "REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bKa\r\n"
        "From: <sip:101@127.0.0.1>;tag=a\r\nTo: <sip:101@127.0.0.1>\r\nCall-ID: a\r\n"
        f"CSeq: {cseq} REGISTER\r\nContact: <sip:101@127.0.0.1:5062>\r\nExpires: {expires}\r\n"
        "User-Agent: Desk 1\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message


def test_a_binding_survives_being_written() -> None:
    binding = Binding(
        contact=NameAddress.parse('"Ann" <sip:101@127.0.0.1:5062;transport=tcp>;q=0.5'),
        source=Peer("TCP", "127.0.0.1", 40000),
        expires_at=100.0,
        call_id="a",
        cseq=7,
        behind_nat=True,
        path=(NameAddress.parse("<sip:tok@127.0.0.1:40000;lr>"),),
    )
    assert from_text(to_text((binding,), 1000.0), 1000.0) == (binding,)
    assert to_text((), 1000.0) == ""


def test_a_binding_of_an_earlier_version_is_read() -> None:
    old = (
        '[{"contact": "<sip:101@127.0.0.1:5062>", "source": ["UDP", "127.0.0.1", 5062],'
        ' "expires_at": 1100.0, "call_id": "a", "cseq": 7}]'
    )
    (binding,) = from_text(old, 1000.0)
    assert (binding.behind_nat, binding.path, binding.peer) == (False, (), SOURCE)


@pytest.mark.row("FI-09")
def test_a_path_is_known_to_the_next_process() -> None:
    async def scenario() -> None:
        memory = Memory()
        first = Registrations(lambda: 0.0, memory)
        proxied = parse_message(
            bytes(register(1, 600)).replace(b"Max-", b"Path: <sip:p;lr>\r\nMax-")
        )
        assert isinstance(proxied, Request)
        first.register(proxied, "101", SOURCE, BOOK)
        await asyncio.sleep(0)
        second = Registrations(lambda: 0.0, memory)
        await second.load()
        (binding,) = second.registrar.lookup("101", 0.0)
        assert [str(proxy) for proxy in binding.path] == ["<sip:p;lr>"]

    run(scenario())


def test_the_next_process_knows_the_telephones_of_the_former() -> None:
    async def scenario() -> None:
        memory, times = Memory(), iter(range(100, 1000))
        first = Registrations(lambda: float(next(times)), memory)
        assert first.register(register(1, 600), "101", SOURCE, BOOK).status == 200
        await asyncio.sleep(0)
        second = Registrations(lambda: 5000.0, memory)
        await second.load()
        (binding,) = second.registrar.lookup("101", 5000.0)
        assert binding.peer == SOURCE
        assert 500 < binding.expires_at - 5000.0 <= 600
        second.register(register(2, 0), "101", SOURCE, BOOK)
        await asyncio.sleep(0)
        assert memory.rows == {("acme", "101"): ""}

    run(scenario())


def test_a_store_that_fails_or_holds_nonsense_keeps_nobody_from_registering() -> None:
    async def scenario() -> None:
        memory = Memory({("acme", "101"): "[{}]", ("acme", "102"): "nonsense"})
        registrations = Registrations(lambda: 0.0, memory)
        await registrations.load()
        assert registrations.registrar.lookup("101", 0.0) == ()
        memory.is_broken = True
        assert registrations.register(register(1, 600), "101", SOURCE, BOOK).status == 200
        await asyncio.sleep(0)
        assert len(registrations.registrar.lookup("101", 0.0)) == 1

    run(scenario())


@dataclass
class SlowMemory(Memory):
    disk: asyncio.Event = field(default_factory=asyncio.Event)

    async def save_registration(self, project: str, account: str, telephones: str) -> None:
        await self.disk.wait()
        await super().save_registration(project, account, telephones)


@pytest.mark.row("FD-01")
@pytest.mark.parametrize("is_broken", [False, True])
def test_a_telephone_is_told_that_it_is_registered_once_that_is_stored(*, is_broken: bool) -> None:
    async def scenario() -> None:
        memory, told = SlowMemory(is_broken=is_broken), list[int]()
        known = Registrations(lambda: 0.0, memory)
        known.register(register(1, 600), "101", SOURCE, BOOK, lambda done: told.append(done.status))
        await asyncio.sleep(0.01)
        assert told == []
        memory.disk.set()
        await asyncio.sleep(0.01)
        assert told == [200]
        assert bool(memory.rows) is not is_broken

    run(scenario())


@pytest.mark.row("FD-01")
def test_a_disk_that_hangs_keeps_no_telephone_unregistered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        memory, told = SlowMemory(), list[int]()
        known = Registrations(lambda: 0.0, memory)
        known.register(register(1, 600), "101", SOURCE, BOOK, lambda done: told.append(done.status))
        await asyncio.sleep(0.2)
        assert told == [200]
        memory.disk.set()
        await asyncio.sleep(0.01)
        assert told == [200]

    monkeypatch.setattr(reply_deadline, "LONGEST_WAIT", 0.1)
    run(scenario())


@pytest.mark.row("FE-09")
def test_the_log_tells_once_of_each_telephone_that_comes_moves_or_goes() -> None:
    async def scenario() -> None:
        memory, now = Memory(), [100.0]
        known = Registrations(lambda: now[0], memory)
        moved = Peer("UDP", "127.0.0.1", 5099)
        with capture_logs() as logs:
            known.register(register(1, 60), "101", SOURCE, BOOK)
            now[0] = 130.0
            known.register(register(2, 60), "101", SOURCE, BOOK)
            known.register(register(3, 60), "101", moved, BOOK)
            known.register(register(4, 0), "101", moved, BOOK)
            known.register(register(5, 60), "101", SOURCE, BOOK)
            now[0] = 500.0
            known.expire()
            connection = Peer("TCP", "127.0.0.1", 40000, 7)
            known.register(register(6, 60), "101", connection, BOOK)
            known.flow_closed(connection, BOOK)
            await asyncio.sleep(0.01)
        assert [(line["event"], line["log_level"]) for line in logs] == [
            ("registration added", "info"),
            ("registration refreshed", "debug"),
            ("registration moved", "info"),
            ("registration removed", "info"),
            ("registration added", "info"),
            ("registration removed", "info"),
            ("registration added", "info"),
            ("registration removed", "info"),
        ]
        first = logs[0]
        assert (first["account"], first["peer"], first["expires_in"]) == ("101", str(SOURCE), 60)
        assert first["user_agent"] == "Desk 1"
        assert [line["why"] for line in logs if "why" in line] == [
            "it was taken back",
            "its time is over",
            "its connection is closed",
        ]
        assert memory.rows == {("acme", "101"): ""}

    run(scenario())


def test_connections_that_we_close_take_no_telephone_from_the_next_process() -> None:
    async def scenario() -> None:
        memory = Memory()
        known = Registrations(lambda: 100.0, memory)
        connection = Peer("TCP", "127.0.0.1", 40000, 7)
        known.register(register(1, 60), "101", connection, BOOK)
        await asyncio.sleep(0.01)
        known.stop()
        known.flow_closed(connection, BOOK)
        await asyncio.sleep(0.01)
        assert from_text(memory.rows["acme", "101"], 0.0)

    run(scenario())
