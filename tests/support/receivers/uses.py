"""The uses of templates: each with what fills its gaps, and the bodies that its receiver has to get of each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from switchhook.tryout.script import Script
from tests.support.receivers.roistat import MOMENT

BEGAN = 1_534_147_871.0
"""2018-08-13 11:11:11 in Kyiv."""
CALLER, CALLED, OUTSIDE = "380441112233", "380442223344", "380501112233"
VOICEMAIL = "380442223355"
"""A number of the project whose callers may leave a message after twenty seconds."""
CALLS = {
    "answered": Script(caller=CALLER, callee=CALLED),
    "missed": Script(caller=CALLER, callee=CALLED, phones={"101": "rings"}),
    "busy": Script(caller=CALLER, callee=CALLED, phones={"101": "busy"}),
    "given up": Script(caller=CALLER, callee=CALLED, phones={"101": "rings"}, patience=5.0),
    "withheld": Script(caller="", callee=CALLED),
    "withheld, missed": Script(caller="", callee=CALLED, phones={"101": "rings"}),
    "voicemail": Script(caller=CALLER, callee=VOICEMAIL, phones={"101": "rings"}),
    "out": Script(caller="101", callee=OUTSIDE),
    "out busy": Script(caller="101", callee=OUTSIDE, phones={OUTSIDE: "busy"}),
}
"""Who answers does so after three seconds, and talks for ten. A message has five seconds."""


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


KNOWN, DIALLED = "+380441112233", "+380442223344"
UNKNOWN = "a withheld number"
STATUSES = {
    "missed": ("NO ANSWER", KNOWN, DIALLED),
    "busy": ("BUSY", KNOWN, DIALLED),
    "given up": ("NO ANSWER", KNOWN, DIALLED),
    "voicemail": ("VOICEMAIL", KNOWN, f"+{VOICEMAIL}"),
    "withheld, missed": ("NO ANSWER", UNKNOWN, DIALLED),
}
"""The status, the caller and the called number of each unanswered incoming call, as people are told of them."""


def after_missed(
    body: Callable[[str, str, str], Any], *, withheld: bool = True
) -> Mapping[str, tuple[Any, ...]]:
    """Return the body of each unanswered incoming call; perhaps without that of a withheld number."""
    return {
        call: (body(*said),)
        for call, said in STATUSES.items()
        if withheld or not call.startswith("withheld")
    }


def card(status: str, caller: str, called: str) -> Any:
    facts = {"Called": called, "At": "2018-08-13 11:11:11", "Status": status}
    title = {"type": "TextBlock", "text": f"Missed call from {caller}"}
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [
            title | {"weight": "bolder", "wrap": True},
            {
                "type": "FactSet",
                "facts": [{"title": name, "value": value} for name, value in facts.items()],
            },
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [attachment]}


def message(status: str, caller: str, called: str) -> str:
    return f"Missed call from {caller} to {called} at 11:11: {status}"


CALL = "1700000000.000000000001"


def lead(status: str, caller: str, called: str) -> Any:
    """Return a lead of Bitrix24."""
    return {
        "fields": {
            "TITLE": f"Missed call from {caller}",
            "PHONE": [{"VALUE": caller, "VALUE_TYPE": "WORK"}],
            "SOURCE_ID": "CALL",
            "COMMENTS": f"Called {called} at 2018-08-13 11:11:11: {status}",
            "ORIGINATOR_ID": "switchhook",
            "ORIGIN_ID": CALL,
        },
        "params": {"REGISTER_SONET_EVENT": "Y"},
    }


def odoo(status: str, caller: str, called: str) -> Any:
    name = {"type": "lead", "name": f"Missed call from {caller}"}
    phone = {} if caller == UNKNOWN else {"phone": caller}
    description = f"Called {called} at 2018-08-13 11:11:11: {status}"
    return {"vals_list": [name | phone | {"description": description}]}


def row(status: str, seconds: str, called: str = DIALLED) -> tuple[Any, ...]:
    return (
        {
            "entry.1000001": "2018-08-13 11:11:11",
            "entry.1000002": KNOWN,
            "entry.1000003": called,
            "entry.1000004": status,
            "entry.1000005": seconds,
        },
    )


def kommo(direction: str, phone: str, status: int, duration: int, **more: Any) -> tuple[Any, ...]:
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
                **more,
            }
        ],
    )


AGENT = {"responsible_user_id": 1042}
"""The account's `external_id`, where it takes part."""


def hubspot(
    way: str,
    status: str,
    talked: str = "0",
    *,
    caller: str = KNOWN,
    called: str = DIALLED,
    **more: str,
) -> tuple[Any, ...]:
    title = f"Call from {caller}" if way == "INBOUND" else f"Call to {called}"
    is_told = way == "INBOUND" and caller != UNKNOWN
    properties = {
        "hs_timestamp": "1534147871000",
        "hs_call_title": title,
        "hs_call_direction": way,
        "hs_call_status": status,
        "hs_call_duration": talked,
        **({"hs_call_from_number": caller} if is_told else {}),
        "hs_call_to_number": called,
        **more,
    }
    return ({"properties": properties, "associations": []},)


OWNER = {"hubspot_owner_id": "1042"}


def zammad(
    way: str, cause: str, answered_by: str = "", *, caller: str = CALLER, called: str = CALLED
) -> tuple[Any, ...]:
    ends = (caller, called) if way == "in" else ("101", OUTSIDE)
    every = {"from": ends[0], "to": ends[1], "direction": way, "callId": CALL}
    answer = {"event": "answer", **every, "answeringNumber": answered_by, "user[]": ["Olena"]}
    return (
        {"event": "newCall", **every},
        *((answer,) if answered_by else ()),
        {"event": "hangup", **every, "cause": cause},
    )


def zoho(
    status: str,
    kind: str,
    length: str = "00:00",
    *,
    by: str = "nobody",
    caller: str = KNOWN,
    called: str = DIALLED,
) -> tuple[Any, ...]:
    """Return what is told of an incoming call."""
    return (
        {
            "Subject": f"Call from {caller}",
            "Call_Type": kind,
            "Call_Start_Time": "2018-08-13T11:11:11+03:00",
            "Call_Duration": length,
            "Description": f"To {called}, {by} answered: {status}",
        },
    )


def zoho_out(status: str, length: str) -> tuple[Any, ...]:
    return (
        {
            "Subject": f"Call to +{OUTSIDE}",
            "Call_Type": "Outbound",
            "Call_Start_Time": "2018-08-13T11:11:11+03:00",
            "Call_Duration": length,
            "Description": f"From 101: {status}",
        },
    )


def roistat(
    status: str, talked: int = 0, *, caller: str = CALLER, called: str = CALLED
) -> tuple[Any, ...]:
    """Return what is told of an incoming call, of whose visitor nothing is known."""
    known = {"id": CALL, "caller": caller, "callee": called, "date": "2018-08-13 11:11:11"}
    moment: dict[str, Any] = {name: known.get(name) for name in MOMENT} | {"custom_fields": []}
    return moment, moment | {"status": status, "file_id": None, "duration": talked, "link": ""}


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
        told=after_missed(lead, withheld=False),
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
            "voicemail": row("VOICEMAIL", "0", f"+{VOICEMAIL}"),
        },
    ),
    "hubspot": TemplateUse(
        sample="hubspot",
        url="",
        host="https://api.hubapi.com",
        gaps={"token": "pat-eu1-00000000-0000-0000-0000-000000000000"},
        told={
            "answered": hubspot("INBOUND", "COMPLETED", "10000", **OWNER),
            "withheld": hubspot("INBOUND", "COMPLETED", "10000", caller=UNKNOWN, **OWNER),
            "withheld, missed": hubspot("INBOUND", "NO_ANSWER", caller=UNKNOWN),
            "voicemail": hubspot("INBOUND", "NO_ANSWER", called=f"+{VOICEMAIL}"),
            **dict.fromkeys(("missed", "busy", "given up"), hubspot("INBOUND", "NO_ANSWER")),
            "out": hubspot("OUTBOUND", "COMPLETED", "10000", called=f"+{OUTSIDE}", **OWNER),
            "out busy": hubspot("OUTBOUND", "BUSY", called=f"+{OUTSIDE}", **OWNER),
        },
    ),
    "kommo": TemplateUse(
        sample="kommo",
        url="{origin}",
        gaps={"token": "eyJ0eXAi.eyJhdWQi.c2ln"},
        told={
            "answered": kommo("inbound", KNOWN, 4, 10, **AGENT),
            "busy": kommo("inbound", KNOWN, 7, 0),
            "voicemail": kommo("inbound", KNOWN, 1, 0),
            **dict.fromkeys(("missed", "given up"), kommo("inbound", KNOWN, 6, 0)),
            "out": kommo("outbound", f"+{OUTSIDE}", 4, 10, **AGENT),
            "out busy": kommo("outbound", f"+{OUTSIDE}", 7, 0, **AGENT),
        },
    ),
    "odoo": TemplateUse(
        sample="odoo",
        url="{origin}",
        gaps={"token": "6578616d706c65206a736f6e20617069206b6579"},
        told=after_missed(odoo),
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
            "voicemail": (
                ringostat("VOICEMAIL", length=25, waited=25, talked=0)
                | OF_INCOMING
                | {"dst": VOICEMAIL, "scheme_name": "Messages"},
            ),
            "out": (
                ringostat("ANSWERED", length=13, waited=3, talked=10, by=OUTSIDE) | OF_OUTGOING,
            ),
            "out busy": (ringostat("BUSY", length=0, waited=0, talked=0) | OF_OUTGOING,),
        },
    ),
    "roistat": TemplateUse(
        sample="roistat",
        told={
            "answered": roistat("ANSWER", 10),
            "missed": roistat("NOANSWER"),
            "busy": roistat("BUSY"),
            "given up": roistat("CANCEL"),
            "withheld": roistat("ANSWER", 10, caller="0"),
            "withheld, missed": roistat("NOANSWER", caller="0"),
            "voicemail": roistat("TORTURE", called=VOICEMAIL),
        },
    ),
    "slack": TemplateUse(sample="slack", told=after_missed(lambda *said: {"text": message(*said)})),
    "teams": TemplateUse(sample="teams", told=after_missed(card)),
    "telegram": TemplateUse(
        sample="telegram",
        url="",
        host="https://api.telegram.org",
        gaps={"token": "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", "chat": "-1001234567890"},
        told=after_missed(lambda *said: {"chat_id": "-1001234567890", "text": message(*said)}),
    ),
    "zammad": TemplateUse(
        sample="zammad",
        told={
            "answered": zammad("in", "normalClearing", answered_by="101"),
            "missed": zammad("in", "noAnswer"),
            "busy": zammad("in", "busy"),
            "given up": zammad("in", "cancel"),
            "withheld": zammad("in", "normalClearing", answered_by="101", caller="anonymous"),
            "withheld, missed": zammad("in", "noAnswer", caller="anonymous"),
            "voicemail": zammad("in", "noAnswer", called=VOICEMAIL),
            "out": zammad("out", "normalClearing", answered_by=OUTSIDE),
            "out busy": zammad("out", "busy"),
        },
    ),
    "zoho": TemplateUse(
        sample="zoho",
        told={
            "answered": zoho("ANSWERED", "Inbound", "00:10", by="101"),
            "withheld": zoho("ANSWERED", "Inbound", "00:10", by="101", caller=UNKNOWN),
            **{
                call: zoho(status, "Missed", caller=caller, called=called)
                for call, (status, caller, called) in STATUSES.items()
            },
            "out": zoho_out("ANSWERED", "00:10"),
            "out busy": zoho_out("BUSY", "00:00"),
        },
    ),
}
"""Each template by its name."""
