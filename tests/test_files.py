"""A file that people name is read within a bound: not a device without end, nor a recording in place of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook import files
from switchhook.cli.main import FAILED, MISUSED, run

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("check FILE", FAILED),
        ("apply FILE", FAILED),
        ("call --from 1 --to 2 --file FILE", FAILED),
        ("template add FILE slack", FAILED),
        ("serve --config FILE", MISUSED),
    ],
)
def test_a_file_that_is_far_too_long_is_refused(
    words: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 2 << 20)
    file = tmp_path / "long"
    file.write_bytes(b"=" * ((2 << 20) + 1))
    assert run([str(file) if word == "FILE" else word for word in words.split()]) == code
    assert str(file) in (told := capsys.readouterr().err)
    assert "longer than 2 MiB" in told
