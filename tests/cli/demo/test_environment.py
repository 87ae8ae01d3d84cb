"""The demo's project is the example, with the places of this run and passwords that nobody knows."""

from __future__ import annotations

from switchhook.cli.demo.environment import example_project
from switchhook.projectfile.file import read_project, write_project
from switchhook.projectfile.toml.mistakes import Mistakes
from tests.support.told import example_snapshot


def test_places_and_passwords_are_those_of_this_run() -> None:
    project = example_project("http://127.0.0.1:1111/route.php", "http://127.0.0.1:2222/", 3333)
    again = example_project("http://127.0.0.1:1111/route.php", "http://127.0.0.1:2222/", 3333)

    assert [webhook.url for webhook in project.forwarding_numbers] == [
        "http://127.0.0.1:1111/route.php"
    ]
    assert [webhook.url for webhook in project.event_webhooks] == [
        "http://127.0.0.1:2222/before",
        "http://127.0.0.1:2222/after",
    ]
    assert [trunk.port for trunk in project.trunks] == [3333]
    secrets = {a.password for p in (project, again, example_snapshot().project) for a in p.accounts}
    assert len(secrets) == 6


def test_it_is_a_project_like_any_other() -> None:
    project = example_project("http://127.0.0.1:1111/route.php", "http://127.0.0.1:2222/", 3333)
    read = read_project(write_project(project))

    assert not isinstance(read, Mistakes)
    assert read == project
