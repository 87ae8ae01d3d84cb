"""What is sent otherwise than it was written is said, and who is told of nothing; and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.credentials import BodyHmac, Credentials
from switchhook.domain.event import EventFilter, EventFormat, EventKind, ProjectEvent
from switchhook.domain.project import Account, Project
from switchhook.domain.webhook import Method, TextValue
from switchhook.projectfile.warnings.event import event_warnings
from tests.webhooks.samples import make_event


def told(**changes: Any) -> ProjectEvent:
    return ProjectEvent(name="after", event=EventKind.INCOMING_AFTER, **changes)


RAW = {"format": EventFormat.RAW}
SIGNED = Credentials(hmac=BodyHmac(header="X-Signature", secret="s"))
JSON_SAID = (("Content-Type", "application/json; charset=utf-8"),)


@pytest.mark.row("S-43", "R2-24", "R2-28", "A-05", "A-28")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"format": EventFormat.FORM, "method": Method.GET}, []),
        ({"format": EventFormat.JSON_RPC, "method": Method.POST}, []),
        (
            {"format": EventFormat.JSON_RPC, "method": Method.GET},
            ["is told by POST (set by JSON-RPC), not by GET"],
        ),
        (RAW | {"body": "{{Caller ID}} {{date:iso8601}}"}, []),
        (RAW | {"binary": b"{{x}}"}, []),
        (RAW | {"binary": b"{{x}}", "headers": JSON_SAID}, []),
        (RAW | {"body": "{{x}}", "method": Method.GET}, ["sends no body: GET has none"]),
        ({"credentials": SIGNED}, []),
        (
            {"credentials": SIGNED, "method": Method.GET},
            ["signs no value: GET sends them in the URL, and what is signed is the body"],
        ),
        (
            RAW | {"body": "{{x}} {{{Status}}} {{Status"},
            [
                "sends '{{x}}' as it stands: it names no parameter",
                "sends '{{{Status}}}' as it stands: a placeholder is written {{Status}}",
                "sends '{{' as it stands: its braces are not closed",
            ],
        ),
        (
            RAW | {"body": "{caller_id} {nobody} {{caller}} {{Caller ID:e146}}"},
            [
                "sends '{caller_id}' as it stands: a placeholder is written {{caller_id}}",
                "sends '{{caller}}' as it stands: it names no parameter; did you mean {{caller_id}}?",
                "sends '{{Caller ID:e146}}' as it stands: Caller ID takes no such argument",
            ],
        ),
        (
            {"fields": (TextValue(name="t", text="{{Caller ID || ?}} {{caller || ?}} {{x"),)},
            [
                "sends '{{caller || ?}}' as it stands: it names no parameter; did you mean {{caller_id}}?",
                "sends '{{' as it stands: its braces are not closed",
            ],
        ),
        (
            {"fields": (TextValue(name="t", text="<token>"),)},
            ["sends <token>, a gap of its template; fill it in"],
        ),
        (
            {"url": "https://hooks.example/<url>"},
            ["sends <url>, a gap of its template; fill it in"],
        ),
        (RAW | {"body": "{{x}}", "placeholders": False}, []),
        (
            RAW | {"body": '{"a": "{{Status}}"}'},
            [
                "sends JSON as text/plain; most endpoints want a header Content-Type: application/json"
            ],
        ),
        (RAW | {"body": '{"a": "{{Status}}"}', "headers": (("content-type", ""),)}, []),
        (RAW | {"body": '{"a": {{Status}}}', "headers": JSON_SAID}, []),
        (
            RAW | {"body": '{"a": {{Status}}', "headers": JSON_SAID},
            ["says application/json, and its body is no JSON"],
        ),
    ],
)
def test_what_does_not_come_out_of_an_event_is_told(
    changes: dict[str, Any], said: list[str]
) -> None:
    project = Project(id="x", name="X", events=(told(webhooks=(make_event(**changes),)),))

    assert list(event_warnings(project)) == [f"event webhook 'after' {text}" for text in said]


@pytest.mark.row("T-29")
@pytest.mark.parametrize(
    ("only", "said"),
    [
        (EventFilter(min_duration=60), ""),
        (EventFilter(min_duration=60, outcomes=(Outcome.MISSED, Outcome.ANSWERED)), ""),
        (
            EventFilter(min_duration=60, outcomes=(Outcome.MISSED, Outcome.BUSY)),
            "calls of these outcomes have no conversation, and min_duration asks for one",
        ),
        (EventFilter(departments=("Sales", "Nobody")), ""),
        (
            EventFilter(departments=("Sale",)),
            "no account is in these departments; did you mean Sales?",
        ),
    ],
)
def test_a_filter_that_no_call_passes_is_told(only: EventFilter, said: str) -> None:
    project = Project(
        id="x",
        name="X",
        accounts=(Account(login="101", password="x", department="Sales"),),
        events=(told(webhooks=(make_event(),), filter=only),),
    )
    expected = [f"event 'after' tells of nothing: {said}"] if said else []

    assert list(event_warnings(project)) == expected


def test_without_any_department_that_is_said() -> None:
    project = Project(id="x", name="X", events=(told(filter=EventFilter(departments=("Sales",))),))

    assert list(event_warnings(project)) == [
        (
            "event 'after' tells of nothing:"
            " no account is in these departments; no account has a department"
        )
    ]
