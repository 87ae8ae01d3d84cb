"""A Teams channel's workflow "Send webhook alerts to a channel" (Microsoft Learn, adaptivecards.io).

The page is "Create incoming webhooks with Workflows for Microsoft Teams". A message has an array of attachments, each an Adaptive Card. The URL carries its signature. A message
may have 28 KB. What is taken is answered with 202 and no body.
"""

from __future__ import annotations

from typing import Any

from tests.support.receivers.base import (
    JSON,
    Description,
    Refused,
    answer_json,
    by_member,
    flag,
    list_of,
    members,
    one_of,
    read_json,
    text,
)
from tests.support.wire import reply

MOST = 28 * 1024


def _read(body: bytes) -> Any:
    if len(body) > MOST:
        raise Refused("more than 28 KB", "413 Content Too Large")
    return read_json(body)


LOOK = {
    "color": one_of("default", "dark", "light", "accent", "good", "warning", "attention"),
    "isSubtle": flag,
    "separator": flag,
    "size": one_of("small", "default", "medium", "large", "extraLarge"),
    "spacing": one_of("none", "small", "default", "medium", "large", "extraLarge", "padding"),
    "weight": one_of("lighter", "default", "bolder"),
    "wrap": flag,
}
FACT = members({"title": text(), "value": text()})
ELEMENT = by_member(
    "type",
    {
        "TextBlock": members({"type": text(), "text": text()}, LOOK),
        "FactSet": members({"type": text(), "facts": list_of(FACT, least=1)}),
    },
)
CARD = members(
    {
        "type": one_of("AdaptiveCard"),
        "version": text(r"1\.[0-5]"),
        "body": list_of(ELEMENT, least=1),
    },
    {
        "$schema": one_of("http://adaptivecards.io/schemas/adaptive-card.json"),
        "msteams": members({"width": one_of("Full")}),
    },
)
TEAMS = Description(
    target=r"/workflows/[0-9a-f]{32}/triggers/manual/paths/invoke\?api-version=[0-9-]+&sp=[^&]+&sv=1\.0&sig=[\w-]+",
    read={JSON: _read},
    check=members(
        {
            "type": one_of("message"),
            "attachments": list_of(
                members(
                    {
                        "contentType": one_of("application/vnd.microsoft.card.adaptive"),
                        "content": CARD,
                    },
                    {"contentUrl": one_of(None)},
                ),
                least=1,
            ),
        }
    ),
    accepted=reply(status="202 Accepted"),
    refused=lambda refused: answer_json({"error": {"message": str(refused)}}, refused.status),
)
