"""An ask goes out in exactly the bytes that receivers of forwarding numbers were written against."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from switchhook.domain.value_form import SentType, Special, ValueForm
from switchhook.domain.webhook import (
    Encoding,
    Field,
    ForwardingNumber,
    Method,
    Place,
    Template,
)
from switchhook.projectfile.schema.webhook import FORWARDING_NUMBER
from switchhook.webhooks.dialects.forwarding_number import effective_method
from switchhook.webhooks.payload_template import RINGOSTAT_SAMPLE
from switchhook.webhooks.request import render_ask
from tests.webhooks.samples import UA, VISIT, field, image, make_facts, make_number, written

if TYPE_CHECKING:
    from typing import Any

    from switchhook.webhooks.parameters import CallFacts

INSERTION = (field("insertionType", "insertion_type"),)


def ask(webhook: ForwardingNumber, facts: CallFacts | None = None, ask_id: str = "1") -> bytes:
    return image(render_ask(webhook, facts or make_facts(), ask_id=ask_id, product=UA))


@pytest.mark.row("S-01", "R1-07", "R1-09", "R1-13", "R1-39", "R1-71", "R1-131", "R1-132")
def test_the_seeds_php_handler_is_asked_by_a_bare_get() -> None:
    expected = written("""
        GET /route.php?insertionType=dynamic HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        Connection: close
    """)

    assert expected == ask(make_number(fields=INSERTION))


@pytest.mark.row("S-02", "R1-71", "R1-135", "A-17")
@pytest.mark.parametrize(
    ("callee", "value"),
    [
        ("380442223355", b"static"),
        ("380442223366", b"callback"),
        ("380442223377", b""),
        ("+380442223344", b"dynamic"),
        ("380000000000", b""),
    ],
)
def test_the_insertion_type_is_that_of_the_dialled_number(callee: str, value: bytes) -> None:
    first_line = ask(make_number(fields=INSERTION), make_facts(callee=callee)).split(b"\r\n")[0]

    assert b"GET /route.php?insertionType=" + value + b" HTTP/1.1" == first_line


@pytest.mark.row("S-05", "R1-14", "R1-120", "R3-03", "R3-16", "A-05", "A-13", "A-20")
def test_the_full_sample_is_posted_as_strict_json_whatever_method_was_chosen() -> None:
    # E164 and fullnum are one parameter, the caller's number; the sample's other number under E164 is
    # an illustration of as many digits.
    body = (
        '{"caller":"380441112233","callee":"380442223344","date":"2018-08-13 11:11:11","type":"in",'
        '"callnum":"1","source":"ringostat","medium":"support","campaign":"webhook_number",'
        '"term":"test","content":"simple_webhook_number_test","record":"3333333333.3333333",'
        '"useruuid":"1479099944.1534841744","userip":"10.10.10.10","callroute":"webhookNumber:90",'
        '"uniquefirst":"1","lastpage":"ringostat.com/?utm_source=ringostat&utm_medium=support'
        '&utm_campaign=hook_number&utm_term=test","landing":"ringostat.com/?utm_source=ringostat'
        '&utm_medium=support&utm_campaign=hook_number&utm_term=test","replacetype":"dynamic",'
        '"gaid":"UA-11111111-1","fullnum":"+380441112233","ivrnum":"3",'
        '"callid":"3333333333.3333333","custom":"http://ringostat.com/?utm_source=ringostat'
        '&utm_medium=support&utm_campaign=hook_number&utm_term=test","roistat":"17541",'
        '"employee_fio":"Иван Иванов","department":"Отдел продаж","proper_flag":"1",'
        '"repeated_flag":"0","staffid":"1111","outbound_number":"380671234567",'
        '"useragent":"Mozilla/5.0 (Linux; Android 8.0.0; LND-L29 Build/HONORLND-L29; wv)'
        " AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.45 Mobile"
        ' Safari/537.36","project_id":"0000","add_num_id":"102","E164":"+380441112233",'
        '"agent_id":"1111","recording_wav":"https://app.ringostat.com/recordings/'
        'ua8_-11111111111.1111111.wav?token=462908f128343fc23862397ddd638953"}'
    )
    expected = written(
        """
        POST /hook HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        Content-Type: application/json
        Content-Length: 1363
        Connection: close
        """,
        body,
    )
    webhook = make_number(
        url="http://target/hook",
        method=Method.GET,
        submission=Encoding.JSON,
        fields=RINGOSTAT_SAMPLE,
    )

    assert expected == ask(webhook, make_facts(extra=VISIT))
    assert [f.name for f in RINGOSTAT_SAMPLE] == list(json.loads(body))


URL = (
    "ringostat.com/?utm_source=ringostat&utm_medium=support&utm_campaign=hook_number&utm_term=test"
)
SAMPLE = {
    "R1-87": {"caller": "380441112233"},
    "R1-88": {"callee": "380442223344"},
    "R1-89": {"date": "2018-08-13 11:11:11"},
    "R1-90": {"type": "in"},
    "R1-91": {"callnum": "1"},
    "R1-92": {"source": "ringostat"},
    "R1-93": {"medium": "support"},
    "R1-94": {"campaign": "webhook_number"},
    "R1-95": {"term": "test"},
    "R1-96": {"content": "simple_webhook_number_test"},
    "R1-97": {"record": "3333333333.3333333"},
    "R1-98": {"useruuid": "1479099944.1534841744"},
    "R1-99": {"userip": "10.10.10.10"},
    "R1-100": {"callroute": "webhookNumber:90"},
    "R1-101": {"uniquefirst": "1"},
    "R1-102": {"lastpage": URL},
    "R1-103": {"landing": URL},
    "R1-104": {"replacetype": "dynamic"},
    "R1-105": {"gaid": "UA-11111111-1"},
    "R1-106": {"fullnum": "+380441112233"},
    "R1-107": {"ivrnum": "3"},
    "R1-108": {"callid": "3333333333.3333333"},
    "R1-109": {"custom": f"http://{URL}", "roistat": "17541"},
    "R1-110": {"employee_fio": "Иван Иванов"},
    "R1-111": {"department": "Отдел продаж"},
    "R1-112": {"proper_flag": "1", "repeated_flag": "0"},
    "R1-113": {"staffid": "1111", "agent_id": "1111"},
    "R1-114": {"outbound_number": "380671234567"},
    "R1-115": {"useragent": VISIT["user_agent"]},
    "R1-116": {"project_id": "0000"},
    "R1-117": {"add_num_id": "102"},
    "R1-118": {"E164": "+380441112233"},
    "R1-119": {"recording_wav": VISIT["recording_wav_link"]},
}
"""What each row says of the sample payload."""


@pytest.mark.parametrize(
    "members",
    [pytest.param(members, id=row, marks=pytest.mark.row(row)) for row, members in SAMPLE.items()],
)
def test_each_member_of_the_sample_is_a_text_and_says_what_its_row_says(
    members: dict[str, str],
) -> None:
    webhook = make_number(submission=Encoding.JSON, fields=RINGOSTAT_SAMPLE)
    request = render_ask(webhook, make_facts(extra=VISIT), ask_id="1", product=UA)
    sent = json.loads(request.body)

    assert members == {name: sent[name] for name in members}


def test_the_rows_of_the_sample_hold_all_its_members() -> None:
    named = [name for members in SAMPLE.values() for name in members]

    assert sorted(named) == sorted(f.name for f in RINGOSTAT_SAMPLE)
    assert len(named) == 36


@pytest.mark.row("S-05", "A-16")
def test_without_tracking_data_every_member_is_there_and_what_is_unknown_is_empty() -> None:
    webhook = make_number(
        submission=Encoding.JSON,
        fields=(
            *RINGOSTAT_SAMPLE,
            field("length", "full_length"),
            field("talk", "conversation"),
        ),
    )
    request = render_ask(webhook, make_facts(), ask_id="1", product=UA)
    sent = json.loads(request.body)

    known = {name: value for name, value in sent.items() if value}
    assert len(sent) == 38
    assert known == {
        "caller": "380441112233",
        "callee": "380442223344",
        "date": "2018-08-13 11:11:11",
        "type": "in",
        "record": "3333333333.3333333",
        "callroute": "webhookNumber:90",
        "replacetype": "dynamic",
        "fullnum": "+380441112233",
        "callid": "3333333333.3333333",
        "project_id": "0000",
        "E164": "+380441112233",
        "length": "0",
        "talk": "0",
    }


@pytest.mark.row("S-05", "A-04", "R1-10", "R1-13")
def test_the_full_sample_as_a_form_decodes_to_the_same_values() -> None:
    webhook = make_number(method=Method.POST, fields=RINGOSTAT_SAMPLE)
    facts = make_facts(extra=VISIT)
    form = render_ask(webhook, facts, ask_id="1", product=UA)
    as_json = render_ask(
        make_number(submission=Encoding.JSON, fields=RINGOSTAT_SAMPLE),
        facts,
        ask_id="1",
        product=UA,
    )

    assert ("Content-Type", "application/x-www-form-urlencoded") in form.headers
    assert (
        b"employee_fio=%D0%98%D0%B2%D0%B0%D0%BD+%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2" in form.body
    )
    assert b"callroute=webhookNumber%3A90" in form.body
    assert b"date=2018-08-13+11%3A11%3A11" in form.body
    assert list(json.loads(as_json.body).items()) == parse_qsl(
        form.body.decode(), keep_blank_values=True, strict_parsing=True
    )


@pytest.mark.row("S-06", "R3-19", "R3-20", "R3-21", "R3-22", "R3-23", "R3-24", "R3-25", "A-35")
def test_crm_routing_has_the_seeds_byte_image() -> None:
    expected = written(
        """
        POST /api/addnumber/ HTTP/1.1
        Host: api.asterisk
        Origin: api.asterisk
        User-Agent: ringostat HTTP Client v1.1
        Content-Type: application/json
        Content-Length: 67
        Connection: close
        """,
        '{"call_id":"3333333333.3333333","step_forward":"webhookNumber:120"}',
    )
    webhook = make_number(
        url="http://api.asterisk/api/addnumber/",
        method=Method.POST,
        submission=Encoding.JSON,
        ring_timeout=120.0,
        user_agent="ringostat HTTP Client v1.1",
        fields=(field("call_id", "call_id"), field("step_forward", "forward_location")),
    )

    assert expected == ask(webhook)


@pytest.mark.row("S-06", "R3-25", "A-34")
def test_kept_connections_and_switched_off_origins_have_no_line() -> None:
    expected = written("""
        GET /route.php HTTP/1.1
        Host: target
        User-Agent: UA
    """)

    assert expected == ask(make_number(keep_alive=True, send_origin=False))


@pytest.mark.row("S-07", "R3-13")
def test_a_call_id_is_asked_about_by_query() -> None:
    webhook = make_number(
        url="http://target/addnumber", import_=Encoding.HTTP, fields=(field("call_id", "call_id"),)
    )

    assert ask(webhook).startswith(b"GET /addnumber?call_id=3333333333.3333333 HTTP/1.1\r\n")


@pytest.mark.row("S-08", "R1-15", "R1-22")
def test_json_rpc_wraps_the_parameters() -> None:
    expected = written(
        """
        POST /rpc HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        Content-Type: application/json
        Content-Length: 107
        Connection: close
        """,
        '{"jsonrpc":"2.0","method":"Route.find",'
        '"params":{"caller":"380441112233","callee":"380442223344"},"id":"1"}',
    )
    webhook = make_number(
        url="http://target/rpc",
        submission=Encoding.JSON_RPC,
        import_=Encoding.JSON_RPC,
        rpc_method="Route.find",
        fields=(field("caller", "caller_id"), field("callee", "destination_id")),
    )

    assert expected == ask(webhook)


@pytest.mark.row("S-09", "R1-37", "R1-38", "R1-82", "R1-85")
@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://target/r", b"/r?"),
        ("http://target/r?key=abc", b"/r?key=abc&"),
    ],
)
def test_own_query_custom_parameter_and_constant(url: str, target: bytes) -> None:
    webhook = make_number(
        url=url,
        fields=(
            field("campaign", "campaign"),
            field("city", "custom", "city"),
            field("shop", "constant", "shop-1"),
        ),
    )
    parameters = b"campaign=webhook_number&city=%D0%9A%D0%B8%D1%97%D0%B2&shop=shop-1"

    first_line = ask(webhook, make_facts(extra=VISIT)).split(b"\r\n")[0]

    assert b"GET " + target + parameters + b" HTTP/1.1" == first_line


@pytest.mark.row("S-10", "R1-11")
def test_put_names_the_resource_and_sends_a_form() -> None:
    expected = written(
        """
        PUT /calls/3333333333.3333333 HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        Content-Type: application/x-www-form-urlencoded
        Content-Length: 19
        Connection: close
        """,
        "caller=380441112233",
    )
    webhook = make_number(
        url="http://target/calls/{ID Call}",
        method=Method.PUT,
        fields=(field("caller", "caller_id"),),
    )

    assert expected == ask(webhook)


@pytest.mark.row("S-10", "R1-12", "A-03")
def test_delete_names_the_resource_and_has_no_body() -> None:
    expected = written("""
        DELETE /calls/3333333333.3333333?caller=380441112233 HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        Connection: close
    """)
    webhook = make_number(
        url="http://target/calls/{call_id}",
        method=Method.DELETE,
        fields=(field("caller", "caller_id"),),
    )

    assert expected == ask(webhook)


HEADER_FIELDS = (field("caller", "caller_id"), field("employee_fio", "responsible_manager"))


@pytest.mark.row("S-11", "R1-02", "R3-02", "A-01")
def test_parameters_travel_as_header_lines() -> None:
    expected = written("""
        GET /r HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        caller: 380441112233
        employee_fio: %D0%98%D0%B2%D0%B0%D0%BD%20%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2
        Connection: close
    """)
    webhook = make_number(url="http://target/r", place=Place.HEADERS, fields=HEADER_FIELDS)

    assert expected == ask(webhook, make_facts(extra=VISIT))


@pytest.mark.row("S-11", "A-01")
@pytest.mark.parametrize("method", [Method.POST, Method.PUT, Method.DELETE])
def test_header_parameters_leave_an_empty_body(method: Method) -> None:
    webhook = make_number(
        url="http://target/r", method=method, place=Place.HEADERS, fields=HEADER_FIELDS
    )
    expected = written(f"""
        {method} /r HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        Content-Length: 0
        caller: 380441112233
        employee_fio: %D0%98%D0%B2%D0%B0%D0%BD%20%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2
        Connection: close
    """)

    assert expected == ask(webhook, make_facts(extra=VISIT))


@pytest.mark.row("S-11", "S-73")
def test_a_header_value_with_line_breaks_arrives_percent_encoded() -> None:
    webhook = make_number(place=Place.HEADERS, fields=(field("name", "custom", "name"),))
    facts = make_facts(extra={"custom:name": "a\r\nEvil: 1"})

    assert b"\r\nname: a%0D%0AEvil%3A%201\r\n" in ask(webhook, facts)


@pytest.mark.row("S-11", "S-73")
@pytest.mark.parametrize("name", ["bad name", "Host", "content-length", "a:b", "", "Origin"])
def test_a_name_that_is_no_free_header_is_never_sent_as_one(name: str) -> None:
    webhook = make_number(place=Place.HEADERS, fields=(field(name, "caller_id"),))

    assert ask(make_number()) == ask(webhook)


@pytest.mark.row("A-01", "A-04")
@pytest.mark.parametrize(
    ("method", "place", "first_line", "length"),
    [
        (Method.GET, Place.QUERY, b"GET /r?caller=380441112233 HTTP/1.1", None),
        (Method.POST, Place.QUERY, b"POST /r?caller=380441112233 HTTP/1.1", b"0"),
        (Method.PUT, Place.QUERY, b"PUT /r?caller=380441112233 HTTP/1.1", b"0"),
        (Method.DELETE, Place.QUERY, b"DELETE /r?caller=380441112233 HTTP/1.1", None),
        (Method.GET, Place.BODY, b"GET /r HTTP/1.1", b"19"),
        (Method.POST, Place.BODY, b"POST /r HTTP/1.1", b"19"),
        (Method.DELETE, Place.BODY, b"DELETE /r HTTP/1.1", b"19"),
    ],
)
def test_a_chosen_place_wins_over_the_methods_own(
    method: Method, place: Place, first_line: bytes, length: bytes | None
) -> None:
    webhook = make_number(
        url="http://target/r", method=method, place=place, fields=(field("caller", "caller_id"),)
    )
    sent = ask(webhook)

    assert first_line == sent.split(b"\r\n")[0]
    if length is None:
        assert b"Content-Length" not in sent
    else:
        assert b"\r\nContent-Length: " + length + b"\r\n" in sent


@pytest.mark.row("R3-07", "R3-13", "R3-14", "R3-15", "R3-16", "A-05")
@pytest.mark.parametrize(
    ("submission", "forced", "methods"),
    [
        (Encoding.HTTP, True, ["GET", "POST", "PUT", "DELETE"]),
        (Encoding.HTTP, False, ["GET", "POST", "PUT", "DELETE"]),
        (Encoding.JSON, True, ["POST", "POST", "POST", "POST"]),
        (Encoding.JSON, False, ["POST", "POST", "PUT", "DELETE"]),
        (Encoding.JSON_RPC, True, ["POST", "POST", "POST", "POST"]),
        (Encoding.JSON_RPC, False, ["POST", "POST", "POST", "POST"]),
    ],
)
def test_json_is_posted_unless_told_otherwise(
    submission: Encoding, *, forced: bool, methods: list[str]
) -> None:
    effective = [
        effective_method(
            make_number(method=method, submission=submission, force_post_for_json=forced)
        ).value
        for method in (Method.GET, Method.POST, Method.PUT, Method.DELETE)
    ]

    assert methods == effective


@pytest.mark.row("R1-61", "R1-126", "A-08")
def test_the_forward_location_tells_the_ring_timeout() -> None:
    webhook = make_number(
        ring_timeout=7.0, response_timeout=2.0, fields=(field("at", "forward_location"),)
    )

    assert b"?at=webhookNumber%3A7 " in ask(webhook)


@pytest.mark.row("R1-37")
def test_zero_parameters_are_legal() -> None:
    assert ask(make_number()).startswith(b"GET /route.php HTTP/1.1\r\n")


@pytest.mark.row("S-05", "R1-120", "A-13")
def test_the_sample_is_a_template_and_own_fields_come_behind_it() -> None:
    filled = make_number(
        submission=Encoding.JSON, template=Template.RINGOSTAT_SAMPLE, fields=INSERTION
    )
    listed = make_number(submission=Encoding.JSON, fields=(*RINGOSTAT_SAMPLE, *INSERTION))
    facts = make_facts(extra=VISIT)

    assert ask(filled, facts) == ask(listed, facts)
    assert len(json.loads(ask(filled, facts).partition(b"\r\n\r\n")[2])) == 37


@pytest.mark.row("R1-51", "R1-52", "A-16")
def test_flags_that_nobody_knows_yet_are_empty_or_zero() -> None:
    fields = (field("p", "proper"), field("r", "repeated"), field("m", "manager_id"))

    assert b"?p=&r=&m= " in ask(make_number(fields=fields))
    assert b"?p=0&r=0&m= " in ask(make_number(fields=fields, empty_flags_as_zero=True))
    known = make_facts(extra={"repeated": "1"})
    assert b"?p=0&r=1&m= " in ask(make_number(fields=fields, empty_flags_as_zero=True), known)


@pytest.mark.row("S-05", "A-20")
def test_json_may_be_ascii_alone() -> None:
    fields = (field("fio", "constant", 'И "quoted" 😀'),)
    plain = ask(make_number(submission=Encoding.JSON, fields=fields))
    escaped = ask(make_number(submission=Encoding.JSON, fields=fields, escape_json=True))
    body = escaped.partition(b"\r\n\r\n")[2]

    assert body == b'{"fio":"\\u0418 \\"quoted\\" \\ud83d\\ude00"}'
    assert json.loads(body) == json.loads(plain.partition(b"\r\n\r\n")[2])
    assert f"Content-Length: {len(body)}\r\n".encode() in escaped


@pytest.mark.row("A-35")
@pytest.mark.parametrize("submission", [Encoding.JSON, Encoding.JSON_RPC])
def test_values_inside_json_may_be_urlencoded(submission: Encoding) -> None:
    webhook = make_number(
        submission=submission,
        rpc_method="Route.find",
        fields=(field("step", "forward_location"), field("fio", "constant", "Иван & Co")),
        urlencode_values=True,
    )
    values = b'{"step":"webhookNumber%3A90","fio":"%D0%98%D0%B2%D0%B0%D0%BD+%26+Co"}'

    assert values in ask(webhook)
    assert b'"method":"Route.find"' in ask(webhook) or submission is Encoding.JSON


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"headers": (("Auth-Key", "k1"),)}, "Auth-Key: k1"),
    ],
)
def test_a_secret_travels_in_a_header(changes: dict[str, Any], line: str) -> None:
    expected = written(f"""
        GET /route.php HTTP/1.1
        Host: target
        Origin: target
        User-Agent: UA
        {line}
        Connection: close
    """)

    assert expected == ask(make_number(**changes))


def test_no_value_shows_a_secret() -> None:
    shown = repr(make_number(token="t0ken", password="pa55", headers=(("Auth-Key", "k1"),)))

    assert not [secret for secret in ("t0ken", "pa55", "k1") if secret in shown]


def test_another_url_is_told_why_it_is_asked() -> None:
    request = render_ask(
        make_number(url="http://target/r?a=1", fields=INSERTION),
        make_facts(),
        ask_id="1",
        product=UA,
        url="http://backup/r?b=2#tt=900",
        error_parameters=(("error_code", "503"), ("error_url", "http://target/r")),
    )

    assert request.url == (
        "http://backup/r?b=2&insertionType=dynamic&error_code=503&error_url=http%3A%2F%2Ftarget%2Fr"
    )
    assert dict(request.headers)["Host"] == "backup"


@pytest.mark.row("R1-20", "R1-26", "R1-37")
def test_a_new_number_asks_by_get_submits_http_and_reads_json() -> None:
    new = ForwardingNumber(name="crm", url="http://target/")

    assert (new.method, new.submission, new.import_) == (Method.GET, Encoding.HTTP, Encoding.JSON)
    assert (new.name_in_response, new.fields) == ("dst_phone", ())
    suggested = next(key for key in FORWARDING_NUMBER.keys if key.name == "name_in_response").help
    assert "dst_phone" in suggested
    assert "dst_callee" in suggested


@pytest.mark.row("R1-02", "R3-04", "R3-08")
@pytest.mark.parametrize(
    ("changes", "head", "body"),
    [
        ({}, b"GET /route.php?who=380441112233 HTTP/1.1", b""),
        ({"place": Place.HEADERS}, b"GET /route.php HTTP/1.1", b""),
        (
            {"submission": Encoding.JSON},
            b"POST /route.php HTTP/1.1",
            b'{"who":"380441112233"}',
        ),
        (
            {"submission": Encoding.JSON_RPC, "rpc_method": "find"},
            b"POST /route.php HTTP/1.1",
            b'{"jsonrpc":"2.0","method":"find","params":{"who":"380441112233"},"id":"1"}',
        ),
    ],
)
def test_parameters_travel_in_each_of_the_ways(
    changes: dict[str, Any], head: bytes, body: bytes
) -> None:
    sent = ask(make_number(fields=(field("who", "caller_id"),), **changes))
    lines, _, sent_body = sent.partition(b"\r\n\r\n")

    assert (head, body) == (lines.split(b"\r\n")[0], sent_body)
    assert (b"\r\nwho: 380441112233" in lines) == ("place" in changes)


FORMED = (
    Field(
        name="X-Count",
        parameter="call_count",
        form=ValueForm(type=SentType.NUMBER, unknown=0),
    ),
    Field(name="X-From", parameter="caller_id", form=ValueForm(withheld="anonymous")),
    Field(name="X-City", parameter="custom", argument="city", form=ValueForm(unknown=Special.OMIT)),
    Field(name="X-Page", parameter="last_page", form=ValueForm(unknown=Special.NULL)),
)
"""Values in forms."""


@pytest.mark.row("A-01", "A-45")
@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({"submission": Encoding.JSON}, b'{"X-Count":0,"X-From":"anonymous","X-Page":null}'),
        (
            {"submission": Encoding.JSON_RPC, "rpc_method": "m"},
            b'"params":{"X-Count":0,"X-From":"anonymous","X-Page":null}',
        ),
        ({}, b"?X-Count=0&X-From=anonymous&X-Page= HTTP/1.1"),
        ({"method": Method.POST}, b"\r\n\r\nX-Count=0&X-From=anonymous&X-Page="),
        (
            {"place": Place.HEADERS},
            b"\r\nX-Count: 0\r\nX-From: anonymous\r\nX-Page: \r\nConnection: close",
        ),
    ],
)
def test_a_value_has_its_form_wherever_it_travels(changes: dict[str, Any], sent: bytes) -> None:
    assert sent in ask(make_number(fields=FORMED, **changes), make_facts(caller=""))
    known = ask(make_number(fields=FORMED, **changes), make_facts(extra=VISIT))
    assert b"380441112233" in known
    assert b"X-City" in known
