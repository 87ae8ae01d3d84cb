"""An exchange is shown both ways as it went over the wire, without secrets, with the time of each part."""

from __future__ import annotations

from dataclasses import replace

from switchhook.operations.history import DeliveryStory
from switchhook.storage.records import DeliveryRow, DeliveryState
from switchhook.views.whole_exchanges import whole_asks, whole_delivery
from switchhook.webhooks.http import HttpRequest
from tests.support.promises import DOWN, attempt, delivery, mail
from tests.support.whole_call import CALLER, EVIL, SECRET, journal


def test_an_ask_has_both_sides_and_its_phases_in_order() -> None:
    (told,) = whole_asks(journal())

    assert told["sent"].splitlines()[:3] == [
        "POST https://crm.example/route?****",
        "Host: crm.example",
        "Authorization: ****",
    ]
    assert told["sent"].endswith(f'\n\n{{"caller":"{CALLER}","name":"{EVIL}"}}')
    assert told["received"] == (
        f'HTTP 200\ncontent-type: application/json\nx-odd: {EVIL}\n\n{{"name": "{EVIL}"}}'
    )
    assert list(told["phases"].items()) == [
        ("dns", 0.01),
        ("connect", 0.02),
        ("tls", 0.03),
        ("headers", 0.05),
        ("body", 0.005),
    ]
    assert told["curl"].startswith(
        "curl --request POST --url 'https://crm.example/route?****' --header 'Authorization: ****'"
    )


def test_one_that_is_not_answered_yet_has_no_command() -> None:
    (told,) = whole_asks(journal()[:3])
    assert (told["sent"], told["received"], told["curl"], told["phases"]) == ("", "", "", {})


def test_a_delivery_has_each_attempt_and_no_secret() -> None:
    promised = delivery()
    headers = (("Authorization", f"Bearer {SECRET}"), ("Content-Type", "application/json"))
    assert isinstance(promised.request, HttpRequest)
    promised = replace(promised, request=replace(promised.request, headers=headers))
    facts = (("address", "192.0.2.7"), ("seconds_dns", "0.0100"), ("header_retry-after", "5"))
    failed = replace(attempt(promised, failure=DOWN, answer=b"down"), facts=facts)
    row = DeliveryRow(number=1, delivery=promised, state=DeliveryState.FAILED, latest=failed)
    told = whole_delivery(DeliveryStory(row=row, attempts=(failed,)))

    assert SECRET not in str(told)
    assert told["sent"].startswith("POST https://crm.example/calls\nAuthorization: ****\n")
    (tried,) = told["attempts"]
    assert (tried["address"], tried["phases"]) == ("192.0.2.7", {"dns": 0.01})
    assert tried["received"] == "HTTP 503\nretry-after: 5\n\ndown"


def test_a_mail_is_no_request_of_curl() -> None:
    promised = mail()
    row = DeliveryRow(number=1, delivery=promised, state=DeliveryState.PENDING, latest=None)
    assert whole_delivery(DeliveryStory(row=row, attempts=()))["curl"] == ""
