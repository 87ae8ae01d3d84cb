"""The SIP messages of a call are shown over HTTP and by the command, and go with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from switchhook.cli.main import FAILED, FINE
from switchhook.cli.main import run as command
from switchhook.domain.access.token import Scope
from switchhook.sip.wire.redaction import redacted
from switchhook.storage.captures import SipCapture, SipMessage
from switchhook.views.sip_messages import pcap
from tests.api.intake.test_imports import NOW, imported, made
from tests.support.brought import HERE, Brought, brought
from tests.support.loop import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

INVITE = b'INVITE sip:101@x SIP/2.0\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nAuthorization: Digest response="beef"\r\n\r\n'


def capture_of_one() -> SipCapture:
    message = SipMessage(
        at=NOW - 600,
        is_sent=False,
        transport="UDP",
        local=("192.0.2.9", 5060),
        remote=("192.0.2.1", 5060),
        data=redacted(INVITE),
    )
    return SipCapture(messages=(message,))


async def kept(web: Brought) -> str:
    """Bring a call in, and keep a message of it."""
    done = await imported(web, made())
    call = str(done["calls"][0]["call"])
    web.app.captures.take(call, capture_of_one())
    web.app.captures.take("gone", capture_of_one())
    await web.app.captures.store_waiting()
    return call


def test_they_are_shown_without_secrets_as_json_and_as_pcap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> str:
        async with brought(tmp_path, HERE, scope=Scope.PROJECT) as web:
            call = await kept(web)
            answer = await web.ask("GET", f"/api/calls/{call}/sip")
            assert answer.status == 200, answer.body
            (message,) = answer.json["messages"]
            assert message["first_line"] == "INVITE sip:101@x"
            assert "beef" not in message["message"]
            file = await web.ask("GET", f"/api/calls/{call}/sip?format=pcap")
            assert file.headers["content-type"] == "application/vnd.tcpdump.pcap"
            capture = await web.app.store.sip_capture("acme", call)
            assert capture is not None
            assert file.body == pcap(capture)
            assert (await web.ask("GET", f"/api/calls/{call}/sip?format=x")).status == 400
            assert (await web.ask("GET", "/api/calls/gone/sip")).status == 404
            assert await web.app.store.sip_capture("other", call) is None
            return call

    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    call = run(scenario())
    assert command(["calls", call, "--sip"]) == FINE
    shown = capsys.readouterr().out
    assert shown.index("⇠ SIP INVITE sip:101@x from 192.0.2.1:5060 (UDP)") < shown.index("■ ends")
    assert command(["calls", call, "--pcap", str(tmp_path / "call.pcap")]) == FINE
    assert INVITE[:40] in (tmp_path / "call.pcap").read_bytes()
    assert command(["calls", "none", "--sip"]) == FAILED
    assert "there is no call none" in capsys.readouterr().err
    assert command(["calls", call, "--pcap", str(tmp_path / "no" / "call.pcap")]) == FAILED


def test_they_go_with_the_call_and_are_for_the_projects_own_people(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with brought(tmp_path, HERE) as web:
            call = await kept(web)
            assert (await web.ask("GET", f"/api/calls/{call}/sip")).status == 403
            assert await web.app.store.sip_capture("acme", call) is not None
            assert await web.app.store.prune(before=time.time() + 60) == 1
            assert await web.app.store.sip_capture("acme", call) is None

    run(scenario())
