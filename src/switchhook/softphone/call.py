"""One call of the small telephone in `phone.py`."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from switchhook.sip.ua.commands import Acknowledge, Answer, EndSession, SendInDialog
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.sdp import SessionDescription, answer_audio, build_audio
from switchhook.softphone.tone import SOUND, ToneStream

if TYPE_CHECKING:
    from switchhook.sip.ua.commands import UserAgentCommand
    from switchhook.sip.ua.events import FinalResponseReceived
    from switchhook.sip.wire.message import Request
    from switchhook.sip.wire.sdp import MediaDirection

SDP: Final = (("Content-Type", "application/sdp"),)


class RefusedError(Exception):
    """A call or registration got `status` instead of success; 408 is no answer at all."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(f"{what}: {status}")
        self.status = status


class PhoneLine(Protocol):
    """The telephone, as its calls see it."""

    host: str

    def perform(self, command: UserAgentCommand) -> None:
        """Hand a command to the endpoint."""

    async def reply_to(self, ref: str, command: UserAgentCommand) -> FinalResponseReceived:
        """Hand over a command with a `ref`, and wait for its reply."""


class PhoneCall:
    """One call of a telephone, made or received. `tone` counts the sound."""

    def __init__(self, line: PhoneLine, leg: str, invite: Request | None = None) -> None:
        self.leg = leg
        self.invite = invite
        """The INVITE; None for an outgoing call."""
        self.progress: list[int] = []
        """The provisional statuses that came, in order."""
        self.tone = ToneStream(line.host)
        loop = asyncio.get_running_loop()
        self.answered_at: asyncio.Future[float] = loop.create_future()
        self._ended: asyncio.Future[int] = loop.create_future()
        self._line = line
        self._session = secrets.randbits(31)
        self._version = 0
        self.script: asyncio.Task[None] | None = None
        self.transferred: list[int] = []
        """The statuses that NOTIFYs told of its transfers, in order."""

    @property
    def is_over(self) -> bool:
        """Whether the call has ended, however it did."""
        return self._ended.done()

    async def answered(self) -> None:
        """Wait for the answer; raise RefusedError when there is none."""
        await asyncio.wait((self.answered_at, self._ended), return_when=asyncio.FIRST_COMPLETED)
        if not self.answered_at.done():
            raise RefusedError(f"call {self.leg}", self._ended.result())

    async def ended(self) -> int:
        """Wait for the end; return its status: 200 after a BYE of either side."""
        return await asyncio.shield(self._ended)

    def answer(self) -> None:
        """Answer a received call; 488 where no sound is in common."""
        if self.invite is None or self.is_over or self.answered_at.done():
            return
        body = self.describe(self.invite.body)
        if body is None:
            self.end(488)
            return
        self._line.perform(Answer(leg=self.leg, status=200, headers=SDP, body=body))
        self.answered_at.set_result(asyncio.get_running_loop().time())

    def handle_answer(self, body: bytes) -> None:
        """Handle the answer."""
        self.send_tone(body)
        self.answered_at.set_result(asyncio.get_running_loop().time())

    def end(self, status: int = 487) -> None:
        """Hang up, cancel, or refuse a received call with `status`."""
        if self.is_over:
            return
        self._line.perform(EndSession(leg=self.leg, status=status))
        self.over(200 if self.answered_at.done() else status)

    def press(self, digits: str, duration: int = 100) -> None:
        """Press keys, as RTP events (RFC 4733), each for so many milliseconds."""
        self.tone.press(digits, duration)

    async def offer(self, direction: MediaDirection) -> None:
        """Offer the sound in another direction, as `sendonly` for hold; raise RefusedError."""
        body = bytes(self._own().with_direction(direction))
        ask = SendInDialog(
            leg=self.leg, ref=secrets.token_hex(4), method="INVITE", headers=SDP, body=body
        )
        replied = await self._line.reply_to(ask.ref, ask)
        if replied.response is None or replied.status >= 300:
            raise RefusedError(f"offer in call {self.leg}", replied.status)
        self._line.perform(Acknowledge(leg=self.leg))
        self.send_tone(replied.response.body)

    async def transfer(self, to: str, *headers: tuple[str, str]) -> int:
        """Transfer the other party to a URI (REFER); return the status of the answer."""
        refer_to = ("Refer-To", f"<{to}>")
        ask = SendInDialog(
            leg=self.leg, ref=secrets.token_hex(4), method="REFER", headers=(refer_to, *headers)
        )
        return (await self._line.reply_to(ask.ref, ask)).status

    def handle_notify(self, body: bytes) -> None:
        """Learn what became of a transfer (RFC 3515 §2.4.5)."""
        _, _, rest = body.decode("latin-1").partition(" ")
        status = rest[:3]
        if status.isdecimal():
            self.transferred.append(int(status))

    def describe(self, offer: bytes) -> bytes | None:
        """Answer an offer and play to where it says; without one, make an offer of our own."""
        if not offer:
            return bytes(self._own())
        try:
            theirs = SessionDescription.parse(offer)
        except SipError:
            return None
        host, port = self._line.host, self.tone.port
        self._version += 1
        answer = answer_audio(theirs, host, port, session_id=self._session, version=self._version)
        if answer is None:
            return None
        self.send_tone(offer)
        return bytes(answer)

    def send_tone(self, body: bytes) -> None:
        """Send the tone to where a description says, unless it does not want to hear."""
        with suppress(SipError):
            theirs = SessionDescription.parse(body)
            address, audio = theirs.audio_address, theirs.audio
            laws = [f for f in audio.formats if f.encoding.upper() in SOUND] if audio else []
            if address is None or not laws or theirs.is_hold:
                self.tone.pause()
            else:
                self.tone.play(*address, laws[0], None if audio is None else audio.telephone_event)

    def over(self, status: int) -> None:
        """Learn that the call has ended."""
        if not self._ended.done():
            self._ended.set_result(status)
            self.tone.close()
            if self.script is not None and self.script is not asyncio.current_task():
                self.script.cancel()

    def _own(self) -> SessionDescription:
        self._version += 1
        host, port = self._line.host, self.tone.port
        return build_audio(host, port, session_id=self._session, version=self._version)
