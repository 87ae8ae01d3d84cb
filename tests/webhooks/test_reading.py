"""Foreign text in a notice is one short printable line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.webhooks.reading import quoted, shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ({"a": 1}, "an object"),
        ([1], "an array"),
        (3, "'3'"),
        ("Київ", "'Київ'"),
        ("a\r\nb", r"'a\r\nb'"),
        ("x" * 41, "'" + "x" * 40 + "'…"),
    ],
)
def test_what_a_value_looks_like(value: object, expected: str) -> None:
    assert expected == shown(value)


@given(text=st.text())
def test_quoted_text_is_short_and_printable(text: str) -> None:
    assert quoted(text).isprintable()
    assert len(quoted(text)) <= 40 * 10 + 3
