"""The how-to pages do what they say: their files are written, their commands run, the output compared."""

from __future__ import annotations

import io
import re
import shlex
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from switchhook.cli.main import FINE, run
from tests.support.ports import free_port
from tests.support.programs import require

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = [HOW_TO.with_name("getting-started.md"), *sorted(HOW_TO.glob("*.md"))]
BLOCK = re.compile(r"^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?:#|<\?php //) (?P<name>[\w.-]+\.(?:toml|py|php))\n")
"""The first line of a block that is a whole file."""
CSV = re.compile(r"`(?P<name>[\w-]+\.csv)`:\n+\Z")
"""The end of the text before a CSV file, which can have no such line."""
EXAMPLE = HOW_TO.parents[1] / "examples" / "project.toml"
OFFLINE = frozenset(
    [
        "apply",
        "audit",
        "call",
        "check",
        "docs",
        "draft",
        "endpoints",
        "erase",
        "events",
        "export",
        "preview",
        "read-answer",
        "scenario",
        "secret",
        "table",
        "template",
        "token",
        "trigger",
        "user",
    ]
)
"""The commands of `switchhook` that need no server, no telephone and nobody's address but the page's own endpoint."""
BY_HAND = frozenset({"asterisk", "curl", "export", "make", "python3", "sudo"})
"""Other programs that the pages name, which are the reader's."""
FAILS = frozenset({"read-answer"})
"""Commands whose exit code says what they found."""
CHANCE = (
    (re.compile(r"\d+(\.\d+)?(?= [mµ]?s\b)"), "N"),
    (re.compile(r"took: .*"), "took"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?: [A-Z]{3,4})?"), "T"),
    (re.compile(r"at \d\d:\d\d"), "T"),
    (re.compile(r"\d+ (call|recording|visit)s?\b"), r"N \1s"),
    (re.compile(r"[a-z]+(?= on the command line)"), "who"),
    (re.compile(r"(?<=HTTP Client v)[\d.]+"), "V"),
)
"""What differs from run to run: lengths of time, moments, and our version."""
ANY = "…"


class Reader:
    """Someone who types what a page says, in a directory of their own; a context manager."""

    def __init__(self, page: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._ports = {port: str(free_port()) for port in ("8080", "8081")}
        self._page = self._with_ports(page)
        self._home = home
        self._capsys = capsys
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _with_ports(self, text: str) -> str:
        for port, free in self._ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text

    def follow(self) -> int:
        """Do all that the page says; return how many commands were run."""
        done = 0
        if "$ switchhook apply" not in self._page:
            self._type(f"switchhook apply {EXAMPLE}", [])
        for block in BLOCK.finditer(self._page):
            found = NAME.match(block["text"])
            if block["language"] == "csv":
                found = CSV.search(self._page, 0, block.start())
            if found is not None:
                (self._home / found["name"]).write_text(block["text"], encoding="utf-8")
            elif block["language"] == "console":
                done += sum(self._type(*one) for one in _commands(block["text"]))
        return done

    def _type(self, line: str, printed: list[str]) -> bool:
        """Run a command where it can be run here, and compare what it printed."""
        shown, _, command = line.rpartition(" | ")
        command, _, target = command.partition(" > ")
        words = shlex.split(command, comments=True)
        given = shlex.split(shown)[1] if shown else ""
        if words[0] in {"python", "php"}:
            if is_shown := (self._home / words[-1]).exists():
                self._start(words)
            return is_shown
        if words[0] != "switchhook":
            assert words[0] in BY_HAND, line
            return False
        if words[1] not in OFFLINE:
            return False
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
            code = run(words[1:])
        out, err = self._capsys.readouterr()
        assert code == FINE or words[1] in FAILS, (line, err)
        if target:
            (self._home / target.strip()).write_text(out, encoding="utf-8")
        elif printed:
            _compare(out, "\n".join(printed), line)
        return True

    def _start(self, words: list[str]) -> None:
        """Start an endpoint; the one before it ends, as both are to have its port."""
        self._running.close()
        program = sys.executable if words[0] == "python" else str(require("php"))
        process = subprocess.Popen(
            [program, *words[1:]],
            cwd=self._home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._running.callback(process.wait)
        self._running.callback(process.terminate)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(self._ports["8080"])), 1).close()
            except OSError:
                assert time.monotonic() < end, f"{words} does not listen"
                time.sleep(0.02)
            else:
                return


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a console block with the lines that it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *printed = part.rstrip("\n").split("\n")
        yield line, printed


def _compare(out: str, said: str, line: str) -> None:
    """Hold what a command printed to what the page says. `…` stands for any text."""
    for pattern, name in CHANCE:
        out, said = pattern.sub(name, out), pattern.sub(name, said)
    out = "\n".join(row.rstrip() for row in out.splitlines())
    parts = (re.escape(part) for part in said.split(ANY))
    assert re.fullmatch(".*".join(parts), out, re.DOTALL), (
        f"$ {line}\n{out}\n--- the page says\n{said}"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(
    page: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    with Reader(page.read_text(encoding="utf-8"), tmp_path, capsys) as reader:
        assert reader.follow() or "$ switchhook check" not in page.read_text(encoding="utf-8")


def test_each_page_replaces_the_project_of_the_one_before() -> None:
    """Numbers and logins belong to one project: a second one that has those of the first is refused."""
    blocks = [block["text"] for page in PAGES for block in BLOCK.finditer(page.read_text("utf-8"))]
    files = [*blocks, *(path.read_text("utf-8") for path in EXAMPLE.parent.glob("*.toml"))]
    ids = [
        found[1]
        for text in files
        for found in re.findall(r'^(\[project\]\n)id = "(.*)"', text, re.MULTILINE)
    ]

    assert len(ids) > 10
    assert set(ids) == {"acme"}


def test_what_differs_from_the_page_is_found() -> None:
    _compare("took 3 ms\nend\n", "took 44 ms\nend", "x")
    _compare("one\ntwo\nthree", "one\n…\nthree", "x")
    with pytest.raises(AssertionError, match="the page says"):
        _compare("one\ntwo", "one\nthree", "x")
