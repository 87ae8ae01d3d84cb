"""Finds the pages: every module below `pages/` with its handlers and its link in the side list."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Final

from litestar.handlers import HTTPRouteHandler

from switchhook.console.navigation import SideEntry

PACKAGE: Final = "switchhook.console.pages"
"""By its name: pages import what finds them."""


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages."""

    handlers: tuple[HTTPRouteHandler, ...]
    side: tuple[SideEntry, ...]


@cache
def find_pages() -> Pages:
    """Import each module below `pages/`, and return its handlers and its `SIDE`, where it has one.

    A list of pages in one file would be changed by everybody who adds one.
    """
    handlers: list[HTTPRouteHandler] = []
    side: list[SideEntry] = []
    package = importlib.import_module(PACKAGE)
    for found in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            if isinstance(value, HTTPRouteHandler) and value not in handlers:
                handlers.append(value)
        entry = getattr(module, "SIDE", None)
        if isinstance(entry, SideEntry):
            side.append(entry)
    return Pages(tuple(handlers), tuple(side))
