"""Makes HTML of templates: values are escaped wherever they stand, and a name that is not there is a mistake."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

from switchhook.console.assets import asset_url, icon
from switchhook.views.text import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.runtime import Context

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """Return what reads templates, each once."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"icon": icon, "asset": asset_url, "query": query}
    made.filters |= {"moment": moment, "duration": duration, "path": path_part}
    return made


def compile_templates() -> None:
    """Read every template: at its first use it would hold up calls for some milliseconds."""
    made = environment()
    for name in made.list_templates():
        made.get_template(name)


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a page."""
    return environment().get_template(template).render(values)


@pass_context
def moment(context: Context, at: float | str | None) -> Markup:
    """Write a moment, unix seconds or ISO 8601, in the project's zone; its title has it in UTC."""
    if at is None or at == "":
        return Markup("–")
    utc = (
        datetime.fromisoformat(at).astimezone(UTC)
        if isinstance(at, str)
        else datetime.fromtimestamp(at, UTC)
    )
    local = utc.astimezone(_zone(context["layout"]["time_zone"]))
    return Markup('<time datetime="{}" title="{} UTC"><span>{}</span> {}</time>').format(
        utc.isoformat(timespec="seconds"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime("%Y-%m-%d"),
        local.strftime("%H:%M:%S"),
    )


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def duration(value: float | None) -> str:
    """Write seconds as people read them."""
    return seconds(value)


def path_part(value: object) -> str:
    """Write a value as one part of a path."""
    return quote(str(value), safe="")


def query(given: Mapping[str, object], **changed: object) -> str:
    """Write a query with its question mark: what is given, with what is changed; empty ones are left out."""
    pairs = {**given, **changed}
    told = urlencode({name: value for name, value in pairs.items() if value not in {None, ""}})
    return f"?{told}" if told else ""
