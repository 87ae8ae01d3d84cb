"""An event of a project file has actions; those told of an event under the former tables are read as its actions."""

from __future__ import annotations

import tomllib

import pytest

from switchhook.domain.event import (
    EventFormat,
    EventKind,
    FormFormat,
    Ga4Format,
    JsonFormat,
    JsonRpcFormat,
    RawFormat,
)
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.webhook import Method
from switchhook.projectfile.file import read_project, renewed, write_project
from switchhook.projectfile.toml.mistakes import Mistakes
from tests.support.projects import MINIMAL

BARE = MINIMAL[: MINIMAL.index("[[events]]")] + MINIMAL[MINIMAL.index("\n[[numbers]]") + 1 :]
"""A project without events."""
LINES = BARE.count("\n")

EVENT = """
[[events]]
name = "crm"
event = "incoming.after"
filter = { outcomes = ["missed"] }

[[events.webhooks]]
url = "https://crm.example/missed"

[[events.webhooks]]
name = "chat"
url = "https://chat.example/"
format = "raw"
body = "missed"

[[events.webhooks]]
url = "https://rpc.example/"
format = "json-rpc"
rpc_method = "missed"

[[events.mails]]
to = ["desk@example.com"]
subject = "missed"
text = "missed"
"""
FORMER = """
[[event_webhooks]]
name = "told"
event = "incoming.before"
url = "https://crm.example/told"
format = "form"
parameters = [{ name = "caller", value = "caller_id" }]

[[event_mails]]
name = "missed"
event = "incoming.after"
only = { outcomes = ["missed"] }
to = ["desk@example.com"]
subject = "missed"
"""


def good(text: str) -> Project:
    project = read_project(BARE + text)
    assert isinstance(project, Project), str(project)
    return project


def mistakes(text: str) -> list[str]:
    found = read_project(BARE + text)
    assert isinstance(found, Mistakes), found
    return str(found).splitlines()


@pytest.mark.row("R2-18", "R2-19", "R2-20", "R2-21", "R2-39", "A-25", "A-26")
def test_an_event_has_a_name_a_kind_a_filter_and_actions() -> None:
    (event,) = good(EVENT).events

    assert (event.name, event.event) == ("crm", EventKind.INCOMING_AFTER)
    assert event.filter.outcomes == ("missed",)
    assert [type(one.format) for one in event.webhooks] == [JsonFormat, RawFormat, JsonRpcFormat]
    assert [mail.to for mail in event.mails] == [("desk@example.com",)]


def test_an_action_without_a_name_has_that_of_the_event_and_its_place() -> None:
    project = good(EVENT)

    assert [one.name for one in project.events[0].actions] == ["crm", "chat", "crm 3", "crm 4"]
    assert EVENT in write_project(project)
    assert read_project(write_project(project)) == project


def test_an_event_takes_forty_actions_and_more() -> None:
    webhook = '\n[[events.webhooks]]\nurl = "https://crm.example/"\n'
    head = EVENT[: EVENT.index("\n[[events.webhooks]]")]

    assert len(good(head + 100 * webhook).event_webhooks) == 100
    assert "101 tables are too many; allowed are 100" in mistakes(head + 101 * webhook)[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (EVENT[: EVENT.index("\n[[events.webhooks]]")], "events[0]: the event has no action;"),
        (
            EVENT.replace('"chat"', '"crm 3"'),
            "webhooks[2]: an action called 'crm 3' stands already",
        ),
        (EVENT.replace('"chat"', '"subscription 1"'), "webhooks[1].name: 'subscription 1' is how"),
        (EVENT.replace("[[events.mails]]", "[[mails]]"), "write [[events.mails]]"),
        (EVENT + EVENT, "events[1].name: 'crm' stands already"),
        ("\nevents = 7\n", "a number is not a list of tables"),
    ],
)
def test_what_is_wrong_with_an_event_is_said(wrong: str, said: str) -> None:
    head = "" if wrong.startswith("\n[[") else wrong
    text = f"{head}{BARE}" if head else BARE + wrong
    found = read_project(text)

    assert isinstance(found, Mistakes)
    assert said in str(found)


@pytest.mark.parametrize(
    ("key", "format_", "holders"),
    [
        ('body = "x"', "json", "raw"),
        ('body_base64 = "AAAA"', "form", "raw"),
        ("placeholders = false", "json", "raw"),
        ('rpc_method = "x"', "form", "json-rpc"),
        ("notification = true", "json", "json-rpc"),
        ('measurement_id = "G-TEST"', "json", "ga4"),
        ('api_secret = "x"', "form", "ga4"),
        ('event_name = "x"', "json", "ga4"),
        ("session_timeout = 60", "json", "ga4"),
        ('parameters = [{ name = "a", value = "date" }]', "raw", "json or form or json-rpc or ga4"),
    ],
)
def test_a_key_of_another_format_is_refused_by_name(key: str, format_: str, holders: str) -> None:
    webhook = f'[[events.webhooks]]\nurl = "https://crm.example/"\nformat = "{format_}"\n{key}\n'
    body = 'body = "x"\n' if format_ == "raw" else ""
    (said,) = mistakes(f'\n[[events]]\nname = "a"\nevent = "incoming.after"\n{webhook}{body}')
    name = key.partition(" ")[0]

    assert said.endswith(
        f".{name}: {name} means nothing with format '{format_}'; remove it; it belongs to {holders}"
    )


def test_a_stored_key_of_another_format_is_left_out() -> None:
    """An earlier release may have taken it."""
    webhook = '[[events.webhooks]]\nurl = "https://crm.example/"\nrpc_method = "x"\n'
    text = f'{BARE}\n[[events]]\nname = "a"\nevent = "incoming.after"\n{webhook}'
    project = read_project(text, judge=False)

    assert isinstance(project, Project)
    assert project.event_webhooks[0].format == JsonFormat()


def test_the_former_tables_are_events_of_one_action_each() -> None:
    remarks: list[str] = []
    project = read_project(BARE + FORMER, remark=remarks.append)

    assert isinstance(project, Project)
    assert [event.name for event in project.events] == ["told", "missed"]
    assert isinstance(project.event_webhooks[0].format, FormFormat)
    assert project.events[1].filter.outcomes == ("missed",)
    snapshot = ProjectSnapshot(project)
    assert snapshot.actions["told"] == project.event_webhooks[0]
    assert snapshot.event_of["missed"].mails == project.event_mails
    below = "a former name; write [[events]] with"
    assert remarks == [
        f"line {LINES + 2}: event_webhooks: {below} [[events.webhooks]] below",
        f"line {LINES + 9}: event_mails: {below} [[events.mails]] below",
        f"line {LINES + 12}: event_mails[0].only: a former name; write filter",
    ]


def test_the_former_tables_are_written_no_more() -> None:
    project = good(FORMER)
    now = renewed(BARE + FORMER)

    assert now == write_project(project)
    assert not {"event_webhooks", "event_mails"} & tomllib.loads(now).keys()
    assert read_project(now) == project


def test_mistakes_in_the_former_tables_are_named_by_where_they_stand() -> None:
    wrong = FORMER.replace("https://crm", "ftp://crm").replace("incoming.after", "after")
    wrong = wrong.replace('subject = "missed"\n', "sbuject = 1\n").replace('"missed"]', '"misst"]')
    found = "\n".join(mistakes(wrong))

    for said in (
        f"line {LINES + 5}: event_webhooks[0].url: the URL begins",
        f"line {LINES + 11}: event_mails[0].event: 'after' is not known here",
        f"line {LINES + 12}: event_mails[0].only.outcomes[0]: 'misst' is not known here",
        "event_mails[0]: subject is missing",
        f"line {LINES + 14}: event_mails[0].sbuject: unknown key; did you mean subject?",
    ):
        assert said in found, found


@pytest.mark.parametrize("wrong", ["event_webhooks = 7\n", 'event_mails = ["a"]\n'])
def test_former_tables_that_are_none_are_a_mistake(wrong: str) -> None:
    found = read_project(wrong + BARE)

    assert isinstance(found, Mistakes)
    assert str(found) == (
        f"line 1: {wrong.partition(' ')[0]}: this is no list of tables; write [[events]]"
    )


@pytest.mark.row("A-03")
def test_delete_is_not_offered_and_goes_on_where_it_was_applied() -> None:
    webhook = '[[events.webhooks]]\nurl = "https://crm.example/"\nmethod = "DELETE"\n'
    text = f'\n[[events]]\nname = "a"\nevent = "incoming.after"\n{webhook}'
    stored = read_project(BARE + text, judge=False)

    (said,) = mistakes(text)
    assert "method: events are not told by DELETE; use POST, PUT or GET" in said
    assert "DELETE" not in mistakes(text.replace("DELETE", "DELET"))[0]
    assert isinstance(stored, Project)
    assert stored.event_webhooks[0].method is Method.DELETE


def test_every_format_has_a_value_of_its_own() -> None:
    kinds = (JsonFormat, FormFormat, RawFormat, JsonRpcFormat, Ga4Format)

    assert {kind.name for kind in kinds} == set(EventFormat)


def test_former_tables_beside_new_ones_keep_the_order_of_the_file() -> None:
    """Deliveries of a moment go out in this order."""
    new = '\n[[events]]\nname = "{name}"\nevent = "incoming.before"\n[[events.webhooks]]\nurl = "{url}"\n'
    former = '\n[[event_webhooks]]\nname = "{name}"\nevent = "incoming.before"\nurl = "{url}"\n'
    tables = [(former, "b", "https://x/"), (new, "c", "https://x/"), (former, "d", "https://x/")]
    text = MINIMAL + "".join(table.format(name=name, url=url) for table, name, url in tables)
    project = read_project(text)

    assert isinstance(project, Project), str(project)
    assert [event.name for event in project.events] == ["told", "b", "c", "d"]
    wrong = former.format(name="d", url="ftp://x") + new.format(name="c", url="ftp://x")
    found, lines = read_project(MINIMAL + wrong), (MINIMAL + wrong).splitlines()
    assert isinstance(found, Mistakes)
    assert [lines[one.line - 1] for one in found.mistakes] == ['url = "ftp://x"'] * 2
