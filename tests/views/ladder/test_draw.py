"""A drawn ladder is well-formed SVG with everything in it, whatever strangers' texts hold, and with neither script nor style."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from switchhook.views.ladder.draw import draw, draw_bar, draw_phases, totals
from switchhook.views.ladder.values import (
    Ladder,
    LadderLane,
    LadderSpan,
    LadderSpanKind,
    LaneKind,
    Rung,
    RungKind,
)
from switchhook.views.masked_numbers import mask_numbers

SVG = "{http://www.w3.org/2000/svg}"
OURS = LadderLane(kind=LaneKind.SWITCHHOOK, title="Switchhook")


def ladder(text: str, name: str = "+380441112233") -> Ladder:
    caller = LadderLane(kind=LaneKind.CALLER, title=name)
    rungs = (
        Rung(at=1.0, source=caller, target=OURS, text=text, kind=RungKind.CALL, href="#line-1"),
        Rung(at=2.5, source=OURS, target=OURS, text=text, kind=RungKind.NOTE),
    )
    spans = (
        LadderSpan(lane=caller, kind=LadderSpanKind.TALKING, began_at=1.0, ended_at=2.0),
        LadderSpan(lane=OURS, kind=LadderSpanKind.TALKING, began_at=1.5, ended_at=2.5),
    )
    return Ladder(began_at=1.0, ended_at=2.5, lanes=(caller, OURS), rungs=rungs, spans=spans)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=80))
def test_any_text_stays_text(text: str) -> None:
    svg = str(draw(ladder(text, name=text or "x"), text))
    root = ET.fromstring(svg)

    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "g", "title", "line", "text", "path", "circle", "rect", "a")
    }
    names = {name for one in root.iter() for name in one.attrib}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    said = [one.text or "" for one in root.iter() if one.tag.endswith("title")]
    assert sum(text in one for one in said) >= 2


def test_numbers_are_masked_everywhere_in_it() -> None:
    svg = draw(ladder("calls 380800111222"), "Call of +380441112233", mask=mask_numbers)

    assert "8001112" not in svg
    assert "4411122" not in svg
    assert "**33" in svg


def test_bars_say_what_took_how_long() -> None:
    bar = draw_bar(ladder("hello"))
    ET.fromstring(str(bar))
    assert bar.count("talking for 1.0 s") == 2
    assert totals(ladder("hello")) == {"asking": 0.0, "ringing": 0.0, "talking": 1.5}
    phases = draw_phases({"dns": 0.01, "connect": 0.03}, 0.08)
    ET.fromstring(str(phases))
    assert 'class="phase connect" x="125.0" y="0" width="375.0"' in phases
