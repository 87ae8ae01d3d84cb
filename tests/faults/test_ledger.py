"""The ledger finds each fault that it is there for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.ledger import Ledger, Receipt


def row(
    seq: int = 1, *, state: str = "delivered", tried: int = 1, detail: str | None = None
) -> dict[str, Any]:
    latest = {"number": tried, "detail": detail} if tried else None
    name = f"c1.{seq}.crm"
    return {
        "id": name,
        "call": "c1",
        "seq": seq,
        "event": f"event {seq}",
        "state": state,
        "latest": latest,
    }


def receipt(seq: int = 1, content: bytes = b"x", status: int = 200) -> Receipt:
    return Receipt(sink="crm", id=f"c1.{seq}.crm", content=content, status=status)


def ledger(*receipts: Receipt, accepted: int = 1, in_flight: int = 1) -> Ledger:
    return Ledger(
        in_flight=in_flight,
        events={f"event {seq}": 1 for seq in (1, 2)},
        accepted={("c1", f"event {seq}") for seq in range(1, accepted + 1)},
        receipts=list(receipts),
    )


def test_a_delivery_that_arrived_once_is_fine() -> None:
    book = ledger(receipt())
    book.settled([row()])
    assert book.problems == []


def test_a_failed_one_is_fine_with_a_reason_and_not_without() -> None:
    book = ledger(receipt(status=503))
    book.settled([row(state="failed", detail="answered 503")])
    assert book.problems == []
    book.settled([row(state="failed")])
    assert book.problems == ["c1.1.crm is failed without a reason"]


def test_a_success_that_is_called_a_failure_is_found() -> None:
    book = ledger(receipt())
    book.settled([row(state="failed", detail="timed out")])
    assert book.problems == ["c1.1.crm is called failed, and was answered 200"]


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ([], "event 1 of call c1 was accepted, and has 0 deliveries"),
        ([row(state="pending", tried=0)], "c1.1.crm is pending for ever"),
        ([row()], "c1.1.crm is called delivered, and never arrived"),
    ],
)
def test_a_loss_is_found(listed: list[dict[str, Any]], problem: str) -> None:
    book = ledger()
    book.settled(listed)
    assert book.problems == [problem]


def test_what_was_in_flight_at_a_kill_may_come_again_once_with_the_same_content() -> None:
    book = ledger(receipt())
    book.killed([row(state="pending", tried=0)])
    book.receipts.append(receipt())
    book.settled([row()])
    assert (book.problems, book.repeated) == ([], [1])
    book.receipts.append(receipt(content=b"y"))
    book.settled([row()])
    assert book.problems == [
        "c1.1.crm arrived 1 times more than recorded, and nothing was killed",
        "c1.1.crm came with 2 different contents",
    ]


def test_a_repetition_of_what_was_settled_is_found() -> None:
    book = ledger(receipt(), receipt())
    book.killed([row()])
    assert book.problems == ["c1.1.crm arrived 1 times more than recorded, and is delivered"]


def test_more_in_flight_than_may_be_is_found() -> None:
    book = ledger(receipt(1), receipt(2), accepted=2)
    book.killed([row(1, state="pending", tried=0), row(2, state="pending", tried=0)])
    assert book.problems == ["2 deliveries were in flight, 1 may be"]


def test_a_later_event_that_came_first_is_found() -> None:
    book = ledger(receipt(2), receipt(1), accepted=2)
    book.settled([row(1), row(2)])
    assert book.problems == ["c1.1.crm came to crm after a later event of its call"]


def test_what_nobody_promised_is_found() -> None:
    book = ledger(receipt(2), accepted=0)
    book.settled([])
    assert "c1.2.crm arrived and was never promised" in book.problems
