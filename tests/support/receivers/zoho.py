"""A call in Zoho CRM by a function that is called as a REST API (zoho.com/crm/developer, "Exposing Functions as REST APIs").

OAuth tokens of Zoho live for an hour, so a webhook calls a standalone function by its API key, which the URL
carries. The function makes a record of the module Calls from the JSON body: `Subject`, `Call_Type`,
`Call_Start_Time` in ISO 8601 with its zone and `Call_Duration` as minutes and seconds are required there
("Insert Records"; public clients of the module). The answer says `function executed successfully`.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    ISO_DATE,
    JSON,
    Description,
    Refused,
    answer_json,
    members,
    one_of,
    read_json,
    text,
)


def _refused(refused: Refused) -> bytes:
    return answer_json(
        {"code": "INVALID_DATA", "details": {}, "message": str(refused), "status": "error"},
        refused.status,
    )


ZOHO = Description(
    target=r"/crm/v[0-9]/functions/\w+/actions/execute\?auth_type=apikey&zapikey=[0-9a-f.]+",
    read={JSON: read_json},
    check=members(
        {
            "Subject": text(most=255),
            "Call_Type": one_of("Inbound", "Outbound", "Missed"),
            "Call_Start_Time": ISO_DATE,
            "Call_Duration": text(r"[0-9]{1,4}:[0-5][0-9]"),
        },
        {"Description": text(), "Dialled_Number": text(r"\+?[0-9]+")},
    ),
    accepted=answer_json(
        {
            "code": "success",
            "details": {"output": "", "output_type": "string"},
            "message": "function executed successfully",
        }
    ),
    refused=_refused,
)
