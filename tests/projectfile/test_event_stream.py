"""A project file turns the event stream on, tells webhooks of it, and reads back as it was written."""

from __future__ import annotations

import pytest

from switchhook.domain.event_stream import (
    DEFAULT_STREAM_POLICY,
    EventStream,
    StreamEventType,
    StreamWebhook,
)
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.projectfile.file import read_project, write_project
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.projectfile.warnings.project import project_warnings
from tests.support.projects import MINIMAL

WEBHOOK = """
[[stream_webhooks]]
name = "erp"
url = "https://erp.example/events"
"""


def read(text: str) -> Project:
    project = read_project(MINIMAL + text)
    assert isinstance(project, Project), str(project)
    return project


def mistakes(text: str) -> list[str]:
    found = read_project(MINIMAL + WEBHOOK + text)
    assert isinstance(found, Mistakes), found
    return [line.partition(": ")[2] for line in str(found).splitlines()]


def test_a_name_and_a_url_are_enough() -> None:
    (webhook,) = read(WEBHOOK).stream_webhooks

    assert webhook == StreamWebhook(name="erp", url="https://erp.example/events")
    assert webhook.policy == DEFAULT_STREAM_POLICY
    assert (webhook.policy.success_codes, webhook.policy.retries) == (tuple(range(200, 300)), 10)


@pytest.mark.parametrize(
    ("text", "has_stream"),
    [
        ("", False),
        ("[event_stream]\n", False),
        ("[event_stream]\nkeep = false\n", False),
        ("[event_stream]\nkeep = true\n", True),
        (WEBHOOK, True),
    ],
)
def test_a_stream_is_on_where_it_is_kept_or_told(text: str, *, has_stream: bool) -> None:
    assert ProjectSnapshot(read(text)).has_stream is has_stream


def test_what_was_read_is_written_and_read_again() -> None:
    more = """types = ["call.ended", "attempt.ended"]
retries = 2
success_codes = [204]
headers = [{ name = "X-Key", value = "secret" }]
keep_alive = false

[event_stream]
keep = true
"""
    project = read(WEBHOOK + more)

    assert project.event_stream == EventStream(keep=True)
    assert project.stream_webhooks[0].types == (
        StreamEventType.CALL_ENDED,
        StreamEventType.ATTEMPT_ENDED,
    )
    assert read_project(write_project(project)) == project


def test_what_is_wrong_is_named() -> None:
    (unknown,) = mistakes('types = ["call.vanished"]\n')
    assert unknown.startswith("stream_webhooks[0].types[0]: 'call.vanished' is not")
    assert mistakes('types = ["call.ended", "call.ended"]\n') == [
        "stream_webhooks[0].types[1]: 'call.ended' stands already; remove it"
    ]
    (header,) = mistakes('headers = [{ name = "Host", value = "x" }]\n')
    assert header.startswith("stream_webhooks[0].headers[0].name: 'Host' is not a header")
    (name,) = mistakes(WEBHOOK.replace('"erp"', '"subscription 7"'))
    assert name.startswith("stream_webhooks[1].name: 'subscription 7' is how")


def test_its_name_is_that_of_no_other_receiver() -> None:
    (said,) = mistakes(WEBHOOK.replace('"erp"', '"told"'))

    assert said.startswith(
        "stream_webhooks[1].name: an action called 'told' stands already on line "
    )
    assert said.endswith("; give one of them another name")


def test_two_of_one_name_are_one_mistake() -> None:
    (said,) = mistakes(WEBHOOK)

    assert said.startswith("stream_webhooks[1].name: 'erp' stands already on line ")


def test_a_private_address_without_a_grant_is_remarked_on() -> None:
    (said,) = project_warnings(read(WEBHOOK.replace("erp.example", "10.0.0.5")))

    assert "stream webhook 'erp'" in said
