"""The console's own files: style sheets, scripts, icons. A file's URL has its digest, so browsers keep it for good."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = STATIC / "vendor"
BUNDLES: Final = {
    "console.css": (VENDOR / "pico.min.css", STATIC / "console.css"),
    "console.js": (VENDOR / "htmx.min.js", VENDOR / "sse.min.js", STATIC / "console.js"),
}
"""What every page loads, each in one request."""
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    url: str
    media_type: str
    body: bytes


@cache
def assets() -> dict[str, Asset]:
    """Return what is served, by name: the bundles, and each file of `static/` and `static/vendor/` that is no part of one."""
    parts = {one for files in BUNDLES.values() for one in files}
    files = [*STATIC.iterdir(), *VENDOR.iterdir()]
    single = {
        one.name: one.read_bytes() for one in files if one.suffix in _TYPES and one not in parts
    }
    joined = {
        name: b"\n".join(one.read_bytes() for one in files) for name, files in BUNDLES.items()
    }
    return {name: _asset(name, body) for name, body in (single | joined).items()}


def _asset(name: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:12]
    url = f"/console/static/{digest}/{name}"
    return Asset(url, _TYPES[Path(name).suffix], body)


def asset_url(name: str) -> str:
    """Return where a page finds an asset."""
    return assets()[name].url


@cache
def icon(name: str, label: str = "") -> Markup:
    """Return an icon of Lucide as an SVG element: a picture beside its word, or one with a label of its own."""
    inner = _icons()[name]
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(  # noqa: S704 (our own file, and an escaped label)
        f'<svg class="icon" viewBox="0 0 24 24" width="16" height="16" fill="none" {told}>{inner}</svg>'
    )


@cache
def _icons() -> dict[str, str]:
    drawn: dict[str, str] = json.loads((VENDOR / "lucide.json").read_text(encoding="utf-8"))
    return drawn
