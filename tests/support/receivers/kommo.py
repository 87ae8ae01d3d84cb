"""Calls of Kommo, formerly amoCRM (amocrm.ru/developers, "Звонки", POST /api/v4/calls).

The body is an array of calls, also for one. `direction`, `duration` (whole seconds), `source` and `phone`
are required. `call_status`: 1 left a message, 2 call back, 3 not there, 4 talked, 5 wrong number,
6 did not get through, 7 busy. Moments are Unix seconds. A long-lived token opens it. The answer is 200
with what was added, or `application/problem+json`.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    JSON,
    PHONE,
    Description,
    Refused,
    answer_json,
    list_of,
    members,
    one_of,
    read_json,
    text,
    whole,
)

MOMENT = whole(least=1_000_000_000, most=9_999_999_999)
CALL = members(
    {
        "direction": one_of("inbound", "outbound"),
        "duration": whole(least=0),
        "source": text(),
        "phone": PHONE,
    },
    {
        "uniq": text(),
        "link": text(r"https?://\S+"),
        "call_result": text(),
        "call_status": whole(least=1, most=7),
        "responsible_user_id": whole(least=1),
        "created_by": whole(least=0),
        "updated_by": whole(least=0),
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "request_id": text(),
    },
)


def _refused(refused: Refused) -> bytes:
    problem = {
        "title": refused.status[4:],
        "status": int(refused.status[:3]),
        "detail": str(refused),
    }
    return answer_json(problem, refused.status, "application/problem+json")


KOMMO = Description(
    target="/api/v4/calls",
    authorization=r"Bearer [\w.-]+",
    read={JSON: read_json},
    check=list_of(CALL, least=1, most=250),
    accepted=answer_json({"_total_items": 1, "errors": [], "_embedded": {"calls": [{"id": 1}]}}),
    refused=_refused,
)
