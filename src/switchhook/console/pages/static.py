"""The console's own files."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from switchhook.console.access import Access, shows
from switchhook.console.assets import assets

FOR_GOOD = "public, max-age=31536000, immutable"


@shows("/static/{digest:str}/{name:str}", Access.ASSET)
async def static(digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Send a file: under its digest for good; under another, which a page of a former version may ask for, as it is now."""
    found = assets().get(name)
    if found is None:
        raise NotFoundException("there is no such file")
    kept = FOR_GOOD if f"/{digest}/" in found.url else "no-cache"
    return Response(found.body, media_type=found.media_type, headers={"Cache-Control": kept})
