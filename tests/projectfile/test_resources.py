"""Every table of the project file is a resource, which is found, patched, and removed with what cannot be without it."""

from __future__ import annotations

import pytest

from switchhook.projectfile.resources import (
    KINDS,
    CannotCascadeError,
    ResourceChange,
    changes_between,
    found,
    merged,
    mistakes_in,
    plain_document,
    uses,
    with_resource,
    without_resource,
)
from switchhook.projectfile.schema.project import FILE
from switchhook.projectfile.toml.mistakes import written

FILE_TEXT = """\
[project]
id = "acme"
name = "Acme"
country = "UA"
fallback = "102"

[[numbers]]
number = "044 222-33-44"
scheme = 1

[[accounts]]
login = "101"
password = "reception-101"

[[accounts]]
login = "102"
password = "reception-102"

[[groups]]
name = "sales"
accounts = ["101", "102"]

[[groups]]
name = "desk"
accounts = ["101"]

[[trunks]]
name = "carrier"
host = "sip.example.com"

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ring = ["101", "desk"]

[[schemes.steps]]
ring = ["102", "0501234567"]

[[events]]
name = "told"
event = "incoming.after"
filter = { numbers = ["044 222-33-44"] }

[[events.webhooks]]
url = "https://crm.example.com/"
"""
DOCUMENT = plain_document(FILE_TEXT)


def used(kind: str, name: str) -> list[str]:
    """Return the places that name a resource."""
    return [written(use.path) for use in uses(DOCUMENT, kind, name)]


def test_every_table_of_the_schema_is_a_kind() -> None:
    assert list(KINDS) == [key.name for key in FILE.keys]
    assert {kind.name for kind in KINDS.values() if kind.has_secrets} >= {"accounts", "events"}
    assert not any(KINDS[name].has_secrets for name in ("numbers", "groups", "hours", "project"))


def test_a_number_is_found_in_any_spelling() -> None:
    assert found(DOCUMENT, "numbers", "+380 44 222-33-44") == DOCUMENT["numbers"][0]
    assert found(DOCUMENT, "schemes", "1") == DOCUMENT["schemes"][0]
    assert found(DOCUMENT, "screening", "") is None


def test_the_examples_of_rfc_7396_come_out() -> None:
    cases = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, "bar", "bar"),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]
    for target, patch, result in cases:
        assert merged(target, patch) == result


def test_what_names_a_resource_is_found_even_where_its_digits_would_be_an_outside_number() -> None:
    assert used("schemes", "1") == ["numbers[0].scheme"]
    assert used("accounts", "101") == [
        "groups[0].accounts[0]",
        "groups[1].accounts[0]",
        "schemes[0].steps[0].ring[0]",
    ]
    assert used("accounts", "102") == [
        "groups[0].accounts[1]",
        "project.fallback",
        "schemes[0].steps[1].ring[0]",
    ]
    assert used("groups", "desk") == ["schemes[0].steps[0].ring[1]"]
    assert used("numbers", "0442223344") == ["events[0].filter.numbers[0]"]
    assert used("trunks", "carrier") == ["schemes[0].steps[1].ring[1]"]
    assert used("events", "told") == []


@pytest.mark.parametrize(
    ("kind", "name", "left"),
    [
        ("schemes", "1", {"numbers": [], "schemes": [], "events": ["told"]}),
        ("accounts", "101", {"accounts": ["102"], "groups": ["sales"], "schemes": [1]}),
        ("events", "told", {"events": [], "schemes": [1]}),
    ],
)
def test_what_cannot_be_without_a_resource_goes_with_it(
    kind: str, name: str, left: dict[str, list[object]]
) -> None:
    rest = without_resource(DOCUMENT, kind, name)

    assert mistakes_in(rest) is None
    assert left == {kept: [one[KINDS[kept].key] for one in rest.get(kept, [])] for kept in left}
    assert mistakes_in(DOCUMENT) is None, "and the document is left as it was"


def test_references_go_and_what_has_others_stays() -> None:
    rest = without_resource(DOCUMENT, "accounts", "101")

    assert [step["ring"] for step in rest["schemes"][0]["steps"]] == [["102", "0501234567"]]
    assert rest["groups"] == [{"name": "sales", "accounts": ["102"]}]


def test_what_a_file_must_have_is_not_removed() -> None:
    broken = {key: value for key, value in DOCUMENT.items() if key != "project"}
    with pytest.raises(CannotCascadeError):
        without_resource(broken, "events", "told")


def test_changes_are_named_by_resource_and_key() -> None:
    after = with_resource(DOCUMENT, "numbers", "0442223344", DOCUMENT["numbers"][0] | {"pool": "a"})
    after = with_resource(after, "screening", "", {"block_withheld": True})
    after = without_resource(after, "groups", "sales")

    assert changes_between(DOCUMENT, after) == (
        ResourceChange(kind="screening", name="", change="added"),
        ResourceChange(kind="numbers", name="380442223344", change="changed", keys=("pool",)),
        ResourceChange(kind="groups", name="sales", change="removed"),
    )
