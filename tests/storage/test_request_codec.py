"""A delivery's request is read back byte for byte, whatever carries it, and one that cannot be says so."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given

from switchhook.storage.delivery import DeliveryRequest
from switchhook.storage.records import StoreError, UnreadableError
from switchhook.storage.request_codec import (
    HTTP,
    MAIL,
    decode_request,
    encode_request,
)
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Mail
from tests.support.promises import delivery, mail, mails, requests

EXAMPLES = (delivery().request, mail().request)


@given(requests | mails)
def test_a_request_is_read_back_equal(made: DeliveryRequest) -> None:
    assert decode_request(*encode_request(made)) == made


def test_each_transport_has_a_form_of_its_own() -> None:
    assert {type(made) for made in EXAMPLES} == set(get_args(DeliveryRequest))
    assert [encode_request(made) for made in EXAMPLES] == [
        (
            "http",
            '["POST","https://crm.example/calls",[["Host","crm.example"],["Content-Length","17"]]]',
            b'{"event":"after"}',
        ),
        (
            "mail",
            '["pbx@acme.example","desk@example.com"]',
            b"Message-ID: <c1.1>\r\n\r\nA call was missed.\r\n",
        ),
    ]


@pytest.mark.parametrize("damaged", ["", "{}", '["POST"]', "[1, 2]", '["POST", "url", [["Host"]]]'])
@pytest.mark.parametrize("transport", [HTTP, MAIL])
def test_a_damaged_envelope_says_so(transport: str, damaged: str) -> None:
    with pytest.raises(UnreadableError, match="a stored value cannot be read"):
        decode_request(transport, damaged, b"")


def test_a_transport_of_a_later_version_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="goes by 'sms', which this version does not know"):
        decode_request("sms", "[]", b"")


def test_text_that_no_file_can_hold_is_refused() -> None:
    for made in (
        HttpRequest(method="GET", url="https://crm.example/\ud800", headers=()),
        Mail(sender="pbx@acme.example", recipient="\ud800@example.com", message=b""),
    ):
        with pytest.raises(StoreError, match="the value cannot be stored"):
            encode_request(made)
