"""A log line holds what happened and no secret, as JSON for programs and as text for people."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING

import pytest
import structlog

from switchhook.domain.masking import MASK
from switchhook.logs import PLAIN, LineWriter, configure_logs
from switchhook.settings import LogLevel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def logged(*, as_json: bool, level: LogLevel = LogLevel.INFO) -> str:
    stream = io.StringIO()
    configure_logs(level, as_json=as_json, to=stream)
    log = structlog.get_logger("test")
    log.debug("dialled")
    log.info("registered", account="101", password="hunter22", api_token="hunter22")
    try:
        int("broken")
    except ValueError:
        log.exception("crashed")
    return stream.getvalue()


def test_lines_are_json_for_programs() -> None:
    first, second = map(json.loads, logged(as_json=True).splitlines())

    assert first["event"] == "registered"
    assert first["level"] == "info"
    assert first["account"] == "101"
    assert first["password"] == first["api_token"] == MASK
    assert "ValueError: invalid literal" in second["exception"]


def test_a_value_that_json_has_not_is_written_as_python_shows_it() -> None:
    stream = io.StringIO()
    configure_logs(LogLevel.INFO, as_json=True, to=stream)
    structlog.get_logger("test").info("ended", who={"Zoë"}, seconds=1.5, lines=("a", None))

    line = json.loads(stream.getvalue())
    assert (line["who"], line["seconds"], line["lines"]) == ("{'Zoë'}", 1.5, ["a", None])
    assert "Zoë" in stream.getvalue()


@pytest.mark.parametrize(
    "value", ["101", "", "a b", "it's", 'a"b', "a=b", "a\nb", "Zoë", 1.5, None, ("a", 1), b"x"]
)
def test_a_line_without_colours_is_that_of_the_library(value: object) -> None:
    """Ours is made in half of the time."""
    fields = {"timestamp": "2026-12-01T02:00:00Z", "level": "info", "event": "call ended"}
    library = structlog.dev.ConsoleRenderer(colors=False)
    ours = structlog.dev.ConsoleRenderer(columns=PLAIN)

    for known in ({**fields, "call": "1", "b": value, "a": value}, {**fields, "level": "critical"}):
        assert ours(None, "", dict(known)) == library(None, "", dict(known))


def test_lines_are_text_for_people() -> None:
    text = logged(as_json=False)

    assert "registered" in text
    assert "account=101" in text
    assert "hunter22" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("level", "lines"), [(LogLevel.DEBUG, 3), (LogLevel.ERROR, 1)])
def test_what_weighs_too_little_is_left_out(level: LogLevel, lines: int) -> None:
    assert len(logged(as_json=True, level=level).splitlines()) == lines


@pytest.mark.parametrize("as_json", [True, False])
def test_no_value_moves_the_cursor(*, as_json: bool) -> None:
    stream = io.StringIO()
    configure_logs(LogLevel.INFO, as_json=as_json, to=stream, colours=False)
    structlog.get_logger("test").info("refused", user="\x1b[2Ja\u202e\x9bb\r", why="one\ntwo")

    text = stream.getvalue()
    assert text.removesuffix("\n").isprintable()
    assert "one\\ntwo" in text


def test_lines_wait_for_others_but_for_no_longer_than_a_warning() -> None:
    stream = io.StringIO()
    configure_logs(LogLevel.INFO, as_json=True, to=stream, gather=60.0)
    log = structlog.get_logger("test")

    async def talk() -> tuple[str, str]:
        log.info("one")
        log.info("two")
        before = stream.getvalue()
        log.warning("three")
        return before, stream.getvalue()

    before, after = asyncio.run(talk())
    assert before == ""
    assert [json.loads(line)["event"] for line in after.splitlines()] == ["one", "two", "three"]


class Told(io.StringIO):
    """A stream that says when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Event()

    def flush(self) -> None:
        self.written.set()


def test_lines_are_written_soon() -> None:
    stream = Told()
    lines = LineWriter(stream, gather=0.01)

    async def talk() -> None:
        lines.info("one")
        lines.info("two")
        await stream.written.wait()
        lines.info("three")

    asyncio.run(talk())
    assert stream.getvalue() == "one\ntwo\n"
    lines.flush()  # as at the end of the process
    assert stream.getvalue() == "one\ntwo\nthree\n"


def test_lines_are_written_at_once_where_no_loop_runs() -> None:
    stream = io.StringIO()
    LineWriter(stream, gather=60.0).info("one")
    assert stream.getvalue() == "one\n"
