"""A project file that is applied while calls run holds for the next call, and not for those that run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.house import NEXT, Callee, Line, open_house, project_of, ring

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

DIALLED, OTHER = "380910000001", "380500000010"
SLEEPY = "380500000011"
"""Rings and is never picked up."""


def _line(*numbers: str) -> Line:
    return Line(number=DIALLED, steps=tuple(ring(number, timeout=6.0) for number in numbers))


def test_a_running_call_keeps_its_scheme_and_the_next_has_the_new_one(tmp_path: Path) -> None:
    callee = Callee(answers=f"{NEXT}|{OTHER}")
    with open_house(tmp_path, (_line(SLEEPY, NEXT),), callee=callee) as house:
        early = house.stranger()
        with house.caller(DIALLED, who=early) as caller:
            house.callee.wait_for("INVITE", SLEEPY)
            changed = project_of((_line(OTHER),), trunk=house.callee.port, events=house.events)
            house.server.apply(replace(changed, name="Changed"))
            house.server.wait_for_log(lambda entry: entry.get("event") == "project applied")
            later = house.call(DIALLED)
            assert house.rung(later.who) == [OTHER]
            assert caller.wait() == 0, caller.complaints()
        assert house.rung(early) == [SLEEPY, NEXT]
        before, _ = house.told_of(early)
        versions = [
            house.server.json("calls", id_)["version"] for id_ in (before["call_id"], later.id)
        ]
        assert versions == [1, 2]


def test_a_file_with_a_mistake_changes_nothing(tmp_path: Path) -> None:
    """It is refused with the line; what runs goes on as it was."""
    with open_house(tmp_path, (_line(NEXT),), callee=Callee()) as house:
        file = tmp_path / "house.toml"
        lines = file.read_text(encoding="utf-8").splitlines()
        place = lines.index(f'ring = ["{NEXT}"]')
        lines[place] = "ring = [380500000009]"
        file.write_text("\n".join(lines), encoding="utf-8")
        done = house.server.command("apply", str(file))
        assert done.returncode == 1
        assert f"line {place + 1}" in done.stderr
        assert house.rung(house.call(DIALLED).who) == [NEXT]
