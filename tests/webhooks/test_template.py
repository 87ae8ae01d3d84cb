"""A tree of facts is filled in order, and its JSON and its pairs say the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.cause import Outcome
from switchhook.webhooks.template import (
    Array,
    Hash,
    HashAlgorithm,
    Object,
    Text,
    fill,
    fill_fields,
    hash_text,
    pairs,
)
from switchhook.webhooks.wire import json_bytes, urlencode
from tests.webhooks.samples import ARRIVED, VISIT, field, make_facts

if TYPE_CHECKING:
    from switchhook.webhooks.parameters import Facts

S_40 = Object(
    members=(
        ("call_id", Text(parameter="call_id")),
        (
            "numbers",
            Array(items=(Text(parameter="caller_id"), Text(parameter="destination_id"))),
        ),
        (
            "call",
            Object(
                members=(
                    ("status", Text(parameter="status")),
                    (
                        "times",
                        Object(
                            members=(
                                ("total", Text(parameter="full_length")),
                                ("talk", Text(parameter="conversation")),
                            )
                        ),
                    ),
                    ("tags", Array(items=(Text(parameter="source"), Text(parameter="medium")))),
                )
            ),
        ),
        *(
            (name, Hash(algorithm=algorithm, of=Text(parameter="caller_id")))
            for name, algorithm in (
                ("h_md5", HashAlgorithm.MD5),
                ("h_crc", HashAlgorithm.CRC32),
                ("h_sha1", HashAlgorithm.SHA1),
                ("h_sha256", HashAlgorithm.SHA256),
            )
        ),
        ("Имя менеджера", Text(parameter="responsible_manager")),
        ("fixed", Text(parameter="constant", argument="abc")),
    )
)


def talked() -> Facts:
    facts = make_facts(extra=VISIT)
    call = replace(
        facts.call, answered_at=ARRIVED + 8, ended_at=ARRIVED + 20, outcome=Outcome.ANSWERED
    )
    return replace(facts, call=call)


def test_every_kind_of_node_as_json() -> None:
    expected = (
        '{"call_id":"3333333333.3333333","numbers":["380441112233","380442223344"],'
        '"call":{"status":"ANSWERED","times":{"total":"20","talk":"12"},'
        '"tags":["ringostat","support"]},"h_md5":"3ab709363cd610a7331e8cabcc612bc2",'
        '"h_crc":"fb672889","h_sha1":"acc79df51d806d791e186179357cf340fc375bd3",'
        '"h_sha256":"2251d774b8552cadd01b832646f0c3daaddbfb7d5504cffb91fc26a90e709bc8",'
        '"Имя менеджера":"Иван Иванов","fixed":"abc"}'
    ).encode()

    assert expected == json_bytes(fill(S_40, talked()))
    assert len(expected) == 427


def test_every_kind_of_node_as_a_form() -> None:
    expected = (
        "call_id=3333333333.3333333&numbers%5B0%5D=380441112233&numbers%5B1%5D=380442223344"
        "&call%5Bstatus%5D=ANSWERED&call%5Btimes%5D%5Btotal%5D=20&call%5Btimes%5D%5Btalk%5D=12"
        "&call%5Btags%5D%5B0%5D=ringostat&call%5Btags%5D%5B1%5D=support"
        "&h_md5=3ab709363cd610a7331e8cabcc612bc2&h_crc=fb672889"
        "&h_sha1=acc79df51d806d791e186179357cf340fc375bd3"
        "&h_sha256=2251d774b8552cadd01b832646f0c3daaddbfb7d5504cffb91fc26a90e709bc8"
        "&%D0%98%D0%BC%D1%8F+%D0%BC%D0%B5%D0%BD%D0%B5%D0%B4%D0%B6%D0%B5%D1%80%D0%B0"
        "=%D0%98%D0%B2%D0%B0%D0%BD+%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2&fixed=abc"
    )

    assert expected == urlencode(pairs(fill(S_40, talked())))
    assert len(expected) == 551


@pytest.mark.row("R1-39")
def test_a_flat_list_of_fields_keeps_its_order() -> None:
    fields = (field("z", "call_id"), field("a", "type"), field("m", "constant", "1"))

    expected = [("z", "3333333333.3333333"), ("a", "in"), ("m", "1")]
    assert expected == pairs(fill_fields(fields, make_facts()))


def test_objects_nest_as_deep_as_people_want() -> None:
    tree = Object(members=(("leaf", Text(parameter="type")),))
    for _ in range(20):
        tree = Object(members=(("in", tree),))

    value = json.loads(json_bytes(fill(tree, make_facts())))
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
