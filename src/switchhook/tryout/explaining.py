"""The effect of an endpoint's answer, without a call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from switchhook.delivery.ask_policy import REDIRECTS
from switchhook.delivery.http import response_head
from switchhook.delivery.http.redirect import STATUSES
from switchhook.domain.failure import Failure
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import Dialect, DialPlanWebhook, ForwardingNumber, RingOrder
from switchhook.routing.project_numbers import (
    sole_project_number,
    unringable_notice,
    unringable_numbers,
)
from switchhook.tryout.lookup import find_routing_webhook
from switchhook.webhooks.answer import (
    Ack,
    DialPlanReading,
    ForwardingNumberReading,
    Nak,
    RingTargets,
    SchemeId,
    read_answer,
    read_dial_plan_answer,
)
from switchhook.webhooks.http import HttpResponse

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.tryout.lookup import AskedWebhook
    from switchhook.webhooks.answer import Decision, Verdict

FOLLOWED = (
    f"a call follows redirects, {REDIRECTS} at most: where the response says where it leads, this"
    " answer is not read, but the one from there"
)
ORDERS = {RingOrder.ALL_AT_ONCE: "at once", RingOrder.ONE_AFTER_ANOTHER: "one after another"}


class UnreadableResponseError(ValueError):
    """The head leaves in doubt where the response ends; a call would fail with `bad_response`."""

    def __str__(self) -> str:
        return (
            "Content-Length, Transfer-Encoding or Connection of that response cannot be read without a doubt;"
            " a call would fail with bad_response"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One answer, and what Switchhook makes of it."""

    webhook: str
    dialect: Dialect
    reading: ForwardingNumberReading | DialPlanReading
    decision: str
    """The effect on the call, in words."""

    @property
    def is_followed(self) -> bool:
        """Say whether the answer is one that a call can follow; refusing a code (NAK) is."""
        return self.reading.failure is None and self.outcome != RingTargets(targets=())

    @property
    def outcome(self) -> Decision | Verdict:
        """Return the decision as a value."""
        reading = self.reading
        return reading.decision if isinstance(reading, ForwardingNumberReading) else reading.verdict


def explain_answer(snapshot: ProjectSnapshot, name: str, response: HttpResponse) -> Explanation:
    """Read what a routing webhook's endpoint answered, exactly as for a call.

    The id of a JSON-RPC answer is not compared: no question went out. Raises NoSuchWebhookError.
    """
    webhook = find_routing_webhook(snapshot, name)
    redirect = (FOLLOWED,) if response.status in STATUSES else ()
    remarks = (response.remark, *redirect) if response.remark else redirect
    match webhook:
        case ForwardingNumber():
            reading = _screened(read_answer(webhook, response, snapshot, ask_id=""), snapshot)
            reading = replace(reading, notices=(*reading.notices, *remarks))
            return _explanation(webhook, reading, _follow(webhook, reading.decision, snapshot))
        case DialPlanWebhook():
            read = _without_refused(read_dial_plan_answer(webhook, response, snapshot), snapshot)
            read = replace(read, notices=(*read.notices, *remarks))
            return _explanation(webhook, read, _branch(webhook, read))
        case _:
            assert_never(webhook)


def _screened(
    reading: ForwardingNumberReading, snapshot: ProjectSnapshot
) -> ForwardingNumberReading:
    """Leave out what this project does not call, as a call would (S-78)."""
    if not isinstance(reading.decision, RingTargets):
        return reading
    targets = reading.decision.targets
    refused = tuple(_refused(target) for target in targets if not snapshot.permits(target))
    called = tuple(target for target in targets if snapshot.permits(target))
    out = unringable_numbers(snapshot, called)
    kept = RingTargets(targets=tuple(target for target in called if target not in out))
    notices = (*reading.notices, *refused, *map(unringable_notice, out))
    return replace(reading, decision=kept, notices=notices)


def _without_refused(reading: DialPlanReading, snapshot: ProjectSnapshot) -> DialPlanReading:
    destination = reading.destination
    if destination is None or snapshot.permits(destination):
        return reading
    notices = (*reading.notices, _refused(destination))
    return replace(reading, destination=None, notices=notices)


def _refused(target: Target) -> str:
    return f"this project does not call {target}"


def read_response(data: bytes) -> HttpResponse:
    """Read a response as `curl -i` prints it; a bare body came under 200.

    Of several heads (100 Continue, redirects that were followed) the last one counts. Its lines are read as
    those of an endpoint's are. Raises UnreadableResponseError.
    """
    response = HttpResponse(status=200, reason="", headers=(), body=data)
    while response_head.may_be_http(data):
        head, rest = response_head.cut(data)
        if not head:
            break
        try:
            mended = response_head.repair(head)
        except response_head.UnreadableHeadError:
            raise UnreadableResponseError from None
        data = rest
        first, *lines = mended.data.decode("latin-1").splitlines()
        pairs = (line.partition(":") for line in lines if line)
        response = HttpResponse(
            status=int(first.split()[1]),
            reason="",
            headers=tuple((name.lower(), value.strip()) for name, _, value in pairs),
            body=rest,
            left_out=mended.left_out,
        )
    return response


def _explanation(
    webhook: AskedWebhook, reading: ForwardingNumberReading | DialPlanReading, decision: str
) -> Explanation:
    dialect = (
        Dialect.FORWARDING_NUMBER if isinstance(webhook, ForwardingNumber) else Dialect.DIAL_PLAN
    )
    return Explanation(webhook=webhook.name, dialect=dialect, reading=reading, decision=decision)


def _follow(webhook: ForwardingNumber, decision: Decision, snapshot: ProjectSnapshot) -> str:
    match decision:
        case RingTargets(targets=()):
            return "goes to the next step, for this project calls nothing that the answer names"
        case RingTargets(targets=targets) if own := sole_project_number(snapshot, targets):
            name = snapshot.schemes[own.scheme].name
            return f"goes on with scheme {own.scheme}, {name}, which answers {own.number}"
        case RingTargets(targets=targets):
            order = f" {ORDERS[webhook.ring_order]}" if len(targets) > 1 else ""
            who = ", ".join(_named(target, snapshot) for target in targets)
            return f"rings {who}{order}, for {webhook.ring_timeout:g} s"
        case SchemeId(id=scheme):
            return f"goes on with scheme {scheme}, {snapshot.schemes[scheme].name}"
        case Failure():
            then = "asks the fallback URL" if webhook.fallback_url else "goes to the next step"
            return f"{then}, for the answer failed: {decision}"
        case _:
            assert_never(decision)


def _named(target: Target, snapshot: ProjectSnapshot) -> str:
    if target.kind is not TargetKind.GROUP:
        return str(target)
    return f"group {target} ({', '.join(str(member) for member in snapshot.members(target))})"


def _branch(webhook: DialPlanWebhook, reading: DialPlanReading) -> str:
    match reading.verdict:
        case Ack():
            return "takes the success branch"
        case Nak() as nak if webhook.use_ivr:
            return (
                f"hears the error message and may enter another code; after attempt"
                f" {webhook.attempts} it takes the failed branch: {nak}"
            )
        case Nak() as nak:
            return f"takes the failed branch: {nak}"
        case Failure() as failure if webhook.fallback_url and not reading.is_final:
            return f"asks the fallback URL, for the answer failed: {failure}"
        case Failure() as failure:
            return f"takes the failed branch at once: {failure}"
        case _:
            assert_never(reading.verdict)
