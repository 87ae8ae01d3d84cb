"""A delivery's story says what the endpoint reported, even where its status was good."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.deliveries.command import _show_delivery
from switchhook.domain.failure import Failure, FailureKind
from switchhook.operations.history import DeliveryStory
from switchhook.storage.delivery import Incident
from switchhook.storage.records import Check, DeliveryRow, DeliveryState
from tests.support.promises import DOWN, attempt, delivery

if TYPE_CHECKING:
    from switchhook.storage.delivery import Delivery


def shown(told: Delivery, answer: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    tried = attempt(told, answer=answer)
    row = DeliveryRow(number=1, delivery=told, state=DeliveryState.DELIVERED, latest=tried)
    _show_delivery(DeliveryStory(row=row, attempts=(tried,)))
    return capsys.readouterr().out


@pytest.mark.row("S-44")
def test_an_error_of_json_rpc_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = delivery(body=b'{"jsonrpc":"2.0","method":"m","params":{},"id":"d"}')
    said = shown(told, b'{"error":{"code":1,"message":"no\\n"}}', capsys)

    assert ": delivered\n" in said
    assert "status 200" in said
    assert "  the endpoint reported JSON-RPC error 1: no·\n" in said


def test_without_one_there_is_no_word_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert "reported" not in shown(delivery(), b'{"error":{}}', capsys)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FailureKind.NOT_SET_UP, ": not sent\n"),
        (FailureKind.EXPIRED, ": not sent\n"),
        (FailureKind.SUPERSEDED, ": not sent\n"),
        (FailureKind.UNDER_WAY, ": under way\n"),
        (FailureKind.ADDRESS_REFUSED, ": not sent\n"),
        (FailureKind.HEADERS_TIMEOUT, ": no answer after "),
    ],
)
def test_a_try_that_sent_nothing_waited_for_no_answer(
    kind: FailureKind, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = delivery()
    tried = replace(attempt(told, failure=Failure(kind=kind, detail="Why.")), status=0)
    row = DeliveryRow(number=1, delivery=told, state=DeliveryState.FAILED, latest=tried)
    _show_delivery(DeliveryStory(row=row, attempts=(tried,)))

    assert said in capsys.readouterr().out


def test_an_attempt_says_what_it_proved_who_answered_and_how_long_each_part_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = delivery()
    facts = (
        ("proved_by", "an HMAC signature, a client certificate"),
        ("address", "192.0.2.1:443"),
        ("seconds_connect", "0.0120"),
        ("seconds_total", "0.2500"),
        ("header_server", "nginx\x1b[2J"),
    )
    tried = replace(attempt(told, failure=DOWN), facts=facts)
    row = DeliveryRow(
        number=1,
        delivery=told,
        state=DeliveryState.FAILED,
        latest=tried,
        checked=Check(by="mary", at=1.0),
    )
    _show_delivery(DeliveryStory(row=row, attempts=(tried,)))
    said = capsys.readouterr().out
    for line in (
        "checked by mary, 1970-01-01",
        "  proved by an HMAC signature, a client certificate\n",
        "  sent to 192.0.2.1:443\n",
        "  took: connection 12.0 ms, in all 250.0 ms\n",
        "  server: nginx·[2J\n",
    ):
        assert line in said


def test_what_is_parked_says_behind_what_and_when_the_next_probe_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = delivery()
    incident = Incident(
        project="shop", webhook="crm", since=0.0, failures=7, parked_for=60.0, parked_until=60.0
    )
    row = DeliveryRow(
        number=1, delivery=told, state=DeliveryState.PARKED, latest=None, incident=incident
    )
    _show_delivery(DeliveryStory(row=row, attempts=()))
    said = capsys.readouterr().out
    assert "behind crm, which fails: 7 failures in a row since 1970-01-01" in said
    assert "next probe at 1970-01-01" in said
