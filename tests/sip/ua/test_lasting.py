"""A conversation lasts for hours over a bad network, and ends soon after one end has vanished."""

from __future__ import annotations

import pytest

from switchhook.sip.transaction.transaction import Timing
from switchhook.sip.ua.commands import Acknowledge, Answer, Invite
from switchhook.sip.ua.events import (
    AnswerReceived,
    DialogChanged,
    InviteReceived,
    SipLegEnded,
    UserAgentEvent,
)
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from switchhook.sip.wire.uri import Uri
from tests.support.sip import SDP
from tests.support.sip_link import Network

pytestmark = pytest.mark.row("FD-02", "FI-01")

CALLS = 6
TYPE = (("Content-Type", "application/sdp"),)


class Talks:
    """Calls that nobody hangs up, with sessions of 90 seconds."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.ended: list[tuple[float, str]] = []
        self.answered = 0
        timing = Timing(session=90)
        self.caller = network.node("192.0.2.1", self.caller_hears, timing)
        self.callee = network.node("192.0.2.2", self.callee_hears, timing)
        for number in range(CALLS):
            command = Invite(
                leg=f"out{number}",
                uri=Uri.parse("sip:them@192.0.2.2"),
                from_=NameAddress.parse("<sip:us@192.0.2.1>"),
                to=NameAddress.parse("<sip:them@192.0.2.2>"),
                peer=Peer("UDP", "192.0.2.2", 5060),
                headers=TYPE,
                body=SDP,
            )
            network.later(0.3 * number, lambda command=command: self.caller.perform(command))  # type: ignore[misc]

    def caller_hears(self, event: UserAgentEvent) -> None:
        match event:
            case AnswerReceived(leg=leg):
                self.answered += 1
                self.caller.perform(Acknowledge(leg=leg))
            case SipLegEnded(leg=leg):
                self.ended.append((self.network.now, leg))
            case _:
                assert isinstance(event, DialogChanged)

    def callee_hears(self, event: UserAgentEvent) -> None:
        match event:
            case InviteReceived(leg=leg):
                self.callee.perform(Answer(leg=leg, status=200, headers=TYPE, body=SDP))
            case SipLegEnded(leg=leg):
                self.ended.append((self.network.now, leg))
            case _:
                pass


@pytest.mark.parametrize("seed", [1])
def test_nobody_is_taken_for_lost_over_a_bad_network(seed: int) -> None:
    talks = Talks(Network(seed, loss=0.1, twice=0.05))

    talks.network.run(until=2400.0)

    assert talks.answered == CALLS
    assert talks.ended == []


@pytest.mark.parametrize("vanishes", ["caller", "callee"])
def test_whoever_vanishes_is_missed_by_all_within_a_hundred_seconds(vanishes: str) -> None:
    talks = Talks(Network(3))
    talks.network.run(until=600.0)

    talks.network.unplug(talks.caller if vanishes == "caller" else talks.callee)
    talks.network.run(until=1000.0)

    assert len(talks.ended) == CALLS
    assert all(600.0 < at < 700.0 for at, _ in talks.ended)
