"""A scheme's graph says where calls go, from any scheme on, and which steps none of them reaches."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from switchhook.domain.project import Number, Project, ProjectSnapshot
from switchhook.domain.scheme import (
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    RingStep,
    Scheme,
)
from switchhook.domain.target import Target, TargetKind
from switchhook.views.schemes.graph import draw_graph, graph_of
from switchhook.views.schemes.outline import outline, walk


def ring(value: str) -> RingStep:
    """Ring one account for 20 seconds."""
    return RingStep(targets=(Target(kind=TargetKind.ACCOUNT, value=value),), timeout=20.0)


NIGHT = Scheme(id=7, name="Night", steps=(HangUpStep(status=486), ring("103")))
MAIN = Scheme(
    id=1,
    name="Main",
    steps=(
        HoursStep(hours="office", open_=(ring("101"),), closed=(GoToStep(scheme=7),)),
        MenuStep(sounds=("choose",), choices=(MenuChoice(key="*", steps=(ring("102"),)),)),
    ),
)
SNAPSHOT = ProjectSnapshot(
    Project(
        id="acme",
        name="Acme",
        numbers=(Number(number="380800111222", scheme=1),),
        schemes=(MAIN, NIGHT, Scheme(id=9, name="Lost <b>", steps=())),
    )
)


def test_a_step_behind_one_that_ends_the_call_is_dead_and_the_scheme_says_so() -> None:
    found = outline(NIGHT, SNAPSHOT)
    assert [(one.number, one.dead) for one in walk(found.steps)] == [
        ("1", ""),
        ("2", "no call gets past step 1"),
    ]
    assert found.problems == ("step 2 is never reached",)
    assert found.before == (1,)


def test_a_scheme_that_nothing_leads_to_is_a_problem() -> None:
    found = outline(SNAPSHOT.schemes[9], SNAPSHOT)
    assert "no number and no scheme leads here; a webhook's answer still may" in found.problems
    assert outline(MAIN, SNAPSHOT).problems == ()


def test_the_ways_of_a_graph_follow_branches_and_go_on_into_other_schemes() -> None:
    ways = {(one["source"], one["when"], one["target"]) for one in graph_of(MAIN, SNAPSHOT).ways()}
    assert ways >= {
        ("s1", "then", "s1-1"),
        ("s1-1", "Open", "s1-1-open-1"),
        ("s1-1-open-1", "not answered", "s1-2"),
        ("s1-1-closed-1", "always", "s7"),
        ("s1-2", "Key *", "s1-2-star-1"),
        ("s1-2", "No key", "s1-end"),
        ("s7", "then", "s7-1"),
    }
    assert ("s7-1", "then", "s7-2") not in ways
    assert {one["source"] for one in graph_of(NIGHT, SNAPSHOT).ways()} == {"s7", "s7-2"}


def test_the_drawing_is_well_formed_links_each_step_and_masks_and_escapes_texts() -> None:
    lost = ProjectSnapshot(Project(id="acme", name="", schemes=(SNAPSHOT.schemes[9],)))
    strange = str(draw_graph(graph_of(lost.schemes[9], lost), "x", href="#{}".format))
    ET.fromstring(strange)
    assert "Lost &lt;b&gt;" in strange
    drawn = draw_graph(
        graph_of(MAIN, SNAPSHOT),
        "Main",
        href="#{}".format,
        mask=lambda text: text.replace("101", "***"),
    )
    links = [one.get("href") for one in ET.fromstring(str(drawn)).iter("a")]
    assert {"#s1-1-open-1", "#s7-2"} <= set(links)
    assert "101" not in drawn
    assert "never reached" in drawn
