"""All calls that fit a search, as a file: CSV with a header, or JSON lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switchhook.operations.calls.details import with_details
from switchhook.storage.records import CallRow
from switchhook.tasks import compute_rows
from switchhook.views import as_csv, as_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from switchhook.operations.recordings import Recordings
    from switchhook.storage.trails import CallTrails


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportForm:
    """How an export is written."""

    head: Callable[[], bytes]
    lines: Callable[[tuple[CallRow, ...]], bytes]
    media_type: str


EXPORTS: Final[Mapping[str, ExportForm]] = {
    "csv": ExportForm(head=as_csv.header, lines=as_csv.call_lines, media_type=as_csv.MEDIA_TYPE),
    "jsonl": ExportForm(head=bytes, lines=as_json.json_lines, media_type="application/x-ndjson"),
}
"""By the end of the file's name."""


PATH_ROWS: Final = 4
"""A call with its path takes as long to write as so many without."""


def export_headers(form: str) -> dict[str, str]:
    """Return the headers that a browser or a program gets an export with."""
    return {
        "Content-Disposition": f'attachment; filename="calls.{form}"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }


async def export_parts(
    form: str, found: AsyncIterator[tuple[CallRow, ...]], progress: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    """Yield an export as its reader takes it: the next calls are read when the last were taken."""
    chosen = EXPORTS[form]
    yield chosen.head()
    async for some in found:
        progress()
        if some:
            yield await compute_rows(len(some), chosen.lines, some)


async def detailed_export_parts(
    form: str,
    found: AsyncIterator[tuple[CallRow, ...]],
    progress: Callable[[], None],
    *,
    trails: CallTrails,
    recordings: Recordings,
    clock: Callable[[], float],
) -> AsyncGenerator[bytes, None]:
    """Yield an export with the details of each call."""
    is_csv = form == "csv"
    yield as_csv.header(has_details=True) if is_csv else b""
    async for some in found:
        progress()
        if some:
            detailed = await with_details(trails, recordings, some, now=clock())
            write = as_csv.detailed_lines if is_csv else as_json.detailed_json_lines
            yield await compute_rows(len(detailed) * PATH_ROWS, write, detailed)
