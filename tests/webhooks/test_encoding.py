"""Values become bytes that decode to the same values and to nothing else."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.webhooks.encoding import header_value, is_header_name, json_bytes, urlencode

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TEXT_PAIRS = st.lists(st.tuples(TEXTS.filter(bool), TEXTS), max_size=5)


@pytest.mark.row("S-11", "A-01", "S-73")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("380441112233", "380441112233"),
        ("a b", "a b"),
        ("100%", "100%"),
        (" a", "%20a"),
        ("a ", "a%20"),
        ("a\r\nX: y", "a%0D%0AX%3A%20y"),
        ("a\tb", "a%09b"),
        ("a\x00b\x7f", "a%00b%7F"),
        ("Иван Иванов", "%D0%98%D0%B2%D0%B0%D0%BD%20%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2"),
        ("a\n", "a%0A"),
    ],
)
def test_a_header_value_is_plain_ascii_or_percent_encoded(text: str, expected: str) -> None:
    assert expected == header_value(text)


@pytest.mark.row("S-73")
@given(text=st.text(max_size=40))
def test_a_header_value_never_leaves_its_line(text: str) -> None:
    value = header_value(text)

    assert value.isascii()
    assert value.isprintable()
    assert value == value.strip()


@given(text=TEXTS.filter(lambda text: not text.isascii()))
def test_an_encoded_header_value_can_be_read_again(text: str) -> None:
    assert text == unquote(header_value(text))


@pytest.mark.row("S-46")
@pytest.mark.parametrize("name", ["Auth-Key", "X_1", "caller", "E164", "a.b!#$%&'*+^`|~"])
def test_tokens_are_header_names(name: str) -> None:
    assert is_header_name(name)


@pytest.mark.row("S-46", "S-11")
@pytest.mark.parametrize(
    "name",
    ["", "a b", "a:b", "a\r\nb", "Імя", "Host", "CONTENT-LENGTH", "Transfer-Encoding", "a\n"],
)
def test_other_names_are_not(name: str) -> None:
    assert not is_header_name(name)


@pytest.mark.row("S-73")
@given(pairs=TEXT_PAIRS)
def test_a_query_decodes_to_what_was_put_in(pairs: list[tuple[str, str]]) -> None:
    query = urlencode(pairs)

    assert pairs == parse_qsl(query, keep_blank_values=True, strict_parsing=bool(pairs))
    assert query.isascii()
    assert not set(query) & set(' \r\n#"<>')


@pytest.mark.row("S-73", "A-20")
@given(pairs=TEXT_PAIRS)
def test_json_decodes_to_what_was_put_in(pairs: list[tuple[str, str]]) -> None:
    members = dict(pairs)

    assert members == json.loads(json_bytes({**members}))
    assert list(members) == list(json.loads(json_bytes({**members})))


@pytest.mark.row("A-20")
def test_json_is_compact_and_its_letters_are_not_escaped() -> None:
    assert '{"имя":"Київ 🙂","a":["1"]}'.encode() == json_bytes({"имя": "Київ 🙂", "a": ["1"]})
