"""The example of a dial-plan endpoint, run as its page says, routes calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.projectfile.file import read_project
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import CallSimulation, simulate_call
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parents[2] / "examples" / "dial_plan.py"
SHOP = """
[project]
id = "shop"
name = "Shop"
country = "NL"
allowed_networks = ["127.0.0.0/8"]

[[numbers]]
number = "31850001001"
scheme = {scheme}

[[accounts]]
login = "215"
password = "a-password"

[[accounts]]
login = "desk"
password = "a-password"

[[trunks]]
name = "carrier"
host = "192.0.2.9"

[[dial_plan_webhooks]]
name = "names"
url_template = "{url}?callerid={callerid}&did={did}&code={code}"

[[dial_plan_webhooks]]
name = "pins"
url_template = "{url}?callerid={callerid}&did={did}&code={code}"
use_ivr = true

[[schemes]]
id = 1
name = "Names"

[[schemes.steps]]
ask_dial_plan = "names"

[[schemes.steps.success]]
ring = ["desk"]
caller_name = "webhook"

[[schemes]]
id = 2
name = "PINs"

[[schemes.steps]]
ask_dial_plan = "pins"

[[schemes.steps.success]]
ring_destination = true
timeout = 20

[[schemes.steps.failed]]
ring = ["desk"]
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    command = [sys.executable, str(PROGRAM), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()


def call(url: str, scheme: int, *digits: str, caller: str = "+31612345678") -> CallSimulation:
    project = read_project(SHOP.replace("{url}", url).replace("{scheme}", str(scheme)))
    assert isinstance(project, Project), project
    script = Script(caller=caller, callee="31850001001", digits=digits)
    return run(simulate_call(ProjectSnapshot(project), script, now=1000.0, product="UA"))


def talked_to(made: CallSimulation) -> str:
    assert made.call is not None
    leg = made.call.leg(made.call.talking_to)
    return "" if leg is None else str(leg.target)


@pytest.mark.row("R5-46", "R5-44")
@pytest.mark.parametrize(
    ("caller", "name"),
    [("+31612345678", "Jan de Vries"), ("+31502102544", "Voys & Partners"), ("+31600000000", "")],
)
def test_it_knows_callers_by_name(url: str, caller: str, name: str) -> None:
    made = call(url, 1, caller=caller)
    assert talked_to(made) == "desk"
    assert made.call is not None
    assert made.call.asks.caller_name == name


@pytest.mark.row("R5-46", "R5-49")
@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        (("4711#",), "+31502102544"),
        (("0042#",), "215"),
        (("1#", "0042#"), "215"),
        (("1#", "2#", "3#"), "desk"),
    ],
)
def test_it_knows_where_a_pin_leads(url: str, digits: tuple[str, ...], expected: str) -> None:
    assert talked_to(call(url, 2, *digits)) == expected
