"""What a real server tells Prometheus after calls that were asked for, failed to be, and rejected."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from switchhook.domain.scheme import AskStep
from switchhook.domain.webhook import ForwardingNumber
from tests.support.answering import answering
from tests.support.house import NEXT, Callee, Line, open_house, ring
from tests.support.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import Server

pytestmark = pytest.mark.slow
TOKEN = "metrics-token-of-the-house"
ASKED, LOST, UNKNOWN = "380900000001", "380900000002", "380900000099"


def told(server: Server) -> dict[str, float]:
    request = urllib.request.Request(f"http://127.0.0.1:{server.web_port}/metrics")
    request.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
    return {
        " ".join((one.name, *one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def asking(number: str, url: str) -> Line:
    webhook = ForwardingNumber(name=number, url=url)
    steps = (AskStep(webhook=number), ring(NEXT))
    return Line(number=number, steps=steps, webhooks=(webhook,))


def test_a_server_tells_of_its_calls_asks_and_deliveries(tmp_path: Path) -> None:
    with (
        answering(f'{{"dst_phone":{NEXT}}}') as port,
        open_house(
            tmp_path,
            (
                asking(ASKED, f"http://127.0.0.1:{port}/"),
                asking(LOST, f"http://127.0.0.1:{free_port()}/"),
            ),
            callee=Callee(),
            settings={"metrics_token": TOKEN},
        ) as house,
    ):
        house.call(ASKED)
        house.call(LOST)
        with house.caller(UNKNOWN) as caller:
            assert caller.wait() != 0
        found = told(house.server)
        assert found["switchhook_calls_total incoming answered"] == 2
        assert found["switchhook_call_talk_seconds_total"] > 0
        assert found["switchhook_calls_rejected_total 404"] == 1
        assert found["switchhook_asks_total forwarding-number ok"] == 1
        assert found["switchhook_asks_total forwarding-number refused"] == 1
        assert found["switchhook_ask_seconds_count"] == 2
        assert found["switchhook_delivery_attempts_total ok"] >= 4
        assert found["switchhook_delivery_attempt_seconds_count"] >= 4
        assert found["switchhook_calls_running"] == 0
        assert found["switchhook_event_loop_delay_seconds_count"] > 0
