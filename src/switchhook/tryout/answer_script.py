"""The script that a local receiver answers by: a line for each request, the last one for all that follow."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from switchhook.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SECONDS: Final = 3600.0
MOST_TIMES: Final = 1_000_000
_KEYS: Final = ("delay", "drip", "retry-after", "body", "type", "times")


class AnswerScriptError(MisuseError, ValueError):
    """A script that says no answers. The message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAnswer:
    """What one request gets."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    retry_after: str = ""
    """The value of Retry-After: seconds or a date; empty: none."""
    delay: float = 0.0
    """Seconds until the first byte."""
    drip: float = 0.0
    """Seconds after each byte."""
    is_reset: bool = False
    """Whether the connection is reset in place of an answer."""

    @property
    def data(self) -> bytes:
        """Return the bytes of the answer."""
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        if self.retry_after:
            lines.append(f"Retry-After: {self.retry_after}")
        has_body = self.status >= 200 and self.status not in {204, 304}
        if has_body:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join([*lines, "", ""]).encode()
        return head + self.body if has_body else head

    def __str__(self) -> str:
        if self.is_reset:
            said = "resets the connection"
        else:
            said = f"answers {self.status}"
            said += f", Retry-After {self.retry_after}" if self.retry_after else ""
        said += f" after {self.delay:g} s" if self.delay else ""
        return said + (f", a byte each {self.drip:g} s" if self.drip else "")


class AnswerScript:
    """Gives each request its answer, in order."""

    def __init__(self, answers: Iterable[tuple[PlannedAnswer, int]]) -> None:
        """Take answers, each with how many requests get it."""
        self._answers = [one for one in answers if one[1] > 0] or [(PlannedAnswer(), 1)]
        self._place = self._given = 0

    def next(self) -> PlannedAnswer:
        """Return the next request's answer; the last one is for all that follow."""
        answer, times = self._answers[self._place]
        self._given += 1
        if self._given >= times and self._place + 1 < len(self._answers):
            self._place += 1
            self._given = 0
        return answer


def read_answer_script(text: str) -> AnswerScript:
    """Read lines such as `503 times=3`, `429 retry-after=30`, `200 delay=2 drip=0.1 body='{"ok":true}'`, `reset`.

    Raises AnswerScriptError.
    """
    answers = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
            if words:
                answers.append(_answer(words))
        except ValueError as error:
            raise AnswerScriptError(f"line {number} of the script: {error}") from None
    if not answers:
        raise AnswerScriptError("the script has no line; write one such as: 503 times=3")
    return AnswerScript(answers)


def _answer(words: list[str]) -> tuple[PlannedAnswer, int]:
    what, *options = words
    told: dict[str, Any] = {"is_reset": True} if what == "reset" else {"status": _status(what)}
    times = 1
    for option in options:
        key, is_, value = option.partition("=")
        if not is_ or key not in _KEYS:
            raise ValueError(f"{option!r} is none of {', '.join(f'{one}=' for one in _KEYS)}")
        match key:
            case "delay" | "drip":
                told[key] = seconds(value)
            case "times":
                times = _times(value)
            case "body":
                told["body"] = value.encode("utf-8", "surrogateescape")
            case "retry-after":
                told["retry_after"] = header(value)
            case _:
                told["content_type"] = header(value)
    return PlannedAnswer(**told), times


def _status(text: str) -> int:
    if not re.fullmatch("[2-5][0-9][0-9]", text):
        raise ValueError(f"{text!r} is neither a status from 200 to 599 nor reset")
    return int(text)


def _times(text: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", text) or not 1 <= int(text) <= MOST_TIMES:
        raise ValueError(f"times={text} is no number from 1 to {MOST_TIMES}")
    return int(text)


def seconds(text: str) -> float:
    """Read a duration. Raises ValueError."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", text) or float(text) > MOST_SECONDS:
        raise ValueError(f"{text!r} is no number of seconds up to {MOST_SECONDS:.0f}")
    return float(text)


def header(text: str) -> str:
    """Take the value of a header line. Raises ValueError."""
    if not re.fullmatch(r"[\x20-\x7e]{0,256}", text):
        raise ValueError(f"{text!r} cannot stand in a header line")
    return text
