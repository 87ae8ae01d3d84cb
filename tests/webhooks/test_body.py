"""A body becomes text or JSON, or a sentence that says why it cannot."""

from __future__ import annotations

import pytest

from switchhook.webhooks.body import UnusableError, json_of, lenient_text_of, text_of
from switchhook.webhooks.reading import ReadingStep

AS_1252 = "the body is not UTF-8 and was read as Windows-1252"


@pytest.mark.row("A-06", "A-11")
@pytest.mark.parametrize(
    ("body", "text"),
    [(b"x", "x"), (b"\xef\xbb\xbf x\r\n", "x"), ("Київ".encode(), "Київ")],
)
def test_text_comes_without_mark_and_blanks(body: bytes, text: str) -> None:
    assert text == text_of(body)
    assert (text, ()) == lenient_text_of(body)


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    for read in (text_of, lenient_text_of):
        with pytest.raises(UnusableError, match="the body is empty"):
            read(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"Caf\xe9", "Café"), (b"\xef\xbb\xbfCaf\xe9 ", "Café"), (b"\x80 \x81", "€ \ufffd")],
)
def test_other_bytes_are_windows_1252_where_that_does_no_harm(body: bytes, text: str) -> None:
    assert (text, (AS_1252,)) == lenient_text_of(body)
    with pytest.raises(UnusableError, match=r"not UTF-8 \(byte"):
        text_of(body)


@pytest.mark.row("A-11")
def test_json_says_how_it_was_read() -> None:
    assert json_of('{"a":1}') == ({"a": 1}, ReadingStep.STRICT_JSON, ())
    assert json_of("{a:1}") == (
        {"a": "1"},
        ReadingStep.RELAXED_JSON,
        ("the body was read as relaxed JSON",),
    )
    with pytest.raises(UnusableError, match="body is not JSON: "):
        json_of("{a")
