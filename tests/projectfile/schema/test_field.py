"""Values inside each other are read and written, and what is wrong with one is said at its place."""

from __future__ import annotations

import pytest

from switchhook.domain.value_form import EmptyStyle, SentType, Special, ValueForm
from switchhook.domain.webhook import Array, Field, HashAlgorithm, Node, Object, TextValue
from switchhook.projectfile.schema.event import EVENT_PARAMETERS
from switchhook.projectfile.schema.webhook import PARAMETERS
from tests.projectfile.test_file import (
    changed,
    good,
    in_event_webhook,
    in_forwarding_number,
    mistakes,
)
from tests.webhooks.samples import S_40, field

S_40_FILE = """\
parameters = [
  { name = "call_id", value = "ID Call" },
  { name = "numbers", array = ["Caller ID", "Destination ID"] },
  { name = "call", object = [
    { name = "status", value = "status" },
    { name = "times", object = [
      { name = "total", value = "full_length" },
      { name = "talk", value = "conversation" },
    ] },
    { name = "tags", array = ["source", "medium"] },
  ] },
  { name = "h_md5", value = "caller_id", hash = "md5" },
  { name = "h_crc", value = "caller_id", hash = "crc32" },
  { name = "h_sha1", value = "caller_id", hash = "sha1" },
  { name = "h_sha256", value = "caller_id", hash = "sha256" },
  { name = "{{Имя менеджера}}", value = "Responsible manager" },
  { name = "fixed", value = "constant:abc" },
]"""


def told(parameters: str) -> tuple[Node, ...]:
    return good(in_event_webhook(parameters)).event_webhooks[0].format.fields


def asked(parameters: str) -> tuple[Node, ...]:
    return good(in_forwarding_number(parameters)).forwarding_numbers[0].fields


def nested(depth: int, shape: str = "object") -> str:
    """Write a value inside of so many objects or arrays."""
    if shape == "object":
        inner = '{ name = "a", value = "type" }'
        for _ in range(depth):
            inner = f'{{ name = "a", object = [{inner}] }}'
        return f"parameters = [{inner}]"
    inner = '"type"'
    for _ in range(depth - 1):
        inner = f"{{ array = [{inner}] }}"
    return f'parameters = [{{ name = "a", array = [{inner}] }}]'


@pytest.mark.row("S-40", "R2-33", "R2-34", "R2-35", "R2-36", "R2-37", "R2-38", "R2-44")
def test_every_shape_is_read() -> None:
    assert told(S_40_FILE) == S_40


def test_an_array_holds_values_of_every_shape() -> None:
    text = (
        'parameters = [{ name = "a", array = ["type", { array = ["date:unix"] },'
        ' { object = [{ name = "b", value = "constant:" }] },'
        ' { value = "caller_id", hash = "crc32-decimal" }, { value = "status" }] }]'
    )
    crc = Field(name="", parameter="caller_id", hash=HashAlgorithm.CRC32_DECIMAL)

    assert told(text) == (
        Array(
            name="a",
            items=(
                field("", "type"),
                Array(name="", items=(field("", "date", "unix"),)),
                Object(name="", members=(field("b", "constant"),)),
                crc,
                field("", "status"),
            ),
        ),
    )


def test_what_is_written_is_short_and_reads_the_same() -> None:
    written = EVENT_PARAMETERS.write(S_40)

    assert told(f"parameters = {written}") == S_40
    assert '{ name = "numbers", array = ["caller_id", "destination_id"] }' in written
    assert '{ name = "h_md5", value = "caller_id", hash = "md5" }' in written


@pytest.mark.parametrize("shape", ["object", "array"])
def test_ten_levels_are_enough(shape: str) -> None:
    assert told(nested(10, shape))
    (found,) = mistakes(in_event_webhook(nested(11, shape)))
    assert "arrays and objects are nested more than 10 levels deep; write them flatter" in found


@pytest.mark.parametrize("shape", ["object", "array"])
@pytest.mark.parametrize("depth", [60, 5_000])
def test_no_depth_breaks_the_reading(shape: str, depth: int) -> None:
    (found,) = mistakes(in_event_webhook(nested(depth, shape)))

    assert "nested" in found


@pytest.mark.row("S-50")
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{ name = "a" }', "parameters[0]: value is missing; write value, text, array or object"),
        ('{ value = "type" }', "parameters[0]: name is missing; write Latin letters"),
        (
            '{ name = "a", value = "type", array = ["type"] }',
            "parameters[0].array: array stands beside value; keep one of the two",
        ),
        (
            '{ name = "a", array = ["type"], hash = "md5" }',
            "parameters[0].hash: there is no value to hash; remove it",
        ),
        (
            '{ name = "a", value = "type", hash = "md4" }',
            "parameters[0].hash: 'md4' is not known here; did you mean md5?",
        ),
        ('{ name = "a", array = "type" }', "parameters[0].array: text is not a list"),
        (
            '{ name = "a", array = ["type", "tipe"] }',
            "parameters[0].array[1]: 'tipe' is no parameter; did you mean type?",
        ),
        (
            '{ name = "a", array = [["type"]] }',
            "array[0]: a list is no value; write a parameter, or a table",
        ),
        (
            '{ name = "a", array = [{ name = "b", value = "type" }] }',
            "parameters[0].array[0].name: unknown key",
        ),
        (
            '{ name = "a", object = [{ name = "b c", value = "type" }] }',
            "parameters[0].object[0].name: 'b c' is not accepted here; write Latin letters",
        ),
        (
            (
                '{ name = "a", object = [{ name = "b", value = "type" },'
                ' { name = "{{b}}", value = "date" }] }'
            ),
            "parameters[0].object[1].name: '{{b}}' is sent already; use another name",
        ),
        ('"type"', "parameters[0]: text is no value; write { name"),
    ],
)
def test_what_is_wrong_is_named_at_its_place(value: str, said: str) -> None:
    (found,) = mistakes(in_event_webhook(f"parameters = [{value}]"))

    assert said in found


def test_every_mistake_has_its_line() -> None:
    text = changed('"Destination ID"', '"Nobody"', S_40_FILE)
    text = changed('value = "conversation"', 'valu = "conversation"', text)
    text = changed('hash = "sha1"', 'hash = "sha2"', text)

    found = mistakes(in_event_webhook(text))

    first = in_event_webhook(text).splitlines().index("parameters = [") + 1
    assert [said.partition(":")[0] for said in found] == [
        f"line {first + 2}",
        f"line {first + 7}",
        f"line {first + 7}",
        f"line {first + 13}",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "1",
        "[]",
        "{}",
        "{ name = 1, value = [] }",
        "{ array = {}, object = 1, hash = [] }",
        '{ name = "a", array = [1, {}, [], { value = 1 }, { object = [{}] }] }',
        '{ name = "a", object = [1, {}, [], "type", { name = {} }] }',
    ],
)
def test_wrong_types_are_no_crash(value: str) -> None:
    assert mistakes(in_event_webhook(f"parameters = [{value}]"))


FORMS = (
    Field(
        name="duration",
        parameter="conversation",
        form=ValueForm(type=SentType.NUMBER, unknown=0),
    ),
    Field(
        name="from",
        parameter="caller_id",
        form=ValueForm(unknown="constant:null", withheld="anonymous"),
    ),
    Field(
        name="code",
        parameter="status",
        form=ValueForm(
            unknown=Special.NULL,
            map=(("ANSWERED", 1), ("NO ANSWER", False), ("BUSY", Special.OMIT), ("FAILED", "omit")),
            other=-1.5,
        ),
    ),
    Field(
        name="visitor",
        parameter="caller_id",
        hash=HashAlgorithm.SHA256,
        form=ValueForm(withheld=Special.OMIT),
    ),
    Field(name="plain", parameter="type", form=ValueForm(unknown="")),
)
"""A value of each form."""
FORMS_FILE = """\
parameters = [
  { name = "duration", value = "conversation", type = "number", unknown = 0 },
  { name = "from", value = "caller_id", unknown = "constant:constant:null", withheld = "anonymous" },
  { name = "code", value = "status", unknown = "null", map = { ANSWERED = 1, "NO ANSWER" = false, BUSY = "omit", FAILED = "constant:omit" }, other = -1.5 },
  { name = "visitor", value = "caller_id", hash = "sha256", withheld = "omit" },
  { name = "plain", value = "type", unknown = "" },
]"""


def test_forms_are_read_alike_in_routing_and_event_webhooks() -> None:
    assert told(FORMS_FILE) == FORMS
    assert asked(FORMS_FILE) == FORMS


def test_forms_are_written_as_they_were_read() -> None:
    lines = FORMS_FILE.splitlines()[1:-1]

    assert [EVENT_PARAMETERS.kind.write(one) for one in FORMS] == [x.strip(" ,") for x in lines]
    assert [PARAMETERS.kind.write(one) for one in FORMS] == [x.strip(" ,") for x in lines]


def test_what_stands_for_an_empty_array_or_object_is_read_and_written() -> None:
    text = (
        'parameters = [{ name = "a", array = ["type"], empty = "omit" },'
        ' { name = "o", object = [{ name = "b", value = "type" }], empty = "[]" }]'
    )
    inner = field("b", "type")
    tree = (
        Array(name="a", items=(field("", "type"),), empty=EmptyStyle.OMIT),
        Object(name="o", members=(inner,), empty=EmptyStyle.ARRAY),
    )

    assert told(text) == tree
    assert f"parameters = {EVENT_PARAMETERS.write(tree)}" == text


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('value = "type", type = "integer"', ".type: 'integer' is not known here"),
        ('value = "type", unknown = []', ".unknown: a list cannot be sent; write text, a number"),
        ('value = "type", unknown = nan', ".unknown: nan is no number of JSON"),
        ('value = "type", unknown = 9223372036854775808', ".unknown: 9223372036854775808 is no"),
        (f'value = "type", unknown = 0x{"f" * 5000}', ".unknown: a number of very many digits is"),
        ('value = "type", unknown = 2018-08-13', ".unknown: a date or time cannot be sent"),
        ('value = "type", withheld = ""', ".withheld: type is not the caller's number"),
        ('value = "type", other = 1', ".other: other stands for what the map has not, and there"),
        ('value = "type", map = {}', ".map: the map is empty"),
        ('value = "type", map = "in=1"', ".map: text is no table; write { VALUE = what is sent"),
        ('value = "type", map = { "" = 1 }', ".map.'':  is empty; write a value; for"),
        ('value = "type", map = { in = [1] }', ".map.in: a list cannot be sent"),
        ('value = "status", map = { ANSWERD = 1 }', ".map.ANSWERD: status is never 'ANSWERD'; did"),
        ('value = "type", hash = "md5", type = "number"', ".type: a hash is sent as it is"),
        ('value = "type", hash = "md5", map = { in = 1 }', ".map: a hash is sent as it is; remove"),
        (
            'value = "constant:x", type = "number"',
            ".type: constant is 'x', no number; write another",
        ),
        (
            'value = "date", type = "number"',
            ".type: date is '2018-08-13 08:11:11', no number; write date:unix",
        ),
        ('value = "date:unix", type = "boolean"', ".type: date is '1534147871', no boolean"),
        (
            'value = "full_length:mm:ss", type = "number"',
            ".type: full_length is '02:05', no number",
        ),
        ('value = "status", type = "number"', ".type: status is 'ANSWERED', no number"),
        (
            'value = "type", type = "number", map = { in = 1 }',
            ".type: type is 'out', no number; write",
        ),
    ],
)
def test_a_form_that_means_nothing_is_a_mistake(keys: str, said: str) -> None:
    for place in (in_event_webhook, in_forwarding_number):
        (found,) = mistakes(place(f'parameters = [{{ name = "v", {keys} }}]'))

        assert f"parameters[0]{said}" in found


@pytest.mark.parametrize(
    "keys",
    [
        'value = "ended_at:unix-ms@UTC", type = "number"',
        'value = "conversation:ms", type = "number"',
        'value = "proper", type = "boolean"',
        'value = "has_recording", type = "number"',
        'value = "type", type = "number", map = { in = 1, out = 2 }',
        'value = "status", type = "number", map = { BUSY = 1 }, other = 0',
        'value = "constant:1.5", type = "number"',
        'value = "constant:", type = "number"',
        'value = "custom:x", type = "number"',
    ],
)
def test_a_form_that_may_come_true_is_none(keys: str) -> None:
    assert told(f'parameters = [{{ name = "v", {keys} }}]')


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('array = ["type"], type = "number"', ".type: there is no value; remove it"),
        ('array = ["type"], unknown = 0', ".unknown: there is no value; remove it"),
        ('value = "type", empty = "[]"', ".empty: only an array or an object can be empty; write"),
        ('text = "x", empty = "[]"', ".empty: only an array or an object can be empty; write"),
        ('text = "x", type = "number"', ".type: there is no value; remove it"),
        ('text = "x", value = "type"', ".text: text stands beside value; keep one of the two"),
        ("text = 7", ".text: a number is not text; write it in quotes"),
        ('array = ["type"], empty = "none"', ".empty: 'none' is not known here"),
        (
            'array = [{ value = "type", withheld = 1 }]',
            ".array[0].withheld: type is not the caller's number",
        ),
    ],
)
def test_a_form_has_a_value(keys: str, said: str) -> None:
    (found,) = mistakes(in_event_webhook(f'parameters = [{{ name = "v", {keys} }}]'))

    assert f"parameters[0]{said}" in found


def test_an_array_or_object_may_be_meant_to_be_empty() -> None:
    text = 'parameters = [{ name = "a", array = [] }, { name = "o", object = [] }]'
    tree = (Array(name="a", items=()), Object(name="o", members=()))

    assert told(text) == tree
    assert f"parameters = {EVENT_PARAMETERS.write(tree)}" == text


@pytest.mark.row("R2-32")
def test_a_text_is_read_and_written() -> None:
    text = (
        'parameters = [{ name = "title", text = "Call from {{caller_id:e164}}\\nat {{date}}" },'
        ' { name = "a", array = ["type", { text = "{{status}}" }] }]'
    )
    tree = (
        TextValue(name="title", text="Call from {{caller_id:e164}}\nat {{date}}"),
        Array(name="a", items=(field("", "type"), TextValue(name="", text="{{status}}"))),
    )

    assert told(text) == tree
    assert f"parameters = {EVENT_PARAMETERS.write(tree)}" == text
