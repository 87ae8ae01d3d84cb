"""The media control of a driver: media lines, playback, recording. A thin shell.

It opens streams for legs, translates the switchboard's media commands for the path of anchored legs (`bridge/anchored.py`),
and emits the events of the media. Sounds and recordings lie outside (`Sounds`, a directory).
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, assert_never

import structlog

from switchhook.domain.call import CALLER
from switchhook.domain.project import RecordedVoices
from switchhook.drivers.embedded.bridge.anchor import SDP, Anchor, MediaLine
from switchhook.drivers.embedded.bridge.b2bua import Bridge
from switchhook.drivers.embedded.bridge.relaying import RELAYED
from switchhook.drivers.embedded.call_part import CallPart
from switchhook.routing import events as call_events
from switchhook.routing.commands import (
    AnswerCaller,
    MediaCommand,
    Play,
    StartRecording,
    StopPlaying,
    StopRecording,
)
from switchhook.sip.net.rtp_thread import ANY_PORTS, MediaThread, NoPortError
from switchhook.sip.rtp import commands as media
from switchhook.sip.rtp.player import PcmSound
from switchhook.sip.rtp.wav import seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    from switchhook.domain.call import Call
    from switchhook.drivers.embedded.bridge.output import BridgeOutput
    from switchhook.drivers.ports import OnDurable, Sounds
    from switchhook.sip.ua.commands import Invite
    from switchhook.sip.wire.transport import Peer

log = structlog.get_logger(__name__)

HOLD_MUSIC: Final = "music-on-hold"
"""The name of the sound that a project's callers hear on hold, where it has one."""
NOWHERE: Final = Path()
MOST_STREAMS: Final = 10_000
MOST_KEYS: Final = 16
"""Keys of a stream that are remembered, more than a person presses within `DUPLICATE_WITHIN`."""
DUPLICATE_WITHIN: Final = 1.0
"""Seconds within which the same key in another way is the same press."""


class NoSounds:
    """No project has any sound."""

    def sound(self, project: str, file: str) -> bytes | None:  # noqa: ARG002 -- the Protocol's
        """Return nothing."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """How the sound of calls is carried."""

    ports: range = ANY_PORTS
    """UDP ports for it; even ones are used."""
    silence: float = 60.0
    """Seconds without any packet from either side after which a call is dead; 0 is never."""
    recordings: Path = NOWHERE
    """The directory of recordings; `NOWHERE` makes none."""


class DuplicateDtmf:
    """The DTMF digits that came by RTP or INFO, and may come by the other."""

    def __init__(self) -> None:
        self._latest: dict[CallPart, list[tuple[str, bool, float]]] = {}

    def is_duplicate(self, leg: CallPart, digit: str, now: float, *, by_info: bool) -> bool:
        """Say whether this key came in the other way already.

        Whoever keys fast, or whose INFO is late, presses the next key before the duplicate of the last.
        """
        keys = self._latest.pop(leg, [])
        keys = [key for key in keys[-MOST_KEYS:] if now - key[2] < DUPLICATE_WITHIN]
        first = next((key for key in keys if key[:2] == (digit, not by_info)), None)
        if first is not None:
            keys.remove(first)
        else:
            keys.append((digit, by_info, now))
        if len(self._latest) >= MOST_STREAMS:
            self._latest.clear()  # keys of calls that were over when they were told
        self._latest[leg] = keys
        return first is not None

    def forget(self, call: str) -> None:
        """Forget a call's legs."""
        for leg in [known for known in self._latest if known.call == call]:
            del self._latest[leg]


NO_FOLDER: Final = "no folder for recordings is set up"


class MediaControl:
    """The media of one driver's calls. `tell` gets a call's events, `do` what its bridge is to take."""

    def __init__(
        self,
        host: str,
        media_settings: MediaSettings,
        sounds: Sounds,
        *,
        tell: Callable[[str, call_events.Event, OnDurable | None], None],
        silent: Callable[[str], None],
        local: Callable[[Peer], str],
    ) -> None:
        self.media_settings = media_settings
        self._sounds = sounds
        self._tell = tell
        self._silent = silent
        self._local = local
        self._duplicates = DuplicateDtmf()
        self._media = MediaThread(
            self._handle_event,
            host=host,
            ports=media_settings.ports,
            silence=media_settings.silence,
        )

    async def start(self, stack: AsyncExitStack) -> None:
        """Begin; closing the stack ends all sound and makes recordings whole."""
        await self._media.start(stack)

    def perform(self, command: media.MediaStreamCommand) -> None:
        """Hand a command to the sound."""
        self._media.perform(command)

    # Anchoring media

    def anchor_callback(self, call: Call) -> Bridge:
        """Return the bridge of a callback, with its media anchored from the first leg on."""
        return Bridge.of_callback(Anchor(call.id), self._hold_music(call))

    def anchor_media(self, call: Call, bridge: Bridge, peer: Peer) -> list[BridgeOutput] | None:
        """Anchor the media of the caller at `peer`; None when that fails."""
        if bridge.anchored is not None:
            return []
        if not bridge.can_be_anchored:
            log.warning("media not anchored", call=call.id, error=bridge.why_not_anchored)
            return None
        anchor = Anchor(call.id)
        if not self._open(anchor, CALLER, peer):
            return None
        return bridge.anchor_media(anchor, self._hold_music(call))

    def anchor_invites(
        self, bridge: Bridge, leg: str, invites: list[Invite]
    ) -> list[Invite] | None:
        """Put our own description into the INVITEs of a leg, where the call's media is anchored; None without a port."""
        anchor = bridge.legs.anchor
        if anchor is None or not invites:
            return invites
        line = anchor.line(leg)
        if line is not None:  # the leg is tried at another destination
            line.also_from += tuple(invite.peer.host for invite in invites)
        elif not self._open(anchor, leg, *(i.peer for i in invites)):
            return None
        body = anchor.offer(leg)
        return [
            replace(
                invite,
                headers=(*(pair for pair in invite.headers if pair[0] not in RELAYED), *SDP),
                body=body,
            )
            for invite in invites
        ]

    def _open(self, anchor: Anchor, leg: str, *peers: Peer) -> bool:
        try:
            port = self._media.open(anchor.stream(leg), anchor.call)
        except NoPortError as error:
            log.error("media not anchored", call=anchor.call, leg=leg, error=str(error))  # noqa: TRY400 - the reader needs no traceback
            return False
        line = MediaLine(
            host=self._local(peers[0]).strip("[]"),
            port=port,
            session=secrets.randbits(31),
            also_from=tuple(peer.host for peer in peers),
        )
        anchor.add(leg, line)
        return True

    def reopen(self, anchor: Anchor, leg: str, stored: dict[str, Any]) -> None:
        """Open our end of a leg where it was before a restart.

        Raises NoPortError; KeyError, TypeError or ValueError for what `Anchor.store` did not make.
        """
        line = anchor.restore(leg, stored)
        self._media.open(anchor.stream(leg), anchor.call, port=line.port)

    def resume(self, call: Call, bridge: Bridge, anchor: Anchor) -> list[BridgeOutput]:
        """Take the sound of a call up again after a restart."""
        if not anchor.legs:
            return []
        return bridge.resume_sound(anchor, self._hold_music(call))

    def _hold_music(self, call: Call) -> tuple[PcmSound, ...]:
        music = self._sound(call, HOLD_MUSIC)
        return () if music is None else (music,)

    # Commands of the switchboard

    def carry_out(self, call: Call, bridge: Bridge, command: MediaCommand) -> list[BridgeOutput]:
        """Return what is to be done for a command about sound; repeated commands do nothing."""
        anchored = bridge.anchored
        match command:
            case AnswerCaller():
                return [] if anchored is None else anchored.answer_caller()
            case Play():
                return self._play(call, bridge, command)
            case StopPlaying():
                stop_playback = media.StopPlayback(playback=_id(call, command.playback))
                return [] if anchored is None else anchored.put(stop_playback)
            case StartRecording():
                return self._record(call, bridge, command)
            case StopRecording():
                stop_recording = media.StopRecorder(recording=_id(call, command.recording))
                return [] if anchored is None else anchored.put(stop_recording)
            case _:
                assert_never(command)

    def _play(self, call: Call, bridge: Bridge, command: Play) -> list[BridgeOutput]:
        found = [(name, self._sound(call, name)) for name in command.sounds]
        for name, missing in found:
            if missing is None:
                log.warning("sound not found", call=call.id, sound=name)
        sounds = tuple(known for _, known in found if known is not None)
        anchored = bridge.anchored
        if anchored is None or not anchored.anchor.has(command.leg) or not sounds:
            return [] if command.loop else [call_events.PlaybackFinished(playback=command.playback)]
        stream = anchored.anchor.stream(command.leg)
        playback = _id(call, command.playback)
        return anchored.play(
            media.StartPlayback(stream=stream, playback=playback, sounds=sounds, loop=command.loop)
        )

    def _record(self, call: Call, bridge: Bridge, command: StartRecording) -> list[BridgeOutput]:
        where, anchored, party = self.media_settings.recordings, bridge.anchored, bridge.legs.party
        if anchored is None or not anchored.anchor.has(party) or where == NOWHERE:
            log.warning("recording failed", call=call.id, recording=command.recording)
            why = NO_FOLDER if where == NOWHERE else bridge.why_not_anchored
            failed = call_events.RecordingFinished(
                recording=command.recording, seconds=0, path="", trouble=why
            )
            return [failed]
        recording = _id(call, command.recording)
        path = self._path(call, command.recording)
        stream = anchored.anchor.stream(party)
        voices = call.snapshot.project.recordings.voices
        return anchored.put(
            media.StartRecorder(
                recording=recording,
                stream=stream,
                path=path,
                both=command.both,
                separate=voices is RecordedVoices.SEPARATE,
            )
        )

    def _path(self, call: Call, recording: str) -> Path:
        return (
            self.media_settings.recordings / call.snapshot.project.id / call.id / f"{recording}.wav"
        )

    def recorded(self, call: Call) -> call_events.RecordingFinished | None:
        """Return what an earlier process wrote of the recording that it had under way."""
        recorder = call.recording.running
        if recorder is None or self.media_settings.recordings == NOWHERE:
            return None
        path = self._path(call, recorder.id)
        seconds = seconds_of(path)
        found = str(path) if seconds else ""
        return call_events.RecordingFinished(recording=recorder.id, seconds=seconds, path=found)

    def _sound(self, call: Call, name: str) -> PcmSound | None:
        project = call.snapshot.project
        file = next((known.file for known in project.sounds if known.name == name), f"{name}.wav")
        pcm = self._sounds.sound(project.id, file)
        return _prepared(pcm) if pcm else None

    # Events of the media

    def _handle_event(self, event: media.MediaStreamEvent) -> None:
        match event:
            case media.DtmfReceived():
                part = CallPart.parse(event.stream)
                pressed = call_events.DigitPressed(leg=part.name, digit=event.digit)
                self.tell_digit(part.call, pressed, by_info=False)
            case media.PlaybackEnded():
                part = CallPart.parse(event.playback)
                self._tell(part.call, call_events.PlaybackFinished(playback=part.name), None)
            case media.RecordingWritten():
                self._recorded(event)
            case media.MediaTimeout():
                self._silent(event.call)
            case _:
                assert_never(event)

    def tell_digit(
        self,
        call: str,
        pressed: call_events.DigitPressed,
        *,
        by_info: bool,
        recorded: OnDurable | None = None,
    ) -> None:
        """Tell of a key once, though some telephones send each both as RTP event and as INFO."""
        now = asyncio.get_running_loop().time()
        if not self._duplicates.is_duplicate(
            CallPart(call, pressed.leg), pressed.digit, now, by_info=by_info
        ):
            self._tell(call, pressed, recorded)
        elif recorded is not None:
            recorded()

    def forget(self, call: str) -> None:
        """Forget what is known of a call that is over."""
        self._duplicates.forget(call)

    def _recorded(self, event: media.RecordingWritten) -> None:
        part = CallPart.parse(event.recording)
        path = str(event.path) if event.seconds else ""
        finished = call_events.RecordingFinished(
            recording=part.name, seconds=event.seconds, path=path, trouble=event.error
        )
        self._tell(part.call, finished, None)


def _id(call: Call, name: str) -> str:
    """Return the id of a call's playback or recording."""
    return str(CallPart(call.id, name))


@lru_cache(maxsize=1_000)
def _prepared(pcm: bytes) -> PcmSound:
    """Return the one Sound of some PCM, so that each frame is encoded once for all who hear it."""
    return PcmSound(pcm)
