"""What an endpoint reports under a good status is told, and makes no failure of a delivery."""

from __future__ import annotations

import pytest

from switchhook.domain.failure import Failure, FailureKind
from switchhook.views.event_answer import notice_of
from tests.support.promises import attempt, delivery, mail

RPC = delivery(body=b'{"jsonrpc":"2.0","method":"m","params":{},"id":"d"}')
ERROR = b'{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"d"}'


def notice(answer: bytes, failure: Failure | None = None) -> str:
    return notice_of(RPC, attempt(RPC, answer=answer, failure=failure))


@pytest.mark.row("S-44")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ERROR, "the endpoint reported JSON-RPC error -32601: Method not found"),
        (b'{"error":"no"}', "the endpoint reported a JSON-RPC error: no"),
        (b'{"error":{}}', "the endpoint reported JSON-RPC error None: None"),
        (b'{"jsonrpc":"2.0","result":1,"error":null,"id":"d"}', ""),
        (b'{"jsonrpc":"2.0","result":"ok","id":"d"}', ""),
        (b"", ""),
        (b"noted", ""),
        (b'"error"', ""),
        (b'["error"]', ""),
        (b'{"error":"\xff"}', ""),
        (b"[" * 4096, ""),
    ],
)
def test_an_error_under_a_good_status_is_a_notice(answer: bytes, said: str) -> None:
    assert notice(answer) == said


def test_a_failure_says_enough_by_itself() -> None:
    assert notice(ERROR, Failure(kind=FailureKind.STATUS, detail="answered 503")) == ""


def test_other_requests_know_no_such_error() -> None:
    told = delivery(body=b'{"caller":"1"}')

    assert notice_of(told, attempt(told, answer=ERROR)) == ""


def test_a_mail_server_reports_no_json_rpc_error() -> None:
    assert notice_of(mail(), attempt(mail(), answer=ERROR)) == ""
