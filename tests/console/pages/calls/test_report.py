"""A report is opened from a disk, without a server, in light and in dark, and its hostile texts do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.views.call_report.write import call_report
from tests.support.loop import run
from tests.views.call_report.test_write import kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.browsing import Sight


@pytest.mark.slow
@pytest.mark.parametrize("is_narrow", [False, True], ids=["wide", "narrow"])
def test_a_report_is_read_from_a_file(
    look: Callable[..., Sight], tmp_path: Path, *, is_narrow: bool
) -> None:
    file = tmp_path / "call.html"
    file.write_bytes(call_report(WHOLE))
    sight = look("", is_narrow=is_narrow, is_dark=is_narrow)
    sight.url = ""
    page = sight.page
    page.goto(file.as_uri())
    page.get_by_text("Received").first.click()
    page.get_by_role("heading", name="Who told whom what").wait_for()
    sight.check(f"report-{'narrow-dark' if is_narrow else 'wide'}")


WHOLE = run(kept())
"""Read before the browser's thread has a loop of its own."""
