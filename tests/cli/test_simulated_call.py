"""A simulated call is drawn as its path, with what was asked, what came back and who would be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.delivery.subscribers import Subscribers
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import apply_project
from switchhook.operations.subscriptions import subscribe
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario
from tests.support.told import EXAMPLE
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from tests.support.wire import Received

FILE = str(Path(__file__).parents[2] / "examples" / "project.toml")
CALL = ("call", "--file", FILE, "--from", "380441112233", "--to", "380442223344")


def test_the_path_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    answer = 'PHP demo={"dst_phone":"380443334455,101"}'
    assert run([*CALL, "--answer", answer, "--phone", "101=busy"]) == FINE
    assert capsys.readouterr().out.splitlines() == [
        "a simulated call in project acme",
        "     0.000 s  → 380441112233 calls 380442223344",
        "     0.000 s  · scheme Main: ask",
        "     0.000 s  ? asks PHP demo",
        "     0.000 s  ! PHP demo answers 380443334455, 101 after 0 ms",
        "                GET http://127.0.0.1:8080/route.php?****: not sent; 200 was given as the answer, read as strict JSON",
        '                body: {"dst_phone":"380443334455,101"}',
        "     0.000 s  ☎ dials 380443334455",
        "     0.000 s  ☎ dials 101",
        "     0.000 s  ☎ 380443334455 rings",
        "     0.000 s  · 101: busy (Busy Here)",
        "     0.000 s  ✉ incoming.before to crm before: would be told",
        "     3.000 s  ✓ 380443334455 answers the call",
        "    13.000 s  · 380443334455: answered (hung up)",
        "    13.000 s  ■ ends: answered, by the callee (hung up)",
        "    13.000 s  ✉ incoming.after to crm after: would be told",
        "  path: webhookNumber:90 → 380443334455, 101 (busy)",
    ]


def test_programs_get_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    told = ("--answer", "PHP demo={schema:26076}", "--at", "2018-08-13T11:11:11", "--json")
    assert run([*CALL, *told, "--name", "Anna"]) == FINE
    made = json.loads(capsys.readouterr().out)
    assert (made["outcome"], made["ended_by"]) == ("answered", "callee")
    away = "answered elsewhere"
    assert made["path"] == f"webhookNumber:90 → scheme 26076 → phone:20 → 101, 102 ({away})"
    assert made["journal"][0]["at"] == "2018-08-13T08:11:11.000+00:00"
    assert "relaxed JSON" in next(
        entry["text"] for entry in made["journal"] if entry["happening"] == "notice"
    )
    event = made["would_tell"][0]
    assert (event["event"], event["method"]) == ("incoming.before", "POST")
    assert json.loads(event["body"])["date"] == "2018-08-13 11:11:11"


MAIL = """
[[events]]
name = "missed"
event = "incoming.after"

[[events.mails]]
to = ["desk@example.com"]
subject = "Missed call from {{Caller ID}}"
"""


def test_a_mail_is_written_and_not_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "project.toml"
    file.write_text(Path(FILE).read_text("utf-8") + MAIL, "utf-8")
    call = ["call", "--file", str(file), "--from", "380441112233", "--to", "380442223344"]
    call += ["--answer", "PHP demo={schema:26076}"]
    assert run(call) == FINE
    assert "✉ incoming.after to desk@example.com: would be told" in capsys.readouterr().out
    assert run([*call, "--json"]) == FINE
    told = json.loads(capsys.readouterr().out)["would_tell"][-1]
    assert (told["method"], told["url"]) == ("MAIL", "mailto:desk@example.com")
    assert told["body"].startswith("Caller: 380441112233\nCalled number: 380442223344\n")


def test_an_endpoint_that_is_down_is_found_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "project.toml"
    file.write_text(Path(FILE).read_text("utf-8").replace("127.0.0.1:8080", "127.0.0.1:1"))
    assert run(["call", "--file", str(file), "--from", "", "--to", "380442223344"]) == FINE
    out = capsys.readouterr().out
    assert "→ a withheld number calls 380442223344" in out
    assert "✗ PHP demo fails" in out
    assert "✓ 101 answers the call" in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--answer", "crm={}"), "project acme has no routing webhook 'crm'"),
        (("--to", "999"), "it was refused with 404, 999 is no number of project acme"),
        (("--to", "999"), "380441112233 is no account of the project, so it called from outside"),
    ],
)
def test_what_cannot_be_is_said(
    options: tuple[str, str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call = CALL[:-2] if options[0] == "--to" else CALL
    assert run([*call, *options]) == FAILED
    shown = capsys.readouterr()
    assert expected in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--answer", "PHP demo"), "--answer 'PHP demo' is not written NAME=BODY"),
        (("--phone", "=busy"), "--phone '=busy' is not written TARGET=WHAT"),
        (("--phone", "101=sings"), "101 cannot be 'sings'"),
        (("--digits", "x"), "'x' cannot be keyed"),
        (("--at", "25:00"), "write day and time like 2018-08-13T11:11:11"),
        (("--at", "0001-01-01T00:00:00"), "write day and time like 2018-08-13T11:11:11"),
        (("--project", "acme"), "--project and --file cannot go together"),
    ],
)
def test_what_is_no_use_is_misuse(
    options: tuple[str, str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*CALL, *options]) == MISUSED
    shown = capsys.readouterr()
    assert expected in shown.err
    assert shown.out == ""


def test_what_was_given_in_vain_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    given = (
        "--phone",
        "101=busy",
        "--phone",
        "102=busy",
        "--digits",
        "1",
        "--answer",
        "PHP demo={}",
    )
    assert run(["call", "--file", FILE, "--from", "101", "--to", "102", *given, "--json"]) == FINE
    shown = capsys.readouterr()
    assert json.loads(shown.out)["outcome"] == "busy"
    assert shown.err.splitlines() == [
        "switchhook: not used: --phone 101=busy: 101 was not called",
        "switchhook: not used: --digits 1: no keys were waited for",
        "switchhook: not used: --answer PHP demo: it was not asked",
    ]


def test_numbers_may_be_written_as_people_do(capsys: pytest.CaptureFixture[str]) -> None:
    told = (
        "--answer",
        'PHP demo={"dst_phone":"+380443334455"}',
        "--phone",
        "380 44 333-44-55=busy",
    )
    call = ("call", "--file", FILE, "--from", "+380 (44) 111-22-33", "--to", "+380 44 222 33 44")
    assert run([*call, *told]) == FINE
    shown = capsys.readouterr()
    assert "→ +380441112233 calls +380442223344" in shown.out
    assert "+380443334455: busy" in shown.out
    assert shown.err == ""


def test_a_redirect_that_was_followed_is_shown_without_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: Received) -> bytes:
        if request.target.startswith("/moved"):
            return reply('{"dst_phone":"101"}')
        return reply("", "Location: /moved?key=secret", status="302 Found")

    with Endpoint(answer) as web:
        file = tmp_path / "project.toml"
        text = Path(FILE).read_text("utf-8").replace("http://127.0.0.1:8080", web.url(""))
        file.write_text(text, "utf-8")
        call = ("call", "--file", str(file), "--from", "380441112233", "--to", "380442223344")
        assert run(call) == FINE
        origin = web.url("").rstrip("/")
    out = capsys.readouterr().out
    assert f"GET {origin}/route.php?****, redirected to {origin}: 200 from " in out
    assert "secret" not in out


@pytest.mark.row("T-14")
def test_a_fallback_url_is_asked_with_the_credentials_of_its_webhook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: Received) -> bytes:
        if request.target.startswith("/down"):
            return reply("", status="500 Sorry")
        return reply('{"dst_phone":"101"}')

    with Endpoint(answer) as web:
        file = tmp_path / "project.toml"
        given = 'token = "t0ken"\nsecret_headers = [{ name = "X-Key", value = "k3y" }]'
        asked = f'url = "{web.url("/down")}"\nfallback_url = "{web.url("/backup")}"\n{given}'
        text = Path(FILE).read_text("utf-8")
        file.write_text(text.replace('url = "http://127.0.0.1:8080/route.php"', asked), "utf-8")
        call = ("call", "--file", str(file), "--from", "380441112233", "--to", "380442223344")
        assert run(call) == FINE
    down, backup = web.ledger.requests
    assert backup.target.startswith("/backup?")
    for request in (down, backup):
        assert request.header("Authorization") == "Bearer t0ken"
        assert request.header("X-Key") == "k3y"
    shown = "".join(capsys.readouterr())
    assert "t0ken" not in shown
    assert "k3y" not in shown


def test_subscribers_of_an_applied_project_would_be_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run_scenario(subscribed(tmp_path))
    command = ["call", "--from", "380441112233", "--to", "380442223344", "--answer", "PHP demo={}"]
    assert run([*command, "--data-dir", str(tmp_path), "--json"]) == FINE
    told = [
        (one["event"], one["url"])
        for one in json.loads(capsys.readouterr().out)["would_tell"]
        if one["webhook"] == "subscription 1"
    ]
    assert told == [
        (event, "https://hooks.target/****")
        for event in (
            "incoming.before",
            "incoming.forwarding",
            "incoming.pickup",
            "incoming.after",
        )
    ]


async def subscribed(folder: Path) -> None:
    """Store the example project, and a program that subscribed to its calls."""
    store = await SqliteStore.open(folder / DATABASE)
    await apply_project(store, EXAMPLE)
    await subscribe(
        store,
        Subscribers(),
        project="acme",
        user="user@example.com",
        target_url="https://hooks.target/h/1",
        event="custom",
        now=0.0,
    )
    await store.close()
