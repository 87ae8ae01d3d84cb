"""Several nodes on one database: each a process of its own, which may be killed.

`python -m tests.support.nodes NAME DATABASE` runs one; `switchhook serve` refuses a second on one directory.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from switchhook.app.application import open_application
from switchhook.cli.serving import stop_on_signal
from switchhook.logs import configure_logs
from switchhook.settings import LogLevel, load_settings
from tests.support.server import ROOT, Server

RENEW_EVERY = 0.2
LOOKS = 40
"""So a node is taken over after eight seconds: no busy machine lets one look so often and another never renew."""


class NodeServer(Server):
    """A node of a name, on the database that is named."""

    def __init__(self, directory: Path, name: str, database: Path) -> None:
        super().__init__(directory)
        self.program = (sys.executable, "-m", "tests.support.nodes", name, str(database))

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


async def serve(name: str, database: Path) -> None:
    """Run until SIGTERM."""
    settings = load_settings(file=None, environ=os.environ, flags={})
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    configure_logs(LogLevel.INFO, as_json=True)
    stop = stop_on_signal()
    async with open_application(
        settings, node=name, database=database, renew_every=RENEW_EVERY, looks=LOOKS
    ) as app:
        where = f"{app.sip_address}:{app.sip_port} over UDP and TCP"
        print(f"{name} takes calls at {where}. HTTP API: http://127.0.0.1:{app.web_port}.")  # noqa: T201
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
