"""An endpoint's URL is checked, made ASCII, and filled without letting a value out of its place."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.webhooks.url import (
    Piece,
    parse_url,
    placeholders,
    unknown_placeholders,
    url_template,
    with_masked_query,
    without_query,
)
from tests.webhooks.samples import VISIT, make_values


@pytest.mark.row("R1-07", "R1-08", "R3-20", "R2-22")
@pytest.mark.parametrize(
    ("url", "host", "sent"),
    [
        ("http://target", "target", "http://target/"),
        ("http://target?x=1", "target", "http://target/?x=1"),
        ("http://11.111.111.11:80", "11.111.111.11", "http://11.111.111.11/"),
        ("http://11.111.111.11:8080/a", "11.111.111.11:8080", "http://11.111.111.11:8080/a"),
        ("https://target:443/", "target", "https://target/"),
        ("https://target:80/", "target:80", "https://target:80/"),
        ("http://target:/", "target", "http://target/"),
        ("HTTP://Target/Path", "target", "http://target/Path"),
        (
            "http://api.asterisk/api/addnumber/",
            "api.asterisk",
            "http://api.asterisk/api/addnumber/",
        ),
        ("http://[::1]:8080/a", "[::1]:8080", "http://[::1]:8080/a"),
        ("http://[2001:DB8::1]/", "[2001:db8::1]", "http://[2001:db8::1]/"),
        ("http://target./a", "target.", "http://target./a"),
        ("http://приклад.укр/шлях?ключ=так", "xn--80aikifvh.xn--j1amh", None),
        ("http://target/a b", "target", "http://target/a%20b"),
        ("http://target/100%/a%20b", "target", "http://target/100%25/a%20b"),
        ("http://target/a?b=c d&e=ё", "target", "http://target/a?b=c%20d&e=%D1%91"),
        ("http://target/a#part", "target", "http://target/a"),
        ("http://target/a/../b/", "target", "http://target/a/../b/"),
        (" http://target/a ", "target", "http://target/a"),
    ],
)
def test_what_goes_out_for_a_url(url: str, host: str, sent: str | None) -> None:
    address = parse_url(url)

    assert host == address.host
    expected = sent or (
        "http://xn--80aikifvh.xn--j1amh/%D1%88%D0%BB%D1%8F%D1%85"
        "?%D0%BA%D0%BB%D1%8E%D1%87=%D1%82%D0%B0%D0%BA"
    )
    assert expected == address.url(make_values())


@pytest.mark.row("R1-07", "R1-08")
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "neither http:// nor https://"),
        ("target/a", "neither http:// nor https://"),
        ("ftp://target/", "neither http:// nor https://"),
        ("javascript:alert(1)", "neither http:// nor https://"),
        ("http://", "names no host"),
        ("http:///a", "names no host"),
        ("http://:80/", "names no host"),
        ("http://target:99999/", "port"),
        ("http://target:0/", "port"),
        ("http://target:x/", "port"),
        ("http://[::1", "cannot be read"),
        ("http://a b/", "not a host name"),
        ("http://a_b!/", "not a host name"),
        ("http://-a/", "not a host name"),
        ("http://{call_id}/", "not a host name"),
        ("http://" + "ё" * 70 + "/", "cannot be written as a host name"),
        ("http://a..example/", "not a host name"),
        ("http://.example/", "not a host name"),
        ("http://" + "a" * 64 + ".example/", "not a host name"),
        ("http://" + "a." * 127 + "example/", "not a host name"),
        ("http://[1::2::3]/", "IPv6 address|cannot be read"),
        ("http://[12345::]/", "IPv6 address|cannot be read"),
        ("http://[fe80::1%25eth0]/", "IPv6 address|cannot be read"),
        ("http://faß.example/", "two names"),
        ("http://βόλος.example/", "two names"),
        ("http://a\u200db.example/", "two names"),
    ],
)
def test_what_is_no_url_is_refused_in_words(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_url(url)


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(ValueError, match="cannot be read") as refusal:
        parse_url("http://user:s3cret@tar\u2100get/")

    assert refusal.value.__cause__ is None
    assert "s3cret" not in str(refusal.value)


@pytest.mark.row("S-73")
@given(url=st.text(max_size=60) | st.text(max_size=40).map("http://target/".__add__))
def test_a_stored_url_never_raises_and_never_breaks_the_line(url: str) -> None:
    sent = url_template(url).url(make_values())

    assert sent.isascii()
    assert sent.isprintable()
    assert " " not in sent


@pytest.mark.row("S-10", "R1-11")
@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://t/calls/{ID Call}", "http://t/calls/3333333333.3333333"),
        ("http://t/calls/{call_id}/{type}", "http://t/calls/3333333333.3333333/in"),
        ("http://t/{custom:city}", "http://t/%D0%9A%D0%B8%D1%97%D0%B2"),
        ("http://t/a?id={ID Call}&x=1", "http://t/a?id=3333333333.3333333&x=1"),
        ("http://t/{Last page}", "http://t/ringostat.com%2F%3Futm_source%3Dringostat%26utm_medium"),
        ("http://t/{nothing}", "http://t/%7Bnothing%7D"),
        ("http://t/{status}", "http://t/"),
    ],
)
def test_parameters_in_a_url(url: str, sent: str) -> None:
    assert url_template(url).url(make_values(extra=VISIT)).startswith(sent)


@pytest.mark.parametrize(
    ("url", "unknown"),
    [("http://t/{ID Call}/{custom:city}", []), ("http://t/{nothing}/{}", ["nothing", ""])],
)
def test_placeholders_that_no_parameter_has_are_named(url: str, unknown: list[str]) -> None:
    assert unknown == unknown_placeholders(url)


@pytest.mark.row("S-73")
@given(value=st.text(max_size=30))
def test_a_value_stays_within_its_segment(value: str) -> None:
    values = make_values(extra={"custom:x": value})
    parts = urlsplit(url_template("http://t/a/{custom:x}/b?c={custom:x}").url(values))

    _, a, inside, b = parts.path.split("/")
    assert (a, b) == ("a", "b")
    assert inside not in {".", ".."}
    assert parts.netloc == "t"
    assert parts.query.count("=") == 1
    assert "&" not in parts.query
    if value.isascii():
        assert value == unquote(inside)


@pytest.mark.parametrize(
    ("url", "authorization"),
    [
        ("http://target/", ""),
        ("http://user:secret@target/", "Basic dXNlcjpzZWNyZXQ="),
        ("http://user:s%3Acret%40@target/", "Basic dXNlcjpzOmNyZXRA"),
        ("http://user@target/", "Basic dXNlcjo="),
    ],
)
def test_a_password_in_the_url_travels_as_authorization(url: str, authorization: str) -> None:
    address = parse_url(url)

    assert authorization == address.authorization
    assert address.url(make_values()) == "http://target/"


@pytest.mark.row("A-46")
def test_a_dialect_may_name_its_own_variables() -> None:
    def naming(name: str) -> Piece | None:
        return Piece(parameter=name, argument="x") if name == "mine" else None

    def value(parameter: str, argument: str) -> str:
        return f"{parameter} {argument}"

    url = "http://t/{mine}?a={mine}&b={call_id}"

    assert url_template(url, naming).url(value) == "http://t/mine%20x?a=mine%20x&b=%7Bcall_id%7D"
    assert placeholders(url) == ["mine", "mine", "call_id"]
    assert unknown_placeholders(url, naming) == ["call_id"]
    assert unknown_placeholders(url) == ["mine", "mine"]
    assert url_template("no url/{mine}", naming).url(value) == "no%20url/mine%20x"


def test_a_bare_url_holds_no_query_and_no_fragment() -> None:
    assert without_query("http://t/a?b=c#d") == without_query("http://t/a#d?b") == "http://t/a"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://t/a?key=s3cret#d", "http://t/a?****"),
        ("http://t/a?", "http://t/a?****"),
        ("http://t/a#d?b", "http://t/a"),
        ("http://t/", "http://t/"),
    ],
)
def test_of_a_query_it_is_shown_that_it_was_there(url: str, shown: str) -> None:
    assert with_masked_query(url) == shown
