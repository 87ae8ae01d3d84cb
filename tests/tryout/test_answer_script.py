"""A script gives each request its answer, and says which of its lines cannot be followed."""

from __future__ import annotations

import pytest

from switchhook.tryout.answer_script import AnswerScriptError, PlannedAnswer, read_answer_script


def test_each_line_is_an_answer_and_the_last_one_stays() -> None:
    script = read_answer_script(
        "# a bad day\n503 times=2\n\n429 retry-after=30  # enough\nreset\n200 delay=2 drip=0.1 body='a b'\n"
    )
    last = PlannedAnswer(status=200, delay=2.0, drip=0.1, body=b"a b")

    assert [script.next() for _ in range(6)] == [
        *[PlannedAnswer(status=503)] * 2,
        PlannedAnswer(status=429, retry_after="30"),
        PlannedAnswer(is_reset=True),
        last,
        last,
    ]


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        (PlannedAnswer(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (PlannedAnswer(status=204), b"HTTP/1.1 204 No Content\r\n\r\n"),
        (
            PlannedAnswer(status=429, retry_after="30", body=b"wait"),
            (
                b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\n"
                b"Retry-After: 30\r\nContent-Length: 4\r\n\r\nwait"
            ),
        ),
        (PlannedAnswer(status=599), b"HTTP/1.1 599 Unknown\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_an_answer_is_these_bytes(answer: PlannedAnswer, data: bytes) -> None:
    assert answer.data == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the script has no line"),
        ("# nothing", "the script has no line"),
        (
            "200\nhello",
            "line 2 of the script: 'hello' is neither a status from 200 to 599 nor reset",
        ),
        ("199", "'199' is neither a status"),
        ("200 wait=3", "'wait=3' is none of delay=, drip=, retry-after=, body=, type=, times="),
        ("200 delay=-1", "'-1' is no number of seconds up to 3600"),
        ("200 delay=3601", "'3601' is no number of seconds up to 3600"),
        ("200 times=0", "times=0 is no number from 1 to 1000000"),
        ("200 retry-after='1\tX'", "cannot stand in a header line"),
        ("200 body='open", "line 1 of the script: No closing quotation"),
    ],
)
def test_a_line_that_says_no_answer_is_named(text: str, said: str) -> None:
    with pytest.raises(AnswerScriptError, match=r".") as caught:
        read_answer_script(text)
    assert said in str(caught.value)
