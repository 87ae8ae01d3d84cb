"""Mistakes are counted whole, however many of them are listed."""

from __future__ import annotations

from switchhook.api.responses import MAX_LISTED, invalid_file
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes


def many(count: int) -> Mistakes:
    return Mistakes(
        tuple(
            Mistake(line=n + 1, path=("numbers", n, "number"), problem="wrong")
            for n in range(count)
        )
    )


def test_few_are_all_listed() -> None:
    told = invalid_file(many(2)).content

    assert told.detail == "the project file has 2 mistakes"
    assert [(one.line, one.key, one.advice) for one in told.mistakes] == [
        (1, "numbers[0].number", ""),
        (2, "numbers[1].number", ""),
    ]


def test_of_very_many_the_first_are_listed() -> None:
    told = invalid_file(many(MAX_LISTED + 1)).content

    assert len(told.mistakes) == MAX_LISTED
    assert told.detail == "the project file has 1001 mistakes; the first 1000 are listed"
