"""Names of recordings, and links to them: absolute URLs that are good for a time, signed by us alone. Pure.

A link is `<public URL>/recordings/<project>/<call>/<recording>.wav?expires=<Unix seconds>&token=<32 hex digits>`.
The token is the first half of an HMAC-SHA256 over path and time; 128 bits cannot be guessed.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlencode

if TYPE_CHECKING:
    from switchhook.domain.call import Call

ALL: Final = "all"
"""Names all recordings of a call, one after another."""
_PART: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"
_NAME: Final = re.compile(rf"({_PART})/({_PART})/(r[1-9][0-9]{{0,5}}|{ALL})")
PATH: Final = "/recordings/"
"""Begins the path of every link."""
TOKEN_LENGTH: Final = 32
"""Hex digits: 128 bits (RFC 2104 §5 wants half of the digest at least)."""
DAY: Final = 86_400
_LAST_SECOND: Final = 99_999_999_999
"""Unix seconds of eleven digits; no link is good for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingName:
    """The name of a recording among those of all projects, or of all recordings of a call.

    Its text is the path of its file below the folder of recordings, without the suffix. No part of it begins
    with a dot or holds a slash, so it leads out of no folder.
    """

    project: str
    call: str
    recording: str = ALL

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(str(self)):
            raise ValueError(f"{str(self)!r} names no recording")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote. Raises ValueError."""
        found = _NAME.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} names no recording")
        return cls(project=found[1], call=found[2], recording=found[3])

    def __str__(self) -> str:
        return f"{self.project}/{self.call}/{self.recording}"


class LinkState(StrEnum):
    """Whether a link may be followed."""

    GOOD = "good"
    FORGED = "forged"
    """The token does not belong to path and time."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLinks:
    """Makes and checks links."""

    base: str
    """The URL that the HTTP API is reached at, without a slash at its end; empty: no link can be made."""
    key: bytes = field(repr=False)
    keep_days: int
    """Days that recordings are kept, and so the most that a link in an event is good for."""

    def link(self, name: RecordingName, *, expires: float) -> str:
        """Return the link to a WAV file; empty where none can be made. `expires` is in Unix seconds."""
        if not self.base:
            return ""
        path, until = f"{PATH}{name}.wav", min(int(expires), _LAST_SECOND)
        query = urlencode({"expires": until, "token": self._token(path, str(until))})
        return f"{self.base}{path}?{query}"

    def check(self, path: str, *, expires: str, token: str, now: float) -> LinkState:
        """Say whether a request may be answered. How long that takes tells nothing of the token."""
        wanted = self._token(path, expires).encode()
        if not hmac.compare_digest(wanted, token.encode("utf-8", "replace")):
            return LinkState.FORGED
        return LinkState.GOOD if now < int(expires) else LinkState.EXPIRED

    def facts_of(self, call: Call) -> dict[str, str]:
        """Return the parameters that are links to the recordings of a call; none without a recording.

        They depend on the call alone, so each event of it tells the same link.
        """
        made = call.recording.finished
        if not made or not self.base:
            return {}
        project, rules = call.snapshot.project.id, call.snapshot.project.recordings
        days = (self.keep_days, rules.keep_days, rules.link_days)
        expires = call.arrived_at + min(filter(None, days)) * DAY
        names = {one.id: one.id for one in made} | (
            {"": made[0].id} if len(made) == 1 else {"": "all"}
        )
        facts = {}
        for argument, recording in names.items():
            name = RecordingName(project=project, call=call.id, recording=recording)
            link = self.link(name, expires=expires)
            for key in (LINK, WAV_LINK):
                facts[f"{key}:{argument}" if argument else key] = link
        return facts

    def _token(self, path: str, expires: str) -> str:
        signed = f"{path}\n{expires}".encode("utf-8", "replace")
        return hmac.new(self.key, signed, sha256).hexdigest()[:TOKEN_LENGTH]


LINK, WAV_LINK = "recording_link", "recording_wav_link"
"""The parameters; with a recording's id as argument, the link to that one alone."""


_SHOWN_LINK: Final = re.compile(
    rb"(expires(?:=|%(?:25)?3[Dd])[0-9]{1,11}(?:&amp;|&|%(?:25)?26|\\{1,8}u0026)token(?:=|%(?:25)?3[Dd]))"
    + rb"[0-9a-f]" * TOKEN_LENGTH
)
"""A link in a text of any kind: as it is, in a form, in HTML, in JSON."""


def hide_links(text: bytes) -> bytes:
    """Return a text in which no link to a recording can be followed; it keeps its length."""
    if b"token" not in text:
        return text
    return _SHOWN_LINK.sub(rb"\1" + b"*" * TOKEN_LENGTH, text)


def is_link(key: str) -> bool:
    """Say whether a fact of a call is a link to a recording."""
    return key.partition(":")[0] in {LINK, WAV_LINK}


NO_LINKS: Final = RecordingLinks(base="", key=b"", keep_days=1)
"""Makes none."""
