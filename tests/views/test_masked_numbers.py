"""Of a telephone number the last two digits are shown, wherever it stands; ids and moments are no numbers."""

from __future__ import annotations

import pytest

from switchhook.views.masked_numbers import mask_numbers, masked


@pytest.mark.row("T-35")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+380441112233", "+**********33"),
        ("0441112233", "********33"),
        ("from 380441112233 to 101", "from **********33 to 101"),
        ("(044) 111-22-33", "(***) ***-**-33"),
        ("+38 (044) 111 22 33", "+** (***) *** ** 33"),
        ("0 800 111 222", "* *** *** *22"),
        (
            "https://crm.example/?c=%2B380441112233&x=1",
            "https://crm.example/?c=%2B**********33&x=1",
        ),
        ('{"phone":"380441112233"}', '{"phone":"**********33"}'),
        ("2026-12-01 10:00:00", "2026-12-01 10:00:00"),
        ("answered 503 within 1.5 s", "answered 503 within 1.5 s"),
        ("scheme 77, 101", "scheme 77, 101"),
    ],
)
def test_numbers_are_masked_in_texts(text: str, shown: str) -> None:
    assert mask_numbers(text) == shown


@pytest.mark.parametrize("text", ["(", "+", "0 ", "(0", "( 1"])
def test_a_text_that_nearly_is_a_number_takes_no_longer_than_another(text: str) -> None:
    long = text * 200_000  # an hour, where time grows with the square of its length
    assert len(mask_numbers(long)) == len(long)


def test_json_is_masked_but_for_ids_and_moments() -> None:
    value = {
        "id": "1760000000.7",
        "call": "1760000000.7",
        "about": {"call": "deal:17", "id": "deal:%2B380441112233"},
        "variables": {"id": "380441112233", "next": "0441112233"},
        "facts": {"event_field:phone_at": "380441112233"},
        "arrived_at": "2026-12-01T09:21:18.000+02:00",
        "caller": "+380441112233",
        "attempts": [{"target": "380445556677"}, 3801234567, None, True],
        "+380441112233": 1,
    }

    assert masked(value) == {
        "id": "1760000000.7",
        "call": "1760000000.7",
        "about": {"call": "deal:17", "id": "deal:%2B**********33"},
        "variables": {"id": "**********33", "next": "********33"},
        "facts": {"event_field:phone_at": "**********33"},
        "arrived_at": "2026-12-01T09:21:18.000+02:00",
        "caller": "+**********33",
        "attempts": [{"target": "**********77"}, 3801234567, None, True],
        "+**********33": 1,
    }
