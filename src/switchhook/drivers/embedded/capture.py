"""Keeps the SIP messages of calls in memory while they run, within bounds, and hands them on once they are over.

What a message costs while its call waits is one entry in a list. Its Call-ID is looked for a moment later; secrets are taken
out after the call.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.redaction import redacted_each
from switchhook.sip.wire.transport import Peer
from switchhook.storage.captures import SipCapture, SipMessage

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
HAND_ON_EVERY: Final = 0.2
"""Seconds between two looks at which calls are over: one timer for many calls."""
AT_ONCE: Final = 4
"""Calls that are handed on without a turn of the loop: some 60 µs each."""
OVERHEAD: Final = 200
"""Bytes that an entry costs beside its message."""
_CALL_ID: Final = re.compile(rb"\n(?:[Cc][Aa][Ll][Ll]-[Ii][Dd]|[Ii])[ \t]*:[ \t]*([^\r\n]+)")
_USUAL: Final = b"\r\nCall-ID: "

Noted = tuple[float, bool, str, str, int, bytes]
"""When, whether it was sent, transport, host and port of the peer, and the message: values that the collector lets be."""


@dataclass(slots=True)
class CapturedDialog:
    """What came and went under one Call-ID."""

    first: list[Noted] = field(default_factory=list)
    last: deque[Noted] = field(default_factory=lambda: deque(maxlen=LAST))
    seen: int = 0
    size: int = 0


class MessageCapture:
    """The messages of the calls that run. A dialog is held from its INVITE on; what is handed on has no secrets."""

    def __init__(
        self,
        done: Callable[[str, SipCapture], None],
        local: Callable[[Peer], tuple[str, int]],
    ) -> None:
        """`done` gets a call's id and messages some seconds after its end; `local` says where a peer reaches us."""
        self.size = 0
        """Bytes that are held."""
        self.linger = LINGER
        self._done = done
        self._local = local
        self._dialogs: dict[bytes, CapturedDialog] = {}
        self._of_call: dict[str, list[bytes]] = {}
        self._unsorted: list[tuple[float, bool, Peer, bytes]] = []
        self._is_sorting = False
        self._over: deque[tuple[float, str]] = deque()
        """When, by the clock of the loop, which call is handed on."""

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
        call_id = _call_id(data)
        dialog = self._dialogs.get(call_id)
        if dialog is None:
            if not call_id or not data.startswith(b"INVITE "):
                return
            dialog = self._dialogs[call_id] = CapturedDialog()
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
            loop = asyncio.get_running_loop()
            self._over.append((loop.time() + self.linger, call))
            if len(self._over) == 1:
                loop.call_later(self.linger, self._hand_on_due)

    def forget_unbound(self, before: float) -> None:
        """Drop what began before a moment, in unix seconds, and came to no call."""
        bound = {call_id for ids in self._of_call.values() for call_id in ids}
        for call_id, dialog in list(self._dialogs.items()):
            if call_id not in bound and dialog.first[0][0] < before:
                self._drop(call_id)

    def _hand_on_due(self) -> None:
        self.sort()
        loop = asyncio.get_running_loop()
        for _ in range(AT_ONCE):
            self._hand_on(self._over.popleft()[1])
            if not self._over:
                return
            wait = self._over[0][0] - loop.time()
            if wait > 0:
                loop.call_later(max(wait, HAND_ON_EVERY), self._hand_on_due)
                return
        loop.call_soon(self._hand_on_due)

    def _hand_on(self, call: str) -> None:
        call_ids = self._of_call.pop(call, [])
        found = [
            dialog
            for call_id in dict.fromkeys(call_ids)
            if (dialog := self._drop(call_id)) is not None
        ]
        noted = [one for dialog in found for one in (*dialog.first, *dialog.last)]
        if noted:
            noted.sort(key=lambda one: one[0])
            left_out = sum(dialog.seen for dialog in found) - len(noted)
            self._done(call, SipCapture(messages=self._messages(noted), left_out=left_out))

    def _messages(self, noted: list[Noted]) -> tuple[SipMessage, ...]:
        ours: dict[tuple[str, str, int], tuple[str, int]] = {}
        messages = []
        clean = redacted_each([data for *_, data in noted])
        for (at, is_sent, transport, host, port, _), data in zip(noted, clean, strict=True):
            far = transport, host, port
            if far not in ours:
                our_host, our_port = self._local(Peer(*far))
                ours[far] = our_host.strip("[]"), our_port
            messages.append(
                SipMessage(
                    at=at,
                    is_sent=is_sent,
                    transport=transport,
                    local=ours[far],
                    remote=(host, port),
                    data=data,
                )
            )
        return tuple(messages)

    def _drop(self, call_id: bytes) -> CapturedDialog | None:
        dialog = self._dialogs.pop(call_id, None)
        if dialog is not None:
            self.size -= dialog.size
        return dialog


def _call_id(data: bytes) -> bytes:
    """Return the Call-ID of a message, empty where it has none; most write it as we do."""
    begin = data.find(_USUAL) + len(_USUAL)
    if begin >= len(_USUAL):
        return data[begin : data.find(b"\r\n", begin)].strip(b" \t")
    found = _CALL_ID.search(data)
    return b"" if found is None else found[1].rstrip(b" \t")
