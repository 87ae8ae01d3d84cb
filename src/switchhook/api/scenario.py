"""The call-tracking scenario over HTTP: show it, set a draft, activate and test it."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.exceptions import ClientException, ServiceUnavailableException
from litestar.params import FromPath
from msgspec import Struct

from switchhook.api.exchange.problems import Problem
from switchhook.api.projects import own_project, sender
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import MAX_BODY, Dependencies, TokenRequest, may_change
from switchhook.operations import scenario as operations
from switchhook.operations.scenario import (
    NoDraftError,
    NothingToTestError,
    OutdatedDraftError,
    ScenarioState,
    UnchangedDraftError,
)
from switchhook.projectfile.toml.mistakes import Mistakes, written
from switchhook.views.as_json import masked_url
from switchhook.views.scenario import sample_as_json, scenario_as_json


class ScenarioShown(Struct, frozen=True):
    """A project's active scenario and the draft beside it; headers are left out."""

    project: str
    version: int
    active: dict[str, Any]
    activated: dict[str, Any] | None
    """Who activated it and when; null where a project file brought it."""
    draft: dict[str, Any] | None
    notes: list[str] = []
    """What is no mistake, and perhaps not meant, such as an address that the address guard refuses."""


class SampleSent(Struct, frozen=True):
    """What became of a sample that was sent to one address."""

    slot: str
    url: str
    request: str
    status: int
    response: str
    failure: dict[str, Any] | None
    address: str
    milliseconds: int


CONFLICT = {
    409: response_spec(
        Problem,
        "There is no draft, it says what is active already, or the active scenario was changed since.",
    )
}


class ScenarioController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/scenario"
    tags = ("call tracking",)

    @get(responses=COMMON_RESPONSES)
    async def show(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> ScenarioShown:
        """Show the active scenario and the draft; who may not change it sees no queries of addresses."""
        own = own_project(request, project)
        state = await operations.show_scenario(deps.store, own, at_hand=deps.snapshot_of)
        return _shown(state, hides_keys=not may_change(request.user))

    @patch(
        request_max_body_size=MAX_BODY,
        responses=COMMON_RESPONSES | {400: response_spec(WrongField, "A key or value is wrong.")},
    )
    async def draft(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> ScenarioShown:
        """Change keys of the draft, as in `[call_tracking]`; null stands for a default. Nothing is sent yet."""
        own = own_project(request, project)
        changes = _read(await read_body(request))
        done = await operations.draft_scenario(
            deps.store,
            own,
            changes,
            by=sender(request),
            now=deps.clock(),
            at_hand=deps.snapshot_of,
        )
        if isinstance(done, Mistakes):
            raise WrongFieldError(written(done.mistakes[0].path), str(done))
        return _shown(done)

    @delete("/draft", status_code=200, responses=COMMON_RESPONSES | CONFLICT)
    async def discard(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> ScenarioShown:
        """Drop the draft."""
        own = own_project(request, project)
        try:
            state = await operations.discard_draft(
                deps.store, own, by=sender(request), now=deps.clock(), at_hand=deps.snapshot_of
            )
        except NoDraftError as error:
            raise _conflict(error) from None
        return _shown(state)

    @post("/activate", status_code=200, responses=COMMON_RESPONSES | CONFLICT)
    async def activate(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> ScenarioShown:
        """Make the draft the active scenario: the next call follows it."""
        own = own_project(request, project)
        try:
            state = await operations.activate_scenario(
                deps.store, own, by=sender(request), at_hand=deps.snapshot_of
            )
        except (NoDraftError, OutdatedDraftError, UnchangedDraftError) as error:
            raise _conflict(error) from None
        await deps.applied()
        return _shown(state)

    @post("/test", status_code=200, responses=COMMON_RESPONSES | CONFLICT)
    async def test(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[SampleSent]:
        """Send a sample to each address of the draft, or of the active scenario, and answer what went both ways."""
        own = own_project(request, project)
        if deps.send is None:
            raise ServiceUnavailableException("nothing is sent from here")
        try:
            results = await operations.try_scenario(
                deps.send,
                deps.store,
                own,
                product=deps.product,
                now=deps.clock(),
                at_hand=deps.snapshot_of,
            )
        except NothingToTestError as error:
            raise _conflict(error) from None
        return [msgspec.convert(sample_as_json(one), SampleSent) for one in results]


def _read(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise WrongFieldError(
            "", 'the body is no JSON object: send {"after_url": "https://crm.example/roistat"}'
        ) from None


def _conflict(error: Exception) -> ClientException:
    return ClientException(str(error), status_code=409)


def _shown(state: ScenarioState, *, hides_keys: bool = False) -> ScenarioShown:
    shown = scenario_as_json(state)
    for side in (shown["active"], shown["draft"]) if hides_keys else ():
        for slot in ("moment_url", "after_url") if side is not None else ():
            side[slot] = masked_url(side[slot])
    return msgspec.convert(shown, ScenarioShown)
