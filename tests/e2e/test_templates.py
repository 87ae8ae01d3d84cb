"""Each template, filled in and added to a project file, tells its receiver of each call exactly what that takes, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.policy import attempt_of
from switchhook.domain.event import Subscription
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.templates import AddedTemplate, add_template
from switchhook.projectfile.file import read_project
from switchhook.projectfile.templates.catalogue import list_templates
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from switchhook.webhooks.http import HttpRequest
from tests.support.loop import run
from tests.support.receivers.base import Receiver
from tests.support.receivers.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from switchhook.storage.delivery import Delivery

HERE = AllowedNetworks.parse(("127.0.0.0/8",))
BEGAN = 1_534_147_871.0
"""2018-08-13 11:11:11 in Kyiv."""
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

[[accounts]]
login = "101"
password = "reception-101"
name = "Olena"

[[trunks]]
name = "carrier"
host = "sip.carrier.example"

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ring = ["101"]
timeout = 20
"""
CALLER, CALLED, OUTSIDE = "380441112233", "380442223344", "380501112233"
CALLS = {
    "answered": Script(caller=CALLER, callee=CALLED),
    "missed": Script(caller=CALLER, callee=CALLED, phones={"101": "rings"}),
    "busy": Script(caller=CALLER, callee=CALLED, phones={"101": "busy"}),
    "given up": Script(caller=CALLER, callee=CALLED, phones={"101": "rings"}, patience=5.0),
    "out": Script(caller="101", callee=OUTSIDE),
    "out busy": Script(caller="101", callee=OUTSIDE, phones={OUTSIDE: "busy"}),
}
"""Who answers does so after three seconds, and talks for ten."""
NOTHING: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Use:
    """One template: what is filled in, and what its receiver is to be told of each call."""

    sample: str
    """The receiver and where it is, by its name."""
    url: str = "{origin}{target}"
    """What is filled in for the URL; "" where the template knows the host."""
    host: str = ""
    """The host that the template knows."""
    gaps: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, tuple[Any, ...]]
    """The bodies of each call's posts, in order; a call that is not here is told in none."""


def missed(status: str, **members: Any) -> Any:
    """Return what is said of a call that nobody took: a tree with the status in place of `STATUS`."""
    return {name: _put(value, status) for name, value in members.items()}


def _put(value: Any, status: str) -> Any:
    if isinstance(value, str):
        return value.replace("STATUS", status)
    if isinstance(value, list):
        return [_put(item, status) for item in value]
    return {n: _put(v, status) for n, v in value.items()} if isinstance(value, dict) else value


STATUSES = {"missed": "NO ANSWER", "busy": "BUSY", "given up": "NO ANSWER"}
"""Those of the calls that nobody took."""


def of_missed(**members: Any) -> Mapping[str, tuple[Any, ...]]:
    """Return what is told of the calls that nobody took."""
    return {call: (missed(status, **members),) for call, status in STATUSES.items()}


CARD = {
    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
    "type": "AdaptiveCard",
    "version": "1.2",
    "body": [
        {
            "type": "TextBlock",
            "text": "Missed call from +380441112233",
            "weight": "bolder",
            "wrap": True,
        },
        {
            "type": "FactSet",
            "facts": [
                {"title": "Called", "value": "+380442223344"},
                {"title": "At", "value": "2018-08-13 11:11:11"},
                {"title": "Status", "value": "STATUS"},
            ],
        },
    ],
}
MESSAGE = "Missed call from +380441112233 to +380442223344 at 11:11: STATUS"
CALL = "1700000000.000000000001"


def row(status: str, seconds: str) -> tuple[Any, ...]:
    return (
        {
            "entry.1000001": "2018-08-13 11:11:11",
            "entry.1000002": "+380441112233",
            "entry.1000003": "+380442223344",
            "entry.1000004": status,
            "entry.1000005": seconds,
        },
    )


def kommo(direction: str, phone: str, status: int, duration: int) -> tuple[Any, ...]:
    return (
        [
            {
                "direction": direction,
                "uniq": CALL,
                "duration": duration,
                "source": "Switchhook",
                "phone": phone,
                "call_status": status,
                "created_at": int(BEGAN),
            }
        ],
    )


def hubspot(title: str, direction: str, status: str, **more: str) -> tuple[Any, ...]:
    numbers = (
        {"hs_call_from_number": "+380441112233", "hs_call_to_number": "+380442223344"}
        if direction == "INBOUND"
        else {"hs_call_to_number": "+380501112233"}
    )
    properties = {
        "hs_timestamp": "1534147871000",
        "hs_call_title": title,
        "hs_call_direction": direction,
        "hs_call_status": status,
    }
    return ({"properties": properties | more | numbers, "associations": []},)


def zammad(direction: str, cause: str, answered_by: str = "") -> tuple[Any, ...]:
    ends = (CALLER, CALLED) if direction == "in" else ("101", OUTSIDE)
    every = {"from": ends[0], "to": ends[1], "direction": direction, "callId": CALL}
    answer = ({"event": "answer", **every, "answeringNumber": answered_by},)
    return (
        {"event": "newCall", **every},
        *(answer if answered_by else ()),
        {"event": "hangup", **every, "cause": cause},
    )


def zoho(subject: str, kind: str, length: str, description: str) -> tuple[Any, ...]:
    return (
        {
            "Subject": subject,
            "Call_Type": kind,
            "Call_Start_Time": "2018-08-13T11:11:11+03:00",
            "Call_Duration": length,
            "Description": description,
        },
    )


def ringostat(status: str, *, length: int, waited: int, talked: int) -> dict[str, str]:
    return {
        "uniqueid": CALL,
        "calldate": "2018-08-13 11:11:11",
        "caller": CALLER,
        "dst": CALLED,
        "call_type": "in",
        "disposition": status,
        "duration": str(length),
        "waittime": str(waited),
        "billsec": str(talked),
    }


USES = {
    "bitrix24": Use(
        sample="bitrix24",
        url="{origin}/rest/1/t3x8k2m9q4w7z1c5/",
        told=of_missed(
            fields={
                "TITLE": "Missed call from +380441112233",
                "PHONE": [{"VALUE": "+380441112233", "VALUE_TYPE": "WORK"}],
                "SOURCE_ID": "CALL",
                "COMMENTS": "Called +380442223344 at 2018-08-13 11:11:11: STATUS",
                "ORIGINATOR_ID": "switchhook",
                "ORIGIN_ID": CALL,
                "UTM_SOURCE": "",
                "UTM_MEDIUM": "",
                "UTM_CAMPAIGN": "",
                "UTM_CONTENT": "",
                "UTM_TERM": "",
            },
            params={"REGISTER_SONET_EVENT": "Y"},
        ),
    ),
    "google-sheets": Use(
        sample="google_form",
        url="",
        host="https://docs.google.com",
        gaps={
            "form": "1FAIpQLSc0ffee-_form",
            "date": "1000001",
            "caller": "1000002",
            "called": "1000003",
            "status": "1000004",
            "seconds": "1000005",
        },
        told={
            "answered": row("ANSWERED", "10"),
            "missed": row("NO ANSWER", "0"),
            "busy": row("BUSY", "0"),
            "given up": row("NO ANSWER", "0"),
        },
    ),
    "hubspot": Use(
        sample="hubspot",
        url="",
        host="https://api.hubapi.com",
        gaps={"token": "pat-eu1-00000000-0000-0000-0000-000000000000"},
        told={
            "answered": hubspot(
                "Call from +380441112233", "INBOUND", "COMPLETED", hs_call_duration="10000"
            ),
            **dict.fromkeys(
                ("missed", "busy", "given up"),
                hubspot("Missed call from +380441112233", "INBOUND", "NO_ANSWER"),
            ),
            "out": hubspot(
                "Call to +380501112233", "OUTBOUND", "COMPLETED", hs_call_duration="10000"
            ),
            "out busy": hubspot("Call to +380501112233: busy", "OUTBOUND", "BUSY"),
        },
    ),
    "kommo": Use(
        sample="kommo",
        url="{origin}",
        gaps={"token": "eyJ0eXAi.eyJhdWQi.c2ln"},
        told={
            "answered": kommo("inbound", "+380441112233", 4, 10),
            **dict.fromkeys(
                ("missed", "busy", "given up"), kommo("inbound", "+380441112233", 6, 0)
            ),
            "out": kommo("outbound", "+380501112233", 4, 10),
            "out busy": kommo("outbound", "+380501112233", 6, 0),
        },
    ),
    "odoo": Use(
        sample="odoo",
        url="{origin}",
        gaps={"token": "6578616d706c65206a736f6e20617069206b6579"},
        told=of_missed(
            vals_list=[
                {
                    "type": "lead",
                    "name": "Missed call from +380441112233",
                    "phone": "+380441112233",
                    "description": "Called +380442223344 at 2018-08-13 11:11:11: STATUS",
                }
            ]
        ),
    ),
    "ringostat": Use(
        sample="ringostat",
        told={
            "answered": (ringostat("ANSWERED", length=13, waited=3, talked=10),),
            "missed": (ringostat("NO ANSWER", length=20, waited=20, talked=0),),
            "busy": (ringostat("BUSY", length=0, waited=0, talked=0),),
            "given up": (ringostat("NO ANSWER", length=5, waited=5, talked=0),),
            "out": (
                ringostat("ANSWERED", length=13, waited=3, talked=10)
                | {"caller": "101", "dst": OUTSIDE, "call_type": "out"},
            ),
            "out busy": (
                ringostat("BUSY", length=0, waited=0, talked=0)
                | {"caller": "101", "dst": OUTSIDE, "call_type": "out"},
            ),
        },
    ),
    "slack": Use(sample="slack", told=of_missed(text=MESSAGE)),
    "teams": Use(
        sample="teams",
        told=of_missed(
            type="message",
            attachments=[
                {"contentType": "application/vnd.microsoft.card.adaptive", "content": CARD}
            ],
        ),
    ),
    "telegram": Use(
        sample="telegram",
        url="",
        host="https://api.telegram.org",
        gaps={"token": "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", "chat": "-1001234567890"},
        told=of_missed(chat_id="-1001234567890", text=MESSAGE),
    ),
    "zammad": Use(
        sample="zammad",
        told={
            "answered": zammad("in", "normalClearing", answered_by="101"),
            "missed": zammad("in", "noAnswer"),
            "busy": zammad("in", "busy"),
            "given up": zammad("in", "cancel"),
            "out": zammad("out", "normalClearing", answered_by=OUTSIDE),
            "out busy": zammad("out", "busy"),
        },
    ),
    "zoho": Use(
        sample="zoho",
        told={
            "answered": zoho(
                "Call from +380441112233", "Inbound", "00:10", "To +380442223344, 101 answered"
            ),
            **{
                call: zoho(
                    "Missed call from +380441112233",
                    "Missed",
                    "00:00",
                    f"To +380442223344: {status}",
                )
                for call, status in STATUSES.items()
            },
            "out": zoho("Call to +380501112233", "Outbound", "00:10", "From 101: ANSWERED"),
            "out busy": zoho("Call to +380501112233", "Outbound", "00:00", "From 101: BUSY"),
        },
    ),
}
"""Each template by its name."""
SUBSCRIBED = {"call-notification"}
"""Those that a receiver subscribes to by itself."""
STEPS = {
    "answered": ["created", "ringing", "in-progress", "ended completed"],
    "missed": ["created", "ringing", "ended no-answer"],
    "busy": ["created", "ringing", "ended busy"],
    "given up": ["created", "ringing", "ended no-answer"],
    "out": ["ringing", "in-progress", "ended completed"],
    "out busy": ["ringing", "ended busy"],
}
"""What a subscriber is told of each call: the statuses, and why it is over."""


def filled(use: Use, name: str, receiver: Receiver, file: Path) -> ProjectSnapshot:
    """Add a template to a project file, and read that."""
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


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", USES)
def test_a_receiver_is_told_of_a_call(name: str, call: str, tmp_path: Path) -> None:
    use = USES[name]
    with Receiver(SAMPLES[use.sample].receiver) as receiver:
        plan = filled(use, name, receiver, tmp_path / "project.toml")
        made = run(simulate_call(plan, CALLS[call], now=BEGAN, product="switchhook"))
        failures = run(deliver(made.deliveries))
        assert (failures, receiver.refused) == ([], [])
        told = use.told.get(call, NOTHING)
        if name == "ringostat":
            receiver.accepted = [_shared(values, told[0]) for values in receiver.accepted]
        assert tuple(receiver.accepted) == told


def _shared(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the values that are compared; what is known of callers is not part of this."""
    return {name: values[name] for name in wanted}


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
