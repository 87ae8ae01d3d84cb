"""The handles of legs: what takes a leg up again after a restart, as it is stored with the call, in JSON."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from switchhook.domain.call import CALLER
from switchhook.domain.target import TargetKind
from switchhook.drivers.embedded.admission import Party
from switchhook.drivers.embedded.call_part import CallPart
from switchhook.drivers.embedded.dialling import credentials_for
from switchhook.sip.net.rtp_thread import NoPortError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.call import Call, Leg
    from switchhook.drivers.embedded.admission import SipAdmission
    from switchhook.drivers.embedded.bridge.anchor import Anchor
    from switchhook.drivers.embedded.bridge.b2bua import Bridge
    from switchhook.drivers.embedded.media_control import MediaControl
    from switchhook.drivers.embedded.outbound import OutboundLegs
    from switchhook.sip.auth.proof import DigestCredentials
    from switchhook.sip.net.endpoint import SipEndpoint

log = structlog.get_logger(__name__)


class LegHandles:
    """Writes the handles of one driver's legs, and takes legs up again by them."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        admission: SipAdmission,
        media_control: MediaControl,
        outbound: OutboundLegs,
    ) -> None:
        self._endpoint = endpoint
        self._admission = admission
        self._media_control = media_control
        self._outbound = outbound
        self._trunks: dict[str, str] = {}  # the trunk of each SIP leg of a former process

    def write(self, bridge: Bridge, leg: str) -> str:
        """Write what takes a leg up again after a restart; empty for one that cannot be."""
        sip_leg = bridge.sip_legs.get(leg, "")
        answer_of, answer = (leg == CALLER and bridge.legs.answering) or ("", None)
        stored = self._endpoint.agent.store(
            sip_leg, answer or bridge.acknowledging.get(leg), now=asyncio.get_running_loop().time()
        )
        if stored is None:
            return ""
        party = self._admission.party(sip_leg)
        trunk = self._trunks.get(sip_leg) or self._outbound.trunk_of(sip_leg)
        handle: dict[str, object] = {
            "sip": stored,
            "stored_at": time.time(),
            "trunk": trunk,
            "user": party.user,
            "of": party.trunk,
        }
        if bridge.legs.anchor is not None and bridge.legs.anchor.has(leg):
            handle["sound"] = bridge.legs.anchor.store(leg)
        if bridge.agreeing:
            handle["agreeing"] = bridge.agreeing
        if "answered" in stored:
            handle |= {"answer_of": answer_of, "owes_answer": bridge.legs.owes_answer}
        return write_handle(handle)

    @staticmethod
    def is_agreeing(call: Call, leg: Leg) -> bool:
        """Say whether a leg that was taken up again had yet to agree on its sound with the other one."""
        agreeing = json.loads(leg.handle).get("agreeing")
        if isinstance(agreeing, list):
            return any(str(name) not in call.talking_legs for name in agreeing)
        return bool(agreeing)  # of an earlier version

    def restore(self, call: Call, leg: Leg, anchor: Anchor) -> bool:
        """Take a leg up again that an earlier process stored; False where that cannot be."""
        if not leg.handle:
            return False
        sip_leg = str(CallPart(call.id, leg.id))
        try:
            handle = json.loads(leg.handle)
            answer_of = str(handle["answer_of"]) if "answer_of" in handle else ""
            if answer_of not in {"", call.talking_to}:
                return False  # the call went to another leg than the one whose answer this is
            trunk = str(handle["trunk"])
            credentials = _credentials(call, trunk)
            now = asyncio.get_running_loop().time()
            self._endpoint.agent.restore(
                sip_leg, handle["sip"], credentials, now=now, age=age_of(handle)
            )
            if "sound" in handle:
                self._media_control.reopen(anchor, leg.id, handle["sound"])
        except (ValueError, KeyError, TypeError, NoPortError) as error:
            log.warning("sip leg not resumed", call=call.id, leg=leg.id, error=repr(error)[:200])
            return False
        if trunk:
            self._trunks[sip_leg] = trunk
        user, of = str(handle.get("user", _user_of(call, leg))), str(handle.get("of", trunk))
        self._admission.expect(
            sip_leg, Party(user=user, project=call.snapshot.project.id, trunk=of)
        )
        return True

    def forget(self, sip_leg: str) -> None:
        """Forget a SIP leg that is over."""
        self._trunks.pop(sip_leg, None)


def age_of(handle: Mapping[str, Any]) -> float:
    """Return how many seconds ago a handle was written; zero for one of an earlier version.

    Raises ValueError or TypeError for what no handle holds.
    """
    now = time.time()
    return max(0.0, now - float(handle.get("stored_at", now)))


def write_handle(handle: dict[str, object]) -> str:
    """Return the text; what a telephone sent may hold bytes that are no UTF-8 (surrogates here)."""
    try:
        return msgspec.json.encode(handle).decode()
    except UnicodeEncodeError:
        return json.dumps(handle)


def _user_of(call: Call, leg: Leg) -> str:
    """Return the account at the other end of a leg that an earlier version stored."""
    if leg.target is None:
        return call.caller.account
    return leg.target.value if leg.target.kind is TargetKind.ACCOUNT else ""


def _credentials(call: Call, trunk: str) -> DigestCredentials | None:
    return next(
        (credentials_for(known) for known in call.snapshot.project.trunks if known.name == trunk),
        None,
    )
