"""A call that nobody answers is told to people by mail and to a chat, once each, and one that was answered is not (S-30)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from switchhook.app.user_agent import USER_AGENT
from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventFilter, EventFormat, EventKind
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.history import show_call
from switchhook.projectfile.schema.event import MAIL_TEXT
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from switchhook.webhooks.mail import Mail
from tests.support.events import mail_event, make_webhook
from tests.support.house import Callee, House, Line, open_house, project_of, ring
from tests.support.loop import run
from tests.support.post import PostOffice
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.domain.project import Project
    from switchhook.operations.history import CallStory

pytestmark = pytest.mark.slow

CALLER = "+31612345678"
MISSED, ANSWERED = "31850001001", "31850001002"
RINGS, PICKS_UP = "31201234560", "31201234567"
LINES = (
    Line(number=MISSED, steps=(ring(RINGS, timeout=5.0),)),
    Line(number=ANSWERED, steps=(ring(PICKS_UP),)),
)
DESK, REFUSED = "desk@example.com", "gone@example.com"
MAIL = mail_event(
    name="missed",
    event=EventKind.INCOMING_AFTER,
    filter=EventFilter(outcomes=(Outcome.MISSED,)),
    to=(DESK, REFUSED),
    subject="Missed call from {{Caller ID}}",
    text=MAIL_TEXT,
)
EVERY_CALL = mail_event(
    name="log",
    event=EventKind.INCOMING_AFTER,
    to=("log@example.com",),
    subject="Call",
    text=MAIL_TEXT,
)
CHAT = make_webhook(
    name="chat",
    url="",
    format=EventFormat.RAW,
    body='{"text":"Missed call from {{caller_id}} to {{destination_id:e164}} at {{date}}"}',
    headers=(("Content-Type", "application/json"),),
)


def refined(project: Project, chat: Endpoint) -> Project:
    """Tell people and a chat too."""
    return replace(
        project,
        country="NL",
        time_zone="Europe/Amsterdam",
        events=(
            *project.events,
            replace(MAIL, webhooks=(replace(CHAT, url=chat.url("/chat")),)),
            EVERY_CALL,
        ),
    )


class Parts(NamedTuple):
    house: House
    office: PostOffice
    chat: Endpoint
    missed: CallStory
    answered: CallStory


@contextmanager
def housed(directory: Path, office: PostOffice) -> Iterator[tuple[House, Endpoint]]:
    """Run a server that hands its mail to `office`, and a chat that is told too."""
    with (
        Endpoint(lambda _: reply("ok")) as chat,
        open_house(
            directory,
            LINES,
            callee=Callee(answers=PICKS_UP),
            refine=lambda project: refined(project, chat),
            settings=office.settings,
        ) as house,
    ):
        yield house, chat


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("missed")
    refuse = "550 5.1.1 No such user"
    with (
        PostOffice(rcpt=lambda to: refuse if to == REFUSED else "250 OK") as office,
        housed(directory, office) as (house, chat),
    ):
        house.call(MISSED, scenario="e2e_caller_refused", replace={"STATUS": "480"}, who=CALLER)
        house.call(ANSWERED)
        house.assert_nothing_runs()
        office.wait_for(3)
        stories = run(_stories(house))
        yield Parts(house, office, chat, stories[MISSED], stories[ANSWERED])


async def _stories(house: House) -> dict[str, CallStory]:
    store = await SqliteStore.open(house.server.data_dir / DATABASE, read_only=True)
    try:
        return {row.callee: await show_call(store, row.id) for row in await store.calls()}
    finally:
        await store.close()


def at(story: CallStory) -> str:
    """Return date and time of a call, as its project tells it."""
    moment = datetime.fromtimestamp(story.call.arrived_at, ZoneInfo("Europe/Amsterdam"))
    return moment.strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.row("S-30", "R5-53", "T-30")
def test_a_missed_call_is_one_mail_with_caller_number_date_and_time(parts: Parts) -> None:
    assert parts.missed.call.outcome == "missed"
    (posted,) = [mail for mail in parts.office.mails if mail.recipients == (DESK,)]

    assert posted.sender == "pbx@acme.example"
    assert posted.message["From"] == "pbx@acme.example"
    assert posted.message["To"] == DESK
    assert posted.message["Subject"] == "Missed call from +31612345678"
    assert posted.message["Auto-Submitted"] == "auto-generated"
    assert posted.message.get_content() == (
        "Caller: +31612345678\r\n"
        "Called number: 31850001001\r\n"
        f"Date and time: {at(parts.missed)}\r\n"
        "Status: NO ANSWER\r\n"
    )


@pytest.mark.row("S-30", "R5-53")
def test_a_missed_call_is_one_post_of_the_text_that_a_chat_shows(parts: Parts) -> None:
    (request,) = parts.chat.ledger.requests

    assert request.method == "POST"
    assert request.header("Content-Type") == "application/json"
    assert request.body.decode() == (
        f'{{"text":"Missed call from +31612345678 to +31850001001 at {at(parts.missed)}"}}'
    )


@pytest.mark.row("S-30", "T-29")
def test_an_answered_call_is_told_to_those_alone_who_want_every_call(parts: Parts) -> None:
    assert parts.answered.call.outcome == "answered"
    told = [
        row.delivery.webhook
        for row in parts.answered.deliveries
        if isinstance(row.delivery.request, Mail)
    ]
    assert told == ["log"]
    logged = [mail for mail in parts.office.mails if mail.recipients == ("log@example.com",)]
    assert len(logged) == 2
    assert len(parts.office.mails) == 3


def test_an_address_that_is_refused_is_given_up_and_told_of(parts: Parts) -> None:
    (row,) = [
        row for row in parts.missed.deliveries if row.delivery.id.endswith("gone%40example.com")
    ]
    assert row.latest is not None
    assert (row.state, row.latest.status, row.latest.number) == ("failed", 550, 1)
    shown = parts.house.server.command("deliveries", "--failed").stdout
    assert "MAIL mailto:gone@example.com" in shown
    assert "refused mail to gone@example.com: 550 5.1.1 No such user." in shown


def test_the_timeline_and_the_delivery_show_the_mail(parts: Parts) -> None:
    timeline = parts.house.server.command("calls", parts.missed.call.id).stdout
    assert f"\u2709 incoming.after to {DESK}: accepted, 250 in " in timeline
    (row,) = [
        row for row in parts.missed.deliveries if row.delivery.id.endswith("desk%40example.com")
    ]
    shown = parts.house.server.command("deliveries", row.delivery.id).stdout
    assert "Subject: Missed call from +31612345678\n" in shown
    assert "\nCaller: +31612345678\n" in shown
    assert ": status 250 after " in shown
    told = parts.house.server.json("deliveries", row.delivery.id)
    assert (told["method"], told["url"]) == ("MAIL", f"mailto:{DESK}")
    assert ["Subject", "Missed call from +31612345678"] in told["headers"]
    assert told["latest"]["status"] == 250


@pytest.mark.row("S-30")
def test_the_simulator_tells_the_same(parts: Parts) -> None:
    project = project_of(LINES, trunk=5060, events=parts.house.events)
    script = Script(caller=CALLER, callee=MISSED, phones={RINGS: "rings"})
    now = parts.missed.call.arrived_at
    made = run(
        simulate_call(
            ProjectSnapshot(refined(project, parts.chat)), script, now=now, product=USER_AGENT
        )
    )

    mails = [d.request for d in made.deliveries if isinstance(d.request, Mail)]
    assert [mail.recipient for mail in mails] == [DESK, REFUSED, "log@example.com"]
    (posted,) = [mail for mail in parts.office.mails if mail.recipients == (DESK,)]
    _, _, body = posted.content.partition(b"\r\n\r\n")
    assert mails[0].message.endswith(body)


@pytest.mark.row("S-71", "T-30")
def test_a_mail_that_was_on_its_way_at_a_crash_comes_again_as_the_same_mail(tmp_path: Path) -> None:
    with PostOffice(is_stuck=True) as office, housed(tmp_path, office) as (house, _):
        house.call(ANSWERED)
        office.wait_for()
        house.server.kill()
        office.is_stuck = False
        house.server.start()
        first, second = office.wait_for(2)
    assert first.content == second.content
    assert first.message["Message-ID"] == second.message["Message-ID"]
