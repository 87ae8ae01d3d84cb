"""Placeholders in a person's own text become values, and no value leaves its place."""

from __future__ import annotations

import json
from email import message_from_string
from email.policy import SMTP
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.webhooks.text_template import (
    Escaping,
    escaping_of,
    fill_raw,
    fill_text,
    is_json,
    left_as_they_are,
)
from tests.webhooks.samples import VISIT, make_facts

FACTS = make_facts(extra=VISIT)
HOSTILE = '"; X: y\r\nEvil: 1</a>&destination=900\\{{call_id}}'
VALUES = st.one_of(
    st.text(),
    st.text(alphabet="\"\\{}[],:&=<>'ux0123456789-.eE+ \r\n"),
    st.sampled_from(["", "0", "-1.5e9", "007", "1e", "null", "true", HOSTILE, "\\", '\\"']),
)


def said(value: str, template: str, escaping: Escaping) -> str:
    return fill_raw(template, make_facts(extra={"medium": value}), escaping)


@pytest.mark.row("S-43")
def test_a_parameter_is_named_by_its_label() -> None:
    filled = fill_text("Call {{Caller ID}} -> {{Destination ID}}: {{Status}}", FACTS)

    assert filled == "Call 380441112233 -> 380442223344: "


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{caller_id}}", "380441112233"),
        ("{{ CALLER id }}", "380441112233"),
        ("{{caller_id:e164}}", "+380441112233"),
        ("{{custom:city}}", "Київ"),
        ("{{date:iso8601}}", "2018-08-13T11:11:11+03:00"),
        ("{{ date:%d.%m.%Y }}", "13.08.2018"),
        ("{{constant:a b}}|{{type}}{{type}}", "a b|inin"),
        ('{"n":{{project_id}}}', '{"n":0000}'),
        ("", ""),
        ("no placeholder, {one} brace\\", "no placeholder, {one} brace\\"),
    ],
)
def test_every_spelling_of_a_parameter_is_one(template: str, filled: str) -> None:
    assert fill_text(template, FACTS) == filled
    assert left_as_they_are(template) == []


@pytest.mark.row("S-43")
@pytest.mark.parametrize(
    ("template", "left"),
    [
        ("a {{nobody}} b", ["{{nobody}}"]),
        ("{{date:american}}", ["{{date:american}}"]),
        ("{{destination_id:national}}", ["{{destination_id:national}}"]),
        ("{{{caller_id}}}", ["{{{caller_id}}}"]),
        ("{{{caller_id}}", ["{{{caller_id}}"]),
        ("{{caller_id}", ["{{"]),
        ("{{}} and {{", ["{{}}", "{{"]),
        ("{{{{caller_id}}}}", ["{{{{caller_id}}"]),
    ],
)
def test_what_is_no_placeholder_stays_and_is_told(template: str, left: list[str]) -> None:
    assert left_as_they_are(template) == left
    for escaping in Escaping:
        assert fill_raw(template, FACTS, escaping) == template


def test_a_value_is_not_read_for_placeholders() -> None:
    facts = make_facts(extra={"medium": "{{call_id}}", "source": "{{"})

    assert fill_text("{{medium}} {{source}}call_id}}", facts) == "{{call_id}} {{call_id}}"


@pytest.mark.row("S-73")
def test_a_value_in_a_text_for_people_stays_on_its_line() -> None:
    facts = make_facts(extra={"medium": "a\r\nb\x00\x0b\x85\u2028c\u202ed", "source": "Київ, 5 €"})

    assert fill_text("{{medium}}\n{{source}}", facts) == "a  b    c d\nКиїв, 5 €"


@pytest.mark.row("S-73")
@pytest.mark.parametrize(
    ("content_type", "template", "escaping"),
    [
        ("application/json", "no JSON", Escaping.JSON),
        ("Application/Vnd.Api+JSON; charset=utf-8", "", Escaping.JSON),
        ("application/x-ndjson", '{"a":1}\n{"a":2}', Escaping.JSON),
        ("text/plain; charset=utf-8", ' {"a": {{conversation}}} ', Escaping.JSON),
        ("", '["{{caller_id}}"]', Escaping.JSON),
        ("application/x-www-form-urlencoded", "a={{caller_id}}", Escaping.FORM),
        ("application/xml", "<a>{{caller_id}}</a>", Escaping.MARKUP),
        ("application/soap+xml", "<a/>", Escaping.MARKUP),
        ("text/html", "<a>", Escaping.MARKUP),
        ("multipart/form-data; boundary=x", "--x", Escaping.PART),
        ("text/plain", "{{caller_id}}", Escaping.NONE),
        ("text/plain", '"{{caller_id}}"', Escaping.NONE),
        ("text/csv", "[{{caller_id}}{{type}}]", Escaping.NONE),
        ("", "a={{caller_id}}", Escaping.NONE),
    ],
)
def test_the_type_and_the_text_say_how_values_are_written(
    content_type: str, template: str, escaping: Escaping
) -> None:
    assert escaping_of(template, content_type) is escaping


@pytest.mark.parametrize(
    "template",
    [
        '{"a":',
        "[" * 100_000,
        '{"a":1}{"b":2}',
        "{{{caller_id}}: 1}",
        "{ {{caller_id}}: 1 }",
        "[1{{caller_id}}]",
        '["\\{{caller_id}}z"]x',
        "[NaN]",
    ],
)
def test_what_a_value_could_spoil_is_no_json(template: str) -> None:
    assert not is_json(template)


TEMPLATE = (
    '{"text": "from \\"{{medium}}\\", \\u0041\\\\{{ Medium }}", "n": {{medium}},'
    ' "list": [{{medium}}, "", {"in": "{{medium}}{{medium}}"}]}'
)


@pytest.mark.row("S-73")
@given(value=VALUES)
def test_json_keeps_its_members_whatever_is_said(value: str) -> None:
    clean = value.encode("utf-8", "replace").decode()
    members = json.loads(said(value, TEMPLATE, escaping_of(TEMPLATE, "")))

    bare = members.pop("n")
    assert bare == members["list"][0]
    assert isinstance(bare, int | float) or bare == clean
    assert members == {
        "text": f'from "{clean}", A\\{clean}',
        "list": [bare, "", {"in": clean + clean}],
    }


@pytest.mark.row("S-73")
@given(value=VALUES, before=st.text(alphabet='a"\\{}[]:, '), after=st.text(alphabet='a"\\{}[]:, '))
def test_even_in_broken_json_a_value_ends_no_string(value: str, before: str, after: str) -> None:
    """The text around a value means the same, whatever the value: measured by the quotes outside of it."""
    one = said("x", f"{before}{{{{medium}}}}{after}", Escaping.JSON)
    other = said(f"{value}y", f"{before}{{{{medium}}}}{after}", Escaping.JSON)

    assert count_strings(one) == count_strings(other)


def count_strings(text: str) -> int:
    """Count the quotes that no backslash stands before."""
    quotes, escaped = 0, False
    for char in text:
        quotes += char == '"' and not escaped
        escaped = char == "\\" and not escaped
    return quotes


@pytest.mark.row("S-73")
@given(value=VALUES)
def test_a_form_keeps_its_parameters(value: str) -> None:
    clean = value.encode("utf-8", "replace").decode()
    filled = said(value, "a={{medium}}&b=1", Escaping.FORM)

    assert parse_qsl(filled, keep_blank_values=True) == [("a", clean), ("b", "1")]


@pytest.mark.row("S-73")
@given(value=VALUES)
def test_json_in_a_form_keeps_its_members(value: str) -> None:
    """Chats were told so: `payload={"text":"…"}`, encoded or not."""
    clean = value.encode("utf-8", "replace").decode()
    template = (
        'payload={"text":"{{medium}}","n":{{medium}}}&a="{{medium}}"'
        "&encoded=%7B%22text%22:+%22{{medium}}%22%7D&{{medium}}=1"
    )
    members = parse_qsl(said(value, template, Escaping.FORM), keep_blank_values=True)

    assert [name for name, _ in members] == ["payload", "a", "encoded", clean]
    payload, quoted, encoded, _ = (text for _, text in members)
    assert list(json.loads(payload)) == ["text", "n"]
    assert json.loads(payload)["text"] == clean
    assert json.loads(encoded) == {"text": clean}
    assert quoted == f'"{clean}"'


@pytest.mark.row("S-73")
@given(value=VALUES)
def test_a_value_ends_no_part_of_a_multipart_body(value: str) -> None:
    filled = said(f"{value}\r\n--x--", "--x\r\n\r\n{{medium}}\r\n--x--", Escaping.PART)

    assert len(filled.splitlines()) == 4


@pytest.mark.row("S-73")
@given(value=VALUES)
def test_a_value_gives_a_part_no_other_name(value: str) -> None:
    head = 'Content-Disposition: form-data; filename="{{medium}}-{{medium}}.txt"; name="file"'
    filled = said(value, f"--x\r\n{head}\r\n\r\n{{{{medium}}}}\r\n--x--", Escaping.PART)

    part = message_from_string(filled.splitlines()[1] + "\r\n\r\n", policy=SMTP)
    assert part.get_param("name", header="content-disposition") == "file"
    assert filled.splitlines()[1].count('"') == 4


def test_quotes_in_the_text_of_a_part_stay_as_they_are() -> None:
    filled = said('a"b\\', '--x\r\n\r\n"{{medium}}"\r\n--x--', Escaping.PART)

    assert filled == '--x\r\n\r\n"a"b\\"\r\n--x--'


@pytest.mark.row("S-73")
@given(value=VALUES)
def test_xml_keeps_its_elements_and_attributes(value: str) -> None:
    filled = said(value, "<a b=\"{{medium}}\" c='{{medium}}'>{{medium}}<d/></a>", Escaping.MARKUP)
    root = ET.fromstring(filled)

    assert [child.tag for child in root] == ["d"]
    assert list(root.attrib) == ["b", "c"]
    assert root.attrib["b"] == root.attrib["c"]


def test_markup_says_what_was_said() -> None:
    filled = said(HOSTILE, '<a b="{{medium}}"/>', Escaping.MARKUP)

    assert filled == ('<a b="&quot;; X: y\r\nEvil: 1&lt;/a&gt;&amp;destination=900\\{{call_id}}"/>')
    assert said("\x00\x1bé", "{{medium}}", Escaping.MARKUP) == "\ufffd\ufffdé"


@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_plain_text_has_the_value_as_it_is(value: str) -> None:
    assert said(value, "<{{medium}}>", Escaping.NONE) == f"<{value}>"


def test_a_form_of_very_many_values_is_written_without_starting_again_for_each() -> None:
    many = 60_000
    filled = fill_raw("a=" + "{{call_id}}" * many, make_facts(), Escaping.FORM)

    assert filled == "a=" + make_facts().call.id * many


@pytest.mark.row("A-45")
@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("from {{caller_id || a withheld number}}", "from a withheld number"),
        ("from {{caller_id:e164||?}}", "from ?"),
        ("from {{caller_id || }}.", "from ."),
        ("{{destination_id || nobody}}", "380442223344"),
        ("{{custom:city||x||y}}", "x||y"),
        ("{{constant:a|b}}", "a|b"),
        ("{{nobody || x}}", "{{nobody || x}}"),
    ],
)
def test_an_unknown_value_may_have_a_stand_in(template: str, filled: str) -> None:
    assert fill_text(template, make_facts(caller="")) == filled


def test_a_stand_in_stays_in_its_place_and_may_be_null_outside_of_strings() -> None:
    template = '{"a":{{caller_id || null}},"b":"{{caller_id || null}}","c":{{caller_id || 0}},"d":{{caller_id || x}}}'

    assert is_json(template)
    filled = fill_raw(template, make_facts(caller=""), Escaping.JSON)
    assert json.loads(filled) == {"a": None, "b": "null", "c": 0, "d": "x"}
    assert json.loads(fill_raw(template, FACTS, Escaping.JSON))["a"] == 380441112233
    marked = fill_raw("<a>{{caller_id || <b>}}</a>", make_facts(caller=""), Escaping.MARKUP)
    assert marked == "<a>&lt;b&gt;</a>"
