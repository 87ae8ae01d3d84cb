"""What dial-plan webhooks are used for: each use with its webhook, what is answered, and what has to come of it."""

from __future__ import annotations

from dataclasses import dataclass

from switchhook.domain.scheme import CallerName, NameChoice, RingStep, Step
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import CallerIdForwarding
from tests.support.house import ring

CALLER, NAME = "+31612345678", "J. Smith"
ANONYMOUS = "anonymous"
FROM_WEBHOOK = CallerName(choice=NameChoice.WEBHOOK)
LOOKUP = "/cid_name_lookup.php?phonenumber={callerid}&callername={callername}"
ACK = "status=ACK"
SALES, NIGHT = "200", "300"
GROUPS = {SALES: ("209", "201"), NIGHT: ("219", "229")}
"""In the first, the second telephone is picked up."""
RINGING = ("209", *GROUPS[NIGHT])
"""Accounts whose telephones ring, and nobody picks up."""
SLOW = (
    *("silent", "refused", "certificate", "closed", "not HTTP"),
    *("no such name", "link local", "loop", "10 MB"),
)
"""Endpoints of `tests/support/faults.py`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One number, its webhook, what is answered, and what has to come of it."""

    rows: tuple[str, ...]
    template: str = LOOKUP
    body: str = ACK
    status: str = "200 OK"
    who: str = CALLER
    name: str = ""
    """The caller's, as the network gives it."""
    shows: CallerName = FROM_WEBHOOK
    forwarding: CallerIdForwarding = CallerIdForwarding.CALLER
    returned: bool = False
    """Whether the success branch rings the returned destination."""
    success: RingStep | None = None
    """What the success branch rings, where that is no number of its own."""
    before: tuple[Step, ...] = ()
    fault: str = ""
    """How the endpoint misbehaves."""
    asked: str = ""
    """The target of the one request."""
    then: tuple[str, ...] = ()
    """Where redirects led it."""
    rings: str = "success"
    """The branch that rings; or the number."""
    shown: str = ""
    """The name in From."""


def choice(kind: NameChoice, text: str) -> CallerName:
    return CallerName(choice=kind, text=text)


def ring_group(name: str) -> RingStep:
    return RingStep(targets=(Target(kind=TargetKind.GROUP, value=name),), timeout=5.0)


ASKED = "/cid_name_lookup.php?phonenumber=%2B31612345678&callername="
SMITH = ASKED + "J.%20Smith"
USES = {
    "S-20 name": Use(
        rows=("S-20", "R5-29", "R5-40", "R5-44"),
        body=f"{ACK}&callername=VoysPartners",
        asked=ASKED,
        success=ring_group(SALES),
        rings="201",
        shown="VoysPartners",
    ),
    "S-20 withheld": Use(
        rows=("S-20", "R5-13", "R5-14", "A-45"),
        who=ANONYMOUS,
        asked="/cid_name_lookup.php?phonenumber=&callername=",
        shown="Anonymous",
    ),
    "S-22 outside": Use(
        rows=("S-22", "R5-33", "R5-38", "R5-47"),
        template="/route?callerid={callerid}",
        body=f"{ACK}&destination=%2B31502102544",
        asked="/route?callerid=%2B31612345678",
        returned=True,
        rings="+31502102544",
    ),
    "S-22 unencoded": Use(
        rows=("S-22", "A-49"),
        template="/route?callerid={callerid}",
        body=f"{ACK}&destination=+31502102545",
        asked="/route?callerid=%2B31612345678",
        returned=True,
        rings="+31502102545",
    ),
    "S-23 extension": Use(
        rows=("S-23", "R5-39", "R5-48"),
        template="/route?did={did}",
        body=f"{ACK}&destination=215",
        asked="/route?did=%2B@DID@",
        returned=True,
        rings="215",
    ),
    "S-23 with a name": Use(
        rows=("S-23", "R5-41", "R5-42"),
        template="/route?did={did}",
        body=f"{ACK}&destination=216&callername=Sales",
        asked="/route?did=%2B@DID@",
        returned=True,
        rings="216",
        shown="Sales",
    ),
    "S-26 duty": Use(
        rows=("S-26",),
        template="/voys-webhook?secret_key=s3cret",
        body=f"{ACK}&destination=%2B31611111111",
        asked="/voys-webhook?secret_key=s3cret",
        returned=True,
        rings="+31611111111",
    ),
    "S-26 wrong key": Use(
        rows=("S-26", "A-50"),
        template="/voys-webhook?secret_key=wrong",
        body="status=NAK",
        status="401 Unauthorized",
        asked="/voys-webhook?secret_key=wrong",
        returned=True,
        rings="failed",
    ),
    "S-27 empty": Use(
        rows=("S-27",), template="/webhook/", body=f"{ACK}&value=", asked="/webhook/"
    ),
    "S-27 value": Use(
        rows=("S-27",), template="/webhook/", body=f"{ACK}&value=Jan", asked="/webhook/"
    ),
    "S-29 missed": Use(
        rows=("S-29", "R5-53", "R5-55"),
        template="/hooks/catch/123456/abcdef/?callerid={callerid}&did={did}",
        body='{"status":"success"}',
        asked="/hooks/catch/123456/abcdef/?callerid=%2B31612345678&did=%2B@DID@",
        before=(ring_group(NIGHT),),
        rings="failed",
    ),
    "S-29 answered": Use(
        rows=("S-29",),
        template="/hooks/catch/123456/abcdef/?callerid={callerid}&did={did}",
        before=(ring("31880009998", timeout=5),),
        rings="31880009998",
    ),
    "S-32 caller": Use(
        rows=("S-32", "R5-07"),
        body=f"{ACK}&destination=%2B31502102546",
        asked=ASKED,
        returned=True,
        rings="+31502102546",
    ),
    "S-32 called": Use(
        rows=("S-32", "R5-08"),
        body=f"{ACK}&destination=%2B31502102547",
        forwarding=CallerIdForwarding.CALLED,
        asked=ASKED,
        returned=True,
        rings="+31502102547",
    ),
    "S-32 suppressed": Use(
        rows=("S-32", "R5-09"),
        body=f"{ACK}&destination=%2B31502102548&callername=Secret",
        name=NAME,
        forwarding=CallerIdForwarding.SUPPRESSED,
        asked=SMITH,
        returned=True,
        rings="+31502102548",
        shown="Anonymous",
    ),
    "S-32 failed": Use(
        rows=("S-32", "A-52"),
        body="status=NAK",
        forwarding=CallerIdForwarding.SUPPRESSED,
        asked=ASKED,
        rings="failed",
    ),
    "S-33 webhook": Use(
        rows=("S-33", "R5-29"),
        body=f"{ACK}&callername=VoysPartners",
        name=NAME,
        asked=SMITH,
        shown="VoysPartners",
    ),
    "S-33 prepend": Use(
        rows=("S-33", "R5-30"),
        body=f"{ACK}&callername=VoysPartners",
        name=NAME,
        shows=choice(NameChoice.PREPEND, "Sales: "),
        asked=SMITH,
        shown="Sales: J. Smith",
    ),
    "S-33 replace": Use(
        rows=("S-33", "R5-31"),
        body=f"{ACK}&callername=VoysPartners",
        name=NAME,
        shows=choice(NameChoice.REPLACE, "Helpdesk"),
        asked=SMITH,
        shown="Helpdesk",
    ),
    "S-33 none returned": Use(rows=("S-33", "R5-29"), name=NAME, asked=SMITH, shown=NAME),
    **{f"S-34 {fault}": Use(rows=("S-34", "R5-27"), fault=fault, rings="failed") for fault in SLOW},
    "S-34 redirected": Use(
        rows=("S-34", "A-50", "R5-56"),
        template="/moved/3",
        asked="/moved/3",
        then=("/moved/2", "/moved/1", "/moved/0"),
    ),
    "S-34 redirected too often": Use(
        rows=("S-34", "A-50", "R5-27"),
        template="/moved/4",
        asked="/moved/4",
        then=("/moved/3", "/moved/2", "/moved/1"),
        rings="failed",
    ),
    "S-20 withheld with a name": Use(
        rows=("R5-29", "R5-41"),
        body=f"{ACK}&callername=Sales",
        who=ANONYMOUS,
        asked="/cid_name_lookup.php?phonenumber=&callername=",
        shown="Sales",
    ),
    "S-20 quotes": Use(
        rows=("S-20", "R5-40"),
        body=f'{ACK}&callername=Zo%C3%AB "de Ruiter" \\ Zn. 🙂',
        asked=ASKED,
        shown=r"Zoë \"de Ruiter\" \\ Zn. 🙂",
    ),
}
"""Each has a number of its own, and rings numbers of its own."""
NUMBERS = {name: f"3185000{2000 + place}" for place, name in enumerate(USES)}


def branch(name: str, which: str) -> str:
    """Return the number that a branch rings."""
    return f"318800{NUMBERS[name][-4:]}{'1' if which == 'success' else '2'}"


def rung(name: str) -> str:
    """Return what has to ring at last."""
    rings = USES[name].rings
    return branch(name, rings) if rings in {"success", "failed"} else rings
