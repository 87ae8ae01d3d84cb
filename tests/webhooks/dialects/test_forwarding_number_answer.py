"""An answer that cannot be followed says why, and what was read leniently is told; see also `tests/webhooks/corpus`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.webhook import Encoding
from switchhook.webhooks.answer import ReadAs, read_answer
from tests.webhooks.corpus import meaning_of
from tests.webhooks.samples import PLAN, answer, make_number

if TYPE_CHECKING:
    from switchhook.webhooks.answer import ForwardingNumberReading

SEED = "380443334455"
BAD_BODY, STATUS = "bad_body", "status"


def read(
    body: str | bytes, import_: Encoding = Encoding.JSON, name: str = "dst_phone"
) -> ForwardingNumberReading:
    webhook = make_number(submission=import_, import_=import_, name_in_response=name)
    return read_answer(webhook, answer(body), PLAN, ask_id="1")


@pytest.mark.row("S-06", "R1-19", "R3-10", "R3-27", "A-36")
def test_the_crms_number_is_read_without_its_blank() -> None:
    assert meaning_of(read('{"number_01":"3 80123456789"}', name="number_01")) == "380123456789"


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
        (302, STATUS),
        (304, STATUS),
        (401, STATUS),
        (404, STATUS),
        (500, STATUS),
        (103, STATUS),
    ],
)
def test_any_2xx_is_an_answer_and_nothing_else_is(status: int, expected: str) -> None:
    webhook = make_number()
    reading = read_answer(webhook, answer(f'{{"dst_phone":{SEED}}}', status), PLAN, ask_id="1")

    assert expected == meaning_of(reading)
    if expected is STATUS:
        assert isinstance(reading.decision, Failure)
        assert reading.decision.kind is FailureKind.STATUS
        assert str(status) in reading.decision.detail


@pytest.mark.row("S-12", "A-11")
def test_a_body_over_64_kib_is_not_read() -> None:
    fits = b'{"dst_phone":"380443334455"' + b" " * (65_536 - 28) + b"}"

    assert meaning_of(read(fits)) == SEED
    reading = read(fits + b" ")
    assert isinstance(reading.decision, Failure)
    assert reading.decision.kind is FailureKind.TOO_LARGE


@pytest.mark.row("S-12")
@pytest.mark.parametrize(
    "body",
    [b'{"dst_phone":"\xff380443334455"}', b"\x1f\x8b\x08\x00", b"\xff\xfe3\x00\x00\xd8", b"\x00"],
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
        (Encoding.JSON, '{"dst_phone":"101"}', ReadAs.STRICT_JSON, ()),
        (
            Encoding.JSON,
            "{dst_phone:'101'}",
            ReadAs.RELAXED_JSON,
            ("the body was read as relaxed JSON",),
        ),
        (
            Encoding.JSON,
            '["101"]',
            ReadAs.STRICT_JSON,
            ("the body is a list, read as the value of dst_phone",),
        ),
        (Encoding.HTTP, "101", ReadAs.WHOLE_BODY, ()),
        (
            Encoding.HTTP,
            "dst_phone=101",
            ReadAs.URLENCODED,
            ("import type is http, but the body was read as an urlencoded pair",),
        ),
        (
            Encoding.HTTP,
            '{"dst_phone":"101"}',
            ReadAs.STRICT_JSON,
            ("import type is http, but the body was read as strict JSON",),
        ),
        (
            Encoding.HTTP,
            "{dst_phone:'101'}",
            ReadAs.RELAXED_JSON,
            (
                "the body was read as relaxed JSON",
                "import type is http, but the body was read as relaxed JSON",
            ),
        ),
        (Encoding.JSON_RPC, '{"result":"101","id":"1"}', ReadAs.JSON_RPC, ()),
        (
            Encoding.JSON_RPC,
            "{result:'101'}",
            ReadAs.JSON_RPC,
            ("the body was read as relaxed JSON", "the JSON-RPC response has no id"),
        ),
    ],
)
def test_the_reading_says_which_step_matched_and_what_was_lenient(
    import_: Encoding, body: str, step: ReadAs, notices: tuple[str, ...]
) -> None:
    reading = read(body, import_)

    assert meaning_of(reading) == "@101"
    assert (step, notices) == (reading.read_as, reading.notices)


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
    for body in ('{"result":"101","id":77}', '{"result":"101"}'):
        reading = read_answer(webhook, answer(body), PLAN, ask_id="1")

        assert meaning_of(reading) == "@101"
        assert reading.notices == ()


@pytest.mark.row("A-09", "A-10")
def test_what_was_dropped_is_told_with_its_reason() -> None:
    reading = read('{"dst_phone":"desk@evil.example,agent9,380441111111"}')

    assert meaning_of(reading) == "380441111111"
    assert reading.notices == (
        "dropped 'desk@evil.example': its host is not among the project's allowed SIP hosts",
        "dropped 'agent9': it is no number, account or group of this project",
    )


@pytest.mark.row("A-09")
def test_when_all_is_dropped_the_failure_says_why() -> None:
    reading = read('{"dst_phone":"agent9"}')

    assert reading.decision == Failure(
        kind=FailureKind.BAD_BODY,
        detail="the answer's member 'dst_phone' holds no direction:"
        " dropped 'agent9': it is no number, account or group of this project",
    )


@pytest.mark.row("R1-115", "R1-116", "A-20")
def test_the_vendors_torn_sample_fails_without_a_fuss() -> None:
    torn = (
        '{"caller":"380441112233","custom":"http://ringostat.com/?utm_source=ringostat&utm_med...\n'
        '"roistat":"17541"\n"employee_fio":"Иван Иванов"\n"useragent":“Mozilla/5.0”,\n'
        '"project_id": “0000”,\n"add_num_id":“102"\nE164":"+380561234567"}'
    )

    assert meaning_of(read(torn)) == BAD_BODY
    assert meaning_of(read('{"useragent":“x”,"project_id": “0000”,"dst_phone":“102"}')) == "102"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", "; it is empty"),
        ('{"DST_PHONE":"s3cret"}', "; it has 'DST_PHONE'"),
        ('{"a\\nb":1,"%s":2}' % ("x" * 99), f"; it has 'a\\nb', '{'x' * 40}'…"),
        (
            '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}',
            "; it has 'a', 'b', 'c', 'd', 'e' and 2 more",
        ),
    ],
)
def test_where_the_direction_is_missing_the_members_that_came_are_named(
    body: str, said: str
) -> None:
    failure = read(body).failure
    assert failure is not None
    assert failure.detail == f"the answer has no member 'dst_phone'{said}"


@pytest.mark.parametrize(
    ("import_", "body", "name"),
    [
        (Encoding.JSON, '{"dst_phone":"101","name":"Anna & Co"}', "Anna & Co"),
        (Encoding.JSON, "{ dst_phone: '101', name: 'Олена' }", "Олена"),
        (Encoding.JSON, '{"schema":1,"name":"Anna"}', "Anna"),
        (Encoding.JSON, '{"dst_phone":"101","name":42}', "42"),
        (Encoding.JSON, '{"dst_phone":"101"}', ""),
        (Encoding.JSON, '{"dst_phone":"101","name":null}', ""),
        (Encoding.JSON, '{"dst_phone":"101","callername":"Anna"}', ""),
        (
            Encoding.JSON_RPC,
            '{"jsonrpc":"2.0","id":"1","result":{"dst_phone":"101","name":"A"}}',
            "A",
        ),
        (Encoding.HTTP, "dst_phone=101&name=Anna+%26+Co", "Anna & Co"),
        (Encoding.HTTP, "101", ""),
        (Encoding.JSON, '{"dst_phone":"101","name":"A\\r\\nX-Evil: 1"}', "A X-Evil: 1"),
        (Encoding.JSON, f'{{"dst_phone":"101","name":"{"x" * 500}"}}', "x" * 128),
    ],
)
def test_the_callers_name_is_one_line_from_the_configured_member(
    import_: Encoding, body: str, name: str
) -> None:
    webhook = make_number(submission=import_, import_=import_, caller_name_in_response="name")
    reading = read_answer(webhook, answer(body), PLAN, ask_id="1")
    assert reading.failure is None
    assert reading.caller_name == name
    assert ("the caller name was cut to 128 characters" in reading.notices) is (len(name) == 128)
    assert read(body, import_).caller_name == ""


def test_what_is_no_name_is_left_out_with_a_notice() -> None:
    webhook = make_number(caller_name_in_response="name")
    for value, what in (("{}", "an object"), ("[1]", "an array"), ("true", "true")):
        body = f'{{"dst_phone":"101","name":{value}}}'
        reading = read_answer(webhook, answer(body), PLAN, ask_id="1")
        assert (reading.caller_name, reading.failure) == ("", None)
        assert reading.notices == (f"the answer's member 'name' is no name: it is {what}",)
