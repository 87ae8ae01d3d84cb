"""A scheme, and all that its calls come to, as a graph: its ways as values, and drawn as SVG with neither script nor style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from switchhook.views.schemes.outline import outline, reached
from switchhook.views.text import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.scheme import Scheme
    from switchhook.views.schemes.outline import OutlinedScheme, OutlinedStep

BOX: Final = (264, 40)
"""Pixels of a step: it fits a telephone's screen, and a finger fits it (WCAG 2.2, 2.5.8)."""
ROW: Final = 56
LABEL: Final = 24
"""Pixels of a branch's name above its steps."""
INDENT: Final = 28
SPINE: Final = 14
"""Pixels from a box's left edge to the way that leads on from it."""
LANE: Final = 8
"""Pixels between ways that lead to other schemes."""
LETTERS: Final = 36
"""Letters that fit a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A box: a scheme's head, a step, or the end of a scheme. Places in pixels."""

    id: str
    kind: str
    """`scheme`, `end`, or the word of a step."""
    title: str
    text: str
    dead: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """A way from a box to another, by their ids."""

    source: str
    when: str
    target: str
    kind: str
    """`next`, `branch`, or `jump` for the way to another scheme."""


@dataclass(frozen=True, slots=True)
class SchemeGraph:
    """All boxes, from top to bottom, and the ways between them."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]

    def ways(self) -> list[dict[str, str]]:
        """Return the ways as rows of a table: the graph as text."""
        names = {one.id: f"{one.title} {one.text}".strip() for one in self.nodes}
        return [
            {
                "source": one.source,
                "from": names[one.source],
                "when": one.when,
                "target": one.target,
                "to": names[one.target],
            }
            for one in self.edges
        ]


def graph_of(scheme: Scheme, snapshot: ProjectSnapshot) -> SchemeGraph:
    """Return the graph of what calls that come to a scheme go through."""
    build = _Build(snapshot)
    for one in reached(scheme, snapshot):
        build.add(outline(one, snapshot))
    return SchemeGraph(tuple(build.nodes), tuple(build.edges))


class _Build:
    """A graph as far as it is made."""

    def __init__(self, snapshot: ProjectSnapshot) -> None:
        self.snapshot = snapshot
        self.nodes: list[GraphNode] = []
        self.edges: list[GraphEdge] = []
        self.y = 4

    def add(self, scheme: OutlinedScheme) -> None:
        head = f"s{scheme.id}"
        self._box(head, "scheme", f"Scheme {scheme.id}", scheme.name, x=4)
        end = f"{head}-end"
        self._steps(scheme.steps, head, "then", "next", end, x=4)
        if any(one.target == end for one in self.edges):
            fallback = self.snapshot.project.fallback
            text = "the call ends" if fallback is None else f"fallback: {fallback}"
            self._box(end, "end", "Placed nowhere", text, x=4)
        self.y += ROW - BOX[1]

    def _box(self, name: str, kind: str, title: str, text: str, *, x: int, dead: str = "") -> None:
        self.nodes.append(
            GraphNode(id=name, kind=kind, title=title, text=text, dead=dead, x=x, y=self.y)
        )
        self.y += ROW

    def _steps(
        self,
        steps: tuple[OutlinedStep, ...],
        source: str,
        when: str,
        kind: str,
        behind: str,
        *,
        x: int,
    ) -> None:
        """Add steps one below another; the last one hands on to `behind`."""
        for step in steps:
            if when:
                self.edges.append(GraphEdge(source=source, when=when, target=step.id, kind=kind))
            waits = f" · {seconds(step.seconds)}" if step.seconds is not None else ""
            title = f"{step.number.rpartition('.')[2]}. {step.title}"
            self._box(step.id, step.word, title, step.text + waits, x=x, dead=step.dead)
            if step.go_to in self.snapshot.schemes:
                self.edges.append(
                    GraphEdge(source=step.id, when="always", target=f"s{step.go_to}", kind="jump")
                )
            place = steps.index(step)
            following = steps[place + 1].id if place + 1 < len(steps) else behind
            for branch in step.branches:
                self.y += LABEL if branch.steps else 0
                self._steps(branch.steps, step.id, branch.title, "branch", following, x=x + INDENT)
            source, when, kind = step.id, step.hands_on, "next"
        if when:
            self.edges.append(GraphEdge(source=source, when=when, target=behind, kind=kind))


def plain(text: str) -> str:
    """Return a text as it is."""
    return text


def draw_graph(
    graph: SchemeGraph,
    title: str,
    *,
    href: Callable[[str], str],
    mask: Callable[[str], str] = plain,
) -> Markup:
    """Return the graph as SVG. `href` gives where a box leads, by its id; `mask` is applied to each text."""
    places = {one.id: one for one in graph.nodes}
    jumps = [one for one in graph.edges if one.kind == "jump"]
    width = max(one.x for one in graph.nodes) + BOX[0] + 12 + LANE * min(len(jumps), 6)
    height = max(one.y for one in graph.nodes) + BOX[1] + 8
    parts = [
        Markup(
            '<svg class="scheme-graph" role="graphics-document" aria-label="{}" width="{}" height="{}" viewBox="0 0 {} {}">'
        ).format(mask(title), width, height, width, height)
    ]
    for number, edge in enumerate(jumps):
        lane = width - 4 - LANE * (number % 6)
        parts.append(_jump(places[edge.source], places[edge.target], lane))
    parts += _edges(graph, places)
    parts += (_node(one, href(one.id), mask) for one in graph.nodes)
    return Markup("\n").join([*parts, Markup("</svg>")])


def _edges(graph: SchemeGraph, places: dict[str, GraphNode]) -> Iterator[Markup]:
    for edge in graph.edges:
        source, target = places[edge.source], places[edge.target]
        if edge.kind == "next" and target.x == source.x:
            yield Markup(
                '<g class="way"><line x1="{}" y1="{}" x2="{}" y2="{}"/><path d="M{} {}l-4 -7h8z"/></g>'
            ).format(
                source.x + SPINE,
                source.y + BOX[1],
                source.x + SPINE,
                target.y,
                source.x + SPINE,
                target.y,
            )
        elif edge.kind == "branch" and target.x > source.x:
            down, middle = target.y - LABEL / 2 - 4, target.x + SPINE
            yield Markup(
                '<g class="way"><path class="line" d="M{} {}V{}H{}V{}"/><path d="M{} {}l-4 -7h8z"/>'
                '<text x="{}" y="{}">{}</text></g>'
            ).format(
                source.x + SPINE,
                source.y + BOX[1],
                down,
                middle,
                target.y,
                middle,
                target.y,
                middle + 8,
                down + 5,
                edge.when,
            )


def _jump(source: GraphNode, target: GraphNode, lane: int) -> Markup:
    right, tip = source.x + BOX[0], target.x + BOX[0]
    return Markup(
        '<g class="way jump"><path class="line" d="M{} {}H{}V{}H{}"/><path d="M{} {}l7 -4v8z"/></g>'
    ).format(
        right,
        source.y + BOX[1] // 2,
        lane,
        target.y + BOX[1] // 2,
        tip,
        tip,
        target.y + BOX[1] // 2,
    )


def _node(node: GraphNode, href: str, mask: Callable[[str], str]) -> Markup:
    text = mask(node.text)
    whole = f"{node.title}: {text}" if text else node.title
    if node.dead:
        whole += f" (never reached: {node.dead})"
    shown = Markup(
        '<g class="box {}{}"><title>{}</title><rect x="{}" y="{}" width="{}" height="{}" rx="5"/>'
        '<text class="head" x="{}" y="{}">{}</text><text x="{}" y="{}">{}</text></g>'
    ).format(
        node.kind,
        " dead" if node.dead else "",
        whole,
        node.x,
        node.y,
        *BOX,
        node.x + 9,
        node.y + 16,
        f"{node.title} – never reached" if node.dead else node.title,
        node.x + 9,
        node.y + 32,
        text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…",
    )
    if not href:
        return shown
    return Markup('<a href="{}" aria-label="{}">{}</a>').format(href, whole, shown)
