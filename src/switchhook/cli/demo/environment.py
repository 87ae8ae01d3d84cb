"""Everything that the demo needs, running: server, endpoints, telephones."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switchhook.app.application import Application
from switchhook.cli.demo.programs import EXAMPLES, Processor, Receiver
from switchhook.cli.demo.scenarios import CALLER, RECEPTION
from switchhook.cli.errors import CommandError
from switchhook.cli.local_server import OUTSIDE, local_server, registered_phone
from switchhook.domain.project import Project
from switchhook.projectfile.file import read_project
from switchhook.softphone.phone import PhoneBehaviour, Softphone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switchhook.cli.demo.programs import Language
    from switchhook.domain.event import EventWebhook, ProjectEvent

CARRIER_BEHAVIOUR = PhoneBehaviour(answer_after=0.6, hang_up_after=1.0)
RECEPTION_BEHAVIOUR = PhoneBehaviour(answer_after=0.4, hang_up_after=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEnvironment:
    """The running parts."""

    app: Application
    project: Project
    processor: Processor
    receiver: Receiver
    outside: Softphone
    """The world beyond the trunk: it calls, and it answers every outside number."""
    reception: Softphone


@asynccontextmanager
async def open_environment(folder: Path, language: Language) -> AsyncIterator[DemoEnvironment]:
    """Run everything on free ports, with all data in `folder`. Raises CommandError."""
    processor, receiver = Processor(language), Receiver()
    try:
        await processor.start()
        await receiver.start()
        async with Softphone(CALLER, host=OUTSIDE, behaviour=CARRIER_BEHAVIOUR) as outside:
            project = example_project(processor.url, receiver.url, outside.port)
            account = next(account for account in project.accounts if account.login == RECEPTION)
            async with (
                local_server(project, folder, has_web=True) as app,
                registered_phone(account, app, RECEPTION_BEHAVIOUR) as reception,
            ):
                yield DemoEnvironment(
                    app=app,
                    project=project,
                    processor=processor,
                    receiver=receiver,
                    outside=outside,
                    reception=reception,
                )
    except OSError as error:
        raise CommandError(f"the demo cannot run here: {error.strerror or error}") from error
    finally:
        await processor.stop()
        await receiver.stop()


def example_project(processor: str, receiver: str, trunk_port: int) -> Project:
    """Return the example project with the addresses of this run and random passwords."""
    project = read_project((EXAMPLES / "project.toml").read_text(encoding="utf-8"))
    assert isinstance(project, Project)  # noqa: S101 (a test reads the example)
    return replace(
        project,
        accounts=tuple(replace(a, password=secrets.token_hex(6)) for a in project.accounts),
        trunks=tuple(replace(trunk, port=trunk_port) for trunk in project.trunks),
        forwarding_numbers=tuple(replace(w, url=processor) for w in project.forwarding_numbers),
        events=tuple(replace(event, webhooks=_at(receiver, event)) for event in project.events),
    )


def _at(receiver: str, event: ProjectEvent) -> tuple[EventWebhook, ...]:
    base = receiver.rstrip("/")
    return tuple(replace(w, url=base + w.url[w.url.rindex("/") :]) for w in event.webhooks)
