"""A URL leads to one origin and one request target, or is refused without repeating its secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin, split
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.url import parse_url


@pytest.mark.row("R1-07", "R1-08")
@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "target"),
    [
        ("http://crm.example", "http", "crm.example", 80, "/"),
        ("https://crm.example/", "https", "crm.example", 443, "/"),
        ("HTTP://CRM.Example:8080/A?b", "http", "crm.example", 8080, "/A?b"),
        ("http://11.111.111.11:80", "http", "11.111.111.11", 80, "/"),
        ("http://crm.example:/x", "http", "crm.example", 80, "/x"),
        ("http://crm.example?key=abc#part", "http", "crm.example", 80, "/?key=abc"),
        ("http://api.asterisk./x", "http", "api.asterisk.", 80, "/x"),
        ("http://under_score/x", "http", "under_score", 80, "/x"),
        ("https://[2001:DB8::1]:8443/x", "https", "2001:db8::1", 8443, "/x"),
        ("http://2130706433/", "http", "2130706433", 80, "/"),
        ("http://0x7f.1/", "http", "0x7f.1", 80, "/"),
        ("http://①②⑦.0.0.1/", "http", "127.0.0.1", 80, "/"),
        ("https://дзвінок.укр/x", "https", "xn--b1adjnog0o.xn--j1amh", 443, "/x"),
        ('http://h/a%20b/{c}|\\^`"<>', "http", "h", 80, '/a%20b/{c}|\\^`"<>'),
        ("http://h//@/?a=http://u:p@x", "http", "h", 80, "//@/?a=http://u:p@x"),
    ],
)  # fmt: skip
def test_a_url_names_an_origin_and_a_target(
    url: str, scheme: str, host: str, port: int, target: str
) -> None:
    where, rest = split(url)
    assert Origin.parse(where) == Origin(scheme=scheme, host=host, port=port)
    assert rest == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example/secret",
        "//crm.example/secret",
        "/secret",
        "ftp://crm.example/secret",
        "file:///secret",
        "http:///secret",
        "http://:80/secret",
        "http://user:secret@crm.example/",
        "http://secret@crm.example/",
        "http://crm.example\\@evil.example/secret",
        "http://crm.example:0/secret",
        "http://crm.example:65536/secret",
        "http://crm.example:80x/secret",
        "http://crm.example:-1/secret",
        "http://crm.example:٨٠/secret",
        "http://crm example/secret",
        "http://crm.example/secret secret",
        "http://crm.example/secret\r\nX: y",
        "http://crm.example/secret\n",
        "http://crm.example/secret\x00",
        "http://crm.example/secret\x7f",
        "http://crm.example/ключ=secret",
        "http://crm%2eexample/secret",
        "http://crm..example/secret",
        "http://-crm.example/secret",
        f"http://{'a' * 64}.example/secret",
        f"http://{'a.' * 130}example/secret",
        "http://[::1/secret",
        "http://[::zz]/secret",
        "http://[fe80::1%25eth0]/secret",
        "http://[127.0.0.1]/secret",
        "http://::1/secret",
        "http://[::1]x/secret",
        "http://\ud800.example/secret",
        " http://crm.example/secret",
    ],
)
def test_anything_else_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        Origin.parse(split(url)[0])
    assert caught.value.failure.kind is FailureKind.BAD_URL
    assert "secret" not in caught.value.failure.detail


@pytest.mark.parametrize(
    ("text", "shown"),
    [("http://crm.example", "crm.example:80"), ("https://[::1]:8443", "[::1]:8443")],
)
def test_an_origin_is_shown_as_host_and_port(text: str, shown: str) -> None:
    assert str(Origin.parse(text)) == shown


HOSTS = st.text(
    st.sampled_from("aZ09-_.:[]%@éßі\u200d ") | st.characters(max_codepoint=0x2FFF), max_size=20
)


@pytest.mark.row("R1-07", "R1-08")
@given(scheme=st.sampled_from(["http", "https"]), host=HOSTS)
def test_what_may_be_saved_can_be_sent_to(scheme: str, host: str) -> None:
    try:
        address = parse_url(f"{scheme}://{host}/a?b=c")
    except ValueError:
        return
    origin, target = split(address.url(lambda *_: ""))

    assert Origin.parse(origin).scheme == scheme
    assert target.isascii()
