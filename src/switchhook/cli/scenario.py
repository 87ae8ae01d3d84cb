"""`switchhook scenario`: the call-tracking scenario of a project, its draft and its activation."""

import time
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from switchhook.app.user_agent import USER_AGENT
from switchhook.cli.changing import change, operator
from switchhook.cli.errors import UsageError
from switchhook.cli.options import (
    NO_FLAGS,
    Config,
    DataDir,
    Json,
    OfProject,
    ask_store,
    data_dir_of,
    settings_of,
)
from switchhook.cli.output import print_json, stderr, stdout
from switchhook.domain.tracking.call_tracking import Slot
from switchhook.operations.scenario import (
    SampleResult,
    ScenarioState,
    show_scenario,
    try_scenario,
)
from switchhook.projectfile.scenario import shown_keys
from switchhook.settings import Settings
from switchhook.views.scenario import response_bytes, sample_as_json, scenario_as_json
from switchhook.views.text import clock, one_line

if TYPE_CHECKING:
    from switchhook.storage.sqlite.store import SqliteStore

scenario = App(
    name="scenario",
    help="The call-tracking scenario of a project: show, set, activate, test it.",
)

WORDS = {
    Slot.MOMENT: "webhook in the moment of call",
    Slot.AFTER: "webhook after call",
}
"""What people call each address."""


def _address(what: str) -> Parameter:
    return Parameter(
        help=f"URL of the {what}; '' for none.", name=f"--{what}", negative=(), show_default=False
    )


@scenario.command
def show(
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Show the active scenario and the draft beside it."""
    state = ask_store(config, data_dir, lambda store: show_scenario(store, project))
    _tell(state, json=json)
    return 0


@scenario.command(name="set")
def set_(
    *,
    moment: Annotated[tuple[str, ...] | None, _address("moment")] = None,
    after: Annotated[tuple[str, ...] | None, _address("after")] = None,
    ids_as_strings: Annotated[
        bool | None,
        Parameter(help="Whether order_id is a text as all other ids are.", show_default=False),
    ] = None,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Change the draft, or begin one with the active scenario; nothing is sent until it is activated."""
    given = {"moment_url": moment, "after_url": after}
    changes: dict[str, Any] = {key: _one(urls) for key, urls in given.items() if urls is not None}
    if ids_as_strings is not None:
        changes["ids_as_strings"] = ids_as_strings
    if not changes:
        raise UsageError("say what to set: --moment URL, --after URL or --ids-as-strings")
    from switchhook.operations.control import DraftScenario  # noqa: PLC0415 (it brings in all that acts need)

    act = DraftScenario(project=project, changes=changes, by=operator())
    done = change(data_dir_of(config, data_dir), act)
    for mistake in done.mistakes:
        stderr().print(f"switchhook: {mistake}")
    if done.state is None:
        return 1
    _tell(done.state, json=json)
    return 0


@scenario.command
def activate(
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Make the draft the active scenario: the next call follows it, calls that run keep theirs."""
    from switchhook.operations.control import ActivateScenario  # noqa: PLC0415 (it brings in all that acts need)

    act = ActivateScenario(project=project, by=operator())
    state = change(data_dir_of(config, data_dir), act)
    _tell(state, json=json)
    return 0


@scenario.command
def discard(
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Drop the draft; the active scenario stays."""
    from switchhook.operations.control import DiscardDraft  # noqa: PLC0415 (it brings in all that acts need)

    act = DiscardDraft(project=project, by=operator())
    state = change(data_dir_of(config, data_dir), act)
    _tell(state, json=json)
    return 0


@scenario.command(name="test")
def try_(
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Send a sample to each address of the draft, or of the active scenario, and print what goes both ways."""
    settings = settings_of(config, NO_FLAGS)
    results = ask_store(config, data_dir, lambda store: _tried(store, project, settings))
    if json:
        print_json([sample_as_json(one) for one in results])
    else:
        for one in results:
            _show_result(one)
    return 0 if all(one.failure is None for one in results) else 1


async def _tried(
    store: "SqliteStore", project: str | None, settings: Settings
) -> tuple[SampleResult, ...]:
    from switchhook.delivery.http.sender import Sender  # noqa: PLC0415 (for those who send)

    sender = Sender(
        own_ports=frozenset({settings.sip_port, settings.web_port}), proxy=settings.proxy
    )
    try:
        return await try_scenario(
            sender.exchange, store, project, product=USER_AGENT, now=time.time()
        )
    finally:
        await sender.close()


def _one(urls: tuple[str, ...]) -> str | list[str]:
    """Return the address; several as a list, which is refused in the vendor's words."""
    return urls[0] if len(urls) == 1 else list(urls)


def _tell(state: ScenarioState, *, json: bool) -> None:
    if json:
        print_json(scenario_as_json(state))
        return
    console = stdout()
    by = f", activated by {state.activated_by}, {clock(state.activated_at)}"
    console.print(
        f"project {state.project}, version {state.version}{by if state.activated_by else ''}"
    )
    _print_keys("active", shown_keys(state.active))
    _tell_draft(state)
    for note in state.notes:
        console.print(f"note: {note}")


def _tell_draft(state: ScenarioState) -> None:
    if state.draft is None:
        return
    console = stdout()
    console.print(f"draft of {one_line(state.drafted_by)}, {clock(state.drafted_at)}")
    _print_keys("draft", shown_keys(state.draft))
    if state.is_outdated:
        console.print("The active scenario was changed since this draft was begun: discard it.")
    elif state.draft == state.active:
        console.print("The draft says what is active.")
    else:
        console.print("Nothing of the draft is sent yet: switchhook scenario activate")


def _print_keys(what: str, keys: dict[str, Any]) -> None:
    for slot in Slot:
        url = keys.pop(f"{slot}_url")
        stdout().print(f"  {what}: {WORDS[slot]}: {one_line(url) or 'none'}")
    for key, value in keys.items():
        stdout().print(f"  {what}: {key}: {one_line(str(value))}")


def _show_result(one: SampleResult) -> None:
    console = stdout()
    console.print(f"{WORDS[one.slot]}: {one.url}")
    _print_bytes(">", one.request)
    if one.response is not None:
        _print_bytes("<", response_bytes(one))
    where = f" at {one.address}" if one.address else ""
    console.print(
        f"  delivered{where} in {one.seconds * 1000:.0f} ms"
        if one.failure is None
        else f"  not delivered: {one_line(str(one.failure))}"
    )


def _print_bytes(sign: str, data: bytes) -> None:
    """Print lines of an exchange, with nothing in them that moves the cursor."""
    for line in data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        stdout().print(f"  {sign} {one_line(line)}".rstrip())
