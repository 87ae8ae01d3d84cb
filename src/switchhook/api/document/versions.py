"""The versions and the drafts of a project over HTTP: list, read, compare, go back, keep, activate and drop."""

from typing import Annotated, Any

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.exceptions import ClientException
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.document.changing import (
    CHANGE_RESPONSES,
    ChangedProject,
    ChangedResource,
    changing,
    check_secrets,
    done,
    json_in,
    told,
)
from switchhook.api.projects import TOML, FileOperation, own_project, sender
from switchhook.api.responses import (
    COMMON_RESPONSES,
    InvalidProjectFile,
    MistakesError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations.document import drafts as operations
from switchhook.operations.document.diff import diff_versions
from switchhook.operations.document.resources import restore_version
from switchhook.operations.project_versions import list_versions, read_version
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.views.project_resources import diff_as_json, draft_row, version_row

DocumentSecrets = Annotated[bool, QueryParameter(description="Must be true: it holds passwords.")]
DiffSecrets = Annotated[
    bool, QueryParameter(description="Whether the texts are compared, too: they hold passwords.")
]
HOLDS = "a project file holds passwords"


class VersionRow(Struct, frozen=True):
    """A version of a project."""

    version: int
    at: str
    by: str
    """Empty where that was not noted."""


class VersionPage(Struct, frozen=True):
    """Versions of a project, latest first."""

    versions: list[VersionRow]
    next: int | None
    """What `after` takes for the next page; null behind the last."""


class DraftRow(Struct, frozen=True):
    """A draft of a project."""

    name: str
    base: int
    """The version that it was begun with."""
    latest: int
    is_outdated: bool
    """Whether the project was changed since."""
    at: str
    by: str


class Difference(Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """How two documents differ."""

    before: str
    after: str
    changes: tuple[ChangedResource, ...]
    diff: str | None
    """A unified diff of the two texts; null without secrets."""


class VersionController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/versions"
    tags = ("versions of a project",)

    @get(responses=COMMON_RESPONSES)
    async def index(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        after: Annotated[
            int | None, QueryParameter(description="`next` of the last page.", ge=0, le=2**62)
        ] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 100,
    ) -> VersionPage:
        """List the versions that are kept, latest first, with who made each and when."""
        own = own_project(request, project)
        with told():
            _, rows = await list_versions(deps.store, own, below=after, limit=limit)
        return VersionPage(
            versions=[VersionRow(**version_row(one)) for one in rows],
            next=rows[-1].version if len(rows) == limit else None,
        )

    @get("/{version:int}", media_type="application/toml", responses=COMMON_RESPONSES)
    async def read(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        version: FromPath[int],
        *,
        secrets: DocumentSecrets = False,
    ) -> Response[str]:
        """Return the document of a version, with its passwords."""
        own = own_project(request, project)
        check_secrets(asked=secrets, what=HOLDS)
        with told():
            found = await read_version(deps.store, own, version)
        return Response(found.document, media_type=TOML, headers={"Cache-Control": "no-store"})

    @get("/{version:int}/diff", responses=COMMON_RESPONSES)
    async def diff(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        version: FromPath[int],
        *,
        since: Annotated[
            int | None, QueryParameter(description="The version before, unless another is named.")
        ] = None,
        secrets: DiffSecrets = False,
    ) -> Response[Difference]:
        """Compare a version with an earlier one."""
        own = own_project(request, project)
        with told():
            found = await diff_versions(deps.store, own, since, version)
        return Response(_difference(diff_as_json(found, with_text=secrets)))

    @post("/{version:int}/restore", status_code=200, responses=CHANGE_RESPONSES)
    async def restore(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        version: FromPath[int],
    ) -> Response[ChangedProject]:
        """Make the document of an earlier version the latest one, as a new version."""
        async with changing(request, deps, project) as (own, how):
            outcome = await restore_version(deps.store, own, version, how)
        return await done(deps, outcome)


def _difference(told_: dict[str, Any]) -> Difference:
    return Difference(
        before=told_["from"],
        after=told_["to"],
        changes=tuple(
            ChangedResource(one["kind"], one["name"], one["change"], tuple(one["keys"]))
            for one in told_["changes"]
        ),
        diff=told_["diff"],
    )


class DraftController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/drafts"
    tags = ("drafts of a project",)

    @get(responses=COMMON_RESPONSES)
    async def index(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[DraftRow]:
        """List the drafts by name."""
        own = own_project(request, project)
        with told():
            rows = await operations.list_drafts(deps.store, own)
        return [DraftRow(**draft_row(one)) for one in rows]

    @get("/{draft:str}", media_type="application/toml", responses=COMMON_RESPONSES)
    async def read(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        draft: FromPath[str],
        *,
        secrets: DocumentSecrets = False,
    ) -> Response[str]:
        """Return a draft as a project file, with its passwords."""
        own = own_project(request, project)
        check_secrets(asked=secrets, what=HOLDS)
        with told():
            found = await operations.read_draft(deps.store, own, draft)
        return Response(found.document, media_type=TOML, headers={"Cache-Control": "no-store"})

    @put("/{draft:str}", operation_class=FileOperation, responses=COMMON_RESPONSES)
    async def keep(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        draft: FromPath[str],
    ) -> DraftRow:
        """Keep a project file as a draft, mistakes and all; nothing follows it."""
        own = own_project(request, project)
        text = decode(await read_body(request))
        if isinstance(text, Mistakes):
            raise ClientException(str(text))
        with told():
            kept = await operations.save_draft(
                deps.store, own, draft, text, by=sender(request), now=deps.clock()
            )
        return DraftRow(**draft_row(kept))

    @patch(
        "/{draft:str}",
        responses=COMMON_RESPONSES
        | {422: response_spec(InvalidProjectFile, "The patch says what no file can.")},
    )
    async def change(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        draft: FromPath[str],
    ) -> DraftRow:
        """Change a draft by a JSON merge patch of the whole document, or begin one with the latest version."""
        own = own_project(request, project)
        value = await json_in(request)
        if not isinstance(value, dict):
            raise ClientException("send a table of tables; null takes one away (RFC 7396)")
        with told():
            kept = await operations.patch_draft(
                deps.store, own, draft, value, by=sender(request), now=deps.clock()
            )
        if isinstance(kept, Mistakes):
            raise MistakesError(kept)
        return DraftRow(**draft_row(kept))

    @get("/{draft:str}/diff", responses=COMMON_RESPONSES)
    async def diff(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        draft: FromPath[str],
        *,
        base: Annotated[
            bool, QueryParameter(description="Whether it is compared with what it was begun with.")
        ] = False,
        secrets: DiffSecrets = False,
    ) -> Response[Difference]:
        """Compare a draft with the latest version."""
        own = own_project(request, project)
        with told():
            found = await operations.diff_draft(deps.store, own, draft, to_base=base)
        return Response(_difference(diff_as_json(found, with_text=secrets)))

    @post("/{draft:str}/check", status_code=200, responses=CHANGE_RESPONSES)
    async def check(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        draft: FromPath[str],
    ) -> Response[ChangedProject]:
        """Answer what activating the draft would, and change nothing."""
        async with changing(request, deps, project, is_trial=True) as (own, how):
            outcome = await operations.check_draft(deps.store, own, draft, how)
        return await done(deps, outcome, is_trial=True)

    @post("/{draft:str}/activate", status_code=200, responses=CHANGE_RESPONSES)
    async def activate(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        draft: FromPath[str],
        *,
        force: Annotated[
            bool, QueryParameter(description="Whether what was changed since is undone.")
        ] = False,
    ) -> Response[ChangedProject]:
        """Make a draft the latest version, and drop it; 412 where the project was changed since it was begun."""
        async with changing(request, deps, project) as (own, how):
            outcome = await operations.activate_draft(deps.store, own, draft, how, is_forced=force)
        return await done(deps, outcome)

    @delete("/{draft:str}", status_code=204, responses=COMMON_RESPONSES)
    async def drop(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        draft: FromPath[str],
    ) -> None:
        """Drop a draft."""
        own = own_project(request, project)
        with told():
            await operations.discard_document_draft(deps.store, own, draft)
