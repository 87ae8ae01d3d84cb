"""A template is written at the end of a project file, which stays as it is before that, or nothing is written."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.project import Project
from switchhook.operations import templates
from switchhook.operations.templates import AddedTemplate, add_template
from switchhook.projectfile.file import read_project
from switchhook.projectfile.templates.catalogue import TemplateError
from switchhook.projectfile.toml.mistakes import Mistakes
from tests.support.projects import MINIMAL

if TYPE_CHECKING:
    from pathlib import Path

URL = {"url": "https://hooks.slack.com/services/T0/B0/XXXX"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "project.toml"
    made.write_text(f"# Ours.\n{MINIMAL}# The end.\n")
    return made


def refused(file: Path, name: str = "slack") -> str:
    """Return what is wrong, when nothing was written for it."""
    before = file.read_bytes()
    wrong = add_template(file, name, URL)
    assert isinstance(wrong, Mistakes)
    assert file.read_bytes() == before
    return str(wrong)


def test_what_stands_in_the_file_stays_as_it_is(file: Path) -> None:
    before = file.read_text()
    added = add_template(file, "slack", URL)

    assert added == AddedTemplate(adds=("'slack'",), left={})
    assert file.read_text().startswith(f"{before}\n# Slack: ")
    project = read_project(file.read_text())
    assert isinstance(project, Project)
    assert [webhook.name for webhook in project.event_webhooks] == ["told", "slack"]
    assert project.event_webhooks[1].url == URL["url"]


def test_what_is_left_to_fill_in_is_said(file: Path) -> None:
    added = add_template(file, "telegram", {"chat": "-1001"})

    assert isinstance(added, AddedTemplate)
    assert list(added.left) == ["token"]
    assert "# <token>: " in file.read_text()
    assert "# <chat>: " not in file.read_text()


def test_a_second_one_takes_a_name_of_its_own(file: Path) -> None:
    add_template(file, "slack", URL)
    before = file.read_bytes()
    with pytest.raises(TemplateError, match=r"--name: .*slack"):
        add_template(file, "slack", URL)
    assert file.read_bytes() == before
    added = add_template(file, "slack", URL, event_name="slack of sales")
    assert isinstance(added, AddedTemplate)
    assert added.adds == ("'slack of sales'",)


def test_gaps_that_are_left_stand_in_the_way_of_no_other_template(file: Path) -> None:
    assert isinstance(add_template(file, "bitrix24", {}), AddedTemplate)
    added = add_template(file, "slack", {})

    assert isinstance(added, AddedTemplate)
    assert set(added.left) == {"url"}
    assert file.read_text(encoding="utf-8").count("<url>") > 1


def test_a_file_with_mistakes_is_left_alone(file: Path) -> None:
    file.write_text(file.read_text().replace("380442223344", "nobody"))
    assert refused(file).startswith("line ")
    file.write_bytes(b"\xff")
    assert "UTF-8" in refused(file)


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("slack", {"url": "ftp://x"}),
        ("kommo", {"token": "x", "url": "ftp://x"}),
        ("odoo", {"url": "ftp://x"}),
    ],
)
def test_a_value_that_makes_a_mistake_is_named_as_it_was_given(
    file: Path, name: str, values: dict[str, str], end: str
) -> None:
    before = file.read_text().rstrip("\n") + end
    file.write_text(before)

    with pytest.raises(TemplateError) as caught:
        add_template(file, name, values)
    mistake, last = str(caught.value).splitlines()
    assert mistake.startswith("--set url: the URL begins with neither")
    assert last == f"{name} was not added to {file}"
    assert file.read_text() == before


def test_webhooks_in_one_list_are_left_alone(file: Path) -> None:
    before = 'events = []\n[project]\nid = "acme"\nname = "Acme"\n'
    file.write_text(before)
    with pytest.raises(TemplateError, match="in one list"):
        add_template(file, "slack", URL)
    assert file.read_text() == before


def test_the_line_ends_of_the_file_are_kept(file: Path) -> None:
    file.write_bytes(MINIMAL.rstrip("\n").replace("\n", "\r\n").encode())
    added = add_template(file, "teams", {"url": "https://teams.example/1"})
    assert isinstance(added, AddedTemplate)
    assert b"\r\n\r\n# Microsoft Teams: " in file.read_bytes()
    assert b"\n" not in file.read_bytes().replace(b"\r\n", b"")
    assert isinstance(read_project(file.read_bytes().decode()), Project)


@pytest.mark.slow
def test_a_full_disk_leaves_the_file_as_it_was(file: Path) -> None:
    before = file.read_bytes()
    words = ("template", "add", str(file), "slack", "--set", f"url={URL['url']}")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, len(before) + 100))

    done = subprocess.run(
        [sys.executable, "-m", "switchhook", *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().endswith("cannot be read or written: File too large")
    assert file.read_bytes() == before


def test_what_another_writes_meanwhile_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_text()

    def read_slowly(text: str) -> object:
        file.write_text(f"{before}# Saved meanwhile.\n")
        return read_project(text)

    monkeypatch.setattr(templates, "read_project", read_slowly)
    with pytest.raises(TemplateError, match="was changed meanwhile"):
        add_template(file, "slack", URL)
    assert file.read_text() == f"{before}# Saved meanwhile.\n"


def test_what_is_subscribed_to_is_no_part_of_a_project_file(file: Path) -> None:
    with pytest.raises(TemplateError, match="template show call-notification"):
        add_template(file, "call-notification", {})
