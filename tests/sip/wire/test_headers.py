"""Headers keep their order, are found under any of their names, and change by making new ones."""

from __future__ import annotations

import pytest

from switchhook.sip.wire.headers import Headers
from switchhook.sip.wire.message import Headers as AsExported

HEADERS = Headers(
    [
        ("via", "SIP/2.0/UDP a"),
        ("f", "<sip:a@h>"),
        ("VIA", "SIP/2.0/UDP b, SIP/2.0/UDP c"),
        ("X-Crm-id", "7"),
    ]
)


def test_names_are_spelt_as_the_rfc_does_and_others_stay() -> None:
    assert [name for name, _ in HEADERS] == ["Via", "From", "Via", "X-Crm-id"]
    assert AsExported is Headers


@pytest.mark.parametrize("name", ["From", "from", "FROM", "f", "F"])
def test_a_header_is_found_in_any_form(name: str) -> None:
    assert HEADERS.get(name) == "<sip:a@h>"
    assert name in HEADERS


def test_one_all_and_split() -> None:
    assert HEADERS.get("Via") == "SIP/2.0/UDP a"
    assert HEADERS.get("v", "none") == "SIP/2.0/UDP a"
    assert HEADERS.all("v") == ("SIP/2.0/UDP a", "SIP/2.0/UDP b, SIP/2.0/UDP c")
    assert HEADERS.values("v") == ("SIP/2.0/UDP a", "SIP/2.0/UDP b", "SIP/2.0/UDP c")
    assert HEADERS.repeated == {"Via"}


def test_what_is_not_there() -> None:
    assert HEADERS.get("To") is None
    assert HEADERS.get("To", "none") == "none"
    assert (HEADERS.all("To"), HEADERS.values("To")) == ((), ())
    assert "To" not in HEADERS
    assert 7 not in HEADERS
    assert Headers().repeated == frozenset()


def test_changes_make_new_ones() -> None:
    assert list(HEADERS.add("t", " <sip:b@h> "))[-1] == ("To", "<sip:b@h>")
    assert list(HEADERS.put("v", "x", "y")) == [
        ("Via", "x"),
        ("Via", "y"),
        ("From", "<sip:a@h>"),
        ("X-Crm-id", "7"),
    ]
    assert list(HEADERS.put("To", "x"))[-1] == ("To", "x")
    assert "Via" not in HEADERS.put("Via")
    assert list(HEADERS.without("v", "x-crm-id", "To")) == [("From", "<sip:a@h>")]
    assert HEADERS.without("To") == HEADERS
    assert len(HEADERS) == 4


def test_equal_by_what_they_say() -> None:
    assert Headers([("v", "x")]) == Headers([("Via", "x")])
    assert hash(Headers([("v", "x")])) == hash(Headers([("Via", "x")]))
    assert Headers([("Via", "x")]) != Headers([("Via", "y")])
    assert Headers() != ()
    assert repr(Headers([("v", "x")])) == "Headers([('Via', 'x')])"


@pytest.mark.parametrize("value", ["a\r\nb", "a\n", "\ra", "a\0"])
def test_a_value_stays_on_its_line(value: str) -> None:
    for change in (HEADERS.add, HEADERS.put):
        with pytest.raises(ValueError, match="line break"):
            change("X", value)
    with pytest.raises(ValueError, match="line break"):
        Headers([("X", value)])


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\n", "ä"])
def test_a_name_is_a_token(name: str) -> None:
    for change in (HEADERS.add, HEADERS.put):
        with pytest.raises(ValueError, match="header name"):
            change(name, "x")
