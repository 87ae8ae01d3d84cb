"""Every template says whom it is for and what belongs into each gap, and a value stays in the gap that it is given for."""

from __future__ import annotations

import re
import tomllib

import pytest

from switchhook.domain.event import EventFormat
from switchhook.domain.project import Project
from switchhook.projectfile.file import read_project
from switchhook.projectfile.templates.catalogue import (
    GAP,
    ReceiverTemplate,
    TemplateError,
    fill_gaps,
    find_template,
    gaps_in,
    gaps_left,
    list_templates,
    rename_events,
    stand_in,
)
from tests.support.projects import MINIMAL
from tests.webhooks.samples import make_event

EVERY = pytest.mark.parametrize("template", list_templates(), ids=lambda one: one.name)
SLACK = find_template("slack")
URL = "https://hooks.slack.com/services/T0/B0/XXXX"


@EVERY
def test_its_gaps_are_those_that_it_explains(template: ReceiverTemplate) -> None:
    code = "".join(line for line in template.text.splitlines(keepends=True) if line[:1] != "#")
    assert set(GAP.findall(code)) == set(template.gaps)
    assert template.receiver
    assert template.gets[-1] != "."


@EVERY
def test_its_webhooks_bear_its_name(template: ReceiverTemplate) -> None:
    names = [one["name"] for one in tomllib.loads(template.text).get("events", ())]
    assert tuple(names) == template.events
    assert all(re.match(rf"{template.name}( |$)", name) for name in names)


@EVERY
def test_it_makes_a_project_of_which_there_is_nothing_to_remark(template: ReceiverTemplate) -> None:
    former: list[str] = []
    project = read_project(MINIMAL + stand_in(template.text), remark=former.append)
    assert isinstance(project, Project)
    assert former == []
    told = [webhook for webhook in project.event_webhooks if webhook.name != "told"]
    assert len(told) == len(template.events)
    assert [gaps_left(webhook) for webhook in told] == [()] * len(told)


def test_a_gap_is_filled_and_its_comment_goes() -> None:
    filled = fill_gaps(SLACK, {"url": URL})
    assert filled.startswith("# Slack: ")
    assert f'url = "{URL}"\n' in filled
    assert gaps_in(filled) == ()
    assert "<url>" not in filled


def test_a_gap_that_is_not_filled_keeps_its_comment() -> None:
    filled = fill_gaps(find_template("telegram"), {"chat": "-1001"})
    assert gaps_in(filled) == ("token",)
    assert "/bot<token>/" in filled
    assert '{ name = "chat_id", value = "constant:-1001" }' in filled


@pytest.mark.parametrize("value", ["", 'a"b', "a'b", "a b", "a\\b", "a\nb", "{{status}}", "<url>"])
def test_a_value_that_would_not_stay_in_its_place_is_refused(value: str) -> None:
    with pytest.raises(TemplateError, match="the value for <url>"):
        fill_gaps(SLACK, {"url": value})


def test_a_gap_that_is_not_there_is_refused() -> None:
    with pytest.raises(TemplateError, match="slack has no gap <token>; it has <url>"):
        fill_gaps(SLACK, {"token": "x"})


def test_a_template_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(TemplateError, match=r"no template 'slak'; did you mean slack\?"):
        find_template("slak")


def test_events_take_another_name() -> None:
    kommo = find_template("kommo")
    renamed = rename_events(kommo.text, kommo, "CRM of sales")
    names = [one["name"] for one in tomllib.loads(stand_in(renamed))["events"]]
    assert names == ["CRM of sales in", "CRM of sales out"]
    with pytest.raises(TemplateError, match="is no name"):
        rename_events(kommo.text, kommo, 'a"b')


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"url": "https://api.telegram.org/bot<token>/sendMessage"}, ("token",)),
        ({"headers": (("Authorization", "Bearer <token>"),)}, ("token",)),
        ({"format": EventFormat.RAW, "body": '{"chat_id":"<chat>"}'}, ("chat",)),
        ({"format": EventFormat.RAW, "body": "<date>2018</date>"}, ()),
        ({"format": EventFormat.RAW, "body": '{"text":"<b>Missed</b>"}'}, ()),
        ({}, ()),
    ],
)
def test_a_gap_that_nobody_filled_is_found(
    changes: dict[str, object], left: tuple[str, ...]
) -> None:
    assert gaps_left(make_event(**changes)) == left
