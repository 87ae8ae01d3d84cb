"""`switchhook demo`: the whole path, once, on this machine."""

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

import switchhook
from switchhook.app.application import Application
from switchhook.cli.demo.environment import DemoEnvironment, open_environment
from switchhook.cli.demo.programs import Language
from switchhook.cli.demo.scenarios import DYNAMIC, GUEST, SCENARIOS, STATIC, DemoCall, problems
from switchhook.cli.demo.watch import follow, new_call
from switchhook.cli.output import stdout
from switchhook.cli.serving import run_on_loop, stop_on_signal
from switchhook.domain.access.people import LinkKind, Role
from switchhook.logs import configure_logs
from switchhook.operations.history import CallStory
from switchhook.operations.people.links import new_link
from switchhook.operations.people.users import add_user, give_role
from switchhook.settings import LogLevel
from switchhook.softphone.phone import RefusedError
from switchhook.tasks import spawn

VISITOR = "visitor"
"""Login of who sees the demo's console."""
SCENARIO_SECONDS = 20.0
"""How long one call may take until it counts as failed."""


def demo(
    *,
    once: Annotated[
        bool, Parameter(help="End after the calls; exit code 0 if all went well.", negative=())
    ] = False,
    processor: Annotated[
        Language, Parameter(help="The endpoint's language; auto is PHP where it is installed.")
    ] = "auto",
) -> int:
    """Place real calls between built-in telephones, routed by an HTTP endpoint, and draw them."""
    with TemporaryDirectory(prefix="switchhook-demo-") as folder:
        log = Path(folder) / "demo.log"
        with log.open("w", encoding="utf-8") as file:
            configure_logs(LogLevel.INFO, as_json=False, to=file)
            return run_on_loop(_demo(Path(folder), processor, once=once))


async def _demo(folder: Path, language: Language, *, once: bool) -> int:
    console, stop = stdout(), stop_on_signal()
    async with open_environment(folder, language) as environment:
        _introduce(environment, console)
        playing = spawn(_play_all(environment, console), name="play the demo")
        stopped = spawn(stop.wait(), name="wait for the end of the demo")
        await asyncio.wait((playing, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            await _cancel(playing)
            return 130
        failed = playing.result()
        if not once and not stop.is_set():
            _invite(environment, folder, await _console_link(environment.app), console)
            watching = spawn(_watch(environment, console), name="draw the visitor's calls")
            await asyncio.wait((watching, stopped), return_when=asyncio.FIRST_COMPLETED)
            await _cancel(watching)
        await _cancel(stopped)
    return 1 if failed else 0


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _play_all(environment: DemoEnvironment, console: Console) -> int:
    """Play every act and return how many failed."""
    failed = [scenario for scenario in SCENARIOS if not await _play(scenario, environment, console)]
    if failed:
        titles = "; ".join(scenario.title for scenario in failed)
        console.print(f"{len(failed)} of {len(SCENARIOS)} calls failed: {titles}", style="bold red")
    else:
        console.print(f"All {len(SCENARIOS)} calls did what they should.", style="bold green")
    return len(failed)


async def _play(scenario: DemoCall, environment: DemoEnvironment, console: Console) -> bool:
    """Place one call, draw it, and say whether all of it was right."""
    console.print(f"\n{SCENARIOS.index(scenario) + 1}. {scenario.title}", style="bold")
    await (
        environment.processor.start() if scenario.processor_runs else environment.processor.stop()
    )
    store = environment.app.store
    seen = {row.id for row in await store.calls(limit=100)}
    server = f"{environment.app.sip_address}:{environment.app.sip_port}"
    call = await environment.outside.call(f"sip:{scenario.dialled}@{server}")
    call_id = await new_call(store, seen, within=SCENARIO_SECONDS)
    found = ["the call did not arrive at the server"]
    if call_id is not None:
        story = await follow(store, call_id, console, within=SCENARIO_SECONDS)
        await _heard_of(story, environment)
        found = list(problems(scenario, story, environment.receiver.told))
    with suppress(RefusedError):
        await call.answered()
    if not call.tone.heard:
        found.append("the caller should have heard a tone")
    call.end()
    await environment.processor.start()
    for problem in found:
        console.print(f"   ✗ {problem}", style="bold red")
    if not found:
        heard = f"the caller heard {scenario.talks_to}, the receiver was told before and after"
        console.print(f"   ✓ {heard}", style="green")
    return not found


async def _heard_of(story: CallStory, environment: DemoEnvironment) -> None:
    """Wait until the receiver has printed what was delivered; it does so a moment later."""
    with suppress(TimeoutError):
        async with asyncio.timeout(2.0):
            await environment.receiver.has({row.delivery.id for row in story.deliveries})


async def _watch(environment: DemoEnvironment, console: Console) -> None:
    """Draw every further call."""
    seen = {row.id for row in await environment.app.store.calls(limit=100)}
    while True:
        call = await new_call(environment.app.store, seen, within=3600.0)
        if call is not None:
            console.print("\nA call", style="bold")
            await follow(environment.app.store, call, console, within=3600.0)


def _introduce(environment: DemoEnvironment, console: Console) -> None:
    console.print(
        f"Switchhook takes calls at {environment.app.sip_address}:{environment.app.sip_port} (UDP and TCP).\n"
        f"It asks {environment.processor.url} (examples/{environment.processor.file}) where calls go,\n"
        f"and tells {environment.receiver.url} (examples/receiver.py) what became of them."
    )


def program() -> str:
    """Return what a shell runs us by: in a checkout, `make run` has put no command into the path."""
    if which("switchhook") is not None:
        return "switchhook"
    return f"PYTHONPATH={Path(switchhook.__file__).parents[1]} {sys.executable} -m switchhook"


async def _console_link(app: Application) -> str:
    """Return a link that signs a visitor in to the console, as owner of the demo's project."""
    store, now = app.store, time.time()
    await add_user(store.people, VISITOR, now=now)
    for project in await store.project_versions():
        await give_role(store, store.people, VISITOR, project, Role.OWNER, now=now)
    made = await new_link(store.people, LinkKind.SIGN_IN, VISITOR, now=now)
    return made.url(app.settings.url_of_links(app.web_port))


def _invite(environment: DemoEnvironment, folder: Path, link: str, console: Console) -> None:
    """Say where these calls are seen in a browser, and how to call in with a telephone of one's own."""
    console.print("\nSee these calls in a browser (the link signs you in once):", style="bold")
    console.print(f"   {link}", soft_wrap=True)
    guest = next(account for account in environment.project.accounts if account.login == GUEST)
    console.print("\nNow you. Register any SIP telephone on this machine:", style="bold")
    console.print(
        f"   server    {environment.app.sip_address}, port {environment.app.sip_port}, UDP or TCP\n"
        f"   login     {guest.login}\n"
        f"   password  {guest.password}"
    )
    console.print(
        f"and dial {DYNAMIC} (the endpoint names a number), {STATIC} (it names a scheme, which rings\n"
        f"the reception and you), or 101 (the reception). Your calls are drawn here.\n"
        f"In another terminal: {program()} calls --data-dir {folder}\n"
        f"Another link: {program()} user link {VISITOR} --sign-in --data-dir {folder}\n"
        "Ctrl-C ends the demo."
    )
