"""The driver of the built-in SIP engine: the default, which needs nothing but Python.

The shell around the pure parts: it owns the endpoint and the registrations, lets callers in (`authenticator.py`),
looks up what is to be dialled (`dialling.py`), and carries between each call's bridge (`bridge/b2bua.py`) and the
switchboard. It decides nothing.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

import structlog

from switchhook.domain.call import CALLER, LegState
from switchhook.domain.cause import OUR_ERROR
from switchhook.domain.project import Account, DialledNumber
from switchhook.domain.target import TargetKind
from switchhook.drivers.embedded.admission import Party, SipAdmission, party_at, who_of
from switchhook.drivers.embedded.bridge.anchor import Anchor
from switchhook.drivers.embedded.bridge.anchored import NO_PORT
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.bridge.output import AfterCommit
from switchhook.drivers.embedded.bridge.relaying import read_in_part
from switchhook.drivers.embedded.call_part import CallPart
from switchhook.drivers.embedded.capture import MessageCapture
from switchhook.drivers.embedded.dialling import (
    SipDestination,
    UndiallableError,
    invites_to_account,
    sip_leg_of,
    with_dialled_number,
)
from switchhook.drivers.embedded.leg_handle import LegHandles
from switchhook.drivers.embedded.media_control import MediaControl, MediaSettings, NoSounds
from switchhook.drivers.embedded.outbound import OutboundLegs, OutboundServices
from switchhook.drivers.embedded.registrations import Registrations
from switchhook.drivers.embedded.repeated_hang_ups import hang_up_again
from switchhook.drivers.embedded.reply_deadline import once_in_time
from switchhook.drivers.embedded.translate import (
    arrival_of,
    reason_headers,
    refusal_status,
)
from switchhook.drivers.embedded.trunk_monitor import TrunkMonitor
from switchhook.drivers.embedded.trunk_states import TrunkState, TrunkStates
from switchhook.routing.admission import Rejection
from switchhook.routing.commands import (
    AnswerCaller,
    AnswerTransfer,
    ConnectLegs,
    EndLeg,
    MediaCommand,
    NotifyTransfer,
    PhoneCommand,
    Play,
    RingLeg,
    ShowRinging,
    StartRecording,
    StopPlaying,
    StopRecording,
)
from switchhook.routing.events import DigitPressed, LegAnswered, LegMisread, LegUpdated
from switchhook.routing.events import Event as CallEvent
from switchhook.routing.transfer_targets import transferee_of
from switchhook.sip.net.endpoint import ListenAddress, SipEndpoint
from switchhook.sip.rtp import commands as media
from switchhook.sip.ua.commands import (
    Acknowledge,
    Answer,
    EndSession,
    Invite,
    Respond,
    SendInDialog,
    SendOutOfDialog,
)
from switchhook.sip.ua.events import (
    AnswerReceived,
    FinalResponseReceived,
    FlowClosed,
    InviteFailed,
    InviteReceived,
    OutOfDialogRequestReceived,
    ProgressReceived,
    SessionEnded,
    SipLegEvent,
    UserAgentEvent,
)
from switchhook.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from contextlib import AsyncExitStack

    from switchhook.domain.call import Call
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.drivers.embedded.bridge.output import BridgeOutput
    from switchhook.drivers.embedded.trunk_registration import TrunkKey
    from switchhook.drivers.ports import CallHandler, OnDurable, Sounds
    from switchhook.routing.events import RecordingFinished
    from switchhook.sip.ua.registrar import Registration
    from switchhook.sip.wire.transport import Peer
    from switchhook.storage.captures import SipCapture
    from switchhook.storage.ports import EndedLegs, RegistrationStore

log = structlog.get_logger(__name__)

_LAST_LOOKS, _LOOK = 100, 0.02
"""How often, and every how many seconds, we look whether those have ended that a stop ends."""
FORGET_EVERY: Final = 60.0
"""Seconds between two looks for registrations that are over, and for legs that are gone without a word."""


class EmbeddedDriver:
    """Speaks SIP over UDP and TCP at one address. Listens to this machine alone unless told otherwise."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 5060,
        advertised: str = "",
        realm: str = "switchhook",
        binding: ListenAddress | None = None,
        registrations: RegistrationStore | None = None,
        ended: EndedLegs | None = None,
        media_settings: MediaSettings | None = None,
        sounds: Sounds | None = None,
        trunks_changed: Callable[[dict[TrunkKey, TrunkState]], None] = lambda _: None,
    ) -> None:
        self._binding = binding or ListenAddress(host=host, port=port, advertised=advertised)
        self._admission = SipAdmission(realm, secrets.token_bytes(32), self._current_directory)
        self._endpoint = SipEndpoint(self._binding, self._handle_event, self._admission)
        self._capture: MessageCapture | None = None
        self._registrations = Registrations(_now, registrations)
        self._registrar = self._registrations.registrar
        self._ended = ended
        self._media_control = MediaControl(
            self._binding.host,
            media_settings or MediaSettings(),
            sounds or NoSounds(),
            tell=self._tell,
            silent=self._fell_silent,
            local=self._our_host,
        )
        self._bridges: dict[str, Bridge] = {}
        self._callers: dict[str, Peer] = {}  # where the caller of each call is
        self._calls: dict[str, str] = {}  # the call of each SIP leg
        self._sip_legs: dict[str, list[str]] = {}  # and the other way round
        self._states = TrunkStates(_now, trunks_changed)
        services = OutboundServices(
            addresses=self._addresses, our_host=self._our_host, invite=self._invite, do=self._do
        )
        self._outbound = OutboundLegs(services, self._states)
        self._leg_handles = LegHandles(
            self._endpoint, self._admission, self._media_control, self._outbound
        )
        self._is_stopping = False
        self._unsure: dict[str, str] = {}
        """SIP legs that may send to a leg that is gone since a transfer in a former process, by call."""
        self._trunk_monitor = TrunkMonitor(
            self._endpoint, self._states, self._current_directory, self._addresses
        )
        self._admission.registrars = lambda: self._states.registrars
        self._handler: CallHandler
        self._directory: Callable[[], ProjectDirectory]

    def capture(self, done: Callable[[str, SipCapture], None]) -> MessageCapture:
        """Keep the SIP messages of calls whose project wants it; `done` gets those of a call some seconds after its end."""
        self._capture = MessageCapture(done, self._endpoint.local)
        self._endpoint.watch = self._capture.note
        return self._capture

    @property
    def endpoint(self) -> SipEndpoint:
        """The endpoint, for its port and its sizes."""
        return self._endpoint

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._endpoint.port

    @property
    def calls(self) -> int:
        """How many calls are held."""
        return len(self._bridges)

    async def start(
        self, stack: AsyncExitStack, handler: CallHandler, directory: Callable[[], ProjectDirectory]
    ) -> None:
        """Bind the sockets and begin to take calls; raise OSError when the address cannot be had.

        Closing the stack ends no call: media flows without us, and `resume` takes talking calls up.
        """
        self._handler = handler
        self._directory = directory
        await self._registrations.load()
        for account, binding in self._registrar.all_bindings():
            # The former process trusted them; a flood before the first message must not change that.
            self._admission.trusted_peers.add(binding.source, account, _now())
        await self._media_control.start(stack)
        await self._endpoint.start(stack)
        if self._ended is not None:
            await hang_up_again(self._ended, self._endpoint, directory())
        for call, sip_leg in self._unsure.items():
            bridge = self._bridges.get(call)
            if bridge is not None:  # else everybody hung up while we started
                self._do(call, bridge, bridge.agree_again(sip_leg))
        watching = keep_running(self._trunk_monitor.run, name="watch trunks")
        stack.callback(watching.cancel)
        forgetting = keep_running(self._forget_registrations, name="forget registrations")
        stack.callback(forgetting.cancel)
        stack.callback(self._registrations.stop)

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        """Carry out a command for `call`; one for an unknown call does nothing."""
        bridge = self._bridges.get(call.id)
        if bridge is None and isinstance(command, RingLeg) and command.leg == CALLER:
            bridge = self._bridges[call.id] = self._media_control.anchor_callback(call)
            self._begin_capture(call.id, call.snapshot.project.id)
        if bridge is None:
            return
        match command:
            case RingLeg():
                if not self._is_stopping and bridge.expect(command.leg, command.party):
                    if call.rating.step is not None or call.recording.is_on:
                        self._anchor_media(
                            call, bridge
                        )  # here alone, before any request is answered
                    self._ring(call, bridge, command)
            case ShowRinging() | ConnectLegs() | EndLeg() | AnswerTransfer() | NotifyTransfer():
                self._do(call.id, bridge, bridge.carry_out(command))
            case AnswerCaller() | Play() | StopPlaying() | StartRecording() | StopRecording():
                self._carry_out_sound(call, bridge, command)
            case _:
                assert_never(command)

    def _carry_out_sound(self, call: Call, bridge: Bridge, command: MediaCommand) -> None:
        is_anchored = self._anchor_media(call, bridge)
        if isinstance(command, AnswerCaller) and not is_anchored:
            self._do(call.id, bridge, bridge.refuse())
        else:
            self._do(call.id, bridge, self._media_control.carry_out(call, bridge, command))

    def _anchor_media(self, call: Call, bridge: Bridge) -> bool:
        """Anchor the call's media, unless that cannot be."""
        if bridge.anchored is not None:
            return True
        peer = self._callers.get(call.id)
        outs = None if peer is None else self._media_control.anchor_media(call, bridge, peer)
        self._do(call.id, bridge, outs or [])
        return outs is not None

    async def resume(self, calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        """Take up the talking legs of an earlier process: both dialogs of each call."""
        return {call.id: self._resume(call) for call in calls}

    async def take_up(self, accounts: Container[tuple[str, str]]) -> None:
        """Take up the registrations of another node, and hang up on who was in its calls."""
        await self._registrations.load(accounts)
        if self._ended is not None:
            await hang_up_again(self._ended, self._endpoint, self._directory())

    def _current_directory(self) -> ProjectDirectory:
        return self._directory()

    def recorded(self, call: Call) -> RecordingFinished | None:
        """Return what an earlier process has recorded of a call."""
        return self._media_control.recorded(call)

    async def stop(self) -> None:
        """Cancel what rings, and see to it that everybody learns of that; a telephone that is dead is left."""
        self._is_stopping = True
        for call, bridge in list(self._bridges.items()):
            self._do(call, bridge, bridge.stop_ringing())
        for _ in range(_LAST_LOOKS):
            talking = sum(len(bridge.sip_legs) for bridge in self._bridges.values())
            if self._endpoint.agent.load.sessions <= talking:
                break
            await asyncio.sleep(_LOOK)

    # Events of the user agent

    def _handle_event(self, event: UserAgentEvent) -> None:
        match event:
            case InviteReceived():
                self._arrived(event)
            case OutOfDialogRequestReceived():
                self._register(event)
            case FlowClosed():
                self._registrations.flow_closed(event.peer, self._directory())
            case _:
                self._handle_leg_event(event)

    def _handle_leg_event(self, event: SipLegEvent) -> None:
        if isinstance(event, InviteFailed) and not event.ref and self._outbound.failed(event):
            return
        if isinstance(event, FinalResponseReceived) and self._trunk_monitor.replied(event):
            return
        if isinstance(event, ProgressReceived | AnswerReceived):
            self._outbound.reached(event.leg)
        call = self._calls.get(event.leg, "")
        bridge = self._bridges.get(call)
        if bridge is not None:
            try:
                self._do(call, bridge, bridge.handle_event(event))
            except Exception:  # an internal error, which the endpoint logs
                self._do(call, bridge, bridge.internal_error(event.leg))
                raise
        elif isinstance(event, SessionEnded):
            self._endpoint.perform(Respond(ref=event.ref, status=200))  # no other observer

    def _arrived(self, event: InviteReceived) -> None:
        request, leg = event.request, event.leg
        known = who_of(event.who)
        offered = arrival_of(
            request, project=known.project, account=known.account, trunk=known.trunk
        )
        party = party_at(known.project, known.trunk, event.source.host, user=known.proved)

        def expect(call: str) -> None:
            self._bridges[call] = Bridge(leg, request)
            self._callers[call] = event.source
            self._admission.expect(leg, party)
            self._remember(call, [leg])
            self._begin_capture(call, known.project, request.call_id)

        call = self._handler.arrived(offered, expect)
        if isinstance(call, Rejection):
            self._endpoint.perform(_refusal(leg, call))
        elif request.dropped:
            self._handler.handle(call, LegMisread(leg=CALLER, text=read_in_part(request)))

    def _begin_capture(self, call: str, project: str, call_id: str = "") -> None:
        """Keep the SIP messages of a call, if its project has that."""
        snapshot = self._directory().snapshots.get(project)
        if self._capture is not None and snapshot is not None and snapshot.project.sip_capture:
            self._capture.begin(call)
            self._capture.bind(call, call_id)

    def _register(self, event: OutOfDialogRequestReceived) -> None:
        account = event.who
        if not isinstance(account, Account):
            raise TypeError("a REGISTER was let in without an account")

        def answer(done: Registration) -> None:
            self._endpoint.perform(
                Respond(ref=event.ref, status=done.status, reason=done.reason, headers=done.headers)
            )

        self._registrations.register(
            event.request, account.login, event.source, self._directory(), then=answer
        )
        if event.source.reliable:
            for sip_leg in self._admission.legs_of(account.login):
                self._endpoint.agent.follow_registration(sip_leg, event.request, event.source)

    # Events of the media

    def _tell(self, call: str, event: CallEvent, recorded: OnDurable | None) -> None:
        self._handler.handle(call, event, recorded)

    def _fell_silent(self, call: str) -> None:
        bridge = self._bridges.get(call)
        if bridge is not None:
            self._do(call, bridge, bridge.silent(self._media_control.media_settings.silence))

    # Output of the bridges

    def _do(self, call: str, bridge: Bridge, outs: list[BridgeOutput]) -> None:
        for out in outs:
            match out:
                case (
                    Invite()
                    | Answer()
                    | Acknowledge()
                    | SendInDialog()
                    | SendOutOfDialog()
                    | Respond()
                    | EndSession()
                ):
                    self._endpoint.perform(out)
                    if self._capture is not None and isinstance(out, Invite):
                        self._capture.bind(call, self._endpoint.agent.call_id(out.leg))
                case (
                    media.SetFarEnd()
                    | media.ConnectStreams()
                    | media.DisconnectStream()
                    | media.StartPlayback()
                    | media.StopPlayback()
                    | media.SendDtmf()
                    | media.StartRecorder()
                    | media.StopRecorder()
                    | media.CloseStream()
                ):
                    self._media_control.perform(out)
                case AfterCommit(event=event):
                    self._tell_of(call, bridge, event, self._after_commit(out))
                case _:
                    self._tell_of(call, bridge, out)
        if bridge.is_over:
            self._forget(call)

    def _tell_of(
        self,
        call: str,
        bridge: Bridge,
        event: CallEvent,
        recorded: OnDurable | None = None,
    ) -> None:
        match event:
            case DigitPressed():
                self._media_control.tell_digit(call, event, by_info=True, recorded=recorded)
            case LegAnswered(leg=leg):
                handle = self._leg_handles.write(bridge, leg)
                account = self._account_at(bridge, leg)
                told = LegAnswered(leg=leg, handle=handle, account=account)
                self._handler.handle(call, told, recorded)
            case LegUpdated(leg=leg):
                handle = self._leg_handles.write(bridge, leg)
                self._handler.handle(call, LegUpdated(leg=leg, handle=handle), recorded)
            case _:
                self._handler.handle(call, event, recorded)

    def _account_at(self, bridge: Bridge, leg: str) -> str:
        """Return the account whose telephone is at a leg; empty for none."""
        return self._admission.party(bridge.sip_legs.get(leg, "")).user

    def _after_commit(self, out: AfterCommit) -> OnDurable:
        """Return what carries the commands out, once, when it is called or after `LONGEST_WAIT`."""

        def perform() -> None:
            for command in out.commands:
                self._endpoint.perform(command)

        carry_out = once_in_time(perform)
        # Commands are carried out before the loop turns, so that what is called soon comes behind them.
        return (lambda: _soon(carry_out)) if out.last else carry_out

    def _remember(self, call: str, sip_legs: list[str]) -> None:
        self._calls.update((sip_leg, call) for sip_leg in sip_legs)
        self._sip_legs.setdefault(call, []).extend(sip_legs)

    def _forget(self, call: str) -> None:
        self._bridges.pop(call, None)
        self._callers.pop(call, None)
        self._media_control.forget(call)
        if self._capture is not None:
            self._capture.over(call)
        for sip_leg in self._sip_legs.pop(call, []):
            del self._calls[sip_leg]
            self._admission.forget(sip_leg)
            self._leg_handles.forget(sip_leg)
            self._outbound.forget(sip_leg)

    def _ring(self, call: Call, bridge: Bridge, command: RingLeg) -> None:
        try:
            if command.target.kind is TargetKind.ACCOUNT:
                self._ring_account(call, bridge, command)
            else:
                self._outbound.ring(call, bridge, command)
        except UndiallableError as error:
            self._do(call.id, bridge, bridge.unreachable(command.leg, error.cause))
        except Exception:
            log.exception("leg failed", call=call.id, leg=command.leg)
            self._do(call.id, bridge, bridge.unreachable(command.leg, OUR_ERROR))

    def _ring_account(self, call: Call, bridge: Bridge, command: RingLeg) -> None:
        logins = [target.value for target in (command.target, *command.also)]
        invites = {login: self._invites_to(call, bridge, command, login) for login in logins}
        if not any(invites.values()):
            raise UndiallableError(
                480, f"no telephone of account {', '.join(logins)} is registered"
            )
        every = [invite for of_account in invites.values() for invite in of_account]
        self._invite(call.id, bridge, command.leg, every, Party(user=logins[0]))
        for login in command.also:
            for invite in invites[login.value]:
                self._admission.expect(invite.leg, Party(user=login.value))

    def _invites_to(self, call: Call, bridge: Bridge, command: RingLeg, login: str) -> list[Invite]:
        """Return what rings every telephone of an account; nothing where none is registered."""
        bindings = self._registrar.lookup(login, _now())
        is_further = login != command.target.value
        sip_leg = sip_leg_of(call, command) + (f" {login}" if is_further else "")
        account = call.snapshot.accounts.get(login)
        where = DialledNumber.NOWHERE if account is None else account.dialled_number
        command = replace(command, target=replace(command.target, value=login))
        return [
            with_dialled_number(invite, call, command, where)
            for invite in invites_to_account(bridge, sip_leg, bindings, command, self._our_host)
        ]

    def _invite(
        self, call: str, bridge: Bridge, leg: str, invites: list[Invite], party: Party
    ) -> None:
        anchored = self._media_control.anchor_invites(bridge, leg, invites)
        if anchored is None:
            self._do(call, bridge, bridge.unreachable(leg, NO_PORT))
            return
        outs = bridge.ring(leg, anchored)
        if outs:
            self._remember(call, [invite.leg for invite in invites])
            for invite in invites:
                self._admission.expect(invite.leg, party)
        self._do(call, bridge, outs)

    async def _addresses(self, destination: SipDestination) -> tuple[Peer, ...]:
        return await self._endpoint.peers(
            destination.host, destination.port, destination.transport, srv=destination.srv
        )

    def _our_host(self, peer: Peer) -> str:
        return self._endpoint.local(peer)[0]

    # A restart

    def _resume(self, call: Call) -> frozenset[str]:
        anchor = Anchor(call.id)
        live = {
            leg.id: str(CallPart(call.id, leg.id))
            for leg in call.legs
            if leg.id in call.talking_legs
            and leg.is_live
            and self._leg_handles.restore(call, leg, anchor)
        }
        if live:
            bridge = Bridge.resumed(live, call.party, call.talking_to)
            known = call.leg(CALLER)
            if CALLER in live and known is not None and known.state is LegState.DIALLING:
                bridge.await_ack(owes_answer=bool(json.loads(known.handle).get("owes_answer")))
            self._bridges[call.id] = bridge
            self._remember(call.id, list(live.values()))
            self._do(call.id, bridge, self._media_control.resume(call, bridge, anchor))
            for sip_leg in bridge.legs.acknowledged:
                self._endpoint.agent.was_acknowledged(sip_leg)
            transfer = call.transfers.current
            if transfer is not None:  # the transferred party may have taken an offer
                self._unsure[call.id] = live.get(transferee_of(call, transfer.by), "")
            for leg in call.legs:
                if leg.id in live and self._leg_handles.is_agreeing(call, leg):
                    self._unsure[call.id] = live[leg.id]
        return frozenset(live)

    async def _forget_registrations(self) -> None:
        while True:
            await asyncio.sleep(FORGET_EVERY)
            self._registrations.expire()
            self._look_for_strays()
            if self._capture is not None:
                self._capture.forget_unbound(time.time() - FORGET_EVERY)

    def _look_for_strays(self) -> None:
        """End the legs that the user agent lost without an event."""
        for call, bridge in list(self._bridges.items()):
            for sip_leg in bridge.legs.held:
                if not self._endpoint.agent.has_leg(sip_leg):
                    log.error("sip leg lost", call=call, leg=sip_leg)
                    self._do(call, bridge, bridge.stray(sip_leg))


def _now() -> float:
    return asyncio.get_running_loop().time()


def _soon(act: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(act)


def _refusal(leg: str, refused: Rejection) -> EndSession:
    headers = reason_headers(refused.cause)
    if refused.retry_after:
        headers = (*headers, ("Retry-After", str(refused.retry_after)))
    return EndSession(leg=leg, status=refusal_status(refused.cause), headers=headers)
