"""Every key of the project file appears in the form of its kind, and a form that is sent back unchanged changes nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from switchhook.console.forms.fields import FormContext, FormField, form_fields, without_places
from switchhook.console.forms.part import (
    NOT_IN_FORMS,
    PartForm,
    choices_in,
    problems_of,
    shown_sections,
    table_of,
)
from switchhook.console.forms.sent import acted, patch_of, plain, read_form
from switchhook.console.forms.widgets import Widget, row_table, widget_of
from switchhook.console.rendering import environment
from switchhook.operations.document.editing import EditedPart
from switchhook.projectfile.resources import KINDS, mistakes_in, plain_document
from switchhook.projectfile.toml.mistakes import Mistake
from switchhook.projectfile.toml.tables import Table
from tests.support.projects import MINIMAL

WEBHOOK: dict[str, Any] = {
    "name": "crm",
    "url": "https://crm.example/ask?key=1",
    "password": "s3cret-of-crm",
    "send_origin": False,
    "retry_on": ["connect", "timeout"],
    "headers": [{"name": "X-A", "value": "aaa"}, {"name": "X-B", "value": "bbb"}],
    "hmac": {"header": "X-Sig", "secret": "hmac-key"},
    "signing_secrets": ["whsec_a", "whsec_b"],
    "parameters": [
        {"name": "id", "value": "caller_id", "unknown": "7", "map": {"A=1": 1, "b": "x"}},
        {"name": "ok", "value": "proper", "unknown": 7, "type": "number"},
    ],
}


def sent_back(fields: tuple[FormField, ...]) -> dict[str, list[str]]:
    """Return what a browser sends of a form."""
    sent: dict[str, list[str]] = {}
    for one in fields:
        if one.widget in {Widget.GROUP, Widget.ROWS}:
            sent[one.name] = [""]
            sent |= sent_back(one.fields)
            for row in one.rows:
                sent[f"{row.name}.@"] = [row.origin]
                sent |= sent_back(row.fields)
        else:
            sent[one.name] = ["", *one.checked] if one.widget is Widget.CHECKS else [one.value]
    return sent


def form_of(kind: str, value: dict[str, Any]) -> dict[str, list[str]]:
    return sent_back(form_fields(table_of(kind), value, value, FormContext()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_its_field(kind: str) -> None:
    """A key that a form leaves out stands in NOT_IN_FORMS, with the reason."""

    def missing(table: Table, seen: tuple[Table, ...] = ()) -> list[str]:
        found = []
        for key in table.keys:
            widget = widget_of(key.kind)
            if widget is None:
                found.append(key.name)
            inner = key.kind if isinstance(key.kind, Table) else row_table(key.kind)
            if inner is not None and len(seen) < 4 and widget is not None:
                found += [f"{key.name}.{name}" for name in missing(inner, (*seen, table))]
        return found

    excepted = [name for of, name in NOT_IN_FORMS if of == kind]
    assert missing(table_of(kind)) == excepted
    part = EditedPart(document={}, now={}, base={}, version=1, tag="", path=(kind, 0))
    sections, _ = shown_sections(PartForm(kind=kind), {}, part)
    shown = [one.name for section in sections for one in section["fields"]]
    assert shown == [key.name for key in table_of(kind).keys if key.name not in excepted]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_label_and_a_help_of_the_schema(kind: str) -> None:
    for one in form_fields(table_of(kind), {}, {}, FormContext()):
        assert one.label[:1].isupper()
        assert one.help.endswith(".") or one.widget in {Widget.ROWS, Widget.GROUP}


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_that_is_sent_back_changes_nothing(kind: str) -> None:
    document = plain_document(MINIMAL)
    found = document.get(kind)
    value = found[0] if isinstance(found, list) else found or {}
    read = plain(table_of(kind), read_form(table_of(kind), form_of(kind, value), value))
    assert patch_of(value, read) == {}


def test_secrets_rows_maps_and_literals_come_back_as_they_were() -> None:
    table = table_of("forwarding_numbers")
    sent = form_of("forwarding_numbers", WEBHOOK)
    text = str(sent)
    for secret in ("s3cret-of-crm", "hmac-key", "whsec_a", "aaa"):
        assert secret not in text
    assert plain(table, read_form(table, sent, WEBHOOK)) == WEBHOOK


def test_a_row_keeps_its_secret_when_another_is_removed_or_moved() -> None:
    table = table_of("forwarding_numbers")
    value = read_form(table, form_of("forwarding_numbers", WEBHOOK), WEBHOOK)
    moved = acted(table, value, "up headers[1]")
    assert [row["value"] for row in plain(table, moved)["headers"]] == ["bbb", "aaa"]
    fields = form_fields(table, moved, WEBHOOK, FormContext())
    again = read_form(table, sent_back(fields), WEBHOOK)
    assert [row["name"] for row in again["headers"]] == ["X-B", "X-A"]
    assert [row["value"] for row in plain(table, again)["headers"]] == ["bbb", "aaa"]
    rest = acted(table, again, "remove headers[1]")
    assert patch_of(WEBHOOK, plain(table, rest)) == {"headers": [{"name": "X-B", "value": "bbb"}]}


def test_a_row_is_added_to_a_list_that_is_not_there_and_an_empty_one_is_not_saved() -> None:
    table = table_of("forwarding_numbers")
    value = acted(table, {"name": "x"}, "add headers")
    assert value == {"name": "x", "headers": [{}]}
    assert plain(table, value) == {"name": "x"}
    assert acted(table, {"name": "x"}, "add no such. thing") == {"name": "x"}


def test_only_what_was_changed_is_in_the_patch() -> None:
    table = table_of("forwarding_numbers")
    sent = form_of("forwarding_numbers", WEBHOOK)
    sent |= {
        "retries": ["2"],
        "password": ["another"],
        "hmac.header": ["X-Signature"],
        "send_origin": [""],
        "retry_on": ["", "timeout"],
        "drop:signing_secrets": ["true"],
    }
    read = plain(table, read_form(table, sent, WEBHOOK))
    assert patch_of(WEBHOOK, read) == {
        "send_origin": None,
        "retries": 2,
        "password": "another",
        "hmac": {"header": "X-Signature"},
        "retry_on": ["timeout"],
        "signing_secrets": None,
    }


def test_what_is_no_number_is_left_to_the_check_and_a_comma_is_a_point() -> None:
    table = table_of("forwarding_numbers")
    read = read_form(table, {"retries": ["many"], "ring_timeout": ["20,5"]}, {})
    assert read == {"retries": "many", "ring_timeout": 20.5}


def test_a_mistake_finds_the_field_of_its_key() -> None:
    document = plain_document(MINIMAL)
    document["forwarding_numbers"] = [
        {"name": "crm", "headers": [{"name": "", "value": "x"}], "retries": "many"}
    ]
    wrong = mistakes_in(document)
    assert wrong is not None
    fields = form_fields(
        table_of("forwarding_numbers"), document["forwarding_numbers"][0], {}, FormContext()
    )
    names = [name for one in fields for name in one.all_names()]
    other = Mistake(line=0, path=("numbers", 0, "scheme"), problem="there is no scheme 7")
    found, others = problems_of((*wrong.mistakes, other), ("forwarding_numbers", 0), names)
    assert {"headers[0].name", "retries", "url"} <= found.keys()
    assert others == ["numbers[0].scheme: there is no scheme 7"]


def test_choices_are_those_of_the_document_with_their_names() -> None:
    document = plain_document(MINIMAL)
    scheme = document["schemes"][0]
    assert (str(scheme["id"]), f"{scheme['id']} · {scheme['name']}") in choices_in(document)[
        "scheme"
    ]
    assert without_places("parameters[0].array[12].value") == "parameters.array.value"


def test_rows_groups_and_kept_secrets_are_shown_without_the_secrets() -> None:
    part = EditedPart(
        document={}, now=WEBHOOK, base=WEBHOOK, version=1, tag="", path=("forwarding_numbers", 0)
    )
    wrong = Mistake(line=0, path=("forwarding_numbers", 0, "headers", 1), problem="is no header")
    form = PartForm(kind="forwarding_numbers")
    sections, others = shown_sections(form, WEBHOOK, part, (wrong,))
    template = environment().from_string(
        '{% from "macros/fields.html" import all_sections %}{{ all_sections(sections) }}'
    )
    page = template.render(sections=msgspec.to_builtins(sections))
    assert others == []
    assert 'name="headers[1].@" value="1"' in page
    assert 'value="remove headers[1]"' in page
    assert "is no header" in page
    assert 'name="drop:hmac.secret"' not in page  # it is required there
    assert 'name="drop:password"' in page
    for secret in ("s3cret-of-crm", "hmac-key", "whsec_a", "aaa"):
        assert secret not in page
