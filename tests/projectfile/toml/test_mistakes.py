"""A mistake says line, place, problem and advice; a suggestion is given where a name is near."""

from __future__ import annotations

import pytest

from switchhook.projectfile.toml.mistakes import (
    MAX_COMPARED,
    MAX_MISTAKES,
    Mistake,
    Mistakes,
    Notes,
    TooManyMistakesError,
    did_you_mean,
    shown,
    written,
)


def test_a_mistake_reads_as_one_line() -> None:
    mistake = Mistake(
        line=14,
        path=("forwarding_numbers", 0, "ring_timeout"),
        problem="700 is more than 600 seconds",
        advice="allowed are 5 to 600",
    )

    assert str(mistake) == (
        "line 14: forwarding_numbers[0].ring_timeout: 700 is more than 600 seconds;"
        " allowed are 5 to 600"
    )
    assert str(Mistake(line=0, path=(), problem="this is wrong")) == "this is wrong"


def test_mistakes_come_in_the_order_of_lines_and_once() -> None:
    notes = Notes("a = 1\nb = 2\n")
    notes.add(("b",), "second")
    notes.add(("a",), "first")
    notes.add(("b",), "second")

    assert str(notes.all()) == "line 1: a: first\nline 2: b: second"
    assert len(notes) == 2


def test_no_mistakes_are_none() -> None:
    assert Notes().all() is None
    with pytest.raises(ValueError, match="no mistakes"):
        Mistakes(())


def test_a_path_is_written_as_people_know_it() -> None:
    assert written(("schemes", 0, "steps", 2, "ring")) == "schemes[0].steps[2].ring"
    assert written(("a b", "c")) == "'a b'.c"


def test_suggestions_are_near_or_complete() -> None:
    assert (
        did_you_mean("insertion_typ", ("insertion_type", "pool")) == "did you mean insertion_type?"
    )
    assert did_you_mean("zzz", ("b", "a")) == "known are a, b"
    assert did_you_mean("zzz", ()) == ""
    assert did_you_mean("no answer", ("missed", "answered")) == "known are answered, missed"
    assert did_you_mean("5xy", ("5xx", "ct")) == "did you mean 5xx?"


def test_values_are_shown_on_one_short_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown("x" * 1000)) == 40


def test_among_very_many_names_none_is_looked_for_nor_listed() -> None:
    """A file with thousands of logins and of wrong references to them would be read for minutes."""
    assert did_you_mean("a1", [f"a{i}" for i in range(MAX_COMPARED)]) == "did you mean a1?"
    assert did_you_mean("zzz", [f"a{i}" for i in range(MAX_COMPARED)]) == ""
    assert did_you_mean("a1", [f"a{i}" for i in range(10_000)]) == ""


def test_very_many_mistakes_are_not_looked_for() -> None:
    notes = Notes()
    for number in range(MAX_MISTAKES):
        notes.add(("a", number), "wrong")
    with pytest.raises(TooManyMistakesError):
        notes.add(("b",), "wrong")

    found = notes.all()
    assert found is not None
    assert len(found) == MAX_MISTAKES + 1
    assert str(found).splitlines()[-1] == "there are more than 1000 mistakes; mend the others first"


def test_a_number_of_more_digits_than_python_writes_is_shown() -> None:
    assert shown(16**5000) == "a number of very many digits"
