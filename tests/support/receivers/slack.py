"""Slack's incoming webhooks (docs.slack.dev, "Sending messages using incoming webhooks").

The answer is the text `ok`, or 400 with a code such as `invalid_payload` or `no_text`; 404 `no_service`
for a webhook that is not there. In `text`, `&`, `<` and `>` are control characters unless they are
written as entities ("Formatting message text"), so bare ones are refused: a caller's name could
call the whole channel with them.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    JSON,
    Description,
    Refused,
    flag,
    list_of,
    members,
    read_json,
    text,
)
from tests.support.wire import reply


def _refused(refused: Refused) -> bytes:
    code = "no_service" if refused.status.startswith("404") else "invalid_payload"
    return reply("no_text" if str(refused).endswith("no text") else code, status=refused.status)


SLACK = Description(
    target=r"/services/T[0-9A-Z]+/B[0-9A-Z]+/[0-9A-Za-z]+",
    read={JSON: read_json},
    check=members(
        {"text": text(r"(?s)(?:[^&<>]|&(?:amp|lt|gt);)+", most=40_000)},
        {
            "blocks": list_of(members({"type": text()}, {"text": members({"type": text()})})),
            "mrkdwn": flag,
            "thread_ts": text(r"[0-9]+\.[0-9]+"),
            "unfurl_links": flag,
            "unfurl_media": flag,
        },
    ),
    accepted=reply("ok", content_type="text/html"),
    refused=_refused,
)
