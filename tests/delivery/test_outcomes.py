"""Each settled delivery is one line of the log, with all that it is searched by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.delivery.outcomes import UNWANTED, log_settled
from tests.support.promises import DOWN, attempt, delivery

if TYPE_CHECKING:
    from switchhook.domain.failure import Failure


@pytest.mark.parametrize(
    ("failure", "event", "level", "why"),
    [
        (None, "delivery succeeded", "debug", {}),
        (DOWN, "delivery failed", "warning", {"failure": "status: answered 503"}),
        (UNWANTED, "delivery not sent", "info", {"reason": str(UNWANTED)}),
    ],
    ids=["succeeded", "failed", "not-sent"],
)
def test_a_settled_delivery_is_one_line(
    failure: Failure | None, event: str, level: str, why: dict[str, str]
) -> None:
    promised = delivery("c1", 4)
    with capture_logs() as lines:
        log_settled(promised, attempt(promised, number=3, failure=failure), after=12.3456)
    assert lines == [
        {
            "event": event,
            "log_level": level,
            "delivery": "c1.4.crm",
            "project": "shop",
            "call": "c1",
            "webhook": "crm",
            "told": "incoming.after",
            "attempts": 3,
            "status": 200 if failure is None else 503,
            "seconds": 12.346,
            **why,
        }
    ]
