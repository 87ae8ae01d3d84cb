"""What forwarding numbers are asked and answer: each case with what goes over the wire, and what rings."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from switchhook.domain.webhook import Encoding, Field, ForwardingNumber, Method, Place, Template
from tests.support.house import NEXT
from tests.webhooks.samples import VISIT

FOUND, OFFICE = "380443334455", "380440026076"
"""What answers name; what scheme 26076 rings."""
KYIV, LVIV = "380440000001", "380440000002"
CALLER = Field(name="caller", parameter="caller_id")
CALLEE = Field(name="callee", parameter="destination_id")
CITY = (
    Field(name="campaign", parameter="campaign"),
    Field(name="city", parameter="custom", argument="city"),
    Field(name="shop", parameter="constant", argument="shop-1"),
)
MANAGER = Field(name="employee_fio", parameter="custom", argument="manager")
FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One number: how it asks, what is answered, what goes over the wire, what rings."""

    rows: tuple[str, ...]
    webhook: ForwardingNumber
    answer: str = json.dumps({"dst_phone": FOUND})
    start: str
    """Method and target."""
    lines: tuple[str, ...] = ()
    """Header lines behind User-Agent; `@` is the body's length."""
    body: str = ""
    rings: str = FOUND
    insertion_type: str = ""
    visit: str = ""


def number(url: str = "/r", **settings: object) -> ForwardingNumber:
    """Make a forwarding number, with keep_alive off as in the scenarios' images."""
    made = ForwardingNumber(name="", url=url, keep_alive=False)
    return replace(made, **settings)  # type: ignore[arg-type] # settings of the table below


def rpc(answer: str, rings: str = FOUND) -> Case:
    """Make a case of S-08; `@` in the answer is the request's id."""
    return Case(
        rows=("S-08", "R1-15", "R1-18", "R1-22"),
        webhook=number(
            "/rpc",
            submission=Encoding.JSON_RPC,
            import_=Encoding.JSON_RPC,
            rpc_method="Route.find",
            fields=(CALLER, CALLEE),
        ),
        answer=answer,
        start="POST /rpc",
        lines=(JSON, "Content-Length: @"),
        body='{"jsonrpc":"2.0","method":"Route.find","params":{"caller":"@WHO@","callee":"@DID@"},"id":"@CALL@-1"}',
        rings=rings,
    )


def payload(**known: str) -> str:
    """Return the sample's 36 members, with what is known before the call (S-05, A-16)."""
    members = {
        "caller": "@WHO@",
        "callee": "@DID@",
        "date": "@DATE@",
        "type": "in",
        "callnum": "1",
        **dict.fromkeys(("source", "medium", "campaign", "term", "content"), ""),
        "record": "@CALL@",
        **dict.fromkeys(("useruuid", "userip"), ""),
        "callroute": "webhookNumber:90",
        "uniquefirst": "1",
        **dict.fromkeys(("lastpage", "landing", "replacetype", "gaid"), ""),
        "fullnum": "+@WHO@",
        "ivrnum": "",
        "callid": "@CALL@",
        **dict.fromkeys(("custom", "roistat", "employee_fio", "department"), ""),
        **dict.fromkeys(("proper_flag", "repeated_flag", "staffid"), ""),
        **dict.fromkeys(("outbound_number", "useragent"), ""),
        "project_id": "house",
        "add_num_id": "",
        "E164": "+@WHO@",
        **dict.fromkeys(("agent_id", "recording_wav"), ""),
    }
    return json.dumps(members | known, ensure_ascii=False, separators=(",", ":"))


SAMPLE = {
    "submission": Encoding.JSON,
    "template": Template.RINGOSTAT_SAMPLE,
    "ring_timeout": 90.0,
}
OF_VISIT = {
    "source": "source",
    "medium": "medium",
    "campaign": "campaign",
    "term": "keyword",
    "content": "content",
    "useruuid": "google_analytics_id",
    "userip": "visitor_ip",
    "lastpage": "last_page",
    "landing": "landing_page",
    "gaid": "google_analytics_resource_id",
    "custom": "custom",
    "roistat": "roistat_visit_id",
    "useragent": "user_agent",
}
CASES = {
    "payload of a visitor": Case(
        rows=("S-05", "R1-87", "R1-120", "R3-16", "A-05", "A-13", "A-16"),
        webhook=number("/hook", **SAMPLE),
        start="POST /hook",
        lines=(JSON, "Content-Length: @"),
        body=payload(replacetype="dynamic", **{name: VISIT[key] for name, key in OF_VISIT.items()}),
        insertion_type="dynamic",
        visit="v1",
    ),
    "payload of nobody": Case(
        rows=("S-05", "A-16"),
        webhook=number("/hook", **SAMPLE),
        start="POST /hook",
        lines=(JSON, "Content-Length: @"),
        body=payload(),
    ),
    "payload and the lengths": Case(
        rows=("S-05", "R1-45", "R1-48", "A-04"),
        webhook=number(
            "/hook",
            ring_timeout=90.0,
            fields=(
                MANAGER,
                Field(name="callroute", parameter="forward_location"),
                Field(name="full", parameter="full_length"),
                Field(name="talk", parameter="conversation"),
            ),
        ),
        start="GET /hook?employee_fio=%D0%98%D0%B2%D0%B0%D0%BD+%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2"
        "&callroute=webhookNumber%3A90&full=0&talk=0",
        visit="v1",
    ),
    "RPC names a number": rpc('{"jsonrpc":"2.0","result":{"dst_phone":"380443334455"},"id":"@"}'),
    "RPC is a number": rpc('{"jsonrpc":"2.0","result":"380443334455","id":"@"}'),
    "RPC names a scheme": rpc('{"jsonrpc":"2.0","result":{"schema":26076},"id":"@"}', OFFICE),
    "RPC error": rpc(
        '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"@"}', NEXT
    ),
    "RPC to another": rpc('{"jsonrpc":"2.0","result":"380443334455","id":"2"}', NEXT),
    "city": Case(
        rows=("S-09", "R1-37", "R1-38"),
        webhook=number("/r", fields=CITY),
        start="GET /r?campaign=webhook_number&city=%D0%9A%D0%B8%D1%97%D0%B2&shop=shop-1",
        answer="by city",
        rings=KYIV,
        visit="v1",
    ),
    "another city, own query": Case(
        rows=("S-09", "R1-37", "R1-08"),
        webhook=number("/r?key=abc", fields=CITY),
        start="GET /r?key=abc&campaign=&city=%D0%9B%D1%8C%D0%B2%D1%96%D0%B2&shop=shop-1",
        answer="by city",
        rings=LVIV,
        visit="v2",
    ),
    "PUT": Case(
        rows=("S-10", "R1-11"),
        webhook=number("/calls/{ID Call}", method=Method.PUT, fields=(CALLER,)),
        start="PUT /calls/@CALL@",
        lines=(FORM, "Content-Length: @"),
        body="caller=@WHO@",
    ),
    "DELETE": Case(
        rows=("S-10", "R1-12"),
        webhook=number("/calls/{ID Call}", method=Method.DELETE, fields=(CALLER,)),
        start="DELETE /calls/@CALL@?caller=@WHO@",
    ),
    "headers": Case(
        rows=("S-11", "R1-02", "R3-02", "A-01"),
        webhook=number("/r", place=Place.HEADERS, fields=(CALLER, MANAGER)),
        start="GET /r",
        lines=(
            "caller: @WHO@",
            "employee_fio: %D0%98%D0%B2%D0%B0%D0%BD%20%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2",
        ),
        visit="v1",
    ),
    "headers with line breaks": Case(
        rows=("S-11", "S-73"),
        webhook=number(
            "/r", place=Place.HEADERS, fields=(Field(name="page", parameter="last_page"),)
        ),
        start="GET /r",
        lines=("page: a%0D%0AX-Evil%3A%201",),
        visit="v2",
    ),
}
NUMBERS = {name: f"38048000{place:04}" for place, name in enumerate(CASES)}
VISITS = {
    "v1": {key: VISIT[key] for key in OF_VISIT.values()}
    | {"custom:city": "Київ", "custom:manager": "Иван Иванов"},
    "v2": {"custom:city": "Львів", "last_page": "a\r\nX-Evil: 1"},
}
