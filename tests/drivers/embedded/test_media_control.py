"""Callers hear prompts and music, their keys are heard, and what they say is recorded: over real sockets."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.scheme import (
    BackgroundStep,
    HangUpStep,
    MenuChoice,
    MenuStep,
    PlayStep,
    RateStep,
    RecordStep,
    VoicemailStep,
)
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.call_part import CallPart
from switchhook.drivers.embedded.media_control import (
    DuplicateDtmf,
    MediaControl,
    MediaSettings,
    NoSounds,
)
from switchhook.routing.commands import StartRecording
from switchhook.routing.events import RecordingFinished
from switchhook.sip.net.endpoint import ListenAddress
from switchhook.sip.rtp.dtmf import write_info
from switchhook.sip.ua.commands import SendInDialog
from switchhook.softphone.phone import PhoneBehaviour, RefusedError, Softphone
from tests.support.bare import BareCaller
from tests.support.loop import run
from tests.support.office import DIALLED, Memory, Office, address, open_office, ring, shop
from tests.support.ports import held_port
from tests.support.sip import request
from tests.support.snapshots import incoming
from tests.support.tones import heard, loudness, sound_of, tone, voice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Any

    from switchhook.domain.scheme import Step
    from switchhook.softphone.phone import PhoneCall

G722 = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n"
)
GREETING, MUSIC, INVALID, RINGING = 400, 600, 1200, 425
HER_VOICE, HIS_VOICE = 800, 1500
LOUD = 3000.0


class Shelf:
    """Sounds in memory: each a tone of a second."""

    def __init__(self, **frequencies: int) -> None:
        self._sounds = {name: tone(hertz, 1.0) for name, hertz in frequencies.items()}

    def sound(self, project: str, file: str) -> bytes | None:
        assert project == "shop"
        return self._sounds.get(file.removesuffix(".wav").replace("-", "_"))


SHELF = Shelf(greeting=GREETING, music=MUSIC, invalid=INVALID)


@asynccontextmanager
async def _office(*steps: Step, silence: float = 60, **more: Any) -> AsyncIterator[Office]:
    media_settings = MediaSettings(
        silence=silence, recordings=more.pop("recordings", None) or MediaSettings().recordings
    )
    shelf = more.pop("sounds", SHELF)
    async with open_office(
        shop(*steps), sounds=shelf, media_settings=media_settings, **more
    ) as office:
        yield office


async def _dial(phone: Softphone, office: Office) -> PhoneCall:
    call = await phone.call(f"sip:{DIALLED}@127.0.0.1:{office.port}")
    call.tone.voice = voice(HER_VOICE)
    call.tone.kept = bytearray()
    return call


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 -- what is waited for are plain values
        await asyncio.sleep(0.02)


async def _hears(call: PhoneCall, frequency: int, seconds: float = 0.3) -> None:
    """Wait until the last so many seconds were of this frequency."""
    last = round(8000 * seconds)
    least = 3800.0 if frequency == RINGING else 7500.0

    def does() -> bool:
        kept = call.tone.kept or b""
        return len(kept) >= last and heard(kept[-last:], frequency) > least

    await _until(does)


def _callee(behaviour: PhoneBehaviour | None = None) -> Softphone:
    return Softphone("bob", behaviour=behaviour or PhoneBehaviour())


def play(scenario: Coroutine[Any, Any, None]) -> None:
    run(scenario, deadline=20)


def test_a_prompt_is_heard_and_the_scheme_goes_on_behind_it() -> None:
    async def scenario() -> None:
        async with (
            _office(PlayStep(sounds=("greeting",)), HangUpStep()) as office,
            Softphone("a") as phone,
        ):
            call = await _dial(phone, office)
            await call.answered()
            assert await call.ended() == 200
            assert heard(call.tone.kept, GREETING) > LOUD
            assert 45 * 160 <= len(call.tone.kept or b"") <= 50 * 160
            await office.quiet()

    play(scenario())


@pytest.mark.slow
def test_a_sound_that_is_missing_is_left_out() -> None:
    async def scenario() -> None:
        steps = (
            PlayStep(sounds=("nothing", "greeting")),
            PlayStep(sounds=("nothing",)),
            HangUpStep(),
        )
        async with _office(*steps) as office, Softphone("a") as phone:
            call = await _dial(phone, office)
            assert await call.ended() == 200
            assert heard(call.tone.kept, GREETING) > LOUD

    play(scenario())


def test_keys_choose_and_the_callee_is_joined() -> None:
    async def scenario() -> None:
        async with _callee() as callee, Softphone("a") as phone:
            menu = MenuStep(
                sounds=("greeting",),
                choices=(MenuChoice(key="5", steps=(ring(address(callee.port)),)),),
                invalid_sounds=("invalid",),
            )
            async with _office(menu) as office:
                call = await _dial(phone, office)
                await _hears(call, GREETING, 0.2)
                call.press("1")
                await _hears(call, INVALID, 0.2)
                call.press("5")
                other = await callee.next_call()
                other.tone.voice, other.tone.kept = voice(HIS_VOICE), bytearray()
                await _hears(call, HIS_VOICE)
                await _hears(other, HER_VOICE)
                call.end()
                assert await other.ended() == 200
                await office.quiet()
                assert office.ends == ["answered by caller"]

    play(scenario())


def test_keys_by_sip_info() -> None:
    async def scenario() -> None:
        menu = MenuStep(sounds=("greeting",), choices=(MenuChoice(key="#", steps=(HangUpStep(),)),))
        async with _office(menu) as office, Softphone("a") as phone:
            call = await _dial(phone, office)
            await call.answered()
            command = SendInDialog(
                leg=call.leg,
                ref="info",
                method="INFO",
                headers=(("Content-Type", "application/dtmf-relay"),),
                body=write_info("#"),
            )
            assert (await phone.reply_to("info", command)).status == 200
            assert await call.ended() == 200

    play(scenario())


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([("5", False, 0.0), ("5", True, 0.3)], "5"),
        ([("5", True, 0.0), ("5", False, 0.3)], "5"),
        ([("5", False, 0.0), ("5", True, 0.1), ("5", False, 0.4), ("5", True, 0.5)], "55"),
        ([("5", False, 0.0), ("5", False, 0.3)], "55"),
        ([("5", True, 0.0), ("5", True, 0.3)], "55"),
        ([("5", False, 0.0), ("6", True, 0.3)], "56"),
        ([("5", False, 0.0), ("5", True, 2.0)], "55"),
        ([("1", False, 0.0), ("2", False, 0.2), ("1", True, 0.3), ("2", True, 0.5)], "12"),
        ([("5", False, 0.0), ("5", False, 0.2), ("5", True, 0.3), ("5", True, 0.5)], "55"),
        ([("1", True, 0.0), ("2", False, 0.1), ("1", False, 0.2), ("2", True, 0.3)], "12"),
    ],
)
def test_a_key_that_comes_in_two_ways_is_one(
    keys: list[tuple[str, bool, float]], told: str
) -> None:
    echoes = DuplicateDtmf()
    heard_ = [
        d
        for d, info, at in keys
        if not echoes.is_duplicate(CallPart("c1", "caller"), d, at, by_info=info)
    ]
    assert "".join(heard_) == told
    echoes.forget("c1")
    assert not echoes.is_duplicate(CallPart("c1", "caller"), "5", 0.6, by_info=True)


@pytest.mark.slow
def test_music_while_it_rings_and_ringing_without() -> None:
    async def scenario() -> None:
        async with _callee(PhoneBehaviour(answer_after=None)) as callee, Softphone("a") as phone:
            steps = (
                BackgroundStep(sounds=("music",)),
                ring(address(callee.port), timeout=1.5),
                BackgroundStep(sounds=()),
                ring(address(callee.port)),
            )
            async with _office(*steps) as office:
                call = await _dial(phone, office)
                await _hears(call, MUSIC)
                await (await callee.next_call()).ended()
                await _hears(call, RINGING)
                other = await callee.next_call()
                other.answer()
                other.tone.voice = voice(HIS_VOICE)
                await _hears(call, HIS_VOICE)
                assert heard((call.tone.kept or b"")[-2400:], RINGING) < 200
                other.end()
                assert await call.ended() == 200

    play(scenario())


def test_whoever_answers_first_is_heard_after_the_music() -> None:
    async def scenario() -> None:
        async with _callee(PhoneBehaviour(answer_after=0.5)) as callee, Softphone("a") as phone:
            steps = (BackgroundStep(sounds=("music",)), ring(address(callee.port)))
            async with _office(*steps) as office:
                call = await _dial(phone, office)
                other = await callee.next_call()
                other.tone.voice, other.tone.kept = voice(HIS_VOICE), bytearray()
                await _hears(call, MUSIC, 0.1)
                await _hears(call, HIS_VOICE)
                await _hears(other, HER_VOICE)
                assert other.tone.target != ("127.0.0.1", call.tone.port)
                call.end()
                await office.quiet()

    play(scenario())


@pytest.mark.slow
def test_voicemail_is_recorded(tmp_path: Path) -> None:
    async def scenario() -> None:
        steps = (VoicemailStep(sounds=("greeting",)),)
        async with _office(*steps, recordings=tmp_path) as office, Softphone("a") as phone:
            call = await _dial(phone, office)
            await call.answered()
            await asyncio.sleep(2.0)
            call.press("#")
            assert await call.ended() == 200
            await office.quiet()
            (recording,) = office.call.recording.finished
            assert recording.seconds > 0.5
            path = Path(recording.path)
            assert path == tmp_path / "shop" / office.call.id / path.name
            pcm = sound_of(path)
            assert loudness(pcm, HER_VOICE) > LOUD
            assert loudness(pcm, GREETING) < 300

    play(scenario())


@pytest.mark.slow
def test_both_voices_are_recorded(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _callee() as callee, Softphone("a") as phone:
            steps = (RecordStep(), ring(address(callee.port)))
            async with _office(*steps, recordings=tmp_path) as office:
                call = await _dial(phone, office)
                other = await callee.next_call()
                other.tone.voice = voice(HIS_VOICE)
                await _hears(call, HIS_VOICE)
                await asyncio.sleep(0.8)
                call.end()
                await office.quiet()
                await _until(lambda: bool(office.call.recording.finished))
        (recording,) = office.call.recording.finished
        pcm = sound_of(Path(recording.path))
        assert recording.path == str(tmp_path / "shop" / office.call.id / "r1.wav")
        assert len(pcm) / 16000 == pytest.approx(recording.seconds)
        assert 0.9 < recording.seconds < 1.6
        assert loudness(pcm, HER_VOICE) > 6000
        assert loudness(pcm, HIS_VOICE) > 6000
        assert loudness(pcm, MUSIC) < 200

    play(scenario())


@pytest.mark.slow
def test_a_caller_who_hangs_up_leaves_a_message_all_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        steps = (VoicemailStep(sounds=()),)
        async with _office(*steps, recordings=tmp_path) as office, Softphone("a") as phone:
            call = await _dial(phone, office)
            await call.answered()
            await asyncio.sleep(1.0)
            call.end()
            await office.quiet()
            await _until(lambda: bool(office.call.recording.finished))
            path = Path(office.call.recording.finished[0].path)
            assert loudness(sound_of(path), HER_VOICE) > LOUD

    play(scenario())


def test_a_callee_who_hangs_up_is_rated() -> None:
    async def scenario() -> None:
        async with _callee(PhoneBehaviour(hang_up_after=0.5)) as callee, Softphone("a") as phone:
            steps = (RateStep(sounds=("greeting",)), ring(address(callee.port)))
            async with _office(*steps) as office:
                call = await _dial(phone, office)
                other = await callee.next_call()
                other.tone.voice = voice(HIS_VOICE)
                await _hears(call, HIS_VOICE, 0.2)
                await other.ended()
                await _hears(call, GREETING, 0.2)
                call.press("4")
                assert await call.ended() == 200
                await office.quiet()
                assert office.call.rating.key == "4"

    play(scenario())


@pytest.mark.slow
def test_hold_plays_music_to_the_other_and_ends() -> None:
    async def scenario() -> None:
        async with _callee() as callee, Softphone("a") as phone:
            steps = (PlayStep(sounds=("greeting",)), ring(address(callee.port)))
            shelf = Shelf(greeting=GREETING, music_on_hold=MUSIC)
            async with _office(*steps, sounds=shelf) as office:
                call = await _dial(phone, office)
                other = await callee.next_call()
                other.tone.voice = voice(HIS_VOICE)
                await _hears(call, HIS_VOICE)
                await other.offer("sendonly")
                await _hears(call, MUSIC)
                await other.offer("sendrecv")
                await _hears(call, HIS_VOICE)
                call.end()
                await office.quiet()

    play(scenario())


@pytest.mark.slow
def test_a_call_without_prompts_is_not_led_through_us() -> None:
    async def scenario() -> None:
        async with (
            _callee() as callee,
            Softphone("a") as phone,
            _office(ring(address(callee.port))) as office,
        ):
            call = await _dial(phone, office)
            other = await callee.next_call()
            other.tone.voice = voice(HIS_VOICE)
            await _hears(call, HIS_VOICE)
            assert call.tone.target == ("127.0.0.1", other.tone.port)
            call.end()

    play(scenario())


@pytest.mark.slow
def test_a_call_from_which_nothing_comes_is_ended() -> None:
    async def scenario() -> None:
        async with _callee() as callee, Softphone("a") as phone:
            steps = (PlayStep(sounds=("greeting",)), ring(address(callee.port)))
            async with _office(*steps, silence=1) as office:
                call = await _dial(phone, office)
                other = await callee.next_call()
                await _hears(call, 1000)
                call.tone.pause()
                other.tone.pause()
                assert await call.ended() == 200
                assert await other.ended() == 200
                await office.quiet()
                cause = office.call.legs[0].cause
                assert cause is not None
                assert cause.text == "lost: no sound from either side for 1 s"

    play(scenario())


@pytest.mark.slow
def test_a_conversation_outlives_a_restart() -> None:
    async def scenario() -> None:
        async with _callee() as callee, Softphone("a") as phone:
            steps = (PlayStep(sounds=("greeting",)), ring(address(callee.port)))
            async with _office(*steps) as office:
                port, memory = office.port, office.memory
                call = await _dial(phone, office)
                other = await callee.next_call()
                other.tone.voice, other.tone.kept = voice(HIS_VOICE), bytearray()
                await _hears(call, HIS_VOICE)
            await asyncio.sleep(0.2)
            for kept in (call.tone, other.tone):
                kept.kept = bytearray()
            async with _office(*steps, binding=ListenAddress(port=port), memory=memory) as office:
                await _hears(call, HIS_VOICE)
                await _hears(other, HER_VOICE)
                call.end()
                assert await other.ended() == 200
                await office.quiet()
                assert office.ends == ["answered by caller"]

    play(scenario())


@pytest.mark.slow
@pytest.mark.row("FE-04")
@pytest.mark.parametrize("is_killed", [False, True])
def test_a_recorded_conversation_goes_on_being_recorded(tmp_path: Path, *, is_killed: bool) -> None:
    async def scenario() -> None:
        async with _callee() as callee, Softphone("a") as phone:
            steps = (RecordStep(), ring(address(callee.port)))
            async with _office(*steps, recordings=tmp_path) as office:
                port, memory = office.port, office.memory
                call = await _dial(phone, office)
                other = await callee.next_call()
                other.tone.voice, other.tone.kept = voice(HIS_VOICE), bytearray()
                await _hears(call, HIS_VOICE)
                await asyncio.sleep(0.8)
                if is_killed:  # nothing is stored any more
                    memory = Memory(calls=dict(memory.calls))
            for kept in (call.tone, other.tone):
                kept.kept = bytearray()
            binding = ListenAddress(port=port)
            async with _office(
                *steps, recordings=tmp_path, binding=binding, memory=memory
            ) as office:
                await _hears(other, HER_VOICE)
                await asyncio.sleep(0.6)
                call.end()
                await office.quiet()
                await _until(lambda: len(office.call.recording.finished) == 2)
                assert office.ends == ["answered by caller"]
                for part in office.call.recording.finished:
                    assert part.seconds > 0.4
                    assert loudness(sound_of(Path(part.path)), HIS_VOICE) > 4000

    play(scenario())


@pytest.mark.slow
def test_a_menu_begins_again_after_a_restart() -> None:
    async def scenario() -> None:
        menu = MenuStep(sounds=("greeting",), choices=(MenuChoice(key="5", steps=(HangUpStep(),)),))
        async with Softphone("a") as phone:
            async with _office(menu) as office:
                port, memory = office.port, office.memory
                call = await _dial(phone, office)
                await _hears(call, GREETING)
            call.tone.kept = bytearray()
            async with _office(menu, binding=ListenAddress(port=port), memory=memory) as office:
                await _hears(call, GREETING)
                call.press("5")
                assert await call.ended() == 200
                await office.quiet()

    play(scenario())


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_callers_who_hang_up_during_prompts_leave_nothing_open() -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async def scenario() -> None:
        async with (
            _office(PlayStep(sounds=("greeting",)), HangUpStep()) as office,
            Softphone("a") as phone,
        ):

            async def one() -> None:
                call = await _dial(phone, office)
                await call.answered()
                await _until(lambda: len(call.tone.kept or b"") > 160)
                call.end()
                await call.ended()

            await one()
            await office.quiet()
            before = open_files(), threading.active_count()
            for _ in range(50):
                await asyncio.gather(*(one() for _ in range(10)))
            await office.quiet()
            await _until(lambda: open_files() <= before[0])
            assert threading.active_count() <= before[1]

    run(scenario(), deadline=110)


def test_a_caller_is_told_that_no_port_is_free() -> None:
    async def scenario(taken: int) -> None:
        media_settings = MediaSettings(ports=range(taken, taken + 2))
        snapshot = shop(PlayStep(sounds=("greeting",)), HangUpStep())
        async with (
            open_office(snapshot, sounds=SHELF, media_settings=media_settings) as office,
            Softphone("a") as phone,
        ):
            with pytest.raises(RefusedError, match="503"):
                await (await _dial(phone, office)).answered()
            await office.quiet()

    with held_port() as taken:
        play(scenario(taken))


@pytest.mark.parametrize("offers", [True, False])
def test_a_caller_without_a_sound_of_ours_has_failed_and_not_hung_up(*, offers: bool) -> None:
    secret = G722.replace(b"RTP/AVP 9", b"RTP/SAVP 0")

    async def scenario() -> None:
        async with _office(PlayStep(sounds=("greeting",)), HangUpStep()) as office:
            with BareCaller(office.port, DIALLED, "a") as caller:
                caller.send_request("INVITE", body=secret if offers else b"")
                answer = await caller.answer_to("INVITE")
                if offers:
                    assert answer.status == 488
                    assert "302 switchhook" in (answer.headers.get("Warning") or "")
                caller.send_request("ACK", body=b"" if offers else secret)
                if not offers:
                    await caller.request_of_theirs("BYE")
                await office.quiet()
            assert office.ends == ["failed by system"]
            assert "encrypted sound alone is described (RTP/SAVP)" in str(office.call.cause)

    play(scenario())


@pytest.mark.row("FI-11")
@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("here", "no sound in common: G722 alone is described; G.711 without"),
        ("", "no folder for recordings"),
    ],
)
def test_a_recording_that_cannot_begin_says_why(tmp_path: Path, where: str, why: str) -> None:
    media_settings = MediaSettings(recordings=tmp_path / where) if where else MediaSettings()
    media_control = MediaControl(
        "127.0.0.1",
        media_settings,
        NoSounds(),
        tell=lambda *_: None,
        silent=lambda _: None,
        local=lambda _: "127.0.0.1",
    )
    caller = request(body=G722)
    command = StartRecording(recording="r1", both=True)
    (told,) = media_control.carry_out(incoming(RecordStep()), Bridge("a", caller), command)
    assert isinstance(told, RecordingFinished)
    assert (told.recording, told.seconds, told.path) == ("r1", 0, "")
    assert why in told.trouble
