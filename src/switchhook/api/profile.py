"""The profile of a token: REST-hook clients read it first, to check an account."""

from typing import Final

from litestar import get
from msgspec import Struct

from switchhook.api.responses import COMMON_RESPONSES
from switchhook.api.subscriptions import TokenRequest

PATH: Final = "/api/permission/systemuser/profile"
"""The path that those clients know."""


class Profile(Struct, frozen=True):
    """The user of a token, under the names that clients look for, and its project."""

    id: str
    email: str
    """The user as the token has it."""
    client: str
    """The project."""
    scope: str


@get(PATH, tags=["account"], responses=COMMON_RESPONSES)
async def profile(request: TokenRequest) -> Profile:
    """Say whose token this is; any good one will do."""
    token = request.user
    return Profile(id=token.id, email=token.user, client=token.project, scope=token.scope)
