"""What all changes of a project's document over HTTP share: the lock, the precondition, and the answer."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Response
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from msgspec import Struct

from switchhook.api.access.auditing import note_facts
from switchhook.api.exchange.problems import Problem, problem
from switchhook.api.file_reader import read_in_worker
from switchhook.api.projects import FILE_RESPONSES, own_project, sender
from switchhook.api.responses import MistakesError, read_body, response_spec
from switchhook.operations.document.drafts import DraftError, NoSuchDraftError
from switchhook.operations.document.resources import (
    ChangedMeanwhile,
    ChangeOutcome,
    Changing,
    LockedResourceError,
    NoSuchResourceError,
    Precondition,
    ResourceChanged,
    ResourceError,
    ResourceInUse,
)
from switchhook.operations.project_events import EventTextError, NoSuchEventError
from switchhook.operations.project_versions import NoSuchProjectError, NoSuchVersionError
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.views.project_resources import changed_as_json, in_use_as_json, refused_as_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from switchhook.api.dependencies import ApiDependencies
    from switchhook.api.subscriptions import TokenRequest


class ChangedResource(Struct, frozen=True):
    """How one resource was changed."""

    kind: str
    name: str
    change: str
    """`added`, `removed` or `changed`."""
    keys: tuple[str, ...] = ()
    """The keys that were changed."""


class ChangedProject(Struct, frozen=True):
    """A change that was made, or would be."""

    project: str
    version: int
    is_new: bool
    """False where nothing is changed by it."""
    notes: tuple[str, ...]
    etag: str
    """That of the resource now; empty where it is gone."""
    changes: tuple[ChangedResource, ...]


class UsedBy(Struct, frozen=True):
    """A place that names a resource."""

    kind: str
    name: str
    key: str


class StillUsed(Problem, frozen=True, kw_only=True):
    """A resource that is not removed."""

    uses: tuple[UsedBy, ...] = ()


class Overtaken(Problem, frozen=True, kw_only=True):
    """A change that is not made, for another one came between."""

    version: int
    etag: str
    changes: tuple[ChangedResource, ...]


CHANGE_RESPONSES: Final = FILE_RESPONSES | {
    403: response_spec(Problem, "The token is not good, or this is built-in."),
    409: response_spec(StillUsed, "Others use it; cascade removes what cannot be without it."),
    412: response_spec(Overtaken, "It is not as If-Match or If-None-Match says."),
}
_TAG: Final = re.compile(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)|\s*\*\s*$')


@asynccontextmanager
async def changing(
    request: TokenRequest, deps: ApiDependencies, project: str, *, is_trial: bool = False
) -> AsyncIterator[tuple[str, Changing]]:
    """Yield the token's project, and how its document is changed; nothing else is read meanwhile."""
    own = own_project(request, project)
    how = Changing(
        by=sender(request),
        only=own,
        sounds=deps.missing_sounds,
        reads=read_in_worker,
        when=_precondition(request),
        is_trial=is_trial,
    )
    async with deps.reading:
        with told():
            yield own, how


def _precondition(request: TokenRequest) -> Precondition:
    """Read If-Match and If-None-Match. Raises ClientException."""
    none = request.headers.get("if-none-match")
    if none is not None and none.strip() != "*":
        raise ClientException("If-None-Match may be * here: nothing of the name is there yet")
    match = request.headers.get("if-match")
    tags = () if match is None else tags_in(match)
    if match is not None and not tags:
        raise ClientException('If-Match is no ETag; send it as it came, with its quotes: "7-…"')
    return Precondition(tags=tags, is_absent=none is not None)


def tags_in(header: str) -> tuple[str, ...]:
    """Return the tags of a header; nothing where it is none."""
    tags, at = [], 0
    while at < len(header):
        found = _TAG.match(header, at)
        if found is None:
            return ()
        tags.append("*" if found[1] is None else found[1])
        at = found.end()
    return tuple(tags)


async def done(
    deps: ApiDependencies, outcome: ChangeOutcome, *, is_trial: bool = False
) -> Response[Any]:
    """Answer what became of a change, and let the next call follow it. Raises MistakesError."""
    match outcome:
        case Mistakes():
            raise MistakesError(outcome)
        case ResourceInUse():
            return problem(409, StillUsed, **in_use_as_json(outcome))
        case ChangedMeanwhile():
            return problem(412, Overtaken, **refused_as_json(outcome))
        case ResourceChanged():
            version = outcome.applied.version
            told = msgspec.convert(changed_as_json(outcome), ChangedProject)
            note_facts(
                is_trial=is_trial,
                before={"version": version - outcome.applied.is_new},
                after={"version": version, "changes": told.changes},
            )
            if not is_trial:
                await deps.applied()
            headers = {"ETag": f'"{outcome.tag}"'} if outcome.tag else None
            return Response(told, headers=headers)


async def json_in(request: TokenRequest) -> Any:  # noqa: ANN401 (any JSON)
    """Return the body as JSON. Raises ClientException."""
    try:
        return msgspec.json.decode(await read_body(request))
    except (ValueError, RecursionError) as error:
        raise ClientException("the body is no JSON") from error


def check_secrets(*, asked: bool, what: str) -> None:
    """Raise ClientException where secrets would be shown and were not asked for."""
    if not asked:
        raise ClientException(f"{what}; ask with ?secrets=true, and keep it like one")


@contextmanager
def told() -> Iterator[None]:
    """Answer what a person may cause."""
    try:
        yield
    except (
        NoSuchEventError,
        NoSuchResourceError,
        NoSuchVersionError,
        NoSuchDraftError,
        NoSuchProjectError,
    ) as error:
        raise NotFoundException(str(error)) from error
    except LockedResourceError as error:
        raise HTTPException(str(error), status_code=HTTPStatus.FORBIDDEN) from error
    except (EventTextError, ResourceError, DraftError) as error:
        raise ClientException(str(error)) from error
