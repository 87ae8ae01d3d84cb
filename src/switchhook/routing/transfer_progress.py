"""Notifies who asked for a transfer of its progress (NOTIFY), and writes its failure into the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.journal import EntryKind
from switchhook.routing.commands import NotifyTransfer

if TYPE_CHECKING:
    from switchhook.domain.call import Call, Transfer
    from switchhook.domain.cause import Cause
    from switchhook.domain.journal import EntryFacts
    from switchhook.routing.context import TransitionContext


def transferor_has_left(call: Call, transfer: Transfer) -> bool:
    """Say whether the telephone that transferred hung up."""
    by = call.leg(transfer.by)
    return by is None or not by.is_live


def notify(ctx: TransitionContext, status: int, why: str = "") -> None:
    """Tell the telephone that transferred, unless it left; from 200 on, for the last time."""
    transfer = ctx.call.transfers.current
    if transfer is None or transfer.ordered_by:
        return
    if not transferor_has_left(ctx.call, transfer):
        command = NotifyTransfer(
            leg=transfer.by, request=transfer.request, status=status, reason=why
        )
        ctx.issue(command)


def fail(ctx: TransitionContext, cause: Cause, otherwise: int) -> None:
    """Say that the transfer has failed; `otherwise` is the status where the cause names no failure.

    Ringing back is no transfer: of that which failed before it, all was said.
    """
    transfer = ctx.call.transfers.current
    if transfer is None or transfer.is_return:
        return
    status = cause.sip if cause.sip >= 300 else otherwise
    notify(ctx, status, cause.text)
    facts = (*facts_of(transfer), ("sip", str(status)))
    ctx.write_journal(EntryKind.TRANSFER_FAILED, cause.text, leg=transfer.by, facts=facts)


def facts_of(transfer: Transfer) -> EntryFacts:
    """Return what the journal says of it."""
    by = transfer.ordered_by or transfer.account
    return (("kind", "blind"), ("by", by), ("to", transfer.to))
