"""Forms are made from the schema of project files, and what they say is a patch of it; mistakes come back to their field."""

from __future__ import annotations

import pytest

from switchhook.console.catalogue import (
    FormField,
    form_fields,
    form_patch,
    label_of,
    problems_of,
    table_of,
)
from switchhook.console.rendering import environment
from switchhook.projectfile.resources import KINDS, mistakes_in, plain_document
from switchhook.projectfile.toml.mistakes import Mistake
from tests.support.projects import MINIMAL

ASKED = table_of("forwarding_numbers")


def by_key(fields: list[FormField]) -> dict[str, FormField]:
    return {one.key: one for one in fields}


def test_each_key_is_asked_for_in_its_kind_with_the_words_of_the_schema() -> None:
    value = {"name": "crm", "url": "https://crm.example/", "method": "POST", "retries": 2}
    fields = by_key(form_fields(ASKED, value, problems={"retries": "too many"}))

    assert fields["url"].is_required
    assert {"GET", "POST"} <= {*fields["method"].choices}
    assert fields["method"].value == "POST"
    assert (fields["retries"].widget, fields["retries"].value) == ("number", "2")
    assert fields["retries"].problem == "too many"
    assert fields["ring_timeout"].unit == "seconds"
    assert fields["send_origin"].widget == "tick"
    assert fields["connect_timeout"].help == "Seconds in one try until the connection stands."
    assert "headers" not in fields
    assert fields["retry_on"].default.splitlines()
    assert '"' not in str({one.default for one in fields.values()})


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_of_what_a_table_has_says_the_same_again(kind: str) -> None:
    document = plain_document(MINIMAL)
    stored = document.get(kind)
    table = table_of(kind)
    value = stored[0] if isinstance(stored, list) else stored or {}
    fields = form_fields(table, value)
    form = {one.key: one.value for one in fields if one.widget != "tick" or one.value}
    form["ticks"] = " ".join(one.key for one in fields if one.widget == "tick")
    patch = form_patch(table, form)

    assert {key: patch[key] for key in value if key in patch} == {
        key: value[key] for key in value if key in patch
    }
    assert {patch[key] for key in patch.keys() - value.keys()} <= {None, True, False}


def test_an_empty_field_takes_its_key_away_and_what_is_no_number_is_left_to_the_check() -> None:
    patch = form_patch(ASKED, {"retries": " ", "ring_timeout": "2,5", "breaker_failures": "many"})

    assert patch == {"retries": None, "ring_timeout": 2.5, "breaker_failures": "many"}


def test_a_tick_that_is_not_there_says_no_only_where_the_form_has_it() -> None:
    assert form_patch(ASKED, {"ticks": "send_origin keep_alive", "send_origin": "true"}) == {
        "send_origin": True,
        "keep_alive": False,
    }
    assert form_patch(ASKED, {}) == {}


def test_a_list_is_one_in_each_line() -> None:
    patch = form_patch(ASKED, {"retry_on": "timeout\n\n connection \n"})

    assert patch == {"retry_on": ["timeout", "connection"]}


def test_mistakes_come_to_their_fields_and_others_stand_together() -> None:
    document = plain_document(MINIMAL)
    document["project"]["time_zone"] = "Mars/Phobos"
    wrong = mistakes_in(document)

    assert wrong is not None
    assert "Mars/Phobos" in problems_of(wrong.mistakes, "project")["time_zone"]
    two = [Mistake(line=0, path=("schemes", 0, "name"), problem=text) for text in ("a", "b")]
    assert problems_of(two, "schemes", 0) == {"name": "a. b"}
    assert problems_of(two, "schemes", 1) == {"": "a. b"}


def test_the_fields_are_shown_with_label_help_and_problem() -> None:
    template = environment().from_string(
        '{% from "macros/catalogue.html" import catalogue_fields %}{{ catalogue_fields(fields) }}'
    )
    fields = form_fields(
        ASKED, {}, problems={"url": "is missing"}, only=("url", "method", "retries")
    )
    page = template.render(fields=fields)

    assert '<label for="f-url">URL</label>' in page
    assert 'aria-invalid="true" aria-describedby="p-url h-url"' in page
    assert "Without it: " in page
    assert label_of("caller_name_in_response") == "Caller name in response"


def test_statuses_that_count_as_delivered_are_numbers_or_a_word() -> None:
    posts = table_of("stream_webhooks")

    assert form_patch(posts, {"success_codes": "200, 202"}) == {"success_codes": [200, 202]}
    assert form_patch(posts, {"success_codes": "2xx"}) == {"success_codes": "2xx"}
    (field,) = form_fields(posts, {"success_codes": [200, 202]}, only=("success_codes",))
    assert field.value == "200, 202"
