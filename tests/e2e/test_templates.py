"""Each template, filled in and added to a project file, tells its receiver of each call exactly what that takes, once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.policy import attempt_of
from switchhook.domain.event import ProjectEvent, Subscription
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.templates import AddedTemplate, add_template
from switchhook.projectfile.file import read_project
from switchhook.projectfile.templates.catalogue import list_templates
from switchhook.tryout.simulation import simulate_call
from switchhook.webhooks.http import HttpRequest
from tests.support.house import NEXT, Callee, Line, open_house, ring
from tests.support.loop import run
from tests.support.receivers.base import Receiver
from tests.support.receivers.samples import SAMPLES
from tests.support.receivers.uses import BEGAN, CALL, CALLER, CALLS, USES, TemplateUse

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.storage.delivery import Delivery

HERE = AllowedNetworks.parse(("127.0.0.0/8",))
PROJECT = """\
[project]
id = "acme"
name = "Acme"
country = "UA"
time_zone = "Europe/Kyiv"
allowed_networks = ["127.0.0.0/8"]

[[numbers]]
number = "380442223344"
scheme = 1

[[numbers]]
number = "380442223355"
scheme = 2

[[accounts]]
login = "101"
password = "reception-101"
name = "Olena"
external_id = "1042"

[[trunks]]
name = "carrier"
host = "sip.carrier.example"

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ring = ["101"]
timeout = 20

[[schemes]]
id = 2
name = "Messages"

[[schemes.steps]]
ring = ["101"]
timeout = 20

[[schemes.steps]]
voicemail = []
max_duration = 5
"""
DIALLED, ASLEEP, SLEEPY = "380910000001", "380910000002", "380500000011"
"""Two numbers of a running server; SLEEPY is behind the second, and never answers."""
SUBSCRIBED = {"call-notification"}
"""Templates whose receiver subscribes over the HTTP API."""
STEPS = {
    "answered": ["created", "ringing", "in-progress", "ended completed"],
    "missed": ["created", "ringing", "ended no-answer"],
    "busy": ["created", "ringing", "ended busy"],
    "given up": ["created", "ringing", "ended no-answer"],
    "withheld": ["created", "ringing", "in-progress", "ended completed"],
    "withheld, missed": ["created", "ringing", "ended no-answer"],
    "voicemail": ["created", "ringing", "ended no-answer"],
    "out": ["ringing", "in-progress", "ended completed"],
    "out busy": ["ringing", "ended busy"],
}
"""What a subscriber is told of each call: the statuses, and why it is over."""


def filled(use: TemplateUse, name: str, receiver: Receiver, file: Path) -> ProjectSnapshot:
    """Return the project of a file with the template in it, filled in for this receiver."""
    origin, target = f"http://{receiver.authority}", SAMPLES[use.sample].target
    url = {"url": use.url.format(origin=origin, target=target)} if use.url else {}
    file.write_text(PROJECT)
    added = add_template(file, name, {**use.gaps, **url})
    assert isinstance(added, AddedTemplate)
    assert added.left == {}
    text = file.read_text()
    project = read_project(text.replace(use.host, origin) if use.host else text)
    assert isinstance(project, Project)
    return ProjectSnapshot(project)


async def deliver(deliveries: tuple[Delivery, ...]) -> list[str]:
    """Send each delivery once; return what did not count as delivered."""
    sender = Sender()
    failures = []
    try:
        for delivery in deliveries:
            assert isinstance(delivery.request, HttpRequest)
            done = await sender.exchange(delivery.request, deadline=10.0, networks=HERE)
            attempt = attempt_of(delivery, done, 1, at=delivery.occurred_at)
            if attempt.failure is not None:
                failures.append(f"{attempt.failure.detail} {attempt.answer.decode()}")
    finally:
        await sender.close()
    return failures


@pytest.mark.row("T-30", "S-43")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", USES)
def test_a_receiver_is_told_of_a_call(name: str, call: str, tmp_path: Path) -> None:
    use = USES[name]
    with Receiver(SAMPLES[use.sample].receiver) as receiver:
        snapshot = filled(use, name, receiver, tmp_path / "project.toml")
        made = run(simulate_call(snapshot, CALLS[call], now=BEGAN, product="switchhook"))
        failures = run(deliver(made.deliveries))
        assert (failures, receiver.refused) == ([], [])
        assert tuple(receiver.accepted) == use.told.get(call, ())


def shape(values: Any) -> Any:
    """Return the names of a body as a tree, with the type of each value."""
    if isinstance(values, dict):
        return {name: shape(value) for name, value in values.items()}
    return [shape(value) for value in values] if isinstance(values, list) else type(values)


def adds_nothing(known: Any, other: Any) -> bool:
    """Say whether a shape has no more names than another, in the same order and of the same types."""
    if isinstance(known, dict) and isinstance(other, dict):
        names = [name for name in known if name in other]
        return names == list(other) and all(adds_nothing(known[n], other[n]) for n in other)
    if isinstance(known, list) and isinstance(other, list) and len(known) == len(other):
        return all(adds_nothing(*pair) for pair in zip(known, other, strict=True))
    return bool(known == other)


@pytest.mark.row("S-73")
@pytest.mark.parametrize("call", ["answered", "missed"])
@pytest.mark.parametrize("name", USES)
def test_a_callers_number_adds_no_member(name: str, call: str, tmp_path: Path) -> None:
    sample = SAMPLES[USES[name].sample]
    with Receiver(sample.receiver) as receiver:
        snapshot = filled(USES[name], name, receiver, tmp_path / "project.toml")
    shapes = []
    for caller in (CALLER, '1&cause=x"}],"evil":{\r\n<b>\\'):
        script = replace(CALLS[call], caller=caller)
        made = run(simulate_call(snapshot, script, now=BEGAN, product="switchhook"))
        requests = [delivery.request for delivery in made.deliveries]
        bodies = [request.body for request in requests if isinstance(request, HttpRequest)]
        shapes.append([shape(sample.receiver.read[sample.media_type](body)) for body in bodies])
    assert len(shapes[0]) == len(shapes[1])
    assert all(adds_nothing(*pair) for pair in zip(*shapes, strict=True))


def used(stack: ExitStack, name: str, directory: Path) -> tuple[Receiver, tuple[ProjectEvent, ...]]:
    """Start a template's receiver; return it with the events that lead there."""
    receiver = stack.enter_context(Receiver(SAMPLES[USES[name].sample].receiver))
    project = filled(USES[name], name, receiver, directory / f"{name}.toml").project
    return receiver, project.events


@pytest.mark.slow
def test_a_running_server_tells_receivers_of_real_calls(tmp_path: Path) -> None:
    lines = (
        Line(number=DIALLED, steps=(ring(NEXT),)),
        Line(number=ASLEEP, steps=(ring(SLEEPY, timeout=5.0),)),
    )
    with ExitStack() as stack:
        slack, to_slack = used(stack, "slack", tmp_path)
        kommo_, to_kommo = used(stack, "kommo", tmp_path)
        zammad_, to_zammad = used(stack, "zammad", tmp_path)

        def refine(project: Project) -> Project:
            told = (*project.events, *to_slack, *to_kommo, *to_zammad)
            return replace(project, events=told)

        house = stack.enter_context(open_house(tmp_path, lines, callee=Callee(), refine=refine))
        answered = house.call(DIALLED, talk=1500)
        missed_ = house.call(ASLEEP, scenario="e2e_caller_refused", replace={"STATUS": "480"})
        zammad_.ledger.wait_for(lambda _: True, count=5)
        kommo_.ledger.wait_for(lambda _: True, count=2)
        slack.ledger.wait_for(lambda _: True, count=1)
        house.assert_nothing_runs()
    assert slack.refused + kommo_.refused + zammad_.refused == []
    (message,) = slack.accepted
    assert message["text"].startswith(f"Missed call from +{missed_.who} to +{ASLEEP} at ")
    calls = [body[0] for body in kommo_.accepted]
    assert [(call["uniq"], call["call_status"]) for call in calls] == [
        (answered.id, 4),
        (missed_.id, 6),
    ]
    assert calls[0]["duration"] >= 1
    events = [(one["callId"], one["event"], one.get("cause")) for one in zammad_.accepted]
    assert events == [
        (answered.id, "newCall", None),
        (answered.id, "answer", None),
        (answered.id, "hangup", "normalClearing"),
        (missed_.id, "newCall", None),
        (missed_.id, "hangup", "noAnswer"),
    ]


@pytest.mark.row("T-31")
@pytest.mark.parametrize("call", CALLS)
def test_a_subscriber_is_told_of_each_step_of_a_call(call: str) -> None:
    sample = SAMPLES["call_notification"]
    with Receiver(sample.receiver) as receiver:
        subscription = Subscription(
            project="acme",
            number=7,
            user="user@example.com",
            target_url=receiver.url(sample.target),
            event="custom",
            created_at=0.0,
        )
        project = read_project(PROJECT)
        assert isinstance(project, Project)
        made = run(
            simulate_call(
                ProjectSnapshot(project),
                CALLS[call],
                now=BEGAN,
                product="switchhook",
                subscriptions=(subscription,),
            )
        )
        failures = run(deliver(made.deliveries))
        assert (failures, receiver.refused) == ([], [])
        told = [f"{values['status']} {values['reason']}".strip() for values in receiver.accepted]
        assert told == STEPS[call]
        assert {values["call_id"] for values in receiver.accepted} == {CALL}


def test_every_template_is_tried() -> None:
    assert {template.name for template in list_templates()} == set(USES) | SUBSCRIBED
