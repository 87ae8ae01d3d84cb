"""What each operation of the API needs: the one place that says it. An operation that is not here is refused.

The rule of answers: without a key 401; with a key that is not good 403; with a good key whose scope or role does not
suffice 403, whatever the project; then, for another project than the key's, 404, as for one that does not exist.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from litestar import HttpMethod
from litestar.exceptions import NotFoundException, PermissionDeniedException

from switchhook.domain.access import rights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchhook.domain.access.rights import Need, ShownNumbers
    from switchhook.domain.access.token import Token

_HOOKS: Final = "/api/callnotification/callnotification"
_CALL: Final = "/api/calls/{call}"
_PROJECT: Final = "/api/projects/{project}"
_CONFIG: Final = f"{_PROJECT}/config/{{kind}}"
_DELIVERIES: Final = f"{_PROJECT}/deliveries"
_DRAFT: Final = f"{_PROJECT}/drafts/{{draft}}"
_VERSION: Final = f"{_PROJECT}/versions/{{version}}"

RIGHTS: Final[Mapping[str, Need]] = {
    "GET /api/permission/systemuser/profile": rights.SEE_ACCOUNT,
    f"GET {_HOOKS}": rights.READ_SUBSCRIPTIONS,
    f"POST {_HOOKS}": rights.CHANGE_SUBSCRIPTIONS,
    f"GET {_HOOKS}/samples": rights.READ_SUBSCRIPTIONS,
    f"GET {_HOOKS}/{{number}}": rights.READ_SUBSCRIPTIONS,
    f"DELETE {_HOOKS}/{{number}}": rights.CHANGE_SUBSCRIPTIONS,
    "GET /api/events": rights.READ_EVENTS,
    "GET /api/events/stream": rights.FOLLOW_EVENTS,
    "POST /api/events/{kind}": rights.TELL_EVENTS,
    "POST /api/imports": rights.TELL_EVENTS,
    "GET /api/imports/{number}": rights.TELL_EVENTS,
    "GET /api/calls": rights.READ_CALLS,
    "POST /api/calls": rights.ACT_ON_CALLS,
    "GET /api/calls/export": rights.EXPORT_CALLS,
    "GET /api/calls/live": rights.EXPORT_CALLS,
    f"GET {_CALL}": rights.READ_CALLS,
    f"PATCH {_CALL}": rights.ACT_ON_CALLS,
    f"DELETE {_CALL}": rights.ACT_ON_CALLS,
    f"GET {_CALL}/why": rights.READ_CALLS,
    f"GET {_CALL}/sip": rights.READ_SIP,
    f"GET {_CALL}/report": rights.READ_SIP,
    f"POST {_CALL}/transfer": rights.ACT_ON_CALLS,
    f"GET {_CALL}/recordings": rights.HEAR_RECORDINGS,
    f"DELETE {_CALL}/recordings/{{recording}}": rights.DELETE_RECORDINGS,
    "POST /callback/outward_call": rights.ACT_ON_CALLS,
    f"GET {_PROJECT}": rights.READ_SECRETS,
    f"PUT {_PROJECT}": rights.CHANGE_PROJECT,
    f"POST {_PROJECT}/check": rights.CHECK_PROJECT,
    f"GET {_PROJECT}/document": rights.READ_SECRETS,
    f"PUT {_PROJECT}/document": rights.CHANGE_PROJECT,
    f"PATCH {_PROJECT}/document": rights.CHANGE_PROJECT,
    f"GET {_PROJECT}/config": rights.READ_PROJECT,
    f"GET {_CONFIG}": rights.READ_PROJECT,
    f"PUT {_CONFIG}": rights.CHANGE_PROJECT,
    f"PATCH {_CONFIG}": rights.CHANGE_PROJECT,
    f"DELETE {_CONFIG}": rights.CHANGE_PROJECT,
    f"GET {_CONFIG}/{{name}}": rights.READ_PROJECT,
    f"PUT {_CONFIG}/{{name}}": rights.CHANGE_PROJECT,
    f"PATCH {_CONFIG}/{{name}}": rights.CHANGE_PROJECT,
    f"DELETE {_CONFIG}/{{name}}": rights.CHANGE_PROJECT,
    f"GET {_PROJECT}/drafts": rights.READ_PROJECT,
    f"GET {_DRAFT}": rights.READ_SECRETS,
    f"PUT {_DRAFT}": rights.CHANGE_PROJECT,
    f"PATCH {_DRAFT}": rights.CHANGE_PROJECT,
    f"DELETE {_DRAFT}": rights.CHANGE_PROJECT,
    f"POST {_DRAFT}/activate": rights.CHANGE_PROJECT,
    f"POST {_DRAFT}/check": rights.CHECK_PROJECT,
    f"GET {_DRAFT}/diff": rights.READ_PROJECT,
    f"GET {_PROJECT}/versions": rights.READ_PROJECT,
    f"GET {_VERSION}": rights.READ_SECRETS,
    f"GET {_VERSION}/diff": rights.READ_PROJECT,
    f"POST {_VERSION}/restore": rights.CHANGE_PROJECT,
    f"GET {_PROJECT}/events": rights.READ_PROJECT,
    f"GET {_PROJECT}/events/{{event}}": rights.READ_SECRETS,
    f"POST {_PROJECT}/events/{{event}}/copy": rights.READ_SECRETS,
    f"GET {_PROJECT}/scenario": rights.READ_PROJECT,
    f"PATCH {_PROJECT}/scenario": rights.CHANGE_PROJECT,
    f"POST {_PROJECT}/scenario/activate": rights.CHANGE_PROJECT,
    f"DELETE {_PROJECT}/scenario/draft": rights.CHANGE_PROJECT,
    f"POST {_PROJECT}/scenario/test": rights.CHANGE_PROJECT,
    f"PUT {_PROJECT}/visits/{{visit}}": rights.TELL_VISITS,
    f"GET {_DELIVERIES}": rights.READ_DELIVERIES,
    f"GET {_DELIVERIES}/count": rights.READ_DELIVERIES,
    f"GET {_DELIVERIES}/webhooks-with-error": rights.READ_DELIVERIES,
    f"GET {_DELIVERIES}/{{delivery}}": rights.READ_DELIVERIES,
    f"POST {_DELIVERIES}/{{act}}": rights.ACT_ON_DELIVERIES,
    f"GET {_DELIVERIES}/jobs": rights.READ_DELIVERIES,
    f"POST {_DELIVERIES}/jobs": rights.ACT_ON_DELIVERIES,
    f"GET {_DELIVERIES}/jobs/{{number}}": rights.READ_DELIVERIES,
    f"DELETE {_DELIVERIES}/jobs/{{number}}": rights.ACT_ON_DELIVERIES,
    f"GET {_PROJECT}/endpoints/cost": rights.READ_DELIVERIES,
    f"GET {_PROJECT}/endpoints/shadows": rights.READ_DELIVERIES,
    f"GET {_PROJECT}/rehearsals": rights.READ_PROJECT,
    f"POST {_PROJECT}/rehearsals": rights.CHECK_PROJECT,
    f"GET {_PROJECT}/rehearsals/{{number}}": rights.READ_PROJECT,
    f"DELETE {_PROJECT}/rehearsals/{{number}}": rights.CHECK_PROJECT,
    f"GET {_PROJECT}/rehearsals/{{number}}/calls": rights.READ_REHEARSALS,
    f"GET {_PROJECT}/tables": rights.READ_TABLES,
    f"GET {_PROJECT}/tables/{{table}}": rights.READ_SECRETS,
    f"PUT {_PROJECT}/tables/{{table}}": rights.CHANGE_PROJECT,
    f"POST {_PROJECT}/tables/{{table}}/check": rights.CHECK_PROJECT,
    f"GET {_PROJECT}/tables/{{table}}/look-up": rights.READ_SECRETS,
    f"DELETE {_PROJECT}/tables/{{table}}": rights.CHANGE_PROJECT,
    f"GET {_PROJECT}/users": rights.MANAGE_PEOPLE,
    f"PUT {_PROJECT}/users/{{login}}": rights.MANAGE_PEOPLE,
    f"DELETE {_PROJECT}/users/{{login}}": rights.MANAGE_PEOPLE,
    f"GET {_PROJECT}/tokens": rights.MANAGE_PEOPLE,
    f"POST {_PROJECT}/tokens": rights.MANAGE_PEOPLE,
    f"DELETE {_PROJECT}/tokens/{{token}}": rights.MANAGE_PEOPLE,
    f"GET {_PROJECT}/audit": rights.READ_AUDIT,
    f"POST {_PROJECT}/erasures": rights.ERASE_PERSONS,
}
"""By method and path as the OpenAPI document has them. Those that need no token (`OPEN`) are not among them."""

_NO: Final = frozenset({"false", "f", "no", "n", "off", "0"})
"""What means, in a query, that secrets are not asked for."""


def operation_of(scope: Mapping[str, Any]) -> str:
    """Return the name of the operation that a request is for, once its path was found."""
    found = f"{HttpMethod(scope['method']).value} {scope.get('path_template', '')}"
    return _NAMES.get(_shape(found), found)


def _shape(operation: str) -> str:
    """Leave out what parameters are called: Litestar keeps one name for all methods of a path."""
    return _PARAMETER.sub("{}", operation)


_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_NAMES: Final = {_shape(operation): operation for operation in RIGHTS}


def numbers_of(scope: Mapping[str, Any]) -> ShownNumbers:
    """Return whether numbers are in the answer to a request."""
    return RIGHTS[operation_of(scope)].numbers


def asks_for_secrets(values: Iterable[str]) -> bool:
    """Say whether a query's parameter `secrets` may mean yes."""
    return any(one.lower() not in _NO for one in values)


def check_rights(scope: Mapping[str, Any], token: Token, *, secrets: Iterable[str]) -> None:
    """Raise what is answered with 403 where a token is not good for an operation, with 404 for another project.

    `secrets` are the values of that parameter of the query.
    """
    need = RIGHTS.get(operation_of(scope))
    if need is None:
        raise PermissionDeniedException("nobody has a right to this; please report it")
    why = need.refusal(token.role, token.scope, with_secrets=asks_for_secrets(secrets))
    if why:
        raise PermissionDeniedException(why)
    project = scope["path_params"].get("project", token.project)
    if project != token.project:
        raise NotFoundException("there is no such project")
