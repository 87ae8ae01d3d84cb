"""Keeps the SIP messages of calls in memory while they run, within bounds, and hands them on once they are over.

What a message costs while its call waits is one entry in a list. Its Call-ID is looked for a moment later, secrets are taken
out and all is packed and stored after the call.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.transport import Peer
from switchhook.storage.captures import SipMessage

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST: Final = 100
"""Messages of the begin of a dialog that are kept."""
LAST: Final = 50
"""Those of its end."""
MOST_BYTES: Final = 64 << 20
"""Bytes of all that is held; then the oldest dialog goes."""
MOST_DIALOGS: Final = 20_000
LONGEST: Final = 16_384
"""Bytes of a message that are kept."""
SORT_EVERY: Final = 0.1
"""Seconds between two looks at whose the messages are."""
LINGER: Final = 4.0
"""Seconds after a call's end in which its last messages come, such as the response to a BYE."""
OVERHEAD: Final = 200
"""Bytes that an entry costs beside its message."""
_CALL_ID: Final = re.compile(rb"\r?\n(?:[Cc][Aa][Ll][Ll]-[Ii][Dd]|i)[ \t]*:[ \t]*([^\r\n]+)")

Noted = tuple[float, bool, str, str, int, bytes]
"""When, whether it was sent, transport, host and port of the peer, and the message: values that the collector lets be."""


@dataclass(slots=True)
class CapturedDialog:
    """What came and went under one Call-ID."""

    first: list[Noted] = field(default_factory=list)
    last: deque[Noted] = field(default_factory=lambda: deque(maxlen=LAST))
    seen: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCapture:
    """What there was of a call that is over, with its secrets."""

    call: str
    messages: tuple[SipMessage, ...]
    left_out: int


class MessageCapture:
    """The messages of the calls that run. A dialog is held from its INVITE on."""

    def __init__(
        self,
        done: Callable[[EndedCapture], None],
        local: Callable[[Peer], tuple[str, int]],
    ) -> None:
        """`done` gets what there was of a call, `LINGER` seconds after its end; `local` says where a peer reaches us."""
        self.size = 0
        """Bytes that are held."""
        self.linger = LINGER
        self._done = done
        self._local = local
        self._dialogs: dict[bytes, CapturedDialog] = {}
        self._of_call: dict[str, list[bytes]] = {}
        self._unsorted: list[tuple[float, bool, Peer, bytes]] = []
        self._is_sorting = False

    def note(self, data: bytes, peer: Peer, *, is_sent: bool) -> None:
        """Take a message that came or goes; `sort` finds out soon whose it is, for a call is under way now."""
        self._unsorted.append((time.time(), is_sent, peer, data))
        if not self._is_sorting:
            self._is_sorting = True
            asyncio.get_running_loop().call_later(SORT_EVERY, self.sort)

    def sort(self) -> None:
        """Put each message to its dialog, if it belongs to a call."""
        self._is_sorting = False
        unsorted, self._unsorted = self._unsorted, []
        for at, is_sent, peer, data in unsorted:
            self._sort(at, peer, data, is_sent=is_sent)

    def _sort(self, at: float, peer: Peer, data: bytes, *, is_sent: bool) -> None:
        found = _CALL_ID.search(data)
        if found is None:
            return
        dialog = self._dialogs.get(found[1])
        if dialog is None:
            if not data.startswith(b"INVITE "):
                return
            dialog = self._dialogs[found[1]] = CapturedDialog()
        # A copy: the buffer of a received datagram has 64 KiB.
        kept = data if is_sent and len(data) <= LONGEST else bytes(memoryview(data)[:LONGEST])
        noted = at, is_sent, peer.transport, peer.host, peer.port, kept
        dialog.seen += 1
        size = len(kept) + OVERHEAD
        if len(dialog.first) < FIRST:
            dialog.first.append(noted)
        else:
            if len(dialog.last) == LAST:
                gone = len(dialog.last[0][5]) + OVERHEAD
                dialog.size -= gone
                self.size -= gone
            dialog.last.append(noted)
        dialog.size += size
        self.size += size
        while self.size > MOST_BYTES or len(self._dialogs) > MOST_DIALOGS:
            self._drop(next(iter(self._dialogs)))

    def begin(self, call: str) -> None:
        """Learn that the messages of a call are to be kept."""
        self._of_call.setdefault(call, [])

    def bind(self, call: str, call_id: str) -> None:
        """Learn that what comes under a Call-ID belongs to a call; nothing where that is not to be kept."""
        if call_id and call in self._of_call:
            self._of_call[call].append(call_id.encode("utf-8", "surrogateescape"))

    def over(self, call: str) -> None:
        """Learn that a call is over."""
        if call in self._of_call:
            asyncio.get_running_loop().call_later(self.linger, self._hand_on, call)

    def forget_unbound(self, before: float) -> None:
        """Drop what began before a moment, in unix seconds, and came to no call."""
        bound = {call_id for ids in self._of_call.values() for call_id in ids}
        for call_id, dialog in list(self._dialogs.items()):
            if call_id not in bound and dialog.first[0][0] < before:
                self._drop(call_id)

    def _hand_on(self, call: str) -> None:
        self.sort()
        call_ids = self._of_call.pop(call, [])
        found = [
            dialog
            for call_id in dict.fromkeys(call_ids)
            if (dialog := self._drop(call_id)) is not None
        ]
        messages = sorted(
            (one for dialog in found for one in (*dialog.first, *dialog.last)),
            key=lambda one: one[0],
        )
        if messages:
            seen = sum(dialog.seen for dialog in found)
            ended = EndedCapture(
                call=call,
                messages=tuple(map(self._message, messages)),
                left_out=seen - len(messages),
            )
            self._done(ended)

    def _message(self, noted: Noted) -> SipMessage:
        at, is_sent, transport, far_host, far_port, data = noted
        host, port = self._local(Peer(transport, far_host, far_port))
        return SipMessage(
            at=at,
            is_sent=is_sent,
            transport=transport,
            local=(host.strip("[]"), port),
            remote=(far_host, far_port),
            data=data,
        )

    def _drop(self, call_id: bytes) -> CapturedDialog | None:
        dialog = self._dialogs.pop(call_id, None)
        if dialog is not None:
            self.size -= dialog.size
        return dialog
