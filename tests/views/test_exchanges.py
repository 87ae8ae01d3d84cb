"""What was asked and answered is told for programs, with how long each part took."""

from __future__ import annotations

from switchhook.domain.journal import EntryFacts, EntryKind, JournalEntry
from switchhook.views.exchanges import exchanges_of
from switchhook.views.timeline import call_lines


def entry(seq: int, kind: EntryKind, text: str, *facts: tuple[str, str]) -> JournalEntry:
    given: EntryFacts = facts
    return JournalEntry(seq=seq, at=float(seq), kind=kind, text=text, facts=given)


ANSWERED = (
    entry(1, EntryKind.ASKED, "crm", ("ask", "c-1")),
    entry(2, EntryKind.NOTICE, "read leniently"),
    entry(
        3,
        EntryKind.ANSWER,
        "101",
        ("webhook", "crm"),
        ("seconds", "0.1200"),
        ("request", "POST https://crm.example/route"),
        ("address", "192.0.2.7"),
        ("seconds_dns", "0.0100"),
        ("seconds_total", "0.1100"),
        ("status", "200"),
        ("body", "101"),
        ("try_1", "POST https://crm.example/route; timeout; 50.0 ms"),
        ("bytes", "3"),
        ("read_as", "text"),
        ("request_headers", "Host: crm.example\nX-Key: ****"),
        ("request_body", '{"caller":"380441112233"}'),
        ("response_headers", "content-type: text/plain"),
    ),
)


def test_an_answer_stands_beside_its_question() -> None:
    (told,) = exchanges_of(ANSWERED)
    assert (told["ask"], told["webhook"], told["answer"]) == ("c-1", "crm", "101")
    assert (told["status"], told["bytes"], told["body"]) == (200, 3, "101")
    assert (told["seconds"], told["phases"]) == (0.12, {"dns": 0.01, "total": 0.11})
    assert told["tries"] == ["POST https://crm.example/route; timeout; 50.0 ms"]
    assert (told["failure"], told["detail"]) == (None, None)
    assert told["request_headers"] == [["Host", "crm.example"], ["X-Key", "****"]]
    assert told["request_body"] == '{"caller":"380441112233"}'
    assert (told["response_headers"], told["response_body"]) == (
        [["content-type", "text/plain"]],
        "101",
    )


def test_full_lines_show_both_sides() -> None:
    (line,) = [one for one in call_lines(ANSWERED, is_full=True) if one.sign == "!"]
    assert line.below[-5:] == (
        "> Host: crm.example",
        "> X-Key: ****",
        '> {"caller":"380441112233"}',
        "< content-type: text/plain",
        "< 101",
    )
    assert not any("Host" in below for one in call_lines(ANSWERED) for below in one.below)


def test_a_failure_says_its_kind() -> None:
    failed = entry(2, EntryKind.ASK_FAILED, "no answer", ("webhook", "crm"), ("kind", "timeout"))
    (told,) = exchanges_of((ANSWERED[0], failed))
    assert (told["failure"], told["detail"], told["answer"]) == ("timeout", "no answer", None)
    assert (told["status"], told["phases"]) == (None, {})


def test_what_is_not_answered_yet_is_there() -> None:
    asked = exchanges_of((*ANSWERED, ANSWERED[0]))
    assert len(asked) == 2
    assert asked[1]["ended_at"] is None
    assert asked[1].keys() == asked[0].keys()


def test_a_number_that_is_none_is_left_out() -> None:
    odd = entry(2, EntryKind.ANSWER, "101", ("status", "soon"))
    (told,) = exchanges_of((ANSWERED[0], odd))
    assert told["status"] is None
