"""Forwarding numbers steer real calls: payload, JSON-RPC, data of visits, methods, headers, working hours (S-05, S-08 to S-11, S-14)."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from switchhook.app.user_agent import USER_AGENT
from switchhook.domain.hours import WorkingHours, parse_spans
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import (
    AskStep,
    BackgroundStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    PlayStep,
    Scheme,
)
from switchhook.domain.webhook import Field, Place
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.intake.visits import attach_number, put_visit
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tracking.memory import Memory
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.conformance.drivers import line
from tests.support.asked import CASES, FOUND, KYIV, LVIV, NUMBERS, OFFICE, VISITS, Case, number
from tests.support.house import (
    Callee,
    House,
    Line,
    Story,
    asking,
    open_house,
    project_of,
    ring,
)
from tests.support.keyed import Dial, dial, entries, prompts
from tests.support.loop import run
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.domain.hours import Span
    from switchhook.domain.project import Project
    from switchhook.domain.webhook import ForwardingNumber

pytestmark = pytest.mark.slow

ZONE = "Europe/Kyiv"
CHOOSING = "380490000004"
"""A number whose callers choose by a key before its endpoint is asked."""
OPEN, CLOSED, CHANGING = "380490000001", "380490000002", "380490000003"
"""S-14: numbers of an office that is open day and night, of one that never is, and of a usual one."""


def _answer(request: Received) -> bytes:
    name = request.header("X-Case")
    if name == "hours":
        time.sleep(1.0)
        return reply(json.dumps({"dst_phone": FOUND}))
    said = CASES[name].answer
    if said == "by city":
        said = json.dumps({"dst_phone": KYIV if "%D0%9A" in request.target else LVIV})
    if request.body.startswith(b'{"jsonrpc"'):
        said = said.replace("@", json.loads(request.body)["id"])
    return reply(said, content_type="application/json")


def _lines(web: Endpoint) -> tuple[Line, ...]:
    cases = (
        asking(
            NUMBERS[name],
            replace(
                case.webhook,
                name=name,
                url=web.url(case.webhook.url),
                headers=(("X-Case", name),),
            ),
            case.insertion_type,
        )
        for name, case in CASES.items()
    )
    hours = number(web.url("/hours"), name="hours", headers=(("X-Case", "hours"),))
    chosen = number(
        web.url("/chosen"),
        name="chosen",
        fields=(Field(name="ivrnum", parameter="additional_number"),),
        headers=(("X-Case", "PUT"),),
    )
    menu = MenuStep(
        sounds=("start",), choices=(MenuChoice(key="3", steps=(AskStep(webhook="chosen"),)),)
    )
    return (
        *cases,
        *(_hours(which, hours) for which in (OPEN, CLOSED, CHANGING)),
        Line(number=CHOOSING, steps=(menu,), webhooks=(chosen,)),
    )


def _hours(which: str, webhook: ForwardingNumber) -> Line:
    inside = (
        PlayStep(sounds=("start",)),
        BackgroundStep(sounds=("late",)),
        AskStep(webhook="hours"),
    )
    looks = HoursStep(hours=which, open_=inside, closed=(ring(OFFICE),))
    return Line(number=which, steps=(looks,), webhooks=(webhook,) * (which == OPEN))


def _refined(project: Project) -> Project:
    usual = parse_spans("09:00-18:00")
    return replace(
        project,
        time_zone=ZONE,
        hours=(
            _daily(OPEN, parse_spans("00:00-24:00")),
            WorkingHours(name=CLOSED),
            _daily(CHANGING, usual),
        ),
    )


def _daily(name: str, spans: tuple[Span, ...]) -> WorkingHours:
    return WorkingHours(
        name=name,
        monday=spans,
        tuesday=spans,
        wednesday=spans,
        thursday=spans,
        friday=spans,
        saturday=spans,
        sunday=spans,
    )


class Parts(NamedTuple):
    house: House
    web: Endpoint
    stories: dict[str, Story]

    def story(self, name: str) -> Story:
        """Return the one real call of a case, made when it is first wanted."""
        if name not in self.stories:
            self.stories[name] = self.house.call(NUMBERS[name])
        return self.stories[name]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("routing_numbers")
    data_dir = directory / "data"
    data_dir.mkdir()
    run(_tell_of_visits(data_dir))
    callee = Callee(answers="[0-9]+", delay=1000)
    with (
        Endpoint(_answer) as web,
        open_house(
            directory,
            _lines(web),
            callee=callee,
            schemes=(Scheme(id=26076, name="Office", steps=(ring(OFFICE),)),),
            sounds=prompts(),
            refine=_refined,
        ) as house,
    ):
        yield Parts(house, web, {})


async def _tell_of_visits(data_dir: Path) -> None:
    """Let the tracking side say who sees which number."""
    store, memory = await SqliteStore.open(data_dir / DATABASE), Memory()
    now = time.time()
    try:
        for visit, attributes in VISITS.items():
            await put_visit(store, memory, "house", visit, attributes, now=now)
        for name, case in CASES.items():
            if case.visit:
                await attach_number(store, memory, "house", case.visit, NUMBERS[name], now=now)
    finally:
        await store.close()


PARAMETERS = [pytest.param(name, marks=pytest.mark.row(*case.rows)) for name, case in CASES.items()]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_endpoint_gets_these_bytes_and_the_answer_rings(parts: Parts, name: str) -> None:
    case, house = CASES[name], parts.house
    story = parts.story(name)
    assert house.rung(story.who) == [case.rings]
    request = next(one for one in parts.web.ledger.requests if one.header("X-Case") == name)
    arrived = datetime.fromisoformat(house.server.json("calls", story.id)["arrived_at"])
    words = {
        "@WHO@": story.who,
        "@DID@": NUMBERS[name],
        "@CALL@": story.id,
        "@DATE@": arrived.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S"),
    }
    assert request.raw == _image(case, name, parts.web, words)


def _image(case: Case, name: str, web: Endpoint, words: dict[str, str]) -> bytes:
    def fill(text: str) -> str:
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    body = fill(case.body).encode()
    lines = [fill(line).replace(": @", f": {len(body)}") for line in case.lines]
    of_case = f"X-Case: {name}"
    head = [
        f"{fill(case.start)} HTTP/1.1",
        f"Host: {web.authority}",
        f"Origin: {web.authority}",
        f"User-Agent: {USER_AGENT}",
        *((of_case, *lines) if case.webhook.place is Place.HEADERS else (*lines, of_case)),
        "Connection: close",
    ]
    return "".join(f"{line}\r\n" for line in (*head, "")).encode() + body


@pytest.mark.row("S-08")
def test_the_journal_tells_what_the_procedure_complained_of(parts: Parts) -> None:
    error = parts.story("RPC error").happened("ask_failed")[0]["text"]
    assert "-32601" in error
    assert "Method not found" in error
    assert "another" in parts.story("RPC to another").happened("ask_failed")[0]["text"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.visit])
def test_the_simulator_tells_the_same(parts: Parts, name: str) -> None:
    """The same scheme and endpoint, simulated telephones, nobody's visit: the same path."""
    story = parts.story(name)
    made = asyncio.run(_pretend(parts, NUMBERS[name], story.who, time.time()))
    ends = len(story.path) - 2  # the caller hangs up there, and the callee here
    assert made[:ends] == entries(story.path)[:ends]


async def _pretend(parts: Parts, callee: str, caller: str, now: float) -> tuple[str, ...]:
    project = project_of(
        _lines(parts.web),
        trunk=5060,
        events=parts.web,
        schemes=(Scheme(id=26076, name="Office", steps=(ring(OFFICE),)),),
    )
    script = Script(caller=caller, callee=callee)
    snapshot = ProjectSnapshot(_refined(replace(project, events=())))
    made = await simulate_call(snapshot, script, now=now, product=USER_AGENT)
    return tuple(map(line, made.journal))


@pytest.mark.alone
@pytest.mark.row("S-05", "R1-80")
def test_the_endpoint_hears_what_the_caller_chose(parts: Parts) -> None:
    who = parts.house.stranger()
    called = Dial(number=CHOOSING, who=who, cues=(("start", "3"),))
    assert run(_six_seconds(parts.house, called)) == ("start",)
    (request,) = parts.web.ledger.of("/chosen")
    assert request.target == "/chosen?ivrnum=3"
    assert parts.house.rung(who) == [FOUND]


@pytest.mark.alone
@pytest.mark.row("S-14", "R1-125")
def test_inside_the_hours_a_greeting_and_then_background_audio(parts: Parts) -> None:
    """S-14: the audio is heard while the endpoint thinks and while it rings, up to the answer."""
    who = parts.house.stranger()
    before = len(parts.web.ledger.of("/hours"))
    called = Dial(number=OPEN, who=who, cues=())
    heard = run(_six_seconds(parts.house, called))
    assert heard == ("start", "late")
    assert len(parts.web.ledger.of("/hours")) == before + 1
    assert parts.house.rung(who) == [FOUND]


async def _six_seconds(house: House, called: Dial) -> tuple[str, ...]:
    return await dial(house.server.port, called, hangs_up_after=6.0)


@pytest.mark.row("S-14", "R1-125")
def test_outside_the_hours_nobody_is_asked(parts: Parts) -> None:
    before = len(parts.web.ledger.of("/hours"))
    story = parts.house.call(CLOSED)
    assert parts.house.rung(story.who) == [OFFICE]
    assert len(parts.web.ledger.of("/hours")) == before


@pytest.mark.row("S-14", "R1-125")
@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-28T08:59:59+02:00", False),
        ("2026-03-28T09:00:00+02:00", True),
        ("2026-03-29T08:59:59+03:00", False),
        ("2026-03-29T09:00:00+03:00", True),
        ("2026-10-25T08:59:59+02:00", False),
        ("2026-10-25T09:00:00+02:00", True),
        ("2026-10-25T17:59:59+02:00", True),
        ("2026-10-25T18:00:00+02:00", False),
    ],
)
def test_hours_move_with_the_clock_on_the_wall(parts: Parts, moment: str, *, is_open: bool) -> None:
    """S-14, in the simulator: the days on which the clocks are changed, and one before."""
    now = datetime.fromisoformat(moment).timestamp()
    path = asyncio.run(_pretend(parts, CHANGING, "380671110000", now))
    assert ("asked" in path) == is_open
    assert (f"b1 dialled {OFFICE}" in path) != is_open
