"""The acts that both doors have, the HTTP API and the command line: how each is asked for one and the same thing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tests.support.told import AFTER, CALL, EXAMPLE

ONE: Final = "/api/projects/acme"
CRM: Final = f"{ONE}/events/{quote('crm after')}"
DELIVERY: Final = f"{ONE}/deliveries/{quote(AFTER, safe='')}"
TABLE: Final = "caller,destination\n+380441112233,101\n"
NUMBER: Final = "380442223355"
WHEN: Final = ("at", "by", "made_by", "changed_at", "started_at", "ended_at", "created_at")
"""Members that say when something was done, and by whom: no two acts have the same."""
MADE: Final = ("version", "etag", "id", "key", "number")
"""Members that say what it is called that an act made."""
LATE: Final = {"source": "fb"}
VISIT: Final = {"attributes": {"city": "Lviv"}, "number": "380442223344"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BothDoors:
    """One act: the request and the command, and what of their results is compared."""

    api: str
    """Method and path of the request."""
    cli: tuple[str, ...]
    """The command; of `@name` the file of that name in `FILES` is meant."""
    body: Any = None
    pick: Callable[[Any], Any] = field(default=lambda found: found)
    """Returns, of the request's answer, what the command prints: of a page, what is on it."""
    apart: tuple[str, ...] = ()
    """Members that differ by their nature."""
    common: bool = False
    """Whether only the members are compared that both have."""
    is_once: bool = False
    """Whether it is done already when the command comes, which says so by its exit code."""
    is_refused: bool = False
    """Whether there is nothing to act on, which both say."""


def _page(name: str) -> Callable[[Any], Any]:
    return lambda found: found[name]


def _imports(reference: str) -> dict[str, Any]:
    moment = "2026-11-30T09:0{}:00+02:00"
    call = {
        "reference": reference,
        "direction": "incoming",
        "callee": "380442223344",
        "started_at": moment.format(0),
        "ended_at": moment.format(1),
    }
    return {"calls": [call]}


def _nothing(_found: Any) -> str:
    """Compare nothing but that it is done."""
    return ""


FILES: Final[dict[str, Any]] = {
    "project": EXAMPLE,
    "document": tomllib.loads(EXAMPLE),
    "table": TABLE,
    "number": {"number": NUMBER, "scheme": 1},
    "name": {"name": "Olena K."},
    "screening": {"blocked_callers": ["380500000000"]},
    "rename": {"project": {"name": "Acme & Co"}},
    "imports": _imports("by command"),
}
_JSON: Final = "--json"
_OF: Final = ("--project", "acme")
_NUMBERS: Final = f"{ONE}/config/numbers"


def _door(api: str, *cli: str, **how: Any) -> BothDoors:
    return BothDoors(api=api, cli=cli, **how)


DOORS: Final = (
    # calls
    _door("GET /api/calls", "calls", *_OF, _JSON, pick=_page("calls")),
    _door("GET /api/calls?failed=true", "calls", "--failed", *_OF, _JSON, pick=_page("calls")),
    _door("GET /api/calls?details=true", "calls", "--details", *_OF, _JSON, pick=_page("calls"), apart=("recording_link",)),
    _door("GET /api/calls/export?format=csv", "calls", "--export", "csv", *_OF),
    _door("GET /api/calls/export?format=jsonl", "calls", "--export", "jsonl", *_OF),
    _door(f"GET /api/calls/{CALL}", "calls", CALL, _JSON),
    _door(f"GET /api/calls/{CALL}/sip", "calls", CALL, "--sip", _JSON, pick=lambda found: {"sip": found}, common=True),
    _door(f"GET /api/calls/{CALL}/why?target=101", "why", CALL, "101", _JSON),
    _door(f"PATCH /api/calls/{CALL}", "amend", CALL, "--fact", "source=fb", _JSON, body={"facts": LATE}),
    _door("DELETE /api/calls/none", "hang-up", "none", is_refused=True),
    _door("POST /api/calls/none/transfer", "transfer", "none", "101", body={"to": "101"}, is_refused=True),
    _door("POST /api/calls", "callback", "101", "102", _JSON, body={"caller": "101", "callee": "102"}, apart=("call",)),
    _door(f"GET /api/calls/{CALL}/recordings", "recordings", "list", CALL, _JSON, pick=_page("recordings"), common=True),
    _door(f"DELETE /api/calls/{CALL}/recordings/r1", "recordings", "remove", CALL, "--recording", "r2", _JSON, apart=("deleted",)),
    # error check
    _door(f"GET {ONE}/deliveries", "deliveries", *_OF, _JSON, pick=_page("deliveries")),
    _door(f"GET {ONE}/deliveries?state=all&limit=1", "deliveries", "--all", "--limit", "1", *_OF, _JSON, pick=_page("deliveries")),
    _door(f"GET {ONE}/deliveries?full=true", "deliveries", "--full", *_OF, _JSON, pick=_page("deliveries")),
    _door(f"GET {ONE}/deliveries/count", "deliveries", "--count", *_OF, _JSON),
    _door(f"GET {DELIVERY}", "deliveries", AFTER, _JSON),
    _door(f"POST {ONE}/deliveries/check", "deliveries", "check", AFTER, _JSON, body={"ids": [AFTER]}),
    _door(f"POST {ONE}/deliveries/uncheck", "deliveries", "uncheck", AFTER, _JSON, body={"ids": [AFTER]}, apart=("done", "note"), is_once=True),
    _door(f"POST {ONE}/deliveries/jobs", "deliveries", "uncheck", "--bulk", "--checked", *_OF, _JSON, body={"act": "uncheck", "filter": {"state": "checked"}}, apart=(*WHEN, *MADE, "state", "done")),
    _door(f"GET {ONE}/deliveries/jobs", "deliveries", "jobs", *_OF, _JSON),
    _door(f"GET {ONE}/deliveries/jobs/1", "deliveries", "jobs", "1", *_OF, _JSON),
    _door(f"DELETE {ONE}/deliveries/jobs/1", "deliveries", "stop", "1", *_OF, _JSON),
    _door(f"GET {ONE}/endpoints/cost", "endpoints", "cost", *_OF, _JSON),
    _door(f"GET {ONE}/endpoints/shadows", "endpoints", "shadows", *_OF, _JSON),
    # configuration
    _door(f"GET {ONE}?secrets=true", "export", "acme"),
    _door(f"PUT {ONE}", "apply", "@project", _JSON, body=EXAMPLE, apart=("is_new",)),
    _door(f"POST {ONE}/check", "check", "@project", _JSON, body=EXAMPLE, common=True),
    _door(f"GET {ONE}/document?secrets=true", "export", "acme", _JSON),
    _door(f"GET {ONE}/config", "config", "list", *_OF, _JSON, common=True),
    _door(f"GET {ONE}/config/accounts?secrets=true", "config", "list", "accounts", *_OF, _JSON),
    _door(f"GET {_NUMBERS}/380442223344", "config", "show", "numbers", "380442223344", *_OF, _JSON),
    _door(f"PUT {_NUMBERS}/{NUMBER}?check=true", "config", "put", "numbers", NUMBER, "@number", "--check", *_OF, _JSON, body=FILES["number"]),
    _door(f"PUT {_NUMBERS}/{NUMBER}", "config", "put", "numbers", NUMBER, "@number", *_OF, _JSON, body=FILES["number"], apart=("changes", "is_new")),
    _door(f"PATCH {ONE}/config/accounts/101?check=true", "config", "patch", "accounts", "101", "@name", "--check", *_OF, _JSON, body=FILES["name"]),
    _door(f"DELETE {_NUMBERS}/{NUMBER}?check=true", "config", "remove", "numbers", NUMBER, "--check", *_OF, _JSON),
    _door(f"PUT {ONE}/config/screening?check=true", "config", "put", "screening", "", "@screening", "--check", *_OF, _JSON, body={"blocked_callers": ["380500000000"]}),
    _door(f"PATCH {ONE}/config/screening?check=true", "config", "patch", "screening", "", "@screening", "--check", *_OF, _JSON, body={"blocked_callers": ["380500000000"]}),
    _door(f"DELETE {ONE}/config/screening", "config", "remove", "screening", *_OF, is_refused=True),
    _door(f"GET {ONE}/versions", "versions", "list", *_OF, _JSON, pick=_page("versions")),
    _door(f"GET {ONE}/versions/1?secrets=true", "versions", "show", "1", *_OF),
    _door(f"GET {ONE}/versions/2/diff?secrets=true", "versions", "diff", "1", "2", *_OF, _JSON),
    _door(f"POST {ONE}/versions/1/restore", "versions", "restore", "1", *_OF, _JSON, apart=("changes", "is_new", *MADE)),
    _door(f"PUT {ONE}/drafts/a", "draft", "save", "a", "@project", *_OF, _JSON, body=EXAMPLE, apart=WHEN),
    _door(f"PATCH {ONE}/drafts/a", "draft", "save", "a", "--patch", "@rename", *_OF, _JSON, body=FILES["rename"], apart=WHEN),
    _door(f"GET {ONE}/drafts", "draft", "list", *_OF, _JSON),
    _door(f"GET {ONE}/drafts/a?secrets=true", "draft", "show", "a", *_OF),
    _door(f"GET {ONE}/drafts/a/diff?secrets=true", "draft", "diff", "a", *_OF, _JSON),
    _door(f"POST {ONE}/drafts/a/check", "draft", "check", "a", *_OF, _JSON),
    _door(f"GET {ONE}/events", "event", "list", *_OF, _JSON),
    _door(f"GET {CRM}?secrets=true", "event", "show", "crm after", *_OF, _JSON),
    _door(f"POST {CRM}/copy?secrets=true", "event", "copy", "crm after", "--to", "outgoing.after", *_OF, _JSON, body={"to": "outgoing.after"}),
    _door(f"POST {ONE}/drafts/a/activate", "draft", "activate", "a", *_OF, pick=_nothing, is_once=True),
    _door(f"PUT {ONE}/drafts/a", "draft", "save", "a", "@project", *_OF, _JSON, body=EXAMPLE, apart=WHEN),
    _door(f"DELETE {ONE}/drafts/a", "draft", "discard", "a", *_OF, pick=_nothing, is_once=True),
    _door(f"PUT {ONE}/drafts/a", "draft", "save", "a", "@project", *_OF, _JSON, body=EXAMPLE, apart=WHEN),
    _door(f"PUT {ONE}/document", "apply", "@document", _JSON, body=FILES["document"], apart=("is_new", "changes")),
    _door(f"GET {ONE}/scenario", "scenario", "show", *_OF, _JSON),
    _door(f"PATCH {ONE}/scenario", "scenario", "set", "--after", "https://a.example/x", *_OF, _JSON, body={"after_url": "https://a.example/x"}, apart=WHEN),
    _door(f"POST {ONE}/scenario/activate", "scenario", "activate", *_OF, pick=_nothing, is_once=True),
    _door(f"PATCH {ONE}/scenario", "scenario", "set", "--after", "", *_OF, _JSON, body={"after_url": ""}, apart=WHEN),
    _door(f"DELETE {ONE}/scenario/draft", "scenario", "discard", *_OF, pick=_nothing, is_once=True),
    # rehearsals, tables
    _door(f"POST {ONE}/rehearsals", "rehearse", "--draft", "a", "--since", "3000d", *_OF, _JSON, body={"draft": "a", "since": "3000d"}, common=True, apart=("calls", "elsewhere", "same", "unknown", "unknown_by_reason", "reached")),
    _door(f"GET {ONE}/rehearsals/1", "rehearse", "--draft", "a", "--since", "3000d", *_OF, _JSON, common=True),
    _door(f"GET {ONE}/rehearsals/1/calls", "rehearse", "--draft", "a", "--since", "3000d", *_OF, _JSON, pick=lambda found: {"diversions": found["calls"]}, common=True),
    _door(f"PUT {ONE}/tables/vip", "table", "import", "@table", "--name", "vip", *_OF, _JSON, body=TABLE, apart=WHEN),
    _door(f"POST {ONE}/tables/vip/check", "table", "check", "@table", "--name", "vip", *_OF, _JSON, body=TABLE),
    _door(f"GET {ONE}/tables", "table", "list", *_OF, _JSON),
    _door(f"GET {ONE}/tables/vip", "table", "export", "vip", *_OF),
    _door(f"GET {ONE}/tables/vip/look-up?caller=%2B380441112233", "table", "look-up", "vip", "--caller", "+380441112233", *_OF, _JSON),
    _door(f"DELETE {ONE}/tables/none", "table", "remove", "none", *_OF, is_refused=True),
    # what other programs bring in
    _door("POST /api/imports", "imports", "add", "@imports", *_OF, _JSON, body=_imports("over HTTP"), apart=(*MADE, "reference", "call")),
    _door("GET /api/imports/1", "imports", "show", "1", *_OF, _JSON),
    _door("POST /api/events/form.sent", "event", "post", "form.sent", "--subject", "17", "--field", "stage=won", *_OF, _JSON, body={"subject": "17", "fields": {"stage": "won"}}),
    _door(f"PUT {ONE}/visits/v1", "visit", "v1", "--attribute", "city=Lviv", "--number", "380442223344", *_OF, _JSON, body=VISIT),
    _door("GET /api/events?after=oldest", "events", *_OF, pick=_page("events")),
    # people and rights
    _door(f"PUT {ONE}/users/olga", "user", "role", "olga", "viewer", *_OF, _JSON, body={"role": "viewer"}),
    _door(f"GET {ONE}/users", "user", "list", *_OF, _JSON, common=True),
    _door(f"POST {ONE}/tokens", "token", "create", "--user", "crm", "--scope", "calls", *_OF, _JSON, body={"user": "crm", "scope": "calls"}, apart=(*WHEN, *MADE)),
    _door(f"GET {ONE}/tokens", "token", "list", *_OF, _JSON, apart=("used_at",)),
    _door(f"DELETE {ONE}/tokens/none", "token", "revoke", "none", is_refused=True),
    _door(f"DELETE {ONE}/users/nobody", "user", "role", "nobody", "none", *_OF, is_refused=True),
    _door(f"POST {ONE}/erasures", "erase", "+380509998877", "--yes", *_OF, _JSON, body={"number": "+380509998877"}, common=True),
    _door(f"GET {ONE}/audit?limit=5", "audit", "--limit", "5", *_OF, _JSON, pick=_page("entries")),
    _door("GET /api/callnotification/callnotification", "subscriptions", *_OF, _JSON),
    _door("DELETE /api/callnotification/callnotification/99", "subscriptions", "--remove", "99", is_refused=True),
)  # fmt: skip
"""In this order on one store."""
