"""The parts of a project over HTTP: each table of its file as a resource, whatever its kind (RFC 7396, RFC 9110 §13)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, put
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.dependencies import ApiDependencies
from switchhook.api.document.changing import (
    CHANGE_RESPONSES,
    ChangedProject,
    changing,
    check_secrets,
    done,
    json_in,
    tags_in,
    told,
)
from switchhook.api.projects import own_project
from switchhook.api.responses import COMMON_RESPONSES
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations.document import resources as operations
from switchhook.operations.document.resources import (
    ChangeOutcome,
    Resource,
    kind_of,
    patch_document,
    patch_resource,
    put_resource,
    remove_resource,
    replace_document,
)
from switchhook.projectfile.resources import KINDS
from switchhook.views.project_resources import resource_row

ResourceSecrets = Annotated[
    bool,
    QueryParameter(description="Must be true for a kind that holds passwords, keys or addresses."),
]
Trial = Annotated[bool, QueryParameter(description="Whether it is checked and not made.")]


class KindRow(Struct, frozen=True):
    """A kind of resource."""

    kind: str
    key: str
    """The key that names one; empty for a table that there is one of."""
    has_secrets: bool


class ResourceController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/config"
    tags = ("parts of a project",)

    @get(responses=COMMON_RESPONSES)
    async def kinds(self, request: TokenRequest, project: FromPath[str]) -> list[KindRow]:
        """List the kinds of resources: the tables that a project file may have."""
        own_project(request, project)
        return [KindRow(one.name, one.key, one.has_secrets) for one in KINDS.values()]

    @get("/{kind:str}", responses=COMMON_RESPONSES)
    async def show_all(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        *,
        secrets: ResourceSecrets = False,
    ) -> Response[Any]:
        """List the resources of a kind in the order of the file; a table that there is one of is shown."""
        own = own_project(request, project)
        with told():
            found = kind_of(kind)
            if not found.key:
                return await _shown(request, deps, own, kind, "", secrets=secrets)
            rows = await operations.list_resources(deps.store, own, kind)
        with_value = secrets or not found.has_secrets
        return Response([resource_row(one, with_value=with_value) for one in rows])

    @get("/{kind:str}/{name:str}", responses=COMMON_RESPONSES)
    async def read(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        name: FromPath[str],
        *,
        secrets: ResourceSecrets = False,
    ) -> Response[Any]:
        """Show one resource under the keys of the project file; ETag says which it is."""
        own = own_project(request, project)
        with told():
            return await _shown(request, deps, own, kind, name, secrets=secrets)

    @put("/{kind:str}/{name:str}", responses=CHANGE_RESPONSES)
    async def put_named(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        name: FromPath[str],
        *,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Put a resource in place of the one of its name; the body has the keys of the project file."""
        place = (project, kind, name)
        return await _with_body(put_resource, request, deps, place, is_trial=check)

    @patch("/{kind:str}/{name:str}", responses=CHANGE_RESPONSES)
    async def patch_named(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        name: FromPath[str],
        *,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Change keys of a resource: a JSON merge patch, in which null takes a key away."""
        place = (project, kind, name)
        return await _with_body(patch_resource, request, deps, place, is_trial=check)

    @delete("/{kind:str}/{name:str}", status_code=200, responses=CHANGE_RESPONSES)
    async def remove(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        name: FromPath[str],
        *,
        cascade: Annotated[
            bool, QueryParameter(description="Whether what cannot be without it goes, too.")
        ] = False,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Remove a resource; while others name it, only with cascade."""
        act = partial(remove_resource, cascade=cascade)
        return await _removed(act, request, deps, (project, kind, name), is_trial=check)

    @put("/{kind:str}", responses=CHANGE_RESPONSES)
    async def put_table(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        *,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Put a table that there is one of, such as `screening`."""
        return await _with_body(put_resource, request, deps, (project, kind, ""), is_trial=check)

    @patch("/{kind:str}", responses=CHANGE_RESPONSES)
    async def patch_table(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        *,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Change keys of a table that there is one of: a JSON merge patch."""
        return await _with_body(patch_resource, request, deps, (project, kind, ""), is_trial=check)

    @delete("/{kind:str}", status_code=200, responses=CHANGE_RESPONSES)
    async def remove_table(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        kind: FromPath[str],
        *,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Remove a table that there is one of: its keys have their defaults then."""
        return await _removed(remove_resource, request, deps, (project, kind, ""), is_trial=check)


class DocumentController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/document"
    tags = ("project file",)

    @get(responses=COMMON_RESPONSES)
    async def read(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        secrets: ResourceSecrets = False,
    ) -> Response[Any]:
        """Return the project file as JSON, with its passwords."""
        own = own_project(request, project)
        check_secrets(asked=secrets, what="a project file holds passwords")
        with told():
            return _answered(request, await operations.read_document(deps.store, own))

    @put(responses=CHANGE_RESPONSES)
    async def apply(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Apply a project file as JSON; comments and order of the one before stay where the two agree."""
        return await _of_document(replace_document, request, deps, project, is_trial=check)

    @patch(responses=CHANGE_RESPONSES)
    async def change(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        check: Trial = False,
    ) -> Response[ChangedProject]:
        """Change the project file by a JSON merge patch; a list in it takes the place of the whole list."""
        return await _of_document(patch_document, request, deps, project, is_trial=check)


async def _of_document(
    act: Callable[..., Awaitable[ChangeOutcome]],
    request: TokenRequest,
    deps: ApiDependencies,
    project: str,
    *,
    is_trial: bool,
) -> Response[Any]:
    own_project(request, project)
    value = await json_in(request)
    async with changing(request, deps, project, is_trial=is_trial) as (own, how):
        outcome = await act(deps.store, own, value, how)
    return await done(deps, outcome, is_trial=is_trial)


ResourcePlace = tuple[str, str, str]
"""Project, kind and name."""


async def _with_body(
    act: Callable[..., Awaitable[ChangeOutcome]],
    request: TokenRequest,
    deps: ApiDependencies,
    place: ResourcePlace,
    *,
    is_trial: bool,
) -> Response[Any]:
    project, kind, name = place
    own_project(request, project)
    value = await json_in(request)
    async with changing(request, deps, project, is_trial=is_trial) as (own, how):
        outcome = await act(deps.store, own, kind, name, value, how=how)
    return await done(deps, outcome, is_trial=is_trial)


async def _removed(
    act: Callable[..., Awaitable[ChangeOutcome]],
    request: TokenRequest,
    deps: ApiDependencies,
    place: ResourcePlace,
    *,
    is_trial: bool,
) -> Response[Any]:
    project, kind, name = place
    async with changing(request, deps, project, is_trial=is_trial) as (own, how):
        outcome = await act(deps.store, own, kind, name, how=how)
    return await done(deps, outcome, is_trial=is_trial)


async def _shown(
    request: TokenRequest, deps: ApiDependencies, own: str, kind: str, name: str, *, secrets: bool
) -> Response[Any]:
    if kind_of(kind).has_secrets:
        check_secrets(asked=secrets, what=f"{kind} hold passwords, keys or addresses")
    return _answered(request, await operations.read_resource(deps.store, own, kind, name))


def _answered(request: TokenRequest, one: Resource) -> Response[Any]:
    """Answer a resource, or that it is as it was."""
    headers = {"ETag": f'"{one.tag}"', "Cache-Control": "no-store"}
    known = tags_in(request.headers.get("if-none-match", ""))
    if one.tag in known or "*" in known:
        return Response(None, status_code=304, headers=headers)
    return Response(one.value, headers=headers)
