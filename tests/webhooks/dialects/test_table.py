"""A row of a table is written in the words that its webhook reads, and a question has numbers in canonical form."""

from __future__ import annotations

from dataclasses import replace

from switchhook.domain.webhook import Encoding
from switchhook.webhooks.answer import RingTargets, read_answer
from switchhook.webhooks.dialects.table import (
    TableQuestion,
    TableRow,
    question_of,
    table_answer,
    table_request,
)
from switchhook.webhooks.parameters import CallFacts
from tests.support.snapshots import JOHN, MARY, PIN, snapshot
from tests.webhooks.samples import make_call

ROW = TableRow(line=2, destination="mary, john", name="Anna & Co")


def test_a_question_names_caller_dialled_number_and_code() -> None:
    call = make_call()
    request = table_request("vip", CallFacts(call=call, now=0.0), code="0042")

    assert (request.method, request.url, request.headers) == ("LOOKUP", "table:vip", ())
    asked = question_of(request)
    assert (asked.caller, asked.code) == (call.caller.number, "0042")
    nobody = call.changed(caller=call.caller.changed(number=""))
    assert question_of(table_request("vip", CallFacts(call=nobody, now=0.0))) == TableQuestion(
        caller="withheld", dialled=asked.dialled
    )


def test_a_forwarding_number_reads_the_row_whatever_its_import() -> None:
    within = snapshot()
    for form in Encoding:
        webhook = replace(within.webhooks["crm"], import_=form)
        reading = read_answer(webhook, table_answer(webhook, ROW), within, ask_id="")
        assert reading.decision == RingTargets(targets=(MARY, JOHN))


def test_a_dial_plan_webhook_hears_nak_without_a_row() -> None:
    assert table_answer(PIN, None).body == b"status=NAK"
    assert table_answer(PIN, ROW).body == (
        b"status=ACK&destination=mary%2C+john&callername=Anna+%26+Co"
    )
    empty = TableRow(line=2, destination="", name="")
    assert table_answer(PIN, empty).body == b"status=ACK"
