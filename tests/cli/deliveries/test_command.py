"""A delivery's story says what the endpoint reported, even where its status was good."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.deliveries.command import _show_delivery
from switchhook.domain.failure import Failure, FailureKind
from switchhook.operations.history import DeliveryStory
from switchhook.storage.records import DeliveryRow, DeliveryState
from tests.support.promises import attempt, delivery

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
