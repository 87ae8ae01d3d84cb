"""Callbacks and transfers are handed to the calls that run here, and what they say comes back as an error or an id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.cause import Cause
from switchhook.operations import calling
from switchhook.operations.calling import (
    CallbackError,
    NoServerError,
    NotTransferredError,
    call_back,
    transfer_call,
)
from switchhook.operations.history import NoSuchCallError
from switchhook.routing.admission import Rejection
from switchhook.routing.callback_admission import WantedCallback
from switchhook.routing.events import TransferOrdered
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Callable

WANTED = WantedCallback(project="shop", caller="mary", callee="john", by="jane")
ORDER = TransferOrdered(by="jane", to="john")


@dataclass
class Calls:
    """Calls that run as a test says."""

    made: str | Rejection = "1.2"
    why: str | None = ""
    stores: bool = True
    wanted: list[object] = field(default_factory=list)

    def call_back(self, wanted: WantedCallback, recorded: Callable[[], None]) -> str | Rejection:
        self.wanted.append(wanted)
        if self.stores:
            recorded()
        return self.made

    def transfer(
        self, call: str, order: TransferOrdered, *, project: str | None = None
    ) -> str | None:
        self.wanted.append((call, order, project))
        return self.why


def test_a_callback_is_made_once_it_is_stored() -> None:
    calls = Calls()
    assert run(call_back(calls, WANTED)) == "1.2"
    assert calls.wanted == [WANTED]


def test_a_store_that_fails_holds_up_no_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "STORE_TIMEOUT", 0.01)
    assert run(call_back(Calls(stores=False), WANTED)) == "1.2"


def test_why_a_callback_is_not_made_is_an_error() -> None:
    full = Rejection(cause=Cause(sip=503, text="1000 calls run"), retry_after=5)
    with pytest.raises(CallbackError, match="1000 calls run") as caught:
        run(call_back(Calls(made=full), WANTED))
    assert (caught.value.status, caught.value.retry_after) == (503, 5)


def test_without_a_server_there_are_no_calls() -> None:
    with pytest.raises(NoServerError, match="start `switchhook serve`"):
        run(call_back(None, WANTED))
    with pytest.raises(NoServerError):
        transfer_call(None, "1.2", ORDER)


def test_a_call_is_transferred_or_it_is_said_why_not() -> None:
    calls = Calls()
    transfer_call(calls, "1.2", ORDER, project="shop")
    assert calls.wanted == [("1.2", ORDER, "shop")]
    with pytest.raises(NoSuchCallError):
        transfer_call(Calls(why=None), "1.2", ORDER)
    with pytest.raises(NotTransferredError, match=r"call 1\.2 is not transferred: no scheme 7"):
        transfer_call(Calls(why="no scheme 7"), "1.2", ORDER)
