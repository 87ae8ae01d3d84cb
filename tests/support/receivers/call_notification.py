"""A subscriber to VoIPGRID's and Voys' call notifications, version 2 (help.voys.co.za, "Call notifications").

All members are always there. A number is E.164 or an account's, never empty. `account_number` is a number
where it can be one. `targets` lists who is rung; `in-progress` and `cold-transfer` name who talks as `target`
too. `reason` is empty until the call has ended. Any 2xx is taken for an answer.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    ISO_DATE,
    JSON,
    Check,
    Description,
    answer_json,
    by_member,
    either,
    list_of,
    members,
    one_of,
    or_null,
    read_json,
    text,
    whole,
)

PARTY = members(
    {
        "number": text(),
        "name": or_null(text()),
        "account_number": or_null(either(whole(least=1), text())),
        "user_numbers": list_of(text()),
        "user_emails": list_of(text(r"\S+@\S+")),
    }
)
TO = {"number": text(), "targets": list_of(PARTY)}


def _told(to: Check, *, reason: Check | None = None, more: dict[str, Check] | None = None) -> Check:
    return members(
        {
            "call_id": text(),
            "timestamp": ISO_DATE,
            "status": text(),
            "version": one_of("v2"),
            "direction": one_of("inbound", "outbound"),
            "caller": PARTY,
            "destination": to,
            "reason": reason or one_of(""),
            **(more or {}),
        }
    )


ONE = members({**TO, "target": PARTY})
REASON = one_of("completed", "busy", "no-answer", "failed", "hangup")
CALL_NOTIFICATION = Description(
    target=r"/[\w/.-]*",
    read={JSON: read_json},
    check=by_member(
        "status",
        {
            "created": _told(members(TO)),
            "ringing": _told(members(TO)),
            "in-progress": _told(ONE),
            "cold-transfer": _told(ONE, more={"merged_id": text(), "redirector": or_null(PARTY)}),
            "ended": _told(members(TO), reason=REASON),
        },
    ),
    accepted=answer_json({}),
    refused=lambda refused: answer_json({"error": str(refused)}, refused.status),
)
