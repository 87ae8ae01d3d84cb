"""A URI is read as RFC 3261 §19.1 says, written as it was read, and cannot end its own line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.wire.errors import ParseError
from switchhook.sip.wire.parameters import Parameters
from switchhook.sip.wire.uri import Uri, escape_user
from tests.support.sip_values import uris

VERBATIM = [
    "sip:alice@example.com",
    "sips:alice:secret@example.com:5061;transport=tcp;lr",
    "sip:pbx1",
    "sip:100@pbx1",
    "sip:100@my_container-2:5060",
    "sip:192.0.2.1",
    "sip:a@[2001:db8::1]:5070;ttl=1",
    "sip:[::1]",
    "sip:a@example.com:0",
    "sip:a@example.com:65535",
    "sip:%61lice%40home@example.com",
    "sip:user;par=u%40example.net@example.com",
    "sip:+7(495)123-45-67;phone-context=ru@example.com;user=phone",
    "sip:a@example.com;maddr=239.255.255.1?subject=hi&to=b%40c",
    "sip:*97@example.com",
    "sip:Вера@example.com",
    "tel:+74951234567",
    "tel:123;phone-context=+7495",
    "urn:service:sos",
    "http://www.example.com/a?b",
    "nobodyknowsthisscheme:totallyopaquecontent",
]


@pytest.mark.parametrize("text", VERBATIM)
def test_it_is_written_as_it_was_read(text: str) -> None:
    assert str(Uri.parse(text)) == text


def test_the_parts() -> None:
    uri = Uri.parse("SIPS:bob:pw@EXAMPLE.com:5061;Transport=TCP?a=1")
    assert uri == Uri(
        scheme="sips",
        user="bob:pw",
        host="example.com",
        port=5061,
        parameters=Parameters({"transport": "TCP"}),
        headers="a=1",
    )
    assert uri.username == "bob"


def test_a_strange_scheme_is_kept_for_a_416() -> None:
    uri = Uri.parse("soap.beep://192.0.2.103:3002")
    assert (uri.scheme, uri.opaque, uri.host) == ("soap.beep", "//192.0.2.103:3002", "")


@pytest.mark.parametrize(
    ("text", "username"),
    [
        ("sip:%61lice@h", "alice"),
        ("sip:a%40b:p%3Aw@h", "a@b"),
        ("sip:null-%00-null@h", "null-\0-null"),
        ("sip:h", ""),
        ("sip:@h", ""),
        ("tel:+7495", "+7495"),
        ("sip:%FF@h", "\udcff"),
    ],
)
def test_the_username_is_unescaped_and_has_no_password(text: str, username: str) -> None:
    assert Uri.parse(text).username == username


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        ":x",
        "sip:a@",
        "sip:a@:5060",
        "sip:a@b@c",
        "tel:sip:a@b",
        "sip:a@h:65536",
        "sip:a@h:99999999999999999999",
        "sip:a@h:-1",
        "sip:a@h:5o60",
        "sip:a@h:²",
        "sip:a@h:",
        "sip:a@h:1:2",
        "sip:a@[::1",
        "sip:a@[::g]",
        "sip:a@[::1]x",
        "sip:a@[fe80::1%eth0]",
        "sip:2001:db8::1",
        "sip:a@ex ample.com",
        "sip:a@h;x=a b",
        "sip:a@h\r\nVia: x",
        "sip:a\0@h",
        "<sip:a@h>",
        'sip:"a"@h',
        "sip:a@пример.рф",
        "sip:a@h%00",
        "sip:a@h,b",
        "s p:a@h",
        "sip:a@h" + ";x" * 65,
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as refused:
        Uri.parse(text)
    assert refused.value.status == 400
    assert "\n" not in str(refused.value)


def test_own_values_are_checked_too() -> None:
    with pytest.raises(ValueError, match="port"):
        Uri(host="h", port=65536)
    with pytest.raises(ValueError, match="host"):
        Uri(user="a")
    with pytest.raises(ValueError, match="host"):
        Uri(host="a@b")
    with pytest.raises(ValueError, match="escaped"):
        Uri(user="a@b", host="h")
    for wrong in ("a b", "a>b", "a\r\nVia: x"):
        with pytest.raises(ValueError, match="stands in"):
            Uri(user=wrong, host="h")
        with pytest.raises(ValueError, match="stands in"):
            Uri(host="h", headers=wrong)


def test_of_escapes_what_people_write() -> None:
    assert str(Uri.of("front desk@home", "example.com", 5070)) == (
        "sip:front%20desk%40home@example.com:5070"
    )
    assert str(Uri.of(None, "example.com")) == "sip:example.com"
    assert Uri.of("a:b", "h").username == "a:b"


def test_replace_changes_one_part() -> None:
    uri = Uri.parse("sip:a@h:1;lr").replace(host="[::1]", port=None)
    assert str(uri) == "sip:a@[::1];lr"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # The examples of RFC 3261 §19.1.4.
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", True),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", True),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER",
            "sip:biloxi.com;method=REGISTER;transport=tcp",
            True,
        ),
        (
            "sip:alice@a.com?subject=x&priority=urgent",
            "sip:alice@a.com?priority=urgent&subject=x",
            True,
        ),
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:bob@biloxi.com:6000;transport=tcp", "sip:bob@biloxi.com", False),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next", False),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", False),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", False),
        # And others.
        ("sip:a@h", "sips:a@h", False),
        ("sip:h", "sip:@h", True),
        ("urn:x", "urn:y", False),
    ],
)
def test_when_two_uris_are_the_same(one: str, other: str, *, same: bool) -> None:
    assert Uri.parse(one).matches(Uri.parse(other)) is same
    assert Uri.parse(other).matches(Uri.parse(one)) is same


@given(uris)
def test_what_is_written_is_read_back(uri: Uri) -> None:
    assert Uri.parse(str(uri)) == uri


@given(st.text())
def test_any_username_survives(username: str) -> None:
    uri = Uri(user=escape_user(username), host="h")
    assert Uri.parse(str(uri)).username == username


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        uri = Uri.parse(f"sip:{text}")
    except ParseError:
        return
    assert Uri.parse(str(uri)) == uri


def test_a_uri_is_read_once_unless_it_is_long() -> None:
    short, long = "sip:anna@example.com", f"sip:{'a' * 300}@example.com"
    assert Uri.parse(short) is Uri.parse(short)
    assert Uri.parse(long) == Uri.parse(long)
    assert Uri.parse(long) is not Uri.parse(long)
