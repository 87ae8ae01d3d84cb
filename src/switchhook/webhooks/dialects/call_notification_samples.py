"""Sample call notifications, for editors of no-code platforms: what a subscriber would get of one made-up call. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.call import (
    CALLER,
    Call,
    CallerId,
    CallRecording,
    CallState,
    Direction,
    Leg,
    LegState,
    Recording,
)
from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.notification_options import NO_OPTIONS
from switchhook.domain.project import Account, Project, ProjectSnapshot
from switchhook.domain.target import Target, TargetKind
from switchhook.webhooks.dialects.call_notification import (
    EVERY,
    NotificationStatus,
    notification,
)

if TYPE_CHECKING:
    from switchhook.domain.notification_options import NotificationOptions

_BEGIN: Final = 1_563_629_859.25
_ALICE: Final = Account(login="201", password="", name="Alice", email="alice@example.com")
_BOB: Final = Account(login="202", password="", name="Bob", email="bob@example.com")
_STATUSES: Final = {
    NotificationStatus.CREATED: 0.0,
    NotificationStatus.RINGING: 0.5,
    NotificationStatus.IN_PROGRESS: 8.0,
    NotificationStatus.COLD_TRANSFER: 30.0,
    NotificationStatus.ENDED: 50.0,
}
"""Each status with the seconds after which the sample call has it."""


def samples(event: str, options: NotificationOptions = NO_OPTIONS) -> list[bytes]:
    """Return one notification for each status that an event subscribes to."""
    return [
        notification(_call(status), status, at=_BEGIN + after, options=options)
        for status, after in _STATUSES.items()
        if event in {EVERY, status}
    ]


def _call(status: NotificationStatus) -> Call:
    """Return the call as it is when it has a status: Alice answers and transfers it to Bob."""
    project = Project(id="sample", name="Sample", country="NL", accounts=(_ALICE, _BOB))
    since = list(_STATUSES).index(status)
    is_over = status is NotificationStatus.ENDED
    legs = [Leg(id=CALLER, target=None, state=LegState.TALKING, started_at=_BEGIN)]
    if since >= 1:
        legs.append(_leg("b1", _ALICE, is_over=since >= 3))
    if since >= 3:
        legs.append(_leg("b2", _BOB, is_over=is_over).changed(account=_ALICE.login))
    made = Recording(id="r1", seconds=42.0, path="2019/07/20/1563629859.000482915513.r1.wav")
    return Call(
        id="1563629859.000482915513",
        snapshot=ProjectSnapshot(project),
        direction=Direction.INCOMING,
        caller=CallerId(number="+31508009008", name="Anna"),
        callee="+31508009000",
        arrived_at=_BEGIN,
        legs=tuple(legs),
        state=CallState.ENDED if is_over else CallState.TALKING,
        talking_to="" if since < 2 else "b1" if since == 2 else "b2",
        answered_at=_BEGIN + 8.0 if since >= 2 else None,
        ended_at=_BEGIN + 50.0 if is_over else None,
        outcome=Outcome.ANSWERED if is_over else None,
        ended_by=EndedBy.CALLER if is_over else None,
        recording=CallRecording(finished=(made,) if is_over else ()),
    )


def _leg(name: str, account: Account, *, is_over: bool) -> Leg:
    target = Target(kind=TargetKind.ACCOUNT, value=account.login)
    state = LegState.ENDED if is_over else LegState.RINGING
    return Leg(id=name, target=target, state=state, started_at=_BEGIN)
