"""A request outside of any dialog goes out until it has its answer, proves itself, and is forgotten."""

from __future__ import annotations

from collections import deque
from itertools import count

from switchhook.sip.auth.digest import Challenge, Verified, Verifier
from switchhook.sip.auth.proof import DigestCredentials
from switchhook.sip.ua.commands import Respond, SendOutOfDialog
from switchhook.sip.ua.events import (
    FinalResponseReceived,
    OutOfDialogRequestReceived,
    UserAgentEvent,
)
from switchhook.sip.ua.registrar import Registrar
from switchhook.sip.ua.user_agent import UserAgent, UserAgentLoad
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri

PHONE = Peer("UDP", "192.0.2.10", 5060)
PBX = Peer("UDP", "192.0.2.1", 5060)
NOTHING = UserAgentLoad(transactions=0, sessions=0, dialogs=0, pending_requests=0)
ALICE = NameAddress(uri=Uri.parse("sip:alice@pbx"))


def register(password: str | None = "secret", *, cseq: int = 1) -> SendOutOfDialog:
    return SendOutOfDialog(
        ref="registration",
        method="REGISTER",
        uri=Uri.parse("sip:pbx"),
        from_=ALICE,
        to=ALICE,
        peer=PBX,
        call_id="c1",
        cseq=cseq,
        headers=(("Contact", "<sip:alice@192.0.2.10>"), ("Expires", "600")),
        credentials=None
        if password is None
        else DigestCredentials(username="alice", password=password),
    )


class Line:
    """A telephone and a registrar with a wire between them and one clock."""

    def __init__(self) -> None:
        token = map(str, count()).__next__
        self.phone = UserAgent(local=lambda _peer: (PHONE.host, PHONE.port), token=token)
        self.pbx = UserAgent(local=lambda _peer: (PBX.host, PBX.port), token=token)
        self.verifier = Verifier("pbx", b"0123456789abcdef", lifetime=60)
        self.registrar = Registrar()
        self.now = 0.0
        self.cut = False
        self.heard: list[UserAgentEvent] = []
        self.methods: list[str] = []

    def send(self, command: SendOutOfDialog) -> list[UserAgentEvent]:
        self.phone.perform(command, self.now)
        return self.settle()

    def settle(self) -> list[UserAgentEvent]:
        """Carry packets and answer REGISTER until there is nothing more to do."""
        wire: deque[tuple[UserAgent, bytes, Peer]] = deque()
        while True:
            wire.extend((self.pbx, packet.data, PHONE) for packet in self.phone.take_packets())
            wire.extend((self.phone, packet.data, PBX) for packet in self.pbx.take_packets())
            if not wire or self.cut:
                events, self.heard = self.heard, []
                return events
            agent, data, source = wire.popleft()
            agent.receive(data, source, self.now)
            self.heard += self.phone.take_events()
            for event in self.pbx.take_events():
                assert isinstance(event, OutOfDialogRequestReceived)
                self.pbx.perform(self.answer(event), self.now)

    def answer(self, event: OutOfDialogRequestReceived) -> Respond:
        request = event.request
        self.methods.append(f"{request.cseq} {'Authorization' in request.headers}")
        verdict = self.verifier.check(request, {"alice": "secret"}.get, self.now)
        if isinstance(verdict, Challenge):
            return Respond(ref=event.ref, status=verdict.status, headers=verdict.headers)
        if not isinstance(verdict, Verified):
            return Respond(ref=event.ref, status=verdict.status)
        result = self.registrar.register(request, verdict.username, event.source, self.now)
        return Respond(ref=event.ref, status=result.status, headers=result.headers)

    def pass_time(self, until: float) -> list[UserAgentEvent]:
        events: list[UserAgentEvent] = []
        while True:
            times = [a.wake_at for a in (self.phone, self.pbx) if a.wake_at is not None]
            if not times or min(times) > until:
                self.now = until
                return events
            self.now = min(times)
            for agent in (self.phone, self.pbx):
                agent.handle_timer(self.now)
            self.heard += self.phone.take_events()
            events += self.settle()


def test_a_challenged_register_proves_itself_once() -> None:
    line = Line()
    (replied,) = line.send(register())
    assert isinstance(replied, FinalResponseReceived)
    assert (replied.leg, replied.ref, replied.status) == ("registration", "registration", 200)
    assert replied.response is not None
    assert replied.response.cseq.number == 2
    assert replied.response.headers.get("Contact") == "<sip:alice@192.0.2.10>;expires=600"
    assert line.methods == ["1 REGISTER False", "2 REGISTER True"]
    (binding,) = line.registrar.lookup("alice", line.now)
    assert binding.peer == PHONE


def test_a_refresh_keeps_its_call_id_and_counts_on() -> None:
    line = Line()
    line.send(register())
    (replied,) = line.send(register(cseq=3))
    assert isinstance(replied, FinalResponseReceived)
    assert replied.status == 200
    assert len(line.registrar.lookup("alice", line.now)) == 1
    (overtaken,) = line.send(register(cseq=1))
    assert isinstance(overtaken, FinalResponseReceived)
    assert overtaken.status == 500


def test_a_wrong_password_is_told() -> None:
    (replied,) = Line().send(register("wrong"))
    assert isinstance(replied, FinalResponseReceived)
    assert replied.status == 403


def test_without_credentials_the_challenge_is_told() -> None:
    (replied,) = Line().send(register(None))
    assert isinstance(replied, FinalResponseReceived)
    assert replied.status == 401


def test_without_an_answer_408_is_told() -> None:
    line = Line()
    line.cut = True
    assert line.send(register()) == []
    assert line.pass_time(31.9) == []
    (replied,) = line.pass_time(33)
    assert replied == FinalResponseReceived(
        leg="registration", ref="registration", status=408, response=None
    )


def test_nothing_is_left_behind() -> None:
    line = Line()
    line.send(register())
    line.pass_time(100)
    assert line.phone.load == line.pbx.load == NOTHING
