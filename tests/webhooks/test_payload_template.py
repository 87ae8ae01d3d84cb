"""A tree of facts is filled in order, and its JSON and its pairs say the same."""

from __future__ import annotations

import json

import pytest

from switchhook.domain.webhook import Array, Field, HashAlgorithm, Object
from switchhook.webhooks.dialects.event import bare_name
from switchhook.webhooks.encoding import json_bytes, urlencode
from switchhook.webhooks.payload_template import fill, hash_text, leaves, pairs
from tests.webhooks.samples import S_40, S_40_JSON, S_41_FORM, field, make_facts, talked


def test_every_shape_as_json() -> None:
    assert S_40_JSON.encode() == json_bytes(fill(S_40, talked(), bare_name))


def test_every_shape_as_a_form() -> None:
    assert urlencode(pairs(fill(S_40, talked(), bare_name))) == S_41_FORM


def test_every_leaf_is_found() -> None:
    assert [leaf.parameter for leaf in leaves(S_40)] == [
        "call_id",
        "caller_id",
        "destination_id",
        "status",
        "full_length",
        "conversation",
        "source",
        "medium",
        *["caller_id"] * 4,
        "responsible_manager",
        "constant",
    ]


def test_arrays_hold_objects_arrays_and_hashes() -> None:
    crc = Field(name="", parameter="caller_id", hash=HashAlgorithm.CRC32_DECIMAL)
    inner = Object(name="", members=(field("type", "type"),))
    tree = (Array(name="a", items=(inner, Array(name="", items=(crc,)))),)

    assert json_bytes(fill(tree, talked())) == b'{"a":[{"type":"in"},["4217841801"]]}'
    assert pairs(fill(tree, talked())) == [("a[0][type]", "in"), ("a[1][0]", "4217841801")]


@pytest.mark.row("R1-39")
def test_a_flat_list_of_fields_keeps_its_order() -> None:
    fields = (field("z", "call_id"), field("a", "type"), field("m", "constant", "1"))

    expected = [("z", "3333333333.3333333"), ("a", "in"), ("m", "1")]
    assert expected == pairs(fill(fields, make_facts()))


def test_objects_nest_as_deep_as_people_want() -> None:
    tree = Object(name="in", members=(field("leaf", "type"),))
    for _ in range(19):
        tree = Object(name="in", members=(tree,))

    value = json.loads(json_bytes(fill((tree,), make_facts())))
    for _ in range(20):
        value = value["in"]
    assert value == {"leaf": "in"}


@pytest.mark.row("A-31")
@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_the_hash_of_nothing_is_nothing(algorithm: HashAlgorithm) -> None:
    assert hash_text(algorithm, "") == ""


@pytest.mark.row("A-31")
def test_a_checksum_keeps_its_leading_zeros_and_hashes_utf_8() -> None:
    assert hash_text(HashAlgorithm.CRC32, "62") == "0012d20a"
    assert hash_text(HashAlgorithm.CRC32, "Київ") == "d8edb8cb"
