"""The draft that stored calls are rehearsed with: admits a call anew, and reads the answer that an endpoint gave then."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.masking import MASK
from switchhook.domain.project import MayCall
from switchhook.domain.scheme import RingDestinationStep, Step, branches
from switchhook.domain.target import Target, TargetKind, clean_number
from switchhook.domain.webhook import Dialect, Encoding
from switchhook.routing.admission import OfferedCall, Rejection, admit
from switchhook.routing.events import AskFailed, DirectionGiven, SchemeGiven, VerdictGiven
from switchhook.switchboard.webhook_asker import ANSWER_SHOWN
from switchhook.webhooks.answer import read_answer, read_dial_plan_answer
from switchhook.webhooks.http import HttpResponse
from switchhook.webhooks.reading import Ack, Nak, RingTargets, SchemeId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.call import Call
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.routing.commands import AskWebhook
    from switchhook.storage.trails import CallTrail, TrailEntry
    from switchhook.switchboard.webhook_asker import AskOutcome

REHEARSED: Final = "rehearsed"
"""The id of every rehearsed call: so the answers to its asks are the same values, too."""
MOST_REMEMBERED: Final = 20_000
"""Answers whose reading is kept: endpoints give the same ones again and again."""
_pairs: Final = msgspec.json.Decoder(list[tuple[str, str]])


class Missing(StrEnum):
    """What a stored call does not tell; names stay stable over versions."""

    CALLBACK = "callback"
    """It begins with us, and not with a caller."""
    REDIRECTED = "redirected"
    """A telephone sent it elsewhere."""
    RESTART = "restart"
    """A restart of the server came between."""
    OPERATOR = "operator"
    """It was ended from outside before it came to its end."""
    NOT_ASKED = "not_asked"
    """A webhook is asked that was not asked in it."""
    CUT_ANSWER = "cut_answer"
    """An answer is kept in part only, or without a secret."""
    SLOW_ENDPOINT = "slow_endpoint"
    """An endpoint that was not waited for as long as the draft waits."""
    NOT_RUNG = "not_rung"
    """A target rings that did not ring in it."""
    RANG_SHORTER = "rang_shorter"
    """A target rings for longer than it did."""
    NO_KEY = "no_key"
    """The caller is asked for keys that they were not asked for."""
    UNREADABLE = "unreadable"
    """What is stored of it cannot be read by this release."""


class Unknown(msgspec.Struct, frozen=True):
    """What a rehearsal would have to know, and does not."""

    missing: Missing
    what: str = ""
    """The webhook or target."""


class Draft:
    """A project that no call follows yet, ready to rehearse calls with."""

    def __init__(self, snapshot: ProjectSnapshot) -> None:
        self.snapshot = snapshot
        self._directory = ProjectDirectory([snapshot])
        self._readings: dict[tuple[str, str, int, str], AskOutcome] = {}
        self._admitted: dict[tuple[str, str, bool], Call | Rejection] = {}
        self._rings_returned = any(_rings(one.steps) for one in snapshot.project.schemes)
        self._pbx = next(
            (t.name for t in snapshot.project.trunks if t.may_call is not MayCall.NUMBERS), ""
        )

    def admit(self, trail: CallTrail) -> Call | Rejection:
        """Make the call anew, as if it arrived under the draft.

        Whom it is for depends on what was dialled and on the account that calls: the same ones are looked up once.
        """
        key = (trail.callee, trail.account, trail.is_withheld)
        known = self._admitted.get(key)
        if known is None:
            if len(self._admitted) >= MOST_REMEMBERED:
                self._admitted.clear()
            known = self._admitted[key] = self._admit(trail)
        if isinstance(known, Rejection):
            return known
        (leg,) = known.legs
        return known.changed(
            caller=known.caller.changed(number=trail.caller, name=trail.caller_name),
            arrived_at=trail.arrived_at,
            legs=(leg.changed(started_at=trail.arrived_at),),
        )

    def _admit(self, trail: CallTrail) -> Call | Rejection:
        offered = OfferedCall(
            caller=trail.caller,
            caller_name=trail.caller_name,
            callee=trail.callee,
            account=trail.account,
            trunk="" if trail.account else self._pbx,
            project=self.snapshot.project.id,
            hidden=trail.is_withheld,
        )
        return admit(offered, self._directory, call=REHEARSED, now=trail.arrived_at)

    def time_limit(self, ask: AskWebhook) -> float:
        """Return how long the draft waits for an answer, in seconds."""
        if ask.dialect is Dialect.FORWARDING_NUMBER:
            return self.snapshot.webhooks[ask.webhook].time_limit
        return self.snapshot.dial_plan_webhooks[ask.webhook].time_limit

    def read(self, ask: AskWebhook, asked: TrailEntry, came: TrailEntry) -> AskOutcome | Unknown:
        """Say what a stored answer means under the draft; an answer that is not kept whole, as it was read then."""
        facts = dict(_pairs.decode(came.facts))
        body = facts.get("body")
        if body is not None and _is_whole(body, facts.get("bytes", "")):
            return self._read_body(ask, asked, int(facts["status"]), body)
        if came.kind == "ask_failed":
            failure = Failure(kind=FailureKind(facts["kind"]), detail=came.text)
            return AskFailed(ask=ask.ask, failure=failure)
        return self._read_text(ask, came.text)

    def _read_body(self, ask: AskWebhook, asked: TrailEntry, status: int, body: str) -> AskOutcome:
        key = (ask.webhook, ask.ask, status, body)
        known = self._readings.get(key)
        if known is not None:
            return known
        response = HttpResponse(status=status, reason="", headers=(), body=body.encode())
        if ask.dialect is Dialect.DIAL_PLAN:
            outcome = self._verdict(ask, response)
        else:
            outcome = self._direction(ask, asked, response)
            if self.snapshot.webhooks[ask.webhook].import_ is Encoding.JSON_RPC:
                return outcome  # it holds the id of its ask
        if len(self._readings) >= MOST_REMEMBERED:
            self._readings.clear()
        self._readings[key] = outcome
        return outcome

    def _direction(self, ask: AskWebhook, asked: TrailEntry, response: HttpResponse) -> AskOutcome:
        webhook = self.snapshot.webhooks[ask.webhook]
        is_rpc = webhook.import_ is Encoding.JSON_RPC
        asked_as = facts_of(asked).get("ask", "") if is_rpc else ""
        reading = read_answer(webhook, response, self.snapshot, ask_id=asked_as)
        match reading.decision:
            case RingTargets(targets=targets):
                return DirectionGiven(ask=ask.ask, targets=targets, caller_name=reading.caller_name)
            case SchemeId(id=scheme):
                return SchemeGiven(ask=ask.ask, scheme=scheme, caller_name=reading.caller_name)
            case Failure() as failure:
                return AskFailed(ask=ask.ask, failure=failure)

    def _verdict(self, ask: AskWebhook, response: HttpResponse) -> AskOutcome:
        webhook = self.snapshot.dial_plan_webhooks[ask.webhook]
        reading = read_dial_plan_answer(webhook, response, self.snapshot)
        match reading.verdict:
            case Ack() | Nak() as verdict:
                return VerdictGiven(
                    ask=ask.ask,
                    accepted=isinstance(verdict, Ack),
                    text=str(verdict),
                    destination=reading.destination,
                    caller_name=reading.caller_name or "",
                    variables=reading.variables,
                )
            case Failure() as failure:
                return AskFailed(ask=ask.ask, failure=failure)

    def _read_text(self, ask: AskWebhook, text: str) -> AskOutcome | Unknown:
        """Take what the journal says of an answer that was followed."""
        cut = Unknown(Missing.CUT_ANSWER, ask.webhook)
        is_verdict = text == "ACK" or text.startswith("NAK (")
        if is_verdict != (ask.dialect is Dialect.DIAL_PLAN):
            return cut
        if is_verdict:
            if self._rings_returned:
                return cut
            return VerdictGiven(ask=ask.ask, accepted=text == "ACK", text=text)
        if text.startswith("scheme "):
            return SchemeGiven(ask=ask.ask, scheme=int(text.removeprefix("scheme ")))
        targets = tuple(map(self._target, text.split(", ")))
        known = tuple(target for target in targets if target is not None)
        if len(known) < len(targets):
            return cut
        return DirectionGiven(ask=ask.ask, targets=known)

    def _target(self, written: str) -> Target | None:
        own = self.snapshot.internal_target(written)
        if own is not None:
            return own
        if written.startswith(("sip:", "sips:")):
            return Target(kind=TargetKind.ADDRESS, value=written)
        number = clean_number(written)
        return None if number is None else Target(kind=TargetKind.NUMBER, value=number)


def facts_of(entry: TrailEntry) -> dict[str, str]:
    """Return the facts of a line of the journal."""
    return dict(_pairs.decode(entry.facts))


def _is_whole(body: str, size: str) -> bool:
    """Say whether the journal has all of a body, and nothing in it is masked."""
    if MASK in body:
        return False
    return len(body) < ANSWER_SHOWN or len(body.encode()) == int(size or 0)


def _rings(steps: Iterable[Step]) -> bool:
    """Say whether a step rings what a dial-plan webhook returned, those in branches too."""
    return any(
        isinstance(step, RingDestinationStep) or any(map(_rings, branches(step).values()))
        for step in steps
    )
