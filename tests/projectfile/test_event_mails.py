"""A project file tells people by mail, names what is wrong with that, and reads back as it was written."""

from __future__ import annotations

import pytest

from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventFilter, EventMail
from switchhook.domain.project import Project
from switchhook.projectfile.file import read_project, write_project
from switchhook.projectfile.schema.event import MAIL_TEXT, MAX_RECIPIENTS
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.projectfile.toml.value_types import quote
from switchhook.projectfile.warnings.project import project_warnings
from tests.support.projects import MINIMAL

MAIL = """
[[events]]
name = "missed"
event = "incoming.after"

[[events.mails]]
to = ["desk@example.com"]
subject = "Missed call from {{Caller ID}}"
"""
LINES = MINIMAL.count("\n")
"""Before the mail's own; its name stands on the third."""


def read(text: str) -> Project:
    project = read_project(MINIMAL + text)
    assert isinstance(project, Project), str(project)
    return project


def mistakes(old: str, new: str) -> list[str]:
    assert MAIL.count(old) == 1
    found = read_project(MINIMAL + MAIL.replace(old, new))
    assert isinstance(found, Mistakes), found
    return [line.partition("events[1].mails[0]")[2] for line in str(found).splitlines()]


def test_a_name_an_event_a_person_and_a_subject_are_enough() -> None:
    assert read(MAIL).event_mails == (
        EventMail(
            name="missed",
            to=("desk@example.com",),
            subject="Missed call from {{Caller ID}}",
            text=MAIL_TEXT,
        ),
    )


def test_a_text_of_several_lines_is_exported_so_that_people_can_read_it() -> None:
    more = 'text = """\nCaller: {{Caller ID}}\n\n\t"as it was"\n"""\n'
    filtered = MAIL.replace('"\n\n', '"\nfilter = { outcomes = ["missed"] }\n\n')
    project = read(filtered + more)
    written = write_project(project)
    (mail,) = project.event_mails

    assert mail.text == 'Caller: {{Caller ID}}\n\n\t"as it was"\n'
    assert project.events[1].filter == EventFilter(outcomes=(Outcome.MISSED,))
    assert "text = '''\nCaller: {{Caller ID}}\n\n\t\"as it was\"\n'''" in written
    assert read_project(written) == project


@pytest.mark.parametrize(
    "text", ["", "one line", "a\r\nb", "three ''' quotes\n", "ends in '\n'", "\n"]
)
def test_every_text_is_exported_so_that_it_reads_back(text: str) -> None:
    project = read(f"{MAIL}text = {quote(text)}\n")

    assert project.event_mails[0].text == text
    assert read_project(write_project(project)) == project


ADDRESS = "; write an e-mail address like desk@example.com"


@pytest.mark.parametrize(
    "address",
    [
        "desk",
        "@example.com",
        "desk@",
        "Desk <desk@example.com>",
        "desk@example.com, owner@example.com",
        "desk@example.com\\r\\nBcc: all@example.com",
        "desk @example.com",
        ".desk@example.com",
        "de..sk@example.com",
        '\\"de sk\\"@example.com',
        "desk@-example.com",
        "desk@example..com",
        "desk@[192.0.2.1]",
        "désk@example.com",
        "desk@пример.укр",
        "desk(a)@example.com",
        "a" * 65 + "@example.com",
        "desk@" + "a" * 64 + ".com",
        "",
    ],
)
def test_what_is_no_bare_address_is_refused(address: str) -> None:
    (said,) = mistakes("desk@example.com", address)

    assert said.startswith(".to[0]: ")


def test_a_name_before_an_address_is_told_of() -> None:
    assert mistakes("desk@example.com", "Desk <desk@example.com>") == [
        f".to[0]: 'Desk <desk@example.com>' is not accepted here{ADDRESS}"
    ]


def test_nobody_is_told_twice_and_somebody_is_told() -> None:
    assert mistakes('["desk@example.com"]', '["desk@example.com", "Desk@Example.com"]') == [
        ".to[1]: 'Desk@Example.com' is told already; name it once"
    ]
    assert mistakes('["desk@example.com"]', "[]") == [".to: the list is empty; write at least 1"]
    many = ", ".join(f'"{number}@example.com"' for number in range(MAX_RECIPIENTS + 1))
    assert mistakes('["desk@example.com"]', f"[{many}]") == [
        ".to: 21 items are too many; allowed are 20"
    ]


def test_a_subject_is_one_line_and_a_text_has_no_control_characters() -> None:
    assert mistakes("Missed call from {{Caller ID}}", "a\\nBcc: b@example.com") == [
        ".subject: it holds a line break or another control character; remove it"
    ]
    assert mistakes('}}"', '}}"\ntext = "\\u0000"') == [
        ".text: it holds a control character; remove it"
    ]


def test_a_filter_that_lets_nothing_pass_is_refused() -> None:
    wanted = '"incoming.before"\nfilter = { min_duration = 5 }'
    found = read_project(MINIMAL + MAIL.replace('"incoming.after"', wanted))

    assert "events[1].filter.min_duration: min_duration is not known yet at the time of" in str(
        found
    )


def test_a_mail_has_a_name_that_no_other_mail_and_no_event_webhook_has() -> None:
    told = MINIMAL.splitlines().index('name = "told"') + 1
    assert mistakes("to = [", 'name = "told"\nto = [') == [
        f".name: an action called 'told' stands already on line {told + 3}; give one of them another name"
    ]
    found = read_project(MINIMAL + MAIL + MAIL)
    assert str(found) == (
        f"line {LINES + 11}: events[2].name: 'missed' stands already on line {LINES + 3}; use another"
    )


def test_what_is_no_placeholder_is_remarked_on() -> None:
    subject = MAIL.replace("{{Caller ID}}", "{{Caller}} {{caller_id}}")

    assert list(project_warnings(read(MAIL))) == []
    assert list(project_warnings(read(subject + 'text = "at {{date:%H:%M}} {{nobody}}"\n'))) == [
        (
            "event mail 'missed' sends in its subject '{{Caller}}' as it stands:"
            " it names no parameter; did you mean {{caller_id}}?"
        ),
        "event mail 'missed' sends in its text '{{nobody}}' as it stands: it names no parameter",
    ]
