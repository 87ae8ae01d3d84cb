"""A body becomes text or JSON, or a sentence that says why it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.webhooks.answer_body import UnusableError, json_of, lenient_text_of, text_of
from switchhook.webhooks.reading import ReadAs
from tests.webhooks.samples import answer

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpResponse

AS_1252 = "the body is not UTF-8 and was read as Windows-1252"


@pytest.mark.row("A-06", "A-11")
@pytest.mark.parametrize(
    ("body", "text"),
    [(b"x", "x"), (b"\xef\xbb\xbf x\r\n", "x"), ("Київ".encode(), "Київ")],
)
def test_text_comes_without_mark_and_blanks(body: bytes, text: str) -> None:
    assert (text, "") == text_of(answer(body))
    assert (text, ()) == lenient_text_of(answer(body))


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    for read in (text_of, lenient_text_of):
        with pytest.raises(UnusableError, match="the body is empty"):
            read(answer(body))


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"Caf\xe9", "Café"), (b"\xef\xbb\xbfCaf\xe9 ", "Café"), (b"\x80 \x81", "€ \ufffd")],
)
def test_other_bytes_are_windows_1252_where_that_does_no_harm(body: bytes, text: str) -> None:
    assert (text, (AS_1252,)) == lenient_text_of(answer(body))
    read, unread = text_of(answer(body))
    assert "\ufffd" in read
    assert "not UTF-8 (byte" in unread


def declared(body: bytes, content_type: str) -> HttpResponse:
    return answer(body)._replace(headers=(("content-type", content_type),))


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("Іван".encode("cp1251"), "text/plain; charset=windows-1251", "Іван"),
        ("Іван".encode("cp1251"), 'text/plain;CHARSET="Windows-1251"', "Іван"),
        ("Иван".encode("koi8-r"), "text/html; charset=koi8-r", "Иван"),
        (b"Caf\xe9", "text/plain; charset=ISO-8859-1", "Café"),
        ("Zażółć".encode("iso8859-2"), "text/plain; charset=iso-8859-2", "Zażółć"),
        ("Київ".encode(), "text/plain; charset=windows-1251", "Київ"),
        ("张三".encode("gbk"), "application/json; charset=GBK", "张三"),
        ("田中表".encode("shift_jis"), "application/json; charset=Shift_JIS", "田中表"),
        ("Київ".encode("utf-16"), "text/plain", "Київ"),
        ("x=Київ".encode("utf-16-be"), "text/plain; charset=utf-16", "x=Київ"),
    ],
)
def test_a_charset_is_honoured_where_the_body_is_no_utf_8(
    body: bytes, content_type: str, text: str
) -> None:
    response = declared(body, content_type)
    assert text_of(response) == (text, "")
    assert lenient_text_of(response) == (text, ())


@pytest.mark.parametrize(
    "content_type",
    ["text/plain; charset=utf-8", "x; charset=utf-16", "x; charset=idna", "charset=iso8859-12"],
)
def test_a_charset_that_could_hide_digits_is_none(content_type: str) -> None:
    read, unread = text_of(declared(b"Caf\xe9", content_type))
    assert read == "Caf\ufffd"
    assert "not UTF-8 (byte 4) and declares no charset" in unread


def test_a_compression_that_is_not_read_is_named() -> None:
    response = answer(b"\x0b\x0d\x80{}\x03")._replace(headers=(("content-encoding", "br"),))
    assert "Content-Encoding: br" in text_of(response)[1]
    assert "Accept-Encoding: identity" in text_of(response)[1]


@pytest.mark.row("A-11")
def test_json_says_how_it_was_read() -> None:
    assert json_of('{"a":1}') == ({"a": 1}, ReadAs.STRICT_JSON, ())
    assert json_of("{a:1}") == (
        {"a": "1"},
        ReadAs.RELAXED_JSON,
        ("the body was read as relaxed JSON",),
    )
    with pytest.raises(UnusableError, match="body is not JSON: "):
        json_of("{a")
