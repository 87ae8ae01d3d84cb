"""Zammad's generic CTI (docs.zammad.org, "Generic CTI": newCall, answer and hangup events).

Each event is a POST to `/api/v1/cti/TOKEN`, as JSON or as a form. Numbers are written as they are dialled, with
their country code or a leading zero, or `anonymous`; of others its source (app/models/cti/caller_id.rb)
drops what is no digit, so a `+` does no harm. `callId` has 250 characters at most, and is the same in all
events of a call. In a form, names of people are `user[]`. The answer is
`{}`; 401 for another token, 422 for another direction.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    FORM,
    JSON,
    Description,
    answer_json,
    by_member,
    either,
    list_of,
    members,
    one_of,
    read_form,
    read_json,
    text,
)

EVERY = {
    "event": text(),
    "from": text(r"\+?[0-9]+|anonymous"),
    "to": text(r"\+?[0-9]+"),
    "direction": one_of("in", "out"),
    "callId": text(most=250),
}
NAMES = {"user": either(text(), list_of(text(), least=1)), "user[]": list_of(text(), least=1)}
ANSWERED_BY = {**NAMES, "answeringNumber": text()}
CAUSE = one_of(
    "normalClearing", "busy", "cancel", "noAnswer", "congestion", "notFound", "forwarded"
)
ZAMMAD = Description(
    target=r"/api/v1/cti/[0-9A-Za-z]+",
    read={JSON: read_json, FORM: read_form},
    check=by_member(
        "event",
        {
            "newCall": members(EVERY, {**NAMES, "queue": text()}),
            "answer": members(EVERY, ANSWERED_BY),
            "hangup": members({**EVERY, "cause": CAUSE}, ANSWERED_BY),
        },
    ),
    accepted=answer_json({}),
    refused=lambda refused: answer_json({"error": str(refused)}, refused.status),
)
