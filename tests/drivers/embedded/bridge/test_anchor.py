"""Each leg has a session of its own with us, in G.711, whatever the telephone offers; nothing hostile raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.drivers.embedded.bridge.anchor import Anchor, MediaLine, can_anchor, missing_in
from switchhook.sip.rtp.commands import CloseStream, ConnectStreams, SetFarEnd
from switchhook.sip.rtp.g711 import A_LAW, MU_LAW, Law
from switchhook.sip.wire.sdp import SessionDescription

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n"
PHONE = (HEAD + "m=audio 4000 RTP/AVP 9 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n").encode()


def _sdp(media: str) -> bytes:
    return (HEAD + media.replace("\n", "\r\n")).encode()


def _anchor() -> Anchor:
    anchor = Anchor("c1")
    anchor.add(
        "caller", MediaLine(host="192.0.2.1", port=20000, session=7, also_from=("203.0.113.9",))
    )
    return anchor


def test_an_offer_is_answered_with_what_both_speak() -> None:
    answered = _anchor().answer("caller", PHONE)
    assert answered is not None
    body, (described,) = answered
    ours = SessionDescription.parse(body)
    assert ours.audio_address == ("192.0.2.1", 20000)
    assert ours.audio is not None
    assert ours.audio.payloads == ("8", "0", "96")
    far = described.far_end
    assert (far.address, far.law, far.payload) == (("192.0.2.5", 4000), A_LAW, 8)
    assert (far.events, far.also_from, far.on_hold) == (96, ("203.0.113.9",), False)
    assert described.stream == "c1 caller"


def test_every_description_of_ours_is_a_new_version() -> None:
    anchor = _anchor()
    anchor.offer("caller")
    anchor.offer("caller")
    answered = anchor.answer("caller", PHONE)
    assert answered is not None
    ours = SessionDescription.parse(answered[0])
    assert ours.version == 3
    assert ours.lines[1] == "o=- 7 3 IN IP4 192.0.2.1"


@pytest.mark.parametrize(
    ("media", "law"),
    [
        ("m=audio 4000 RTP/AVP 0\n", MU_LAW),
        ("m=audio 4000 RTP/AVP 18 8\n", A_LAW),
        ("m=audio 4000 RTP/AVPF 0\n", MU_LAW),
        ("m=audio 4000 RTP/AVP 97\na=rtpmap:97 pcma/8000/1\n", A_LAW),
        ("m=video 5000 RTP/AVP 34\nm=audio 4000 RTP/AVP 0\n", MU_LAW),
        ("m=audio 4000 RTP/AVP 18\n", None),
        ("m=audio 4000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n", None),
        ("m=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\n", None),
        ("m=audio 4000 RTP/AVP 97\na=rtpmap:97 PCMU/16000\n", None),
        ("m=audio 0 RTP/AVP 0\n", None),
        ("m=video 5000 RTP/AVP 34\n", None),
        ("", None),
    ],
)
def test_who_can_be_spoken_with(media: str, law: Law | None) -> None:
    body = _sdp(media)
    described = _anchor().describe("caller", body)
    assert [command.far_end.law for command in described] == ([] if law is None else [law])
    assert can_anchor(body) is (law is not None)
    assert (_anchor().answer("caller", body) is None) is (law is None)


def test_without_an_offer_we_make_one() -> None:
    assert can_anchor(b"")


@pytest.mark.parametrize("media", ["a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0", "c=IN IP6 ::"])
def test_hold(media: str) -> None:
    anchor = _anchor()
    assert not anchor.is_on_hold("caller")
    (described,) = anchor.describe("caller", _sdp(f"m=audio 4000 RTP/AVP 0\n{media}\n"))
    assert described.far_end.on_hold
    assert anchor.is_on_hold("caller")
    assert not anchor.is_on_hold("nobody")


def test_of_two_ways_to_carry_sound_the_one_without_keys_is_taken() -> None:
    # As telephones offer whose encryption is optional.
    offer = _sdp("m=audio 4000 RTP/SAVP 0\nm=audio 4002 RTP/AVP 8\n")
    answered = _anchor().answer("caller", offer)
    assert answered is not None
    body, (described,) = answered
    assert (described.far_end.address or ("", 0))[1] == 4002
    lines = [line for line in body.decode().splitlines() if line.startswith("m=")]
    assert lines == ["m=audio 0 RTP/SAVP 0", "m=audio 20000 RTP/AVP 8"]


def test_a_telephone_that_only_listens_may_be_silent() -> None:
    (described,) = _anchor().describe("caller", _sdp("m=audio 4000 RTP/AVP 0\na=recvonly\n"))
    assert described.far_end.listens_only
    assert not described.far_end.on_hold


def test_legs_are_joined_and_closed() -> None:
    anchor = _anchor()
    assert anchor.join("caller", "b1") == []
    anchor.add("b1", MediaLine(host="192.0.2.1", port=20002, session=8))
    assert anchor.join("caller", "b1") == [ConnectStreams(one="c1 caller", other="c1 b1")]
    assert anchor.close("b1") == [CloseStream(stream="c1 b1")]
    assert anchor.close("b1") == []
    assert anchor.legs == ("caller",)


def test_a_line_is_taken_up_again() -> None:
    before, after = _anchor(), Anchor("c1")
    before.answer("caller", PHONE)
    after.restore("caller", json.loads(json.dumps(before.store("caller"))))
    assert after.line("caller") == before.line("caller")
    assert after.described("caller") == before.described("caller") != []


@pytest.mark.parametrize("stored", [{}, {"host": "x", "port": "y"}])
def test_what_was_not_stored_by_us_is_refused(stored: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Anchor("c1").restore("caller", stored)


@given(st.binary(max_size=300))
def test_nothing_raises(garbage: bytes) -> None:
    for body in (garbage, PHONE + garbage, PHONE[:120] + garbage + PHONE[120:]):
        anchor = _anchor()
        anchor.describe("caller", body)
        answered = anchor.answer("caller", body)
        assert can_anchor(body) or not body or answered is None


@given(st.lists(st.sampled_from(PHONE.decode().splitlines()), max_size=12), st.randoms())
def test_lines_in_any_order_do_not_raise(lines: list[str], chance: object) -> None:
    del chance
    body = "\r\n".join(lines).encode()
    described: list[SetFarEnd] = _anchor().describe("caller", body)
    assert len(described) <= 1


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (_sdp("m=audio 4000 RTP/AVP 18 101\n"), 305, "G729 alone is described"),
        (_sdp("m=audio 4000 RTP/AVP 99\n"), 305, "no known encoding alone is described"),
        (_sdp("m=audio 4 RTP/SAVP 8\n"), 302, "encrypted sound alone is described (RTP/SAVP)"),
        (
            _sdp("m=audio 9 UDP/TLS/RTP/SAVPF 0\n"),
            302,
            "encrypted sound alone is described (UDP/TLS/RTP/SAVPF)",
        ),
        (
            _sdp("m=audio 0 RTP/AVP 8\nm=image 5 udptl t38\n"),
            304,
            "image is described, and no sound",
        ),
        (HEAD.encode(), 304, "nothing is described, and no sound"),
        (b"hello", 399, "the session description cannot be read"),
        (b"", 399, "no session was described"),
    ],
)
def test_what_keeps_us_from_speaking_has_a_name(body: bytes, code: int, words: str) -> None:
    assert missing_in(body) == (code, words)
