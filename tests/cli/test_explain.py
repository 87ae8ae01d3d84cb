"""An answer is explained and a request is shown, from a file or from what was applied; nothing is sent."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.webhook import DialPlanWebhook
from tests.support.loop import run as run_scenario
from tests.support.told import EXAMPLE, example_snapshot, remember

FILE = str(Path(__file__).parents[2] / "examples" / "project.toml")
RELAXED = b"{ dst_phone: '380441111111, 101, nobody' }"
PIN = DialPlanWebhook(
    name="pin", url_template="https://crm.example/{code}?secret=s3cret", use_ivr=True
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def answers(monkeypatch: pytest.MonkeyPatch, body: bytes, *arguments: str) -> int:
    """Run `read-answer` with this body on standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))
    return run(["read-answer", *arguments])


def test_an_answer_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers(monkeypatch, RELAXED, "--webhook", "PHP demo", "--file", FILE) == FINE
    assert capsys.readouterr().out.splitlines() == [
        "the call rings 380441111111, 101 at once, for 90 s",
        "  read as        relaxed JSON",
        "  notice         the body was read as relaxed JSON",
        "  notice         dropped 'nobody': it is no number, account or group of this project",
    ]


def test_an_answer_that_fails_says_why_and_exits_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ("--webhook", "PHP demo", "--file", FILE)
    assert answers(monkeypatch, b"<html>", *told) == FAILED
    out = capsys.readouterr().out
    assert out.startswith("the call goes to the next step, for the answer failed: bad_body: ")
    assert "  read as        not read" in out

    assert answers(monkeypatch, b'{"dst_phone":"101"}', *told, "--status", "404") == FAILED
    assert "the endpoint answered 404" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (RELAXED, {"decision": "direction", "targets": ["380441111111", "101"]}),
        (b'{"schema":26076}', {"decision": "schemeid", "scheme": 26076, "read_as": "strict JSON"}),
        (b"{}", {"decision": "failure", "failure": "bad_body", "followed": False}),
    ],
)
def test_programs_get_the_same_as_json(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    body: bytes,
    expected: dict[str, object],
) -> None:
    answers(monkeypatch, body, "--webhook", "PHP demo", "--file", FILE, "--json")
    told = json.loads(capsys.readouterr().out)
    assert expected == {key: told[key] for key in expected}
    assert told["dialect"] == "forwarding-number"


def test_the_applied_project_is_the_one_that_is_meant(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers(monkeypatch, b"{}", "--webhook", "PHP demo") == FAILED
    assert "there is no database" in capsys.readouterr().err

    home.mkdir()
    run_scenario(remember(home))
    for options in ((), ("--project", "acme")):
        assert answers(monkeypatch, b'{"schema":1}', "--webhook", "PHP demo", *options) == FINE
        assert capsys.readouterr().out.startswith("the call goes on with scheme 1, Main")

    assert answers(monkeypatch, b"{}", "--webhook", "PHP", "--project", "acme") == FAILED
    assert "no routing webhook 'PHP'" in capsys.readouterr().err


def test_a_request_is_shown_to_the_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["preview", "--webhook", "PHP demo", "--file", FILE]) == FINE
    shown = capfdbinary.readouterr()
    assert shown.out.startswith(b"GET /route.php?insertionType=dynamic HTTP/1.1\r\nHost: ")
    assert shown.out.endswith(b"\r\n\r\n")
    said = f"PHP demo: {len(shown.out)} bytes to 127.0.0.1:8080 without TLS"
    assert shown.err.decode().strip() == said


def test_the_call_can_be_described(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    call = tmp_path / "call.json"
    call.write_text('{"callee": "380442223355", "facts": {}}')
    run(["preview", "--webhook", "PHP demo", "--file", FILE, "--call", str(call)])
    assert b"GET /route.php?insertionType=static HTTP/1.1\r\n" in capfdbinary.readouterr().out

    call.write_text('{"calle": "380442223355"}')
    assert run(["preview", "--webhook", "PHP demo", "--file", FILE, "--call", str(call)]) == FAILED
    assert b"unknown field `calle`" in capfdbinary.readouterr().err


def test_a_mail_is_shown_as_it_would_be_handed_over(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "project.toml"
    mail = '[[events]]\nname = "missed"\nevent = "incoming.after"\n[[events.mails]]\nto = ["desk@example.com"]\n'
    file.write_text(f'{EXAMPLE}\n{mail}subject = "Call from {{{{Caller ID}}}}"\n', "utf-8")
    command = ["preview", "--webhook", "missed", "--file", str(file)]

    assert run(command) == FINE
    out, err = capfdbinary.readouterr()
    assert b"\r\nSubject: Call from 380441112233\r\n" in out
    assert f"missed: {len(out)} bytes to desk@example.com by mail".encode() in err

    assert run([*command, "--json"]) == FINE
    told = json.loads(capfdbinary.readouterr().out)
    assert (told["method"], told["url"]) == ("MAIL", "mailto:desk@example.com")
    assert ["Subject", "Call from 380441112233"] in told["headers"]
    assert told["body"].startswith("Caller: 380441112233\n")


def test_programs_get_the_request_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preview", "--webhook", "crm after", "--file", FILE, "--json"]) == FINE
    told = json.loads(capsys.readouterr().out)
    assert (told["method"], told["connects_to"], told["tls"]) == ("POST", "127.0.0.1:8081", False)
    assert json.loads(told["body"])["conversation"] == "42"
    assert ["Content-Length", str(len(told["body"]))] in told["headers"]


def test_a_dial_plan_webhook_is_read_and_shown_too(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    snapshot = ProjectSnapshot(replace(example_snapshot().project, dial_plan_webhooks=(PIN,)))
    monkeypatch.setattr("switchhook.cli.explain.snapshot_of", lambda *_: snapshot)
    assert run(["preview", "--webhook", "pin"]) == FINE
    shown = capfdbinary.readouterr()
    assert shown.out.startswith(b"GET /4711?secret=s3cret HTTP/1.1\r\nHost: crm.example\r\n")
    assert b"to crm.example:443 over TLS" in shown.err

    body = b"status=ACK&destination=101&callername=Anna&value=7"
    assert answers(monkeypatch, body, "--webhook", "pin") == FINE
    assert capfdbinary.readouterr().out.decode().splitlines() == [
        "the call takes the success branch",
        "  read as        urlencoded pair",
        "  destination    101",
        "  caller name    Anna",
        "  variable       value = 7",
    ]
    assert answers(monkeypatch, b"status=NAK", "--webhook", "pin") == FINE
    assert b"may enter another code" in capfdbinary.readouterr().out

    answers(monkeypatch, body, "--webhook", "pin", "--json")
    told = json.loads(capfdbinary.readouterr().out)
    assert (told["decision"], told["destination"], told["caller_name"], told["variables"]) == (
        "ack",
        "101",
        "Anna",
        {"value": "7"},
    )


def test_standard_input_cannot_be_answer_and_project_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers(monkeypatch, RELAXED, "--webhook", "PHP demo", "--file", "-") == MISUSED
    assert "standard input holds the answer" in capsys.readouterr().err


def test_a_project_may_come_on_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(FILE).read_bytes())))
    assert run(["preview", "--webhook", "PHP demo", "--file", "-"]) == FINE
    assert capsysbinary.readouterr().out.startswith(b"GET /route.php?")


def test_an_error_page_is_called_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body = b"<br />\n<b>Warning</b>: Undefined key\n{}"
    assert answers(monkeypatch, body, "--webhook", "PHP demo", "--file", FILE) == FAILED
    assert "a page of HTML or XML, or begins with an error message" in capsys.readouterr().out


def test_the_request_to_the_fallback_url_is_shown_behind_the_first(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = replace(PIN, fallback_url="http://backup.example/{code}")
    snapshot = ProjectSnapshot(replace(example_snapshot().project, dial_plan_webhooks=(asked,)))
    monkeypatch.setattr("switchhook.cli.explain.snapshot_of", lambda *_: snapshot)
    assert run(["preview", "--webhook", "pin"]) == FINE
    shown = capfd.readouterr()
    assert "GET /4711?error_code=connect_timeout&error_url=" in shown.out
    assert "pin, fallback URL: " in shown.err.splitlines()[1]

    assert run(["preview", "--webhook", "pin", "--json"]) == FINE
    told = json.loads(capfd.readouterr().out)
    assert (told["connects_to"], told["fallback"]["connects_to"]) == (
        "crm.example:443",
        "backup.example:80",
    )
