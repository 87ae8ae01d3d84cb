"""What is told of a transfer while it goes on, and when it is over: to who asked for it, and in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.journal import Happening
from switchhook.routing.commands import TellTransfer

if TYPE_CHECKING:
    from switchhook.domain.call import Call, Transfer
    from switchhook.domain.cause import Cause
    from switchhook.domain.journal import Facts
    from switchhook.routing.move import Move


def has_left(call: Call, transfer: Transfer) -> bool:
    """Say whether the telephone that transferred hung up."""
    by = call.leg(transfer.by)
    return by is None or not by.is_live


def tell(move: Move, status: int, why: str = "") -> None:
    """Tell who transferred, unless they left; from 200 on, for the last time."""
    transfer = move.call.transfer
    if transfer is not None and not has_left(move.call, transfer):
        told = TellTransfer(leg=transfer.by, request=transfer.request, status=status, reason=why)
        move.order(told)


def fail(move: Move, cause: Cause, otherwise: int) -> None:
    """Say that the transfer has failed; `otherwise` is the status where the cause names no failure.

    Ringing back is no transfer: of that which failed before it, all was said.
    """
    transfer = move.call.transfer
    if transfer is None or transfer.is_return:
        return
    status = cause.sip if cause.sip >= 300 else otherwise
    tell(move, status, cause.text)
    facts = (*facts_of(transfer), ("sip", str(status)))
    move.record(Happening.TRANSFER_FAILED, cause.text, leg=transfer.by, facts=facts)


def facts_of(transfer: Transfer) -> Facts:
    """Return what the journal says of it."""
    return (("kind", "blind"), ("by", transfer.account), ("to", transfer.to))
