"""`switchhook demo`: the whole path, once, on this machine."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

import switchhook
from switchhook.cli.demo.acts import ACTS, DYNAMIC, GUEST, STATIC, DemoCall, problems
from switchhook.cli.demo.programs import Language
from switchhook.cli.demo.stage import Stage, set_stage
from switchhook.cli.demo.watch import follow, new_call
from switchhook.cli.serving import run_on_loop, stop_on_signal
from switchhook.cli.show import stdout
from switchhook.logs import configure_logs
from switchhook.operations.history import CallStory
from switchhook.settings import LogLevel
from switchhook.softphone.phone import RefusedError
from switchhook.tasks import spawn

ACT_SECONDS = 20.0
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
    async with set_stage(folder, language) as stage:
        _introduce(stage, console)
        playing = spawn(_play_all(stage, console), name="play the demo")
        stopped = spawn(stop.wait(), name="wait for the end of the demo")
        await asyncio.wait((playing, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            await _cancel(playing)
            return 130
        failed = playing.result()
        if not once and not stop.is_set():
            _invite(stage, folder, console)
            watching = spawn(_watch(stage, console), name="draw the visitor's calls")
            await asyncio.wait((watching, stopped), return_when=asyncio.FIRST_COMPLETED)
            await _cancel(watching)
        await _cancel(stopped)
    return 1 if failed else 0


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _play_all(stage: Stage, console: Console) -> int:
    """Play every act and return how many failed."""
    failed = [act for act in ACTS if not await _play(act, stage, console)]
    if failed:
        titles = "; ".join(act.title for act in failed)
        console.print(f"{len(failed)} of {len(ACTS)} calls failed: {titles}", style="bold red")
    else:
        console.print(f"All {len(ACTS)} calls did what they should.", style="bold green")
    return len(failed)


async def _play(act: DemoCall, stage: Stage, console: Console) -> bool:
    """Place one call, draw it, and say whether all of it was right."""
    console.print(f"\n{ACTS.index(act) + 1}. {act.title}", style="bold")
    await (stage.processor.start() if act.processor_runs else stage.processor.stop())
    store = stage.app.store
    seen = {row.id for row in await store.calls(limit=100)}
    server = f"{stage.app.sip_address}:{stage.app.sip_port}"
    call = await stage.outside.call(f"sip:{act.dialled}@{server}")
    call_id = await new_call(store, seen, within=ACT_SECONDS)
    found = ["the call did not arrive at the server"]
    if call_id is not None:
        story = await follow(store, call_id, console, within=ACT_SECONDS)
        await _heard_of(story, stage)
        found = list(problems(act, story, stage.receiver.told))
    with suppress(RefusedError):
        await call.answered()
    if not call.tone.heard:
        found.append("the caller should have heard a tone")
    call.end()
    await stage.processor.start()
    for problem in found:
        console.print(f"   ✗ {problem}", style="bold red")
    if not found:
        heard = f"the caller heard {act.talks_to}, the receiver was told before and after"
        console.print(f"   ✓ {heard}", style="green")
    return not found


async def _heard_of(story: CallStory, stage: Stage) -> None:
    """Wait until the receiver has printed what was delivered; it does so a moment later."""
    with suppress(TimeoutError):
        async with asyncio.timeout(2.0):
            await stage.receiver.has({row.delivery.id for row in story.deliveries})


async def _watch(stage: Stage, console: Console) -> None:
    """Draw every further call."""
    seen = {row.id for row in await stage.app.store.calls(limit=100)}
    while True:
        call = await new_call(stage.app.store, seen, within=3600.0)
        if call is not None:
            console.print("\nA call", style="bold")
            await follow(stage.app.store, call, console, within=3600.0)


def _introduce(stage: Stage, console: Console) -> None:
    console.print(
        f"Switchhook takes calls at {stage.app.sip_address}:{stage.app.sip_port} (UDP and TCP).\n"
        f"It asks {stage.processor.url} (examples/{stage.processor.file}) where calls go,\n"
        f"and tells {stage.receiver.url} (examples/receiver.py) what became of them."
    )


def program() -> str:
    """Return what a shell runs us by: in a checkout, `make run` has put no command into the path."""
    if which("switchhook") is not None:
        return "switchhook"
    return f"PYTHONPATH={Path(switchhook.__file__).parents[1]} {sys.executable} -m switchhook"


def _invite(stage: Stage, folder: Path, console: Console) -> None:
    """Say how to call in with a telephone of one's own."""
    guest = next(account for account in stage.project.accounts if account.login == GUEST)
    console.print("\nNow you. Register any SIP telephone on this machine:", style="bold")
    console.print(
        f"   server    {stage.app.sip_address}, port {stage.app.sip_port}, UDP or TCP\n"
        f"   login     {guest.login}\n"
        f"   password  {guest.password}"
    )
    console.print(
        f"and dial {DYNAMIC} (the endpoint names a number), {STATIC} (it names a scheme, which rings\n"
        f"the reception and you), or 101 (the reception). Your calls are drawn here.\n"
        f"In another terminal: {program()} calls --data-dir {folder}\n"
        "Ctrl-C ends the demo."
    )
