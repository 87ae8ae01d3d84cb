"""Killed at any moment, it loses no promise: every call ends once, every event arrives (S-71)."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook.domain.event import EventKind, Subscription
from switchhook.domain.webhook import ForwardingNumber
from switchhook.operations.data_dir import DATABASE
from switchhook.projectfile.schema.event import MAIL_TEXT
from switchhook.storage import request_codec
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.answering import answering
from tests.support.bare import BareCaller
from tests.support.events import mail_event
from tests.support.house import EVENTS, NEXT, Callee, House, Line, asking, open_house, ring
from tests.support.loop import run
from tests.support.post import PostOffice
from tests.support.sip import SDP
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.domain.project import Project
    from tests.support.post import Posted
    from tests.support.wire import Received

pytestmark = pytest.mark.slow
log = logging.getLogger(__name__)

KILLS = 20
FEWEST, MOST = 5, 40
"""Calls that it takes between two kills: it lives for as long as that lasts."""
RATE = 25
"""Calls a second."""
ASKS, STRAIGHT = "380890000001", "380890000002"


MAIL = mail_event(
    name="desk",
    event=EventKind.INCOMING_AFTER,
    to=("desk@example.com", "boss@example.com"),
    subject="Call from {{caller_id}}",
    text=MAIL_TEXT,
)
SUBSCRIBED = ("incoming.before", "incoming.forwarding", "incoming.pickup", "incoming.after")


class Promise(NamedTuple):
    id: str
    call: str
    event: str
    webhook: str
    transport: str
    body: bytes


class Told(NamedTuple):
    """A house whose calls are told to endpoints, to two people by mail, and to a subscriber."""

    house: House
    office: PostOffice
    hook: Endpoint

    @property
    def requests(self) -> list[Received]:
        """Return what came over HTTP."""
        return [*self.house.events.ledger.requests, *self.hook.ledger.requests]


LAG = 2.0
"""Seconds by which the post office may take down what a server sent just before its end."""


@contextmanager
def housed(directory: Path, office: PostOffice | None = None, hold: int = 6_000) -> Iterator[House]:
    """Open a house whose callees hang up after `hold` milliseconds."""
    settings = {} if office is None else office.settings
    with answering(f'{{"dst_phone":{NEXT}}}') as web:
        webhook = ForwardingNumber(name="crm", url=f"http://127.0.0.1:{web}/")
        lines = (asking(ASKS, webhook), Line(number=STRAIGHT, steps=(ring(NEXT),)))

        def refine(project: Project) -> Project:
            return project if office is None else replace(project, events=(*project.events, MAIL))

        callee = Callee(hold=hold)
        with open_house(directory, lines, callee=callee, refine=refine, settings=settings) as house:
            yield house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with housed(tmp_path) as house:
        yield house


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with (
        PostOffice() as office,
        Endpoint(lambda _: reply("ok")) as hook,
        housed(tmp_path, office) as house,
    ):
        house.server.stop()
        run(_subscribe(house, hook.url("/h/1")))
        house.server.start()
        yield Told(house, office, hook)


async def _subscribe(house: House, url: str) -> None:
    asked = Subscription(
        project="house", user="user", target_url=url, event="custom", created_at=1.0
    )
    store = await SqliteStore.open(house.server.data_dir / DATABASE)
    try:
        await store.add_subscription(asked, most=1)
    finally:
        await store.close()


@pytest.mark.row("FE-02")
@pytest.mark.parametrize("who_hangs_up", ["caller", "callee"])
def test_talking_calls_are_taken_up_again(tmp_path: Path, who_hangs_up: str) -> None:
    """Both sides can hang up a call that was talking when it was killed; nobody notices.

    Who is not to hang up stays for much longer than any restart takes.
    """
    is_caller = who_hangs_up == "caller"
    with housed(tmp_path, hold=90_000 if is_caller else 4_000) as house:
        callers = [house.stranger() for _ in range(4)]
        pairs = zip((ASKS, ASKS, STRAIGHT, STRAIGHT), callers, strict=True)
        scenario = "e2e_caller" if is_caller else "e2e_caller_waits"
        with house.callers(*pairs, scenario=scenario, talk=4_000) as talking:
            for who in callers:
                _wait_until_up(house, who)
            house.server.kill()
            house.server.start()
            assert talking.wait(30) == 0, talking.complaints() + house.server.tail()
        for who in callers:
            assert len(house.seen(who, "BYE")) == (1 if is_caller else 0)
            story = house.story(who, talking)
            assert story.happened("resumed")
            ended = story.facts("ended")
            assert (ended["outcome"], ended["ended_by"]) == ("answered", who_hangs_up)


@pytest.mark.row("FD-01")
@pytest.mark.parametrize("who_hangs_up", ["one", "several"])
def test_whoever_was_told_that_the_call_is_over_is_right(house: House, who_hangs_up: str) -> None:
    """Killed when the 200 to BYE arrives: the call has ended, once, and the callee was told."""
    rounds, at_once = (5, 1) if who_hangs_up == "one" else (1, 3)
    callers: list[str] = []
    for _ in range(rounds):
        batch = [house.stranger() for _ in range(at_once)]
        run(_hang_up_and_kill(house, batch))
        callers += batch
    _wait_until_settled(house)
    for who in callers:
        assert len(house.seen(who, "BYE")) == 1
    ends = house.server.query("SELECT call FROM journal WHERE happening = 'ended'")
    assert sorted(Counter(str(row[0]) for row in ends).values()) == [1] * len(callers)
    told = Counter(one.call for one in _promises(house) if one.event == "incoming.after")
    assert sorted(told.values()) == [1] * len(callers)


async def _hang_up_and_kill(house: House, callers: list[str]) -> None:
    """Let all hang up at once; kill at the first 200, and let the others try on."""
    with ExitStack() as stack:
        bare = [
            stack.enter_context(BareCaller(house.server.port, STRAIGHT, who)) for who in callers
        ]
        for caller in bare:
            await caller.talk()
        await asyncio.sleep(0.2)
        for caller in bare:
            caller.send_request("BYE", cseq=2)
        assert (await bare[0].answer_to("BYE")).status == 200
        house.server.kill()
        house.server.start()
        for caller in bare[1:]:
            caller.send_request("BYE", cseq=2)
            assert (await caller.answer_to("BYE")).status in {200, 481}


@pytest.mark.row("FE-02")
@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_a_call_that_was_answered_just_before_a_kill_goes_on(
    tmp_path: Path, *, is_acknowledged: bool
) -> None:
    """Killed when the 200 to INVITE arrives, before or behind its ACK: both sides talk on."""
    with housed(tmp_path, hold=90_000) as house:
        _answer_and_kill(house, is_acknowledged=is_acknowledged)


def _answer_and_kill(house: House, *, is_acknowledged: bool) -> None:
    who = house.stranger()

    async def talk_on() -> None:
        with BareCaller(house.server.port, STRAIGHT, who) as caller:
            caller.send_request("INVITE", body=SDP)
            assert (await caller.answer_to("INVITE")).status == 200
            if is_acknowledged:
                caller.send_request("ACK")
            house.server.kill()
            caller.send_request("ACK")
            house.server.start()
            await asyncio.sleep(0.5)
            assert house.seen(who, "BYE") == []
            caller.send_request("BYE", cseq=2)
            assert (await caller.answer_to("BYE")).status == 200

    run(talk_on(), deadline=30)
    _wait_until_settled(house)
    assert len(house.seen(who, "BYE")) == 1
    ((end,),) = house.server.query("SELECT facts FROM journal WHERE happening = 'ended'")
    assert "caller" in end


@pytest.mark.row("FD-01")
def test_one_who_was_not_told_of_the_end_before_a_kill_is_told_after_it(tmp_path: Path) -> None:
    """The end is stored, but the BYE did not go out: as if killed in between."""
    with housed(tmp_path, hold=90_000) as house:
        who = house.stranger()

        async def scenario() -> None:
            with BareCaller(house.server.port, STRAIGHT, who) as caller:
                await caller.talk()
                _wait_until_up(house, who)
                await asyncio.sleep(0.3)
                house.server.kill()
                _end_in_the_store(house)
                house.server.start()
                await caller.request_of_theirs("BYE")

        run(scenario(), deadline=30)
        end = time.monotonic() + 10.0
        while not house.seen(who, "BYE"):
            assert time.monotonic() < end, house.server.tail()
            time.sleep(0.05)


def _end_in_the_store(house: House) -> None:
    connection = sqlite3.connect(next(house.server.data_dir.glob("*.sqlite")))
    with connection:
        ended = "'$.state', 'ended', '$.outcome', 'answered', '$.ended_by', 'system'"
        connection.execute(
            "UPDATE calls SET state = 'ended', ended_at = :at,"
            f" value = json_set(value, {ended}, '$.ended_at', :at)",
            {"at": time.time()},
        )
    connection.close()


@pytest.mark.row("FD-01")
def test_a_call_whose_peer_left_while_we_were_dead_ends(tmp_path: Path) -> None:
    """The other end knows nothing of it when it is probed, and the callee gets its BYE."""
    with housed(tmp_path, hold=90_000) as house:
        _leave_while_dead(house)


def _leave_while_dead(house: House) -> None:
    who = house.stranger()

    async def vanish() -> None:
        with BareCaller(house.server.port, STRAIGHT, who) as caller:
            await caller.talk()
            await asyncio.sleep(0.3)
            house.server.kill()
            house.server.start()
            await caller.request_of_theirs("OPTIONS", within=15.0, status=481)

    run(vanish(), deadline=30)
    _wait_until_settled(house)
    assert len(house.seen(who, "BYE")) == 1
    assert [one.event for one in _promises(house)] == ["incoming.before", "incoming.after"]


def _wait_until_up(house: House, who: str) -> None:
    end = time.monotonic() + 10.0
    while not house.seen(who, "ACK"):
        assert time.monotonic() < end, house.server.tail()
        time.sleep(0.05)


@pytest.mark.timeout(900)
def test_twenty_kills_under_load_lose_nothing(told: Told) -> None:
    """What was recorded is delivered with the same id and bytes, and nothing that was not."""
    house = told.house
    seed = random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    pairs = [((ASKS, STRAIGHT)[n % 2], house.stranger()) for n in range(RATE * 600)]
    kills: list[float] = []
    # Calls that wait for one who is dead keep no others back.
    many = ("-l", str(len(pairs)))
    with house.callers(*pairs, rate=RATE, talk=300, arguments=many) as callers:
        for _ in range(KILLS):
            _let_it_take(house, moments.randint(FEWEST, MOST))
            time.sleep(moments.uniform(0.0, 1.0 / RATE))
            house.server.kill()
            kills.append(time.time())
            house.server.start()
        time.sleep(1.0)
        callers.finish()
    _wait_until_settled(house)
    promises = _promises(house)
    log.warning("seed %d: %d promises of %d calls", seed, len(promises), len(pairs))
    _assert_all_came(
        told.requests, [one for one in promises if one.transport != request_codec.MAIL], kills
    )
    _assert_all_mails_came(
        told.office, [one for one in promises if one.transport == request_codec.MAIL], kills
    )
    _assert_one_end_each(house, promises)


def _let_it_take(house: House, calls: int) -> None:
    """Wait until it has taken so many more calls."""
    before, end = _taken(house), time.monotonic() + 60.0
    while _taken(house) < before + calls:
        assert time.monotonic() < end, house.server.tail()
        time.sleep(0.02)


def _taken(house: House) -> int:
    return sum('"call started"' in line for line in list(house.server.log))


def _wait_until_settled(house: House) -> None:
    """Wait until no call runs and every promise was tried.

    A caller whose BYE nobody took, as we were dead, gives up: that is found out within 100 seconds.
    """
    house.assert_nothing_runs(timeout=150.0)
    end = time.monotonic() + 60.0
    while house.server.query("SELECT count(*) FROM deliveries") != house.server.query(
        "SELECT count(*) FROM attempts WHERE is_last"
    ):
        assert time.monotonic() < end, f"a promise was never tried\n{house.server.tail(5)}"
        time.sleep(0.2)


def _assert_all_came(requests: list[Received], promises: list[Promise], kills: list[float]) -> None:
    came: dict[str, list[Received]] = {}
    for request in requests:
        came.setdefault(request.header("webhook-id"), []).append(request)
    assert {promise.id for promise in promises} - set(came) == set(), "lost"
    assert set(came) - {promise.id for promise in promises} == set(), "never recorded"
    for promise in promises:
        first, *again = came[promise.id]
        assert first.body == promise.body
        for nth, request in enumerate(again, 1):
            assert request.raw == first.raw
            since = [kill for kill in kills if _began(promise.call) < kill < request.at]
            assert len(since) >= nth, f"{promise.id} came again without a kill"
    _assert_what_was_recorded_is_not_repeated(came, promises)


def _began(call: str) -> float:
    """Return the second in which a call came, with which its id begins."""
    return float(call.partition(".")[0])


def _assert_what_was_recorded_is_not_repeated(
    came: dict[str, list[Received]], promises: list[Promise]
) -> None:
    """An event of a call follows once the one before is recorded as delivered; that one never comes again."""
    order: dict[tuple[str, str], list[Promise]] = {}
    for promise in promises:
        order.setdefault((promise.webhook, promise.call), []).append(promise)
    for told in order.values():
        for before, after in pairwise(told):
            last, then = came[before.id][-1], came[after.id][0]
            assert last.at <= then.at, f"{before.id} came again behind {after.id}"


def _assert_all_mails_came(office: PostOffice, promises: list[Promise], kills: list[float]) -> None:
    """A mail that came twice is the same mail, and a kill was in between."""
    came: dict[bytes, list[Posted]] = {}
    for posted in office.mails:
        came.setdefault(posted.content, []).append(posted)
    assert set(came) == {promise.body for promise in promises}
    assert (
        len(came) == len(promises) == len({posted.message["Message-ID"] for posted in office.mails})
    )
    for times in came.values():
        for before, again in pairwise(times):
            assert any(before.at - LAG < kill < again.at for kill in kills), "a mail came twice"


def _assert_one_end_each(house: House, promises: list[Promise]) -> None:
    calls = {str(row[0]) for row in house.server.query("SELECT call FROM calls")}
    assert len(calls) >= KILLS * FEWEST, "there was no load"
    ends_of = [(kind.value, kind.value, 1) for kind in EVENTS]
    ends_of += [("subscription 1", kind.value, 1) for kind in EVENTS]
    ends_of += [(MAIL.name, MAIL.event.value, len(MAIL.mails[0].to))]
    for webhook, kind, times in ends_of:
        told = Counter(one.call for one in promises if (one.webhook, one.event) == (webhook, kind))
        assert told == dict.fromkeys(calls, times), (webhook, kind)
    _assert_stories_are_whole(promises)
    ends = house.server.query("SELECT call FROM journal WHERE happening = 'ended'")
    assert Counter(str(row[0]) for row in ends) == Counter(calls)
    running = house.server.query("SELECT call FROM calls WHERE state <> 'ended'")
    assert running == []


def _assert_stories_are_whole(promises: list[Promise]) -> None:
    """A subscriber hears of a call from its beginning to its end, and of nothing twice."""
    stories: dict[str, list[str]] = {}
    for promise in promises:
        if promise.webhook == "subscription 1":
            stories.setdefault(promise.call, []).append(promise.event)
    for call, story in stories.items():
        assert story == sorted(story, key=SUBSCRIBED.index), call
        assert story.count("incoming.pickup") <= 1, call


def _promises(house: House) -> list[Promise]:
    columns = "id, call, event, webhook, transport, body"
    rows = house.server.query(f"SELECT {columns} FROM deliveries ORDER BY number")
    return [Promise(*row) for row in rows]
