"""Trees of steps are written under nested headers, and every mistake in a branch is named with its line."""

from __future__ import annotations

from typing import get_args

import pytest

from switchhook.domain.hours import SpecialDay, parse_spans
from switchhook.domain.project import Project, Sound
from switchhook.domain.scheme import (
    AskDialPlanStep,
    BackgroundStep,
    CallerName,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    NameChoice,
    PlayStep,
    RateStep,
    RingDestinationStep,
    RingStep,
    Step,
    VoicemailStep,
)
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import CallerIdForwarding
from switchhook.projectfile.file import read_project, write_project
from switchhook.projectfile.schema.scheme import STEPS
from switchhook.projectfile.toml.document import MAX_PARTS
from switchhook.projectfile.toml.mistakes import Mistakes

HEAD = """\
[project]
id = "acme"
name = "Acme"

[screening]
blocked_callers = ["+38044111*"]
denied_prefixes = ["1900"]

[[accounts]]
login = "101"
password = "reception-101"

[[sounds]]
name = "hello"
file = "hello.wav"

[[hours]]
name = "office"
monday = "09:00-13:00, 14:00-18:00"
special_days = ["12-25", "2026-12-24 09:00-12:00"]

[[dial_plan_webhooks]]
name = "pin"
url_template = "https://crm.example/check?code={code}"
caller_id_forwarding = "called"
use_ivr = true
start_message = "hello"

[[schemes]]
id = 1
name = "Main"
"""
"""32 lines."""
TREE = """
[[schemes.steps]]
play = ["hello"]

[[schemes.steps]]
background = ["hello"]

[[schemes.steps]]
rating = ["hello"]
thank_you_sounds = ["hello"]

[[schemes.steps]]
hours = "office"

[[schemes.steps.open]]
ask_dial_plan = "pin"

[[schemes.steps.open.success]]
ring_destination = true
timeout = 20
caller_name = "webhook"

[[schemes.steps.open.success]]
ring = ["101"]
caller_name = { prepend = "Sales: " }

[[schemes.steps.open.failed]]
hang_up = 603

[[schemes.steps.closed]]
menu = ["hello"]
press.9 = []

[[schemes.steps.closed.press.1]]
voicemail = ["hello"]
max_duration = 60

[[schemes.steps.closed.press."#"]]
go_to = 1

[[schemes.steps.closed.on_timeout]]
hang_up = 480
"""
HELLO = ("hello",)
MARY = Target(kind=TargetKind.ACCOUNT, value="101")


def good(text: str) -> Project:
    project = read_project(text)
    assert isinstance(project, Project), str(project)
    return project


def mistakes(text: str) -> list[str]:
    found = read_project(text)
    assert isinstance(found, Mistakes), found
    return str(found).splitlines()


def test_a_tree_reads_as_it_says() -> None:
    project = good(HEAD + TREE)
    by_webhook = CallerName(choice=NameChoice.WEBHOOK)
    prefixed = CallerName(choice=NameChoice.PREPEND, text="Sales: ")
    assert project.schemes[0].steps == (
        PlayStep(sounds=HELLO),
        BackgroundStep(sounds=HELLO),
        RateStep(sounds=HELLO, thanks=HELLO),
        HoursStep(
            hours="office",
            open_=(
                AskDialPlanStep(
                    webhook="pin",
                    success=(
                        RingDestinationStep(timeout=20.0, caller_name=by_webhook),
                        RingStep(targets=(MARY,), caller_name=prefixed),
                    ),
                    failed=(HangUpStep(status=603),),
                ),
            ),
            closed=(
                MenuStep(
                    sounds=HELLO,
                    choices=(
                        MenuChoice(
                            key="1", steps=(VoicemailStep(sounds=HELLO, max_duration=60.0),)
                        ),
                        MenuChoice(key="9", steps=()),
                        MenuChoice(key="#", steps=(GoToStep(scheme=1),)),
                    ),
                    on_timeout=(HangUpStep(status=480),),
                ),
            ),
        ),
    )


def test_a_tree_is_exported_as_a_person_would_write_it() -> None:
    assert write_project(good(HEAD + TREE)) == HEAD + TREE


def test_a_sound_is_in_the_file_of_its_name_unless_it_says_otherwise() -> None:
    project = good(HEAD.replace('file = "hello.wav"', "") + TREE)
    assert project.sounds == (Sound(name="hello", file="hello.wav"),)


def test_the_rest_of_the_file_reads_as_it_says() -> None:
    project = good(HEAD)
    assert project.sounds == (Sound(name="hello", file="hello.wav"),)
    (office,) = project.hours
    assert office.monday == parse_spans("09:00-13:00, 14:00-18:00")
    assert office.special_days[0] == SpecialDay(month=12, day=25)
    (pin,) = project.dial_plan_webhooks
    assert (pin.use_ivr, pin.caller_id_forwarding) == (True, CallerIdForwarding.CALLED)
    assert project.screening == Screening(
        blocked_callers=("+38044111*",), denied_prefixes=("1900",)
    )


def step(text: str) -> str:
    return f"{HEAD}\n[[schemes.steps]]\n{text}"


IN_BRANCH = 'ask_dial_plan = "pin"\n[[schemes.steps.success]]\n'
WRONG = {
    "a returned name outside a webhook": (
        step('ring = ["101"]\ncaller_name = "webhook"'),
        (
            "line 35: schemes[0].steps[0].caller_name: no webhook returned a name here;"
            " use prepend or replace, or move the step into success or failed of an ask_dial_plan step"
        ),
    ),
    "a returned destination outside a webhook": (
        step("ring_destination = true\ntimeout = 20"),
        (
            "line 34: schemes[0].steps[0].ring_destination: no webhook returned a destination here;"
            " move the step into success or failed of an ask_dial_plan step"
        ),
    ),
    "a step in a branch that is never reached": (
        step(f"{IN_BRANCH}hang_up = 480\n[[schemes.steps.success]]\nring = ['101']"),
        (
            "line 37: schemes[0].steps[0].success[1]: this step is never reached;"
            " the step above it hangs up"
        ),
    ),
    "a step behind branches that all hang up": (
        step(
            'hours = "office"\n[[schemes.steps.open]]\nhang_up = 480\n[[schemes.steps.closed]]\n'
            "hang_up = 480\n[[schemes.steps]]\nring = ['101']"
        ),
        "line 39: schemes[0].steps[1]: this step is never reached; the step above it hangs up",
    ),
    "a step behind one that goes to another scheme": (
        step("go_to = 1\n[[schemes.steps]]\nring = ['101']").replace(
            "[[schemes.steps]]", "[[schemes.steps]]\nplay = ['hello']\n[[schemes.steps]]", 1
        ),
        (
            "line 37: schemes[0].steps[2]: this step is never reached;"
            " the step above it goes to another scheme, which does not come back"
        ),
    ),
    "a step behind branches of which none comes back": (
        step(
            'menu = ["hello"]\npress.1 = [{ go_to = 1 }]\non_timeout = [{ hang_up = 480 }]\n'
            "on_invalid = [{ hang_up = 480 }]\n[[schemes.steps]]\nring = ['101']"
        ),
        (
            "line 38: schemes[0].steps[1]: this step is never reached;"
            " the step above it goes to another scheme, which does not come back"
        ),
    ),
    "a silent circle through a branch": (
        step('background = []\n[[schemes.steps]]\nhours = "office"\nopen = [{ go_to = 1 }]'),
        (
            "line 37: schemes[0].steps[1].open[0].go_to: calls go round without ringing a target: 1 → 1;"
            " let one of these schemes ring"
        ),
    ),
    "an unknown sound": (
        step('play = ["helo"]'),
        "line 34: schemes[0].steps[0].play[0]: there is no sound 'helo'; did you mean hello?",
    ),
    "an unknown target in a branch": (
        step(f'{IN_BRANCH}ring = ["1o1"]'),
        (
            "line 36: schemes[0].steps[0].success[0].ring[0]: '1o1' is nothing that can ring;"
            " did you mean 101?"
        ),
    ),
    "unknown hours": (
        step('hours = "ofice"'),
        (
            "line 34: schemes[0].steps[0].hours: there is no [[hours]] table 'ofice';"
            " did you mean office?"
        ),
    ),
    "an unknown webhook": (
        step('ask_dial_plan = "pni"'),
        (
            "line 34: schemes[0].steps[0].ask_dial_plan: there is no dial-plan webhook 'pni';"
            " did you mean pin?"
        ),
    ),
    "a key that no telephone has": (
        step('menu = ["hello"]\npress.12 = []'),
        "line 35: schemes[0].steps[0].press.12: '12' is no key; write 0 to 9, * or #",
    ),
    "a menu without keys": (
        step('menu = ["hello"]\npress = {}'),
        (
            "line 35: schemes[0].steps[0].press: a table names no key;"
            " write `[[schemes.steps.press.1]]` tables, one list for each of 0 to 9, * and #"
        ),
    ),
    "a branch that is no list": (
        step('menu = ["hello"]\npress.1 = 5'),
        (
            "line 35: schemes[0].steps[0].press.1: 5 is no list of steps;"
            " write [[schemes.steps.press.1]] and its first step below"
        ),
    ),
    "a text in place of a step": (
        step('hours = "office"\nopen = ["ring"]'),
        (
            "line 35: schemes[0].steps[0].open[0]: text is not a step; write a step: ask, ask_dial_plan, ring,"
            " ring_destination, play, background, menu, hours, voicemail, rating, record, go_to or hang_up"
        ),
    ),
    "a text in place of a branch": (
        step('menu = ["hello"]\npress.1 = "sales"'),
        (
            "line 35: schemes[0].steps[0].press.1: text is no list of steps;"
            " write [[schemes.steps.press.1]] and its first step below"
        ),
    ),
    "keys of a menu below an hours step": (
        step('hours = "office"\npress.1 = [{ ring = ["101"] }]'),
        (
            "line 35: schemes[0].steps[0].press: press belongs to a step with menu, and this one is"
            " hours; put it below a step of its own"
        ),
    ),
    "keys of a menu without one": (
        step('press.1 = [{ ring = ["101"] }]'),
        "line 33: schemes[0].steps[0]: this step has press and no menu; add menu to it",
    ),
    "a caller name that says nothing": (
        step('ring = ["101"]\ncaller_name = "crm"'),
        (
            "line 35: schemes[0].steps[0].caller_name: this names no way to show the caller;"
            ' write "webhook", { prepend = "…" } or { replace = "…" }'
        ),
    ),
    "hours that are none": (
        HEAD.replace("09:00-13:00, 14:00-18:00", "9-5"),
        (
            "line 19: hours[0].monday: '9-5' is not written like 09:00-18:00;"
            " write hours like 09:00-13:00, 14:00-18:00"
        ),
    ),
    "hours until midnight": (
        HEAD.replace("14:00-18:00", "14:00-00:00"),
        (
            "line 19: hours[0].monday: ' 14:00-00:00' ends at 00:00; the midnight at the end of a day is"
            " 24:00; write hours like 09:00-13:00, 14:00-18:00"
        ),
    ),
    "a special day that stands twice": (
        HEAD.replace('"12-25"', '"12-25", "12-25 09:00-10:00"'),
        (
            "line 20: hours[0].special_days[1]: '12-25 09:00-10:00' is a day that stands already;"
            " write all its hours behind one day: 12-24 09:00-12:00, 14:00-16:00"
        ),
    ),
    "a day that is none": (
        HEAD.replace("12-25", "25-12"),
        (
            "line 20: hours[0].special_days[0]: '25-12' is no special day; write a day like 12-25 or"
            " 2026-04-06, perhaps with hours: 12-24 09:00-12:00"
        ),
    ),
    "a fifth variable": (
        HEAD.replace("{code}", "{pin}"),
        (
            "line 24: dial_plan_webhooks[0].url_template: {pin} is none of the variables"
            " {code}, {did}, {callerid}, {callername}, {callid}; a brace that is meant as such is written %7B or"
            " %7D"
        ),
    ),
    "a fifth variable in the fallback URL": (
        HEAD.replace('{code}"', '{code}"\nfallback_url = "https://b.example/{pin}"'),
        (
            "line 25: dial_plan_webhooks[0].fallback_url: {pin} is none of the variables"
            " {code}, {did}, {callerid}, {callername}, {callid}; a brace that is meant as such is written %7B or"
            " %7D"
        ),
    ),
    "a fragment that says nothing": (
        HEAD.replace('{code}"', '{code}#rc=9"'),
        "line 24: dial_plan_webhooks[0].url_template: rc=9 behind the # of the URL: write 0 to 5",
    ),
    "half of a dial-plan webhook's credentials": (
        HEAD.replace('{code}"', '{code}"\nusername = "crm"'),
        (
            "line 22: dial_plan_webhooks[0]: password is missing beside username;"
            " write both or neither"
        ),
    ),
    "two authentications of a dial-plan webhook": (
        HEAD.replace('{code}"', '{code}"\nusername = "u"\npassword = "p"\ntoken = "t"'),
        "line 27: dial_plan_webhooks[0].token: there is a username too; keep one of the two",
    ),
    "a prefix that is none": (
        HEAD.replace('"1900"', '"premium"'),
        (
            "line 7: screening.denied_prefixes[0]: 'premium' is not accepted here;"
            " write the first digits of numbers"
        ),
    ),
}


@pytest.mark.row("R5-15", "R5-32", "S-33", "A-46", "FE-10")
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    text, expected = WRONG[name]
    assert mistakes(text) == [expected]


def test_a_circle_in_which_the_caller_hears_something_is_allowed() -> None:
    for first in ('play = ["hello"]', 'menu = ["hello"]\npress.1 = []', 'ask_dial_plan = "pin"'):
        good(f"{step(first)}\n[[schemes.steps]]\ngo_to = 1")


def test_a_long_chain_of_schemes_is_looked_at_in_good_time() -> None:
    chain = "".join(
        f'[[schemes]]\nid = {n}\nname = "x"\nsteps = [{{ go_to = {n + 1} }}]\n'
        for n in range(2, 3000)
    )
    good(f'{HEAD}{chain}[[schemes]]\nid = 3000\nname = "x"')
    circle = f'{HEAD}{chain}[[schemes]]\nid = 3000\nname = "x"\nsteps = [{{ go_to = 2 }}]'
    (mistake,) = mistakes(circle)
    named = "2 → 3 → 4 → 5 → 6 → 7 → 8 → 9 → … → 3000 → 2"
    assert f"calls go round without ringing a target: {named}; let one" in mistake


@pytest.mark.parametrize("levels", [12, 45, 300])
def test_branches_are_nested_only_so_deep(levels: int) -> None:
    text = step('hours = "office"')
    header = "schemes.steps"
    for _ in range(levels):
        header += ".open"
        text += f'\n[[{header}]]\nhours = "office"'
    if levels < 20:
        good(text)
    elif levels > MAX_PARTS:  # it is not even read
        assert f"more than {MAX_PARTS} names are joined by dots" in mistakes(text)[0]
    else:
        assert "branches are nested too deeply; go to a scheme of their own" in mistakes(text)[0]


def test_every_step_is_read_written_and_documented_by_its_own_key_alone() -> None:
    """The list of steps is the domain's: the table of each begins with its key."""
    assert list(STEPS) == [one.key for one in get_args(Step)]
    assert [table.make for table in STEPS.values()] == list(get_args(Step))
    assert [table.keys[0].name for table in STEPS.values()] == list(STEPS)


def test_every_kind_of_step_has_its_word() -> None:
    words = ", ".join(STEPS)
    assert words.startswith("ask, ask_dial_plan, ring, ring_destination, play")
    (mistake,) = mistakes(step("rign = ['101']"))
    assert mistake.endswith("this step does nothing; did you mean ring?")
