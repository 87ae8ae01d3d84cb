"""The uses of templates: each with what fills its gaps, and the bodies that its receiver has to get of each call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from switchhook.tryout.script import Script

BEGAN = 1_534_147_871.0
"""2018-08-13 11:11:11 in Kyiv."""
CALLER, CALLED, OUTSIDE = "380441112233", "380442223344", "380501112233"
CALLS = {
    "answered": Script(caller=CALLER, callee=CALLED),
    "missed": Script(caller=CALLER, callee=CALLED, phones={"101": "rings"}),
    "busy": Script(caller=CALLER, callee=CALLED, phones={"101": "busy"}),
    "given up": Script(caller=CALLER, callee=CALLED, phones={"101": "rings"}, patience=5.0),
    "out": Script(caller="101", callee=OUTSIDE),
    "out busy": Script(caller="101", callee=OUTSIDE, phones={OUTSIDE: "busy"}),
}
"""Who answers does so after three seconds, and talks for ten."""


@dataclass(frozen=True, kw_only=True)
class TemplateUse:
    """What fills the gaps of a template, and the bodies that its receiver has to get."""

    sample: str
    """The name of the receiver's sample."""
    url: str = "{origin}{target}"
    """The value for `<url>`; "" where the template has the URL."""
    host: str = ""
    """The origin in the template, which a test replaces."""
    gaps: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, tuple[Any, ...]]
    """The bodies of each call's requests, in order; none for a call that is not here."""


def _put(value: Any, status: str) -> Any:
    """Return a body with the status in place of `STATUS`."""
    if isinstance(value, str):
        return value.replace("STATUS", status)
    if isinstance(value, list):
        return [_put(item, status) for item in value]
    return {n: _put(v, status) for n, v in value.items()} if isinstance(value, dict) else value


STATUSES = {"missed": "NO ANSWER", "busy": "BUSY", "given up": "NO ANSWER"}
"""The status of each unanswered incoming call."""


def after_missed(**members: Any) -> Mapping[str, tuple[Any, ...]]:
    """Return the body of each unanswered incoming call."""
    return {call: (_put(members, status),) for call, status in STATUSES.items()}


CARD = {
    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
    "type": "AdaptiveCard",
    "version": "1.2",
    "body": [
        {
            "type": "TextBlock",
            "text": "Missed call from +380441112233",
            "weight": "bolder",
            "wrap": True,
        },
        {
            "type": "FactSet",
            "facts": [
                {"title": "Called", "value": "+380442223344"},
                {"title": "At", "value": "2018-08-13 11:11:11"},
                {"title": "Status", "value": "STATUS"},
            ],
        },
    ],
}
MESSAGE = "Missed call from +380441112233 to +380442223344 at 11:11: STATUS"
CALL = "1700000000.000000000001"


def row(status: str, seconds: str) -> tuple[Any, ...]:
    return (
        {
            "entry.1000001": "2018-08-13 11:11:11",
            "entry.1000002": "+380441112233",
            "entry.1000003": "+380442223344",
            "entry.1000004": status,
            "entry.1000005": seconds,
        },
    )


def kommo(direction: str, phone: str, status: int, duration: int) -> tuple[Any, ...]:
    return (
        [
            {
                "direction": direction,
                "uniq": CALL,
                "duration": duration,
                "source": "Switchhook",
                "phone": phone,
                "call_status": status,
                "created_at": int(BEGAN),
            }
        ],
    )


def hubspot(title: str, direction: str, status: str, **more: str) -> tuple[Any, ...]:
    numbers = (
        {"hs_call_from_number": "+380441112233", "hs_call_to_number": "+380442223344"}
        if direction == "INBOUND"
        else {"hs_call_to_number": "+380501112233"}
    )
    properties = {
        "hs_timestamp": "1534147871000",
        "hs_call_title": title,
        "hs_call_direction": direction,
        "hs_call_status": status,
    }
    return ({"properties": properties | more | numbers, "associations": []},)


def zammad(direction: str, cause: str, answered_by: str = "") -> tuple[Any, ...]:
    ends = (CALLER, CALLED) if direction == "in" else ("101", OUTSIDE)
    every = {"from": ends[0], "to": ends[1], "direction": direction, "callId": CALL}
    answer = ({"event": "answer", **every, "answeringNumber": answered_by},)
    return (
        {"event": "newCall", **every},
        *(answer if answered_by else ()),
        {"event": "hangup", **every, "cause": cause},
    )


def zoho(subject: str, kind: str, length: str, description: str) -> tuple[Any, ...]:
    return (
        {
            "Subject": subject,
            "Call_Type": kind,
            "Call_Start_Time": "2018-08-13T11:11:11+03:00",
            "Call_Duration": length,
            "Description": description,
        },
    )


def ringostat(
    status: str, *, length: int, waited: int, talked: int, by: str = "", manager: str = ""
) -> dict[str, str]:
    """Return what is told of a call in either direction; `by` is who answered it."""
    return {
        "uniqueid": CALL,
        "calldate": "2018-08-13 11:11:11",
        "caller": CALLER,
        "dst": CALLED,
        "call_type": "in",
        "disposition": status,
        "duration": str(length),
        "waittime": str(waited),
        "billsec": str(talked),
        "connected_with": by,
        "employee_fio": manager,
        "department": "",
    }


OF_INCOMING = {
    "proper_flag": "0",
    "repeated_flag": "0",
    "call_counter": "1",
    "scheme_name": "Main",
    **dict.fromkeys(("pool_name", "additional_number", "client_id", "remote_ip"), ""),
    **dict.fromkeys(("landing", "refferrer", "recording", "recording_wav"), ""),
    **dict.fromkeys(("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"), ""),
}
OF_OUTGOING = {"caller": "101", "dst": OUTSIDE, "call_type": "out", "employee_fio": "Olena"}

USES = {
    "bitrix24": TemplateUse(
        sample="bitrix24",
        url="{origin}/rest/1/t3x8k2m9q4w7z1c5/",
        told=after_missed(
            fields={
                "TITLE": "Missed call from +380441112233",
                "PHONE": [{"VALUE": "+380441112233", "VALUE_TYPE": "WORK"}],
                "SOURCE_ID": "CALL",
                "COMMENTS": "Called +380442223344 at 2018-08-13 11:11:11: STATUS",
                "ORIGINATOR_ID": "switchhook",
                "ORIGIN_ID": CALL,
                "UTM_SOURCE": "",
                "UTM_MEDIUM": "",
                "UTM_CAMPAIGN": "",
                "UTM_CONTENT": "",
                "UTM_TERM": "",
            },
            params={"REGISTER_SONET_EVENT": "Y"},
        ),
    ),
    "google-sheets": TemplateUse(
        sample="google_form",
        url="",
        host="https://docs.google.com",
        gaps={
            "form": "1FAIpQLSc0ffee-_form",
            "date": "1000001",
            "caller": "1000002",
            "called": "1000003",
            "status": "1000004",
            "seconds": "1000005",
        },
        told={
            "answered": row("ANSWERED", "10"),
            "missed": row("NO ANSWER", "0"),
            "busy": row("BUSY", "0"),
            "given up": row("NO ANSWER", "0"),
        },
    ),
    "hubspot": TemplateUse(
        sample="hubspot",
        url="",
        host="https://api.hubapi.com",
        gaps={"token": "pat-eu1-00000000-0000-0000-0000-000000000000"},
        told={
            "answered": hubspot(
                "Call from +380441112233", "INBOUND", "COMPLETED", hs_call_duration="10000"
            ),
            **dict.fromkeys(
                ("missed", "busy", "given up"),
                hubspot("Missed call from +380441112233", "INBOUND", "NO_ANSWER"),
            ),
            "out": hubspot(
                "Call to +380501112233", "OUTBOUND", "COMPLETED", hs_call_duration="10000"
            ),
            "out busy": hubspot("Call to +380501112233: busy", "OUTBOUND", "BUSY"),
        },
    ),
    "kommo": TemplateUse(
        sample="kommo",
        url="{origin}",
        gaps={"token": "eyJ0eXAi.eyJhdWQi.c2ln"},
        told={
            "answered": kommo("inbound", "+380441112233", 4, 10),
            **dict.fromkeys(
                ("missed", "busy", "given up"), kommo("inbound", "+380441112233", 6, 0)
            ),
            "out": kommo("outbound", "+380501112233", 4, 10),
            "out busy": kommo("outbound", "+380501112233", 6, 0),
        },
    ),
    "odoo": TemplateUse(
        sample="odoo",
        url="{origin}",
        gaps={"token": "6578616d706c65206a736f6e20617069206b6579"},
        told=after_missed(
            vals_list=[
                {
                    "type": "lead",
                    "name": "Missed call from +380441112233",
                    "phone": "+380441112233",
                    "description": "Called +380442223344 at 2018-08-13 11:11:11: STATUS",
                }
            ]
        ),
    ),
    "ringostat": TemplateUse(
        sample="ringostat",
        told={
            "answered": (
                ringostat("ANSWERED", length=13, waited=3, talked=10, by="101", manager="Olena")
                | OF_INCOMING,
            ),
            "missed": (ringostat("NO ANSWER", length=20, waited=20, talked=0) | OF_INCOMING,),
            "busy": (ringostat("BUSY", length=0, waited=0, talked=0) | OF_INCOMING,),
            "given up": (ringostat("NO ANSWER", length=5, waited=5, talked=0) | OF_INCOMING,),
            "out": (
                ringostat("ANSWERED", length=13, waited=3, talked=10, by=OUTSIDE) | OF_OUTGOING,
            ),
            "out busy": (ringostat("BUSY", length=0, waited=0, talked=0) | OF_OUTGOING,),
        },
    ),
    "slack": TemplateUse(sample="slack", told=after_missed(text=MESSAGE)),
    "teams": TemplateUse(
        sample="teams",
        told=after_missed(
            type="message",
            attachments=[
                {"contentType": "application/vnd.microsoft.card.adaptive", "content": CARD}
            ],
        ),
    ),
    "telegram": TemplateUse(
        sample="telegram",
        url="",
        host="https://api.telegram.org",
        gaps={"token": "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", "chat": "-1001234567890"},
        told=after_missed(chat_id="-1001234567890", text=MESSAGE),
    ),
    "zammad": TemplateUse(
        sample="zammad",
        told={
            "answered": zammad("in", "normalClearing", answered_by="101"),
            "missed": zammad("in", "noAnswer"),
            "busy": zammad("in", "busy"),
            "given up": zammad("in", "cancel"),
            "out": zammad("out", "normalClearing", answered_by=OUTSIDE),
            "out busy": zammad("out", "busy"),
        },
    ),
    "zoho": TemplateUse(
        sample="zoho",
        told={
            "answered": zoho(
                "Call from +380441112233", "Inbound", "00:10", "To +380442223344, 101 answered"
            ),
            **{
                call: zoho(
                    "Missed call from +380441112233",
                    "Missed",
                    "00:00",
                    f"To +380442223344: {status}",
                )
                for call, status in STATUSES.items()
            },
            "out": zoho("Call to +380501112233", "Outbound", "00:10", "From 101: ANSWERED"),
            "out busy": zoho("Call to +380501112233", "Outbound", "00:00", "From 101: BUSY"),
        },
    ),
}
"""Each template by its name."""
