"""The repeated hang-ups after a restart: of calls whose end is stored, and whose telephones may not have been told.

An end is stored before a BYE goes out. A crash in between leaves a telephone in a dead call. So the next start
sends a BYE again to both sides of the calls that ended last; a telephone without the dialog answers 481.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

import structlog

from switchhook.drivers.embedded.call_part import CallPart
from switchhook.drivers.embedded.dialling import credentials_for
from switchhook.sip.ua.commands import EndSession

if TYPE_CHECKING:
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.sip.auth.proof import Credentials
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
            endpoint.agent.restore(sip_leg, stored, credentials, now=now)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("hang-up not repeated", call=call, leg=leg, error=repr(error)[:200])
        else:
            endpoint.perform(EndSession(leg=sip_leg))


def _credentials(directory: ProjectDirectory, project: str, name: str) -> Credentials | None:
    snapshot = directory.snapshots.get(project)
    trunks = () if snapshot is None else snapshot.project.trunks
    return next((credentials_for(trunk) for trunk in trunks if trunk.name == name), None)
