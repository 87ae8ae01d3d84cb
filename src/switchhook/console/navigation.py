"""The side list: which pages of a project it links, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from switchhook.domain.access.rights import Need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.access.people import Role


class Section(StrEnum):
    """A group of links, in the order of the list."""

    OVERVIEW = ""
    ROUTING = "Routing"
    INTEGRATION = "Integration"
    TELEPHONES = "Telephones"
    TRY = "Try"
    PROJECT = "Project"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEntry:
    """A link of the side list. A page's module declares its own, as `SIDE`."""

    title: str
    icon: str
    """The name of one in `static/vendor/lucide.json`."""
    path: str
    """Below the project's: `/calls`."""
    section: Section
    place: int
    """Smaller ones stand higher within the section."""
    need: Need
    """Who lacks it sees no link."""


def side_list(
    entries: Iterable[SideEntry], role: Role | None, project: str, path: str
) -> list[dict[str, object]]:
    """Return the sections with their links, for a reader of a role who is at a path."""
    ranks = {section: rank for rank, section in enumerate(Section)}
    shown = [one for one in entries if role is not None and role.includes(one.need.role)]
    shown.sort(key=lambda one: (ranks[one.section], one.place, one.title))
    base = f"/console/projects/{project}"
    return [
        {
            "title": section.value,
            "links": [
                {
                    "title": one.title,
                    "icon": one.icon,
                    "href": base + one.path,
                    "is_here": _is_here(base + one.path, path),
                }
                for one in shown
                if one.section is section
            ],
        }
        for section in Section
        if any(one.section is section for one in shown)
    ]


def _is_here(href: str, path: str) -> bool:
    """Say whether a path is a link's page, or one below it; the project's first page is above them all."""
    if href.endswith("/"):
        return path.rstrip("/") == href.rstrip("/")
    return path == href or path.startswith(f"{href}/")
