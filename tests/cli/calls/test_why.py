"""An operator asks why a telephone did not ring, and is told what to change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from switchhook.cli.main import FAILED, FINE, run
from tests.support import loop
from tests.support.told import CALL, remember

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_is_told_with_what_would_have_rung_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop.run(remember(tmp_path))
    where = ("--data-dir", str(tmp_path))
    assert run(["why", CALL, "101", *where]) == FINE
    out = capsys.readouterr().out
    assert out.startswith("101: ")
    assert "to change it: " in out
    assert run(["why", CALL, "380443334455", "--json", *where]) == FINE
    told = json.loads(capsys.readouterr().out)
    assert (told["rang"], told["decision"]) == (True, "rang")
    assert run(["why", "none", "101", *where]) == FAILED
    assert "there is no call none" in capsys.readouterr().err
