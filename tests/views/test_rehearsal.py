"""A rehearsal is told in numbers and in lines: each reason has words, and what came from outside stays on its line."""

from __future__ import annotations

from collections import Counter

from switchhook.operations.rehearsal.draft import Missing, Unknown
from switchhook.operations.rehearsal.replay import CallEnding, Route
from switchhook.operations.rehearsal.run import CallPath, Diversion, RehearsalCount
from switchhook.views.rehearsal import WHY, count_as_json, diversion_lines, summary


def test_every_reason_has_words() -> None:
    assert set(WHY) == set(Missing)


def test_numbers_add_up() -> None:
    count = RehearsalCount(rehearsed=4_100, elsewhere=312, unknown=Counter({Missing.NOT_ASKED: 38}))

    assert list(summary(count)) == [
        "312 of 4,100 calls would go elsewhere",
        "38 cannot be rehearsed to their end:",
        "  38: a webhook is asked that was not asked then",
    ]
    told = count_as_json(count)
    assert (told["same"], told["unknown_by_reason"]) == (3_750, {"not_asked": 38})


def test_one_call_and_none_are_told_as_such() -> None:
    one = RehearsalCount(rehearsed=1, unknown=Counter({Missing.NOT_ASKED: 1}))

    assert list(summary(one))[:2] == [
        "0 of 1 call would go elsewhere",
        "1 cannot be rehearsed to its end:",
    ]
    assert list(summary(RehearsalCount())) == [
        "no call came in that time, so there was nothing to rehearse"
    ]


def test_a_call_stays_on_its_lines() -> None:
    def way(ending: CallEnding | None) -> CallPath:
        return CallPath(path="phone:30 → mary\n", route=Route([{"mary"}], ending))

    lines = list(
        diversion_lines(
            Diversion(
                call="c1",
                arrived_at=0.0,
                caller="\x1b[2J",
                callee="100",
                stored=way(CallEnding("answered", "mary\n")),
                rehearsed=way(None),
                unknown=Unknown(Missing.NOT_RUNG, "jo\nhn"),
            )
        )
    )

    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[1] == "    went   phone:30 → mary·; mary· answered"
    assert lines[2].endswith(
        "not known from there on: a target rings that did not ring then (jo·hn)"
    )


def test_each_ending_has_words() -> None:
    def told(ending: CallEnding) -> str:
        way = CallPath(path="", route=Route([], ending))
        one = Diversion(
            call="c1",
            arrived_at=0.0,
            caller="",
            callee="100",
            stored=way,
            rehearsed=way,
            unknown=None,
        )
        return list(diversion_lines(one))[1].partition("; ")[2]

    assert told(CallEnding("message")) == "a message was recorded"
    assert told(CallEnding("refused", "404")) == "refused with 404"
    assert told(CallEnding("busy", "486")) == "busy (486)"
