"""Each key of a webhook has its range and its form, which stand where it is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.projectfile.schema.event import EVENT_WEBHOOK
from switchhook.projectfile.schema.webhook import DIAL_PLAN_WEBHOOK, FORWARDING_NUMBER
from switchhook.projectfile.toml.mistakes import Notes
from switchhook.projectfile.toml.value_types import Location, NotedError, WrongError
from switchhook.projectfile.types.project import EVENT_NAME, WIRE_NAME

if TYPE_CHECKING:
    from switchhook.projectfile.toml.tables import Table

NOWHERE = Location(path=(), notes=Notes(), names={})


def takes(table: Table, key: str, value: object) -> bool:
    (declared,) = (one for one in table.keys if one.name == key)
    try:
        declared.kind.read(value, NOWHERE)
    except (WrongError, NotedError):
        return False
    return True


ASKED = (
    ("response_timeout", (1, 30), (0.9, 30.1)),
    ("connect_timeout", (0.1, 30), (0.05, 31)),
    ("try_timeout", (0.1, 30), (0, 31)),
    ("retries", (0, 5), (-1, 6)),
    ("breaker_failures", (0, 100), (-1, 101)),
    ("breaker_pause", (1, 3600), (0.5, 3601)),
)


@pytest.mark.row("S-11", "R3-12", "R2-03", "A-08", "A-22")
@pytest.mark.parametrize(
    ("table", "key", "right", "wrong"),
    [
        *((FORWARDING_NUMBER, *case) for case in ASKED),
        *((DIAL_PLAN_WEBHOOK, *case) for case in ASKED),
        (FORWARDING_NUMBER, "ring_timeout", (5, 600), (4, 601)),
        (FORWARDING_NUMBER, "name_in_response", ("dst_phone",), ("",)),
        (FORWARDING_NUMBER, "url", ("http://t/{ID Call}",), ("ftp://t", "http://t/{nothing}")),
        (FORWARDING_NUMBER, "fallback_url", ("", "http://t/"), ("ftp://t", "http://t/#rc=9")),
        (DIAL_PLAN_WEBHOOK, "code_timeout", (1, 60), (0, 61)),
        (DIAL_PLAN_WEBHOOK, "interdigit_timeout", (0.5, 10), (0.4, 11)),
        (DIAL_PLAN_WEBHOOK, "attempts", (1, 10), (0, 11)),
        (DIAL_PLAN_WEBHOOK, "withheld_caller", ("", "x" * 64), ("x" * 65, "a\nb")),
        (DIAL_PLAN_WEBHOOK, "unknown_name", ("", "x" * 64), ("x" * 65, "a\nb")),
        (EVENT_WEBHOOK, "url", ("http://t/",), ("http://",)),
        (EVENT_WEBHOOK, "response_timeout", (1, 60), (0.9, 61)),
        (EVENT_WEBHOOK, "retries", (0, 10), (-1, 11)),
        (EVENT_WEBHOOK, "success_codes", ([200, 599], "2xx"), ([], [200, 100], [600])),
    ],
)
def test_a_key_has_a_range(
    table: Table, key: str, right: tuple[object, ...], wrong: tuple[object, ...]
) -> None:
    assert all(takes(table, key, value) for value in right)
    assert not any(takes(table, key, value) for value in wrong)


def test_a_header_is_one_line() -> None:
    for table in (FORWARDING_NUMBER, DIAL_PLAN_WEBHOOK, EVENT_WEBHOOK):
        assert takes(table, "headers", [{"name": "X", "value": "a b"}])
        assert not takes(table, "headers", [{"name": "X", "value": "a\r\nb"}])


@pytest.mark.row("S-50", "R2-43", "R2-44", "A-32")
@pytest.mark.parametrize(
    "name", ["manager", "_x1", "a.b-c", "a[b][0]", "{{manager name}}", "{{Менеджер}}"]
)
def test_names_that_an_event_may_use(name: str) -> None:
    assert EVENT_NAME.read(name, NOWHERE) == name


@pytest.mark.row("S-50", "R2-43", "R2-44", "A-32")
@pytest.mark.parametrize(
    "name", ["manager name", "Менеджер", "{{a", "1st", "{a}", "{{{a}}}", "{{}}", "{{ }}"]
)
def test_other_names_are_refused_with_the_vendors_advice(name: str) -> None:
    with pytest.raises(WrongError) as caught:
        EVENT_NAME.read(name, NOWHERE)

    assert "Latin letters without blanks" in caught.value.advice
    assert "{{parameter name}}" in caught.value.advice


@pytest.mark.row("R1-37")
def test_a_parameter_of_a_forwarding_number_has_a_name() -> None:
    assert WIRE_NAME.read(" Імя абонента", NOWHERE) == " Імя абонента"
    for name in ("", " ", "\u3000"):
        with pytest.raises(WrongError):
            WIRE_NAME.read(name, NOWHERE)
