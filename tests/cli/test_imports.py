"""Each command imports what it needs: nobody waits for a server's modules to list calls."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from switchhook.operations.data_dir import DATABASE
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run
from tests.support.server import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LIST = """
import sys
from switchhook.cli.main import run
try:
    run(sys.argv[1:])
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""
BARE = {"cli", "domain", "errors", "logs", "views"}
READS = BARE | {
    "files",
    "operations",
    "projectfile",
    "quick_init",
    "settings",
    "storage",
    "tasks",
    "trusted_proxies",
    "webhooks",
}
"""The rooms of a command that reads the database."""
HEAVY = {"litestar", "uvicorn", "httptools", "anyio", "uvloop"}
"""What the server alone needs of others' code."""
DATABASE_ONLY = {"sqlite3", "cryptography", "phonenumbers"}


def imported(data_dir: Path, *command: str) -> set[str]:
    """Return all modules that a command imports."""
    done = subprocess.run(
        [sys.executable, "-c", LIST, *command],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "SWITCHHOOK_DATA_DIR": str(data_dir)},
        timeout=60,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


def rooms(modules: set[str]) -> set[str]:
    """Return the rooms of ours among modules."""
    return {name.split(".")[1] for name in modules if name.startswith("switchhook.")}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return a data directory with an empty database."""

    async def make() -> None:
        await (await SqliteStore.open(tmp_path / DATABASE)).close()

    run(make())
    return tmp_path


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("docs",)])
def test_help_and_documents_need_neither_database_nor_server(
    data_dir: Path, command: tuple[str, ...]
) -> None:
    modules = imported(data_dir, *command)
    assert rooms(modules) <= BARE | {"projectfile"}
    assert modules & (HEAVY | DATABASE_ONLY) == set()


@pytest.mark.parametrize(
    "command",
    [
        ("calls",),
        ("deliveries",),
        ("subscriptions",),
        ("token", "list"),
        ("events", "--project", "shop"),
    ],
)
def test_lists_need_the_database_alone(data_dir: Path, command: tuple[str, ...]) -> None:
    modules = imported(data_dir, *command)
    assert "storage" in rooms(modules)
    assert rooms(modules) <= READS
    assert modules & HEAVY == set()


def test_a_server_without_traces_needs_no_opentelemetry() -> None:
    parts = "import switchhook.app.application, switchhook.api.asgi, switchhook.cli.serving, sys"
    done = subprocess.run(
        [sys.executable, "-c", f"{parts}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        timeout=60,
        check=True,
    )
    modules = {name.partition(".")[0] for name in done.stdout.split()}
    assert "switchhook" in modules
    assert modules & {"opentelemetry", "requests", "google"} == set()


@pytest.mark.parametrize("command", [("phones",), ("trunks",), ("export",), ("hang-up", "none")])
def test_no_other_command_needs_what_the_server_alone_does(
    data_dir: Path, command: tuple[str, ...]
) -> None:
    modules = imported(data_dir, *command)
    assert rooms(modules) & {"api", "app", "softphone", "switchboard", "tracking"} == set()
    assert modules & HEAVY == set()
