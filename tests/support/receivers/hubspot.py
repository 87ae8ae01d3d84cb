"""HubSpot's calls (developers.hubspot.com, "Activities | Calls"; its OpenAPI description of `/crm/v3/objects/calls`).

Every property is text, also a duration in milliseconds; `hs_timestamp` is required, in Unix milliseconds
or UTC. `properties` and `associations` are both required in the OpenAPI description. 201 with the new
object, or an error with `category`.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    DIGITS,
    JSON,
    PHONE,
    Description,
    answer_json,
    list_of,
    members,
    one_of,
    read_json,
    text,
    whole,
)

PROPERTIES = members(
    {
        "hs_timestamp": text(
            r"[0-9]{13}|[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z"
        )
    },
    {
        "hs_call_body": text(),
        "hs_call_direction": one_of("INBOUND", "OUTBOUND"),
        "hs_call_duration": DIGITS,
        "hs_call_from_number": PHONE,
        "hs_call_recording_url": text(r"https://\S+"),
        "hs_call_source": one_of("INTEGRATIONS_PLATFORM"),
        "hs_call_status": one_of(
            *("BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING", "FAILED"),
            *("IN_PROGRESS", "NO_ANSWER", "QUEUED", "RINGING"),
        ),
        "hs_call_title": text(),
        "hs_call_to_number": PHONE,
        "hubspot_owner_id": DIGITS,
    },
)
ASSOCIATION = members(
    {
        "to": members({"id": DIGITS}),
        "types": list_of(
            members(
                {
                    "associationCategory": one_of(
                        "HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED"
                    ),
                    "associationTypeId": whole(least=1),
                }
            ),
            least=1,
        ),
    }
)
HUBSPOT = Description(
    target="/crm/v3/objects/calls",
    authorization=r"Bearer pat-[\w-]+",
    read={JSON: read_json},
    check=members({"properties": PROPERTIES, "associations": list_of(ASSOCIATION)}),
    accepted=answer_json({"id": "51", "properties": {}}, "201 Created"),
    refused=lambda refused: answer_json(
        {"status": "error", "message": str(refused), "category": "VALIDATION_ERROR"}, refused.status
    ),
)
