"""A call through the SIP engine goes the same path: real endpoints, built-in telephones, keys over RTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, INTERRUPTED, MISUSED, run
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.wire import Received

FILE = Path(__file__).parents[2] / "examples" / "project.toml"
PIN = """
[[dial_plan_webhooks]]
name = "pin"
url_template = "{url}?code={code}"
use_ivr = true

[[schemes]]
id = 9
name = "PIN"

[[schemes.steps]]
ask_dial_plan = "pin"

[[schemes.steps.success]]
ring_destination = true
timeout = 20

[[numbers]]
number = "380442223399"
scheme = 9
"""
MAIL = """
[[events]]
name = "all"
event = "incoming.after"

[[events.mails]]
to = ["desk@example.com"]
subject = "A call"
"""


def lines(out: str) -> list[str]:
    """Return the drawn lines without their times."""
    return [re.sub(r"^ *[0-9.]+ s  | after [0-9.]+ m?s", "", line) for line in out.splitlines()]


@pytest.mark.slow
def test_a_real_call_is_drawn_while_it_happens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(lambda _: reply('{"dst_phone":"380443334455,101"}')) as web:
        file = tmp_path / "project.toml"
        text = FILE.read_text("utf-8").replace("http://127.0.0.1:8080/route.php", web.url("/r"))
        file.write_text(text + MAIL, "utf-8")
        call = ("call", "--real", "--file", str(file), "--from", "380441112233")
        assert run([*call, "--to", "380442223344", "--phone", "101=busy"]) == FINE
        assert [request.target for request in web.ledger.requests] == ["/r?insertionType=dynamic"]
    drawn = lines(capsys.readouterr().out)
    would = [line for line in drawn if "✉" in line]
    assert any("desk@example.com" in line for line in would)
    assert "✉ incoming.before to crm before: would be told" in would
    assert all(line.endswith(": would be told") for line in would)
    drawn = [line for line in drawn if line not in would]
    assert drawn[:4] == [
        "→ 380441112233 calls 380442223344",
        "· scheme Main: ask",
        "? asks PHP demo",
        "! PHP demo answers 380443334455, 101",
    ]
    assert "· 101: busy (Busy Here)" in drawn
    assert drawn[-4:] == [
        "✓ 380443334455 answers the call",
        "· 380443334455: answered (hung up)",
        "■ ends: answered, by the callee (hung up)",
        "  path: webhookNumber:90 → 380443334455, 101 (busy)",
    ]


@pytest.mark.slow
def test_keys_are_pressed_over_rtp(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(request: Received) -> bytes:
        is_right = request.target.endswith("code=4711")
        return reply("status=ACK&destination=102" if is_right else "status=NAK")

    with Endpoint(answer) as web:
        file = tmp_path / "project.toml"
        more = PIN.replace("{url}", web.url("/"))
        file.write_text(FILE.read_text("utf-8") + more, "utf-8")
        call = ("call", "--real", "--file", str(file), "--from", "101", "--to", "+380 44 222 33 99")
        assert run([*call, "--digits", "1#", "--digits", "4711#", "--digits", "5"]) == FINE
        codes = [request.target.partition("code=")[2] for request in web.ledger.requests]
    assert codes == ["1", "4711"]
    shown = capsys.readouterr()
    assert "✓ 102 answers the call" in lines(shown.out)
    assert shown.err == "switchhook: not used: --digits 5: no keys were waited for any more\n"


@pytest.mark.slow
def test_a_refused_call_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    call = ("call", "--real", "--file", str(FILE), "--from", "380441112233", "--to", "999")
    assert run(call) == FAILED
    assert "no call came of it: it was refused with 404" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--answer", "PHP demo={}"), "--answer cannot go together with --real"),
        (("--at", "2018-08-13T11:11:11"), "--at cannot go together with --real"),
        (("--json",), "--json cannot go together with --real"),
        (("--name", "Anna"), "--name cannot go together with --real"),
        (("--from", ""), "a real call needs a number or a login"),
    ],
)
def test_what_only_a_simulated_call_can_have(
    options: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    caller = () if options[0] == "--from" else ("--from", "101")
    told = ("call", "--real", "--file", str(FILE), "--to", "102", *caller, *options)
    assert run(told) == MISUSED
    assert expected in capsys.readouterr().err


def test_nobody_calls_from_outside_without_a_trunk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "project.toml"
    file.write_text('[project]\nid = "acme"\nname = "Acme"\n')
    told = ("call", "--real", "--file", str(file), "--from", "380441112233", "--to", "102")
    assert run(told) == FAILED
    assert "has no trunk, so no call comes from outside" in capsys.readouterr().err


@pytest.fixture
def heeded_interrupts() -> Iterator[None]:
    """Let programs that we start heed SIGINT: whoever runs in a shell's background ignores it, and so would they."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("heeded_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_call_that_is_broken_off_leaves_nothing_behind(
    number: signal.Signals, tmp_path: Path
) -> None:
    call = ("call", "--real", "--file", str(FILE), "--from", "101", "--to", "102")
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "switchhook", *call],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        while "answers the call" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(number)
        _, said = running.communicate(timeout=10)
    assert (running.returncode, said) == (INTERRUPTED, "")
    assert not list(tmp_path.iterdir())
