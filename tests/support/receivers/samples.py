"""What each receiver takes: where it is spoken to, and bodies as its public description shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from tests.support.receivers.base import FORM, JSON, Description
from tests.support.receivers.bitrix24 import BITRIX24
from tests.support.receivers.call_notification import CALL_NOTIFICATION
from tests.support.receivers.google_form import GOOGLE_FORM
from tests.support.receivers.hubspot import HUBSPOT
from tests.support.receivers.kommo import KOMMO
from tests.support.receivers.odoo import ODOO
from tests.support.receivers.ringostat import RINGOSTAT
from tests.support.receivers.roistat import ROISTAT
from tests.support.receivers.slack import SLACK
from tests.support.receivers.teams import TEAMS
from tests.support.receivers.telegram import TELEGRAM
from tests.support.receivers.zammad import ZAMMAD
from tests.support.receivers.zoho import ZOHO
from tests.support.wire import Received


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One receiver, where it is, and what it takes."""

    receiver: Description
    target: str
    bodies: tuple[Any, ...]
    """Values as they are read."""
    authorization: str = ""
    media_type: str = JSON
    optional: frozenset[str] = frozenset()
    """Names in the bodies that may be left out."""
    loose: frozenset[str] = frozenset()
    """Names whose value may be of another type too."""
    nullable: frozenset[str] = frozenset()
    """Names whose value may be null too."""


def posted(
    sample: Sample,
    body: bytes,
    *,
    method: str = "POST",
    target: str = "",
    authorization: str | None = None,
    media_type: str = "",
) -> Received:
    """Return a request to the receiver, as a client would write it."""
    authorization = sample.authorization if authorization is None else authorization
    lines = [
        f"{method} {target or sample.target} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {media_type or sample.media_type}",
        *([f"Authorization: {authorization}"] if authorization else []),
        f"Content-Length: {len(body)}",
        *("", ""),
    ]
    return Received(at=0.0, raw="\r\n".join(lines).encode() + body, connection=1)


def written(sample: Sample, values: Any) -> bytes:
    """Write a body of the sample's media type."""
    if sample.media_type == JSON:
        return json.dumps(values, ensure_ascii=False).encode()
    pairs = [
        (name, each)
        for name, value in values.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()


ALICE = {
    "number": "201",
    "name": "Alice",
    "account_number": 201,
    "user_numbers": ["201"],
    "user_emails": ["alice@example.com"],
}
CUSTOMER: dict[str, Any] = {
    "number": "+31508009008",
    "name": None,
    "account_number": None,
    "user_numbers": [],
    "user_emails": [],
}
NOTIFICATION = {
    "call_id": "1563629859.000482915513",
    "timestamp": "2019-07-20T13:37:39+00:00",
    "status": "ringing",
    "version": "v2",
    "direction": "inbound",
    "caller": CUSTOMER,
    "destination": {"number": "+31508009000", "targets": [ALICE]},
    "reason": "",
}
NEW_CALL = {
    "event": "newCall",
    "from": "493055571600",
    "to": "49221470334",
    "direction": "in",
    "callId": "307fa962-de8d-4ffc-817b-7f6993204159",
}
ROISTAT_MOMENT = {
    "id": "313",
    "caller": "12125096995",
    "callee": "12125097518",
    "visit_id": "123456",
    "marker": "fb_new",
    "order_id": 123456789,
    "date": "2019-02-19 00:00:00",
    "google_client_id": "111111111.1111111111",
    "custom_fields": [],
    "landing_page": "test.com/new",
    "domain": "test.com",
    "city": "New York",
    "country": "USA",
    "ip": "161.185.160.93",
    "first_visit": "1001",
    "referrer": "fb.com",
    "utm_source": None,
    "utm_medium": None,
    "utm_campaign": None,
    "utm_term": None,
    "utm_content": None,
    "roistat_param_1": None,
    "roistat_param_2": None,
    "roistat_param_3": None,
    "roistat_param_4": None,
    "roistat_param_5": None,
    "source_level_1": "fb",
    "source_level_2": "new",
}
ROISTAT_AFTER = ROISTAT_MOMENT | {"status": "ANSWER", "file_id": None, "duration": 20, "link": ""}
CARD = {
    "type": "message",
    "attachments": [
        {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "body": [
                    {"type": "TextBlock", "text": "Missed call", "weight": "bolder", "wrap": True},
                    {"type": "FactSet", "facts": [{"title": "From", "value": "+380441112233"}]},
                ],
            },
        }
    ],
}
SAMPLES = {
    "bitrix24": Sample(
        receiver=BITRIX24,
        target="/rest/1/t3x8k2m9q4w7z1c5/crm.lead.add.json",
        bodies=(
            {
                "fields": {
                    "TITLE": "Missed call from +79062195047",
                    "PHONE": [{"VALUE": "+79062195047", "VALUE_TYPE": "WORK"}],
                    "SOURCE_ID": "CALL",
                    "OPENED": "Y",
                    "ASSIGNED_BY_ID": 1,
                },
                "params": {"REGISTER_SONET_EVENT": "Y"},
            },
        ),
        optional=frozenset(
            ("SOURCE_ID", "OPENED", "ASSIGNED_BY_ID", "params", "REGISTER_SONET_EVENT")
        ),
    ),
    "call_notification": Sample(
        receiver=CALL_NOTIFICATION,
        target="/h/1",
        bodies=(
            NOTIFICATION,
            NOTIFICATION
            | {"status": "created", "destination": {"number": "+31508009000", "targets": []}},
            NOTIFICATION
            | {
                "status": "in-progress",
                "destination": {"number": "+31508009000", "targets": [ALICE], "target": ALICE},
            },
            NOTIFICATION
            | {
                "status": "ended",
                "reason": "completed",
                "destination": {"number": "+31508009000", "targets": [ALICE]},
            },
        ),
        loose=frozenset(("account_number",)),
        nullable=frozenset(("name",)),
    ),
    "google_form": Sample(
        receiver=GOOGLE_FORM,
        target="/forms/d/e/1FAIpQLSc0ffee-_form/formResponse",
        media_type=FORM,
        bodies=(
            {
                "entry.1000001": "2018-08-13 11:11:11",
                "entry.1000002": "+380441112233",
                "entry.1000003": "+380442223344",
                "entry.1000004": "NO ANSWER",
                "entry.1000005": "0",
                "entry.1000006": "",
            },
        ),
        optional=frozenset(("entry.1000006",)),
        loose=frozenset(("entry.1000006",)),
    ),
    "hubspot": Sample(
        receiver=HUBSPOT,
        target="/crm/v3/objects/calls",
        authorization="Bearer pat-eu1-00000000-0000-0000-0000-000000000000",
        bodies=(
            {
                "properties": {
                    "hs_timestamp": "2021-03-17T01:32:44.872Z",
                    "hs_call_title": "Support call",
                    "hubspot_owner_id": "11349275740",
                    "hs_call_body": "Resolved issue",
                    "hs_call_direction": "INBOUND",
                    "hs_call_duration": "3800",
                    "hs_call_from_number": "+15551234567",
                    "hs_call_to_number": "+15557654321",
                    "hs_call_status": "COMPLETED",
                },
                "associations": [],
            },
            {"properties": {"hs_timestamp": "1534147871000"}, "associations": []},
        ),
        optional=frozenset(
            (
                *("hs_call_title", "hubspot_owner_id", "hs_call_body", "hs_call_direction"),
                *("hs_call_duration", "hs_call_from_number", "hs_call_to_number", "hs_call_status"),
            )
        ),
    ),
    "kommo": Sample(
        receiver=KOMMO,
        target="/api/v4/calls",
        authorization="Bearer eyJ0eXAi.eyJhdWQi.c2ln",
        bodies=(
            [
                {
                    "direction": "inbound",
                    "uniq": "8ee07bc7-dd5b-4dcd-ba2f-9d2ce9fdb2ea",
                    "duration": 121,
                    "source": "Switchhook",
                    "phone": "+79998887766",
                    "call_status": 4,
                    "created_at": 1534147871,
                }
            ],
        ),
        optional=frozenset(("uniq", "call_status", "created_at")),
    ),
    "odoo": Sample(
        receiver=ODOO,
        target="/json/2/crm.lead/create",
        authorization="bearer 6578616d706c65206a736f6e20617069206b6579",
        bodies=(
            {
                "vals_list": [
                    {
                        "name": "Missed call",
                        "phone": "+3281813700",
                        "type": "lead",
                        "description": "It rang for 20 s.",
                    }
                ]
            },
        ),
        optional=frozenset(("phone", "type", "description")),
    ),
    "ringostat": Sample(
        receiver=RINGOSTAT,
        target="/hook",
        bodies=(
            {
                "uniqueid": "1534147871.482915",
                "calldate": "2018-08-13 11:11:11",
                "caller": "380441112233",
                "dst": "380442223344",
                "call_type": "in",
                "disposition": "ANSWERED",
                "duration": "20",
                "waittime": "8",
                "billsec": "12",
                "proper_flag": "1",
                "utm_source": "google",
            },
        ),
        optional=frozenset(("proper_flag", "utm_source")),
    ),
    "roistat": Sample(
        receiver=ROISTAT,
        target="/roistat",
        bodies=(
            ROISTAT_MOMENT,
            ROISTAT_AFTER,
            ROISTAT_AFTER | {"custom_fields": {"Field": "v"}, "file_id": "7", "order_id": None},
        ),
        loose=frozenset(("custom_fields", "file_id", "order_id")),
        nullable=frozenset(ROISTAT_AFTER)
        - {"id", "caller", "callee", "date", "order_id", "status", "duration", "link"},
        optional=frozenset(("Field",)),
    ),
    "slack": Sample(
        receiver=SLACK,
        target="/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        bodies=({"text": "Missed call from +380441112233 &amp; more", "unfurl_links": False},),
        optional=frozenset(("unfurl_links",)),
    ),
    "teams": Sample(
        receiver=TEAMS,
        target=(
            "/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke"
            "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=c2lnbmF0dXJl"
        ),
        bodies=(CARD,),
        optional=frozenset(("contentUrl", "$schema", "weight", "wrap")),
    ),
    "telegram": Sample(
        receiver=TELEGRAM,
        target="/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/sendMessage",
        bodies=(
            {"chat_id": "-1001234567890", "text": "Missed call", "disable_notification": True},
            {"chat_id": -1001234567890, "text": "Missed call"},
        ),
        optional=frozenset(("disable_notification",)),
        loose=frozenset(("chat_id",)),
    ),
    "zammad": Sample(
        receiver=ZAMMAD,
        target="/api/v1/cti/PhXp3ZG63QyJfcb1pVOnBKJWIbI",
        media_type=FORM,
        bodies=(
            NEW_CALL,
            NEW_CALL | {"from": "anonymous", "user[]": ["Emma Taylor", "Alice"]},
            NEW_CALL | {"event": "answer", "answeringNumber": "emma@chrispresso.com"},
            NEW_CALL | {"event": "hangup", "cause": "normalClearing"},
        ),
        optional=frozenset(("user[]", "answeringNumber")),
        loose=frozenset(("callId", "user[]", "answeringNumber")),
    ),
    "zoho": Sample(
        receiver=ZOHO,
        target="/crm/v7/functions/add_call/actions/execute?auth_type=apikey&zapikey=1003.0ab1",
        bodies=(
            {
                "Subject": "Call from +380441112233",
                "Call_Type": "Inbound",
                "Call_Start_Time": "2018-08-13T11:11:11+03:00",
                "Call_Duration": "02:05",
                "Description": "380442223344",
            },
        ),
        optional=frozenset(("Description",)),
    ),
}
"""Every receiver by its name."""
