"""What the vendors' pages set up by menus, a project file sets up: made, changed, refused, and found again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.scheme import AskDialPlanStep, AskStep
from switchhook.domain.webhook import Encoding, ForwardingNumber, Method
from switchhook.operations.project_versions import export_project
from switchhook.operations.projects import Applied, apply_project
from switchhook.projectfile.file import read_project
from switchhook.projectfile.schema.webhook import FORWARDING_NUMBER
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.tryout.explaining import explain_answer
from switchhook.tryout.lookup import applied_snapshot
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.support.loop import run
from tests.webhooks.samples import answer

BASE = """
[project]
id = "shop"
name = "Shop"

[[numbers]]
number = "380800111222"
scheme = 7

[[accounts]]
login = "mary"
password = "a-password"

[[accounts]]
login = "john"
password = "a-password"

[[trunks]]
name = "carrier"
host = "192.0.2.9"
"""
CRM = """
[[forwarding_numbers]]
name = "Sales CRM"
url = "https://crm.example/route"
"""
PIN = """
[[dial_plan_webhooks]]
name = "pin"
url_template = "https://crm.example/?code={code}"
"""
SCHEME = """
[[schemes]]
id = 7
name = "Main"
"""


def step(text: str) -> str:
    return f"\n[[schemes.steps]]\n{text}\n"


def project(*parts: str) -> Project:
    read = read_project(BASE + "".join(parts))
    assert isinstance(read, Project), read
    return read


def mistakes(*parts: str) -> str:
    read = read_project(BASE + "".join(parts))
    assert isinstance(read, Mistakes)
    return str(read)


@pytest.mark.row("R1-04", "R1-26", "R3-05", "A-33")
def test_a_forwarding_number_needs_a_name_and_a_url_and_no_more() -> None:
    (made,) = project(CRM, SCHEME, step('ring = ["mary"]')).forwarding_numbers
    assert made == ForwardingNumber(name="Sales CRM", url="https://crm.example/route")
    assert (made.method, made.submission, made.import_) == (
        Method.GET,
        Encoding.HTTP,
        Encoding.JSON,
    )
    unnamed = CRM.replace('name = "Sales CRM"\n', "")
    assert "forwarding_numbers[0]: name is missing" in mistakes(
        unnamed, SCHEME, step('ring = ["mary"]')
    )


@pytest.mark.row("R1-05", "R3-05")
def test_a_forwarding_number_is_changed_by_applying_the_file_again() -> None:
    text = BASE + CRM + SCHEME + step('ask = "Sales CRM"')

    async def scenario() -> tuple[Applied | Mistakes, ForwardingNumber]:
        store = await SqliteStore.open(None)
        await apply_project(store, text)
        changed = text.replace("/route", "/other").replace(
            'name = "Sales CRM"\nurl', 'name = "Sales CRM"\nring_timeout = 90\nurl'
        )
        applied = await apply_project(store, changed)
        snapshot = await applied_snapshot(store, "shop")
        await store.close()
        return applied, snapshot.webhooks["Sales CRM"]

    applied, webhook = run(scenario())
    assert isinstance(applied, Applied)
    assert (applied.project, applied.version, applied.is_new) == ("shop", 2, True)
    assert (webhook.url, webhook.ring_timeout) == ("https://crm.example/other", 90.0)


@pytest.mark.row("R1-123")
def test_a_step_asks_a_forwarding_number_by_its_name() -> None:
    made = project(CRM, SCHEME, step('ask = "Sales CRM"'))
    assert made.schemes[0].steps == (AskStep(webhook="Sales CRM"),)
    assert ProjectSnapshot(made).webhooks["Sales CRM"] is made.forwarding_numbers[0]


@pytest.mark.row("R1-06", "A-02", "A-08")
def test_the_vendors_labels_lead_to_our_keys() -> None:
    page = (Path(__file__).parents[2] / "docs" / "project-file.md").read_text(encoding="utf-8")
    table = page.partition("Fields of the vendor's form")[2].partition("\n\n**")[0]
    rows = dict(re.findall(r"^\| ([A-Z].*?) \| `(\w+)` \|$", table, re.MULTILINE))

    assert rows["Company name"] == "name"
    assert (rows["Timeout in seconds"], rows["Response timeout"]) == (
        "ring_timeout",
        "response_timeout",
    )
    assert set(rows.values()) <= {key.name for key in FORWARDING_NUMBER.keys}
    assert len(rows) == 10


@pytest.mark.row("R1-124")
def test_a_step_asks_one_number_and_one_in_use_cannot_be_taken_away() -> None:
    two = CRM + CRM.replace("Sales CRM", "b")
    assert "steps[0].ask" in mistakes(two, SCHEME, step('ask = ["Sales CRM", "b"]'))

    async def scenario() -> tuple[Applied | Mistakes, ProjectSnapshot]:
        store = await SqliteStore.open(None)
        await apply_project(store, BASE + CRM + SCHEME + step('ask = "Sales CRM"'))
        taken_away = await apply_project(store, BASE + SCHEME + step('ask = "Sales CRM"'))
        snapshot = await applied_snapshot(store, "shop")
        await store.close()
        return taken_away, snapshot

    refused, snapshot = run(scenario())
    assert isinstance(refused, Mistakes)
    assert "there is no forwarding number 'Sales CRM'" in str(refused)
    assert list(snapshot.webhooks) == ["Sales CRM"]


@pytest.mark.row("R1-36", "R1-122")
def test_a_scheme_has_a_name_and_shows_its_id() -> None:
    async def scenario() -> str:
        store = await SqliteStore.open(None)
        await apply_project(store, BASE + SCHEME + step('ring = ["mary"]'))
        text = await export_project(store, "shop")
        await store.close()
        return text

    assert '[[schemes]]\nid = 7\nname = "Main"\n' in run(scenario())
    step_to = mistakes(SCHEME, step("go_to = 9"))
    assert "there is no scheme 9; known are 7" in step_to
    unnamed = SCHEME.replace('name = "Main"\n', "")
    assert "schemes[0]: name is missing" in mistakes(unnamed, step('ring = ["mary"]'))


@pytest.mark.row("R3-06", "R1-07", "R1-08")
@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/route",
        "https://crm.example:8443/route/?key=abc",
        "http://11.111.111.11:80",
        "http://api.asterisk/api/addnumber/",
        "https://[2001:db8::1]/",
        "https://приклад.укр/маршрут",
    ],
)
def test_the_url_is_anybodys(url: str) -> None:
    made = project(CRM.replace("https://crm.example/route", url), SCHEME, step("hang_up = 486"))
    assert made.forwarding_numbers[0].url == url


@pytest.mark.row("R3-08", "R3-09")
@pytest.mark.parametrize(
    ("import_", "body"),
    [
        ("http", "380443334455"),
        ("json", '{"dst_phone":"380443334455"}'),
        ("json-rpc", '{"jsonrpc":"2.0","result":{"dst_phone":"380443334455"},"id":"1"}'),
    ],
)
@pytest.mark.parametrize("submission", ["http", "json", "json-rpc"])
def test_each_way_out_goes_with_each_way_in(submission: str, import_: str, body: str) -> None:
    ways = f'submission = "{submission}"\nimport = "{import_}"\nrpc_method = "find"\n'
    snapshot = ProjectSnapshot(project(CRM + ways, SCHEME, step('ask = "Sales CRM"')))
    (made,) = snapshot.project.forwarding_numbers
    assert (made.submission, made.import_) == (submission, import_)
    explained = explain_answer(snapshot, "Sales CRM", answer(body))
    assert explained.decision == "rings 380443334455, for 60 s"


@pytest.mark.row("R5-04", "R5-25")
def test_a_dial_plan_webhook_is_chosen_by_a_name_that_no_other_has() -> None:
    other = PIN.replace('"pin"', '"names"')
    made = project(PIN, other, SCHEME, step('ask_dial_plan = "names"'))
    assert made.schemes[0].steps == (AskDialPlanStep(webhook="names"),)
    assert "'pin'" in mistakes(PIN, PIN, SCHEME, step('ask_dial_plan = "pin"'))
    gone = mistakes(PIN, SCHEME, step('ask_dial_plan = "pni"'))
    assert "did you mean pin?" in gone


@pytest.mark.row("R5-24", "R1-125")
def test_a_step_that_is_added_is_walked() -> None:
    steps = [step('ring = ["mary"]\ntimeout = 5')]
    rung = []
    for added in ("", step('ring = ["john"]')):
        steps.append(added)
        snapshot = ProjectSnapshot(project(SCHEME, *steps))
        script = Script(
            caller="380441112233", callee="380800111222", phones={"mary": "rings", "john": "busy"}
        )
        call = run(simulate_call(snapshot, script, now=0.0, product="UA")).call
        assert call is not None
        rung.append([str(leg.target) for leg in call.called_legs])
    assert rung == [["mary"], ["mary", "john"]]
