"""The simulated caller's prompts and recordings; every sound lasts equally long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.routing.commands import Play, StartRecording, StopPlaying, StopRecording
from switchhook.routing.events import Event, PlaybackFinished, RecordingFinished

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.drivers.simulator.clock import VirtualClock, VirtualTimer

SOUND = 2.0
"""Seconds of every sound."""

SoundCommand = Play | StopPlaying | StartRecording | StopRecording


class CallSound:
    """The sound of one call. A new playback takes the place of the one before, which is not reported."""

    def __init__(self, clock: VirtualClock, report: Callable[[Event], None]) -> None:
        self._clock = clock
        self._report = report
        self._playback = ""
        self._end: VirtualTimer | None = None
        self._recordings: dict[str, float] = {}
        """When each began that runs."""

    def carry_out(self, command: SoundCommand) -> None:
        """Carry out a command; what is over or runs already is left alone."""
        match command:
            case Play():
                self._play(command)
            case StopPlaying(playback=playback):
                if playback == self._playback:
                    self._quiet()
            case StartRecording(recording=recording):
                self._recordings.setdefault(recording, self._clock.now())
            case StopRecording(recording=recording):
                self._stop_recording(recording)

    def is_over(self) -> None:
        """The caller is gone: nothing plays, and what was recorded is kept."""
        self._quiet()
        for recording in tuple(self._recordings):
            self._stop_recording(recording)

    def _play(self, command: Play) -> None:
        if command.playback == self._playback:
            return
        self._quiet()
        self._playback = command.playback
        if not command.loop:
            after = self._clock.now() + SOUND * len(command.sounds)
            self._end = self._clock.call_at(after, self._played)

    def _played(self) -> None:
        playback, self._playback = self._playback, ""
        self._report(PlaybackFinished(playback=playback))

    def _quiet(self) -> None:
        self._playback = ""
        if self._end is not None:
            self._end.cancel()

    def _stop_recording(self, recording: str) -> None:
        began = self._recordings.pop(recording, None)
        if began is None:
            return
        seconds = self._clock.now() - began
        path = f"{recording}.wav" if seconds else ""
        done = RecordingFinished(recording=recording, seconds=seconds, path=path)
        self._clock.call_at(self._clock.now(), lambda: self._report(done))
