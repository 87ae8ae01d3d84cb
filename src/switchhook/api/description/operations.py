"""What the OpenAPI document says of each operation besides what its handler does: its id, its body and examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from switchhook.api.access.erasures import ErasureWanted
from switchhook.api.access.people import RoleGiven, TokenWanted
from switchhook.api.calling import CallUnderWay
from switchhook.api.deliveries.messages import JobWanted, NamedDeliveries
from switchhook.api.description.examples import (
    AT,
    CALL,
    CALL_ID,
    CHANGED,
    CSV_TABLE,
    DELIVERY,
    DELIVERY_ID,
    DIFFERENCE,
    DOCUMENT,
    DRAFT,
    EVENT_DRAFT,
    IMPORT,
    JOB,
    MEMBER,
    PROJECT_FILE,
    RECORDINGS,
    REHEARSAL,
    SCENARIO,
    STREAM_EVENT,
    SUBSCRIBED,
    TABLE,
    TOKEN,
    VERSION,
)
from switchhook.api.document.rehearsals import RehearsalAsked
from switchhook.api.intake.foreign_events import EXAMPLE as FOREIGN_EVENT
from switchhook.api.intake.foreign_events import ForeignEventTold
from switchhook.api.intake.imports import EXAMPLE as IMPORTED
from switchhook.api.intake.imports import ImportStatus
from switchhook.api.project_events import CopyRequest
from switchhook.api.visits import VisitTold

JSON: Final = "application/json"
CSV: Final = "text/csv"
MERGE_PATCH: Final = "application/merge-patch+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedOperation:
    """What is said of one operation."""

    id: str
    answer: Any = None
    """An example of what it answers with when all is well; None: it has no body."""
    gives: type[Struct] | None = None
    """The answer's type, where the handler writes bytes."""
    body: Any = None
    """An example of what it takes."""
    takes: type[Struct] | Mapping[str, Any] | None = None
    """The body's type or schema, where the handler does not say it."""
    media: tuple[str, ...] = (JSON,)
    """The body's media types, with `takes`."""


_OBJECT: Final = {"type": "object"}
_HOOKS: Final = "/api/callnotification/callnotification"
_ONE: Final = "/api/projects/{project}"
_PATCHES: Final = (MERGE_PATCH, JSON)
_HEALTH: Final = {"status": "ok"}
_ENDING: Final = {"call": CALL_ID}
_FACTS: Final = {"source": "google", "campaign": "spring", "custom:deal": "17"}

_about = DescribedOperation


def _change(id_: str, body: object = None, media: tuple[str, ...] = (JSON,)) -> DescribedOperation:
    """Describe a change of a project's document."""
    takes = None if body is None else _OBJECT
    return _about(id=id_, answer=CHANGED, body=body, takes=takes, media=media)


OPERATIONS: Final[dict[str, DescribedOperation]] = {
    "get /livez": _about(id="getLiveness", answer=_HEALTH),
    "get /readyz": _about(id="getReadiness", answer=_HEALTH),
    "get /healthz": _about(id="getHealth", answer=_HEALTH),
    "get /metrics": _about(
        id="getMetrics",
        answer='# TYPE switchhook_calls_total counter\nswitchhook_calls_total{direction="incoming",outcome="answered"} 17.0\n',
    ),
    "get /api/permission/systemuser/profile": _about(
        id="getProfile",
        answer={
            "id": "3f0c5a9d21be",
            "email": "user@example.com",
            "client": "acme",
            "scope": "project",
        },
    ),
    f"get {_HOOKS}": _about(id="listSubscriptions", answer=[SUBSCRIBED]),
    f"post {_HOOKS}": _about(
        id="subscribe",
        body={"target_url": "https://hooks.target/h/1", "event": "custom"},
        answer=SUBSCRIBED,
    ),
    f"get {_HOOKS}/samples": _about(
        id="listNotificationSamples", answer=[{"event": "ended", "call_id": CALL_ID}]
    ),
    f"get {_HOOKS}/{{number}}": _about(id="getSubscription", answer=SUBSCRIBED),
    f"delete {_HOOKS}/{{number}}": _about(id="unsubscribe", answer=SUBSCRIBED),
    f"get {_ONE}": _about(id="getProjectFile", answer=PROJECT_FILE),
    f"put {_ONE}": _about(id="applyProjectFile", body=PROJECT_FILE, answer=VERSION),
    f"post {_ONE}/check": _about(
        id="checkProjectFile", body=PROJECT_FILE, answer=VERSION | {"is_new": False}
    ),
    f"get {_ONE}/document": _about(id="getDocument", answer=DOCUMENT),
    f"put {_ONE}/document": _change("putDocument", DOCUMENT),
    f"patch {_ONE}/document": _change(
        "patchDocument", {"project": {"name": "Acme & Co"}}, _PATCHES
    ),
    f"get {_ONE}/config": _about(
        id="listResourceKinds",
        answer=[{"kind": "accounts", "key": "login", "has_secrets": True}],
    ),
    f"get {_ONE}/config/{{kind}}": _about(
        id="listResources",
        answer=[
            {"name": "380442223344", "etag": "7-3f0a", "value": {"number": "380442223344"}},
        ],
    ),
    f"put {_ONE}/config/{{kind}}": _change("putTable", {"blocked_callers": ["380500000000"]}),
    f"patch {_ONE}/config/{{kind}}": _change(
        "patchTable", {"blocked_callers": ["380500000000"]}, _PATCHES
    ),
    f"delete {_ONE}/config/{{kind}}": _change("removeTable"),
    f"get {_ONE}/config/{{kind}}/{{name}}": _about(
        id="getResource", answer={"number": "380442223344", "scheme": 1}
    ),
    f"put {_ONE}/config/{{kind}}/{{name}}": _change("putResource", {"password": "workshop-301"}),
    f"patch {_ONE}/config/{{kind}}/{{name}}": _change(
        "patchResource", {"name": "Ann", "department": None}, _PATCHES
    ),
    f"delete {_ONE}/config/{{kind}}/{{name}}": _change("removeResource"),
    f"get {_ONE}/versions": _about(
        id="listVersions",
        answer={
            "versions": [{"version": 8, "at": AT, "by": "user@example.com over the API"}],
            "next": 8,
        },
    ),
    f"get {_ONE}/versions/{{version}}": _about(id="getVersion", answer=PROJECT_FILE),
    f"get {_ONE}/versions/{{version}}/diff": _about(id="diffVersion", answer=DIFFERENCE),
    f"post {_ONE}/versions/{{version}}/restore": _change("restoreVersion"),
    f"get {_ONE}/drafts": _about(id="listDrafts", answer=[DRAFT]),
    f"get {_ONE}/drafts/{{draft}}": _about(id="getDraft", answer=PROJECT_FILE),
    f"put {_ONE}/drafts/{{draft}}": _about(id="putDraft", body=PROJECT_FILE, answer=DRAFT),
    f"patch {_ONE}/drafts/{{draft}}": _about(
        id="patchDraft",
        body={"project": {"name": "Acme & Co"}},
        takes=_OBJECT,
        media=_PATCHES,
        answer=DRAFT,
    ),
    f"delete {_ONE}/drafts/{{draft}}": _about(id="removeDraft"),
    f"get {_ONE}/drafts/{{draft}}/diff": _about(id="diffDraft", answer=DIFFERENCE),
    f"post {_ONE}/drafts/{{draft}}/check": _change("checkDraft"),
    f"post {_ONE}/drafts/{{draft}}/activate": _change("activateDraft"),
    f"get {_ONE}/scenario": _about(id="getScenario", answer=SCENARIO),
    f"patch {_ONE}/scenario": _about(
        id="patchScenarioDraft",
        body={"after_url": "https://crm.example.com/roistat"},
        takes=_OBJECT,
        media=_PATCHES,
        answer=SCENARIO,
    ),
    f"post {_ONE}/scenario/activate": _about(id="activateScenario", answer=SCENARIO),
    f"delete {_ONE}/scenario/draft": _about(id="removeScenarioDraft", answer=SCENARIO),
    f"post {_ONE}/scenario/test": _about(
        id="testScenario",
        answer=[
            {
                "slot": "after",
                "url": "https://crm.example.com/roistat",
                "request": "POST /roistat HTTP/1.1\r\nHost: crm.example.com\r\n\r\n",
                "status": 200,
                "response": "HTTP/1.1 200 OK\r\n\r\n",
                "failure": None,
                "address": "192.0.2.7",
                "milliseconds": 29,
            }
        ],
    ),
    f"get {_ONE}/events": _about(
        id="listProjectEvents",
        answer=[{"name": "crm after", "event": "incoming.after", "with_error": False}],
    ),
    f"get {_ONE}/events/{{event}}": _about(id="getProjectEvent", answer=EVENT_DRAFT),
    f"post {_ONE}/events/{{event}}/copy": _about(
        id="copyProjectEvent",
        body={"to": "outgoing.after", "name": "crm out"},
        takes=CopyRequest,
        answer=EVENT_DRAFT,
    ),
    f"get {_ONE}/deliveries": _about(
        id="listDeliveries", answer={"deliveries": [DELIVERY], "next": None, "searched_to": None}
    ),
    f"get {_ONE}/deliveries/count": _about(
        id="countDeliveries", answer={"count": 17, "is_more": False}
    ),
    f"get {_ONE}/deliveries/webhooks-with-error": _about(
        id="listWebhooksWithError",
        answer=[{"webhook": "crm after", "count": 17, "is_more": False}],
    ),
    f"get {_ONE}/deliveries/{{delivery}}": _about(
        id="getDelivery", answer=DELIVERY | {"attempts": [DELIVERY["latest"]]}
    ),
    f"post {_ONE}/deliveries/{{act}}": _about(
        id="actOnDeliveries",
        body={"ids": [DELIVERY_ID]},
        takes=NamedDeliveries,
        answer=[{"id": DELIVERY_ID, "done": True, "note": None}],
    ),
    f"get {_ONE}/deliveries/jobs": _about(id="listJobs", answer=[JOB]),
    f"post {_ONE}/deliveries/jobs": _about(
        id="startJob",
        body={"act": "send", "filter": {"webhook": "crm after"}},
        takes=JobWanted,
        answer=JOB,
    ),
    f"get {_ONE}/deliveries/jobs/{{number}}": _about(id="getJob", answer=JOB),
    f"delete {_ONE}/deliveries/jobs/{{number}}": _about(
        id="stopJob", answer=JOB | {"state": "stopped", "ended_at": AT}
    ),
    f"put {_ONE}/visits/{{visit}}": _about(
        id="putVisit",
        body={"attributes": {"source": "fb", "city": "New York"}, "number": "380442223344"},
        takes=VisitTold,
        answer={
            "visit": "123456",
            "attributes": {"source": "fb", "city": "New York"},
            "number": "380442223344",
            "call": "",
        },
    ),
    "get /api/calls": _about(
        id="findCalls",
        answer={"calls": [CALL], "next": None, "searched_to": None, "count": 1, "is_more": False},
    ),
    "post /api/calls": _about(
        id="makeCall",
        body={"caller": "101", "callee": "+380501112233"},
        answer=_ENDING,
        gives=CallUnderWay,
    ),
    "get /api/calls/export": _about(
        id="exportCalls", answer=f"id,direction,caller\r\n{CALL_ID},incoming,380501112233\r\n"
    ),
    "get /api/calls/live": _about(
        id="followRunningCalls",
        answer='retry: 3000\n\nid: 1207\nevent: calls.running\ndata: {"calls":[]}\n\n',
    ),
    "get /api/calls/{call}": _about(
        id="getCall",
        answer=CALL | {"path": "scheme 1", "journal": [], "exchanges": [], "deliveries": []},
    ),
    "patch /api/calls/{call}": _about(
        id="amendCall", body={"facts": _FACTS}, answer={"call": CALL_ID, "facts": _FACTS}
    ),
    "delete /api/calls/{call}": _about(id="hangUpCall", answer=_ENDING),
    "post /api/calls/{call}/transfer": _about(
        id="transferCall", body={"to": "102"}, answer=_ENDING, gives=CallUnderWay
    ),
    "get /api/calls/{call}/sip": _about(
        id="getSipMessages", answer={"messages": [], "left_out": 0}
    ),
    "get /api/calls/{call}/report": _about(
        id="getCallReport",
        answer='<!doctype html><html lang="en"><title>Call 1795000000.1</title></html>',
    ),
    "get /api/calls/{call}/why": _about(
        id="explainCall", answer={"call": CALL_ID, "target": "102", "rang": False}
    ),
    "get /api/calls/{call}/recordings": _about(id="listRecordings", answer=RECORDINGS),
    "delete /api/calls/{call}/recordings/{recording}": _about(
        id="removeRecording", answer={"call": CALL_ID, "deleted": ["r1"]}
    ),
    "get /recordings/{project}/{call}/{file}": _about(id="getRecordedSound"),
    "post /callback/outward_call": _about(
        id="makeOutwardCall",
        body={"extension": "101", "destination": "380501112233"},
        answer=_ENDING,
        gives=CallUnderWay,
    ),
    "get /api/events": _about(
        id="listEvents", answer={"events": [STREAM_EVENT], "next": "42", "is_more": False}
    ),
    "get /api/events/stream": _about(
        id="followEvents",
        answer='retry: 3000\n\nid: 42\nevent: call.ended\ndata: {"type":"call.ended"}\n\n',
    ),
    "post /api/events/{kind}": _about(
        id="tellEvent",
        body=FOREIGN_EVENT,
        answer={
            "event": "deal.changed",
            "subject": "4711",
            "call": "deal.4711",
            "deliveries": [DELIVERY_ID],
            "left_out": [],
        },
        gives=ForeignEventTold,
    ),
    "post /api/imports": _about(
        id="importCalls",
        body=IMPORTED,
        answer=IMPORT,
        gives=ImportStatus,
    ),
    "get /api/imports/{number}": _about(id="getImport", answer=IMPORT),
    f"get {_ONE}/rehearsals": _about(id="listRehearsals", answer=[REHEARSAL]),
    f"post {_ONE}/rehearsals": _about(
        id="startRehearsal",
        body={"draft": "spring", "since": "7d"},
        takes=RehearsalAsked,
        answer=REHEARSAL | {"state": "running", "ended_at": None},
    ),
    f"get {_ONE}/rehearsals/{{number}}": _about(id="getRehearsal", answer=REHEARSAL),
    f"delete {_ONE}/rehearsals/{{number}}": _about(id="stopRehearsal", answer=REHEARSAL),
    f"get {_ONE}/rehearsals/{{number}}/calls": _about(
        id="listRehearsedCalls", answer={"calls": [{"call": CALL_ID}], "next": None}
    ),
    f"get {_ONE}/users": _about(id="listMembers", answer=[MEMBER]),
    f"put {_ONE}/users/{{login}}": _about(
        id="putMember", body={"role": "editor"}, takes=RoleGiven, answer=MEMBER
    ),
    f"delete {_ONE}/users/{{login}}": _about(
        id="removeMember", answer={"login": "olena@example.com"}
    ),
    f"get {_ONE}/tokens": _about(id="listTokens", answer=[TOKEN]),
    f"post {_ONE}/tokens": _about(
        id="createToken",
        body={"user": "crm@example.com", "scope": "calls", "days": 365},
        takes=TokenWanted,
        answer=TOKEN | {"key": "9b1f0c6d2a7e4853b0f1c2d3e4a5968778695a4b"},
    ),
    f"delete {_ONE}/tokens/{{token}}": _about(id="revokeToken", answer=TOKEN),
    f"post {_ONE}/erasures": _about(
        id="erasePerson",
        body={"number": "+380501112233"},
        takes=ErasureWanted,
        answer={"calls": 17, "left": 0, "recordings": 3, "visits": 1, "next": None},
    ),
    f"get {_ONE}/tables": _about(id="listTables", answer=[TABLE]),
    f"get {_ONE}/tables/{{table}}": _about(id="getTable", answer=CSV_TABLE),
    f"put {_ONE}/tables/{{table}}": _about(
        id="putTableFile", body=CSV_TABLE, takes={"type": "string"}, media=(CSV,), answer=TABLE
    ),
    f"delete {_ONE}/tables/{{table}}": _about(id="removeTableFile"),
    f"post {_ONE}/tables/{{table}}/check": _about(
        id="checkTable",
        body=CSV_TABLE,
        takes={"type": "string"},
        media=(CSV,),
        answer={"name": "vip", "rows": 1},
    ),
    f"get {_ONE}/tables/{{table}}/look-up": _about(
        id="lookUpInTable",
        answer={"row": {"destination": "101", "name": "Anna"}, "line": 2},
    ),
    f"get {_ONE}/endpoints/shadows": _about(
        id="listShadowAsks",
        answer={
            "webhooks": [
                {
                    "webhook": "crm",
                    "asks": 4000,
                    "different": 12,
                    "seconds": 0.091,
                    "shadow_seconds": 0.035,
                }
            ],
            "asks": [
                {
                    "call": "1796077236.902735050867",
                    "ask": "1796077236.902735050867-1",
                    "webhook": "crm",
                    "at": AT,
                    "answer": "101",
                    "shadow_answer": "102",
                    "seconds": 0.084,
                    "shadow_seconds": 0.031,
                }
            ],
        },
    ),
    f"get {_ONE}/endpoints/cost": _about(
        id="getEndpointCosts",
        answer={
            "calls": 4100,
            "reached": AT,
            "is_cut": False,
            "webhooks": [
                {
                    "webhook": "crm",
                    "asks": 4000,
                    "failed": 3,
                    "p50": 0.04,
                    "p99": 0.6,
                    "longest": 2.1,
                    "total": 230.5,
                    "hung_up": 2,
                    "hung_up_after": 1.4,
                }
            ],
        },
    ),
    f"get {_ONE}/audit": _about(
        id="listAuditLog",
        answer={
            "next": None,
            "entries": [
                {
                    "number": 17,
                    "project": "acme",
                    "at": AT,
                    "actor": "user@example.com",
                    "via": "api",
                    "source": "192.0.2.7",
                    "operation": "PUT /api/projects/{project}",
                    "target": "acme",
                    "result": "200",
                }
            ],
        },
    ),
    "get /api/events/schema": _about(
        id="getEventSchema",
        answer={"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
    ),
}
"""By method and path, in the order of the page about the API."""
