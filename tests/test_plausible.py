"""What real devices write arrives, however sloppily, where it can mean one thing; what is wrong says why.

`make test` draws 2,000 inputs, `make fuzz` 100,000 (`PLAUSIBLE` is how many). Each failure names its seed.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from switchhook.sip.rtp.dtmf import DtmfReceiver, read_info
from switchhook.sip.rtp.wav import WavError, read_wav
from switchhook.sip.ua.commands import Acknowledge, Answer, Invite
from switchhook.sip.ua.events import (
    AnswerAcknowledged,
    AnswerReceived,
    InviteReceived,
    OutOfDialogRequestReceived,
    ProgressReceived,
)
from switchhook.sip.ua.registrar import register
from switchhook.sip.ua.user_agent import UserAgent
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.framing import StreamFramer
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.parser import MessageError, parse_message
from switchhook.sip.wire.sdp import SessionDescription, answer_audio, normalized
from switchhook.sip.wire.uri import Uri
from tests.support.plausible import Label, http, sdp, sip, sound
from tests.support.sip import ALICE, BOB, HERE, SDP, read_request, read_response, start, tokens
from tests.webhooks.corpus import Reader, meaning_of, read, told_by

if TYPE_CHECKING:
    from collections.abc import Callable

INPUTS = int(os.environ.get("PLAUSIBLE", "2000"))


def agent() -> UserAgent:
    return UserAgent(local=lambda _peer: HERE, token=tokens())


def strict(data: bytes) -> None:
    """What we send keeps to the grammar, whatever came in; a response has their Via as it came (RFC 3261 §8.2.6.2)."""
    ours = [what for what in parse_message(data).dropped if not what.startswith("Via: ")]
    assert ours == []


def refusal_of(ua: UserAgent) -> str:
    """Return why a message was not served: what its sender is told, or what the log says."""
    told = [packet.data.partition(b"\r\n")[0].decode() for packet in ua.take_packets()]
    refused = [line.removeprefix("SIP/2.0 ") for line in told if line[8:9] in {"4", "5"}]
    logged = [text for remark in ua.take_diagnostics() if remark.unread for text in remark.texts]
    return "; ".join([*refused, *logged])


def check_invite(chance: random.Random, number: int) -> None:
    case = sip.invite(chance, number)
    ua = agent()
    ua.receive(case.data, ALICE, 0.0)
    events = ua.take_events()
    if case.label is Label.WRONG:
        assert events == []
        assert refusal_of(ua), "nothing says why"
        return
    (arrived,) = events
    assert isinstance(arrived, InviteReceived)
    invite = arrived.request
    assert (invite.from_.uri.username, invite.from_.tag) == (case.means["user"], "f1")
    assert invite.uri.username == invite.to.uri.username == case.means["dialled"]
    assert [str(c.uri) for c in invite.contacts] == (
        [case.means["target"]] if case.means["target"] else []
    )
    assert bool(invite.dropped) <= (case.label is Label.SLOPPY)
    described = SessionDescription.parse(invite.body)
    assert described.audio_address == case.means["sound"]
    ours = answer_audio(described, "192.0.2.1", 5000, session_id=1)
    assert ours is not None
    headers = (("Content-Type", "application/sdp"),)
    ua.perform(Answer(leg=arrived.leg, status=200, headers=headers, body=bytes(ours)), 0.0)
    answer = ua.take_packets()[-1]
    strict(answer.data)
    assert (start(answer.data), answer.peer) == ("200", ALICE)
    acknowledge(ua, invite, read_response(answer.data))


def acknowledge(ua: UserAgent, invite: Request, answer: Response) -> None:
    ack = invite.response(200).headers.without("CSeq", "To")
    ack = ack.add("To", str(answer.to)).add("CSeq", f"{invite.cseq.number} ACK")
    data = bytes(Request(method="ACK", uri=invite.uri, headers=ack))
    ua.receive(data, ALICE, 0.1)
    (acknowledged,) = ua.take_events()
    assert isinstance(acknowledged, AnswerAcknowledged)


def check_answer(chance: random.Random, number: int) -> None:
    ua = agent()
    to = Uri(user="bob", host="192.0.2.20")
    us = NameAddress(uri=Uri(user="us", host="192.0.2.1"))
    ua.perform(Invite(leg="x", uri=to, from_=us, to=NameAddress(uri=to), peer=BOB, body=SDP), 0.0)
    asked = read_request(ua.take_packets()[0].data)
    status = (180, 200)[number % 2]
    case = sip.answer(chance, asked, status)
    ua.receive(case.data, BOB, 0.1)
    events = ua.take_events()
    if case.label is Label.WRONG:
        assert events == []
        assert refusal_of(ua), "nothing says why"
        return
    (event,) = events
    if status == 180:
        assert isinstance(event, ProgressReceived)
        return
    assert isinstance(event, AnswerReceived)
    assert SessionDescription.parse(event.response.body).audio_address == case.means["sound"]
    ua.perform(Acknowledge(leg="x"), 0.2)
    ack = ua.take_packets()[-1]
    strict(ack.data)
    assert str(read_request(ack.data).uri) == (case.means["target"] or "sip:bob@192.0.2.20")


def check_register(chance: random.Random, number: int) -> None:
    case = sip.register(chance, number)
    ua = agent()
    ua.receive(case.data, ALICE, 0.0)
    events = ua.take_events()
    if case.label is Label.WRONG:
        assert events == []
        assert refusal_of(ua).startswith("400 Bad Request: "), "nothing says why"
        return
    (asked,) = events
    assert isinstance(asked, OutOfDialogRequestReceived)
    done = register((), asked.request, ALICE, 0.0)
    (binding,) = done.bindings
    assert str(binding.contact.uri) == case.means["uri"]
    assert " ".join(map(str, binding.path)) == case.means["path"]
    home = case.means["at_home"] and not binding.path
    assert binding.peer.port == (5070 if home else ALICE.port)


def check_description(chance: random.Random, _: int) -> None:
    body, label, _about = sdp.description(chance)
    try:
        described = SessionDescription.parse(body)
    except SipError:
        if label is Label.WRONG:
            return  # and its text goes to who offered it
        raise
    ours = answer_audio(described, "192.0.2.1", 5000, session_id=1)
    assert (ours is None) == (label is Label.WRONG)  # the caller then gets 488
    if ours is not None:
        assert described.audio_address == sdp.PLACE
        passed_on = SessionDescription.parse(normalized(body))
        assert (passed_on.audio_address, passed_on.audio) == (sdp.PLACE, described.audio)
        assert answer_audio(passed_on, "192.0.2.1", 5000, session_id=1) == ours


def check_info(chance: random.Random, _: int) -> None:
    case = sip.info(chance)
    keys = read_info(str(case.means["kind"]), case.data)
    # One that tells of none is refused with 415 by whoever asked for keys.
    assert keys == ("" if case.label is Label.WRONG else case.means["keys"])


def check_stream(chance: random.Random, _: int) -> None:
    pieces, expected = sip.stream(chance)
    framer = StreamFramer()
    out = [item for piece in pieces for item in framer.feed(piece)]
    assert not framer.broken
    heard = [
        "wrong" if isinstance(item, MessageError) else getattr(item, "call_id", "ping")
        for item in out
    ]
    assert heard == expected


def check_wav(chance: random.Random, _: int) -> None:
    case = sound.wav(chance)
    try:
        heard = read_wav(case.data)
    except WavError:
        if case.label is Label.WRONG:
            return  # and its text is told to whoever named the file
        raise
    assert case.label is not Label.WRONG
    assert abs(len(heard) // 2 - 800) <= 8


def check_keys(chance: random.Random, _: int) -> None:
    packets, pressed, how = sound.keys(chance)
    receiver = DtmfReceiver()
    assert "".join(receiver.receive(packet) for packet in packets) == pressed, how


def check_http(chance: random.Random, _: int) -> None:
    case = http.answer(chance)
    reading = read(Reader.JSON, case.data)
    meaning = meaning_of(reading)
    if case.label is Label.WRONG:
        assert http.NUMBER not in meaning
        assert told_by(reading), "nothing says why"
    else:
        assert meaning.removeprefix("+") == http.NUMBER


SHARES: dict[Callable[[random.Random, int], None], float] = {
    check_invite: 0.3,
    check_answer: 0.2,
    check_register: 0.1,
    check_description: 0.1,
    check_info: 0.05,
    check_stream: 0.1,
    check_wav: 0.02,
    check_keys: 0.05,
    check_http: 0.08,
}


@pytest.mark.parametrize("check", SHARES, ids=lambda check: check.__name__.removeprefix("check_"))
def test_what_was_meant_arrives(check: Callable[[random.Random, int], None]) -> None:
    for seed in range(round(INPUTS * SHARES[check])):
        try:
            check(random.Random(seed), seed)
        except Exception as error:
            error.add_note(f"{check.__name__} with seed {seed}")
            raise


def test_all_labels_are_drawn() -> None:
    cases = [sip.invite(random.Random(seed), seed) for seed in range(300)]
    assert {case.label for case in cases} == set(Label)
    assert min(sum(case.label is label for case in cases) for label in Label) > 20
