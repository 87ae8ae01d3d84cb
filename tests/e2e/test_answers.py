"""Real answers ring real telephones: several at once, accounts, a CRM's reply, a bare number (S-03, S-04, S-06, S-07)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook.app.user_agent import USER_AGENT
from switchhook.domain.project import Account, Group, ProjectSnapshot
from switchhook.domain.webhook import Encoding, Field, ForwardingNumber, Method
from switchhook.operations.data_dir import DATABASE
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.conformance.drivers import line
from tests.support.house import NEXT, Callee, House, Line, asking, open_house, project_of
from tests.support.loop import run
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.journal import JournalEntry
    from switchhook.domain.project import Project

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = THREE = ["380441111111", "380441111112", "380441111113"]
SEVERAL = {
    "380810000001": "{ dst_phone: '380441111111,380441111112,380441111113' }",
    "380810000002": '{"dst_phone":"380441111111,380441111112,380441111113"}',
    "380810000003": '{"dst_phone":["380441111111","380441111112","380441111113"]}',
    "380810000004": '{"dst_phone":" 380441111111 , 380441111112,380441111113 "}',
    "380810000005": "{“dst_phone”:“380441111111,380441111112,380441111113”}",
}
"""S-03: five spellings of one answer."""
RELAXED = {"380810000001", "380810000005"}
ACCOUNTS = {
    "380820000001": ("sip:agent7@pbx.example.com", ["agent7"]),
    "380820000002": ("agent7@pbx.example.com", ["agent7"]),
    "380820000003": ("agent7", ["agent7"]),
    "380820000004": ("sip:desk@127.0.0.1:@PORT@", ["desk"]),
    "380820000005": ("desk@127.0.0.1:@PORT@", ["desk"]),
    "380820000006": ("nobody", [NEXT]),
    "380820000007": ("agent8", [NEXT]),
    "380820000008": ("sip:desk@elsewhere.example", [NEXT]),
    "380820000009": ("agent7,380441111111", ["agent7", FIRST]),
    "380820000010": ("300,380441111111", ["agent7", FIRST]),
}
"""S-04: what the answer says, and what rings. Agent 8 is an account, and is not registered; 300 is
the group of the two agents."""
CRM, CUT = "380830000001", "380830000002"
BARE = {
    "380840000001": ("380123456", ["380123456"]),
    "380840000002": ("101,102", ["101", "102"]),
    "380840000003": ("  +380441112233\r\n", ["+380441112233"]),
    "380840000004": ("<html><body>380123456</body></html>", [NEXT]),
}
"""S-07: the whole body, and what rings."""
PASSWORD = "a-long-password"
REGISTERED = tuple(Account(login=login, password=PASSWORD) for login in ("agent7", "agent8"))
SILENT = {FIRST: "rings", THIRD: "rings", "101": "rings", "agent8": "gone"}
"""What simulated telephones do that do not pick up."""
CRM_ANSWER = (
    "HTTP/1.1 200 OK\r\nServer: nginx/1.6.3\r\nDate: Wed, 09 Dec 2015 14:47:44 GMT\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n"
    "X-Powered-By: PHP/5.5.29\r\nSet-Cookie: PHPSESSID=olhduanaf84n192tmnbg6iea94; path=/\r\n"
    "Pragma: no-cache\r\nExpires: 0\r\nCache-Control: must-revalidate\r\n\r\n"
    '{{"number_01":"3 80123456789"}}'
)
BARE_HEADERS = (
    "Connection: close",
    "Expires: Thu, 19 Nov 1981 08:52:00 GMT",
    "Cache-Control: no-store, no-cache, must-revalidate, post-check=0, pre-check=0",
)


class Parts(NamedTuple):
    house: House
    web: Endpoint


def _answer(request: Received, port: int) -> bytes:
    number = request.path.rpartition("/")[2]
    if number in SEVERAL:
        return reply(SEVERAL[number], content_type="application/json")
    if number in ACCOUNTS:
        said = ACCOUNTS[number][0].replace("@PORT@", str(port))
        return reply(json.dumps({"dst_callee": said}), content_type="application/json")
    if number in BARE:
        return reply(BARE[number][0], *BARE_HEADERS, content_type="text/html; charset=UTF-8")
    return CRM_ANSWER.format(length=25 if number == CUT else 29).encode()


def _webhook(number: str, web: Endpoint) -> ForwardingNumber:
    if number in {CRM, CUT}:
        return ForwardingNumber(
            name=number,
            url=web.url(f"/api/addnumber/{number}"),
            submission=Encoding.JSON,
            method=Method.POST,
            name_in_response="number_01",
            ring_timeout=120.0,
            keep_alive=False,
            user_agent="ringostat HTTP Client v1.1",
            fields=(
                Field(name="call_id", parameter="call_id"),
                Field(name="step_forward", parameter="forward_location"),
            ),
        )
    return ForwardingNumber(
        name=number,
        url=web.url(f"/{number}"),
        import_=Encoding.HTTP if number in BARE else Encoding.JSON,
        name_in_response="dst_callee" if number in ACCOUNTS else "dst_phone",
        fields=(Field(name="call_id", parameter="call_id"),) if number in BARE else (),
    )


def _lines(web: Endpoint) -> tuple[Line, ...]:
    numbers = (*SEVERAL, *ACCOUNTS, *BARE, CRM, CUT)
    return tuple(asking(number, _webhook(number, web)) for number in numbers)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("answers")
    answers = f"{SECOND}|{NEXT}|agent7|desk|380123456(789)?|102|[+]380441112233"
    with Endpoint(lambda _: reply()) as web:
        lines = _lines(web)
        callee = Callee(answers=answers, delay=300)
        with open_house(
            directory, lines, callee=callee, accounts=REGISTERED, refine=_with_group
        ) as house:
            web.answer = lambda request: _answer(request, house.callee.port)
            house.register(REGISTERED[0])
            yield Parts(house, web)


def _with_group(project: Project) -> Project:
    return replace(project, groups=(Group(name="300", accounts=("agent8", "agent7")),))


@pytest.mark.row("S-03", "R1-31", "R1-33", "A-10", "A-11")
@pytest.mark.parametrize("number", SEVERAL)
def test_several_ring_together_and_the_second_answers(parts: Parts, number: str) -> None:
    """S-03."""
    house = parts.house
    story = house.call(number)
    rung = house.seen(story.who)
    assert sorted(invite.dialled for invite in rung) == THREE
    assert max(invite.at for invite in rung) - min(invite.at for invite in rung) < 0.25
    assert sorted(house.rung(story.who, "CANCEL")) == [FIRST, THIRD]
    assert story.after["connected_with"] == SECOND
    ended = [entry["facts"] for entry in story.happened("attempt_ended")]
    ends = {facts["target"]: facts["end"] for facts in ended}
    assert ends == {
        FIRST: "answered_elsewhere",
        THIRD: "answered_elsewhere",
        SECOND: "answered",
    }
    away = "answered elsewhere"
    assert story.way == f"webhookNumber:60 → {FIRST} ({away}), {SECOND}, {THIRD} ({away})"
    notices = " ".join(entry["text"] for entry in story.happened("notice"))
    assert ("relaxed JSON" in notices) == (number in RELAXED)


@pytest.mark.row("S-04", "R1-24", "R1-30", "A-09")
@pytest.mark.parametrize("number", ACCOUNTS)
def test_an_answer_may_name_an_account(parts: Parts, number: str) -> None:
    """S-04."""
    said, rings = ACCOUNTS[number]
    house = parts.house
    story = house.call(number)
    assert sorted(house.rung(story.who)) == sorted(rings), said
    assert story.after["status"] == "ANSWERED"
    if said in {"nobody", "sip:desk@elsewhere.example"}:
        assert story.facts("ask_failed")["kind"] == "bad_body"
    if said == "agent8":
        ends = [entry["facts"]["end"] for entry in story.happened("attempt_ended")]
        assert ends == ["unreachable", "answered"]
    if said == "agent7,380441111111":
        assert story.after["connected_with"] == "agent7"
        assert house.rung(story.who, "CANCEL") == [FIRST]


@pytest.mark.row("S-06", "R3-01", "R3-03", "R3-10", "R3-18", "R3-22", "R3-25", "R3-27")
def test_a_crm_is_asked_and_answers_as_in_its_own_page(parts: Parts) -> None:
    """S-06: these bytes; a blank in the number; no cookie on the next request."""
    for _ in range(2):
        story = parts.house.call(CRM)
        body = json.dumps(
            {"call_id": story.id, "step_forward": "webhookNumber:120"}, separators=(",", ":")
        ).encode()
        expected = (
            f"POST /api/addnumber/{CRM} HTTP/1.1\r\nHost: {parts.web.authority}\r\n"
            f"Origin: {parts.web.authority}\r\nUser-Agent: ringostat HTTP Client v1.1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        ).encode() + body
        assert parts.web.ledger.requests[-1].raw == expected
        assert parts.house.rung(story.who) == ["380123456789"]


@pytest.mark.row("S-03", "S-04", "S-06", "S-07")
def test_the_simulator_tells_the_same(parts: Parts) -> None:
    """The same schemes and endpoint, simulated telephones: the same path, up to who hangs up."""
    house, numbers = parts.house, (*SEVERAL, *ACCOUNTS, *BARE, CRM, CUT)
    who = {number: house.stranger() for number in numbers}
    with house.callers(*who.items(), rate=10) as callers:
        assert callers.wait(30) == 0, callers.complaints() + house.server.tail()
    project = project_of(_lines(parts.web), trunk=5060, events=parts.web, accounts=REGISTERED)
    snapshot = ProjectSnapshot(replace(_with_group(project), events=()))
    real = run(_journals(house))
    for number, caller in who.items():
        script = Script(caller=caller, callee=number, phones=SILENT)
        made = run(simulate_call(snapshot, script, now=0.0, product=USER_AGENT))
        assert tuple(map(line, made.journal))[:-2] == tuple(map(line, real[caller]))[:-2]


async def _journals(house: House) -> dict[str, tuple[JournalEntry, ...]]:
    """Return the journal of each caller's last call."""
    store = await SqliteStore.open(house.server.data_dir / DATABASE, read_only=True)
    try:
        rows = await store.calls(limit=1000)
        return {row.caller: await store.journal(row.id) for row in reversed(rows)}
    finally:
        await store.close()


@pytest.mark.row("S-06", "A-36")
def test_an_answer_that_ends_too_early_is_not_followed(parts: Parts) -> None:
    """S-06 with the page's own Content-Length of 25."""
    story = parts.house.call(CUT)
    failed = story.facts("ask_failed")
    assert failed["kind"] == "bad_body"
    assert failed["body"] == '{"number_01":"3 801234567'
    assert "body is not JSON" in story.happened("ask_failed")[0]["text"]
    assert parts.house.rung(story.who) == [NEXT]


@pytest.mark.row("S-07", "R1-16", "R3-28", "R3-29")
@pytest.mark.parametrize("number", BARE)
def test_the_whole_body_is_the_direction(parts: Parts, number: str) -> None:
    """S-07."""
    body, rings = BARE[number]
    story = parts.house.call(number)
    request = parts.web.ledger.of(f"/{number}")[-1]
    assert request.target == f"/{number}?call_id={story.id}"
    assert sorted(parts.house.rung(story.who)) == rings, body
    assert bool(story.happened("ask_failed")) == (rings == [NEXT])
