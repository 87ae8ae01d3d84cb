"""A real SIP call through `switchhook serve` becomes one trace at a collector, and a collector that is down costs nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.scheme import AskStep
from switchhook.domain.webhook import ForwardingNumber
from tests.support.answering import answering
from tests.support.collector import Collected, Collector
from tests.support.house import NEXT, Callee, Line, open_house, ring

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
ASKED = "380900000001"


def below(spans: list[Collected], parent: Collected) -> list[str]:
    found = [span for span in spans if span.parent == parent.id]
    return [span.name for span in sorted(found, key=lambda span: (span.start, span.name))]


def test_a_call_is_traced_from_its_invite_to_its_last_delivery(tmp_path: Path) -> None:
    with (
        Collector("401 Unauthorized", "200 OK") as collector,
        answering(f'{{"dst_phone":{NEXT}}}') as port,
    ):
        webhook = ForwardingNumber(name="crm", url=f"http://127.0.0.1:{port}/route")
        line = Line(number=ASKED, steps=(AskStep(webhook="crm"), ring(NEXT)), webhooks=(webhook,))
        settings = {"otel_endpoint": collector.url("/"), "otel_headers": "x-api-key = k1"}
        with open_house(tmp_path, (line,), callee=Callee(), settings=settings) as house:
            house.call(ASKED)  # its trace is refused
            house.server.wait_for_log(lambda entry: entry.get("event") == "traces not exported")
            story = house.call(ASKED)
            (root,) = collector.wait_for("incoming call", 2)[1:]
            house.server.wait_for_log(lambda entry: entry.get("event") == "traces exported again")
        first, second = collector.ledger.requests
        spans = [span for span in collector.spans if span.trace == root.trace]
        log = [json.loads(entry) for entry in house.server.log if entry.startswith("{")]

    assert {request.path for request in (first, second)} == {"/v1/traces"}
    assert second.header("x-api-key") == "k1"
    assert root.attributes["switchhook.call.id"] == story.id
    assert root.attributes["switchhook.call.outcome"] == "answered"
    assert root.attributes["switchhook.call.caller"] == f"****{story.who[-2:]}"
    assert story.who not in str(spans)
    assert sorted(below(spans, root)) == [
        "ask crm",
        "deliver incoming.after",
        "deliver incoming.before",
        "ring number",
    ]
    ask, leg = (next(s for s in spans if s.name == name) for name in ("ask crm", "ring number"))
    assert ask.attributes["url.full"] == f"http://127.0.0.1:{port}/route"
    assert ask.attributes["http.response.status_code"] == 200
    assert ask.attributes["switchhook.phase.total"] > 0
    assert root.start <= ask.start <= ask.end <= leg.start <= leg.end <= root.end
    assert leg.attributes["switchhook.leg.answered"]
    told = [span for span in spans if span.name.startswith("deliver")]
    assert [below(spans, one) for one in told] == [["POST"], ["POST"]]
    assert not any(span.is_error for span in spans)

    ended = [entry for entry in log if entry.get("event") == "call ended"][-1]
    assert (ended["call"], ended["answered_by"], ended["asks"]) == (story.id, NEXT, 1)
    # The libraries write no lines of their own.
    assert not [
        entry for entry in house.server.log if "Failed to export" in entry and "{" not in entry
    ]
