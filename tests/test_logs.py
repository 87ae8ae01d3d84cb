"""A log line holds what happened and no secret, as JSON for programs and as text for people."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
import structlog

from switchhook.domain.secrecy import MASK
from switchhook.logs import configure_logs
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
