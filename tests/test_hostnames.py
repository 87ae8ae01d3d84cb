"""`localhost` is this machine, also where no file of the system says so (RFC 6761)."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from switchhook.hostnames import resolve, resolve_in_thread
from tests.support.loop import run


@pytest.fixture
def _no_hosts_file(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = socket.getaddrinfo

    def numbers_alone(host: str, port: int, **words: Any) -> Any:
        return ask(host, port, flags=socket.AI_NUMERICHOST, **words)

    monkeypatch.setattr(socket, "getaddrinfo", numbers_alone)


def addresses(host: str, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[Any]:
    found = resolve(host, 5060, kind=socket.SOCK_DGRAM, family=family)
    return [row[4][:2] for row in found]


@pytest.mark.usefixtures("_no_hosts_file")
@pytest.mark.parametrize("host", ["localhost", "LocalHost", "localhost.", "pbx.localhost"])
def test_localhost_needs_no_hosts_file(host: str) -> None:
    assert addresses(host, socket.AF_INET) == [("127.0.0.1", 5060)]
    assert addresses(host)[0] == ("127.0.0.1", 5060)


@pytest.mark.usefixtures("_no_hosts_file")
@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "notlocalhost", ""])
def test_no_other_name_is_guessed(host: str) -> None:
    with pytest.raises(socket.gaierror):
        addresses(host)


def test_numbers_are_what_they_are() -> None:
    assert addresses("192.0.2.1") == [("192.0.2.1", 5060)]


def test_who_gives_up_does_not_end_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    ask = socket.getaddrinfo

    def hangs(*words: Any, **named: Any) -> Any:
        released.wait(5)
        return ask(*words, **named)

    async def scenario() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", hangs)
        ended = asyncio.Event()
        answer = resolve_in_thread("192.0.2.1", 5060, kind=socket.SOCK_DGRAM, ended=ended.set)
        answer.cancel()
        await asyncio.sleep(0)
        assert not ended.is_set()
        released.set()
        await ended.wait()

    run(scenario())
