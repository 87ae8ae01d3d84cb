"""Programs make and transfer calls of their token's project, and a request that is sent again is done once."""

from __future__ import annotations

import asyncio

import pytest

from switchhook.domain.cause import Cause
from switchhook.routing.admission import Rejection
from switchhook.routing.callback_admission import WantedCallback
from switchhook.routing.events import Side, TransferOrdered
from switchhook.tasks import spawn
from tests.support.loop import run
from tests.support.web import KEYS, USER, Web, serving

BY = f"{USER} over the API"
CALL = {"caller": "101", "callee": "+380501112233"}


def test_a_call_is_made() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", "/api/calls", CALL | {"shown": "380442223344"})

            assert (answer.status, answer.json) == (202, {"call": "1.1"})
            assert web.wanted == [
                WantedCallback(
                    project="acme",
                    caller="101",
                    callee="+380501112233",
                    shown="380442223344",
                    by=BY,
                )
            ]

    run(scenario())


@pytest.mark.parametrize(
    ("rejected", "status"),
    [
        (Rejection(cause=Cause(sip=403, text="this project does not call 380900")), 403),
        (Rejection(cause=Cause(sip=404, text="109 is neither an account nor a number")), 404),
        (Rejection(cause=Cause(sip=503, text="1000 calls run"), retry_after=5), 503),
    ],
)
def test_why_a_call_is_not_made_is_said(rejected: Rejection, status: int) -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.rejects = rejected
            answer = await web.ask("POST", "/api/calls", CALL)

            assert (answer.status, answer.json["detail"]) == (status, rejected.cause.text)
            assert answer.headers.get("retry-after") == ((status == 503 and "5") or None)

    run(scenario())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"caller": "101"}, "callee"),
        ({"caller": "", "callee": "102"}, "caller"),
        ({"caller": "101", "callee": 102}, "callee"),
        ({"caller": "101", "callee": "1" * 129}, "callee"),
        ({"caller": "101\r\nTo: x", "callee": "102"}, "caller"),
        (CALL | {"shown": "\u0000"}, "shown"),
        (CALL | {"from": "101"}, "from"),
        (b"[", ""),
        (b"\xff", ""),
        (b'{"a":' * 9_000, "a"),
    ],
)
def test_wrong_fields_are_named(body: dict[str, object] | bytes, field: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", "/api/calls", body)

            assert (answer.status, answer.json["field"]) == (400, field)
            assert web.wanted == []

    run(scenario())


@pytest.mark.parametrize(("key", "status"), [("", 401), ("hooks", 403), ("events", 403)])
@pytest.mark.parametrize(
    "path", ["/api/calls", "/api/calls/1.2/transfer", "/callback/outward_call"]
)
def test_it_takes_a_token_for_the_whole_project(path: str, key: str, status: int) -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.ask("POST", path, CALL, key=key)).status == status
            assert web.wanted == []

    run(scenario())


# -- transfers --


def test_a_running_call_is_transferred() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"
            path = "/api/calls/1.2/transfer"
            answer = await web.ask("POST", path, {"to": "102", "leaves": "callee"})

            assert (answer.status, answer.json) == (202, {"call": "1.2"})
            assert (await web.ask("POST", path, {"scheme": 7})).status == 202
            assert web.ordered == [
                ("1.2", TransferOrdered(by=BY, to="102", leaves=Side.CALLEE)),
                ("1.2", TransferOrdered(by=BY, to="scheme 7", scheme=7)),
            ]

    run(scenario())


def test_another_projects_call_is_not_there_and_one_that_rings_is_409() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"
            path, to = "/api/calls/1.2/transfer", {"to": "102"}
            assert (await web.ask("POST", path, to, key="other")).status == 404
            web.refuses = "only a conversation can be transferred"
            answer = await web.ask("POST", path, to)

            assert answer.status == 409
            assert "only a conversation" in answer.json["detail"]
            assert web.ordered == []

    run(scenario())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"to": "102", "scheme": 1},
        {"to": "102", "leaves": "nobody"},
        {"scheme": "one"},
        {"scheme": -1},
        {"scheme": 10**30},
        {"to": "1" * 129},
        {"to": "102\r\nVia: x"},
    ],
)
def test_a_wrong_transfer_is_400(body: dict[str, object]) -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.calls["1.2"] = "acme"
            assert (await web.ask("POST", "/api/calls/1.2/transfer", body)).status == 400
            assert web.ordered == []

    run(scenario())


# -- the callback API of N-09 --


async def outward(web: Web, body: bytes, **headers: str) -> tuple[int, dict[str, str]]:
    named = {"Host": "pbx", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    path = "/callback/outward_call"
    answer = await web.send(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    assert "access-control-allow-origin" not in answer.headers
    return answer.status, answer.json


FORM = "application/x-www-form-urlencoded"


@pytest.mark.row("N-09")
def test_the_callback_api_takes_a_form_and_json_with_the_key_in_its_own_header() -> None:
    async def scenario() -> None:
        async with serving() as web:
            key = KEYS["acme"]
            form = b"extension=101&destination=%2B380501112233"
            assert await outward(web, form, Auth_key=key, Content_Type=FORM) == (
                200,
                {"call": "1.1"},
            )
            text = b'{"extension": "380442223344", "destination": "380501112233"}'
            json = {"Auth_key": key, "Content_Type": "application/json"}
            assert await outward(web, text, **json) == (200, {"call": "1.2"})
            assert [(one.project, one.caller, one.callee) for one in web.wanted] == [
                ("acme", "101", "+380501112233"),
                ("acme", "380442223344", "380501112233"),
            ]

    run(scenario())


@pytest.mark.row("N-09")
def test_the_callback_api_is_not_for_browsers_and_wants_a_good_key() -> None:
    async def scenario() -> None:
        async with serving() as web:
            form, key = b"extension=101&destination=102", KEYS["acme"]
            page = {"Auth_key": key, "Content_Type": FORM, "Origin": "https://shop.example"}
            assert (await outward(web, form, **page))[0] == 403
            assert (await outward(web, form, Content_Type=FORM))[0] == 401
            assert (await outward(web, form, Auth_key="wrong", Content_Type=FORM))[0] == 403
            preflight = {"Origin": "https://shop.example", "Access_Control_Request_Method": "POST"}
            answer = await web.ask("OPTIONS", "/callback/outward_call", key="", **preflight)
            assert not any(name.startswith("access-control") for name in answer.headers)
            assert web.wanted == []

    run(scenario())


@pytest.mark.row("N-09")
@pytest.mark.parametrize("extension", ["201", "380931112233", "380443332211", "nobody"])
def test_an_extension_is_an_account_or_a_number_of_the_project(extension: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            form = f"extension={extension}&destination=380501112233".encode()
            found = await outward(web, form, Auth_key=KEYS["acme"], Content_Type=FORM)
            assert found[0] == 404
            assert web.wanted == []

    run(scenario())


@pytest.mark.row("N-09")
@pytest.mark.parametrize(
    ("form", "field"),
    [(b"extension=101", "destination"), (b"destination=102", "extension"), (b"\xff", "extension")],
)
def test_a_field_that_is_missing_is_named(form: bytes, field: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            found = await outward(web, form, Auth_key=KEYS["acme"], Content_Type=FORM)
            assert (found[0], found[1]["field"]) == (400, field)

    run(scenario())


def test_the_header_of_the_callback_api_opens_nothing_else() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", "/api/calls", CALL, key="", Auth_key=KEYS["acme"])
            assert answer.status == 401

    run(scenario())


# -- requests that are sent again --


def test_a_request_with_a_key_is_done_once() -> None:
    async def scenario() -> None:
        async with serving() as web:
            first = await web.ask("POST", "/api/calls", CALL, Idempotency_Key="order-17")
            again = await web.ask("POST", "/api/calls", CALL, Idempotency_Key="order-17")

            assert (first.status, first.body) == (again.status, again.body)
            assert "idempotent-replayed" not in first.headers
            assert again.headers["idempotent-replayed"] == "true"
            assert len(web.wanted) == 1
            other = await web.ask("POST", "/api/calls", CALL, Idempotency_Key="order-18")
            assert other.json == {"call": "1.2"}

    run(scenario())


def test_a_key_is_its_tokens_own_and_good_for_one_request() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await web.ask("POST", "/api/calls", CALL, Idempotency_Key="k")
            changed = CALL | {"callee": "102"}
            answer = await web.ask("POST", "/api/calls", changed, Idempotency_Key="k")
            assert answer.status == 422
            other = await web.ask("POST", "/api/calls", changed, key="other", Idempotency_Key="k")
            assert other.status == 202

    run(scenario())


def test_a_request_that_was_refused_may_be_sent_again() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.rejects = Rejection(cause=Cause(sip=503, text="full"), retry_after=5)
            full = await web.ask("POST", "/api/calls", CALL, Idempotency_Key="k")
            web.rejects = None
            assert full.status == 503
            assert (await web.ask("POST", "/api/calls", CALL, Idempotency_Key="k")).status == 202

    run(scenario())


def test_a_request_that_is_under_way_is_409() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.holds = asyncio.Event()
            ask = web.ask("POST", "/api/calls", CALL, Idempotency_Key="k")
            first = spawn(ask, name="first")
            while not web.wanted:  # noqa: ASYNC110 - the request is on its way
                await asyncio.sleep(0.01)
            second = await web.ask("POST", "/api/calls", CALL, Idempotency_Key="k")
            web.holds.set()

            assert second.status == 409
            assert (await first).status == 202
            assert len(web.wanted) == 1

    run(scenario())


def test_a_key_is_forgotten_after_a_day() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await web.ask("POST", "/api/calls", CALL, Idempotency_Key="k")
            web.now += 86_401
            await web.ask("POST", "/api/calls", CALL, Idempotency_Key="k")
            assert len(web.wanted) == 2

    run(scenario())


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "\u00e4"])
def test_a_wrong_key_is_400(key: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", "/api/calls", CALL, Idempotency_Key=key)
            assert answer.status == 400
            assert web.wanted == []

    run(scenario())


# -- limits --


def test_each_token_may_send_so_many_requests_a_minute_and_is_told() -> None:
    async def scenario() -> None:
        async with serving(requests_per_minute=3) as web:
            path = "/api/permission/systemuser/profile/"
            answers = [await web.ask("GET", path) for _ in range(4)]

            assert [answer.status for answer in answers] == [200, 200, 200, 429]
            told = [answer.headers["ratelimit-remaining"] for answer in answers]
            assert told == ["2", "1", "0", "0"]
            assert answers[0].headers["ratelimit-limit"] == "3"
            assert answers[0].headers["ratelimit-reset"] == "20"
            assert answers[3].headers["retry-after"] == "20"
            assert (await web.ask("GET", path, key="other")).status == 200
            web.ticks += 20
            assert (await web.ask("GET", path)).status == 200
            assert (await web.ask("GET", path)).status == 429

    run(scenario())


def test_errors_tell_the_allowance_too() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("DELETE", "/api/calls/7.7")
            assert (answer.status, answer.headers["ratelimit-remaining"]) == (404, "1199")

    run(scenario())
