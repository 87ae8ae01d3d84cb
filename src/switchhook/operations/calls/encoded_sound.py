"""Recordings as MP3 or Opus, by libsndfile, where the extra `sound` is installed."""

from __future__ import annotations

import asyncio
import io
from collections import OrderedDict
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from switchhook.errors import ExpectedError
from switchhook.operations.recordings import RecordedSound
from switchhook.tasks import in_own_thread, spawn

if TYPE_CHECKING:
    from switchhook.webhooks.recording_links import RecordingName

MOST_KEPT: Final = 64 << 20
"""Bytes of encoded sound that are held for who comes again, as a player that seeks does."""
MOST_READ: Final = 512 << 20
"""Bytes of a recording that is encoded: nine hours of one voice."""
MOST_WANTED: Final = 8
"""Recordings that are encoded, or wait for their turn, at a time; an hour takes some ten seconds."""
PATIENCE: Final = 20.0
"""Seconds in which a request gets its answer; who asks again later gets what was made meanwhile."""
AGAIN_IN: Final = 5
"""Seconds after which it is worth to ask again."""
_FRAMES: Final = 1 << 16


class SoundForm(StrEnum):
    """A form that a recording is sent in."""

    WAV = "wav"
    MP3 = "mp3"
    OPUS = "opus"


class _Written(NamedTuple):
    """How a form is written, by libsndfile's names, and told."""

    format: str
    subtype: str
    media_type: str


_FORMS: Final = {
    SoundForm.WAV: _Written("WAV", "PCM_16", "audio/wav"),
    SoundForm.MP3: _Written("MP3", "MPEG_LAYER_III", "audio/mpeg"),
    SoundForm.OPUS: _Written("OGG", "OPUS", "audio/ogg"),
}


def media_type_of(form: SoundForm) -> str:
    """Return the media type of a form; Opus stands in Ogg (RFC 7845)."""
    return _FORMS[form].media_type


class NotEncodedError(ExpectedError):
    """A recording cannot be had in a form. The message says why, and what to do."""


class NotReadyError(ExpectedError):
    """A recording is still being encoded, or too many others are. `again_in` says in how many seconds to ask again."""

    again_in: Final = AGAIN_IN


class EncodedSounds:
    """Encodes recordings, one at a time, and holds what it encoded last."""

    def __init__(self, *, patience: float | None = None) -> None:
        self._patience = PATIENCE if patience is None else patience
        self._held: OrderedDict[tuple[str, str], RecordedSound] = OrderedDict()
        self._size = 0
        self._wanted: dict[tuple[str, str], asyncio.Task[RecordedSound | Exception]] = {}
        self._turn = asyncio.Lock()

    async def of(self, name: RecordingName, sound: RecordedSound, form: SoundForm) -> RecordedSound:
        """Return a recording, which is there, in another form. Raises NotEncodedError, NotReadyError, OSError.

        Whoever wants the same one waits for the same work, which goes on when they give up.
        """
        version = f"{sound.version}-{form}"
        key = str(name), version
        if (held := self._held.get(key)) is not None:
            self._held.move_to_end(key)
            return held
        task = self._wanted.get(key)
        if task is None:
            if len(self._wanted) >= MOST_WANTED:
                raise NotReadyError("other recordings are being encoded; ask again, or take wav")
            task = spawn(self._encode(key, sound, form), name=f"encode {form}")
            self._wanted[key] = task
            task.add_done_callback(lambda _: self._wanted.pop(key, None))
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if not done:
            raise NotReadyError(f"the recording is being encoded as {form}; ask again")
        made = task.result()
        if isinstance(made, Exception):
            raise made
        return made

    async def _encode(
        self, key: tuple[str, str], sound: RecordedSound, form: SoundForm
    ) -> RecordedSound | Exception:
        """Encode one when it is its turn; what goes wrong is for all who wait."""
        async with self._turn:
            try:
                data = await in_own_thread(encode, sound, form)
            except (NotEncodedError, OSError) as error:
                return error
        made = RecordedSound(head=data, parts=(), version=key[1], at=sound.at)
        self._hold(key, made)
        return made

    def _hold(self, key: tuple[str, str], sound: RecordedSound) -> None:
        self._held[key] = sound
        self._size += sound.size
        while self._size > MOST_KEPT and len(self._held) > 1:
            _, gone = self._held.popitem(last=False)
            self._size -= gone.size


def encode(sound: RecordedSound, form: SoundForm) -> bytes:
    """Return a recording in another form. Raises NotEncodedError, OSError."""
    try:
        import soundfile  # noqa: PLC0415 (an extra)
    except (ImportError, OSError) as error:
        raise NotEncodedError(
            f"{form} needs the extra `sound`: pip install 'switchhook[sound]', and start the server again"
        ) from error
    if sound.size > MOST_READ:
        raise NotEncodedError(f"the recording is too long for {form}; take it as wav")
    written, out, read = _FORMS[form], io.BytesIO(), _Readable(sound)
    try:
        with (
            soundfile.SoundFile(read) as source,
            soundfile.SoundFile(
                out,
                "w",
                samplerate=source.samplerate,
                channels=source.channels,
                format=written.format,
                subtype=written.subtype,
            ) as target,
        ):
            while block := source.buffer_read(_FRAMES, dtype="int16"):
                target.buffer_write(block, dtype="int16")
    except RuntimeError as error:
        if read.error is not None:
            raise read.error from None
        raise NotEncodedError(f"the recording cannot be written as {form}: {error}") from error
    if read.error is not None:
        raise read.error
    return out.getvalue()


class _Readable(io.RawIOBase):
    """A recording as a file that is read."""

    def __init__(self, sound: RecordedSound) -> None:
        super().__init__()
        self._sound = sound
        self._place = 0
        self.error: OSError | None = None
        """Why it could not be read on, such as that it was deleted: the library can hand no error on."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._sound.size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (whatever holds bytes)
        view = memoryview(buffer).cast("B")
        try:
            data = self._sound.read(self._place, min(self._place + len(view), self._sound.size))
        except OSError as error:
            self.error, data = error, b""
        view[: len(data)] = data
        self._place += len(data)
        return len(data)
