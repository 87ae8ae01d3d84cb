"""Every happening of a call has its words, in the order of time, and no text from outside moves a cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.storage.records import DeliveryRow, DeliveryState
from switchhook.views.timeline import SIGNS, WORDS, delivery_lines, entry_line
from switchhook.webhooks.http import HttpRequest
from tests.support.promises import DOWN, attempt, delivery, mail

if TYPE_CHECKING:
    from switchhook.storage.delivery import Attempt


def test_a_mail_names_who_is_told() -> None:
    promise = mail()

    def line(state: DeliveryState, latest: Attempt | None) -> str:
        row = DeliveryRow(number=1, delivery=promise, state=state, latest=latest)
        (found,) = delivery_lines(row)
        return f"{found.sign} {found.text}"

    told = "incoming.after to desk@example.com"
    done = replace(attempt(promise), status=250)
    refused = replace(attempt(promise, failure=DOWN), status=550)
    assert line(DeliveryState.PENDING, None) == f"✉ {told}: waits"
    assert line(DeliveryState.DELIVERED, done) == f"✉ {told}: accepted, 250 in 250 ms"
    assert line(DeliveryState.FAILED, refused) == f"✗ {told}: status: answered 503"


def test_what_is_to_be_said_of_a_value_stands_below_its_delivery() -> None:
    promise = delivery()
    assert isinstance(promise.request, HttpRequest)
    noted = replace(promise, request=replace(promise.request, notes=("v: custom is 'a\nb'",)))
    for state, latest in (
        (DeliveryState.PENDING, None),
        (DeliveryState.DELIVERED, attempt(noted)),
        (DeliveryState.FAILED, attempt(noted, failure=DOWN)),
    ):
        row = DeliveryRow(number=1, delivery=noted, state=state, latest=latest)
        (found,) = delivery_lines(row)
        assert found.below == ("v: custom is 'a·b'",)


def test_a_callback_says_for_whom_it_is() -> None:
    facts = (("caller", "101"), ("callee", "380501112233"), ("callback", "crm over the API"))
    entry = JournalEntry(seq=1, at=5.0, kind=EntryKind.ARRIVED, facts=facts)
    assert entry_line(entry).text == "101 calls 380501112233, a callback for crm over the API"


def test_no_reason_says_an_end_once_more() -> None:
    def text(happening: EntryKind, reason: str, **facts: str) -> str:
        told = tuple(facts.items())
        return entry_line(JournalEntry(seq=1, at=5.0, kind=happening, text=reason, facts=told)).text

    lost = {"target": "102", "end": "answered_elsewhere"}
    busy = {"outcome": "busy", "ended_by": "system"}
    assert text(EntryKind.ATTEMPT_ENDED, "answered elsewhere", **lost) == "102: answered elsewhere"
    assert text(EntryKind.ENDED, "busy", **busy) == "ends: busy, by the system"
    assert text(EntryKind.ENDED, "blocked", **busy) == "ends: busy, by the system (blocked)"


def test_every_happening_has_sign_and_words() -> None:
    assert set(SIGNS) == set(WORDS) == set(EntryKind)


@pytest.mark.parametrize("happening", EntryKind)
def test_an_entry_without_facts_is_still_a_line(happening: EntryKind) -> None:
    line = entry_line(JournalEntry(seq=1, at=5.0, kind=happening, leg="b1"))

    assert line.at == 5.0
    assert line.text


@pytest.mark.parametrize("happening", EntryKind)
def test_no_text_from_outside_moves_the_cursor(happening: EntryKind) -> None:
    evil = "a\x1b[2J\nb\u202e"
    facts = tuple(
        (name, evil)
        for name in ("caller", "callee", "target", "webhook", "kind", "step", "end", "outcome")
    )
    text = entry_line(JournalEntry(seq=1, at=5.0, kind=happening, text=evil, facts=facts)).text

    assert text.isprintable()


def test_failures_say_how_long_and_why() -> None:
    facts = (("webhook", "crm"), ("seconds", "2.04"), ("kind", "headers_timeout"))
    entry = JournalEntry(seq=1, at=5.0, kind=EntryKind.ASK_FAILED, text="too slow", facts=facts)

    assert entry_line(entry).text == "crm fails after 2.0 s: headers_timeout, too slow"


@pytest.mark.row("FE-12")
@pytest.mark.parametrize(
    ("length", "said"), [("5.08125", "5.1 s"), ("0.48", "480 ms"), ("75.04", "1:15 min")]
)
def test_a_recording_has_its_length_to_the_tenth(length: str, said: str) -> None:
    facts = (("seconds", length),)
    entry = JournalEntry(seq=1, at=5.0, kind=EntryKind.RECORDED, text="a.wav", facts=facts)

    assert entry_line(entry).text == f"recorded {said}: a.wav"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"address": ""}, "no answer"),
        ({"address": "192.0.2.7:80"}, "no answer from 192.0.2.7:80"),
        (
            {"address": "192.0.2.7:80", "status": "200", "read_as": "strict JSON"},
            "200 from 192.0.2.7:80 over a kept connection, read as strict JSON",
        ),
        ({"status": "200"}, "not sent; 200 was given as the answer, not read"),
    ],
)
def test_what_came_back_is_said_in_one_line(facts: dict[str, str], said: str) -> None:
    told = (("request", "GET http://crm.example/"), *facts.items())
    entry = JournalEntry(seq=1, at=5.0, kind=EntryKind.ANSWER, facts=told)

    assert entry_line(entry).below == (f"GET http://crm.example/: {said}",)


def test_a_table_was_looked_up_and_nothing_sent() -> None:
    told = (("request", "LOOKUP table:vip"), ("status", "200"), ("read_as", "strict JSON"))
    entry = JournalEntry(seq=1, at=5.0, kind=EntryKind.ANSWER, facts=told)

    assert entry_line(entry).below == ("LOOKUP table:vip: looked up on this machine",)


def test_redirects_that_were_followed_are_named() -> None:
    told = (("request", "GET http://crm.example/"), ("redirected_to", "https://crm.example"))
    entry = JournalEntry(seq=1, at=5.0, kind=EntryKind.ASK_FAILED, facts=told)

    said = "GET http://crm.example/, redirected to https://crm.example: no answer"
    assert entry_line(entry).below == (said,)


@pytest.mark.parametrize(
    ("happening", "text", "facts", "said"),
    [
        (EntryKind.KEYED, "no code in time", {}, "no code in time"),
        (EntryKind.KEYED, "4", {"digit": "4"}, "the caller presses: 4"),
        (EntryKind.ASKED, "pin", {}, "asks pin"),
        (EntryKind.ASKED, "pin", {"attempt": "2"}, "asks pin about the code of attempt 2"),
        (
            EntryKind.ASKED,
            "pin",
            {"attempt": "2", "code": "0042"},
            "asks pin about the code 0042 of attempt 2",
        ),
        (EntryKind.BRANCH, "failed: attempt 3 of 3", {}, "takes branch failed: attempt 3 of 3"),
    ],
)
def test_codes_keys_and_branches_have_their_words(
    happening: EntryKind, text: str, facts: dict[str, str], said: str
) -> None:
    entry = JournalEntry(seq=1, at=5.0, kind=happening, text=text, facts=tuple(facts.items()))

    assert entry_line(entry).text == said
