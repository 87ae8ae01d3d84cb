"""Running calls over HTTP: end one."""

from litestar import Controller, delete
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Struct

from switchhook.api.authentication import require_scope
from switchhook.api.responses import COMMON_RESPONSES
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.token import Scope


class Ending(Struct, frozen=True):
    """A call that is being ended."""

    call: str


class Calls(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/calls/{call:str}"
    tags = ("calls",)

    @delete(status_code=202, responses=COMMON_RESPONSES)
    async def hang_up(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Ending:
        """Hang up both sides of a running call. Its end is told as that of every call."""
        require_scope(request.user, Scope.PROJECT)
        user, project = request.user.user, request.user.project
        if not deps.hang_up(call, by=f"{user} over the API", project=project):
            raise NotFoundException("there is no such call, or it has ended")
        return Ending(call=call)
