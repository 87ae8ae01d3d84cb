"""A webhook that names a number of its own project makes no loop of real calls, and the simulator tells the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook.app.user_agent import USER_AGENT
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import AskDialPlanStep, RingDestinationStep
from switchhook.domain.webhook import DialPlanWebhook, Encoding, ForwardingNumber
from switchhook.routing.position import MAX_JUMPS
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from switchhook.webhooks.e164 import dialling_of
from tests.support.house import NEXT, Callee, House, Line, asking, open_house, project_of, ring
from tests.support.loop import run
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

DESK, DESK_PHONE = "380910000009", "380500000008"
"""A number of the project without a webhook, and what it rings."""
ROUND, ROUND_AS_ADDRESS, AWAY, AMONG, DESTINATION = (f"38091000000{n}" for n in range(1, 6))
SAID = {
    ROUND: f"+{ROUND}",
    ROUND_AS_ADDRESS: f"sip:0{ROUND_AS_ADDRESS[3:]}@127.0.0.1",
    AWAY: "(091) 000-00-09",
    AMONG: f"{DESK},{NEXT}",
    DESTINATION: f"status=ACK&destination=%2B{DESK}",
}
"""What the webhook of each number says."""
RUNG = {
    ROUND: NEXT,
    ROUND_AS_ADDRESS: NEXT,
    AWAY: DESK_PHONE,
    AMONG: NEXT,
    DESTINATION: DESK_PHONE,
}
"""What rings at last, and nothing else does."""
JUMPS = {ROUND: MAX_JUMPS, ROUND_AS_ADDRESS: MAX_JUMPS, AMONG: 0}


class Parts(NamedTuple):
    house: House
    web: Endpoint


def _answer(request: Received) -> bytes:
    return reply(SAID[request.path.strip("/")], content_type="text/plain")


def _lines(web: Endpoint) -> tuple[Line, ...]:
    asked = (
        asking(
            number,
            ForwardingNumber(name=number, url=web.url(f"/{number}"), import_=Encoding.HTTP),
        )
        for number in SAID
        if number != DESTINATION
    )
    hook = DialPlanWebhook(name="hook", url_template=web.url(f"/{DESTINATION}"))
    returned = AskDialPlanStep(
        webhook="hook", success=(RingDestinationStep(),), failed=(ring(NEXT),)
    )
    return (
        *asked,
        Line(number=DESTINATION, steps=(returned,), dial_plan_webhooks=(hook,)),
        Line(number=DESK, steps=(ring(DESK_PHONE),)),
    )


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("own_numbers")
    callee = Callee(answers=f"{NEXT}|{DESK_PHONE}")
    with (
        Endpoint(_answer) as web,
        open_house(directory, _lines(web), callee=callee) as house,
    ):
        yield Parts(house, web)


@pytest.mark.row("S-79", "A-57")
@pytest.mark.parametrize("number", SAID)
def test_the_call_stays_in_the_house_and_ends_where_it_should(parts: Parts, number: str) -> None:
    jumps = JUMPS.get(number, 1)
    before = len(parts.web.ledger.of(f"/{number}"))
    story = parts.house.call(number)

    assert parts.house.rung(story.who) == [RUNG[number]]
    assert len(parts.web.ledger.of(f"/{number}")) - before == (jumps + 1 if jumps > 1 else 1)
    assert len(story.happened("jumped")) == jumps
    assert story.after["status"] == "ANSWERED"
    project = replace(
        project_of(_lines(parts.web), trunk=5060, events=parts.web), dialling=dialling_of("UA")
    )
    script = Script(caller=story.who, callee=number)
    made = run(simulate_call(ProjectSnapshot(project), script, now=0.0, product=USER_AGENT))
    steps = [(entry.kind.value, entry.text) for entry in made.journal]
    told = [(entry["happening"], entry["text"]) for entry in story.path]
    assert steps[:-2] == told[:-2]


def test_what_became_of_an_own_number_is_said(parts: Parts) -> None:
    goes_on = parts.house.call(AWAY).path
    assert [dict(e["facts"]) for e in goes_on if e["happening"] == "jumped"] == [
        {"scheme": "6", "number": DESK}
    ]
    notices = [entry["text"] for entry in parts.house.call(AMONG).happened("notice")]
    assert any(text.startswith(f"leaves out {DESK}: it is a number of this") for text in notices)
    notices = [entry["text"] for entry in parts.house.call(ROUND).happened("notice")]
    assert f"more than {MAX_JUMPS} jumps between schemes" in notices
