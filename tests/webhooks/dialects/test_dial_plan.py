"""A dial-plan webhook is asked in exactly the bytes that its URL template says, whoever calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.projectfile.rules.webhook import check_dial_plan_webhook
from switchhook.webhooks.request import render_dial_plan_ask
from tests.webhooks.samples import (
    DUTCH_PLAN,
    PLAN,
    UA,
    image,
    make_dial_plan,
    make_facts,
    make_snapshot,
    written,
)

if TYPE_CHECKING:
    from switchhook.domain.webhook import DialPlanWebhook

CALLER = "+31612345678"
CALLED = "+31850001001"
SEED = "http://webrouting.voys.nl/test.py?code={code}&callerid={callerid}"
ALL_FOUR = "http://target/{code}/{did}?a={callerid}&b={callername}"


def ask(webhook: DialPlanWebhook, code: str = "", **call: str) -> bytes:
    settings: dict[str, Any] = {"snapshot": DUTCH_PLAN, "caller": CALLER, "callee": CALLED} | call
    facts = make_facts(**settings)
    return image(render_dial_plan_ask(webhook, facts, code=code, product=UA))


def target(template: str, code: str = "", **call: str) -> str:
    return ask(make_dial_plan(url_template=template), code, **call).split(b" ")[1].decode()


@pytest.mark.row("S-20", "S-21", "R5-10", "R5-13", "R5-14", "A-44")
def test_the_crm_is_asked_for_the_callers_name() -> None:
    template = (
        "http://crm.target/cid_name_lookup.php?phonenumber={callerid}&callername={callername}"
    )
    expected = written("""
        GET /cid_name_lookup.php?phonenumber=%2B31502102544&callername= HTTP/1.1
        Host: crm.target
        User-Agent: UA
        Connection: close
    """)

    assert expected == ask(make_dial_plan(url_template=template), caller="+31502102544")


@pytest.mark.row("S-20", "R5-13", "A-45")
def test_a_withheld_caller_has_neither_number_nor_name() -> None:
    template = (
        "http://crm.target/cid_name_lookup.php?phonenumber={callerid}&callername={callername}"
    )

    sent = target(template, caller="", caller_name="J. Smith")
    assert sent == "/cid_name_lookup.php?phonenumber=&callername="


@pytest.mark.row("A-45")
@pytest.mark.parametrize("text", ["", "anonymous", "Anonymous", "0"])
def test_the_text_for_a_withheld_caller_is_a_setting(text: str) -> None:
    webhook = make_dial_plan(withheld_caller=text, unknown_name="unknown")

    assert ask(webhook, caller="").startswith(f"GET /route?callerid={text} HTTP/1.1\r\n".encode())
    assert ask(webhook).startswith(b"GET /route?callerid=%2B31612345678 HTTP/1.1\r\n")


@pytest.mark.row("R5-14")
@pytest.mark.parametrize(("name", "sent"), [("", "unknown"), ("J. Smith", "J.%20Smith")])
def test_the_text_for_a_caller_without_a_name_is_a_setting(name: str, sent: str) -> None:
    webhook = make_dial_plan(url_template="http://t/?n={callername}", unknown_name="unknown")

    assert ask(webhook, caller_name=name).startswith(f"GET /?n={sent} HTTP/1.1\r\n".encode())


@pytest.mark.row("S-22")
def test_routing_by_the_callers_number() -> None:
    expected = written("""
        GET /route?callerid=%2B31612345678 HTTP/1.1
        Host: target
        User-Agent: UA
        Connection: close
    """)

    assert expected == ask(make_dial_plan())


@pytest.mark.row("S-23", "R5-12")
def test_routing_by_the_called_number() -> None:
    expected = written("""
        GET /route?did=%2B31850001001 HTTP/1.1
        Host: target
        User-Agent: UA
        Connection: close
    """)

    assert expected == ask(make_dial_plan(url_template="http://target/route?did={did}"))


@pytest.mark.row("S-24", "R5-11", "R5-16")
def test_routing_by_an_entered_code() -> None:
    expected = written("""
        GET /test.py?code=4711&callerid=%2B31612345678 HTTP/1.1
        Host: webrouting.voys.nl
        User-Agent: UA
        Connection: close
    """)

    assert expected == ask(make_dial_plan(url_template=SEED, use_ivr=True), "4711")


@pytest.mark.row("S-25", "R5-11")
@pytest.mark.parametrize(
    ("code", "sent"), [("0042", "0042"), ("1234", "1234"), ("", ""), ("12*4#", "12%2A4%23")]
)
def test_a_code_is_sent_as_it_was_keyed(code: str, sent: str) -> None:
    template = "http://target/phone-pin-checker?did={did}&callerid={callerid}&code={code}"

    expected = f"/phone-pin-checker?did=%2B31850001001&callerid=%2B31612345678&code={sent}"
    assert expected == target(template, code)


@pytest.mark.row("S-26", "R5-16")
def test_a_template_needs_no_variables() -> None:
    expected = written("""
        GET /voys-webhook?secret_key=s3cret HTTP/1.1
        Host: target
        User-Agent: UA
        Connection: close
    """)

    assert expected == ask(
        make_dial_plan(url_template="http://target/voys-webhook?secret_key=s3cret")
    )


@pytest.mark.row("S-27")
def test_a_bare_url_is_asked_as_it_is() -> None:
    assert target("http://target/webhook/") == "/webhook/"


@pytest.mark.row("S-28", "R5-50")
def test_a_block_of_ten_numbers_makes_ten_different_requests() -> None:
    template = "http://track.target/hit?did={did}&callerid={callerid}"
    block = [f"+3185000{number}" for number in range(1001, 1011)]

    sent = [target(template, callee=called, caller="") for called in block]
    assert sent == [f"/hit?did=%2B{called[1:]}&callerid=" for called in block]
    assert len(set(sent)) == 10


@pytest.mark.row("S-29", "R5-55")
def test_a_catch_hook_is_told_by_the_same_get() -> None:
    webhook = make_dial_plan(
        url_template="https://hooks.target/hooks/catch/123456/abcdef/?callerid={callerid}&did={did}"
    )
    expected = written("""
        GET /hooks/catch/123456/abcdef/?callerid=%2B31612345678&did=%2B31850001001 HTTP/1.1
        Host: hooks.target
        User-Agent: UA
        Connection: close
    """)

    assert expected == ask(webhook)


@pytest.mark.row("R5-10", "R5-16", "A-44")
def test_every_value_is_percent_encoded_in_path_and_query() -> None:
    sent = target(ALL_FOUR, "1", caller_name="Café & Co/100% +?#")

    assert sent == (
        "/1/%2B31850001001?a=%2B31612345678&b=Caf%C3%A9%20%26%20Co%2F100%25%20%2B%3F%23"
    )


@pytest.mark.row("R5-15", "A-46")
@pytest.mark.parametrize(
    ("template", "sent"),
    [
        ("http://t/a?x=%7Bcode%7D", "/a?x=%7Bcode%7D"),
        ("http://t/a?x={Code}", "/a?x=%7BCode%7D"),
        ("http://t/a?x={call_id}", "/a?x=%7Bcall_id%7D"),
        ("http://t/a?x={Caller ID}", "/a?x=%7BCaller%20ID%7D"),
        ("http://t/a?x=a+b&y={code}{code}", "/a?x=a+b&y=77"),
    ],
)
def test_only_the_four_variables_are_filled_in(template: str, sent: str) -> None:
    assert target(template, "7") == sent


@pytest.mark.row("R5-12", "R5-13", "A-44")
@pytest.mark.parametrize(
    ("number", "sent"),
    [
        ("+31612345678", "%2B31612345678"),
        ("31612345678", "%2B31612345678"),
        ("0031612345678", "%2B31612345678"),
        ("0612345678", "%2B31612345678"),
        ("380441112233", "%2B380441112233"),
        ("215", "215"),
        ("jan", "jan"),
        ("112", "112"),
        ("+31000", "%2B31000"),
    ],
)
def test_numbers_go_out_with_their_plus_and_extensions_as_they_are(number: str, sent: str) -> None:
    expected = f"/?c={sent}&d={sent}"

    assert expected == target("http://t/?c={callerid}&d={did}", caller=number, callee=number)


@pytest.mark.row("FT-03")
@pytest.mark.parametrize("number", ["2025550123", "380441112233", "0441112233"])
def test_without_a_country_no_number_is_guessed(number: str) -> None:
    facts = make_facts(snapshot=make_snapshot(country=""), caller=number)
    request = render_dial_plan_ask(make_dial_plan(), facts, product=UA)

    assert request.url == f"http://target/route?callerid={number}"


def test_kept_connections_credentials_and_own_headers() -> None:
    expected = written("""
        GET /route HTTP/1.1
        Host: target
        User-Agent: own
        Authorization: Basic dXNlcjpzZWNyZXQ=
        X-Key: k
    """)
    webhook = make_dial_plan(
        url_template="http://user:secret@target/route",
        user_agent="own",
        keep_alive=True,
        headers=(("X-Key", "k"), ("Host", "evil")),
    )

    assert expected == ask(webhook)


def test_own_authorization_is_sent_in_place_of_the_urls() -> None:
    webhook = make_dial_plan(
        url_template="http://user:secret@target/", headers=(("Authorization", "Bearer t"),)
    )

    assert ask(webhook).count(b"Authorization") == 1
    assert b"\r\nAuthorization: Bearer t\r\n" in ask(webhook)


VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(['"; X: y\r\nEvil: 1', "1&destination=900", "a=b;c", "%0d%0aX: y", "..", ""]),
)


@pytest.mark.row("S-73", "T-16")
@given(caller=VALUES, called=VALUES, name=VALUES, code=VALUES)
def test_no_value_can_leave_its_place(caller: str, called: str, name: str, code: str) -> None:
    facts = make_facts(snapshot=DUTCH_PLAN, caller=caller, callee=called, caller_name=name)
    webhook = make_dial_plan(url_template=ALL_FOUR)
    message = image(render_dial_plan_ask(webhook, facts, code=code, product=UA)).decode("ascii")
    first, *lines = message.removesuffix("\r\n\r\n").split("\r\n")
    parts = urlsplit("http://target" + first.split(" ")[1])

    assert lines == ["Host: target", "User-Agent: UA", "Connection: close"]
    assert first.count(" ") == 2
    assert parts.path.count("/") == 2
    assert ".." not in parts.path.split("/")
    assert [n for n, _ in parse_qsl(parts.query, keep_blank_values=True)] == ["a", "b"]
    assert parts.fragment == ""


@pytest.mark.row("S-73")
def test_the_two_classics() -> None:
    sent = target(
        "http://t/?n={callername}&c={callerid}",
        caller_name='"; X: y\r\nEvil: 1',
        caller="1&destination=900",
    )

    assert sent == "/?n=%22%3B%20X%3A%20y%0D%0AEvil%3A%201&c=1%26destination%3D900"


@given(template=st.text(max_size=60) | st.text(max_size=40).map("http://t/{code}".__add__))
def test_a_stored_template_never_raises_and_never_breaks_the_line(template: str) -> None:
    facts = make_facts(snapshot=PLAN)
    webhook = make_dial_plan(url_template=template)
    request = render_dial_plan_ask(webhook, facts, code="1", product=UA)

    assert request.url.isascii()
    assert request.url.isprintable()
    assert " " not in request.url


@pytest.mark.row("R5-05")
def test_a_description_changes_nothing_that_is_sent() -> None:
    described = make_dial_plan(description="asks the CRM\r\nX: y {code}")

    assert ask(make_dial_plan()) == ask(described)


@pytest.mark.row("FB-11", "N-20")
def test_the_id_of_the_call_may_be_sent_along() -> None:
    template = "http://target/route/{callid}?id={callid}&code={code}"
    webhook = make_dial_plan(url_template=template, fallback_url=template, use_ivr=True)
    call = make_facts(snapshot=DUTCH_PLAN).call.id

    assert not list(check_dial_plan_webhook(webhook))
    assert target(template, "1") == f"/route/{call}?id={call}&code=1"
