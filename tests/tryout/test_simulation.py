"""A simulated call walks the real scheme, asks real endpoints or takes given answers, and tells nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.call import CallState
from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventKind
from switchhook.domain.journal import EntryKind
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.scheme import (
    AskDialPlanStep,
    HangUpStep,
    MenuChoice,
    MenuStep,
    RateStep,
    RingDestinationStep,
    Scheme,
    Step,
    VoicemailStep,
)
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import DialPlanWebhook
from switchhook.tryout.lookup import NoSuchWebhookError
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import CallSimulation, simulate_call
from tests.support.events import web_event
from tests.support.loop import run
from tests.support.snapshots import (
    ASK,
    CUSTOMER,
    DIALLED,
    JOHN,
    MARY,
    MOBILE,
    OFFICE,
    ring,
    snapshot,
)

if TYPE_CHECKING:
    from typing import Any

PIN = DialPlanWebhook(
    name="pin",
    url_template="http://crm.example/?code={code}",
    use_ivr=True,
    code_timeout=5.0,
    start_message="start",
    error_message="wrong",
    timeout_message="late",
)
PIN_STEP = AskDialPlanStep(
    webhook="pin", success=(RingDestinationStep(),), failed=(HangUpStep(status=603),)
)


def pretend(*steps: Step, of: Project | None = None, **script: Any) -> CallSimulation:
    """Let the customer call a number that runs `steps`."""
    project = replace(of or snapshot(*steps).project, dial_plan_webhooks=(PIN,))
    told = Script(**({"caller": CUSTOMER, "callee": DIALLED} | script))
    return run(simulate_call(ProjectSnapshot(project), told, now=1000.0, product="UA"))


def path(made: CallSimulation) -> list[str]:
    """Return the journal, a line each, with seconds."""
    return [f"{e.at - 1000:g} {e.kind} {e.leg} {e.text}" for e in made.journal]


def outcome(made: CallSimulation) -> tuple[Outcome | None, str]:
    assert made.call is not None
    leg = made.call.leg(made.call.talking_to)
    return made.call.outcome, "" if leg is None else str(leg.target)


def test_a_given_answer_is_followed_and_nobody_is_asked() -> None:
    made = pretend(ASK, answers={"crm": (b'{"dst_phone":"mary"}',)})
    assert path(made) == [
        "0 arrived  ",
        "0 step  scheme 1",
        "0 asked  crm",
        "0 answer  mary",
        "0 dialled b1 ",
        "0 rang b1 ",
        "3 answered b1 ",
        "13 attempt_ended b1 hung up",
        "13 ended  hung up",
    ]
    assert outcome(made) == (Outcome.ANSWERED, "mary")


@pytest.mark.parametrize(
    ("does", "seconds", "expected"),
    [
        ("busy", 0, "busy"),
        ("declines", 2, "rejected"),
        ("rings", 30, "timeout"),
        ("gone", 0, "unreachable"),
    ],
)
def test_telephones_do_what_was_said(does: str, seconds: int, expected: str) -> None:
    made = pretend(ring(MARY), ring(OFFICE), phones={"mary": does})
    assert outcome(made) == (Outcome.ANSWERED, str(OFFICE))
    ended = next(e for e in made.journal if e.kind is EntryKind.ATTEMPT_ENDED)
    assert (ended.at - 1000, dict(ended.facts)["end"]) == (seconds, expected)


@pytest.mark.row("R5-17", "R5-26", "S-24")
def test_the_caller_keys_a_code_when_asked() -> None:
    body = b"status=ACK&destination=%2B31502102544"
    made = pretend(PIN_STEP, digits=("0042#",), answers={"pin": (body,)})
    assert outcome(made) == (Outcome.ANSWERED, "+31502102544")
    assert not any("0042" in line for line in path(made))
    steps = [dict(e.facts) for e in made.journal if e.kind is EntryKind.STEP]
    assert [(step["step"], step.get("branch")) for step in steps] == [
        ("askdialplan", None),
        ("ringdestination", "success"),
    ]


@pytest.mark.row("R5-35")
def test_each_time_that_keys_are_waited_for_the_next_are_pressed() -> None:
    made = pretend(
        PIN_STEP,
        digits=("1111#", "2222#", "1234#"),
        answers={"pin": (b"status=NAK", b"status=NAK", b"status=ACK&destination=mary")},
    )
    assert outcome(made) == (Outcome.ANSWERED, "mary")
    assert sum(e.kind is EntryKind.ASKED for e in made.journal) == 3


@pytest.mark.row("R5-19", "A-47")
def test_a_caller_without_keys_runs_out_of_attempts() -> None:
    made = pretend(PIN_STEP)
    assert made.call is not None
    assert (made.call.outcome, made.call.cause and made.call.cause.sip) == (
        Outcome.REJECTED,
        603,
    )
    late = [e for e in made.journal if e.kind is EntryKind.KEYED]
    assert [e.text for e in late] == ["no code in time"] * 3
    assert not any(e.kind is EntryKind.ASKED for e in made.journal)


def test_menus_codes_and_marks_take_their_keys_in_turn() -> None:
    chosen = MenuStep(
        sounds=("menu",),
        choices=(MenuChoice(key="2", steps=(RateStep(sounds=("rate",)), ring(JOHN))),),
    )
    made = pretend(chosen, digits=("7", "2", "4"))
    assert outcome(made) == (Outcome.ANSWERED, "john")
    assert made.call is not None
    assert made.call.rating.key == "4"


def test_a_caller_leaves_a_message_and_loses_patience() -> None:
    made = pretend(VoicemailStep(sounds=("greeting",), max_duration=120.0), patience=20.0)
    assert outcome(made) == (Outcome.VOICEMAIL, "")
    assert made.call is not None
    assert made.call.recording.finished[0].seconds == 18.0


def test_events_are_kept_and_told_to_nobody() -> None:
    told = web_event(name="told", event=EventKind.INCOMING_AFTER, url="http://127.0.0.1:1/never")
    made = pretend(of=replace(snapshot(ring(MARY)).project, events=(told,)))
    assert [(one.event, one.webhook) for one in made.deliveries] == [
        (EventKind.INCOMING_AFTER, "told")
    ]


def test_an_account_calls_its_colleague() -> None:
    made = pretend(ring(MARY), caller="john", callee="mary")
    assert outcome(made) == (Outcome.ANSWERED, "mary")
    assert made.call is not None
    assert (made.call.caller.account, made.call.caller.name) == ("john", "John")


def test_what_cannot_be_called_is_refused() -> None:
    made = pretend(ring(MARY), callee="999")
    assert made.call is None
    assert made.refused is not None
    assert made.refused.cause.sip == 404


def test_a_call_always_ends() -> None:
    around = Project(
        id="x",
        name="X",
        numbers=snapshot().project.numbers,
        schemes=(Scheme(id=1, name="a", steps=()),),
    )
    made = pretend(of=around)
    assert made.call is not None
    assert made.call.state is CallState.ENDED


def test_an_endpoint_is_really_asked_and_its_time_passes_on_the_calls_clock() -> None:
    asked = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(0.2)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"dst_phone":"mary"}')
        await writer.drain()
        writer.close()

    async def scenario() -> CallSimulation:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            shop = snapshot(ASK).project
            crm = replace(shop.forwarding_numbers[0], url=f"http://127.0.0.1:{port}/r")
            shop = replace(shop, forwarding_numbers=(crm,), allowed_networks=("127.0.0.0/8",))
            script = Script(caller=CUSTOMER, callee=DIALLED)
            return await simulate_call(ProjectSnapshot(shop), script, now=1000.0, product="UA")

    made = run(scenario())
    assert len(asked) == 1
    assert asked[0].startswith(b"GET /r HTTP/1.1\r\n")
    answered = next(e for e in made.journal if e.kind is EntryKind.ANSWER)
    assert 0.2 <= answered.at - 1000 < 1.5
    facts = dict(answered.facts)
    assert float(facts["seconds_headers"]) >= 0.2
    assert {"seconds_connect", "seconds_body", "seconds_total"} <= facts.keys()
    assert outcome(made) == (Outcome.ANSWERED, "mary")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({"digits": ("12a",)}, "'12a' cannot be keyed; the keys are 0123456789"),
        ({"digits": ("",)}, "'' cannot be keyed"),
        ({"phones": {"mary": "sings"}}, "mary cannot be 'sings'; telephones do answers, busy"),
    ],
)
def test_what_cannot_be_played_is_named(script: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        pretend(ring(MARY), **script)


def test_an_answer_for_a_webhook_that_is_not_there_is_refused() -> None:
    with pytest.raises(NoSuchWebhookError, match="project shop has no routing webhook 'crn'"):
        pretend(ring(MARY), answers={"crn": (b"",)})


def test_an_outside_number_fails_as_in_a_real_call_where_no_trunk_leads_there() -> None:
    calls_own = replace(snapshot(ring(MOBILE), ring(MARY)).project, trunks=())
    made = pretend(of=calls_own, caller="john")

    assert "project shop has no trunk for outside numbers" in "\n".join(path(made))
    assert outcome(made) == (Outcome.ANSWERED, "mary")


@pytest.mark.row("FE-07")
def test_that_a_short_number_of_nobodys_answers_is_supposed_and_said_so() -> None:
    nobody = Target(kind=TargetKind.NUMBER, value="204")
    (said,) = pretend(ring(nobody)).left_over

    assert said.startswith("204 is no account or group of the project")
    assert pretend(ring(nobody), phones={"204": "answers"}).left_over == ()
    assert pretend(ring(MARY)).left_over == ()
