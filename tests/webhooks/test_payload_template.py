"""A tree of facts is filled in order, and its JSON and its pairs say the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.value_form import EmptyStyle, SentType, Special, ValueForm
from switchhook.domain.webhook import Array, Field, HashAlgorithm, Object, TextValue
from switchhook.webhooks.dialects.event import bare_name
from switchhook.webhooks.encoding import json_bytes, urlencode
from switchhook.webhooks.payload_template import MAX_NUMBER, convert, fill, hash_text, leaves, pairs
from tests.webhooks.samples import S_40, S_40_JSON, S_41_FORM, field, make_facts, talked

if TYPE_CHECKING:
    from switchhook.domain.webhook import Node
    from switchhook.webhooks.parameters import CallFacts


def test_every_shape_as_json() -> None:
    assert S_40_JSON.encode() == json_bytes(fill(S_40, talked(), bare_name))


def test_every_shape_as_a_form() -> None:
    assert urlencode(pairs(fill(S_40, talked(), bare_name))) == S_41_FORM


def test_every_leaf_is_found() -> None:
    assert [leaf.parameter for leaf in leaves(S_40) if isinstance(leaf, Field)] == [
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


def formed(parameter: str, argument: str = "", **form: Any) -> Field:
    return Field(name="v", parameter=parameter, argument=argument, form=ValueForm(**form))


def sent(*nodes: Node, facts: CallFacts | None = None) -> tuple[str, str]:
    """Return what is sent as JSON, and as a form."""
    values = fill(nodes, facts or talked())
    return json_bytes(values).decode(), urlencode(pairs(values))


NUMBER, BOOLEAN = SentType.NUMBER, SentType.BOOLEAN


@pytest.mark.parametrize(
    ("value", "in_json", "in_form"),
    [
        (formed("conversation", type=NUMBER), '{"v":12}', "v=12"),
        (formed("date", "unix", type=NUMBER), '{"v":1534147871}', "v=1534147871"),
        (formed("constant", "-0.5", type=NUMBER), '{"v":-0.5}', "v=-0.5"),
        (formed("proper", type=BOOLEAN), '{"v":true}', "v=true"),
        (formed("repeated", type=BOOLEAN), '{"v":false}', "v=false"),
        (formed("status", map=(("ANSWERED", 1),), other=0), '{"v":1}', "v=1"),
        (formed("status", map=(("BUSY", 1),), other=0), '{"v":0}', "v=0"),
        (formed("status", map=(("BUSY", 1),)), '{"v":"ANSWERED"}', "v=ANSWERED"),
        (formed("status", map=(("ANSWERED", Special.NULL),)), '{"v":null}', "v="),
        (formed("status", map=(("ANSWERED", Special.OMIT),)), "{}", ""),
        (formed("conversation", type=NUMBER, map=(("0", "none"),)), '{"v":12}', "v=12"),
    ],
)
def test_a_known_value_is_sent_in_its_form(value: Field, in_json: str, in_form: str) -> None:
    assert sent(value) == (in_json, in_form)


@pytest.mark.parametrize(
    ("form", "in_json", "in_form"),
    [
        ({}, '{"v":""}', "v="),
        ({"type": NUMBER}, '{"v":null}', "v="),
        ({"type": BOOLEAN}, '{"v":null}', "v="),
        ({"unknown": "n/a"}, '{"v":"n/a"}', "v=n%2Fa"),
        ({"unknown": ""}, '{"v":""}', "v="),
        ({"type": NUMBER, "unknown": ""}, '{"v":""}', "v="),
        ({"unknown": 0}, '{"v":0}', "v=0"),
        ({"unknown": False}, '{"v":false}', "v=false"),
        ({"unknown": 1.5}, '{"v":1.5}', "v=1.5"),
        ({"unknown": Special.NULL}, '{"v":null}', "v="),
        ({"unknown": Special.OMIT}, "{}", ""),
        ({"map": (("x", 1),), "other": 2, "unknown": 3}, '{"v":3}', "v=3"),
    ],
)
def test_an_unknown_value_has_a_stand_in(form: dict[str, Any], in_json: str, in_form: str) -> None:
    assert sent(formed("call_value", **form)) == (in_json, in_form)


@pytest.mark.row("A-45")
@pytest.mark.parametrize("parameter", ["caller_id", "e164"])
def test_a_withheld_number_has_a_stand_in_of_its_own(parameter: str) -> None:
    value = formed(parameter, unknown="?", withheld="anonymous")

    assert sent(value, facts=make_facts(caller=""))[0] == '{"v":"anonymous"}'
    assert "380441112233" in sent(value)[0]
    assert (
        sent(formed("e164", unknown="?", withheld="anonymous"), facts=make_facts(caller="12"))[0]
        == '{"v":"?"}'
    )
    assert sent(formed("caller_id", unknown="?"), facts=make_facts(caller=""))[0] == '{"v":"?"}'


def test_a_hash_of_nothing_may_have_a_stand_in() -> None:
    value = Field(
        name="v",
        parameter="caller_id",
        hash=HashAlgorithm.MD5,
        form=ValueForm(withheld=Special.OMIT),
    )

    assert sent(value)[0] == '{"v":"3ab709363cd610a7331e8cabcc612bc2"}'
    assert sent(value, facts=make_facts(caller=""))[0] == "{}"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(
            (NUMBER, text)
            for text in ("abc", "007", "+1", "1e3", "1,5", " 1", "NaN", ".5", "-", "٣")
        ),
        (NUMBER, "1" * (MAX_NUMBER + 1)),
        (NUMBER, "1234567890123456.7"),
        *((BOOLEAN, text) for text in ("2", "maybe", "true ", "")),
    ],
)
def test_what_a_type_cannot_hold_is_noted_and_counts_as_unknown(kind: SentType, text: str) -> None:
    assert convert(kind, text) is None
    notes: list[str] = []
    facts = make_facts(extra={"custom:x": text or "?"})
    values = fill((formed("custom", "x", type=kind, unknown=0),), facts, note=notes.append)

    assert values == {"v": 0}
    assert notes == [f"v: custom is {text or '?'!r}, no {kind}; sent 0"]


@pytest.mark.parametrize(
    ("unknown", "said"),
    [
        (None, "null"),
        ("", "''"),
        ("-", "'-'"),
        (Special.OMIT, "nothing"),
        (True, "true"),
        ("omit", "'omit'"),
        ("null", "'null'"),
    ],
)
def test_a_note_says_what_was_sent(unknown: Any, said: str) -> None:
    notes: list[str] = []
    facts = make_facts(extra={"custom": "x" * 500})
    value = formed("custom", type=NUMBER, unknown=unknown)
    fill((Array(name="a", items=(Field(name="", parameter="custom", form=value.form),)),), facts)
    fill((value,), facts, note=notes.append)

    assert notes == [f"v: custom is '{'x' * 40}…', no number; sent {said}"]


@pytest.mark.parametrize(
    ("style", "in_json", "in_form"),
    [
        (EmptyStyle.ARRAY, '{"a":[],"o":[]}', ""),
        (EmptyStyle.OBJECT, '{"a":{},"o":{}}', ""),
        (EmptyStyle.NULL, '{"a":null,"o":null}', "a=&o="),
        (EmptyStyle.OMIT, "{}", ""),
    ],
)
def test_what_is_empty_is_written_as_the_receiver_wants(
    style: EmptyStyle, in_json: str, in_form: str
) -> None:
    gone = formed("call_value", unknown=Special.OMIT)
    tree = (
        Array(name="a", items=(gone, gone), empty=style),
        Object(name="o", members=(gone,), empty=style),
    )

    assert sent(*tree) == (in_json, in_form)


def test_an_item_that_is_left_out_leaves_no_gap() -> None:
    items = (field("", "type"), formed("call_value", unknown=Special.OMIT), field("", "status"))

    assert sent(Array(name="a", items=items)) == (
        '{"a":["in","ANSWERED"]}',
        "a%5B0%5D=in&a%5B1%5D=ANSWERED",
    )


@pytest.mark.row("R2-32")
def test_a_text_holds_parameters() -> None:
    tree = (
        TextValue(
            name="t", text='Call from "{{caller_id:e164}}": {{status || unknown}}\n{{nobody}}'
        ),
        Array(name="a", items=(TextValue(name="", text="{{custom}}"),)),
    )

    assert fill(tree, make_facts(extra={"custom": "a\r\nb"})) == {
        "t": 'Call from "+380441112233": unknown\n{{nobody}}',
        "a": ["a  b"],
    }
    assert [leaf.name for leaf in leaves(tree)] == ["t", ""]
