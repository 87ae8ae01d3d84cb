"""Draws ladders and their spans as SVG: text that is escaped, shapes with classes, and neither script nor style."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from switchhook.views.ladder.values import LadderSpanKind
from switchhook.views.text import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from switchhook.views.ladder.values import Ladder, LadderLane, LadderSpan, Rung

TIMES: Final = 74
"""Pixels of the column of times."""
HEAD: Final = 34
ROW: Final = 28
"""Pixels from one rung to the next: room for a finger (WCAG 2.2, 2.5.8)."""
LETTER: Final = 6.5
"""Pixels of a letter of 12 pixels' height, or a little more than most have."""
_WIDTH: Final = 960
_LANE: Final = (138.0, 190.0)
_BAR: Final = 1_000
_BAR_ROW: Final = 14


def plain(text: str) -> str:
    """Return a text as it is."""
    return text


def draw(ladder: Ladder, title: str, *, mask: Callable[[str], str] = plain) -> Markup:
    """Return the ladder as SVG. `mask` is applied to each text."""
    count = len(ladder.lanes)
    wide = min(_LANE[1], max(_LANE[0], (_WIDTH - TIMES) / count))
    places = {lane: TIMES + wide * (number + 0.5) for number, lane in enumerate(ladder.lanes)}
    width, height = TIMES + wide * count, HEAD + ROW * len(ladder.rungs) + 12
    parts = [
        Markup(
            '<svg class="ladder" role="graphics-document" aria-label="{}" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}">'
        ).format(mask(title), width, height, width, height)
    ]
    parts += _lanes(ladder, places, wide, height, mask)
    parts += (
        _span(ladder, span, places[span.lane]) for span in ladder.spans if span.lane in places
    )
    before = ""
    for row, rung in enumerate(ladder.rungs):
        after = f"+{seconds(max(0.0, rung.at - ladder.began_at))}"
        parts.append(_rung(rung, _y(row), places, width, "" if after == before else after, mask))
        before = after
    return Markup("\n").join([*parts, Markup("</svg>")])


def _y(row: int) -> float:
    return HEAD + ROW * row + ROW * 0.75


def _lanes(
    ladder: Ladder,
    places: Mapping[LadderLane, float],
    wide: float,
    height: float,
    mask: Callable[[str], str],
) -> Iterator[Markup]:
    for lane in ladder.lanes:
        x, title = places[lane], mask(lane.title)
        yield Markup(
            '<g class="lane"><title>{}: {}</title><line x1="{:.1f}" y1="{}" x2="{:.1f}" y2="{:.1f}"/>'
            '<text class="kind" x="{:.1f}" y="12" text-anchor="middle">{}</text>'
            '<text class="head" x="{:.1f}" y="26" text-anchor="middle">{}</text></g>'
        ).format(
            lane.kind,
            title,
            x,
            HEAD,
            x,
            height,
            x,
            "" if title.lower() == lane.kind else lane.kind,
            x,
            _cut(title, wide - 8),
        )


def _cut(text: str, room: float) -> str:
    most = max(4, int(room / LETTER))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _rung(  # noqa: PLR0917 - what is drawn, and where
    rung: Rung,
    y: float,
    places: Mapping[LadderLane, float],
    width: float,
    after: str,
    mask: Callable[[str], str],
) -> Markup:
    start, end, text = places[rung.source], places[rung.target], mask(rung.text)
    if rung.is_note:
        shape = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"/>').format(start, y - 4)
        said = Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(
            start + 9, y, _cut(text, width - start - 12)
        )
    else:
        tip = 7 if end < start else -7
        shape = Markup(
            '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/><path d="M{:.1f} {:.1f}l{} -4v8z"/>'
        ).format(start, y, end, y, end, y, tip)
        said = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
            (start + end) / 2, y - 5, _cut(text, abs(end - start) - 12)
        )
    whole = Markup("<title>{}  {} → {}: {}</title>").format(
        after, mask(rung.source.title), mask(rung.target.title), text
    )
    time = Markup('<text class="time" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
        TIMES - 10, y, after
    )
    drawn = Markup('<g class="rung {}">{}{}{}{}</g>').format(rung.kind, whole, shape, said, time)
    if not rung.href:
        return drawn
    hit = Markup('<rect class="hit" x="0" y="{:.1f}" width="{:.0f}" height="{}"/>').format(
        y - ROW * 0.7, width, ROW - 2
    )
    return Markup('<a href="{}" aria-label="{}">{}{}</a>').format(
        rung.href, f"{after} {text}".strip(), hit, drawn
    )


def _span(ladder: Ladder, span: LadderSpan, x: float) -> Markup:
    moments = [rung.at for rung in ladder.rungs]
    first = max(0, bisect_right(moments, span.began_at) - 1)
    last = min(max(first, bisect_left(moments, span.ended_at)), len(moments) - 1)
    return Markup(
        '<rect class="span {}" x="{:.1f}" y="{:.1f}" width="8" height="{:.1f}" rx="2"><title>{} for {}</title></rect>'
    ).format(
        span.kind,
        x - 4,
        _y(first) - 4,
        max(8.0, _y(last) - _y(first) + 4),
        span.kind,
        seconds(span.seconds),
    )


def draw_bar(ladder: Ladder) -> Markup:
    """Return what went on when, from the begin to the end of the call, as SVG of any width: a row for each kind of span."""
    whole = max(ladder.ended_at - ladder.began_at, 0.001)
    parts = []
    for row, kind in enumerate(LadderSpanKind):
        y = row * _BAR_ROW
        parts.append(
            Markup('<rect class="track" x="0" y="{}" width="{}" height="{}"/>').format(
                y, _BAR, _BAR_ROW - 3
            )
        )
        for span in ladder.spans:
            if span.kind is kind:
                begin = (span.began_at - ladder.began_at) / whole * _BAR
                length = max(2.0, span.seconds / whole * _BAR)
                parts.append(
                    Markup(
                        '<rect class="span {}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{} for {}</title></rect>'
                    ).format(
                        kind,
                        min(begin, _BAR - 2.0),
                        y,
                        min(length, _BAR - begin + 2),
                        _BAR_ROW - 3,
                        kind,
                        seconds(span.seconds),
                    )
                )
    height = _BAR_ROW * len(LadderSpanKind) - 3
    return Markup(
        '<svg class="call-bar" aria-hidden="true" width="100%" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>'
    ).format(height, _BAR, height, Markup("").join(parts))


def totals(ladder: Ladder) -> dict[str, float]:
    """Return the seconds of each kind of span, those at the same time counted once: the bar as words."""
    return {
        kind: _covered([span for span in ladder.spans if span.kind is kind])
        for kind in LadderSpanKind
    }


def _covered(spans: Sequence[LadderSpan]) -> float:
    length, reached = 0.0, float("-inf")
    for span in sorted(spans, key=lambda one: one.began_at):
        begin = max(span.began_at, reached)
        length += max(0.0, span.ended_at - begin)
        reached = max(reached, span.ended_at)
    return length


def draw_phases(phases: Mapping[str, float], longest: float) -> Markup:
    """Return the parts of an exchange, in seconds, behind one another, on a scale up to the longest exchange."""
    whole, x, parts = max(longest, 0.001), 0.0, []
    for name, took in phases.items():
        length = took / whole * _BAR
        if length > 0:
            parts.append(
                Markup(
                    '<rect class="phase {}" x="{:.1f}" y="0" width="{:.1f}" height="12"><title>{} {}</title></rect>'
                ).format(name, x, max(1.5, length), name, seconds(took))
            )
        x += length
    return Markup(
        '<svg class="phases" aria-hidden="true" width="100%" height="12" viewBox="0 0 {} 12" preserveAspectRatio="none">'
        '<rect class="track" x="0" y="0" width="{}" height="12"/>{}</svg>'
    ).format(_BAR, _BAR, Markup("").join(parts))
