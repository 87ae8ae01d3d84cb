"""Addresses, Via and CSeq are read tolerantly, written safely, and read back the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.wire import header_values, parameters
from switchhook.sip.wire.errors import ParseError
from switchhook.sip.wire.header_values import CSeq, NameAddress, Via, split_list
from switchhook.sip.wire.parameters import Parameters
from switchhook.sip.wire.uri import Uri
from tests.support.sip_values import addresses, cseqs, vias

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "display", "uri", "parameters"),
    [
        ("<sip:a@h>", "", "sip:a@h", ""),
        ("<sip:a@h;lr>;tag=1", "", "sip:a@h;lr", ";tag=1"),
        ("sip:a@h;tag=1", "", "sip:a@h", ";tag=1"),
        ("sip:a@h ;  tag = 1", "", "sip:a@h", ";tag=1"),
        ("Alice Smith <sip:a@h>", "Alice Smith", "sip:a@h", ""),
        ("caller<sip:a@h>;tag=3", "caller", "sip:a@h", ";tag=3"),
        ('"Smith, \\"A\\\\" <sip:a@h> ; tag=1', 'Smith, "A\\', "sip:a@h", ";tag=1"),
        ('""<sip:a@h>', "", "sip:a@h", ""),
        ('"Вера" <sip:a@h>', "Вера", "sip:a@h", ""),
        ('"a" < sip:a@h >', "a", "sip:a@h", ""),
        ("Bell, Alexander <sip:a@h>;tag=43", "Bell, Alexander", "sip:a@h", ";tag=43"),
        ("tel:+7495;tag=2", "", "tel:+7495", ";tag=2"),
        ("<isbn:2983792873>", "", "isbn:2983792873", ""),
        ("<sip:a@h?x=%3C>", "", "sip:a@h?x=%3C", ""),
        ('<sip:a@h>;+sip.instance="<urn:x>"', "", "sip:a@h", ';+sip.instance="<urn:x>"'),
    ],
)
def test_an_address_is_read(text: str, display: str, uri: str, parameters: str) -> None:
    assert NameAddress.parse(text) == NameAddress(
        display=display, uri=Uri.parse(uri), parameters=Parameters.parse(parameters)
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Alice",
        "<sip:a@h",
        '"Alice <sip:a@h>',
        '"Alice\\" <sip:a@h>',
        '"Alice"',
        '"Alice" sip:a@h',
        '"Alice" x <sip:a@h>',
        'Alice "B" <sip:a@h>',
        "<sip:a@h> x",
        "<sip:a@h>, <sip:b@h>",
        "<>",
        "sip:a@h?Route=%3Csip:b%3E",
        "sip:a,b@h",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        NameAddress.parse(text)


def test_an_address_is_written_with_its_name_quoted() -> None:
    address = NameAddress(display='Bob "B" \\', uri=Uri.parse("sip:b@h")).with_tag("7")
    assert str(address) == r'"Bob \"B\" \\" <sip:b@h>;tag=7'
    assert address.tag == "7"
    assert NameAddress.parse("<sip:a@h>").tag is None


def test_a_display_name_cannot_start_a_header() -> None:
    address = NameAddress(display="x\r\nVia: y\0z", uri=Uri.parse("sip:b@h"))
    assert str(address) == '"x  Via: y z" <sip:b@h>'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SIP/2.0/UDP h;branch=1", "SIP/2.0/UDP h;branch=1"),
        ("SIP / 2.0 / tcp   h : 5060 ; branch = 1", "SIP/2.0/TCP h:5060;branch=1"),
        ("sip/2.0/UDP\t[2001:db8::1]:5070", "SIP/2.0/UDP [2001:db8::1]:5070"),
        ("SIP/2.0/UDP [::1] : 7;rport", "SIP/2.0/UDP [::1]:7;rport"),
        ("SIP/2.0/UNKNOWN t4.example.com", "SIP/2.0/UNKNOWN t4.example.com"),
        ("SIP/2.0/UDP my_host:0", "SIP/2.0/UDP my_host:0"),
    ],
)
def test_a_via_is_read(text: str, written: str) -> None:
    assert str(Via.parse(text)) == written


def test_a_via_has_a_branch() -> None:
    assert Via.parse("SIP/2.0/UDP h;BRANCH=z9hG4bKx").branch == "z9hG4bKx"
    assert Via.parse("SIP/2.0/UDP h").branch is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ;branch=1",
        "SIP/2.0 UDP h",
        "HTTP/2.0/UDP h",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP h:x",
        "SIP/2.0/UDP h i",
        "SIP/2.0/U,P h",
        "SIP/2.0/UDP [::1",
        ";",
    ],
)
def test_what_is_no_via_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Via.parse(text)


def test_own_vias_are_checked_too() -> None:
    with pytest.raises(ValueError, match="transport"):
        Via(transport="UDP\r\n", host="h")
    with pytest.raises(ValueError, match="port"):
        Via(transport="UDP", host="h", port=70000)
    with pytest.raises(ValueError, match="host"):
        Via(transport="UDP", host="h\r\nX: y")


@pytest.mark.parametrize("text", ["1 INVITE", "0001 INVITE", "1\tINVITE", " 1   INVITE "])
def test_a_cseq_is_read(text: str) -> None:
    assert CSeq.parse(text) == CSeq(number=1, method="INVITE")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "INVITE",
        "1 INVITE x",
        "-1 INVITE",
        "2147483648 INVITE",
        "² INVITE",
        "1 IN(VITE",
        "9" * 5000 + " INVITE",
    ],
)
def test_what_is_no_cseq_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        CSeq.parse(text)


def test_own_cseqs_are_checked_too() -> None:
    for number, method in ((-1, "BYE"), (2**31, "BYE"), (1, "B YE"), (1, "")):
        with pytest.raises(ValueError, match="no CSeq"):
            CSeq(number=number, method=method)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("a", ["a"]),
        (" a , b,c ", ["a", "b", "c"]),
        (",,a,,", ["a"]),
        ('"A, B" <sip:a@h>, <sip:b,c@h>', ['"A, B" <sip:a@h>', "<sip:b,c@h>"]),
        (r'"\"," <sip:a@h>, b', [r'"\"," <sip:a@h>', "b"]),
        ('"open, <sip:a@h>, b', ['"open, <sip:a@h>, b']),
        ("<open, b", ["<open, b"]),
        ('"<", b', ['"<"', "b"]),
        ('<">, b', ['<">', "b"]),
        ('x="a,b";y=">", c', ['x="a,b";y=">"', "c"]),
    ],
)
def test_a_list_is_split_outside_quotes_and_brackets(text: str, pieces: list[str]) -> None:
    assert split_list(text) == pieces


@given(addresses)
def test_addresses_are_read_back(address: NameAddress) -> None:
    assert NameAddress.parse(str(address)) == address


@given(vias)
def test_vias_are_read_back(via: Via) -> None:
    assert Via.parse(str(via)) == via


@given(cseqs)
def test_cseqs_are_read_back(cseq: CSeq) -> None:
    assert CSeq.parse(str(cseq)) == cseq


@given(st.lists(addresses))
def test_a_list_of_addresses_is_split_where_it_was_joined(written: list[NameAddress]) -> None:
    joined = ", ".join(map(str, written))
    assert [NameAddress.parse(piece) for piece in split_list(joined)] == written


@given(st.text('ab"\\<>;=, :@sip'))
def test_any_text_is_read_or_refused(text: str) -> None:
    for piece in split_list(text):
        try:
            address = NameAddress.parse(piece)
        except ParseError:
            continue
        assert NameAddress.parse(str(address)) == address


def test_an_address_is_read_once_unless_it_is_long() -> None:
    short, long = "<sip:anna@example.com>;tag=1", f"<sip:anna@example.com>;tag={'1' * 300}"
    assert NameAddress.parse(short) is NameAddress.parse(short)
    assert NameAddress.parse(long) == NameAddress.parse(long)
    assert NameAddress.parse(long) is not NameAddress.parse(long)


def test_what_is_no_address_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(ParseError):
            NameAddress.parse("<sip:anna@example.com")


_WORDS = """SIP / 2.0 3.0 UDP udp TCP X a.b H_1 127.0.0.1 [::1] : 0 5060 65536 ; branch RPORT = z9hG4bK-1 " < > , ? @ ä"""
_PIECES = st.sampled_from([*_WORDS.split(), *" \t\r\n\0\u00a0"])
_TEXTS = st.lists(_PIECES, max_size=12).map("".join)
_VIAS = st.builds("SIP/2.0/{}{}{}{}".format, *[_PIECES] * 3, _TEXTS)


@given(_TEXTS | _VIAS | vias.map(str))
def test_a_usual_via_is_read_as_any_other(text: str) -> None:
    read = outcome(Via.parse, text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(header_values, "_USUAL_VIA", NEVER)
        patch.setattr(parameters, "_UNUSUAL", ALWAYS)

        assert read == outcome(Via.parse, text)


@given(_TEXTS)
def test_usual_parameters_are_read_as_any_others(text: str) -> None:
    read = outcome(Parameters.parse, text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parameters, "_UNUSUAL", ALWAYS)

        assert read == outcome(Parameters.parse, text)


def outcome(read: Callable[[str], object], text: str) -> str:
    """Return what a reader made of a text, or what it raised."""
    try:
        return repr(read(text))
    except ValueError as error:
        return repr(error)


NEVER, ALWAYS = re.compile("(?!)"), re.compile("")
