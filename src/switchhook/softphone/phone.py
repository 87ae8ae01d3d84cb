"""A small telephone for demonstrations and tests: it registers, calls, answers, and plays a tone."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, assert_never

import structlog

from switchhook.sip.auth.proof import MOST_TRIES, DigestCredentials
from switchhook.sip.net.endpoint import ListenAddress, SipEndpoint
from switchhook.sip.ua import events
from switchhook.sip.ua.commands import Acknowledge, Answer, Invite, Respond, SendOutOfDialog
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import DEFAULT_PORT, TCP, UDP, Peer, bracketed, numeric
from switchhook.sip.wire.uri import Uri, escape_user
from switchhook.softphone.call import SDP, PhoneCall, RefusedError
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from switchhook.sip.ua.commands import UserAgentCommand
    from switchhook.sip.ua.events import UserAgentEvent

log = structlog.get_logger(__name__)

_WAIT: Final = 0.01
_MOST_WAITS: Final = 100

__all__ = ["PhoneBehaviour", "PhoneCall", "RefusedError", "Softphone"]

PhoneCallEvent = (
    events.AnswerAcknowledged
    | events.AnswerReceived
    | events.ReinviteCancelled
    | events.InDialogRequestReceived
    | events.DialogChanged
    | events.InviteCancelled
    | events.InviteFailed
    | events.SipLegEnded
    | events.ProgressReceived
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneBehaviour:
    """How a telephone takes a call. Times in seconds."""

    rings: bool = True
    """Whether it sends 180."""
    answer_after: float | None = 0.0
    """How long it rings before it answers or refuses; None leaves that to `PhoneCall.answer`."""
    refuse_with: int | None = None
    """The status that it refuses with instead of answering."""
    hang_up_after: float | None = None
    """How long it talks."""


class Softphone:
    """A telephone, `async with` its time on the network.

    `server` is the registrar and proxy, a numeric address; without one only numeric URIs can be
    called. `behaviour` may be changed at any time.
    """

    def __init__(
        self,
        username: str,
        password: str = "",
        *,
        server: Peer | None = None,
        host: str = "127.0.0.1",
        transport: str = UDP,
        behaviour: PhoneBehaviour | None = None,
    ) -> None:
        self.username = username
        self.host = host
        self.behaviour = behaviour or PhoneBehaviour()
        self.calls: dict[str, PhoneCall] = {}
        """All calls since the telephone was switched on, by leg, in order."""
        self._server = server
        self._transport = server.transport if server else transport
        self._credentials = DigestCredentials(username=username, password=password)
        self._endpoint = SipEndpoint(ListenAddress(host=host, port=0), self._handle_event)
        self._exit = AsyncExitStack()
        self._replies: dict[str, asyncio.Future[events.FinalResponseReceived]] = {}
        self._came: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self._registration = secrets.token_hex(8)
        self._cseq = 0
        self._refresher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._endpoint.start(self._exit)
        return self

    async def __aexit__(self, *exc: object) -> None:
        for call in self.calls.values():
            call.end()
        if self._refresher is not None:
            self._refresher.cancel()
            with suppress(RefusedError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._register(0)
        for _ in range(_MOST_WAITS):
            if not self._endpoint.agent.load.sessions:
                break
            await asyncio.sleep(_WAIT)  # a BYE or CANCEL is still to be answered
        await self._exit.aclose()

    @property
    def port(self) -> int:
        """Where it listens, on UDP and TCP."""
        return self._endpoint.port

    @property
    def uri(self) -> Uri:
        """Where it can be called directly."""
        uri = Uri.of(self.username, bracketed(self.host), self.port)
        if self._transport == TCP:
            uri = uri.replace(parameters=uri.parameters.set("transport", "tcp"))
        return uri

    @property
    def ringing(self) -> tuple[PhoneCall, ...]:
        """The received calls that wait for an answer."""
        calls = self.calls.values()
        return tuple(c for c in calls if c.invite and not c.is_over and not c.answered_at.done())

    async def next_call(self) -> PhoneCall:
        """Wait for the next call that comes in."""
        return await self._came.get()

    async def register(self, expires: int = 600) -> None:
        """Register, and keep it up until the telephone is switched off; raise RefusedError."""
        await self._register(expires)
        if self._refresher is None:
            self._refresher = spawn(self._refresh(expires), name=f"registration of {self.username}")

    async def call(self, target: str) -> PhoneCall:
        """Call a SIP URI, or a user of the server; wait with `PhoneCall.answered`."""
        ours = self._address.uri
        uri = Uri.parse(target) if ":" in target else ours.replace(user=escape_user(target))
        peer = self._server or self._peer(uri)
        call = self._add(PhoneCall(self, secrets.token_hex(8)))
        command = Invite(
            leg=call.leg,
            uri=uri,
            from_=self._address,
            to=NameAddress(uri=uri),
            peer=peer,
            headers=SDP,
            body=call.describe(b"") or b"",
            credentials=self._credentials,
        )
        self.perform(command)
        return call

    def perform(self, command: UserAgentCommand) -> None:
        """Hand a command to the endpoint."""
        self._endpoint.perform(command)

    async def reply_to(self, ref: str, command: UserAgentCommand) -> events.FinalResponseReceived:
        """Hand over a command with a `ref`, and wait for its reply."""
        reply: asyncio.Future[events.FinalResponseReceived] = (
            asyncio.get_running_loop().create_future()
        )
        self._replies[ref] = reply
        self.perform(command)
        try:
            return await reply
        finally:
            del self._replies[ref]

    # What the endpoint tells

    def _handle_event(self, event: UserAgentEvent) -> None:
        match event:
            case events.InviteReceived():
                self._handle_invite(event)
            case events.OutOfDialogRequestReceived(ref=ref):
                self.perform(Respond(ref=ref, status=405))
            case events.FinalResponseReceived(ref=ref):
                waiting = self._replies.get(ref)
                if waiting is not None and not waiting.done():
                    waiting.set_result(event)
            case events.FlowClosed():
                pass  # what went over it is told call by call
            case _:
                call = self.calls.get(event.leg)
                if call is not None:
                    self._handle_call_event(call, event)

    def _handle_call_event(self, call: PhoneCall, event: PhoneCallEvent) -> None:
        match event:
            case events.ProgressReceived(response=response):
                call.progress.append(response.status)
            case events.AnswerReceived(response=response):
                self.perform(Acknowledge(leg=call.leg))
                call.handle_answer(response.body)
            case events.AnswerAcknowledged(request=request):
                if request.body:  # the answer to an offer that our 200 carried
                    call.send_tone(request.body)
            case events.InDialogRequestReceived():
                self._handle_request(call, event)
            case events.InviteCancelled(ref=ref):
                self.perform(Respond(ref=ref, status=200))
                call.over(487)
            case (
                events.SipLegEnded(status=status, ref=ref)
                | events.InviteFailed(status=status, ref=ref)
            ):
                self.perform(Respond(ref=ref, status=200))
                call.over(status)
            case events.ReinviteCancelled() | events.DialogChanged():
                pass
            case _:
                assert_never(event)

    def _handle_invite(self, event: events.InviteReceived) -> None:
        call = self._add(PhoneCall(self, event.leg, event.request))
        call.script = spawn(self._serve(call), name=f"behaviour in call {event.leg}")
        self._came.put_nowait(call)

    def _handle_request(self, call: PhoneCall, event: events.InDialogRequestReceived) -> None:
        """Answer a later offer; agree to everything else."""
        request = event.request
        if request.method != "INVITE" and not (request.method == "UPDATE" and request.body):
            self.perform(Respond(ref=event.ref, status=200))
            if request.method == "NOTIFY":
                call.handle_notify(request.body)
            return
        body = call.describe(request.body)
        if body is None:
            self.perform(Respond(ref=event.ref, status=488))
        else:
            self.perform(Respond(ref=event.ref, status=200, headers=SDP, body=body))

    async def _serve(self, call: PhoneCall) -> None:
        behaviour = self.behaviour
        if behaviour.rings:
            self.perform(Answer(leg=call.leg, status=180))
        if behaviour.answer_after is None:
            return
        await asyncio.sleep(behaviour.answer_after)
        if behaviour.refuse_with is not None:
            call.end(behaviour.refuse_with)
            return
        call.answer()
        if behaviour.hang_up_after is not None:
            await asyncio.sleep(behaviour.hang_up_after)
            call.end()

    # Registration

    async def _refresh(self, seconds: int) -> None:
        while True:
            await asyncio.sleep(seconds / 2)
            try:
                seconds = await self._register(seconds)
            except RefusedError as error:
                log.warning("phone not registered", phone=self.username, status=error.status)

    async def _register(self, seconds: int) -> int:
        """Register for some seconds, 0 to end it; return how many were granted."""
        if self._server is None:
            raise ValueError("a telephone without server has nowhere to register")
        command = SendOutOfDialog(
            ref=secrets.token_hex(8),
            method="REGISTER",
            uri=self._address.uri.replace(user=None),
            from_=self._address,
            to=self._address,
            peer=self._server,
            call_id=self._registration,
            cseq=self._cseq + 1,
            headers=(("Contact", f"<{self.uri}>"), ("Expires", str(seconds))),
            credentials=self._credentials,
        )
        replied = await self.reply_to(command.ref, command)
        response = replied.response
        self._cseq = response.cseq.number if response else self._cseq + MOST_TRIES
        if response is None or replied.status >= 300:
            raise RefusedError(f"registration of {self.username}", replied.status)
        granted = [
            contact.parameters.get("expires") or ""
            for contact in response.contacts
            if contact.uri.matches(self.uri)
        ]
        return int(granted[0]) if granted and granted[0].isdecimal() else seconds

    # Common parts

    def _add(self, call: PhoneCall) -> PhoneCall:
        self.calls[call.leg] = call
        return call

    @property
    def _address(self) -> NameAddress:
        server = self._server
        host, port = (server.host, server.port) if server else (self.host, None)
        return NameAddress(uri=Uri.of(self.username, bracketed(host), port))

    def _peer(self, uri: Uri) -> Peer:
        host = numeric(uri.host)
        if host is None:
            raise ValueError(f"without server only a numeric address can be called, not {uri}")
        transport = (uri.parameters.get("transport") or self._transport).upper()
        return Peer(transport, host, uri.port or DEFAULT_PORT)
