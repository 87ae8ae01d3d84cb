"""Projects, arrivals and calls to tell stories with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.hours import WorkingHours, parse_spans
from switchhook.domain.project import Account, Group, Number, Project, ProjectSnapshot, Sound, Trunk
from switchhook.domain.scheme import AskDialPlanStep, AskStep, HangUpStep, RingStep, Scheme, Step
from switchhook.domain.screening import NO_SCREENING, Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import (
    CallerIdForwarding,
    DialPlanWebhook,
    ForwardingNumber,
    RingOrder,
)
from switchhook.routing.admission import OfferedCall, Rejection, admit
from switchhook.routing.callback_admission import WantedCallback, admit_callback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.call import Call

DIALLED = "380800111222"
"""The number that outside callers dial; it runs scheme 1."""
CUSTOMER = "380441112233"
"""Who calls."""
PIN = DialPlanWebhook(
    name="pin",
    url_template="http://pin.example/check?code={code}",
    use_ivr=True,
    code_timeout=5.0,
    start_message="enter",
    error_message="wrong",
    timeout_message="late",
    response_timeout=2.0,
)
"""A webhook that checks a code: five seconds to begin it, three attempts (S-25)."""
OFFICE_HOURS = WorkingHours(name="office", monday=parse_spans("09:00-18:00"))
"""Mondays from nine to six, UTC; the epoch is a Thursday."""
MONDAY_NOON = 4 * 86400 + 12 * 3600.0
ASK = AskStep(webhook="crm")
"""A step that asks the CRM, which has two seconds, and rings what it returns for seven (S-13)."""


def ask_crm(*success: Step, failed: tuple[Step, ...] = ()) -> AskDialPlanStep:
    """Return a step that asks the dial-plan webhook `names`, which wants no code."""
    return AskDialPlanStep(webhook="names", success=success, failed=failed)


def ask_pin(*success: Step, failed: tuple[Step, ...] = ()) -> AskDialPlanStep:
    """Return a step that asks the dial-plan webhook `pin` with a code."""
    return AskDialPlanStep(webhook="pin", success=success, failed=failed)


def number(digits: str) -> Target:
    """Return an outside number as a target."""
    return Target(kind=TargetKind.NUMBER, value=digits)


def account(login: str) -> Target:
    """Return an account as a target."""
    return Target(kind=TargetKind.ACCOUNT, value=login)


def group(name: str) -> Target:
    """Return a group as a target."""
    return Target(kind=TargetKind.GROUP, value=name)


MARY = account("mary")
JOHN = account("john")
OLGA = account("olga")
MOBILE = number("380501112233")
OFFICE = number("380442223344")
SALES = group("200")
"""Mary and Olga."""


def ring(
    *targets: Target, timeout: float = 30.0, order: RingOrder = RingOrder.ALL_AT_ONCE
) -> RingStep:
    """Return a step that rings `targets` together."""
    return RingStep(targets=targets, order=order, timeout=timeout)


def in_turn(*targets: Target, timeout: float = 30.0) -> RingStep:
    """Return a step that rings `targets` one after another."""
    return ring(*targets, timeout=timeout, order=RingOrder.ONE_AFTER_ANOTHER)


def snapshot(
    *steps: Step,
    schemes: Mapping[int, tuple[Step, ...]] | None = None,
    fallback: Target | None = None,
    trunks: tuple[Trunk, ...] = (Trunk(name="carrier", host="192.0.2.9"),),
    ring_order: RingOrder = RingOrder.ALL_AT_ONCE,
    screening: Screening = NO_SCREENING,
    forwarding: CallerIdForwarding = CallerIdForwarding.CALLER,
    pin: DialPlanWebhook = PIN,
) -> ProjectSnapshot:
    """Return a project whose number runs `steps` as scheme 1; `schemes` are further ones."""
    numbered = {1: steps, **(schemes or {})}
    crm = ForwardingNumber(
        name="crm",
        url="http://crm.example/route",
        ring_timeout=7.0,
        response_timeout=2.0,
        ring_order=ring_order,
    )
    return ProjectSnapshot(
        Project(
            id="shop",
            name="Shop",
            numbers=(Number(number=DIALLED, scheme=1),),
            accounts=tuple(
                Account(login=login, password="secret", name=login.title())
                for login in ("mary", "john", "olga")
            ),
            groups=(Group(name="200", accounts=("mary", "olga")),),
            trunks=trunks,
            schemes=tuple(
                Scheme(id=scheme, name=f"scheme {scheme}", steps=of)
                for scheme, of in numbered.items()
            ),
            sounds=tuple(
                Sound(name=name, file=f"{name}.wav")
                for name in ("welcome", "enter", "wrong", "late", "choose", "music", "thanks")
            ),
            hours=(OFFICE_HOURS,),
            forwarding_numbers=(crm,),
            dial_plan_webhooks=(
                DialPlanWebhook(
                    name="names",
                    url_template="http://crm.example/name?phone={callerid}",
                    caller_id_forwarding=forwarding,
                    response_timeout=2.0,
                ),
                pin,
            ),
            screening=screening,
            fallback=fallback,
        )
    )


def incoming(*steps: Step, within: ProjectSnapshot | None = None, now: float = 0.0) -> Call:
    """Return a call from outside to a number that runs `steps`, not yet begun."""
    offered = OfferedCall(
        caller=CUSTOMER, caller_name="Anna", callee=DIALLED, trunk="carrier", project="shop"
    )
    return admitted(offered, within or snapshot(*steps), now)


def from_account(callee: str, within: ProjectSnapshot | None = None, now: float = 0.0) -> Call:
    """Return a call that John makes, not yet begun."""
    offered = OfferedCall(
        caller="john", caller_name="John", callee=callee, account="john", project="shop"
    )
    return admitted(offered, within or snapshot(HangUpStep()), now)


def calls_back(
    caller: str = "mary",
    callee: str = "380501112233",
    *,
    within: ProjectSnapshot | None = None,
    shown: str = "",
    now: float = 0.0,
) -> Call:
    """Return a callback, not yet begun; fail where it is rejected."""
    wanted = WantedCallback(
        project="shop", caller=caller, callee=callee, by="crm over the API", shown=shown
    )
    directory = ProjectDirectory([within or snapshot(HangUpStep())])
    call = admit_callback(wanted, directory, call="c", now=now)
    assert not isinstance(call, Rejection), call
    return call


def admitted(offered: OfferedCall, within: ProjectSnapshot, now: float = 0.0) -> Call:
    """Return the call that this arrival makes; fail where it is refused."""
    call = admit(offered, ProjectDirectory([within]), call="c", now=now)
    assert not isinstance(call, Rejection), call
    return call
