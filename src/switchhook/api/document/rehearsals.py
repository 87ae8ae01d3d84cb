"""Rehearsals over HTTP: begin one of a draft on stored calls, see how far it is, list what would go elsewhere, stop it."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.document.changing import told
from switchhook.api.exchange.json_body import json_body
from switchhook.api.exchange.problems import Problem
from switchhook.api.projects import own_project, sender
from switchhook.api.responses import (
    COMMON_RESPONSES,
    InvalidProjectFile,
    MistakesError,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations.document.drafts import read_draft
from switchhook.operations.history import BadMomentError, parse_moment
from switchhook.operations.rehearsal.jobs import (
    NoSuchRehearsalError,
    OtherProjectError,
    Rehearsal,
    RehearsalJobs,
    RehearsalRunsError,
    RehearsalWanted,
)
from switchhook.operations.rehearsal.run import with_stored_paths
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.views import rehearsal as views
from switchhook.views.path import path_of

USUAL_SINCE = "7d"
USUAL_PAGE = 50
MOST_ON_PAGE = 1_000


class RehearsalAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be rehearsed: a draft by its name, or a whole project file."""

    draft: str | None = None
    document: str | None = None
    since: str = USUAL_SINCE
    """Calls that arrived then or later: a date and time in ISO 8601, or `2h`, `7d` ago."""
    until: str | None = None


class RehearsalShown(Struct, frozen=True):
    """A rehearsal, and how far it got."""

    number: int
    project: str
    draft: str
    since: str | None
    until: str | None
    by: str
    started_at: str
    state: str
    """`running`, `stopped`, `failed` or `done`. It ends with the server."""
    ended_at: str | None
    trouble: str | None
    """Why it failed."""
    calls: int
    """Calls that were rehearsed so far, from the newest back."""
    elsewhere: int
    same: int
    unknown: int
    """Calls that cannot be rehearsed to their end."""
    unknown_by_reason: dict[str, int]
    reached: str | None
    """When the call arrived that was looked at last."""


class DiversionPage(Struct, frozen=True):
    """Calls that would go elsewhere, newest first."""

    calls: list[dict[str, Any]]
    next: int | None
    """What `after` takes for the next page; null behind the last that was found so far."""


class RehearsalController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/rehearsals"
    tags = ("rehearsals",)

    @post(
        status_code=HTTPStatus.ACCEPTED,
        responses=COMMON_RESPONSES
        | {
            400: response_spec(WrongField, "A part of the body is wrong."),
            409: response_spec(Problem, "One runs already."),
            422: response_spec(InvalidProjectFile, "Something is wrong with the draft."),
        },
    )
    async def start(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> RehearsalShown:
        """Rehearse a draft on stored calls: which would go elsewhere? It goes on by itself, and changes nothing."""
        own = own_project(request, project)
        jobs = _jobs(deps)
        asked = _read(await read_body(request))
        text, name = asked.document, "a project file"
        if asked.draft is not None:
            with told():
                kept = await read_draft(deps.store, own, asked.draft)
            text, name = kept.document, f"draft {asked.draft}"
        now = deps.clock()
        wanted = RehearsalWanted(
            project=own,
            document=text or "",
            name=name,
            since=_moment("since", asked.since, now),
            until=None if asked.until is None else _moment("until", asked.until, now),
            by=sender(request),
        )
        try:
            async with deps.reading:
                begun = await jobs.start(wanted)
        except RehearsalRunsError as error:
            raise HTTPException(str(error), status_code=HTTPStatus.CONFLICT) from error
        except OtherProjectError as error:
            raise WrongFieldError("document", str(error)) from error
        if isinstance(begun, Mistakes):
            raise MistakesError(begun)
        return _shown(begun)

    @get(responses=COMMON_RESPONSES)
    async def index(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[RehearsalShown]:
        """List the latest rehearsals, newest first."""
        return [_shown(one) for one in _jobs(deps).all(own_project(request, project))]

    @get("/{number:int}", responses=COMMON_RESPONSES)
    async def show(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        number: FromPath[int],
    ) -> RehearsalShown:
        """Show how far a rehearsal is, and what it found."""
        return _shown(_found(deps, own_project(request, project), number))

    @get("/{number:int}/calls", responses=COMMON_RESPONSES)
    async def calls(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        number: FromPath[int],
        *,
        after: Annotated[
            int, QueryParameter(ge=0, le=2**31, description="`next` of the last page.")
        ] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_ON_PAGE)] = USUAL_PAGE,
    ) -> DiversionPage:
        """List the calls that would go elsewhere, newest first, each with both paths."""
        found = _found(deps, own_project(request, project), number).count.diversions
        page = found[after : after + limit]
        shown = await with_stored_paths(deps.trails, project, page, path_of)
        following = after + len(page)
        return DiversionPage(
            calls=[views.diversion_as_json(one) for one in shown],
            next=following if following < len(found) else None,
        )

    @delete("/{number:int}", status_code=200, responses=COMMON_RESPONSES)
    async def stop(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        number: FromPath[int],
    ) -> RehearsalShown:
        """Stop a rehearsal; what it found stays."""
        own = own_project(request, project)
        try:
            return _shown(_jobs(deps).stop(own, number))
        except NoSuchRehearsalError as error:
            raise NotFoundException("there is no such rehearsal") from error


def _jobs(deps: ApiDependencies) -> RehearsalJobs:
    if deps.rehearsals is None:
        raise NotFoundException("nothing is rehearsed here")
    return deps.rehearsals


def _found(deps: ApiDependencies, project: str, number: int) -> Rehearsal:
    try:
        return _jobs(deps).show(project, number)
    except NoSuchRehearsalError as error:
        raise NotFoundException("there is no such rehearsal") from error


def _read(body: bytes) -> RehearsalAsked:
    asked = json_body(body, RehearsalAsked, '{"draft": "spring", "since": "7d"}')
    if (asked.draft is None) == (asked.document is None):
        raise WrongFieldError("draft", "name a draft, or send a whole project file as document")
    return asked


def _moment(name: str, text: str, now: float) -> float:
    try:
        return parse_moment(text, now)
    except BadMomentError as error:
        raise WrongFieldError(name, f"{name}: {error}") from None


def _shown(one: Rehearsal) -> RehearsalShown:
    return msgspec.convert(views.as_json(one), RehearsalShown)
