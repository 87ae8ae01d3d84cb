"""Walking a scheme: from step to step until one takes the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from switchhook.domain.call import Direction
from switchhook.domain.journal import Happening
from switchhook.domain.scheme import FIRST, Ask, GoTo, HangUp, Ring, Scheme
from switchhook.domain.webhook import RingOrder
from switchhook.routing.ending import end_unplaced
from switchhook.routing.steps import ask, hang_up, ring

if TYPE_CHECKING:
    from switchhook.routing.move import Move

MAX_JUMPS = 10
"""How often a call may go from scheme to scheme [A-57]."""
DIRECT_TIMEOUT = 120.0
"""Seconds that a dialled colleague or outside number may ring."""
FALLBACK_TIMEOUT = 60.0
"""Seconds that the project's fallback may ring."""


def walk(move: Move) -> None:
    """Take the step that the call stands at; go on until one has begun or the call has ended."""
    while True:
        scheme = current_scheme(move)
        step = None if scheme is None else scheme.step_at(move.call.path)
        if scheme is None or step is None:
            return _leave_scheme(move)
        kind = type(step).__name__.lower()
        facts = (("scheme", str(scheme.id)), ("step", kind))
        move.record(Happening.STEP, scheme.name, facts=facts)
        match step:
            case Ask():
                if ask.begin(move, step):
                    return None
            case Ring(targets=targets, order=order, timeout=timeout):
                if ring.begin(move, targets, order, timeout):
                    return None
            case GoTo(scheme=target):
                if jump(move, target):
                    continue
            case HangUp(status=status):
                return hang_up.end_with(move, status)
            case _:
                assert_never(step)
        advance(move)


def go_on(move: Move) -> None:
    """Leave a step that could not place the call, and walk on from the next."""
    if move.call.on_fallback:
        return end_unplaced(move)
    advance(move)
    return walk(move)


def go_to(move: Move, scheme: int) -> None:
    """Go on in another scheme; where that is not allowed, with the next step of this one."""
    if jump(move, scheme):
        return walk(move)
    return go_on(move)


def advance(move: Move) -> None:
    """Stand at the next step."""
    scheme = current_scheme(move)
    if scheme is not None:
        move.change(path=scheme.after(move.call.path))


def jump(move: Move, scheme: int) -> bool:
    """Stand at the top of another scheme. False, with a notice, when that cannot be."""
    if scheme not in move.call.plan.schemes:
        move.record(Happening.NOTICE, f"scheme {scheme} is not in this project")
        return False
    if move.call.jumps >= MAX_JUMPS:
        move.record(Happening.NOTICE, f"more than {MAX_JUMPS} jumps between schemes")
        return False
    move.change(scheme=scheme, path=FIRST, jumps=move.call.jumps + 1)
    name = move.call.plan.schemes[scheme].name
    move.record(Happening.JUMPED, name, facts=(("scheme", str(scheme)),))
    return True


def current_scheme(move: Move) -> Scheme | None:
    """Return the scheme that is walked; a dialled target is a scheme of one step."""
    direct = move.call.direct
    if direct is None:
        return move.call.plan.schemes.get(move.call.scheme)
    return Scheme(id=0, name="direct", steps=(Ring(targets=(direct,), timeout=DIRECT_TIMEOUT),))


def _leave_scheme(move: Move) -> None:
    """Try the project's fallback once, then end [A-54]."""
    fallback = move.call.plan.project.fallback
    if fallback is None or move.call.on_fallback or move.call.direction is not Direction.INCOMING:
        return end_unplaced(move)
    move.change(on_fallback=True)
    move.record(Happening.FALLBACK, f"no step placed the call; trying {fallback}")
    ring.begin(move, (fallback,), RingOrder.ALL_AT_ONCE, FALLBACK_TIMEOUT)
    return None
