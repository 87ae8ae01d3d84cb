"""`switchhook serve`: the server, until it is told to stop."""

import asyncio
import resource
import signal
import time
from collections.abc import Coroutine
from importlib.util import find_spec
from typing import Any, TypeVar

from switchhook import __version__
from switchhook.api.listening import CannotListenError
from switchhook.app.application import Application, open_application, settle
from switchhook.cli.errors import CommandError
from switchhook.cli.options import NO_FLAGS, Config, SettingsFlags, settings_of
from switchhook.cli.output import stdout
from switchhook.domain.access.people import LinkKind
from switchhook.logs import GATHERED, configure_logs
from switchhook.operations.data_dir import DataDirError, held
from switchhook.operations.people.links import new_link
from switchhook.settings import Settings
from switchhook.sip.wire.transport import bracketed
from switchhook.tasks import spawn

T = TypeVar("T")


def serve(*, config: Config = None, settings: SettingsFlags = NO_FLAGS) -> int:
    """Take calls, and requests to the HTTP API, until SIGTERM or Ctrl-C."""
    chosen = settings_of(config, settings)
    configure_logs(chosen.log_level, as_json=chosen.log_json, gather=GATHERED)
    allow_connections()
    with held(chosen.data_dir):
        run_on_loop(_serve(chosen))
    return 0


def allow_connections() -> None:
    """Open as many files and connections as the system lets us; often the bound at first is 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run_on_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on uvloop where it is installed (the extra `fast`), else on asyncio's own loop."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(work)


def _new_loop() -> asyncio.AbstractEventLoop:
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415 (an extra)

    return uvloop.new_event_loop()


async def _serve(settings: Settings) -> None:
    stop = stop_on_signal()
    try:
        async with open_application(settings) as app:
            settle()
            where = f"{bracketed(app.sip_address)}:{app.sip_port}"
            web = (
                f"{settings.web_scheme}://{bracketed(settings.web_host)}:{app.web_port}"
                if app.web_port
                else "off"
            )
            stdout().print(
                f"Switchhook {__version__} takes calls at {where} over UDP and TCP. HTTP API: {web}."
                f" Projects: {', '.join(app.directory.snapshots) or 'none yet, apply a project file'}."
                f" Data: {settings.data_dir}. Stop with Ctrl-C."
            )
            if app.web_port and (link := await first_owner_link(app)):
                stdout().print(
                    f"Nobody can sign in yet. Make the first owner: {link}", soft_wrap=True
                )
            stopped = spawn(stop.wait(), name="stop"), spawn(app.lease.lost.wait(), name="lost")
            await asyncio.wait(stopped, return_when=asyncio.FIRST_COMPLETED)
            if app.lease.lost.is_set():
                raise CommandError(
                    "another process has taken over the calls and deliveries of this one"
                )
    except (CannotListenError, DataDirError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        where = f"{bracketed(settings.sip_host)}:{settings.sip_port}"
        raise CommandError(
            f"cannot take calls at {where}: {error.strerror or error}; choose another place with"
            " --sip-host and --sip-port"
        ) from error


async def first_owner_link(app: Application) -> str:
    """Return a link that makes the first owner; "" where there are users."""
    if await app.store.people.users():
        return ""
    made = await new_link(app.store.people, LinkKind.FIRST_OWNER, now=time.time())
    return made.url(app.settings.url_of_links(app.web_port))


def stop_on_signal() -> asyncio.Event:
    """Return an event that SIGTERM or Ctrl-C sets; the second of them ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    return stop
