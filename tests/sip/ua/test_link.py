"""Over a network that loses, repeats and reorders, every call comes to its end and leaves nothing behind."""

from __future__ import annotations

from collections import Counter

import pytest

from switchhook.sip.ua.commands import (
    Acknowledge,
    Answer,
    EndSession,
    Invite,
    Respond,
    SendInDialog,
    UserAgentCommand,
)
from switchhook.sip.ua.events import (
    AnswerAcknowledged,
    AnswerReceived,
    FinalResponseReceived,
    InDialogRequestReceived,
    InviteCancelled,
    InviteFailed,
    InviteReceived,
    SipLegEnded,
    UserAgentEvent,
)
from switchhook.sip.ua.user_agent import UserAgentLoad
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from tests.support.sip_link import Network, Node

NOTHING = UserAgentLoad(transactions=0, sessions=0, dialogs=0, pending_requests=0)
CALLS = 300


class Play:
    """Calls that are answered, refused, cancelled, held and ended from either side."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.caller = network.node("192.0.2.1", self.caller_hears)
        self.callee = network.node("192.0.2.2", self.callee_hears)
        self.seen_by_caller: Counter[str] = Counter()
        self.seen_by_callee: Counter[str] = Counter()
        for number in range(CALLS):
            self.snapshot(f"out{number}", 0.05 * number, gives_up=number % 5 == 0)
        network.run(until=CALLS * 0.05 + 400)

    def snapshot(self, leg: str, at: float, *, gives_up: bool) -> None:
        invite = Invite(
            leg=leg,
            uri=Uri.parse("sip:them@192.0.2.2"),
            from_=NameAddress.parse("<sip:us@192.0.2.1>"),
            to=NameAddress.parse("<sip:them@192.0.2.2>"),
            peer=Peer("UDP", "192.0.2.2", 5060),
        )
        self.later(at, self.caller, invite)
        if gives_up:
            self.later(at + self.network.chance.uniform(0, 2), self.caller, EndSession(leg=leg))

    def later(self, delay: float, node: Node, command: UserAgentCommand) -> None:
        self.network.later(delay, lambda: node.perform(command))

    def caller_hears(self, event: UserAgentEvent) -> None:
        match event:
            case AnswerReceived(leg=leg):
                self.seen_by_caller["answered"] += 1
                self.caller.perform(Acknowledge(leg=leg))
                self.caller_talks(leg)
            case FinalResponseReceived(leg=leg, status=200):
                self.caller.perform(Acknowledge(leg=leg))
            case SipLegEnded(status=status, ref=ref):
                self.caller.perform(Respond(ref=ref, status=200))
                self.seen_by_caller[f"ended {status}"] += 1
            case InviteFailed(status=status):
                self.seen_by_caller[f"failed {status}"] += 1
            case _:
                pass

    def caller_talks(self, leg: str) -> None:
        chance = self.network.chance
        if chance.random() < 0.5:
            hold = SendInDialog(leg=leg, ref=f"hold {leg}", method="INVITE", body=b"v=0\r\n")
            self.later(0.5, self.caller, hold)
        if chance.random() < 0.5:
            self.later(chance.uniform(0, 8), self.caller, EndSession(leg=leg))

    def callee_hears(self, event: UserAgentEvent) -> None:
        chance = self.network.chance
        match event:
            case InviteReceived(leg=leg):
                self.seen_by_callee["invited"] += 1
                self.callee.perform(Answer(leg=leg, status=180))
                answer = Answer(leg=leg, status=chance.choice([200, 200, 200, 486]))
                self.later(chance.uniform(0, 3), self.callee, answer)
            case InDialogRequestReceived(ref=ref):
                self.callee.perform(Respond(ref=ref, status=200, body=b"v=0\r\n"))
            case AnswerAcknowledged(leg=leg):
                self.seen_by_callee["acknowledged"] += 1
                self.later(chance.uniform(4, 20), self.callee, EndSession(leg=leg))
            case SipLegEnded(status=status, ref=ref):
                self.callee.perform(Respond(ref=ref, status=200))
                self.seen_by_callee[f"ended {status}"] += 1
            case InviteCancelled(ref=ref):
                self.callee.perform(Respond(ref=ref, status=200))
                self.seen_by_callee["cancelled"] += 1
            case _:
                pass


def assert_nothing_left(play: Play) -> None:
    for node in (play.caller, play.callee):
        assert node.agent.load == NOTHING
        assert node.agent.wake_at is None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hundreds_of_calls_over_a_bad_network(seed: int) -> None:
    play = Play(Network(seed, loss=0.1, twice=0.05))

    assert_nothing_left(play)
    # One call for each INVITE, however often it came; a cancelled one is never told of again.
    assert play.seen_by_callee["invited"] <= CALLS
    assert {how for how in play.seen_by_caller if "failed" in how} == {"failed 486"}
    told = play.seen_by_caller["answered"] + play.seen_by_caller["failed 486"]
    assert told >= CALLS * 4 // 5
    # Every call that was answered was acknowledged, and ended with a BYE and not for want of answers.
    assert play.seen_by_callee["acknowledged"] > CALLS // 2
    assert play.seen_by_callee["cancelled"] > 0
    ended = {*play.seen_by_caller, *play.seen_by_callee}
    assert {how for how in ended if "ended" in how} == {"ended 200"}


def test_a_perfect_network_needs_no_retransmission() -> None:
    network = Network(4)

    play = Play(network)

    assert_nothing_left(play)
    assert play.seen_by_callee["invited"] == CALLS
    # INVITE, 100, 180, 200, ACK, BYE, 200 and a re-INVITE for some: far below what resending makes.
    assert network.sent < CALLS * 12


def test_a_network_that_carries_nothing_leaves_nothing() -> None:
    play = Play(Network(5, loss=1.0))

    assert_nothing_left(play)
    assert play.seen_by_caller == Counter({"failed 408": CALLS * 4 // 5})
