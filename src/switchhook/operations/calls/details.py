"""What a call log has of each call besides: the path that it took, and a link to its recording (T-25)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.domain.journal import JournalEntry
from switchhook.storage.records import CallRow
from switchhook.webhooks.recording_links import ALL, DAY, LINK, RecordingName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchhook.operations.recordings import Recordings
    from switchhook.storage.trails import CallTrails

LINK_DAYS: Final = 7
"""How long such a link is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetails:
    """What is told of a call besides what its row has."""

    call: CallRow
    journal: tuple[JournalEntry, ...]
    recording_link: str
    """To all that was recorded; empty where there is nothing any more. Of an imported call, what it came with."""


async def with_details(
    trails: CallTrails, recordings: Recordings, rows: Sequence[CallRow], *, now: float
) -> tuple[CallDetails, ...]:
    """Return calls with their details, in the same order. `now` is in unix seconds."""
    expires = now + LINK_DAYS * DAY
    links = await asyncio.to_thread(lambda: [_link(recordings, row, expires) for row in rows])
    journals: dict[str, tuple[JournalEntry, ...]] = {}
    for project in sorted({row.project for row in rows}):
        own = [row.id for row in rows if row.project == project]
        journals |= await trails.journals(project, own)
    return tuple(
        CallDetails(call=row, journal=journals.get(row.id, ()), recording_link=link)
        for row, link in zip(rows, links, strict=True)
    )


def _link(recordings: Recordings, row: CallRow, expires: float) -> str:
    if not row.recordings:
        return dict(row.facts).get(LINK, "")
    if not recordings.list(project=row.project, call=row.id):
        return ""
    name = RecordingName(project=row.project, call=row.id, recording=ALL)
    return recordings.links.link(name, expires=expires)
