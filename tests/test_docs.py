"""The documents tell of everything that there is, their tables are the code's, and their examples work."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

from switchhook.cli.main import COMMANDS
from switchhook.cli.reference import SCHEMA_FILE, stream_schema, tables, write_tables
from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventFormat, EventKind
from switchhook.domain.failure import FailureKind
from switchhook.domain.project import Project
from switchhook.domain.tracking.call_tracking import STATUSES
from switchhook.projectfile.file import read_project
from switchhook.projectfile.schema.project import TABLES
from switchhook.projectfile.schema.scheme import STEPS
from switchhook.projectfile.toml.document import read_document
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.projectfile.warnings.project import project_warnings
from switchhook.settings import FILE, KEYS, PREFIX
from switchhook.storage.records import DeliveryState
from switchhook.webhooks.dialects.call_notification import REASON, NotificationStatus
from switchhook.webhooks.parameters import CATALOGUE, STATUS
from tests.support.receivers.roistat import AFTER

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")))
}
FENCED = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?P<to>[^)\s]+)\)")
MARK = re.compile(r"<!-- table: ([a-z-]+) -->")


def fenced(language: str) -> list[tuple[str, str]]:
    """Return the pages' blocks of a language, with the page of each."""
    return [
        (name, found["text"])
        for name, text in PAGES.items()
        for found in FENCED.finditer(text)
        if found["language"] == language
    ]


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def heads(page: str) -> list[str]:
    """Return the words that a page explains in its table's first column."""
    return re.findall(r"^\| `([^`]+)` ", PAGES[page], re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_tables_are_the_codes(page: str) -> None:
    assert write_tables(PAGES[page]) == PAGES[page], "run: python -m switchhook.cli.reference docs"


def test_the_published_schema_is_that_of_what_is_written() -> None:
    published = (ROOT / "docs" / SCHEMA_FILE).read_text(encoding="utf-8")

    assert published == stream_schema(), "run: python -m switchhook.cli.reference docs"
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def test_events_that_are_shown_fit_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(stream_schema()))
    shown = [json.loads(text) for name, text in fenced("json") if name == "docs/event-stream.md"]

    assert shown
    for event in shown:
        validator.validate(event)


def test_every_table_has_its_place() -> None:
    marked = [name for text in PAGES.values() for name in MARK.findall(text)]

    assert sorted(marked) == sorted(tables())


def test_every_command_has_its_line() -> None:
    page, readme = PAGES["docs/command-line.md"], PAGES["README.md"]

    for command in COMMANDS:
        assert f"`switchhook {command}" in page
        assert f"`switchhook {command}" in readme


def test_every_option_that_is_told_of_is_there() -> None:
    known = {f"--{key.name.replace('_', '-')}" for key in KEYS} | {
        "--after",
        "--html",
        "--numbers",
        "--all",
        "--answer",
        "--asymmetric",
        "--attribute",
        "--fact",
        "--seconds",
        "--bulk",
        "--end",
        "--end-all",
        "--off",
        "--role",
        "--stdin",
        "--yes",
        "--checked",
        "--count",
        "--event",
        "--failed",
        "--full",
        "--since",
        "--text",
        "--until",
        "--at",
        "--body",
        "--call",
        "--caller",
        "--field",
        "--subject",
        "--cascade",
        "--check",
        "--config",
        "--days",
        "--draft",
        "--dialled",
        "--force",
        "--name",
        "--delay",
        "--details",
        "--digits",
        "--drip",
        "--export",
        "--file",
        "--follow",
        "--from",
        "--help",
        "--if-match",
        "--json",
        "--keep",
        "--limit",
        "--moment",
        "--leaves",
        "--no-recordings",
        "--number",
        "--once",
        "--patch",
        "--pcap",
        "--pending",
        "--phone",
        "--processor",
        "--project",
        "--real",
        "--recording",
        "--remove",
        "--replay",
        "--reset",
        "--retry-after",
        "--rough",
        "--running",
        "--save",
        "--scheme",
        "--scope",
        "--script",
        "--secret",
        "--set",
        "--shown",
        "--sign-in",
        "--sip",
        "--state",
        "--status",
        "--to",
        "--types",
        "--user",
        "--webhook",
    }
    told = {
        option
        for name, text in PAGES.items()
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)
        if name not in {"CONTRIBUTING.md", "CHANGELOG.md"}
    }

    others = {"--now", "--port", "--upgrade"}
    assert told - others <= known


def test_every_event_and_format_is_explained() -> None:
    reasons = ["completed", "busy", "no-answer", "failed"]

    states = [*EventFormat, *DeliveryState, *NotificationStatus]
    assert heads("docs/events.md") == [*EventKind, *states, *reasons]
    assert set(REASON.values()) == set(reasons)


def test_every_outcome_stands_by_its_reason() -> None:
    for outcome, reason in REASON.items():
        assert re.search(
            rf"^\| `{reason}` \| .*\b{outcome}\b", PAGES["docs/events.md"], re.MULTILINE
        )


def test_every_outcome_stands_by_the_status_that_is_sent() -> None:
    for outcome, status in STATUS.items():
        assert re.search(
            rf"^\| {outcome} \| .* \| `{status}` \|$", PAGES["docs/project-file.md"], re.MULTILINE
        )


@pytest.mark.row("A-42")
def test_every_outcome_stands_by_the_status_of_call_tracking() -> None:
    page = PAGES["docs/call-tracking.md"]

    for outcome, status in STATUSES.items():
        assert re.search(rf"^\| `{status}` \| .*\b{outcome}\b", page, re.MULTILINE)
    for member in AFTER:
        assert f"`{member}`" in page or member.startswith("roistat_param_")


def test_every_failure_is_explained() -> None:
    assert sorted(heads("docs/failures.md")) == sorted(kind.value for kind in FailureKind)


def test_every_parameter_is_listed() -> None:
    assert set(CATALOGUE) <= set(heads("docs/parameters.md"))


def test_every_setting_is_told_of_in_its_three_places() -> None:
    page = PAGES["docs/settings.md"]

    for key in KEYS:
        for name in (key.name, f"--{key.name.replace('_', '-')}", PREFIX + key.name.upper()):
            assert f"`{name}`" in page


def test_every_table_and_step_of_the_project_file_is_explained() -> None:
    page = PAGES["docs/project-file.md"]

    for name in TABLES:
        assert f"## `[[{name}]]`" in page
    for word in STEPS:
        assert f"| `{word}` |" in page


def test_the_glossary_is_in_order_and_holds_each_word_once() -> None:
    page = PAGES["docs/glossary.md"]
    words = re.findall(r"^\*\*(.+)\*\*$", page, re.MULTILINE)

    assert words == sorted(set(words))
    for outcome in Outcome:
        assert outcome.value in page


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    text = FENCED.sub("", PAGES[page])
    for found in LINK.finditer(text):
        to, _, anchor = found["to"].partition("#")
        if to.startswith("https://"):
            continue
        file = folder / to if to else ROOT / page
        assert file.exists(), to
        assert not anchor or anchor in anchors(file), found["to"]


def test_every_file_that_architecture_names_is_there() -> None:
    source = ROOT / "src" / "switchhook"
    named = set(re.findall(r"`([a-z_0-9/]+/[a-z_0-9]+\.py)`", PAGES["docs/architecture.md"]))
    gone = {path for path in named if not (source / path).exists() and not (ROOT / path).exists()}

    assert len(named) > 80
    assert gone == set()


def test_whole_project_files_are_good() -> None:
    whole = [text for _, text in fenced("toml") if re.search(r"^\[project\]", text, re.MULTILINE)]

    assert whole
    for text in whole:
        assert not isinstance(read := read_project(text), Mistakes), str(read)


def test_events_that_are_shown_are_good() -> None:
    shown = [text for _, text in fenced("toml") if text.startswith("[[events]]")]

    assert len(shown) >= 5
    for text in shown:
        project = read_project(f'[project]\nid = "a"\nname = "A"\n{text}')
        assert isinstance(project, Project), str(project)
        assert not list(project_warnings(project))


def test_settings_files_are_good() -> None:
    texts = [
        text
        for name, text in fenced("toml")
        if name == "docs/settings.md" or text.startswith("# settings.toml\n")
    ]

    assert texts
    for text in texts:
        assert not isinstance(read := read_document(text, FILE), Mistakes), str(read)


def test_parts_of_project_files_are_toml() -> None:
    for _, text in fenced("toml"):
        tomllib.loads(text)


def test_python_examples_are_python() -> None:
    assert fenced("python")
    for _, text in fenced("python"):
        ast.parse(text)


def test_requests_state_the_length_of_their_bodies() -> None:
    for name, text in fenced("http"):
        head, _, body = text.partition("\n\n")
        stated = re.search(r"^Content-Length: (\d+)$", head, re.MULTILINE)
        if stated is not None:
            assert int(stated[1]) == len(body.strip().encode()), name


@pytest.mark.row("FE-13")
def test_what_an_install_brings_is_said() -> None:
    locked = re.findall(
        r"^([\w.-]+)==[^;\n]*(; sys_platform == 'win32')?",
        (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    brought = {name for name, elsewhere in locked if not elsewhere} - {"uvloop"}
    assert "faker" in brought, "then the README need not name it"
    assert f"This brings {len(brought)} packages besides uvloop" in PAGES["README.md"]


@pytest.mark.row("FE-13")
@pytest.mark.slow
def test_what_comes_along_for_nothing_is_not_loaded() -> None:
    code = (
        "import sys, switchhook.app.application, switchhook.api.asgi, switchhook.api.server\n"
        "print([name for name in ('faker', 'polyfactory', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "src"
    )
    assert done.stdout == "[]\n"


def test_sentences_that_were_mended_stay_mended() -> None:
    told = PAGES["CONTRIBUTING.md"].partition("## Sentences")[2]
    pairs = re.findall(
        r"^\| (?:docstring|log line|message|comment|document) \| (.+) \| (.+) \|$",
        told,
        re.MULTILINE,
    )
    files = (*(ROOT / "src").rglob("*.py"), ROOT / "docs" / "call-states.md")
    text = " ".join(" ".join(file.read_text(encoding="utf-8").split()) for file in files)

    assert len(pairs) == 10
    for before, after in pairs:
        assert after in text
        assert before not in text
