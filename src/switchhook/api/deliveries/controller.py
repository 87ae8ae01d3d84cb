"""Deliveries over HTTP: list, count and show them; check what was given up, or send it again (R2-05 to R2-07, N-11)."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, QueryParameter

from switchhook.api.deliveries.messages import (
    ActedOn,
    ChosenDeliveries,
    DeliveryCount,
    DeliveryPage,
    JobShown,
    JobWanted,
    NamedDeliveries,
    WebhookWithError,
)
from switchhook.api.exchange.json_body import json_body
from switchhook.api.exchange.problems import Problem
from switchhook.api.projects import own_project
from switchhook.api.responses import (
    COMMON_RESPONSES,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.operations import bulk_jobs, error_check, history
from switchhook.operations.bulk_jobs import NoSuchJobError, TooManyJobsError
from switchhook.operations.calls.finding import WrongFilterError
from switchhook.operations.deliveries.finding import read_delivery_filter
from switchhook.operations.error_check import MOST_NAMED
from switchhook.operations.history import DeliveryStory, NoSuchDeliveryError
from switchhook.storage.records import BulkAct, DeliveryFilter, DeliveryList
from switchhook.tasks import compute, compute_rows
from switchhook.views import as_json
from switchhook.views.text import iso

MOST_LISTED = 1_000
"""Deliveries on one page."""
USUAL_PAGE = 50
_WRONG = {400: response_spec(WrongField, "A parameter or a part of the body is wrong.")}

OfState = Annotated[
    DeliveryList,
    QueryParameter(
        name="state",
        description="`unchecked`: those that need somebody; `checked`: those that somebody checked; `all`;"
        " or a state.",
    ),
]
OfWebhook = Annotated[str | None, QueryParameter(description="The name of a webhook or mail.")]
OfEvent = Annotated[str | None, QueryParameter(description="Such as `incoming.after`.")]
OfCall = Annotated[str | None, QueryParameter(description="The id of a call.")]
Moment = Annotated[
    str | None,
    QueryParameter(description="Of the event: a date and time in ISO 8601, or `2h`, `7d` ago."),
]
ErrorText = Annotated[str | None, QueryParameter(description="Words in the latest error.")]


class DeliveryController(Controller):
    """Only of the token's own project: others are not there."""

    path = "/api/projects/{project:str}/deliveries"
    tags = ("deliveries",)

    @get(responses=COMMON_RESPONSES | _WRONG)
    async def listed(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        of_state: OfState = "unchecked",
        webhook: OfWebhook = None,
        event: OfEvent = None,
        call: OfCall = None,
        since: Moment = None,
        until: Moment = None,
        text: ErrorText = None,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_LISTED)] = USUAL_PAGE,
        after: Annotated[
            int | None, QueryParameter(ge=0, lt=2**62, description="`next` of the last page.")
        ] = None,
        full: Annotated[
            bool, QueryParameter(description="Each with its request, answers and all attempts.")
        ] = False,
    ) -> DeliveryPage:
        """List deliveries, newest first; by default those that need somebody."""
        chosen = ChosenDeliveries(of_state, webhook, event, call, since, until, text)
        which = _filter(chosen, own_project(request, project), deps.clock())
        found = await deps.store.find_deliveries(which, limit=limit, before=after)
        if full:
            stories = [
                DeliveryStory(row=row, attempts=await deps.store.attempts(row.delivery.id))
                for row in found.rows
            ]
            # Bodies and answers may be long, however few they are.
            shown = await compute(lambda: list(map(as_json.delivery_story, stories)))
        else:
            shown = await compute_rows(
                len(found.rows), lambda: list(map(as_json.delivery, found.rows))
            )
        return DeliveryPage(deliveries=shown, next=found.next, searched_to=iso(found.searched_to))

    @get("/count", responses=COMMON_RESPONSES | _WRONG)
    async def count(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        *,
        of_state: OfState = "unchecked",
        webhook: OfWebhook = None,
        event: OfEvent = None,
        call: OfCall = None,
        since: Moment = None,
        until: Moment = None,
        text: ErrorText = None,
    ) -> DeliveryCount:
        """Count deliveries, to 1,000."""
        chosen = ChosenDeliveries(of_state, webhook, event, call, since, until, text)
        which = _filter(chosen, own_project(request, project), deps.clock())
        counted = await deps.store.count_deliveries(which)
        return DeliveryCount(count=counted.number, is_more=counted.is_more)

    @get("/webhooks-with-error", responses=COMMON_RESPONSES)
    async def with_error(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[WebhookWithError]:
        """List the webhooks of which deliveries need somebody, and how many."""
        found = await deps.store.unchecked_by_webhook(own_project(request, project))
        return [
            WebhookWithError(webhook=name, count=counted.number, is_more=counted.is_more)
            for name, counted in found.items()
        ]

    @get("/{delivery:str}", responses=COMMON_RESPONSES)
    async def show(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        delivery: FromPath[str],
    ) -> dict[str, Any]:
        """Show one delivery: what was sent, and what came of each attempt."""
        own = own_project(request, project)
        try:
            story = await history.show_delivery(deps.store, delivery, project=own)
        except NoSuchDeliveryError as error:
            raise NotFoundException("there is no such delivery") from error
        return as_json.delivery_story(story)

    @post("/{act:str}", status_code=200, responses=COMMON_RESPONSES | _WRONG)
    async def act(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        act: FromPath[str],
    ) -> list[ActedOn]:
        """Check deliveries, uncheck them, or send them again: `check`, `uncheck` or `send`.

        `check` takes them off the list of those that need somebody, with who and when. `send` makes one more attempt of
        each, the same bytes under the same id; what is parked goes ahead as the probe.
        """
        own = own_project(request, project)
        if act not in set(BulkAct):
            raise NotFoundException("send POST to check, uncheck or send")
        ids = json_body(await read_body(request), NamedDeliveries, '{"ids": ["…"]}').ids
        if not 0 < len(ids) <= MOST_NAMED:
            raise WrongFieldError("ids", f"name 1 to {MOST_NAMED} deliveries; a job takes more")
        by = _user(request)
        try:
            match BulkAct(act):
                case BulkAct.CHECK:
                    acted = await error_check.check_deliveries(
                        deps.store, ids, by=by, now=deps.clock(), project=own
                    )
                case BulkAct.UNCHECK:
                    acted = await error_check.uncheck_deliveries(deps.store, ids, project=own)
                case BulkAct.SEND:
                    acted = await error_check.send_again(
                        deps.store,
                        ids,
                        by=by,
                        sender=deps.sender,
                        project=own,
                        at_hand=deps.snapshot_of,
                    )
        except NoSuchDeliveryError as error:
            raise NotFoundException("one of these deliveries is not there") from error
        return [ActedOn(**as_json.acted(one)) for one in acted]

    @post(
        "/jobs",
        status_code=HTTPStatus.ACCEPTED,
        responses=COMMON_RESPONSES
        | _WRONG
        | {
            409: response_spec(Problem, "So many of the project run that no further one may begin.")
        },
    )
    async def start(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> JobShown:
        """Do that to all deliveries of a filter: a job that goes on by itself, also after a restart."""
        own = own_project(request, project)
        example = '{"act": "send", "filter": {"webhook": "crm"}}'
        wanted = json_body(await read_body(request), JobWanted, example)
        which = _filter(wanted.filter, own, deps.clock())
        try:
            job = await bulk_jobs.start_job(
                deps.store, wanted.act, which, project=own, by=_user(request), now=deps.clock()
            )
        except TooManyJobsError as error:
            raise HTTPException(str(error), status_code=HTTPStatus.CONFLICT) from error
        deps.go_on(job)
        return msgspec.convert(as_json.bulk_job(job), JobShown)

    @get("/jobs", responses=COMMON_RESPONSES)
    async def jobs(
        self, request: TokenRequest, deps: Dependencies, project: FromPath[str]
    ) -> list[JobShown]:
        """List the project's latest jobs, newest first."""
        found = await bulk_jobs.list_jobs(deps.store, own_project(request, project))
        return [msgspec.convert(as_json.bulk_job(job), JobShown) for job in found]

    @get("/jobs/{number:int}", responses=COMMON_RESPONSES)
    async def job(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        number: FromPath[int],
    ) -> JobShown:
        """Show how far a job got."""
        own = own_project(request, project)
        try:
            found = await bulk_jobs.show_job(deps.store, own, _number(number))
        except NoSuchJobError as error:
            raise NotFoundException("there is no such job") from error
        return msgspec.convert(as_json.bulk_job(found), JobShown)

    @delete("/jobs/{number:int}", status_code=200, responses=COMMON_RESPONSES)
    async def stop(
        self,
        request: TokenRequest,
        deps: Dependencies,
        project: FromPath[str],
        number: FromPath[int],
    ) -> JobShown:
        """Stop a job; what it did stays done."""
        own = own_project(request, project)
        try:
            found = await bulk_jobs.stop_job(deps.store, own, _number(number), now=deps.clock())
        except NoSuchJobError as error:
            raise NotFoundException("there is no such job") from error
        return msgspec.convert(as_json.bulk_job(found), JobShown)


def _number(number: int) -> int:
    """Return the number of a job that a database may hold."""
    return number if 0 <= number < 2**63 else 0


def _filter(chosen: ChosenDeliveries, project: str, now: float) -> DeliveryFilter:
    given = {name: told for name, told in msgspec.structs.asdict(chosen).items() if told}
    try:
        return read_delivery_filter(given, project=project, now=now)
    except WrongFilterError as error:
        raise WrongFieldError(error.field, str(error)) from None


def _user(request: TokenRequest) -> str:
    return f"{request.user.user} over the API"
