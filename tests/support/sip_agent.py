"""A user agent of ours with its clock, and those it speaks with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.sip.ua.commands import Acknowledge, Answer, Invite, Respond, UserAgentCommand
from switchhook.sip.ua.events import (
    AnswerAcknowledged,
    AnswerReceived,
    InviteReceived,
    SessionEnded,
    UserAgentEvent,
)
from switchhook.sip.ua.user_agent import UserAgent, UserAgentLoad
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.uri import Uri
from tests.support.sip import (
    ALICE,
    BOB,
    HERE,
    SDP,
    read_request,
    read_response,
    request,
    response,
    start,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.sip.auth.proof import DigestCredentials
    from switchhook.sip.transaction.overload import LoadLimits
    from switchhook.sip.wire.message import Request, Response
    from switchhook.sip.wire.transport import Peer

NOTHING = UserAgentLoad(transactions=0, sessions=0, dialogs=0, pending_requests=0)


class Phone:
    """A user agent with its clock, and what it said.

    Whoever leaves is answered at once, unless the phone is one that `waits`.
    """

    def __init__(
        self,
        *,
        limits: LoadLimits | None = None,
        most_sessions: int = 100,
        chance: Callable[[], float] = lambda: 0.0,
        waits: bool = False,
    ) -> None:
        self.now = 0.0
        self.waits = waits
        self.probes: list[tuple[float, Peer]] = []
        self.agent = UserAgent(
            local=lambda _peer: HERE,
            token=tokens(),
            limits=limits,
            most_sessions=most_sessions,
            chance=chance,
        )

    def hear(self, message: Request | Response, source: Peer = ALICE) -> list[UserAgentEvent]:
        return self.hear_data(bytes(message), source)

    def hear_data(self, data: bytes, source: Peer = ALICE) -> list[UserAgentEvent]:
        self.agent.receive(data, source, self.now)
        events = self.agent.take_events()
        for event in events:
            if isinstance(event, SessionEnded) and event.ref and not self.waits:
                self.agent.perform(Respond(ref=event.ref, status=200), self.now)
        return events

    def do(self, order: UserAgentCommand) -> list[str]:
        self.agent.perform(order, self.now)
        return self.sent()

    def sent(self) -> list[str]:
        """Take what was sent, in short."""
        self.packets = self.agent.take_packets()
        return [start(packet.data) for packet in self.packets]

    def last(self) -> Request:
        """Return the latest request that was sent."""
        return read_request(self.packets[-1].data)

    def last_response(self) -> Response:
        return read_response(self.packets[-1].data)

    def wake_at(self, otherwise: float) -> float:
        """Say when something is due next."""
        wake_at = self.agent.wake_at
        return otherwise if wake_at is None else wake_at

    def pass_time(self, until: float) -> list[UserAgentEvent]:
        while (wake_at := self.agent.wake_at) is not None and wake_at <= until:
            self.now = wake_at
            self.agent.handle_timer(wake_at)
        self.now = until
        return self.agent.take_events()

    def rest(self) -> None:
        """Let everything run out, and see that nothing is left."""
        self.pass_time(self.now + 1000)
        assert self.agent.load == NOTHING

    # Whole phases

    def called(self, invite: Request | None = None) -> str:
        """Be called; return the leg."""
        (event,) = self.hear(invite or request(body=SDP))
        assert isinstance(event, InviteReceived)
        assert self.sent() == ["100"]
        return event.leg

    def answered(self) -> tuple[str, str]:
        """Be called, answer and get the ACK; return the leg and our tag."""
        leg = self.called()
        assert self.do(Answer(leg=leg, status=200, body=SDP)) == ["200"]
        tag = self.last_response().to.tag or ""
        (event,) = self.hear(self.within("ACK", tag, cseq=1))
        assert isinstance(event, AnswerAcknowledged)
        return leg, tag

    def within(self, method: str, tag: str, *extra: str, cseq: int, body: bytes = b"") -> Request:
        via = f"SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK{method}{cseq}"
        to = f"<sip:100@192.0.2.1>;tag={tag}"
        return request(method, *extra, via=via, to=to, cseq=cseq, body=body)

    def calls(self, credentials: DigestCredentials | None = None) -> Request:
        """Call Bob as leg `out`; return the INVITE."""
        order = replace(INVITE, credentials=credentials)
        assert self.do(order) == ["INVITE"]
        return self.last()

    def talks(self) -> Request:
        """Call Bob, be answered and acknowledge; return the INVITE."""
        invite = self.calls()
        (event,) = self.hear(response(invite, 200, body=SDP), BOB)
        assert isinstance(event, AnswerReceived)
        assert self.do(Acknowledge(leg="out")) == ["ACK"]
        return invite


INVITE = Invite(
    leg="out",
    uri=Uri.parse("sip:bob@192.0.2.20"),
    from_=NameAddress.parse('"Us" <sip:us@192.0.2.1>'),
    to=NameAddress.parse("<sip:bob@192.0.2.20>"),
    peer=BOB,
    headers=(("Content-Type", "application/sdp"),),
    body=SDP,
)


def theirs(invite: Request, method: str, cseq: int, *extra: str, body: bytes = b"") -> Request:
    """Make a request of the one whom we called."""
    return request(
        method,
        *extra,
        uri="sip:us@192.0.2.1",
        via=f"SIP/2.0/UDP 192.0.2.20;branch=z9hG4bKb{method}{cseq}",
        from_="<sip:bob@192.0.2.20>;tag=b",
        to=str(invite.from_),
        call_id=invite.call_id,
        cseq=cseq,
        contact="<sip:bob@192.0.2.20>",
        body=body,
    )
