"""What endpoints cost callers, over HTTP."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct, convert

from switchhook.api.projects import own_project
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations.calls.endpoint_cost import endpoint_costs
from switchhook.operations.history import BadMomentError, parse_moment
from switchhook.views.endpoints import cost_as_json

ArrivedSince = Annotated[
    str, QueryParameter(description="A date and time in ISO 8601, or `2h`, `7d` ago.")
]
ArrivedBefore = Annotated[
    str | None, QueryParameter(description="Likewise; calls that arrived before.")
]


class WebhookCost(Struct, frozen=True):
    """What one webhook cost; times are seconds."""

    webhook: str
    asks: int
    failed: int
    p50: float
    p99: float
    longest: float
    total: float
    """All delays together."""
    hung_up: int
    """Callers who hung up while it was thinking; their asks are not among the others."""
    hung_up_after: float | None
    """How long these had waited, in the middle."""


class CostShown(Struct, frozen=True):
    """What the webhooks of a project cost, the dearest first."""

    calls: int
    """Calls that were looked at: the newest of the time, 20,000 at most."""
    reached: str | None
    is_cut: bool
    """Whether there are earlier ones that were not looked at."""
    webhooks: list[WebhookCost]


class EndpointController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/endpoints"
    tags = ("endpoints",)

    @get("/cost", responses=COMMON_RESPONSES | {400: response_spec(WrongField, "A time is wrong.")})
    async def cost(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        since: ArrivedSince = "7d",
        until: ArrivedBefore = None,
    ) -> CostShown:
        """Tell how much delay each webhook adds to calls, and how many callers hung up while it was thinking."""
        own = own_project(request, project)
        begins, ends = (
            _moment(name, text, deps.clock()) for name, text in (("since", since), ("until", until))
        )
        report = await endpoint_costs(deps.trails, own, since=begins, until=ends)
        return convert(cost_as_json(report), CostShown)


def _moment(name: str, text: str | None, now: float) -> float | None:
    try:
        return None if text is None else parse_moment(text, now)
    except BadMomentError as error:
        raise WrongFieldError(name, f"{name}: {error}") from None
