"""The trunks' states, as the running or last server wrote them into its data directory."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from switchhook.projectfile.loading import load_directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from switchhook.domain.project import Trunk
    from switchhook.drivers.embedded.trunk_registration import TrunkKey
    from switchhook.drivers.embedded.trunk_states import TrunkState
    from switchhook.storage.ports import Projects

log = structlog.get_logger(__name__)

STATES: Final = "trunks.json"
"""The name of the file; it holds nothing secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkStatus:
    """One trunk, and what the server last saw of it."""

    project: str
    trunk: str
    address: str
    answers: bool | None
    """None where it was not asked yet."""
    registers: bool
    registered_until: float
    """Unix seconds; 0 where it is not registered."""
    trouble: str
    """Why it is not registered."""


def write_states(data_dir: Path, states: Mapping[TrunkKey, TrunkState]) -> None:
    """Write down what is known of trunks. A directory that cannot be written costs a line in the log."""
    found = [
        {
            "project": project,
            "trunk": trunk,
            "answers": state.answers,
            "registered_until": state.registered_until,
            "trouble": state.trouble,
        }
        for (project, trunk), state in sorted(states.items())
    ]
    path = data_dir / STATES
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(json.dumps(found), encoding="utf-8")
        os.replace(fresh, path)  # noqa: PTH105 -- atomic, and named so
    except OSError as error:
        log.warning("trunk states not written", path=str(path), error=str(error))


async def list_trunks(
    store: Projects, data_dir: Path, *, project: str | None = None
) -> tuple[TrunkStatus, ...]:
    """Return the trunks of all projects or of one, in the order of their files. Raises StoreError."""
    seen = _read(data_dir)
    directory = await load_directory(store)
    return tuple(
        _seen(snapshot.project.id, trunk, seen.get((snapshot.project.id, trunk.name), {}))
        for snapshot, trunk in directory.trunks()
        if project in {None, snapshot.project.id}
    )


def _read(data_dir: Path) -> dict[TrunkKey, dict[str, Any]]:
    try:
        found = json.loads((data_dir / STATES).read_text(encoding="utf-8"))
        return {(one["project"], one["trunk"]): one for one in found}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("trunk states not read", error=str(error))
        return {}


def _seen(project: str, trunk: Trunk, state: dict[str, Any]) -> TrunkStatus:
    return TrunkStatus(
        project=project,
        trunk=trunk.name,
        address=f"{trunk.uri_host}:{trunk.port}" if trunk.port else trunk.uri_host,
        answers=state.get("answers"),
        registers=trunk.register,
        registered_until=float(state.get("registered_until") or 0.0),
        trouble=str(state.get("trouble") or ""),
    )
