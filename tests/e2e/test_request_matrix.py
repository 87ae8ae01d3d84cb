"""Every method goes with every way of sending, as the matrix of requests says, from project file to wire (1.7)."""

from __future__ import annotations

import pytest

from tests.e2e.test_asked_bytes import NUMBER, House, answering, run
from tests.support.wire import Endpoint

WHO = '{ name = "caller", value = "caller_id" }'
CITY = '{ name = "x y", value = "constant:Київ & Co" }'
QUERY = "caller=380441112233&x+y=%D0%9A%D0%B8%D1%97%D0%B2+%26+Co"
JSON = '{"caller":"380441112233","x y":"Київ & Co"}'
RPC = f'{{"jsonrpc":"2.0","method":"find","params":{JSON},"id":"3333333333.3333333-1"}}'
FORM = "Content-Type: application/x-www-form-urlencoded"
AS_JSON = "Content-Type: application/json"
HTTP = f"parameters = [{WHO}, {CITY}]"
IN_JSON = f'submission = "json"\n{HTTP}'
FREE = f"force_post_for_json = false\n{IN_JSON}"
IN_RPC = f'submission = "json-rpc"\nrpc_method = "find"\nforce_post_for_json = false\n{HTTP}'
IN_HEADERS = (
    f'place = "headers"\nparameters = [{WHO}, {{ name = "x-city", value = "constant:Київ" }}]'
)
HEADERS = ("caller: 380441112233", "x-city: %D0%9A%D0%B8%D1%97%D0%B2")
NO_BODY = ("Content-Length: 0",)

MATRIX = {
    "http GET": ("GET", HTTP, f"GET /r?own=1&{QUERY}", (), ""),
    "http POST": ("POST", HTTP, "POST /r?own=1", (FORM,), QUERY),
    "http PUT": ("PUT", HTTP, "PUT /r?own=1", (FORM,), QUERY),
    "http DELETE": ("DELETE", HTTP, f"DELETE /r?own=1&{QUERY}", (), ""),
    "json GET": ("GET", IN_JSON, "POST /r?own=1", (AS_JSON,), JSON),
    "json PUT": ("PUT", IN_JSON, "POST /r?own=1", (AS_JSON,), JSON),
    "json GET, free": ("GET", FREE, "POST /r?own=1", (AS_JSON,), JSON),
    "json PUT, free": ("PUT", FREE, "PUT /r?own=1", (AS_JSON,), JSON),
    "json DELETE, free": ("DELETE", FREE, "DELETE /r?own=1", (AS_JSON,), JSON),
    "json-rpc GET": ("GET", IN_RPC, "POST /r?own=1", (AS_JSON,), RPC),
    "json-rpc PUT": ("PUT", IN_RPC, "POST /r?own=1", (AS_JSON,), RPC),
    "json-rpc DELETE": ("DELETE", IN_RPC, "POST /r?own=1", (AS_JSON,), RPC),
    "headers GET": ("GET", IN_HEADERS, "GET /r?own=1", HEADERS, ""),
    "headers POST": ("POST", IN_HEADERS, "POST /r?own=1", (*NO_BODY, *HEADERS), ""),
    "headers PUT": ("PUT", IN_HEADERS, "PUT /r?own=1", (*NO_BODY, *HEADERS), ""),
    "headers DELETE": ("DELETE", IN_HEADERS, "DELETE /r?own=1", (*NO_BODY, *HEADERS), ""),
    "query POST": ("POST", f'place = "query"\n{HTTP}', f"POST /r?own=1&{QUERY}", NO_BODY, ""),
    "body DELETE": ("DELETE", f'place = "body"\n{HTTP}', "DELETE /r?own=1", (FORM,), QUERY),
}
"""What is chosen; start line, lines behind User-Agent, and body that go out."""


@pytest.mark.row("R1-09", "R1-10", "R1-11", "R1-12", "R1-13", "R1-14", "R1-15", "R3-07", "R3-08")
@pytest.mark.row("R3-13", "R3-14", "R3-15", "R3-16", "R3-24", "A-01", "A-03", "A-04", "A-05")
@pytest.mark.parametrize("cell", MATRIX)
def test_each_cell_of_the_matrix_goes_over_the_wire(cell: str) -> None:
    method, says, start, lines, body = MATRIX[cell]
    length = (f"Content-Length: {len(body.encode())}",) if body else ()
    head = sent(f'url = "@/r?own=1"\nmethod = "{method}"\n{says}')

    assert head == (start, (*lines, *length), body)


@pytest.mark.row("R3-21", "R3-22", "A-27", "A-34", "A-35", "A-20")
@pytest.mark.parametrize(
    ("says", "lines", "body"),
    [
        (
            '[{ name = "content-type", value = "application/json; charset=utf-8" }]',
            ("Origin: HERE", "User-Agent: UA", "Content-Type: application/json; charset=utf-8"),
            JSON,
        ),
        (
            '[{ name = "Origin", value = "https://crm.example" }, { name = "X-Key", value = "k" }]',
            ("Origin: https://crm.example", "User-Agent: UA", AS_JSON, "X-Key: k"),
            JSON,
        ),
        (
            '[{ name = "Origin", value = "" }, { name = "User-Agent", value = "Own/1" }]',
            ("User-Agent: Own/1", AS_JSON),
            JSON,
        ),
        (
            '[{ name = "Content-Type", value = "" }]\nsend_origin = false\nescape_json = true',
            ("User-Agent: UA",),
            '{"caller":"380441112233","x y":"\\u041a\\u0438\\u0457\\u0432 & Co"}',
        ),
        (
            "[]\nurlencode_values = true",
            ("Origin: HERE", "User-Agent: UA", AS_JSON),
            '{"caller":"380441112233","x y":"%D0%9A%D0%B8%D1%97%D0%B2+%26+Co"}',
        ),
    ],
    ids=["type", "origin", "no origin", "bare", "urlencoded"],
)
def test_lines_and_spelling_can_be_chosen(says: str, lines: tuple[str, ...], body: str) -> None:
    with Endpoint(answering()) as web:
        text = f'url = "{web.url("/r")}"\n{IN_JSON}\nheaders = {says}'

        async def story(house: House) -> None:
            assert await house.call() == [NUMBER]

        run(text, story)
        (request,) = web.ledger.requests

    wanted = [line.replace("HERE", web.authority) for line in lines]
    length = f"Content-Length: {len(body.encode())}"
    added = [line for line in wanted if line.startswith("X-")]
    assert request.lines[2:-1] == [*(one for one in wanted if one not in added), length, *added]
    assert request.body.decode() == body


def sent(says: str) -> tuple[str, tuple[str, ...], str]:
    """Return start line, lines behind User-Agent and before Connection, and body of the one request."""
    with Endpoint(answering()) as web:

        async def story(house: House) -> None:
            assert await house.call() == [NUMBER]

        run(says.replace("@", web.url("").rstrip("/"), 1), story)
        (request,) = web.ledger.requests
    start, *lines = request.lines
    assert lines[:3] == [f"Host: {web.authority}", f"Origin: {web.authority}", "User-Agent: UA"]
    assert lines[-1] == "Connection: close"
    return start.removesuffix(" HTTP/1.1"), tuple(lines[3:-1]), request.body.decode()
