"""Operations on a project's call-tracking scenario: show, draft, activate, and try its addresses (R4-41…48).

The active scenario is the `[call_tracking]` of the project's latest version. A draft stands beside it, and sends
nothing until it is activated, which makes a version like an applied file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.authenticating import AuthenticatingSender
from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import split
from switchhook.delivery.http.wire import render
from switchhook.delivery.oauth import AccessTokens
from switchhook.delivery.policy import attempt_of
from switchhook.domain.event import EventKind
from switchhook.domain.failure import Failure
from switchhook.domain.project import Project
from switchhook.domain.tracking.call_tracking import CALL_TRACKING, Slot, TrackingScenario
from switchhook.errors import ExpectedError
from switchhook.operations.project_versions import (
    current_project,
    latest_version,
    nothing_at_hand,
)
from switchhook.projectfile.resources import plain_document, rewritten
from switchhook.projectfile.scenario import (
    ScenarioDraft,
    changed,
    keys_of,
    read_draft,
    write_draft,
    write_scenario,
)
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.projectfile.warnings.project import project_warnings
from switchhook.storage.delivery import Delivery, delivery_id
from switchhook.storage.records import Activation, StoredScenario, StoreError
from switchhook.tasks import compute
from switchhook.webhooks.dialects.call_tracking import render as render_post
from switchhook.webhooks.dialects.call_tracking import sample
from switchhook.webhooks.http import Exchange, HttpRequest, HttpResponse
from switchhook.webhooks.secrets import masked_secrets, redacted_exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.delivery.oauth import Send
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.ports import Scenarios

    AtHand = Callable[[str], ProjectSnapshot | None]

log = structlog.get_logger(__name__)

TRIES: Final = 10
"""How often a change is tried again that another one overtook."""


class NoDraftError(ExpectedError, LookupError):
    """There is no draft. The message says so, and how to make one."""


class OutdatedDraftError(ExpectedError):
    """The active scenario was changed since the draft was begun. The message says what to do."""


class UnchangedDraftError(ExpectedError):
    """The draft says what is active already. The message says what to do."""


class NothingToTestError(ExpectedError, LookupError):
    """The scenario has no address to send a sample to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioState:
    """The active scenario of a project and the draft beside it. Times are unix seconds."""

    project: str
    version: int
    """The project's latest version, which the active scenario belongs to."""
    active: TrackingScenario
    draft: TrackingScenario | None = None
    drafted_by: str = ""
    drafted_at: float = 0.0
    is_outdated: bool = False
    """Whether the active scenario is another one than when the draft was begun."""
    notes: tuple[str, ...] = ()
    """What is no mistake in the draft, without one in the active scenario, and perhaps not meant."""
    activated_by: str = ""
    """Who activated the active scenario; empty where a project file brought it."""
    activated_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A project and its draft, as they were read."""

    project: Project
    stored: StoredScenario
    draft: ScenarioDraft | None


async def show_scenario(
    store: Scenarios, project_id: str | None, *, at_hand: AtHand = nothing_at_hand
) -> ScenarioState:
    """Return the scenario of a project; without an id, of the only one there is.

    `at_hand` gives projects that need not be read, here as below. Raises NoSuchProjectError, StoreError.
    """
    return _state(await _found(store, project_id, at_hand))


async def draft_scenario(
    store: Scenarios,
    project_id: str | None,
    changes: Mapping[str, Any],
    *,
    by: str,
    now: float,
    at_hand: AtHand = nothing_at_hand,
) -> ScenarioState | Mistakes:
    """Change keys of the draft, or begin one with the active scenario; None stands for a key's default.

    Nothing is sent by it. Raises NoSuchProjectError, StoreError.
    """
    for _ in range(TRIES):
        found = await _found(store, project_id, at_hand)
        active = found.project.scenario
        draft = found.draft or ScenarioDraft(scenario=active, base=active)
        made = changed(draft.scenario, changes)
        if isinstance(made, Mistakes):
            return made
        text = write_draft(ScenarioDraft(scenario=made, base=draft.base))
        drafted = replace(found.stored, draft=text, drafted_by=by, drafted_at=now)
        if await store.save_draft(drafted, revision=found.stored.revision):
            return await show_scenario(store, found.project.id, at_hand=at_hand)
    raise _busy(found.project.id)


async def discard_draft(
    store: Scenarios,
    project_id: str | None,
    *,
    by: str,
    now: float,
    at_hand: AtHand = nothing_at_hand,
) -> ScenarioState:
    """Drop the draft, readable or not; the active scenario stays.

    Raises NoDraftError, NoSuchProjectError, StoreError.
    """
    for _ in range(TRIES):
        project = (await latest_version(store, project_id)).id
        stored = await store.scenario(project)
        if stored is None or stored.draft is None:
            raise _no_draft(project)
        dropped = replace(stored, draft=None, drafted_by=by, drafted_at=now)
        if await store.save_draft(dropped, revision=stored.revision):
            return await show_scenario(store, project, at_hand=at_hand)
    raise _busy(project)


async def activate_scenario(
    store: Scenarios, project_id: str | None, *, by: str, at_hand: AtHand = nothing_at_hand
) -> ScenarioState:
    """Make the draft the active scenario: the next call follows it, and calls that run keep theirs (R4-43).

    Raises NoDraftError, OutdatedDraftError, UnchangedDraftError, NoSuchProjectError, StoreError.
    """
    for _ in range(TRIES):
        found = await _found(store, project_id, at_hand)
        draft = found.draft
        if draft is None:
            raise _no_draft(found.project.id)
        if found.project.scenario == draft.scenario:
            raise UnchangedDraftError(
                f"the draft of project {found.project.id} says what is active already, so there is nothing to"
                " activate: set what is wanted, or `switchhook scenario discard` drops it"
            )
        if found.project.scenario != draft.base:
            raise OutdatedDraftError(
                f"the scenario of project {found.project.id} was changed since this draft was begun, and to"
                " activate it would undo that: `switchhook scenario show` shows both; discard the draft, and set"
                " what is still wanted"
            )
        project = found.project
        latest = await latest_version(store, project.id)
        if latest.version != project.version:
            continue
        activation = Activation(
            project=project.id,
            document=await compute(_with_scenario, latest.document, draft.scenario),
            scenario=write_scenario(draft.scenario),
            by=by,
            version=project.version,
            revision=found.stored.revision,
        )
        version = await store.activate(activation)
        if version is not None:
            log.info("scenario activated", project=project.id, version=version, by=by)
            return await show_scenario(store, project.id, at_hand=at_hand)
    raise _busy(found.project.id)


def _with_scenario(document: str, scenario: TrackingScenario) -> str:
    """Return a document with a scenario in place of the one that it has. Raises StoreError."""
    plain = plain_document(document)
    text = rewritten(document, plain | {"call_tracking": keys_of(scenario)})
    if isinstance(text, Mistakes):
        raise StoreError(f"the scenario cannot be written: {text}")
    return text


async def _found(store: Scenarios, project_id: str | None, at_hand: AtHand) -> _Found:
    project = await current_project(store, project_id, at_hand)
    stored = await store.scenario(project.id) or StoredScenario(project=project.id)
    draft = None if stored.draft is None else read_draft(stored.draft)
    if isinstance(draft, Mistakes):
        raise StoreError(f"the draft of project {project.id} cannot be read: {draft}; discard it")
    return _Found(project=project, stored=stored, draft=draft)


def _state(found: _Found) -> ScenarioState:
    project, stored = found.project, found.stored
    active, draft = project.scenario, found.draft
    shown = active if draft is None else draft.scenario
    state = ScenarioState(
        project=project.id,
        version=project.version,
        active=active,
        notes=_notes(replace(project, call_tracking=shown)),
    )
    if draft is not None:
        state = replace(
            state,
            draft=draft.scenario,
            drafted_by=stored.drafted_by,
            drafted_at=stored.drafted_at,
            is_outdated=active not in {draft.base, draft.scenario},
        )
    if stored.activated == write_scenario(active):
        state = replace(state, activated_by=stored.activated_by, activated_at=stored.activated_at)
    return state


def _notes(project: Project) -> tuple[str, ...]:
    """Return the remarks on a project's scenario alone, such as an address that the address guard refuses."""
    alone = Project(
        id=project.id,
        name=project.name,
        allowed_networks=project.allowed_networks,
        call_tracking=project.call_tracking,
    )
    return tuple(note for note in project_warnings(alone) if note.startswith(CALL_TRACKING))


def _no_draft(project: str) -> NoDraftError:
    return NoDraftError(
        f"project {project} has no draft of its scenario; `switchhook scenario set` makes one"
    )


def _busy(project: str) -> StoreError:
    return StoreError(f"project {project} is being changed all the time; try again", transient=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleResult:
    """What became of a sample that was sent to one address (R4-46)."""

    slot: Slot
    url: str
    request: bytes
    """Its exact bytes; empty where the URL makes none."""
    response: HttpResponse | None
    failure: Failure | None
    """None: it counts as delivered."""
    address: str = ""
    """The numeric address and port that was connected to."""
    seconds: float = 0.0


async def try_scenario(
    send: Send,
    store: Scenarios,
    project_id: str | None,
    *,
    product: str,
    now: float,
    at_hand: AtHand = nothing_at_hand,
) -> tuple[SampleResult, ...]:
    """Send the vendor's sample to each address of the draft, without one of the active scenario.

    With its credentials, which no result shows. Raises NothingToTestError, NoSuchProjectError, StoreError.
    """
    found = await _found(store, project_id, at_hand)
    project = found.project
    scenario = project.scenario if found.draft is None else found.draft.scenario
    slots = [slot for slot in Slot if scenario.url(slot)]
    if not slots:
        raise NothingToTestError(
            f"the scenario of project {project.id} has no address; `switchhook scenario set` gives it one"
        )
    networks = AllowedNetworks.parse(project.allowed_networks)
    authenticating = AuthenticatingSender(send, AccessTokens(send, product), clock=lambda: now)
    results = []
    for number, slot in enumerate(slots, start=1):
        post = _sample_delivery(scenario, slot, project.id, number, product=product, now=now)
        assert isinstance(post.request, HttpRequest)  # noqa: S101 (for the type checker; no mail)
        exchange = await authenticating.exchange(
            post.request,
            scenario.credentials,
            project=project.id,
            id_=post.id,
            deadline=post.response_timeout,
            networks=networks,
            keep_alive=False,
            idempotent=True,
        )
        exchange = redacted_exchange(exchange, masked_secrets(exchange.request.secrets))
        results.append(_result(post, slot, exchange, now))
    return tuple(results)


def _sample_delivery(
    scenario: TrackingScenario, slot: Slot, project: str, number: int, *, product: str, now: float
) -> Delivery:
    call = f"test.{int(now)}"
    name = delivery_id(call, number, CALL_TRACKING)
    told = sample(scenario, slot)
    return Delivery(
        id=name,
        project=project,
        call=call,
        seq=number,
        event=EventKind.INCOMING_AFTER,
        webhook=CALL_TRACKING,
        occurred_at=now,
        request=render_post(scenario, slot, told, delivery_id=name, product=product),
        success_codes=scenario.policy.success_codes,
        response_timeout=scenario.policy.response_timeout,
        keep_alive=False,
    )


def _result(post: Delivery, slot: Slot, exchange: Exchange, now: float) -> SampleResult:
    attempt = attempt_of(post, exchange, 1, at=now)
    try:
        data = render(exchange.request, split(exchange.request.url)[1])
    except ExchangeError:
        data = b""
    return SampleResult(
        slot=slot,
        url=exchange.request.url,
        request=data,
        response=exchange.response or exchange.begun,
        failure=attempt.failure,
        address=exchange.address,
        seconds=attempt.seconds,
    )
