"""A REST-hook client subscribes and unsubscribes to the byte as its vendor's API had it, in its project only."""

from __future__ import annotations

import json

import pytest

from switchhook.api.responses import WrongFieldError
from switchhook.api.subscriptions import FORM, MAX_BODY, read_fields
from switchhook.domain.access.people import Role
from switchhook.domain.access.token import Scope, Token
from switchhook.domain.event import Subscription
from switchhook.operations.tokens import digest_of
from tests.support.loop import run
from tests.support.web import HOOKS, PROBLEM, USER, Web, serving

URL = "https://hooks.target/h/1"
GOOD = {"target_url": URL, "event": "custom"}
S_31 = (
    b"POST /api/callnotification/callnotification/ HTTP/1.1\r\n"
    b"Host: pbx.example.com\r\n"
    b"Content-Type: application/json\r\n"
    b"Authorization: Token user@example.com:0123456789abcdef\r\n"
    b"Content-Length: 58\r\n"
    b"\r\n"
    b'{"target_url":"https://hooks.target/h/1","event":"custom"}'
)


def test_the_request_of_a_real_client_subscribes() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.send(S_31)

            assert answer.status == 201
            assert answer.headers["content-type"] == "application/json"
            assert answer.json == {"id": 1, **GOOD}
            kept = Subscription(
                project="acme",
                number=1,
                user=USER,
                target_url=URL,
                event="custom",
                created_at=1_000.0,
            )
            assert await web.store.subscriptions() == (kept,)
            assert list(web.memory.of("acme")) == [kept]

    run(scenario())


def test_with_a_wrong_token_it_is_403_and_nothing_is_kept() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.send(S_31.replace(b"0123456789abcdef", b"0123456789abcdee"))

            assert answer.status == 403
            assert set(answer.json) == PROBLEM
            assert await web.store.subscriptions() == ()

    run(scenario())


@pytest.mark.parametrize("end", ["", "/"])
def test_unsubscribing_answers_json_and_ends_it(end: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            made = (await web.send(S_31)).json
            answer = await web.ask("DELETE", f"{HOOKS}{made['id']}{end}", key="hooks")

            assert (answer.status, answer.json) == (200, made)
            assert await web.store.subscriptions() == ()
            assert list(web.memory.of("acme")) == []
            again = await web.ask("DELETE", f"{HOOKS}{made['id']}{end}", key="hooks")
            assert (again.status, again.json["detail"]) == (404, "there is no such subscription")

    run(scenario())


def test_a_form_is_taken_as_well() -> None:
    async def scenario() -> None:
        async with serving() as web:
            body = "target_url=https%3A%2F%2Fhooks.target%2Fh%2F1&event=custom"
            answer = await web.ask("POST", HOOKS, body, Content_Type=f"{FORM}; charset=utf-8")
            assert (answer.status, answer.json) == (201, {"id": 1, **GOOD})

    run(scenario())


@pytest.mark.row("T-14")
def test_credentials_are_kept_and_answered_to_nobody() -> None:
    async def scenario() -> None:
        async with serving() as web:
            asked = {"target_url": "https://hooks.target/", "event": "custom"}
            proof = {"token": "s3cret-1", "hmac": {"header": "X", "secret": "s3cret-2"}}
            body = json.dumps(asked | {"credentials": proof})
            made = await web.ask("POST", HOOKS, body, Content_Type="application/json")
            assert made.status == 201
            listed = await web.ask("GET", HOOKS)
            assert b"s3cret" not in made.body + listed.body
            (kept,) = await web.store.subscriptions(project="acme")
            assert kept.credentials.token == "s3cret-1"
            for wrong in ("s3cret", {"token": 7}, {"url_secret": "s3cret"}, {"tokens": "s3cret"}):
                body = json.dumps(asked | {"credentials": wrong})
                refused = await web.ask("POST", HOOKS, body, Content_Type="application/json")
                assert (refused.status, refused.json["field"]) == (400, "credentials")
                assert b"s3cret" not in refused.body

    run(scenario())


def test_a_project_sees_its_own_and_no_others() -> None:
    async def scenario() -> None:
        async with serving() as web:
            mine = (await web.ask("POST", HOOKS, GOOD, key="acme")).json
            other = (await web.ask("POST", HOOKS.rstrip("/"), GOOD, key="other")).json

            assert (await web.ask("GET", HOOKS, key="acme")).json == [mine]
            assert (await web.ask("GET", HOOKS.rstrip("/"), key="other")).json == [other]
            for end in ("", "/"):
                assert (await web.ask("GET", f"{HOOKS}{mine['id']}{end}")).json == mine
                for method in ("GET", "DELETE"):
                    answer = await web.ask(method, f"{HOOKS}{mine['id']}{end}", key="other")
                    assert answer.status == 404
            assert len(await web.store.subscriptions()) == 2

    run(scenario())


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "1.0", "01", "9" * 30, "%31%32", "²"])
def test_a_number_that_was_never_given_is_404(number: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            await web.ask("POST", HOOKS, GOOD)
            for method in ("GET", "DELETE"):
                answer = await web.ask(method, HOOKS + number.replace("²", "%C2%B2"))
                assert answer.status == 404
            assert len(await web.store.subscriptions()) == 1

    run(scenario())


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b"", "", "no JSON object"),
        (b"{", "", "no JSON object"),
        (b"[]", "", "no JSON object"),
        (b"null", "", "no JSON object"),
        (b"\xff", "", "no JSON object"),
        (b'{"target_url":"\xff"}', "", "no JSON object"),
        (b'{"target_url":"\\ud800","event":"custom"}', "", "no JSON object"),
        (b"[" * 30_000, "", "no JSON object"),
        (b'{"a":' * 6_000, "", "no JSON object"),
        (b"{}", "target_url", "target_url is missing"),
        (b'{"target_url":null,"event":"custom"}', "target_url", "is missing"),
        (b'{"target_url":"","event":"custom"}', "target_url", "is missing"),
        (b'{"target_url":["x"],"event":"custom"}', "target_url", "is no text"),
        (b'{"target_url":"https://a.example/"}', "event", "event is missing"),
        (b'{"target_url":"https://a.example/","event":"nothing"}', "event", "event: there is no"),
        (b'{"target_url":"hooks.target","event":"custom"}', "target_url", "target_url: "),
        (b'{"target_url":"ftp://a.example/","event":"custom"}', "target_url", "target_url: "),
        (b'{"target_url":"https://a.example/\\n","event":"custom"}', "target_url", "target_url: "),
    ],
)
def test_what_cannot_be_followed_is_400_and_names_the_field(
    body: bytes, field: str, words: str
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", HOOKS, body)

            assert (answer.status, answer.json["field"]) == (400, field)
            assert words in answer.json["detail"]
            assert await web.store.subscriptions() == ()

    run(scenario())


@pytest.mark.parametrize("body", [b"target_url", b"\xff=1", b"&".join([b"a=1"] * 21)])
def test_a_form_that_is_none_is_told(body: bytes) -> None:
    with pytest.raises(WrongFieldError, match="no form"):
        read_fields(body, FORM)


@pytest.mark.row("FB-14")
@pytest.mark.parametrize(
    "body",
    [
        b'{"target_url":"https://h/?token=x&a=b","event":"custom"}',
        b' \n{"target_url":"https://h/?token=x&a=b","event":"custom"}',
    ],
)
def test_json_under_a_forms_type_is_json(body: bytes) -> None:
    assert read_fields(body, FORM)["target_url"] == "https://h/?token=x&a=b"


def test_a_request_that_was_cut_is_no_json() -> None:
    async def scenario() -> None:
        async with serving() as web:
            assert (await web.send(S_31.replace(b"Length: 58", b"Length: 57"))).status == 400

    run(scenario())


def test_a_project_can_have_so_many_and_no_more() -> None:
    async def scenario() -> None:
        async with serving() as web:
            statuses = await subscribe_often(web, 101)
            assert statuses == [*[201] * 100, 400]

    run(scenario())


async def subscribe_often(web: Web, times: int) -> list[int]:
    return [(await web.ask("POST", HOOKS, GOOD)).status for _ in range(times)]


@pytest.mark.row("FD-15")
@pytest.mark.parametrize("kind", ["application/json", FORM])
def test_a_subscription_takes_no_large_body(kind: str) -> None:
    """Reading a whole mebibyte of brackets or escapes would hold the loop for a third of a second."""

    async def scenario() -> None:
        async with serving() as web:
            body = b"%41" * MAX_BODY
            answer = await web.ask("POST", HOOKS, body, key="hooks", Content_Type=kind)
            assert answer.status == 413
            assert answer.json["detail"] == "the body has more than 32768 bytes"

    run(scenario())


@pytest.mark.row("FB-14")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"target_url":"https://hooks.target/h/1","event":"custom"}'),
        (FORM, b"target_url=https%3A%2F%2Fhooks.target%2Fh%2F1&event=custom"),
    ],
)
@pytest.mark.parametrize("marks", [1, 2])
def test_byte_order_marks_before_the_body_are_no_part_of_it(
    kind: str, body: bytes, marks: int
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            marked = b"\xef\xbb\xbf" * marks + body
            answer = await web.ask("POST", HOOKS, marked, key="hooks", Content_Type=kind)
            assert (answer.status, answer.json) == (201, {"id": 1, **GOOD})

    run(scenario())


@pytest.mark.row("FB-15")
@pytest.mark.parametrize(
    ("said", "is_told"),
    [(True, True), (False, False), ("false", False), ("No", False), (1, True), (None, True)],
)
def test_a_subscription_may_do_without_calls_between_accounts(
    said: bool | str | int | None,  # noqa: FBT001
    *,
    is_told: bool,
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", HOOKS, {**GOOD, "internal_calls": said})
            assert answer.json == {
                "id": 1,
                **GOOD,
                **({} if is_told else {"internal_calls": False}),
            }
            (kept,) = await web.store.subscriptions()
            assert kept.internal is is_told
            assert list(web.memory.of("acme")) == [kept]

    run(scenario())


def test_a_switch_that_is_neither_is_refused() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", HOOKS, {**GOOD, "internal_calls": "perhaps"})
            assert (answer.status, answer.json["field"]) == (400, "internal_calls")

    run(scenario())


CHOSEN = {
    **GOOD,
    "microseconds": True,
    "fields": ["duration", "recording"],
    "directions": ["inbound"],
    "numbers": ["+380442223344"],
    "accounts": ["101"],
}


@pytest.mark.row("N-03")
def test_what_a_subscriber_chooses_is_kept_and_answered() -> None:
    async def scenario() -> None:
        async with serving() as web:
            made = (await web.ask("POST", HOOKS, CHOSEN)).json
            assert made == {"id": 1, **CHOSEN}
            (kept,) = await web.store.subscriptions()
            assert kept.options.microseconds
            assert kept.options.numbers == ("+380442223344",)
            assert (await web.ask("GET", HOOKS)).json == [made]
            assert (await web.ask("DELETE", f"{HOOKS}1")).json == made

    run(scenario())


def test_a_form_has_lists_as_texts_with_commas() -> None:
    async def scenario() -> None:
        async with serving() as web:
            body = "target_url=https%3A%2F%2Fhooks.target%2Fh%2F1&event=ended&fields=duration%2C+recording&microseconds=1"
            answer = await web.ask("POST", HOOKS, body, Content_Type=FORM)
            assert answer.json["fields"] == ["duration", "recording"]
            assert answer.json["microseconds"] is True

    run(scenario())


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("fields", ["price"], "fields: choose of duration, waiting_time, recording"),
        ("directions", "sideways", "directions: choose of inbound, outbound, internal"),
        ("numbers", 7, "numbers is no list of texts"),
        ("numbers", [7], "numbers is no list of texts"),
        ("numbers", {"a": 1}, "numbers is no list of texts"),
        ("accounts", ["1"] * 50 + [str(n) for n in range(200)], "accounts: more than 100"),
        ("accounts", ["x" * 101], "accounts: each is one line of 1 to 100"),
        ("accounts", ["a\nb"], "accounts: each is one line"),
        ("accounts", ["101", "999"], "accounts: 999 is the login of no account of this project"),
        ("accounts", ["201"], "accounts: 201 is the login of no account of this project"),
        ("numbers", ["+380443333344"], "numbers: +380443333344 is no number of this project"),
        ("microseconds", "perhaps", "microseconds is neither true nor false"),
    ],
)
def test_a_wrong_choice_is_400_and_names_its_field(field: str, value: object, words: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("POST", HOOKS, GOOD | {field: value})
            assert (answer.status, answer.json["field"]) == (400, field)
            assert answer.json["detail"].startswith(words)
            assert await web.store.subscriptions() == ()

    run(scenario())


def test_an_editor_gets_samples_and_nothing_is_subscribed() -> None:
    async def scenario() -> None:
        async with serving() as web:
            every = (await web.ask("GET", f"{HOOKS}samples", key="hooks")).json
            assert [one["status"] for one in every][0::4] == ["created", "ended"]
            path = f"{HOOKS}samples?event=ended&fields=duration&microseconds=true"
            (one,) = (await web.ask("GET", path, key="hooks")).json
            assert one["duration"] == 42
            assert "." in one["timestamp"]
            assert (await web.ask("GET", f"{HOOKS}samples", key="events")).status == 403
            wrong = await web.ask("GET", f"{HOOKS}samples?event=nothing")
            assert (wrong.status, wrong.json["field"]) == (400, "event")
            assert await web.store.subscriptions() == ()

    run(scenario())


async def viewer(web: Web) -> None:
    """Make a program's token that reads, and changes nothing."""
    token = Token(
        project="acme", id="v", user="wall", scope=Scope.PROJECT, created_at=0.0, role=Role.VIEWER
    )
    await web.store.tokens.save(token, digest_of("reads"))


def test_who_may_not_change_a_subscription_sees_the_host_of_its_address_alone() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await viewer(web)
            url = "https://me:pass@hooks.target/h/s3cret?key=abc"
            made = await web.ask("POST", HOOKS, {"target_url": url, "event": "custom"})
            assert made.json["target_url"] == url
            for path in (HOOKS, f"{HOOKS}1"):
                seen = await web.ask("GET", path, key="", Authorization="Bearer reads")
                assert seen.status == 200
                found = seen.json[0] if isinstance(seen.json, list) else seen.json
                assert found["target_url"] == "https://hooks.target/****?****"
                assert (await web.ask("GET", path)).body.count(url.encode()) == 1

    run(scenario())


def test_who_may_not_change_the_scenario_sees_no_query_of_its_addresses() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await viewer(web)
            path = "/api/projects/acme/scenario"
            await web.ask("PATCH", path, {"after_url": "https://crm.example/r?key=abc"})
            seen = await web.ask("GET", path, key="", Authorization="Bearer reads")
            assert seen.json["draft"]["after_url"] == "https://crm.example/r?****"
            assert seen.json["active"]["after_url"] == ""
            assert (await web.ask("GET", path)).json["draft"]["after_url"].endswith("?key=abc")

    run(scenario())
