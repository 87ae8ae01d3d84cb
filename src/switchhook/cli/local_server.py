"""A server of our own on this machine, with built-in telephones: for the demo and for trying a real call."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from switchhook.app.application import open_application
from switchhook.cli.errors import CommandError
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.projects import Applied, apply_project
from switchhook.projectfile.file import write_project
from switchhook.settings import Settings
from switchhook.sip.wire.transport import UDP, Peer
from switchhook.softphone.phone import RefusedError, Softphone
from switchhook.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switchhook.app.application import Application
    from switchhook.domain.project import Account, Project
    from switchhook.softphone.phone import PhoneBehaviour

OUTSIDE = "127.0.0.2"
"""Where the outside world is: by its address the server knows the trunk's calls from an account's."""


@asynccontextmanager
async def local_server(
    project: Project, folder: Path, *, sends: bool = True, has_web: bool = False
) -> AsyncIterator[Application]:
    """Run a server for one project, on a free port, with all data in `folder`. Raises CommandError.

    It promises deliveries, and sends them where it `sends`. API and console are on a free port where it `has_web`.
    """
    store = await SqliteStore.open(folder / DATABASE)
    try:
        applied = await apply_project(store, write_project(project))
    finally:
        await store.close()
    if not isinstance(applied, Applied):
        raise CommandError(f"the project cannot run on this machine alone:\n{applied}")
    settings = Settings(
        data_dir=folder, sip_port=0, web_host="127.0.0.1" if has_web else "", web_port=0
    )
    async with open_application(settings, sends=sends) as app:
        yield app


@asynccontextmanager
async def registered_phone(
    account: Account, app: Application, behaviour: PhoneBehaviour
) -> AsyncIterator[Softphone]:
    """Register a built-in telephone for an account. Raises CommandError."""
    server = Peer(UDP, app.sip_address, app.sip_port)
    phone = Softphone(account.login, account.password, server=server, behaviour=behaviour)
    async with phone:
        try:
            await phone.register()
        except RefusedError as error:
            raise CommandError(f"a built-in telephone could not register: {error}") from error
        yield phone
