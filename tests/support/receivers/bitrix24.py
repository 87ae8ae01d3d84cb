"""A new lead in Bitrix24 by an inbound webhook (apidocs.bitrix24.com, crm.lead.add).

The URL carries the user and the webhook's secret. `PHONE` is a multiple field: a list of objects with VALUE
and VALUE_TYPE. The answer has the new lead's id as `result`, or `error` and `error_description`. The methods
of telephony (telephony.externalCall.register, .finish) take no inbound webhook, only an application.
"""

from __future__ import annotations

from tests.support.receivers.base import (
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

NUMBER = members(
    {
        "VALUE": PHONE,
        "VALUE_TYPE": one_of("WORK", "MOBILE", "FAX", "HOME", "PAGER", "MAILING", "OTHER"),
    }
)
FIELDS = members(
    {"TITLE": text(most=255), "PHONE": list_of(NUMBER, least=1)},
    {
        "ASSIGNED_BY_ID": whole(least=1),
        "COMMENTS": text(),
        "NAME": text(),
        "OPENED": one_of("Y", "N"),
        "ORIGINATOR_ID": text(),
        "ORIGIN_ID": text(),
        "SOURCE_DESCRIPTION": text(),
        "SOURCE_ID": one_of(
            *("CALL", "EMAIL", "WEB", "ADVERTISING", "PARTNER", "RECOMMENDATION", "TRADE_SHOW"),
            *("WEBFORM", "CALLBACK", "RC_GENERATOR", "STORE", "OTHER"),
        ),
        "STATUS_ID": one_of("NEW", "IN_PROCESS", "PROCESSED", "JUNK", "CONVERTED"),
        **dict.fromkeys(
            ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM"), text(r".*")
        ),
    },
)
BITRIX24 = Description(
    target=r"/rest/[0-9]+/[0-9a-z]+/crm\.lead\.add(?:\.json)?",
    read={JSON: read_json},
    check=members(
        {"fields": FIELDS}, {"params": members({}, {"REGISTER_SONET_EVENT": one_of("Y", "N")})}
    ),
    accepted=answer_json({"result": 3465, "time": {"start": 1705764932.9}}),
    refused=lambda refused: answer_json(
        {"error": "", "error_description": str(refused)}, refused.status
    ),
)
