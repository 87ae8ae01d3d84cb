"""`switchhook call --real`: the same call through the SIP engine, between built-in telephones.

Everything runs in this process, on this machine alone, with a database of its own. It needs no server, rings no
real telephone and delivers no event.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from switchhook.app.application import Application
from switchhook.cli.demo.watch import follow, new_call
from switchhook.cli.errors import CommandError
from switchhook.cli.local_server import OUTSIDE, local_server, registered_phone
from switchhook.cli.output import print_left_over
from switchhook.cli.serving import run_on_loop
from switchhook.cli.timeline import draw_path
from switchhook.operations.sounds import SOUNDS
from switchhook.softphone.phone import PhoneBehaviour, RefusedError, Softphone
from switchhook.tasks import spawn
from switchhook.tryout.simulation import waits_for_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from rich.console import Console

    from switchhook.domain.project import Project, ProjectSnapshot
    from switchhook.softphone.phone import PhoneCall
    from switchhook.tryout.script import Script

OPEN = PhoneBehaviour(answer_after=None)
"""Rings, and leaves the rest to `_behave`."""
ANSWERS_AFTER, TALKS, DECLINES_AFTER = 1.0, 3.0, 1.0
"""Seconds."""
ARRIVES = 3.0
"""Seconds in which the engine takes a call, or refuses it."""
POLL_INTERVAL = 0.02
"""Seconds between two looks at whether keys are waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Environment:
    app: Application
    outside: Softphone
    phones: dict[str, Softphone]


def place_real_call(
    snapshot: ProjectSnapshot, script: Script, console: Console, data_dir: Path
) -> int:
    """Place the call and draw it while it happens; return 0 when it came about. Raises CommandError.

    Sounds are those of `data_dir`.
    """
    if script.caller not in snapshot.accounts and not snapshot.project.trunks:
        raise CommandError(
            f"project {snapshot.project.id} has no trunk, so no call comes from outside: call --from one"
            " of its accounts, or add a [[trunks]] table"
        )
    with TemporaryDirectory(prefix="switchhook-call-") as name:
        folder = Path(name)
        if (data_dir / SOUNDS).is_dir():
            (folder / SOUNDS).symlink_to(data_dir.absolute() / SOUNDS)
        try:
            return run_on_loop(_run(snapshot.project, script, console, folder))
        except asyncio.CancelledError as error:  # SIGTERM
            raise KeyboardInterrupt from error


async def _run(project: Project, script: Script, console: Console, folder: Path) -> int:
    ours = asyncio.current_task()
    assert ours is not None  # noqa: S101 (a loop runs it)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ours.cancel)
    try:
        async with _open_environment(project, script, folder) as environment:
            return await _place(environment, script, console)
    except OSError as error:
        raise CommandError(f"no call can be placed here: {error.strerror or error}") from error


async def _place(environment: _Environment, script: Script, console: Console) -> int:
    store = environment.app.store
    caller = environment.phones.get(script.caller, environment.outside)
    server = f"{environment.app.sip_address}:{environment.app.sip_port}"
    call = await caller.call(f"sip:{script.callee}@{server}")
    call_id = await new_call(store, set(), within=ARRIVES)
    if call_id is None:
        status = await _refusal(call)
        raise CommandError(f"no call came of it: it was refused with {status}")
    keyed: list[str] = []
    keying = spawn(
        _key(environment.app, call_id, call, script.digits, keyed), name="press the caller's keys"
    )
    patience = spawn(_time_out(call, script.patience), name="lose patience")
    try:
        story = await follow(store, call_id, console, within=2 * script.patience, sends=False)
        console.print(draw_path(story.journal))
        print_left_over(script.left_over(story.journal, keyed=len(keyed), asked={}))
    finally:
        for task in (keying, patience):
            task.cancel()
        call.end()
    return 0


async def _refusal(call: PhoneCall) -> int:
    if not call.is_over:
        call.end()
    return await call.ended()


async def _time_out(call: PhoneCall, seconds: float) -> None:
    await asyncio.sleep(seconds)
    call.end()


async def _key(
    app: Application, call_id: str, call: PhoneCall, digits: Sequence[str], keyed: list[str]
) -> None:
    """Press keys each time that the call begins to wait for some; add them to `keyed`."""
    before: tuple[object, ...] | None = None
    for pressed in digits:
        waits = before
        while waits is None or waits == before:
            await asyncio.sleep(POLL_INTERVAL)
            now = next((one for one in app.switchboard.calls if one.id == call_id), None)
            waits = None if now is None else waits_for_keys(now)
            before = before if waits else None
        before = waits
        with suppress(RefusedError):
            await call.answered()
        keyed.append(pressed)
        call.press(pressed)


@asynccontextmanager
async def _open_environment(
    project: Project, script: Script, folder: Path
) -> AsyncIterator[_Environment]:
    """Run the server and its telephones on free ports."""
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(
            Softphone(script.caller, host=OUTSIDE, behaviour=OPEN)
        )
        server = local_server(_on_this_machine(project, outside.port), folder, sends=False)
        app = await stack.enter_async_context(server)
        phones = {}
        for account in project.accounts:
            if script.does(account.login) != "gone" or account.login == script.caller:
                phone = registered_phone(account, app, OPEN)
                phones[account.login] = await stack.enter_async_context(phone)
        for answering in (outside, *phones.values()):
            task = spawn(_serve(answering, script), name=f"manners of {answering.username}")
            stack.callback(task.cancel)
        yield _Environment(app=app, outside=outside, phones=phones)


def _on_this_machine(project: Project, port: int) -> Project:
    """Point every trunk at our own telephone."""
    ours = {"host": OUTSIDE, "port": port, "transport": "udp", "sources": (f"{OUTSIDE}/32",)}
    open_: dict[str, Any] = {**ours, "username": "", "password": ""}
    trunks = tuple(replace(trunk, **open_) for trunk in project.trunks)
    return replace(project, trunks=trunks)


async def _serve(phone: Softphone, script: Script) -> None:
    while True:
        call = await phone.next_call()
        dialled = (call.invite.uri.user if call.invite is not None else None) or ""
        spawn(_behave(call, script.does(dialled)), name=f"call to {dialled}")


async def _behave(call: PhoneCall, does: str) -> None:
    match does:
        case "busy":
            call.end(486)
        case "gone":
            call.end(480)
        case "declines":
            await asyncio.sleep(DECLINES_AFTER)
            call.end(603)
        case "answers":
            await asyncio.sleep(ANSWERS_AFTER)
            call.answer()
            await asyncio.sleep(TALKS)
            call.end()
        case _:
            pass  # it rings
