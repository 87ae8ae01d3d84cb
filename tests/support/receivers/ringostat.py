"""A program that was written for Ringostat's webhooks: names and values of its calls API.

The webhook's names are the person's own choice there; those of the calls API (help.ringostat.com, "Calls
API", calls/list) are what programs know: caller, dst, disposition, calldate and so on. All values are text.
System names of statuses and call types are those that public client code lists. Only 200 counts there.
"""

from __future__ import annotations

from tests.support.receivers.base import (
    DIGITS,
    JSON,
    PHONE,
    STANDARD_DATE,
    Description,
    answer_json,
    members,
    one_of,
    read_json,
    text,
)
from tests.support.wire import reply

ANYTHING = text(r"(?s).*")
YES_NO = one_of("0", "1", "")
RINGOSTAT = Description(
    target=r"/[\w/.-]*",
    read={JSON: read_json},
    check=members(
        {
            "uniqueid": text(),
            "calldate": STANDARD_DATE,
            "caller": PHONE,
            "dst": PHONE,
            "call_type": one_of("in", "out", "callback", "transitin", "transitout"),
            "disposition": one_of(
                *("ANSWERED", "PROPER", "REPEATED", "NO ANSWER", "FAILED", "BUSY", "NO-FORWARD"),
                *("VOICEMAIL", "WRONG EXTENSION", "NO EXTENSION", "CLIENT NO ANSWER"),
                *("FAILED FORBIDDEN DESTINATION", "DECLINE"),
            ),
            "duration": DIGITS,
            "waittime": DIGITS,
            "billsec": DIGITS,
        },
        {
            "proper_flag": YES_NO,
            "repeated_flag": YES_NO,
            "call_counter": text(r"[0-9]*"),
            **dict.fromkeys(
                (
                    *("connected_with", "employee_fio", "employee_number", "department"),
                    *("scheme_name", "pool_name", "additional_number", "client_id", "remote_ip"),
                    *("landing", "refferrer", "recording", "recording_wav"),
                    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
                ),
                ANYTHING,
            ),
        },
    ),
    accepted=reply("OK"),
    refused=lambda refused: answer_json({"error": str(refused)}, refused.status),
)
