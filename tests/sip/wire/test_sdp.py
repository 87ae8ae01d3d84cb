"""A session description is read whoever wrote it, changed where asked, and else given back as it came."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.wire import sdp
from switchhook.sip.wire.errors import ParseError
from switchhook.sip.wire.sdp import (
    DIRECTIONS,
    PCMA,
    PCMU,
    REVERSED,
    TELEPHONE_EVENT,
    Format,
    Media,
    MediaDirection,
    SessionDescription,
    answer_audio,
    build_audio,
    normalized,
)
from tests.support.pace import cost

BARESIP = """\
v=0
o=- 3923239283 3923239284 IN IP4 192.0.2.20
s=-
c=IN IP4 192.0.2.20
t=0 0
a=tool:baresip 1.0.0
m=audio 20334 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=rtcp:20335
a=sendrecv
a=label:1
a=rtcp-rsize
a=ssrc:3031543512 cname:sip:bob@192.0.2.20
a=ptime:20
"""
ASTERISK = """\
v=0
o=- 1543567890 1543567890 IN IP4 192.0.2.1
s=Asterisk
c=IN IP4 192.0.2.1
t=0 0
m=audio 14202 RTP/AVP 8 0 9 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:9 G722/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:140
a=sendrecv
"""
LINPHONE = """\
v=0
o=alice 2890 1289 IN IP4 192.168.1.5
s=Talk
c=IN IP4 192.168.1.5
b=AS:380
t=0 0
a=ice-pwd:f2bd2bd2ab3bd0c5a1e6ea29
a=ice-ufrag:6fb5ab4d
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
m=audio 7078 RTP/AVP 96 97 98 0 8 101 99 100
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:97 speex/16000
a=fmtp:97 vbr=on
a=rtpmap:98 speex/8000
a=fmtp:98 vbr=on
a=rtpmap:101 telephone-event/48000
a=rtpmap:99 telephone-event/16000
a=rtpmap:100 telephone-event/8000
a=candidate:1 1 UDP 2130706303 192.168.1.5 7078 typ host
a=candidate:1 2 UDP 2130706302 192.168.1.5 7079 typ host
a=rtcp-fb:* trr-int 5000
m=video 9078 RTP/AVP 96
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
"""
SIPP = """\
v=0
o=user1 53655765 2353687637 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 6000 RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
IPV6 = """\
v=0
o=- 1 1 IN IP6 2001:db8::9:1
s=-
t=0 0
m=audio 5004 RTP/AVP 8
c=IN IP6 2001:db8::9:1
a=sendonly
"""
ODD = """\
m=image 0 udptl t38
m=audio  7000/2  RTP/AVP 8 101 not-a-number 300
i=the sound
c=IN IP4 239.1.1.1/127
a=rtpmap:101 Telephone-Event/8000/1
a=fmtp:101
a=recvonly
a=inactive
x-nobody-knows-this
"""
OLD_HOLD = SIPP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")
CORPUS = {
    "baresip": BARESIP,
    "asterisk": ASTERISK,
    "linphone": LINPHONE,
    "sipp": SIPP,
    "ipv6": IPV6,
    "old hold": OLD_HOLD,
}


def read(text: str) -> SessionDescription:
    return SessionDescription.parse(text.replace("\n", "\r\n").encode())


def audio(text: str) -> Media:
    found = read(text).audio
    assert found is not None
    return found


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_it_is_given_back_as_it_came(text: str) -> None:
    data = text.replace("\n", "\r\n").encode()
    assert bytes(SessionDescription.parse(data)) == data


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\n\r\n"])
def test_line_ends_of_any_kind_are_read(end: str) -> None:
    assert SessionDescription.parse(BARESIP.replace("\n", end).encode()) == read(BARESIP)
    assert SessionDescription.parse(BARESIP.strip().encode()) == read(BARESIP)


def test_what_baresip_says() -> None:
    sdp = read(BARESIP)
    assert sdp.audio_address == ("192.0.2.20", 20334)
    assert (sdp.direction, sdp.is_hold, sdp.version) == ("sendrecv", False, 3923239284)
    sound = audio(BARESIP)
    assert sound.formats == (PCMU, PCMA, replace(TELEPHONE_EVENT, fmtp="0-15"))
    assert sound.telephone_event == 101


def test_what_asterisk_says() -> None:
    assert [known.encoding for known in audio(ASTERISK).formats] == [
        "PCMA",
        "PCMU",
        "G722",
        "telephone-event",
    ]


def test_what_linphone_says() -> None:
    sound = audio(LINPHONE)
    assert sound.formats[0] == Format(
        payload=96, encoding="opus", rate=48000, channels=2, fmtp="useinbandfec=1"
    )
    assert sound.formats[3] == PCMU
    # The first keys are at the rate of the first sound.
    assert sound.telephone_event == 101
    assert audio(LINPHONE.replace("96 97 98 0 8", "0 8")).telephone_event == 100


def test_numbers_that_need_no_map() -> None:
    assert audio(IPV6).formats == (PCMA,)
    assert read(IPV6).audio_address == ("2001:db8::9:1", 5004)


def test_hold_of_two_kinds() -> None:
    assert (read(IPV6).direction, read(IPV6).is_hold) == ("sendonly", True)
    assert (read(OLD_HOLD).direction, read(OLD_HOLD).is_hold) == ("sendrecv", True)
    assert not read(SIPP).is_hold


def test_a_direction_of_the_session_holds_for_the_sound() -> None:
    session = SIPP.replace("t=0 0", "t=0 0\na=sendonly")
    assert read(session).direction == "sendonly"
    assert read(session + "a=recvonly\n").direction == "recvonly"


def test_an_odd_one_in_no_order() -> None:
    sdp = read(ODD + "v=0\n")
    sound = audio(ODD + "v=0\n")
    assert (sound.port, sound.ports) == (7000, 2)
    assert sound.formats == (PCMA, Format(payload=101, encoding="Telephone-Event"))
    assert sdp.audio_address == ("239.1.1.1", 7000)
    assert sdp.direction == "recvonly"
    assert sdp.version is None
    assert SessionDescription.parse(bytes(sdp)) == sdp


def test_no_sound() -> None:
    for text in (
        "v=0\ns=-\n",
        SIPP.replace("audio 6000", "audio 0"),
        SIPP.replace("audio", "video"),
    ):
        sdp = read(text)
        assert (sdp.audio, sdp.audio_address, sdp.is_hold) == (None, None, True)
        assert sdp.with_direction("sendonly") == sdp
        assert answer_audio(sdp, "127.0.0.1", 4000, session_id=1) is None


def test_no_address() -> None:
    assert read(SIPP.replace("c=IN", "c=ATM")).audio_address is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "<audio/>",
        "o=- 1 1 IN IP4 h\n",
        "v=0\nm=audio\n",
        "v=0\nm=audio x RTP/AVP 0\n",
        "v=0\nm=audio 65536 RTP/AVP 0\n",
        "v=0\nm=audio 5/x RTP/AVP 0\n",
        "v=0\nm=audio 5 RTP/AVP" + " 0" * 129,
        "v=0\n" + "m=audio 5 RTP/AVP 0\n" * 33,
    ],
)
def test_what_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


PLAIN = (
    "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 8 101\n"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("s=-\n", ""),
        ("t=0 0\n", ""),
        ("v=0\n", ""),
        ("v=0\n", "\ufeffv=0\n"),
        ("o=- 1 1 IN IP4 192.0.2.1\n", "o=who knows\n"),
        ("o=- 1 1 IN IP4 192.0.2.1\n", ""),
        ("s=-\n", "s=\n"),
        ("c=IN IP4 192.0.2.1", "c=in ip4 192.0.2.1 "),
        ("c=IN IP4 192.0.2.1", " c=IN IP4 192.0.2.1/127 extra"),
        ("m=audio 4000 RTP/AVP 8 101", "m=audio 4000/1  rtp/avp 8  101"),
        ("m=audio", "m=image 0 udptl t38\nm=audio"),
        ("m=audio", "m=video x RTP/AVP 96\nm=audio"),
        ("m=audio", "m=text\nm=audio"),
        ("m=audio", "m=audio 99999 RTP/AVP 0\nm=audio"),
        ("8 101\n", "8 101\na=x-unknown:(((\na=\na\nb\n"),
        ("8 101\n", "8 101\na=RTPMAP:8 pcma/8000/1\na=rtpmap: 101\ttelephone-EVENT/8000\n"),
        ("8 101\n", "8 101\na=rtpmap:\na=fmtp:\na=SendRecv\n"),
        ("8 101\n", "8 101\n\n\n"),
        ("8 101\n", "8 101\n\0\0"),
    ],
)
@pytest.mark.row("FA-04")
def test_what_nobody_needs_of_a_description_may_be_wrong(before: str, after: str) -> None:
    for end in ("\r\n", "\n"):
        mapped = "" if "RTPM" in after else "a=rtpmap:101 telephone-event/8000\n"
        text = PLAIN + mapped
        assert before in text
        sloppy = text.replace(before, after, 1).replace("\n", end)
        read = SessionDescription.parse(sloppy.encode())
        assert read.audio_address == ("192.0.2.1", 4000)
        assert read.audio is not None
        assert [known.encoding.upper() for known in read.audio.formats] == [
            "PCMA",
            "TELEPHONE-EVENT",
        ]
        assert (read.is_hold, len(read.media)) == (False, after.count("m=") or 1)
        again = SessionDescription.parse(normalized(sloppy.encode()))
        assert (again.audio_address, again.audio) == (read.audio_address, read.audio)
        assert [line[0] for line in again.lines] == list("vosct")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_direction_is_set(direction: MediaDirection) -> None:
    for text in CORPUS.values():
        changed = read(text).with_direction(direction)
        assert changed.direction == direction
        assert sum(str(changed.audio).count(f"a={name}\r\n") for name in DIRECTIONS) == 1


def test_ours_are_checked() -> None:
    for host in ("example.com", "1.2.3.4\r\na=x", ""):
        with pytest.raises(ValueError, match="IPv4"):
            build_audio(host, 1, session_id=1)
    with pytest.raises(ValueError, match="port"):
        build_audio("::1", -1, session_id=1)
    with pytest.raises(ValueError, match="line break"):
        SessionDescription(lines=("v=0\r\na=x",))
    with pytest.raises(ValueError, match="line break"):
        Media(kind="audio", port=1, lines=("a=x\ny",))
    with pytest.raises(ValueError, match="line break"):
        Format(payload=1, encoding="x", fmtp="a\nb")
    with pytest.raises(ValueError, match="no format"):
        Format(payload=128, encoding="x")
    with pytest.raises(ValueError, match="no format"):
        Format(payload=1, encoding="a b")


def test_an_offer_of_ours() -> None:
    offer = build_audio("127.0.0.1", 4000, session_id=7)
    assert str(offer).replace("\r\n", "\n") == (
        "v=0\n"
        "o=- 7 1 IN IP4 127.0.0.1\n"
        "s=-\n"
        "c=IN IP4 127.0.0.1\n"
        "t=0 0\n"
        "m=audio 4000 RTP/AVP 0 8 101\n"
        "a=rtpmap:0 PCMU/8000\n"
        "a=rtpmap:8 PCMA/8000\n"
        "a=rtpmap:101 telephone-event/8000\n"
        "a=fmtp:101 0-16\n"
        "a=ptime:20\n"
        "a=sendrecv\n"
    )
    assert SessionDescription.parse(bytes(offer)) == offer


def test_an_answer_keeps_the_numbers_and_order_of_the_offer() -> None:
    answer = answer_audio(read(LINPHONE), "192.0.2.9", 4000, session_id=1)
    assert answer is not None
    sound = answer.audio
    assert sound is not None
    assert sound.payloads == ("0", "8", "100")
    assert sound.telephone_event == 100
    assert str(answer.media[1]) == "m=video 0 RTP/AVP 96\r\n"
    assert answer.audio_address == ("192.0.2.9", 4000)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_answer_has_the_other_direction(direction: MediaDirection) -> None:
    answer = answer_audio(read(SIPP).with_direction(direction), "::1", 4000, session_id=1)
    assert answer is not None
    assert answer.direction == REVERSED[direction]


def test_without_sound_in_common_there_is_no_answer() -> None:
    offer = read(
        SIPP.replace("RTP/AVP 0", "RTP/AVP 18 101") + "a=rtpmap:101 telephone-event/8000\n"
    )
    assert answer_audio(offer, "127.0.0.1", 4000, session_id=1) is None


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(data: bytes) -> None:
    try:
        sdp = SessionDescription.parse(b"v=0\n" + data)
    except ParseError:
        return
    assert SessionDescription.parse(bytes(sdp)) == sdp


@given(
    st.lists(
        st.sampled_from([line for text in (*CORPUS.values(), ODD) for line in text.splitlines()])
        | st.text(st.sampled_from("amcorv=:/ \0\t0189I46NP.²é")),
        max_size=30,
    )
)
def test_any_mixture_of_lines_is_read_or_refused(lines: list[str]) -> None:
    try:
        sdp = read("\n".join(["v=0", *lines]))
    except ParseError:
        return
    for name in ("audio_address", "direction", "is_hold", "version"):
        getattr(sdp, name)
    for media in sdp.media:
        for name in ("formats", "telephone_event"):
            getattr(media, name)
    answer_audio(sdp, "127.0.0.1", 4000, session_id=1)
    changed = sdp.with_direction("inactive")
    assert SessionDescription.parse(bytes(changed)) == changed


@pytest.mark.parametrize(
    "unit",
    ["a=rtpmap:0 X/1\r\n", "c=IN IP4 h\r\n", "\r\n", "a=sendrecv\r\n", "x", "m=a 1 R\r\n", " "],
)
def test_no_body_takes_long(unit: str) -> None:
    data = b"v=0\r\nm=audio 1 RTP/AVP 0 8\r\n" + unit.encode() * (65_000 // len(unit))

    def read() -> None:
        with suppress(ParseError):
            sdp = SessionDescription.parse(data)
            answer_audio(sdp, "127.0.0.1", 4000, session_id=1)

    assert cost(read, enough=100) < 100


TIDY = [
    "v=0",
    "o=anna 1 1 IN IP4 192.0.2.1",
    "s=-",
    "c=IN IP4 192.0.2.1",
    "t=0 0",
    "m=audio 6000 RTP/AVP 0",
    "a=rtpmap:0 PCMU/8000",
]


def test_a_tidy_description_is_handed_on_as_it_is() -> None:
    body = "".join(f"{line}\r\n" for line in TIDY).encode()
    assert normalized(body) is body


@given(
    lines=st.lists(
        st.sampled_from(
            [
                *TIDY,
                "",
                "s= ",
                "s=caf\xe9",
                "o=a\xa0b 1 IN IP4 h",
                "o=a  1 1 IN IP4 h",
                "k=\0",
                "y=1",
                "x",
            ]
        ),
        max_size=12,
    ).map(lambda some: some if len(some) % 2 else [*TIDY[: len(some)], *some, *TIDY[len(some) :]]),
    end=st.sampled_from(["\r\n", "\n", "\r", " \r\n"]),
    tail=st.booleans(),
)
def test_whether_it_is_tidy_makes_no_difference(lines: list[str], end: str, *, tail: bool) -> None:
    body = (end.join(lines) + (end if tail else "")).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sdp, "_TIDY", re.compile(rb"(?!)"))
        expected = normalized(body)
    assert normalized(body) == expected
