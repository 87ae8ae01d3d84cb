"""What endpoints cost callers, and what shadow endpoints say, over HTTP."""

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
from switchhook.views.endpoints import cost_as_json, shadows_as_json

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


class ShadowCounted(Struct, frozen=True):
    """How the shadow of a webhook did; times are seconds, on average."""

    webhook: str
    asks: int
    different: int
    seconds: float
    shadow_seconds: float


class ShadowAskShown(Struct, frozen=True):
    """What an endpoint and its shadow said to one ask."""

    call: str
    ask: str
    webhook: str
    at: str
    answer: str
    """What the endpoint said that the call followed; `failed: KIND` for nothing that can be followed."""
    shadow_answer: str
    seconds: float
    shadow_seconds: float


class ShadowsShown(Struct, frozen=True):
    """What shadow endpoints said."""

    webhooks: list[ShadowCounted]
    asks: list[ShadowAskShown]
    """Newest first."""


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

    @get(
        "/shadows",
        responses=COMMON_RESPONSES | {400: response_spec(WrongField, "A time is wrong.")},
    )
    async def shadows(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        since: ArrivedSince = "7d",
        webhook: Annotated[str | None, QueryParameter(description="Only of this webhook.")] = None,
        same: Annotated[
            bool, QueryParameter(description="Also asks to which both said the same.")
        ] = False,
        limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 50,
    ) -> ShadowsShown:
        """List asks to which a shadow endpoint said something else than the endpoint that calls follow."""
        own = own_project(request, project)
        begins = _moment("since", since, deps.clock()) or 0.0
        found = await deps.shadows.list(
            own, since=begins, webhook=webhook, only_different=not same, limit=limit
        )
        counts = await deps.shadows.counts(own, since=begins)
        return convert(shadows_as_json(counts, found), ShadowsShown)


def _moment(name: str, text: str | None, now: float) -> float | None:
    try:
        return None if text is None else parse_moment(text, now)
    except BadMomentError as error:
        raise WrongFieldError(name, f"{name}: {error}") from None
