"""A failure shows its class first, then what happened."""

from __future__ import annotations

from switchhook.domain.failure import Failure, FailureKind


def test_a_failure_reads_as_class_and_sentence() -> None:
    failure = Failure(kind=FailureKind.REFUSED, detail="crm.example port 80 refused the connection")
    assert str(failure) == "refused: crm.example port 80 refused the connection"


def test_classes_are_stored_so_their_names_stay() -> None:
    assert {kind.name.lower() for kind in FailureKind} == {kind.value for kind in FailureKind}
