"""Values that the examples of several operations share."""

from typing import Any, Final

CALL_ID: Final = "1796077236.902735050867"
DELIVERY_ID: Final = f"{CALL_ID}.4.crm%20after"
AT: Final = "2026-11-30T22:20:38.000+00:00"
BY: Final = "user@example.com over the API"

CALL: Final[dict[str, Any]] = {
    "id": CALL_ID,
    "project": "acme",
    "version": 7,
    "direction": "incoming",
    "caller": "380501112233",
    "caller_name": "Olena",
    "callee": "380442223344",
    "account": "",
    "scheme": 1,
    "state": "ended",
    "outcome": "answered",
    "ended_by": "caller",
    "sip": 200,
    "arrived_at": "2026-11-30T22:20:36.902+00:00",
    "answered_at": "2026-11-30T22:20:40.100+00:00",
    "ended_at": "2026-11-30T22:21:22.260+00:00",
    "attempts": [
        {
            "leg": "b1",
            "target": "account 101",
            "started_at": "2026-11-30T22:20:37.000+00:00",
            "rang_at": "2026-11-30T22:20:37.100+00:00",
            "answered_at": "2026-11-30T22:20:40.100+00:00",
            "ended_at": "2026-11-30T22:21:22.260+00:00",
            "end": "answered",
            "sip": 200,
        }
    ],
    "variables": {},
    "recordings": [{"id": "r1", "seconds": 42.16}],
}
DELIVERY: Final[dict[str, Any]] = {
    "id": DELIVERY_ID,
    "project": "acme",
    "call": CALL_ID,
    "seq": 4,
    "event": "incoming.after",
    "webhook": "crm after",
    "occurred_at": AT,
    "method": "POST",
    "url": "https://crm.example.com/hooks/call",
    "state": "failed",
    "latest": {"number": 4, "at": AT, "status": 503, "failure": "status", "detail": "answered 503"},
}
CHANGED: Final[dict[str, Any]] = {
    "project": "acme",
    "version": 8,
    "is_new": True,
    "notes": [],
    "etag": "8-91bc5f2e",
    "changes": [{"kind": "accounts", "name": "301", "change": "added", "keys": []}],
}
DRAFT: Final[dict[str, Any]] = {
    "name": "spring",
    "base": 7,
    "latest": 7,
    "is_outdated": False,
    "at": AT,
    "by": BY,
}
VERSION: Final[dict[str, Any]] = {"project": "acme", "version": 8, "is_new": True, "notes": []}
DIFFERENCE: Final[dict[str, Any]] = {
    "from": "version 7",
    "to": "version 8",
    "changes": [{"kind": "accounts", "name": "301", "change": "added", "keys": []}],
    "diff": None,
}
JOB: Final[dict[str, Any]] = {
    "number": 3,
    "project": "acme",
    "act": "send",
    "filter": {"state": "unchecked", "webhook": "crm after"},
    "by": BY,
    "started_at": AT,
    "state": "running",
    "done": 120,
    "left_out": 0,
    "why": None,
    "ended_at": None,
}
SCENARIO: Final[dict[str, Any]] = {
    "project": "acme",
    "version": 7,
    "active": {"moment_url": "", "after_url": "https://crm.example.com/roistat"},
    "activated": {"by": BY, "at": AT},
    "draft": None,
    "notes": [],
}
SUBSCRIBED: Final[dict[str, Any]] = {
    "id": 1,
    "target_url": "https://hooks.target/h/1",
    "event": "custom",
}
EVENT_KEYS: Final[dict[str, Any]] = {
    "name": "crm out",
    "event": "outgoing.after",
    "webhooks": [{"url": "https://crm.example.com/after"}],
}
EVENT_DRAFT: Final[dict[str, Any]] = {
    "event": EVENT_KEYS,
    "toml": '[[events]]\nname = "crm out"\nevent = "outgoing.after"\n',
    "notes": [],
}
STREAM_EVENT: Final[dict[str, Any]] = {"id": f"{CALL_ID}.4", "type": "call.ended", "call": CALL_ID}
PROJECT_FILE: Final = """\
[project]
id = "acme"
name = "Acme"
country = "UA"

[[accounts]]
login = "101"
password = "change-me-101"

[[numbers]]
number = "380442223344"
scheme = 1

[[schemes]]
id = 1
name = "Main"
steps = [{ ring = ["101"] }]
"""
DOCUMENT: Final[dict[str, Any]] = {
    "project": {"id": "acme", "name": "Acme", "country": "UA"},
    "accounts": [{"login": "101", "password": "change-me-101"}],
    "numbers": [{"number": "380442223344", "scheme": 1}],
    "schemes": [{"id": 1, "name": "Main", "steps": [{"ring": ["101"]}]}],
}
CSV_TABLE: Final = "caller,dialled,destination,name\n0501112233,,101,Anna\n"
TABLE: Final[dict[str, Any]] = {
    "name": "vip",
    "rows": 1,
    "changed_at": AT,
    "asked_by": ["customers"],
    "trouble": None,
}
MEMBER: Final[dict[str, Any]] = {
    "login": "olena@example.com",
    "role": "editor",
    "is_disabled": False,
}
TOKEN: Final[dict[str, Any]] = {
    "id": "3f0c5a9d21be",
    "project": "acme",
    "user": "crm@example.com",
    "scope": "calls",
    "role": "owner",
    "is_of_program": True,
    "created_at": AT,
    "expires_at": None,
    "used_at": None,
}
REHEARSAL: Final[dict[str, Any]] = {
    "number": 1,
    "project": "acme",
    "draft": "draft spring",
    "since": AT,
    "until": None,
    "by": BY,
    "started_at": AT,
    "state": "done",
    "ended_at": AT,
    "trouble": None,
    "calls": 4100,
    "elsewhere": 312,
    "same": 3780,
    "unknown": 8,
    "unknown_by_reason": {},
    "reached": AT,
}
IMPORT: Final[dict[str, Any]] = {
    "number": 1,
    "state": "done",
    "tell": True,
    "calls": [{"reference": "pbx-1", "state": "imported", "call": CALL_ID}],
}
RECORDING_LINK: Final = (
    f"https://pbx.example.com/recordings/acme/{CALL_ID}/r1.wav?expires=1796078000&token=9b1f0c6d"
)
RECORDINGS: Final[dict[str, Any]] = {
    "call": CALL_ID,
    "recordings": [
        {
            "recording": "r1",
            "seconds": 42.16,
            "size": 674604,
            "channels": 1,
            "ended_at": AT,
            "link": RECORDING_LINK,
        }
    ],
    "link": RECORDING_LINK.replace("r1.wav", "all.wav"),
    "expires_at": AT,
}
