"""The example call has a value for what can be known at each moment, and a person may describe another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.event import EventKind, EventWebhook
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot
from switchhook.domain.scheme import HangUpStep, Scheme
from switchhook.domain.webhook import Field, ForwardingNumber, Template
from switchhook.tryout.examples import (
    OUTSIDE,
    VISIT,
    Example,
    ExampleError,
    example_facts,
    read_example,
)
from switchhook.webhooks.parameters import CATALOGUE, resolve
from tests.support.events import web_event

NOW = 1_763_692_331.0
EXAMPLE = Example()
URL = "http://crm.example/"
CRM = ForwardingNumber(
    name="crm", url=URL, fields=(Field(name="c", parameter="custom", argument="city"),)
)
SHOP = ProjectSnapshot(
    Project(
        id="shop",
        name="Shop",
        country="UA",
        numbers=(
            Number(number="380800111222", scheme=7, insertion_type="static", pool="print"),
            Number(number="380800111333", scheme=7),
        ),
        accounts=(Account(login="mary", password="x"),),
        schemes=(Scheme(id=7, name="Main", steps=(HangUpStep(),)),),
    )
)


def told(kind: EventKind) -> tuple[ProjectSnapshot, EventWebhook]:
    """Return the shop with an event, and its webhook."""
    event = web_event(name="told", event=kind, url=URL)
    return ProjectSnapshot(replace(SHOP.project, events=(event,))), event.webhooks[0]


def value(
    key: str, argument: str = "", example: Example = EXAMPLE, snapshot: ProjectSnapshot = SHOP
) -> str:
    return resolve(key, argument, example_facts(snapshot, CRM, example, now=NOW))


def test_the_example_is_a_call_to_the_first_number() -> None:
    expected = {
        "caller_id": "380441112233",
        "destination_id": "380800111222",
        "scheme_name": "Main",
        "insertion_type": "static",
        "pool_name": "print",
        "e164": "+380441112233",
        "call_count": "1",
        "unique_call": "1",
        "date": "2025-11-21 02:32:11",
        "status": "",
        "conversation": "0",
        "forward_location": "webhookNumber:60",
    }
    assert expected == {key: value(key) for key in expected}
    assert value("custom", "city") == "example city"


def test_a_number_that_knows_nothing_of_its_pool_gets_the_examples() -> None:
    example = Example(callee="+380800111333")
    assert (value("pool_name", example=example), value("insertion_type", example=example)) == (
        "website",
        "dynamic",
    )


def test_what_a_template_wants_is_there_too() -> None:
    crm = replace(CRM, template=Template.RINGOSTAT_SAMPLE)
    facts = example_facts(SHOP, crm, EXAMPLE, now=NOW)
    assert (
        resolve("additional_number", "id", facts) == resolve("additional_number", "", facts) == "3"
    )


def test_a_project_with_nothing_in_it_has_an_example_too() -> None:
    bare = ProjectSnapshot(Project(id="x", name="X"))
    assert value("destination_id", snapshot=bare) == "380442223344"


def test_the_examples_facts_are_parameters() -> None:
    assert set(VISIT) <= set(CATALOGUE)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (EventKind.INCOMING_BEFORE, ("", "", "0", "in")),
        (EventKind.INCOMING_FORWARDING, ("", "", "0", "in")),
        (EventKind.INCOMING_PICKUP, ("ANSWERED", "mary", "0", "in")),
        (EventKind.INCOMING_RATED, ("ANSWERED", "mary", "0", "in")),
        (EventKind.INCOMING_AFTER, ("ANSWERED", "mary", "42", "in")),
        (EventKind.OUTGOING_BEFORE, ("", "", "0", "out")),
        (EventKind.OUTGOING_FORWARDING, ("", "", "0", "out")),
        (EventKind.OUTGOING_PICKUP, ("ANSWERED", OUTSIDE, "0", "out")),
        (EventKind.OUTGOING_AFTER, ("ANSWERED", OUTSIDE, "42", "out")),
    ],
)
def test_an_event_tells_of_its_own_moment(kind: EventKind, expected: tuple[str, ...]) -> None:
    facts = example_facts(*told(kind), Example(), now=NOW)
    keys = ("status", "connected_with", "conversation", "type")
    assert tuple(resolve(key, "", facts) for key in keys) == expected


def values_at(kind: EventKind, *keys: str) -> tuple[str, ...]:
    facts = example_facts(*told(kind), Example(), now=NOW)
    return tuple(resolve(key, "", facts) for key in keys)


def test_an_account_calls_out_and_no_visitor_is_invented() -> None:
    keys = ("caller_id", "destination_id", "manager_id", "source", "google_analytics_id")

    assert values_at(EventKind.OUTGOING_AFTER, *keys) == ("mary", OUTSIDE, "mary", "", "")
    assert values_at(EventKind.INTERNAL_AFTER, *keys[:2]) == ("mary", "mary")


def test_what_is_known_after_a_call_is_there() -> None:
    keys = ("proper", "repeated", "unique_target_call", "first_target_call", "manager_id")

    proper = ("0", "0", "0", "0", "mary")  # 42 seconds are fewer than the project wants
    assert values_at(EventKind.INCOMING_AFTER, *keys) == proper
    assert values_at(EventKind.INCOMING_BEFORE, "unique_target_call", "manager_id") == ("", "")
    (session,) = values_at(EventKind.INCOMING_AFTER, "google_analytics_session_id")
    assert 0 < NOW - int(session) < 1800


def test_a_person_describes_another_call() -> None:
    example = read_example(
        b'{"caller": "", "caller_name": "Anna", "callee": "380800111333", "id": "7.1",'
        b' "arrived_at": "2018-08-13T11:11:11+03:00",'
        b' "facts": {"source": "radio", "custom:city": "Lviv", "referrer": "", "pool_name": "A"}}'
    )
    expected = {
        "caller_id": "",
        "destination_id": "380800111333",
        "call_id": "7.1",
        "date": "2018-08-13 08:11:11",
        "source": "radio",
        "referrer": "",
        "pool_name": "A",
        "medium": "email",
    }
    assert expected == {key: value(key, example=example) for key in expected}
    assert value("custom", "city", example) == "Lviv"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[]", "describes no call"),
        (b"{", "describes no call"),
        (b'{"caller": 5}', "Expected `str | null`, got `int` - at `\\$.caller`"),
        (b'{"callr": "5"}', "unknown field `callr`.*it may hold id, caller, caller_name, callee"),
        (b'{"caller": "\xff"}', "describes no call"),
    ],
)
def test_what_describes_no_call(content: bytes, expected: str) -> None:
    with pytest.raises(ExampleError, match=expected):
        read_example(content)


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (Example(facts={"sorce": "x"}), "'sorce' is no parameter; did you mean source"),
        (Example(facts={"caller_id": "5"}), "'caller_id' follows from the call itself"),
        (Example(facts={"constant:a": "b"}), "'constant:a' follows from the call itself"),
        (Example(arrived_at="yesterday"), "'yesterday' is no moment; write it like"),
        (Example(arrived_at="2018-08-13T11:11:11"), "names no time zone"),
    ],
)
def test_what_cannot_be_a_fact(example: Example, expected: str) -> None:
    with pytest.raises(ExampleError, match=expected):
        example_facts(SHOP, CRM, example, now=NOW)
