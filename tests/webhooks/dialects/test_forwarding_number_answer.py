"""Whatever an endpoint answers, good, sloppy or hostile, it is read as the behaviour table says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.webhook import Encoding
from switchhook.webhooks.answer import Direction, ReadingStep, SchemeId, read_answer
from tests.webhooks.samples import PLAN, answer, make_number

if TYPE_CHECKING:
    from switchhook.webhooks.answer import Reading

SEED = "380443334455"
THREE = "380441111111 380441111112 380441111113"
FAILED = "failed"

JSON_ANSWERS = [
    # The vendor's own examples, and what stands beside them.
    ('{"dst_phone":380443334455}', SEED),
    ('{"dst_phone":"380443334455"}', SEED),
    ('{"schema":26076}', "#26076"),
    ('{"schema":"26076"}', "#26076"),
    ('{"schema":" 26076 "}', "#26076"),
    ('{"schema":26076.0}', "#26076"),
    ('{"dst_phone":"","schema":26076}', "#26076"),
    ('{"dst_phone":null,"schema":26076}', "#26076"),
    ('{"dst_phone":[],"schema":26076}', "#26076"),
    ('{"dst_phone":"nobody","schema":26076}', "#26076"),
    ('{"dst_phone":false,"schema":26076}', "#26076"),
    ('{"dst_phone":380443334455,"schema":26076}', SEED),
    ('{"dst_phone":380443334455,"schema":"x"}', SEED),
    ('{"schema":1,"dst_phone":"380443334455"}', SEED),
    ('{"schema":99}', FAILED),
    ('{"schema":-1}', FAILED),
    ('{"schema":true}', FAILED),
    ('{"schema":null}', FAILED),
    ('{"schema":""}', FAILED),
    ('{"schema":"Shop"}', FAILED),
    ('{"schema":[26076]}', FAILED),
    ('{"schema":{"id":26076}}', FAILED),
    ('{"schema":26076.5}', FAILED),
    ('{"schema":"٢٦٠٧٦"}', FAILED),
    ('{"schema":' + "9" * 400 + "}", FAILED),
    ("{ dst_phone: '380441111111,380441111112,380441111113' }", THREE),
    ('{"dst_phone":"380441111111,380441111112,380441111113"}', THREE),
    ('{"dst_phone":["380441111111","380441111112","380441111113"]}', THREE),
    ('{"dst_phone":[380441111111,380441111112,380441111113]}', THREE),
    ('["380441111111","380441111112","380441111113"]', THREE),
    ('{"dst_phone":" 380441111111 , 380441111112,\\t380441111113 "}', THREE),
    ("{“dst_phone”:“380441111111,380441111112,380441111113”}", THREE),
    ("{„dst_phone”:„380441111111,380441111112,380441111113“}", THREE),
    ("{‘dst_phone’:‘380441111111,380441111112,380441111113’}", THREE),
    ('{“dst_phone":“380441111111,380441111112,380441111113"}', THREE),
    # Lists.
    ('{"dst_phone":"380441111111,,380441111111,"}', "380441111111"),
    ('{"dst_phone":"380441111111,+380441111111"}', "380441111111"),
    ('{"dst_phone":["380441111111,380441111112","380441111113"]}', THREE),
    ('{"dst_phone":["","380441111111",null]}', "380441111111"),
    ('{"dst_phone":["nobody","380441111111",true,{}]}', "380441111111"),
    ('{"dst_phone":[["380441111111"]]}', FAILED),
    ('{"dst_phone":["nobody","<b>"]}', FAILED),
    ('{"dst_phone":",,,"}', FAILED),
    ('{"dst_phone":";"}', FAILED),
    # Numbers, as they are written.
    ('{"dst_phone":"+380443334455"}', "+380443334455"),
    ('{"dst_phone":"+38 (044) 333-44-55"}', "+380443334455"),
    ('{"dst_phone":"380.44.333.44.55"}', SEED),
    ('{"dst_phone":"tel:+380443334455"}', "+380443334455"),
    ('{"dst_phone":"3 80123456789"}', "380123456789"),
    ('{"dst_phone":"380\\u00a0443334455"}', SEED),
    ('{"dst_phone":"77012345678"}', "77012345678"),
    ('{"dst_phone":"112"}', "112"),
    ('{"dst_phone":215}', "215"),
    ('{"dst_phone":"12"}', FAILED),
    ('{"dst_phone":12}', FAILED),
    ('{"dst_phone":0}', FAILED),
    ('{"dst_phone":"1234567890123456"}', FAILED),
    ('{"dst_phone":1234567890123456}', FAILED),
    ('{"dst_phone":123456789012345}', "123456789012345"),
    ('{"dst_phone":' + "1" * 5000 + "}", FAILED),
    ('{"dst_phone":-380443334455}', FAILED),
    ('{"dst_phone":3.80443334455E+11}', SEED),
    ('{"dst_phone":380443334455.0}', SEED),
    ('{"dst_phone":380443334455.000}', SEED),
    ('{"dst_phone":3.80443334455e11}', SEED),
    ('{"dst_phone":38044333445500e-2}', SEED),
    ('{"dst_phone":380443334455.5}', FAILED),
    ('{"dst_phone":380443334455.00000000000000000001}', FAILED),
    ('{"dst_phone":3.5}', FAILED),
    ('{"dst_phone":0.380}', FAILED),
    ('{"dst_phone":-3.80443334455E+11}', FAILED),
    ('{"dst_phone":3.80443E+11}', FAILED),  # six digits printed, six rounded away
    ('{"dst_phone":1e999999999}', FAILED),
    ('{"dst_phone":1e99999999999999999999999}', FAILED),
    ('{"dst_phone":1e-999999999}', FAILED),
    ('{"dst_phone":"3.80443334455E+11"}', FAILED),
    ('{"dst_phone":"٣٨٠٤٤٣٣٣٤٤٥٥"}', FAILED),
    ('{"dst_phone":"３８０４４３３３４４５５"}', FAILED),
    ('{"dst_phone":"0800-FLOWERS"}', FAILED),
    ('{"dst_phone":"380443334455;ext=1"}', FAILED),
    ('{"dst_phone":"380443334455 380443334456"}', FAILED),
    ('{"dst_phone":"+"}', FAILED),
    ('{"dst_phone":"++380443334455"}', FAILED),
    # Accounts and addresses.
    ('{"dst_phone":"agent7"}', "@agent7"),
    ('{"dst_phone":"101"}', "@101"),
    ('{"dst_phone":101}', "@101"),
    ('{"dst_phone":"1-01"}', "@101"),
    ('{"dst_phone":"sip:agent7@pbx.example.com"}', "@agent7"),
    ('{"dst_phone":"agent7@pbx.example.com"}', "@agent7"),
    ('{"dst_phone":"<sip:agent7@pbx.example.com>"}', "@agent7"),
    ('{"dst_phone":"sip:agent7@pbx.example.com:5080;transport=tcp"}', "@agent7"),
    ('{"dst_phone":"agent7,380441111111"}', "@agent7 380441111111"),
    ('{"dst_phone":"agent7,agent7@pbx.example.com"}', "@agent7"),
    ('{"dst_phone":"AGENT7"}', FAILED),
    ('{"dst_phone":"agent9"}', FAILED),
    ('{"dst_phone":"agent9@pbx.example.com"}', FAILED),
    ('{"dst_phone":"desk@sip.partner.example"}', "sip:desk@sip.partner.example"),
    ('{"dst_phone":"SIP:desk@SIP.Partner.example."}', "sip:desk@sip.partner.example"),
    ('{"dst_phone":"sips:desk@sip.partner.example"}', "sips:desk@sip.partner.example"),
    ('{"dst_phone":"sip:desk@192.0.2.7:5080"}', "sip:desk@192.0.2.7:5080"),
    (
        '{"dst_phone":"desk@sip.partner.example:5070;transport=TCP"}',
        "sip:desk@sip.partner.example:5070;transport=tcp",
    ),
    ('{"dst_phone":"sip:%2B380@sip.partner.example"}', "sip:%2B380@sip.partner.example"),
    ('{"dst_phone":"desk@evil.example"}', FAILED),
    ('{"dst_phone":"desk@sip.partner.example.evil.example"}', FAILED),
    ('{"dst_phone":"desk@evil.example,380441111111"}', "380441111111"),
    ('{"dst_phone":"sip:desk@sip.partner.example;maddr=evil.example"}', FAILED),
    ('{"dst_phone":"sip:desk@sip.partner.example?Replaces=1"}', FAILED),
    ('{"dst_phone":"sip:desk:pw@sip.partner.example"}', FAILED),
    ('{"dst_phone":"sip:desk@sip.partner.example@evil.example"}', FAILED),
    ('{"dst_phone":"sip:desk@sip.partner.example:0"}', FAILED),
    ('{"dst_phone":"sip:desk@sip.partner.example:99999"}', FAILED),
    ('{"dst_phone":"sip:a%0d%0ab@sip.partner.example"}', FAILED),
    ('{"dst_phone":"sip:@sip.partner.example"}', FAILED),
    ('{"dst_phone":"desk@[::1]"}', FAILED),
    ('{"dst_phone":"sip:desk@sip.partner.example\\r\\nEvil: 1"}', FAILED),
    ('{"dst_phone":"sip:desk @sip.partner.example"}', FAILED),
    # Relaxed spellings.
    ("{dst_phone:380443334455}", SEED),
    ("{dst_phone:'380443334455'}", SEED),
    ("{'dst_phone':'380443334455'}", SEED),
    ("{'dst_phone': '380443334455', 'schema': null}", SEED),
    ("{dst_phone:+380443334455}", "+380443334455"),
    ('{"dst_phone":+380443334455,}', "+380443334455"),
    ('{"dst_phone":0443334455,}', "0443334455"),
    ('{"dst_phone":"380443334455",}', SEED),
    ('{"dst_phone":["380443334455",],}', SEED),
    ("{schema:26076}", "#26076"),
    ("{schema:026076}", "#26076"),
    ('\ufeff{"dst_phone":"380443334455"}', SEED),
    ('{\u00a0"dst_phone"\u00a0:\u00a0"380443334455"\u00a0}', SEED),
    ('\r\n\t {"dst_phone":"380443334455"} \r\n', SEED),
    ('{"dst_phone":"380443334455","note":"a, {b: \'c\'}"}', SEED),
    ("{dst_phone:'380443334455',note:'don\\'t'}", SEED),
    ('{"dst\\u005fphone":"\\u0033\\u0038\\u0030443334455"}', SEED),
    ("{'dst\\u005fphone':'\\u0033\\u0038\\u0030443334455'}", SEED),
    ('{"x":{"dst_phone":"1111"},"dst_phone":"380443334455"}', SEED),
    ('{"dst_phone":"1111","dst_phone":"380443334455"}', SEED),
    ('{"dst_phone":"380443334455","name":"\\ud800"}', SEED),
    ("{dst_phone:'380443334455',$x:1,ключ:2}", SEED),
    # Nothing that can be followed.
    ("", FAILED),
    (" \r\n ", FAILED),
    ("null", FAILED),
    ("true", FAILED),
    ("{}", FAILED),
    ("[]", FAILED),
    ("[null]", FAILED),
    ("404", FAILED),
    ('"380443334455"', FAILED),
    ("380443334455", FAILED),
    ("dst_phone=380443334455", FAILED),
    ('{"dst_phone":""}', FAILED),
    ('{"dst_phone":" "}', FAILED),
    ('{"dst_phone":true}', FAILED),
    ('{"dst_phone":{}}', FAILED),
    ('{"dst_phone":{"number":"380443334455"}}', FAILED),
    ('{"dst_phone":"<b>"}', FAILED),
    ('{"Dst_Phone":"380443334455"}', FAILED),
    ('{"data":{"dst_phone":"380443334455"}}', FAILED),
    ('{"number_01":"3 801234567', FAILED),  # cut by a wrong Content-Length (S-06)
    ('{"dst_phone":"380443334455"', FAILED),
    ('{"dst_phone":"380443334455"}}', FAILED),
    ('{"dst_phone":"380443334455"};', FAILED),
    ('{"dst_phone":"380443334455"} {"schema":1}', FAILED),
    ('callback({"dst_phone":"380443334455"})', FAILED),
    ('<br />\n<b>Warning</b>: mysql {"dst_phone":"380443334455"}', FAILED),
    ("<!DOCTYPE html><html><body>380443334455</body></html>", FAILED),
    ("{dst_phone:agent7}", FAILED),
    ("{dst_phone:380443334455 schema:1}", FAILED),
    ("{dst_phone 380443334455}", FAILED),
    ("{dst_phone:}", FAILED),
    ("{:380443334455}", FAILED),
    ("{,}", FAILED),
    ("[,]", FAILED),
    ("{dst_phone:380443334455,,}", FAILED),
    ("{'dst_phone':'380443334455}", FAILED),
    ("{'dst_phone':'380443334455\n'}", FAILED),
    ("{'dst_phone':'38044\\x33334455'}", FAILED),
    ("{dst_phone:'380443334455'/*x*/}", FAILED),
    ("{dst_phone:__import__('os')}", FAILED),
    ("{dst_phone:0x17D}", FAILED),
    ("{dst_phone:NaN}", FAILED),
    ("{dst_phone:1+380443334455}", FAILED),
    ("{" * 60_000, FAILED),
    ("[" * 60_000, FAILED),
    ('{"a":' * 12_000, FAILED),
    ('{"dst_phone":"380443334455","a":' + "[" * 40 + "1" + "]" * 40 + "}", FAILED),
    ('{"dst_phone":"380443334455","a":' + "[" * 30 + "1" + "]" * 30 + "}", SEED),
    ("{dst_phone:'380443334455',a:" + "[" * 40 + "1" + "]" * 40 + "}", FAILED),
    ("{dst_phone:'380443334455',a:" + "[" * 30 + "1" + "]" * 30 + "}", SEED),
    ("{" + "a:1," * 2000 + "dst_phone:'380443334455'}", FAILED),
]

HTTP_ANSWERS = [
    ("380123456", "380123456"),
    ("380123456\n", "380123456"),
    ("  +380441112233\r\n", "+380441112233"),
    ("\ufeff380123456", "380123456"),
    ('"380123456"', "380123456"),
    ("'380123456'", "380123456"),
    ("“380123456”", "380123456"),
    ('" 380123456 "', "380123456"),
    ("101,102", "@101 102"),
    ("101, agent7 ,", "@101 @agent7"),
    ("agent7", "@agent7"),
    ("sip:desk@sip.partner.example", "sip:desk@sip.partner.example"),
    ("<sip:desk@sip.partner.example>", "sip:desk@sip.partner.example"),
    ("sip:u@h", FAILED),
    ("3 80123456789", "380123456789"),
    ("dst_phone=380443334455", SEED),
    ("status=ok&dst_phone=380443334455", SEED),
    ("dst_phone=%2B380443334455", "+380443334455"),
    ("dst_phone=101&dst_phone=102", "@101 102"),
    ("schema=26076", "#26076"),
    ("dst_phone=&schema=26076", "#26076"),
    ("dst_phone=nobody&schema=26076", "#26076"),
    ('{"dst_phone":"380443334455"}', SEED),
    ("{dst_phone:'380443334455'}", SEED),
    ('{"schema":26076}', "#26076"),
    ('["101","102"]', "@101 102"),
    ("26076", "26076"),
    ("", FAILED),
    ("  \r\n", FAILED),
    ('""', FAILED),
    ('"', FAILED),
    ("null", FAILED),
    ("true", FAILED),
    ("{}", FAILED),
    ("{", FAILED),
    ("status=ok", FAILED),
    ("=380443334455", FAILED),
    ("dst_phone", FAILED),
    ("3.80443334455E+11", FAILED),
    ("380123456\n380123457", FAILED),
    ("<!DOCTYPE html><html><body><h1>It works!</h1></body></html>", FAILED),
    ("<html><a href='?x=1&dst_phone=380443334455'>x</a></html>", FAILED),
    ('<?xml version="1.0"?><number>380443334455</number>', FAILED),
    ("Error: no such number 380443334455", FAILED),
    ("a=1&" * 500 + "dst_phone=380443334455", FAILED),
    ("desk@evil.example", FAILED),
]

RPC_ANSWERS = [
    ('{"jsonrpc":"2.0","result":{"dst_phone":"380443334455"},"id":"1"}', SEED),
    ('{"jsonrpc":"2.0","result":"380443334455","id":"1"}', SEED),
    ('{"jsonrpc":"2.0","result":380443334455,"id":"1"}', SEED),
    ('{"jsonrpc":"2.0","result":["380441111111","380441111112","380441111113"],"id":"1"}', THREE),
    ('{"jsonrpc":"2.0","result":{"schema":26076},"id":"1"}', "#26076"),
    ('{"jsonrpc":"2.0","result":{"dst_phone":"","schema":26076},"id":"1"}', "#26076"),
    ('{"jsonrpc":"2.0","result":"380443334455","id":1}', SEED),
    ('{"jsonrpc":"2.0","result":"380443334455","error":null,"id":"1"}', SEED),
    ('{"result":"380443334455","id":"1"}', SEED),
    ("{jsonrpc:'2.0',result:'380443334455',id:1}", SEED),
    ('{"jsonrpc":"2.0","result":"380443334455"}', SEED),
    ('{"jsonrpc":"2.0","result":"380443334455","id":null}', SEED),
    ('{"jsonrpc":"2.0","result":"380443334455","id":"2"}', FAILED),
    ('{"jsonrpc":"2.0","result":"380443334455","id":true}', FAILED),
    ('{"jsonrpc":"2.0","result":"380443334455","id":{}}', FAILED),
    ('{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"1"}', FAILED),
    ('{"jsonrpc":"2.0","error":{"code":-32601},"result":"380443334455","id":"1"}', FAILED),
    ('{"jsonrpc":"2.0","error":"down","id":"1"}', FAILED),
    ('{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}', FAILED),
    ('{"jsonrpc":"2.0","id":"1"}', FAILED),
    ('{"jsonrpc":"2.0","result":null,"id":"1"}', FAILED),
    ('{"jsonrpc":"2.0","result":{},"id":"1"}', FAILED),
    ('{"jsonrpc":"2.0","result":true,"id":"1"}', FAILED),
    ('{"dst_phone":"380443334455"}', FAILED),
    ('[{"jsonrpc":"2.0","result":"380443334455","id":"1"}]', FAILED),
    ("380443334455", FAILED),
    ("", FAILED),
]


def said(reading: Reading) -> str:
    """Write a decision as the tables do: `#scheme`, `@account`, numbers and addresses as they are."""
    match reading.decision:
        case Direction(targets=targets):
            return " ".join("@" * (t.kind == "account") + t.value for t in targets)
        case SchemeId(id=scheme):
            return f"#{scheme}"
        case Failure():
            return FAILED


def read(body: str | bytes, import_: Encoding = Encoding.JSON, name: str = "dst_phone") -> Reading:
    webhook = make_number(submission=import_, import_=import_, name_in_response=name)
    return read_answer(webhook, answer(body), PLAN, ask_id="1")


@pytest.mark.row("S-01", "S-02", "S-03", "S-04", "S-12", "R1-17", "R1-24", "R1-25", "R1-27")
@pytest.mark.row("R1-28", "R1-29", "R1-30", "R1-32", "R1-33", "R1-130")
@pytest.mark.row("R1-133", "R1-134", "R3-27", "A-09", "A-10", "A-11", "A-21", "A-56", "A-58")
@pytest.mark.parametrize(("body", "expected"), JSON_ANSWERS, ids=range(len(JSON_ANSWERS)))
def test_answers_of_import_type_json(body: str, expected: str) -> None:
    assert expected == said(read(body))


@pytest.mark.row("S-07", "R1-03", "R1-16", "R3-28", "A-06")
@pytest.mark.parametrize(("body", "expected"), HTTP_ANSWERS, ids=range(len(HTTP_ANSWERS)))
def test_answers_of_import_type_http(body: str, expected: str) -> None:
    assert expected == said(read(body, Encoding.HTTP))


@pytest.mark.row("S-08", "R1-18")
@pytest.mark.parametrize(("body", "expected"), RPC_ANSWERS, ids=range(len(RPC_ANSWERS)))
def test_answers_of_import_type_json_rpc(body: str, expected: str) -> None:
    assert expected == said(read(body, Encoding.JSON_RPC))


@pytest.mark.row("R1-21", "R1-34", "R1-35", "A-21", "A-57")
@pytest.mark.parametrize(
    ("import_", "body", "expected"),
    [
        (Encoding.JSON, '{"schema":26076}', "#26076"),
        (Encoding.JSON, '{"schema":380443334455}', FAILED),
        (Encoding.JSON, '{"schema":"","dst_phone":"380443334455"}', FAILED),
        (Encoding.JSON, "[26076]", FAILED),
        (Encoding.HTTP, "26076", "#26076"),
        (Encoding.HTTP, "380443334455", FAILED),
        (Encoding.JSON_RPC, '{"result":26076,"id":"1"}', "#26076"),
        (Encoding.JSON_RPC, '{"result":"26076","id":"1"}', "#26076"),
    ],
)
def test_under_the_name_schema_only_schemes_are_read(
    import_: Encoding, body: str, expected: str
) -> None:
    assert expected == said(read(body, import_, name="schema"))


@pytest.mark.row("S-06", "R1-19", "R3-10", "R3-27", "A-36")
def test_the_crms_number_is_read_without_its_blank() -> None:
    assert said(read('{"number_01":"3 80123456789"}', name="number_01")) == "380123456789"


@pytest.mark.row("S-06", "A-36")
def test_a_body_cut_by_its_content_length_fails_with_the_reason() -> None:
    reading = read('{"number_01":"3 801234567', name="number_01")

    assert isinstance(reading.decision, Failure)
    assert reading.decision.kind is FailureKind.BAD_BODY
    assert reading.decision.detail.startswith("body is not JSON")


@pytest.mark.row("S-12", "A-22")
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, SEED),
        (201, SEED),
        (202, SEED),
        (299, SEED),
        (302, FAILED),
        (304, FAILED),
        (401, FAILED),
        (404, FAILED),
        (500, FAILED),
        (103, FAILED),
    ],
)
def test_any_2xx_is_an_answer_and_nothing_else_is(status: int, expected: str) -> None:
    webhook = make_number()
    reading = read_answer(webhook, answer(f'{{"dst_phone":{SEED}}}', status), PLAN, ask_id="1")

    assert expected == said(reading)
    if expected is FAILED:
        assert isinstance(reading.decision, Failure)
        assert reading.decision.kind is FailureKind.STATUS
        assert str(status) in reading.decision.detail


@pytest.mark.row("S-12", "A-11")
def test_a_body_over_64_kib_is_not_read() -> None:
    fits = b'{"dst_phone":"380443334455"' + b" " * (65_536 - 28) + b"}"

    assert said(read(fits)) == SEED
    reading = read(fits + b" ")
    assert isinstance(reading.decision, Failure)
    assert reading.decision.kind is FailureKind.TOO_LARGE


@pytest.mark.row("S-12")
@pytest.mark.parametrize(
    "body",
    [b'{"dst_phone":"\xff380443334455"}', b"\x1f\x8b\x08\x00", b"\xff\xfe3\x008\x000\x00", b"\x00"],
)
@pytest.mark.parametrize("import_", list(Encoding))
def test_bytes_that_are_no_text_fail(body: bytes, import_: Encoding) -> None:
    reading = read(body, import_)

    assert isinstance(reading.decision, Failure)
    assert reading.decision.kind is FailureKind.BAD_BODY


@pytest.mark.row("A-06", "A-11", "S-03")
@pytest.mark.parametrize(
    ("import_", "body", "step", "notices"),
    [
        (Encoding.JSON, '{"dst_phone":"101"}', ReadingStep.STRICT_JSON, ()),
        (
            Encoding.JSON,
            "{dst_phone:'101'}",
            ReadingStep.RELAXED_JSON,
            ("the body was read as relaxed JSON",),
        ),
        (
            Encoding.JSON,
            '["101"]',
            ReadingStep.STRICT_JSON,
            ("the body is a list, read as the value of dst_phone",),
        ),
        (Encoding.HTTP, "101", ReadingStep.WHOLE_BODY, ()),
        (
            Encoding.HTTP,
            "dst_phone=101",
            ReadingStep.URLENCODED,
            ("import type is http, but the body was read as an urlencoded pair",),
        ),
        (
            Encoding.HTTP,
            '{"dst_phone":"101"}',
            ReadingStep.STRICT_JSON,
            ("import type is http, but the body was read as strict JSON",),
        ),
        (Encoding.JSON_RPC, '{"result":"101","id":"1"}', ReadingStep.JSON_RPC, ()),
        (
            Encoding.JSON_RPC,
            "{result:'101'}",
            ReadingStep.JSON_RPC,
            ("the body was read as relaxed JSON", "the JSON-RPC response has no id"),
        ),
    ],
)
def test_the_reading_says_which_step_matched_and_what_was_lenient(
    import_: Encoding, body: str, step: ReadingStep, notices: tuple[str, ...]
) -> None:
    reading = read(body, import_)

    assert said(reading) == "@101"
    assert (step, notices) == (reading.step, reading.notices)


@pytest.mark.row("S-08")
def test_a_json_rpc_error_is_shown_with_code_and_message() -> None:
    body = '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"1"}'
    reading = read(body, Encoding.JSON_RPC)

    assert isinstance(reading.decision, Failure)
    assert "-32601" in reading.decision.detail
    assert "Method not found" in reading.decision.detail


@pytest.mark.row("S-08")
def test_an_answer_to_another_call_says_so() -> None:
    reading = read('{"jsonrpc":"2.0","result":"380443334455","id":"2"}', Encoding.JSON_RPC)

    assert isinstance(reading.decision, Failure)
    assert "answer to another call" in reading.decision.detail


@pytest.mark.row("A-07")
def test_without_a_json_rpc_request_the_responses_id_says_nothing() -> None:
    webhook = make_number(submission=Encoding.HTTP, import_=Encoding.JSON_RPC)
    reading = read_answer(webhook, answer('{"result":"101","id":77}'), PLAN, ask_id="1")

    assert said(reading) == "@101"
    assert reading.notices == ()


@pytest.mark.row("A-09", "A-10")
def test_what_was_dropped_is_told_with_its_reason() -> None:
    reading = read('{"dst_phone":"desk@evil.example,agent9,380441111111"}')

    assert said(reading) == "380441111111"
    assert reading.notices == (
        "dropped 'desk@evil.example': its host is not among the project's allowed SIP hosts",
        "dropped 'agent9': it is no number and no account of this project",
    )


@pytest.mark.row("A-09")
def test_when_all_is_dropped_the_failure_says_why() -> None:
    reading = read('{"dst_phone":"agent9"}')

    assert reading.decision == Failure(
        kind=FailureKind.BAD_BODY,
        detail="the answer's member 'dst_phone' holds no direction:"
        " dropped 'agent9': it is no number and no account of this project",
    )


@pytest.mark.row("R1-115", "R1-116", "A-20")
def test_the_vendors_torn_sample_fails_without_a_fuss() -> None:
    torn = (
        '{"caller":"380441112233","custom":"http://ringostat.com/?utm_source=ringostat&utm_med...\n'
        '"roistat":"17541"\n"employee_fio":"Иван Иванов"\n"useragent":“Mozilla/5.0”,\n'
        '"project_id": “0000”,\n"add_num_id":“102"\nE164":"+380561234567"}'
    )

    assert said(read(torn)) == FAILED
    assert said(read('{"useragent":“x”,"project_id": “0000”,"dst_phone":“102"}')) == "102"


def test_the_tables_hold_strict_and_relaxed_answers_enough() -> None:
    strict = 0
    for body, _ in JSON_ANSWERS:
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            continue
        strict += 1

    assert len(JSON_ANSWERS) + len(HTTP_ANSWERS) + len(RPC_ANSWERS) >= 230
    assert strict >= 100
