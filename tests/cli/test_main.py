"""Each command does what its help says, says what is wrong in a sentence, and exits with its code."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from cyclopts import App

from switchhook import __version__
from switchhook.cli.main import COMMANDS, FAILED, FINE, MISUSED, run
from switchhook.operations.control_socket import listening
from switchhook.operations.data_dir import DATABASE
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run as run_scenario
from tests.support.projects import MINIMAL
from tests.support.told import AFTER, BEFORE, CALL, EXAMPLE, remember

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep the tester's own data and settings out of it, and the terminal wide."""
    for name in os.environ:
        if name.startswith("SWITCHHOOK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    yield tmp_path / "data"
    structlog.reset_defaults()


@pytest.fixture
def past(home: Path) -> Path:
    home.mkdir()
    run_scenario(remember(home))
    return home


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "project.toml"
    path.write_text(MINIMAL)
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "project.toml"
    path.write_text(MINIMAL.replace("scheme = 1", "scheme = 2").replace('"Acme"', "5"))
    return str(path)


def test_help_tells_what_each_command_does() -> None:
    for name, (module, help_) in COMMANDS.items():
        command = getattr(importlib.import_module(module), name.replace("-", "_"))
        told = command.help if isinstance(command, App) else inspect.getdoc(command)
        assert told == help_


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == FINE
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("check",),
        ("calls", "--limit", "x"),
        ("calls", "--limit", "0"),
        ("read-answer", "--webhook", "crm", "--status", "9999"),
        ("calls", "--limit", "99999999999999999999"),
        ("serve", "x"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == MISUSED
    said = capsys.readouterr().err
    assert said.startswith("switchhook: ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("subscriptions", "1"),
            "no argument is taken here: 1; `switchhook subscriptions --remove NUMBER` ends one",
        ),
        (
            ("trunks", "no", "pe"),
            "no argument is taken here: no pe; see `switchhook trunks --help`",
        ),
        (
            ("calls", "1.2", "1.3"),
            "no other argument is taken here: 1.3; see `switchhook calls --help`",
        ),
        (
            ("token", "create"),
            "--project and --user are missing; see `switchhook token create --help`",
        ),
        (
            ("token", "create", "--user=x"),
            "--project is missing; see `switchhook token create --help`",
        ),
        (
            ("token", "create", "--user", "--project", "acme"),
            "--user has no value; see `switchhook token create --help`",
        ),
        (("template", "add", "FILE"), "NAME is missing; see `switchhook template add --help`"),
        (("template", "add"), "FILE and NAME are missing; see `switchhook template add --help`"),
        (("check",), "FILE is missing; see `switchhook check --help`"),
        (
            ("appply",),
            "there is no command appply; did you mean apply? `switchhook --help` lists them",
        ),
        (("user", "x"), "there is no command x; `switchhook user --help` lists them"),
        (
            ("calls", "--runing"),
            "there is no option --runing; did you mean --running? see `switchhook calls --help`",
        ),
        (("calls", "--zzz=1"), "there is no option --zzz; see `switchhook calls --help`"),
        (("calls", "--limit", "x"), "--limit: 'x' is no whole number"),
        (("calls", "--limit", "0"), "--limit: 0 is less than 1"),
        (("versions", "show", "x"), "VERSION: 'x' is no whole number"),
        (("receive", "--delay", "x"), "--delay: 'x' is no number"),
        (("receive", "--delay", "-1"), "--delay: -1.0 is less than 0"),
        (
            ("user", "role", "anna", "boss", "--project", "acme"),
            "ROLE: 'boss' is none of viewer, editor, admin, owner, none",
        ),
        (("transfer", "1", "2", "--leaves", "both"), "--leaves: 'both' is none of caller, callee"),
    ],
)
def test_what_is_missing_or_too_much_is_told_in_a_sentence(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == MISUSED
    assert capsys.readouterr().err == f"switchhook: {said}\n"


def test_a_good_file_is_summed_up(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", good]) == FINE
    assert capsys.readouterr().out == (
        f"{good}: no mistakes. Project acme: 1 number, 1 account, 1 trunk, 1 scheme,"
        " 1 forwarding number, 1 event, 1 event webhook.\n"
    )


@pytest.mark.parametrize("command", ["check", "apply"])
def test_every_mistake_is_on_a_line_of_its_own(
    command: str, bad: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, bad]) == FAILED
    assert capsys.readouterr().err.splitlines() == [
        f"{bad}: line 3: project.name: 5 is not text; write it in quotes",
        f"{bad}: line 33: numbers[0].scheme: there is no scheme 2; known are 1",
        f"{bad}: 2 mistakes",
    ]
    if command == "apply":
        assert run(["export"]) == FAILED
    assert command == "apply" or not home.exists()


def test_a_file_that_is_no_text_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"a = 1\n\xff\xfe")

    assert run(["check", str(path)]) == FAILED
    assert "line 2: this is not UTF-8 text; save the file as UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_file_that_is_not_there_is_told(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "/nowhere/x.toml"]) == FAILED
    assert capsys.readouterr().err == (
        "switchhook: /nowhere/x.toml cannot be read: No such file or directory\n"
    )


def test_a_project_goes_in_and_out(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    for said in ("project acme is now version 1", "project acme is unchanged: version 1"):
        assert run(["apply", good]) == FINE
        assert capsys.readouterr().out == f"{said}\n"
    assert run(["export", "acme"]) == FINE
    exported = capsys.readouterr().out
    Path(good).write_text(exported)
    assert run(["apply", good]) == FINE
    assert capsys.readouterr().out == "project acme is unchanged: version 1\n"
    assert run(["export", "other"]) == FAILED
    assert capsys.readouterr().err == ("switchhook: there is no project other; there are: acme\n")


@pytest.mark.parametrize("command", ["calls", "deliveries", "export", "subscriptions"])
def test_without_a_database_it_is_said_what_to_do(
    command: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command]) == FAILED
    said = capsys.readouterr().err
    assert said.startswith(f"switchhook: there is no database in {home} yet: apply a project file")
    assert not home.exists()


@pytest.mark.usefixtures("past")
def test_calls_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calls"]) == FINE
    said = capsys.readouterr()
    head, _, row = said.out.splitlines()
    assert not said.err, "the call has ended: no server need run"
    assert head.split()[:3] == ["call", "arrived", "caller"]
    for part in (CALL, "380441112233", "380442223344", "answered", "380443334455", "12.0 s"):
        assert part in row


@pytest.mark.parametrize("arguments", [("calls",), ("calls", CALL)])
def test_of_a_call_that_seems_to_run_it_is_said_that_no_server_does(
    arguments: tuple[str, ...], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    run_scenario(remember(home, is_ended=False))

    assert run(arguments) == FINE
    said = f"no server runs on {home}: this is what the last one stored\n"
    assert capsys.readouterr().err == said
    assert run([*arguments, "--json"]) == FINE
    with listening(home):
        assert run(arguments) == FINE
    assert not capsys.readouterr().err


def test_a_mistyped_option_is_not_taken_for_a_file(
    good: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["check", "--jsno", good], ["apply", "--jsno"]):
        assert run(arguments) == MISUSED
        assert "there is no option --jsno; a file of that name is ./--jsno" in (
            capsys.readouterr().err
        )


@pytest.mark.usefixtures("past")
def test_a_call_is_told_as_a_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calls", CALL]) == FINE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"call {CALL} of project acme, ")
    assert lines[-2].endswith("crm after: status: the endpoint answered 503, not 200")
    assert lines[-1] == "  path: webhookNumber:90 → 380443334455"
    assert run(["calls", "1.2"]) == FAILED
    assert "there is no call 1.2; `switchhook calls` lists them" in capsys.readouterr().err


@pytest.mark.usefixtures("past")
def test_failed_deliveries_are_listed_unless_others_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for flags, ids in (
        ((), {AFTER}),
        (("--failed",), {AFTER}),
        (("--all",), {AFTER, BEFORE}),
        (("--pending",), set()),
        (("--webhook", "crm before"), set()),
        (("--state", "failed"), {AFTER}),
        (("--state", "delivered"), {BEFORE}),
        *((("--state", state), set()) for state in ("pending", "parked", "expired", "superseded")),
    ):
        assert run(["deliveries", *flags]) == FINE
        said = capsys.readouterr().out
        assert {one for one in (AFTER, BEFORE) if one in said} == ids
    for flags in (("--all", "--pending"), ("--failed", "--state", "parked")):
        assert run(["deliveries", *flags]) == MISUSED
        assert "choose one" in capsys.readouterr().err
    assert run(["deliveries", "--state", "lost"]) == MISUSED


def test_where_none_failed_for_good_those_that_wait_are_told_of(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mail that no server takes is tried for a day, and has not failed meanwhile."""
    home.mkdir()
    run_scenario(remember(home, is_told=False))

    assert run(["deliveries"]) == FINE
    said = capsys.readouterr()
    assert said.out == "no unchecked deliveries\n"
    assert said.err == "others wait for an attempt: switchhook deliveries --pending\n"
    assert run(["deliveries", "--json"]) == run(["deliveries", "--webhook", "other"]) == FINE
    assert not capsys.readouterr().err


@pytest.mark.usefixtures("past")
def test_a_delivery_is_told_with_its_attempts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deliveries", AFTER]) == FINE
    said = capsys.readouterr().out
    for part in (
        f"delivery {AFTER}: failed",
        "POST http://127.0.0.1:8081/after",
        "Content-Type: application/json",
        '"status":"ANSWERED"',
        "status 503 after 4 ms",
        "down for\ufffd[2J repair",
    ):
        assert part in said
    assert run(["deliveries", "1.2.3"]) == FAILED
    assert "there is no delivery 1.2.3" in capsys.readouterr().err


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (("calls",), {"id": CALL}),
        (("calls", CALL), {"id": CALL}),
        (("deliveries", "--all"), {"id": AFTER}),
        (("deliveries", AFTER), {"id": AFTER}),
    ],
)
def test_programs_get_json(
    arguments: tuple[str, ...], first: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--json"]) == FINE
    said = json.loads(capsys.readouterr().out)
    one = said[0] if isinstance(said, list) else said
    assert first.items() <= one.items()


def test_what_cannot_be_unsealed_is_named_beside_the_rest(
    past: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(past / DATABASE)) as connection, connection:
        connection.execute("UPDATE deliveries SET request = x'01' WHERE id = ?", [BEFORE])

    assert run(["deliveries", "--all", "--json"]) == FINE
    said = capsys.readouterr()
    assert [one["id"] for one in json.loads(said.out)] == [AFTER]
    assert "delivery not read" in said.err
    assert f"delivery '{BEFORE}' of project 'acme' cannot be decrypted" in said.err

    with closing(sqlite3.connect(past / DATABASE)) as connection, connection:
        connection.execute("UPDATE projects SET sealed = x'01'")

    for command in (["export"], ["preview", "--webhook", "crm before"]):
        assert run(command) == FAILED
        said = capsys.readouterr()
        assert said.err.startswith("switchhook: version 1 of project 'acme' cannot be decrypted")
        assert said.err.endswith("apply its project file again\n")


def test_wrong_settings_are_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWITCHHOOK_SIP_PORT", "sip")
    assert run(["serve", "--max-calls", "0"]) == MISUSED
    assert capsys.readouterr().err.splitlines() == [
        "switchhook: SWITCHHOOK_SIP_PORT: 'sip' is not a whole number; write 0 to 65535",
        "switchhook: --max-calls: 0 is less than 1; allowed are 1 to 100000",
    ]


def test_a_mistake_of_ours_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("nobody thought of that")

    monkeypatch.setattr(SqliteStore, "open", broken)
    Path(os.environ["SWITCHHOOK_DATA_DIR"]).mkdir()
    Path(os.environ["SWITCHHOOK_DATA_DIR"], "switchhook.sqlite").touch()

    assert run(["calls"]) == FAILED
    said = capsys.readouterr().err
    assert "ZeroDivisionError: nobody thought of that. This is a mistake in Switchhook" in said
    assert "Traceback" not in said


def shell(command: str, *, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program itself, as people do."""
    return subprocess.run(
        ["bash", "-c", command.replace("switchhook", f"{sys.executable} -m switchhook")],
        check=False,
        capture_output=True,
        input=text,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        timeout=60,
    )


def test_only_a_server_loads_the_libraries_of_the_api() -> None:
    modules = ", ".join(sorted({module for module, _ in COMMANDS.values()}))
    loaded = '[name for name in ("litestar", "uvicorn") if name in sys.modules]'
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; print({loaded})"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "[]\n"


def test_the_program_reads_standard_input() -> None:
    done = shell("switchhook check -", text=EXAMPLE)

    assert (done.returncode, done.stderr) == (FINE, "")
    assert "Project acme: 2 numbers" in done.stdout


@pytest.mark.usefixtures("past")
def test_a_reader_that_has_seen_enough_is_no_failure_to_talk_about() -> None:
    assert shell("switchhook calls --json | true").stderr == ""


def test_a_terminal_without_our_signs_shows_a_mark_for_each() -> None:
    said = subprocess.run(
        [
            *(sys.executable, "-m", "switchhook", "call", "--from", "101", "--to", "102"),
            *("--file", str(ROOT / "examples" / "project.toml")),
        ],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "? 101 calls 102" in said.stdout


UNDECODED = "a\udcff"
"""What the byte 0xff after an `a` becomes in the arguments of a program."""


@pytest.mark.parametrize(
    "arguments",
    [
        ("calls", UNDECODED),
        ("calls", "--project", UNDECODED),
        ("deliveries", UNDECODED),
        ("deliveries", "--webhook", UNDECODED),
        ("export", UNDECODED),
        ("read-answer", "--webhook", UNDECODED),
        ("preview", "--webhook", "crm", "--project", UNDECODED),
        ("sound", "add", "x.wav", "--project", "acme", "--name", UNDECODED),
        ("call", "--from", UNDECODED, "--to", "101"),
        ("call", "--from", "101", "--to", "102", "--digits", UNDECODED),
        ("call", "--from", "101", "--to", "102", "--answer", f"crm={UNDECODED}"),
    ],
)
@pytest.mark.usefixtures("past")
def test_an_argument_that_is_no_text_is_named(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == MISUSED
    assert "a\\xff' is not UTF-8 text; write it in UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "calls"])
def test_a_setting_that_is_no_text_is_named(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "--data-dir", UNDECODED]) == MISUSED
    said = "switchhook: --data-dir: it is not UTF-8 text; write it in UTF-8\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    "arguments", [("check",), ("apply",), ("preview", "--webhook", "crm", "--file")]
)
def test_a_file_may_be_called_anything(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, UNDECODED]) == FAILED
    assert "switchhook: a\\xff cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_whoever_started_us_closed_is_done_without(closed: str) -> None:
    said = shell(f"switchhook docs glossary {closed}")
    assert said.returncode == FINE
    assert "mistake in Switchhook" not in said.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_a_full_disk_does_not_take_is_told() -> None:
    said = shell("switchhook docs glossary > /dev/full")
    assert said.returncode == FAILED
    assert said.stderr == "switchhook: the output could not be written: No space left on device\n"
