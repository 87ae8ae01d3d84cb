"""What a page asks of its reader: nothing, a session, or a right in the project of its path."""

from __future__ import annotations

from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from litestar import get, post

from switchhook.domain.access.rights import Need

if TYPE_CHECKING:
    from collections.abc import Callable

ACCESS: Final = "access"
"""The key of a handler's `opt` under which its Access or Need stands. The guard refuses a handler without."""
ROOT: Final = "/console"
IN_PROJECT: Final = f"{ROOT}/projects/{{project:str}}"
"""Begins the path of each page of a project."""


class Access(Enum):
    """What a page needs that belongs to no project."""

    ASSET = auto()
    """A file of the console's own, the same for everybody."""
    ANYBODY = auto()
    """A page for those who have not signed in."""
    SIGNED_IN = auto()
    """A page of a person, whatever their roles."""


def shows(path: str, need: Need | Access, **options: Any) -> Callable[[Any], Any]:  # noqa: ANN401 (Litestar's own)
    """Decorate what answers GET at a path below the console's root, or the project's where `need` is a right."""
    return _decorated(get, path, need, options)


def acts(path: str, need: Need | Access, **options: Any) -> Callable[[Any], Any]:  # noqa: ANN401 (Litestar's own)
    """Decorate what a form is sent to by POST, likewise."""
    return _decorated(partial(post, status_code=200), path, need, options)


def _decorated(
    decorate: Callable[..., Callable[[Any], Any]],
    path: str,
    need: Need | Access,
    options: dict[str, Any],
) -> Callable[[Any], Any]:
    root = IN_PROJECT if isinstance(need, Need) else ROOT
    return decorate(f"{root}{path}", opt={ACCESS: need}, include_in_schema=False, **options)
