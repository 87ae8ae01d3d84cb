"""What a table of answers holds, and the words that its lines share."""

from __future__ import annotations

from typing import TypeAlias

NUMBER = "380443334455"
PLUS = "+380443334455"
FAILED, STATUS = "bad_body", "status"
ACK, NAK = "ACK", "NAK"

RELAXED = "the body was read as relaxed JSON"
WRAPPED = "read out of one more wrapping"
NO_NUMBER = "it is no number, account or group of this project"
NO_HTML = "the body is a page of HTML or XML"
NO_UTF8 = "the body is not UTF-8"
AS_1252 = "the body is not UTF-8 and was read as Windows-1252"
AS_PAIR = "the body was read as an urlencoded pair"
NO_STATUS = "the answer has no status"
UNENCODED_PLUS = "destination came with its + unencoded"
UNENCODED_NAME = "callername came unencoded"
CUT = "came unencoded and was cut at its &"
MORE = "there is more after the value"
NO_VALUE = "a value is missing"

Answers: TypeAlias = list[
    tuple[str, str | bytes, str, str] | tuple[str, str | bytes, str, str, int]
]
"""Reader, body, meaning, what is told of it ("": nothing is to be), and the HTTP status if not 200."""
