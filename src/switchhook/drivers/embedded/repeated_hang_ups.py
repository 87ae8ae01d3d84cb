"""The repeated hang-ups after a restart: of calls whose end is stored, and whose telephones may not have been told.

An end is stored before a BYE goes out. A crash in between leaves a telephone in a dead call. So the next start
sends a BYE again to both sides of the calls that ended last; a telephone without the dialog answers 481. One whose
ACK to our 200 was not stored gets it once that ACK comes, or its time is over (RFC 3261 §15), which runs from the 200
on: the ACK to the 200 of another node, which is gone, goes there.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.drivers.embedded.call_part import CallPart
from switchhook.drivers.embedded.dialling import credentials_for
from switchhook.drivers.embedded.leg_handle import age_of
from switchhook.sip.ua.commands import EndSession

if TYPE_CHECKING:
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.sip.auth.proof import DigestCredentials
    from switchhook.sip.net.endpoint import SipEndpoint
    from switchhook.storage.ports import EndedLegs

log = structlog.get_logger(__name__)

LONGEST_AGO: Final = 3_600.0
"""Seconds after an end during which a BYE is repeated: later, session timers have ended the dialog."""


async def hang_up_again(
    store: EndedLegs, endpoint: SipEndpoint, directory: ProjectDirectory
) -> None:
    """Send a BYE to both sides of the calls that an earlier process ended last."""
    for project, call, leg, handle in await store.legs_of_last_ends(time.time() - LONGEST_AGO):
        sip_leg = f"{CallPart(call, leg)} ended"
        try:
            known = json.loads(handle)
            stored = known["sip"]
            credentials = _credentials(directory, project, str(known["trunk"]))
            if endpoint.agent.knows_dialog(stored):
                continue  # it is in another call by now
            now = asyncio.get_running_loop().time()
            endpoint.agent.restore(sip_leg, stored, credentials, now=now, age=age_of(known))
        except (ValueError, KeyError, TypeError) as error:
            log.warning("hang-up not repeated", call=call, leg=leg, error=repr(error)[:200])
        else:
            endpoint.perform(EndSession(leg=sip_leg))


def _credentials(directory: ProjectDirectory, project: str, name: str) -> DigestCredentials | None:
    snapshot = directory.snapshots.get(project)
    trunks = () if snapshot is None else snapshot.project.trunks
    return next((credentials_for(trunk) for trunk in trunks if trunk.name == name), None)
