"""An nginx on loopback, pinned to the second core, for the benchmarks' clients on the first."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def nginx(folder: Path, servers: str, ports: Iterable[int]) -> Iterator[None]:
    """Run nginx in `folder` with these server blocks, which listen on `ports`."""
    program = shutil.which("nginx")
    if program is None:
        raise SystemExit("this benchmark needs nginx: sudo apt install nginx-light")
    config = folder / "nginx.conf"
    config.write_text(_config(folder, servers))
    command = [program, "-c", str(config), "-p", str(folder), "-e", f"{folder}/error.log"]
    with running(command, ports):
        yield


@contextlib.contextmanager
def running(command: list[str], ports: Iterable[int]) -> Iterator[None]:
    """Run a server on the second core until the context is left."""
    process = subprocess.Popen(pinned(1, *command))
    try:
        for port in ports:
            _wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


def pinned(core: int, *command: str) -> list[str]:
    """Return the command on that core, where there is more than one."""
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        return list(command)
    return ["taskset", "-c", str(core), *command]


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _config(folder: Path, servers: str) -> str:
    paths = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; {paths}
            default_type application/json;
            {servers}
        }}
    """


def _wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")
