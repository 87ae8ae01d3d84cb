"""The people of a project over HTTP: members with their roles, tokens, and the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from litestar import Controller, delete, get, post, put
from litestar.exceptions import ClientException, NotFoundException, PermissionDeniedException
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from switchhook.api.access.auditing import note_facts
from switchhook.api.exchange.json_body import json_body
from switchhook.api.responses import COMMON_RESPONSES, WrongFieldError, read_body
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.access.people import Role, User, lesser
from switchhook.domain.access.token import Scope, Token
from switchhook.operations.people.users import (
    NoSuchUserError,
    RoleRefusedError,
    UserError,
    add_user,
    check_reach,
    give_role,
    login_of,
)
from switchhook.operations.tokens import (
    NoSuchTokenError,
    TokenError,
    create_token,
    list_tokens,
    revoke_token,
)
from switchhook.views.people import audit_entry, member, token_row

MAX_LISTED = 1000
MAX_DAYS = 3650


class RoleGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """The role that a user is to have."""

    role: Role


class TokenWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A token that is to be made."""

    user: str
    scope: Scope = Scope.SUBSCRIPTIONS
    role: Role = Role.OWNER
    days: int | None = None


class AuditPage(Struct, frozen=True):
    """Lines of the audit log, newest first."""

    entries: list[dict[str, Any]]
    next: int | None
    """What `after` takes for the next page; null behind the last."""


class MemberController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/users"
    tags = ("people",)

    @get(responses=COMMON_RESPONSES)
    async def list(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[dict[str, Any]]:
        """List who has a role in the project."""
        del request
        return [member(one, project) for one in await deps.people.users(project=project)]

    @put("/{login:str}", responses=COMMON_RESPONSES)
    async def give(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        login: FromPath[str],
    ) -> dict[str, Any]:
        """Give somebody a role, at most one's own; who is no user of the host yet becomes one, without a password."""
        wanted = json_body(await read_body(request), RoleGiven, '{"role": "viewer"}')
        giver, now = _role(request), deps.clock()
        with _told():
            name = login_of(login)
            if giver.includes(wanted.role) and await deps.people.secrets_of(name) is None:
                await add_user(deps.people, name, now=now)
            given = await _changed(request, deps, project, name, wanted.role)
        return member(given, project)

    @delete("/{login:str}", status_code=200, responses=COMMON_RESPONSES)
    async def take(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        login: FromPath[str],
    ) -> dict[str, Any]:
        """Take somebody's role away, with their tokens of the project."""
        with _told():
            name = login_of(login)
            if all(one.login != name for one in await deps.people.users(project=project)):
                raise NotFoundException("nobody of this login has a role in the project")
            await _changed(request, deps, project, name, None)
        return {"login": name}


class TokenController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/tokens"
    tags = ("people",)

    @get(responses=COMMON_RESPONSES)
    async def list(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[dict[str, Any]]:
        """List the project's tokens, without their keys."""
        del request
        return [token_row(one) for one in await list_tokens(deps.tokens, project=project)]

    @post(status_code=201, responses=COMMON_RESPONSES)
    async def create(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> dict[str, Any]:
        """Make a token, and answer its key, which is not shown again. It may do what its maker may, at most.

        It is in the name of a program, or of somebody whose role is not above the maker's.
        """
        wanted = json_body(
            await read_body(request), TokenWanted, '{"user": "crm", "scope": "calls"}'
        )
        if wanted.days is not None and not 1 <= wanted.days <= MAX_DAYS:
            raise WrongFieldError("days", f"days: 1 to {MAX_DAYS}, or nothing")
        maker = request.user
        with _told():
            person = await _member(deps, project, wanted.user)
            check_reach(_role(request), None if person is None else person.role_in(project))
            made = await create_token(
                deps.store,
                deps.tokens,
                project=project,
                user=wanted.user,
                now=deps.clock(),
                person=person,
                scope=wanted.scope,
                role=lesser(wanted.role, _role(request)),
                days=wanted.days,
                made_by=maker.user,
                maker=maker.person,
            )
        note_facts(after=token_row(made.token))
        return token_row(made.token) | {"key": made.key}

    @delete("/{token:str}", status_code=200, responses=COMMON_RESPONSES)
    async def revoke(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        token: FromPath[str],
    ) -> dict[str, Any]:
        """Let a token be good no more, from the next request on; not one that may do more than who asks."""
        found = await list_tokens(deps.tokens, project=project)
        known = next((one for one in found if one.id == token), None)
        if known is None:
            raise NotFoundException("there is no such token")
        with _told():
            check_reach(_role(request), await _reach_of(deps, known))
            revoked = token_row(await revoke_token(deps.tokens, token))
        note_facts(before=revoked)
        return revoked


class AuditController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/audit"
    tags = ("people",)

    @get(responses=COMMON_RESPONSES)
    async def list(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_LISTED)] = 50,
        after: Annotated[
            int | None, QueryParameter(ge=1, lt=2**62, description="`next` of the last page.")
        ] = None,
    ) -> AuditPage:
        """List who did what in the project, or was refused, newest first."""
        del request
        found = await deps.audit.entries(project=project, limit=limit, before=after)
        return AuditPage(
            entries=[audit_entry(one) for one in found],
            next=found[-1].number if len(found) == limit else None,
        )


async def _reach_of(deps: Dependencies, token: Token) -> Role | None:
    """Return whose role a token has: its user's, or of a program's that manages people its own."""
    if token.person is not None:
        user = await deps.people.user(token.person)
        return next(
            (one.role for one in user.roles if one.project == token.project) if user else iter(()),
            None,
        )
    return token.role if token.scope is Scope.ADMIN else None


async def _member(deps: Dependencies, project: str, login: str) -> User | None:
    """Return who has a role in the project, disabled or not; a user of other projects alone is as good as none."""
    found = await deps.people.secrets_of(login.casefold())
    is_member = found is not None and any(one.project == project for one in found.user.roles)
    return found.user if found is not None and is_member else None


def _role(request: TokenRequest) -> Role:
    """Return the role that a request is made with; `check_rights` refused those without."""
    return request.user.role or Role.VIEWER


async def _changed(
    request: TokenRequest, deps: Dependencies, project: str, login: str, role: Role | None
) -> User:
    found = await deps.people.secrets_of(login)
    has = None if found is None else found.user.role_in(project)
    given = await give_role(
        deps.store, deps.people, login, project, role, now=deps.clock(), giver=_role(request)
    )
    note_facts(before={"role": has}, after={"role": role})
    return given


@contextmanager
def _told() -> Iterator[None]:
    """Answer what a person may cause."""
    try:
        yield
    except (NoSuchUserError, NoSuchTokenError) as error:
        raise NotFoundException(str(error)) from error
    except RoleRefusedError as error:
        raise PermissionDeniedException(str(error)) from error
    except (UserError, TokenError) as error:
        raise ClientException(str(error)) from error
