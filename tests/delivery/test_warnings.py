"""What owners are told of endpoints that fail: exact bytes, and no secret in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from switchhook.delivery.incidents import EndpointNews
from switchhook.delivery.policy import MAIL_POLICY, WARNING_POLICY, default_policy, order_of
from switchhook.delivery.warnings import facts_of, shown_url, warnings_to
from switchhook.domain.delivery_policy import OwnerWarnings, WarningKind
from switchhook.storage.delivery import Delivery, Incident
from switchhook.webhooks.dialects.endpoint_warning import answer_of
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Mail, read_mail
from tests.support.promises import DOWN, OCCURRED, attempt, delivery, mail

OWNER = OwnerWarnings(
    to=("it@acme.example", "boss@acme.example"), url="https://alerts.example/x?k=s"
)
SECRET = delivery(url="https://user:pw@crm.example:8443/hook?key=secret#part")
AT = 1763695531.0
INCIDENT = Incident(
    project="shop",
    webhook="crm",
    since=AT,
    failures=5,
    parks=1,
    parked_for=30.0,
    parked_until=AT + 30,
)


def news(
    kind: WarningKind = WarningKind.PARKED, made: Delivery = SECRET, answer: bytes = b"down"
) -> EndpointNews:
    failure = None if kind is WarningKind.RECOVERED else DOWN
    tried = attempt(made, failure=failure, answer=answer)
    return EndpointNews(kind=kind, incident=INCIDENT, delivery=made, attempt=tried, at=AT)


def written(told: EndpointNews, owner: OwnerWarnings = OWNER) -> list[Delivery]:
    return list(warnings_to(owner, told, product="UA", sender="pbx@acme.example"))


def body(told: EndpointNews) -> dict[str, object]:
    request = written(told, OwnerWarnings(url="https://alerts.example/"))[0].request
    assert isinstance(request, HttpRequest)
    read: dict[str, object] = json.loads(request.body)
    return read


@pytest.mark.row("T-20")
def test_a_program_is_told_as_json() -> None:
    assert body(news()) == {
        "type": "endpoint.parked",
        "timestamp": "2025-11-21T03:25:31Z",
        "data": {
            "project": "shop",
            "webhook": "crm",
            "url": "https://crm.example:8443/hook?****",
            "failing_since": "2025-11-21T03:25:31Z",
            "failures": 5,
            "parked_until": "2025-11-21T03:26:01Z",
            "call_id": "c1",
            "delivery_id": "c1.1.crm",
            "attempt": 1,
            "status": 503,
            "failure": "status: answered 503",
            "answer": "down",
        },
    }


@pytest.mark.row("T-20")
def test_people_are_told_by_mail_each_in_one_of_their_own() -> None:
    first, second, request = written(news())
    assert [one.request.url for one in (first, second)] == [
        "mailto:it@acme.example",
        "mailto:boss@acme.example",
    ]
    assert isinstance(first.request, Mail)
    headers, text = read_mail(first.request.message)
    assert dict(headers)["Subject"] == "Switchhook: crm fails again and again; its events wait"
    assert "URL: https://crm.example:8443/hook?****" in text
    assert "Call: c1" in text
    assert "Answer: down" in text
    assert len({first.id, second.id, request.id}) == 3


@pytest.mark.parametrize("kind", WarningKind)
def test_every_kind_is_told_of_and_holds_no_secret(kind: WarningKind) -> None:
    for made in written(news(kind)):
        assert (made.event, made.webhook, made.is_warning) == (kind, "[warnings]", True)
        if isinstance(made.request, Mail):
            headers, text = read_mail(made.request.message)
            told = f"{headers}{text}"
        else:
            told = made.request.body.decode()
        for secret in ("pw", "secret", "user"):
            assert secret not in told
    assert body(news(kind))["type"] == kind


def test_the_path_of_a_subscriber_is_a_secret() -> None:
    assert shown_url(delivery(webhook="subscription 7", url="https://h.example/a/b?c=d")) == (
        "https://h.example/****?****"
    )
    assert shown_url(delivery(url="http://[")) == "****"
    assert shown_url(mail()) == "mailto:desk@example.com"


def test_an_answer_is_cut_and_moves_no_cursor() -> None:
    nasty = b"\x1b[2J\r\nSubject: x\r\n" + "é".encode() + b"\xff" + b"x" * 9000
    said = answer_of(facts_of(news(answer=nasty)))
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) <= 500
    for made in written(news(answer=nasty)):
        if isinstance(made.request, Mail):
            names = [name for name, _ in read_mail(made.request.message)[0]]
            assert names.count("Subject") == 1


def test_a_name_with_line_breaks_adds_no_header() -> None:
    made = replace(SECRET, webhook="crm\r\nBcc: everybody@example.com")
    (told, *_) = written(news(made=made))
    assert isinstance(told.request, Mail)
    assert "Bcc" not in dict(read_mail(told.request.message)[0])


def test_the_same_incident_has_the_same_ids_and_a_later_one_has_others() -> None:
    again = replace(news(), incident=replace(INCIDENT, since=OCCURRED))
    assert [one.id for one in written(news())] == [one.id for one in written(news())]
    assert not {one.id for one in written(news())} & {one.id for one in written(again)}


def test_nobody_is_told_where_nobody_is_named() -> None:
    assert written(news(), OwnerWarnings()) == []


def test_warnings_are_tried_again_and_go_out_in_order_whatever_call_they_are_of() -> None:
    person, _, program = written(news())
    assert default_policy(person) is MAIL_POLICY
    assert default_policy(program) is WARNING_POLICY
    assert WARNING_POLICY.most_retries == 3
    assert not WARNING_POLICY.breaker_failures
    assert order_of(program, WARNING_POLICY) == "[warnings]"
