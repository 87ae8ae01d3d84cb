"""The operator makes and transfers calls with the running server, and hears why one cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchhook.cli import calling
from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.operations.calling import CallbackError
from switchhook.operations.control import CallBack, CallMade, TransferCall
from switchhook.routing.events import Side
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="acts")
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """Return the acts that a server is asked for."""
    acts: list[Any] = []

    def change(_: Path, act: Any) -> CallMade:
        acts.append(act)
        return CallMade(call="1.2")

    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(calling, "change", change)
    return acts


def test_a_callback_is_made_and_its_calls_id_printed(
    acts: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["callback", "101", "+380501112233", "--shown", "380442223344"]) == FINE
    assert capsys.readouterr().out == "1.2\n"
    assert acts == [
        CallBack(
            project=None,
            caller="101",
            callee="+380501112233",
            by="an operator",
            shown="380442223344",
        )
    ]


def test_a_call_is_transferred_to_a_target_or_a_scheme(acts: list[Any]) -> None:
    assert run(["transfer", "1.2", "102", "--leaves", "callee"]) == FINE
    assert run(["transfer", "1.2", "--scheme", "7"]) == FINE
    assert acts == [
        TransferCall(call="1.2", by="an operator", to="102", leaves=Side.CALLEE),
        TransferCall(call="1.2", by="an operator", to="scheme 7", scheme=7),
    ]


def test_a_transfer_names_one_target(acts: list[Any]) -> None:
    assert run(["transfer", "1.2"]) == MISUSED
    assert run(["transfer", "1.2", "102", "--scheme", "7"]) == MISUSED
    assert acts == []


def test_why_it_is_not_made_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(_: Path, act: Any) -> CallMade:
        raise CallbackError(f"this project does not call {act.callee}")

    monkeypatch.setattr(calling, "change", change)
    assert run(["callback", "101", "380900123456"]) == FAILED
    assert "this project does not call 380900123456" in capsys.readouterr().err


def test_without_a_server_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "project.toml").write_text(MINIMAL)
    assert run(["apply", str(tmp_path / "project.toml")]) == FINE
    assert run(["callback", "101", "380501112233"]) == FAILED
    assert "no server runs on this data directory" in capsys.readouterr().err
