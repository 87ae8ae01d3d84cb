"""What the dial-plan webhook is used for comes true on real telephones, and the simulator tells the same (S-20 to S-34)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook.app.user_agent import USER_AGENT
from switchhook.domain.event import EventKind
from switchhook.domain.project import Account, Group, ProjectSnapshot
from switchhook.domain.scheme import AskDialPlanStep, RingDestinationStep
from switchhook.domain.webhook import CallerIdForwarding, DialPlanWebhook, Field
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import show_call
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.conformance.drivers import line
from tests.support.events import web_event
from tests.support.faults import faulty_urls
from tests.support.house import Callee, House, Line, open_house, project_of, ring
from tests.support.loop import run
from tests.support.uses import (
    ACK,
    ANONYMOUS,
    CALLER,
    GROUPS,
    NAME,
    NIGHT,
    NUMBERS,
    RINGING,
    SALES,
    SLOW,
    USES,
    branch,
    rung,
)
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.project import Project
    from switchhook.domain.scheme import Step
    from switchhook.operations.history import CallStory
    from tests.support.sipp import Traced

pytestmark = pytest.mark.slow

PASSWORD = "a-long-password"
CAMPAIGNS = [f"3185000{1001 + place}" for place in range(10)]
"""S-28: a block of ten."""
PAGES: list[bytes | None] = [
    reply("<script>fetch('/more')</script><img src='/pixel.gif'>", content_type="text/html"),
    reply("down", status="500 Oops"),
    None,
    reply(ACK),
    reply("status=NAK"),
    reply("{}", content_type="application/json"),
    reply("gone", status="404 Not Found"),
    reply("", status="204 No Content"),
    reply(b"\xff\xfe\x00", content_type="image/gif"),
    reply("status=ERR&destination=%2B31900000000"),
]
COMPANY = "31880008888"


def _line(name: str, web: Endpoint, urls: dict[str, str]) -> Line:
    use, number = USES[name], NUMBERS[name]
    webhook = DialPlanWebhook(
        name=name,
        url_template=urls[use.fault] if use.fault else web.url(use.template),
        caller_id_forwarding=use.forwarding,
        response_timeout=1.0,
        keep_alive=False,
    )
    success: Step = (
        RingDestinationStep(caller_name=use.shows)
        if use.returned
        else replace(use.success or ring(branch(name, "success")), caller_name=use.shows)
    )
    asks = AskDialPlanStep(webhook=name, success=(success,), failed=(ring(branch(name, "failed")),))
    return Line(number=number, steps=(*use.before, asks), dial_plan_webhooks=(webhook,))


def _lines(web: Endpoint, urls: dict[str, str]) -> tuple[Line, ...]:
    track = DialPlanWebhook(
        name="track",
        url_template=web.url("/hit?did={did}&callerid={callerid}"),
        keep_alive=False,
    )
    carries = AskDialPlanStep(webhook="track", success=(ring(COMPANY),), failed=(ring(COMPANY),))
    tracked = (
        Line(number=number, steps=(carries,), dial_plan_webhooks=(track,) * (not place))
        for place, number in enumerate(CAMPAIGNS)
    )
    return (*(_line(name, web, urls) for name in USES), *tracked)


def _answer(request: Received) -> bytes | None:
    """Answer as the number says that is called: it is known by the order of requests to a path."""
    if request.path == "/hit":
        return PAGES[CAMPAIGNS.index(request.target.partition("did=%2B")[2].partition("&")[0])]
    if request.path.startswith("/moved/"):
        left = int(request.path.removeprefix("/moved/"))
        return reply("", f"Location: {left - 1}", status="302 Found") if left else reply(ACK)
    use = USES[request.header("X-Use")]
    return reply(use.body, status=use.status, content_type="text/html")


def _refined(project: Project, crm: Endpoint) -> Project:
    """Let every webhook say which use it is of, and the CRM hear who picked up (S-21)."""
    hooks = (
        replace(hook, headers=(("X-Use", hook.name),)) if hook.name in USES else hook
        for hook in project.dial_plan_webhooks
    )
    pickup = web_event(
        name="pickup",
        event=EventKind.INCOMING_PICKUP,
        url=crm.url("/pickup"),
        fields=tuple(Field(name=name, parameter=name) for name in ("call_id", "connected_with")),
    )
    return replace(
        project,
        country="NL",
        groups=tuple(Group(name=name, accounts=logins) for name, logins in GROUPS.items()),
        dial_plan_webhooks=tuple(hooks),
        events=(*project.events, pickup),
    )


ACCOUNTS = tuple(
    Account(login=login, password=PASSWORD)
    for login in ("215", "216", *GROUPS[SALES], *GROUPS[NIGHT])
)


class Parts(NamedTuple):
    house: House
    web: Endpoint
    crm: Endpoint
    urls: dict[str, str]
    stories: dict[str, CallStory]
    """By the number that was dialled."""


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("uses")
    callee = Callee(answers="[+]?[0-9]*[0-8]", hold=300)
    with (
        Endpoint(_answer) as web,
        Endpoint(lambda _: reply()) as crm,
        faulty_urls(SLOW) as urls,
        open_house(
            directory,
            _lines(web, urls),
            callee=callee,
            accounts=ACCOUNTS,
            refine=lambda project: _refined(project, crm),
        ) as house,
    ):
        house.register(*ACCOUNTS)
        _dial_all(house)
        yield Parts(house, web, crm, urls, run(_stories(house)))


def _dial_all(house: House) -> None:
    """Call every number; who is shown with a name calls from a telephone of theirs."""
    for shown in ("", NAME):
        pairs = [(NUMBERS[name], use.who) for name, use in USES.items() if use.name == shown]
        if not shown:
            pairs += [(number, CALLER) for number in CAMPAIGNS[1:]] + [(CAMPAIGNS[0], ANONYMOUS)]
        with house.callers(*pairs, scenario="e2e_caller_waits", rate=10, name=shown) as callers:
            assert callers.wait(40) == 0, callers.complaints() + house.server.tail()


async def _stories(house: House) -> dict[str, CallStory]:
    store = await SqliteStore.open(house.server.data_dir / DATABASE, read_only=True)
    try:
        rows = await store.calls(limit=1000)
        stories = [await show_call(store, row.id) for row in rows]
    finally:
        await store.close()
    assert len({story.call.callee for story in stories}) == len(stories)
    return {story.call.callee: story for story in stories}


def _invite(parts: Parts, name: str, number: str = "") -> Traced:
    """Return the last INVITE of a use; with `number`, the one that rang there."""
    number = number or rung(name)
    found = [one for one in parts.house.callee.received("INVITE") if one.dialled == number]
    assert len({one.header("Call-ID") for one in found}) == 1, number
    return found[0]


def _requests(web: Endpoint, name: str) -> list[Received]:
    return [one for one in web.ledger.requests if one.header("X-Use") == name]


CASES = [pytest.param(name, marks=pytest.mark.row(*use.rows)) for name, use in USES.items()]


@pytest.mark.parametrize("name", CASES)
def test_it_rings_as_it_should_and_shows_the_caller(parts: Parts, name: str) -> None:
    use, invite = USES[name], _invite(parts, name)
    story = parts.stories[NUMBERS[name]]
    *_, last = story.call.legs
    assert (str(last.target), story.call.outcome) == (rung(name), "answered")
    user, shown = use.who, use.shown or use.name
    if use.forwarding is CallerIdForwarding.CALLED:
        user = NUMBERS[name]
    hidden = use.who == ANONYMOUS or use.forwarding is CallerIdForwarding.SUPPRESSED
    if hidden and use.rings != "failed":
        name_shown = f'"{shown or "Anonymous"}"'
        assert invite.header("From").startswith(f"{name_shown} <sip:anonymous@anonymous.invalid>")
        assert invite.header("Privacy") == "id"
        assert CALLER[1:] not in invite.text
        assert NAME not in invite.text
    else:
        assert f"<sip:{user}@" in invite.header("From")
        assert invite.header("From").partition("<")[0].strip() == (f'"{shown}"' if shown else "")
        assert "\nPrivacy:" not in invite.text


@pytest.mark.parametrize("name", [case for case in CASES if not USES[str(case.values[0])].fault])
def test_the_endpoint_gets_exactly_this(parts: Parts, name: str) -> None:
    use = USES[name]
    requests = [one.raw for one in _requests(parts.web, name)]
    asked = [use.asked.replace("@DID@", NUMBERS[name])] if use.asked else []
    asked += use.then
    assert requests == [
        (
            f"GET {target} HTTP/1.1\r\nHost: {parts.web.authority}\r\n"
            f"User-Agent: {USER_AGENT}\r\nX-Use: {name}\r\nConnection: close\r\n\r\n"
        ).encode()
        for target in asked
    ]


@pytest.mark.parametrize("name", CASES)
def test_the_simulator_tells_the_same(parts: Parts, name: str) -> None:
    """The same scheme, the same endpoint, simulated telephones: the same path and the same requests."""
    use, story = USES[name], parts.stories[NUMBERS[name]]
    before = len(_requests(parts.web, name))
    project = project_of(
        _lines(parts.web, parts.urls), trunk=5060, events=parts.crm, accounts=ACCOUNTS
    )
    script = Script(
        caller="" if use.who == ANONYMOUS else use.who,
        callee=NUMBERS[name],
        caller_name=use.name,
        phones=dict.fromkeys(RINGING, "rings"),
    )
    snapshot = ProjectSnapshot(_refined(project, parts.crm))
    made = asyncio.run(
        simulate_call(snapshot, script, now=story.call.arrived_at, product=USER_AGENT)
    )
    assert tuple(map(line, made.journal)) == tuple(map(line, story.journal))
    told = [delivery.event for delivery in made.deliveries]
    assert told == [row.delivery.event for row in story.deliveries]
    requests = [one.raw for one in _requests(parts.web, name)]
    assert requests[before:] == requests[:before]


@pytest.mark.row("S-20", "R5-29", "R5-44")
def test_every_telephone_of_a_group_shows_the_returned_name(parts: Parts) -> None:
    for login in GROUPS[SALES]:
        assert _invite(parts, "S-20 name", login).header("From").startswith('"VoysPartners" <')
    legs = parts.stories[NUMBERS["S-20 name"]].call.legs[1:]
    assert [(str(leg.target), leg.end) for leg in legs] == [
        ("209", "answered_elsewhere"),
        ("201", "answered"),
    ]


@pytest.mark.row("S-29", "R5-53", "R5-55")
def test_a_group_rings_for_its_time_before_the_webhook_is_told(parts: Parts) -> None:
    story = parts.stories[NUMBERS["S-29 missed"]]
    rang = [leg for leg in story.call.legs[1:] if str(leg.target) in GROUPS[NIGHT]]
    assert [(str(leg.target), leg.end) for leg in rang] == [("219", "timeout"), ("229", "timeout")]
    assert _invite(parts, "S-29 missed", "219").at < _requests(parts.web, "S-29 missed")[0].at
    (asked,) = [entry.at for entry in story.journal if entry.kind == "asked"]
    assert 5.0 <= asked - story.call.arrived_at < 8.0


@pytest.mark.row("S-21", "R5-45")
def test_the_crm_is_asked_before_it_rings_and_learns_who_picked_up(parts: Parts) -> None:
    name = "S-20 name"
    assert _requests(parts.web, name)[0].at < _invite(parts, name).at
    call = parts.stories[NUMBERS[name]].call.id
    (picked_up,) = parts.crm.ledger.wait_for(lambda one: call in one.body.decode())
    assert json.loads(picked_up.body) == {"call_id": call, "connected_with": rung(name)}


@pytest.mark.row("S-26", "A-50")
def test_a_secret_in_the_address_is_nowhere_in_clear(parts: Parts) -> None:
    for name, word in (("S-26 duty", "s3cret"), ("S-26 wrong key", "wrong")):
        story = parts.stories[NUMBERS[name]]
        shown = parts.house.server.command("calls", story.call.id).stdout
        assert f"secret_key={word}" not in shown + repr(story) + "\n".join(parts.house.server.log)
        assert story.call.id in shown
    (answer,) = [
        entry
        for entry in parts.stories[NUMBERS["S-26 wrong key"]].journal
        if entry.kind == "answer"
    ]
    assert answer.text == "NAK (HTTP 401)"


@pytest.mark.row("S-28", "R5-50", "R5-51", "R5-52")
def test_a_block_of_ten_is_counted_and_every_call_is_carried(parts: Parts) -> None:
    hits = [one.target for one in parts.web.ledger.of("/hit")]
    assert sorted(hits) == [
        f"/hit?did=%2B{number}&callerid={'%2B31612345678' if place else ''}"
        for place, number in enumerate(CAMPAIGNS)
    ]
    assert not [one for one in parts.web.ledger.requests if one.path in {"/more", "/pixel.gif"}]
    for number in CAMPAIGNS:
        (leg,) = parts.stories[number].call.legs[1:]
        assert (str(leg.target), parts.stories[number].call.outcome) == (COMPANY, "answered")
