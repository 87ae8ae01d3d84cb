"""Google Analytics is set up in a table of its own; its event is there without, locked; rows of one's own may go there too."""

from __future__ import annotations

import pytest

from switchhook.domain.event import NOT_CONFIGURED, Ga4Format
from switchhook.domain.project import Project
from switchhook.projectfile.file import read_project, write_project
from switchhook.projectfile.toml.mistakes import Mistakes
from tests.support.projects import MINIMAL

SET_UP = '\n[google_analytics]\nmeasurement_id = "G-AB12CD34EF"\napi_secret = "sesame-open"\n'
ROW = """
[[events]]
name = "lead"
event = "outgoing.after"

[[events.webhooks]]
url = "https://www.google-analytics.com/mp/collect"
format = "ga4"
measurement_id = "G-AB12CD34EF"
api_secret = "sesame-open"
event_name = "lead"
delay = 14400
parameters = [{ name = "status", value = "status" }]
"""


def good(text: str) -> Project:
    project = read_project(MINIMAL + text)
    assert isinstance(project, Project), str(project)
    return project


def wrong(text: str) -> str:
    found = read_project(MINIMAL + text)
    assert isinstance(found, Mistakes), found
    return str(found)


@pytest.mark.row("R2-17", "S-48", "A-24")
def test_the_event_is_there_from_the_start() -> None:
    project = good("")

    assert project.google_analytics is NOT_CONFIGURED
    assert not project.google_analytics.is_configured
    assert [event.name for event in project.all_events] == ["Google Analytics", "told"]
    assert "google_analytics" not in write_project(project)


@pytest.mark.row("R2-17", "S-48")
def test_measurement_id_and_secret_set_it_up() -> None:
    project = good(f"{SET_UP}delay = 14400\nsession_timeout = 600\n")

    assert project.google_analytics.is_configured
    assert (project.google_analytics.delay, project.google_analytics.session_timeout) == (
        14400,
        600,
    )
    assert read_project(write_project(project)) == project


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            SET_UP.replace('api_secret = "sesame-open"\n', ""),
            "google_analytics: api_secret is missing beside measurement_id; write both or neither",
        ),
        (
            SET_UP.replace('measurement_id = "G-AB12CD34EF"\n', ""),
            "google_analytics: measurement_id is missing beside api_secret; write both or neither",
        ),
        (SET_UP.replace("G-AB", "UA-"), "write a measurement id like G-AB12CD34EF"),
        (f"{SET_UP}delay = 90000\n", "delay: 90000 is more than 86400 seconds"),
        (SET_UP.replace("sesame-open", "sesame open"), "api_secret: is not accepted here"),
        (f'{SET_UP}url = "ftp://x"\n', "url: the URL begins with neither"),
        (
            ROW.replace('name = "lead"\nevent =', 'name = "Google Analytics"\nevent ='),
            "'Google Analytics' is the name of the built-in event; use another name, and",
        ),
        (
            ROW.replace("[[events.webhooks]]", '[[events.webhooks]]\nname = "Google Analytics"'),
            "'Google Analytics' is the name of the built-in event; use another name, and",
        ),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(text: str, said: str) -> None:
    found = wrong(text)

    assert said in found
    assert "sesame" not in found


@pytest.mark.row("S-48", "A-24")
def test_a_row_of_one_s_own_is_read_and_written() -> None:
    project = good(ROW)
    (_, webhook) = project.event_webhooks

    assert isinstance(webhook.format, Ga4Format)
    assert (webhook.format.event_name, webhook.policy.delay) == ("lead", 14400)
    assert read_project(write_project(project)) == project


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('measurement_id = "G-AB12CD34EF"\n', "", "measurement_id is missing; Google Analytics"),
        ('api_secret = "sesame-open"\n', "", "api_secret is missing; Google Analytics takes no"),
        ('event_name = "lead"', 'event_name = "a b"', "event_name: 'a b' is not accepted here"),
        ('event_name = "lead"', 'event_name = "ga_x"', "event_name: 'ga_x' is not accepted here"),
        (
            'name = "status", ',
            'name = "{{a b}}", ',
            "is no name that Google Analytics takes; use 40",
        ),
        ('name = "status", ', 'name = "session_id", ', "is no name that Google Analytics takes"),
        ('value = "status"', 'array = ["status"]', "Google Analytics takes no array or object"),
        (
            '{ name = "status", value = "status" }',
            ", ".join(f'{{ name = "p{place}", value = "status" }}' for place in range(24)),
            "24 parameters are too many; allowed are 23",
        ),
    ],
)
def test_what_google_would_not_take_is_refused(old: str, new: str, said: str) -> None:
    assert ROW.count(old) == 1

    assert said in wrong(ROW.replace(old, new))
