"""Whatever an endpoint does, the caller gets through: the next location rings in time (S-12, S-13)."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook.app.user_agent import USER_AGENT
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import AskStep
from switchhook.domain.webhook import Field, ForwardingNumber
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.conformance.drivers import line
from tests.support.faults import BODIES, faulty_urls
from tests.support.house import NEXT, Callee, House, Line, asking, open_house, project_of, ring
from tests.support.keyed import entries
from tests.support.loop import run
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.sipp import Sipp

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PATIENCE = 1.0
"""Seconds that each endpoint here may take (response_timeout)."""
BAD_BODY, STATUS, NEVER_FOLLOWED = (
    {"bad_body"},
    {"status"},
    {"status", "redirect", "address_refused"},
)
CLASSES = {
    "refused": {"refused"},
    "no such name": {"dns", "dns_timeout"},
    "certificate": {"tls"},
    "mute": {"headers_timeout"},
    "silent": {"headers_timeout"},
    "slow head": {"headers_timeout"},
    "slow body": {"body_timeout"},
    "closed": {"reset"},
    "cut": {"bad_response"},
    "not HTTP": {"bad_response"},
    "404": STATUS,
    "500": STATUS,
    "loop": NEVER_FOLLOWED,
    "link local": NEVER_FOLLOWED,
    "empty": BAD_BODY,
    "null": BAD_BODY,
    "no member": BAD_BODY,
    "empty member": BAD_BODY,
    "true": BAD_BODY,
    "html": BAD_BODY,
    "fraction": BAD_BODY,
    "no UTF": BAD_BODY,
    "10 MB": {"too_large"},
    "gzip bomb": {"too_large"},
}
"""Every fault, and the classes of failure that it may be told as."""
NUMBERS = {fault: f"38085{place:07d}" for place, fault in enumerate(CLASSES)}
PROMPT = tuple(f"38087{place:07d}" for place in range(3))
"""Numbers whose endpoint has no fault: what their callers wait is the machine's and the telephones'."""
LATE, LOST = "380860000001", "380860000002"
"""Numbers whose endpoint takes 1.5 s, and whose scheme has no next location."""
SLEEPY = "380440000007"
"""Rings and is never picked up."""


class Called(NamedTuple):
    """Every number was called: who called for which fault, with which telephone."""

    by: dict[str, str]
    phone: Sipp
    lag: float
    """Seconds that the slowest call of an endpoint without fault took in the same run."""

    def invited(self, who: str) -> float:
        """Return when `who` called; a slow machine has the telephone send its INVITE again."""
        return min(
            m.at
            for m in self.phone.messages()
            if m.sent and m.method == "INVITE" and m.is_from(who)
        )


class Parts(NamedTuple):
    house: House
    web: Endpoint
    lines: tuple[Line, ...]

    def simulated(self, number: str, caller: str, **phones: str) -> tuple[str, ...]:
        """Return the path of the same call in the simulator, up to who hangs up."""
        project = project_of(self.lines, trunk=5060, events=self.web)
        snapshot = ProjectSnapshot(replace(project, events=()))
        script = Script(caller=caller, callee=number, phones=phones)
        made = run(simulate_call(snapshot, script, now=0.0, product=USER_AGENT))
        return tuple(map(line, made.journal))[:-2]


def _late(asked: Received) -> bytes:
    if asked.target.startswith("/prompt"):
        return reply(json.dumps({"dst_phone": NEXT}))
    time.sleep(1.5)
    return reply(json.dumps({"dst_phone": SLEEPY}))


def _lines(urls: dict[str, str], web: Endpoint) -> Iterator[Line]:
    for fault, number in NUMBERS.items():
        webhook = ForwardingNumber(name=fault, url=urls[fault], response_timeout=PATIENCE)
        yield asking(number, webhook)
    for number in PROMPT:
        webhook = ForwardingNumber(name=f"prompt {number}", url=web.url("/prompt"))
        yield asking(number, webhook)
    late = ForwardingNumber(
        name="late",
        url=web.url("/late"),
        ring_timeout=7.0,
        response_timeout=2.0,
        fields=(Field(name="step_forward", parameter="forward_location"),),
    )
    yield asking(LATE, late)
    lost = ForwardingNumber(name="lost", url=urls["refused"])
    yield Line(number=LOST, steps=(AskStep(webhook="lost"),), webhooks=(lost,))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("faults")
    with faulty_urls(CLASSES) as urls, Endpoint(_late) as web:
        lines = tuple(_lines(urls, web))
        with open_house(directory, lines, callee=Callee(answers=NEXT)) as house:
            yield Parts(house, web, lines)


@pytest.fixture(scope="module")
def all_faults(parts: Parts) -> Called:
    """Call every number at the same time, those without fault first, in the middle and last."""
    house = parts.house
    callers = {fault: house.stranger() for fault in NUMBERS}
    prompt = {number: house.stranger() for number in PROMPT}
    pairs = [(NUMBERS[fault], who) for fault, who in callers.items()]
    for place, pair in zip((0, len(pairs) // 2, len(pairs) + 2), prompt.items(), strict=True):
        pairs.insert(place, pair)
    with house.callers(*pairs, rate=40) as phone:
        assert phone.wait(30) == 0, phone.complaints() + house.server.tail()
        called = Called(callers, phone, 0.0)
        waits = [house.seen(who)[0].at - called.invited(who) for who in prompt.values()]
        return called._replace(lag=max(waits))


@pytest.mark.row("S-12", "A-54")
@pytest.mark.parametrize("fault", CLASSES)
def test_the_next_location_rings_in_time(parts: Parts, all_faults: Called, fault: str) -> None:
    """S-12."""
    who, phone = all_faults.by[fault], all_faults.phone
    called_at, lag = all_faults.invited(who), all_faults.lag
    house = parts.house
    (rung,) = house.seen(who)
    assert rung.dialled == NEXT
    heard = [m for m in phone.messages() if m.method == "180" and m.is_from(who)]
    assert heard[0].at - called_at < 0.5 + lag, "ringing is heard while the endpoint is asked"
    assert rung.at - called_at < PATIENCE + 0.5 + lag
    story = house.story(who, phone)
    failed = story.facts("ask_failed")
    assert failed["kind"] in CLASSES[fault]
    assert failed["webhook"] == fault
    assert story.happened("ask_failed")[0]["text"]
    if fault in BODIES:
        assert (failed["status"], failed["bytes"]) == ("200", str(len(BODIES[fault])))
    location, then, rang = story.way.split(" → ")
    assert location == f"webhookNumber:60 (failed: {failed['kind']})"
    assert (then.partition(":")[0], rang) == ("phone", NEXT)
    assert story.after["connected_with"] == NEXT
    assert parts.simulated(NUMBERS[fault], who) == entries(story.path)[:-2]


@pytest.mark.row("S-12", "A-54")
def test_without_a_next_location_the_caller_is_told(parts: Parts) -> None:
    """S-12: no fallback either; the status is "call forwarding scheme did not work"."""
    story = parts.house.call(LOST, scenario="e2e_caller_refused", replace={"STATUS": "486"})
    assert story.after["status"] == "NO-FORWARD"
    assert story.facts("ended")["outcome"] == "failed"


@pytest.mark.row("S-13", "A-08", "R1-23")
def test_how_long_it_rings_and_how_long_it_is_asked_are_two_things(parts: Parts) -> None:
    """S-13: an answer after 1.5 s of 2 is used; what it names rings 7 s, then the next location."""
    house = parts.house
    story = house.call(LATE)
    assert parts.web.ledger.requests[-1].target == "/late?step_forward=webhookNumber%3A7"
    sleepy, after = house.seen(story.who)
    assert (sleepy.dialled, after.dialled) == (SLEEPY, NEXT)
    (cancel,) = house.seen(story.who, "CANCEL")
    assert abs(cancel.at - sleepy.at - 7.0) < 0.5
    assert abs(after.at - cancel.at) < 0.5
    ends = [entry["facts"]["end"] for entry in story.happened("attempt_ended")]
    assert ends == ["timeout", "answered"]
    assert story.way.startswith(f"webhookNumber:7 → {SLEEPY} (timeout) → phone:")
    made = parts.simulated(LATE, story.who, **{SLEEPY: "rings"})
    assert made == entries(story.path)[:-2]


@pytest.mark.row("S-12", "A-54")
def test_the_fallback_rings_when_no_step_placed_the_call(tmp_path: Path) -> None:
    """S-12: with no next location, the project's fallback."""
    webhook = ForwardingNumber(name="dead", url="http://no-such-host.invalid/")
    line = Line(number=LOST, steps=(AskStep(webhook="dead"),), webhooks=(webhook,))
    fallback = ring(NEXT).targets[0]
    with open_house(tmp_path, (line,), callee=Callee(), fallback=fallback) as house:
        story = house.call(LOST)
        assert house.rung(story.who) == [NEXT]
        assert [entry["happening"] for entry in story.path].count("fallback") == 1
