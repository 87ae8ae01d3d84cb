"""Calls over HTTP: find and export them, show one, end one that runs, tell what became known of one."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec
from litestar import Response, delete, get, patch
from litestar.exceptions import HTTPException, NotFoundException, PermissionDeniedException
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from switchhook.api.calling import CallActs
from switchhook.api.events import StreamOperation, check_kept, sent_events
from switchhook.api.exchange.problems import Problem
from switchhook.api.protocol import PROGRESS
from switchhook.api.responses import (
    COMMON_RESPONSES,
    IS_HEAD,
    WrongField,
    WrongFieldError,
    read_body,
    response_spec,
)
from switchhook.api.subscriptions import Dependencies, TokenRequest
from switchhook.domain.access.rights import HEAR_RECORDINGS
from switchhook.domain.event_stream import OF_CALLS
from switchhook.operations.calls.details import CallDetails, with_details
from switchhook.operations.calls.finding import (
    FILTER_KEYS,
    MAX_LISTED,
    WrongFilterError,
    export_calls,
    read_call_filter,
    read_place,
    running_calls,
)
from switchhook.operations.calls.sip_messages import sip_messages_of
from switchhook.operations.calls.versions import NoVersionError, show_call_and_version
from switchhook.operations.calls.whole import show_whole_call
from switchhook.operations.event_stream import BadPlaceError, StreamGapError, find_place
from switchhook.operations.history import NoSuchCallError, show_call
from switchhook.operations.intake.visits import BadVisitError, read_attributes
from switchhook.routing.events import LateFacts
from switchhook.storage.call_search import CallPage
from switchhook.tasks import compute_rows
from switchhook.views import as_json
from switchhook.views.call_export import (
    EXPORTS,
    PATH_ROWS,
    detailed_export_parts,
    export_headers,
    export_parts,
)
from switchhook.views.call_report.write import MEDIA_TYPE as REPORT_TYPE
from switchhook.views.call_report.write import NUMBERS, call_report, report_name
from switchhook.views.sip_messages import PCAP_TYPE, pcap, sip_capture
from switchhook.views.why import MAX_TARGET, why_not
from switchhook.views.why import as_json as why_as_json

_WRONG_FILTER: Final = {400: response_spec(WrongField, "A parameter is wrong.")}


class Ending(Struct, frozen=True):
    """A call that is being ended."""

    call: str


class CallFactsTold(Struct, frozen=True):
    """Facts that became known of a call."""

    call: str
    facts: dict[str, str]


@dataclass
class TellOperation(Operation):
    """Describes the body."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        text = Schema(type=OpenAPIType.STRING)
        facts = Schema(type=OpenAPIType.OBJECT, additional_properties=text)
        schema = Schema(type=OpenAPIType.OBJECT, required=["facts"], properties={"facts": facts})
        content = {"application/json": OpenAPIMediaType(schema=schema)}
        self.request_body = RequestBody(required=True, content=content)


def _describe(operation: Operation, media: str, schema: Schema, *names: tuple[str, str]) -> None:
    """Write the answer and the parameters of the query into the document."""
    content = {media: OpenAPIMediaType(schema=schema)}
    responses = dict(operation.responses or {})
    responses["200"] = OpenAPIResponse(description="Done.", content=content)
    operation.responses = responses
    operation.parameters = [
        *(operation.parameters or ()),
        *(
            Parameter(
                name=name,
                param_in="query",
                description=said,
                schema=Schema(type=OpenAPIType.STRING),
            )
            for name, said in names
        ),
    ]


_DETAILS: Final = (
    "details",
    "true: also the path of each call, and a link to its recording, good for a week.",
)
_CALL: Final = Schema(type=OpenAPIType.OBJECT, description="A call with its attempts to ring.")


@dataclass
class FindOperation(Operation):
    """Describes the list of calls."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        text = Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL])
        number = Schema(type=[OpenAPIType.INTEGER, OpenAPIType.NULL])
        listed = Schema(
            type=OpenAPIType.OBJECT,
            required=["calls", "next", "searched_to", "count", "is_more"],
            properties={
                "calls": Schema(type=OpenAPIType.ARRAY, items=_CALL),
                "next": text,
                "searched_to": text,
                "count": number,
                "is_more": Schema(type=OpenAPIType.BOOLEAN),
            },
        )
        _describe(
            self,
            "application/json",
            listed,
            *FILTER_KEYS.items(),
            ("after", "The place to go on from: `next` of the page before."),
            ("limit", f"How many, 1 to {MAX_LISTED}; 50 without it."),
            ("count", "true: count what fits from here on, up to 1,000."),
            _DETAILS,
        )


@dataclass
class ExportOperation(Operation):
    """Describes the export of calls."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        said = ("format", "csv or jsonl; csv without it.")
        _describe(
            self, "text/csv", Schema(type=OpenAPIType.STRING), *FILTER_KEYS.items(), said, _DETAILS
        )


@dataclass
class StoryOperation(Operation):
    """Describes one call."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        _describe(self, "application/json", _CALL)


@dataclass
class WhyOperation(Operation):
    """Describes why a target did not ring."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        said = ("target", "Login of an account, name of a group, or a number.")
        _describe(self, "application/json", Schema(type=OpenAPIType.OBJECT), said)


@dataclass
class ReportOperation(Operation):
    """Describes the report of a call."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        said = ("numbers", f"{' or '.join(NUMBERS)}; {NUMBERS[0]} without it.")
        _describe(self, "text/html", Schema(type=OpenAPIType.STRING), said)


@dataclass
class SipOperation(Operation):
    """Describes the SIP messages of a call."""

    def __post_init__(self) -> None:
        """Write it into the document."""
        said = ("format", "json, which goes without saying, or pcap.")
        shown = Schema(
            type=OpenAPIType.OBJECT,
            required=["messages", "left_out"],
            properties={
                "messages": Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.OBJECT)),
                "left_out": Schema(
                    type=OpenAPIType.INTEGER, description="How many more there were than are kept."
                ),
            },
        )
        _describe(self, "application/json", shown, said)
        answer = self.responses["200"] if self.responses else None
        if isinstance(answer, OpenAPIResponse) and answer.content is not None:
            binary = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
            answer.content[PCAP_TYPE] = OpenAPIMediaType(schema=binary)


class Calls(CallActs):
    """Only of the token's own project: others are not there.

    One controller has the paths of both: Litestar takes no path twice.
    """

    path = "/api/calls"
    tags = ("calls",)

    @get(operation_class=FindOperation, responses=COMMON_RESPONSES | _WRONG_FILTER)
    async def find(self, request: TokenRequest, deps: Dependencies) -> Response[bytes]:
        """List calls that fit, newest first, running ones among them."""
        given = _given(request, ("after", "limit", "count", "details"))
        has_details = _wants_details(request)
        with _named():
            page = await deps.store.find_calls(
                project=request.user.project,
                wanted=read_call_filter(given, now=deps.clock()),
                limit=_limit(request.query_params.get("limit", "50")),
                behind=read_place(request.query_params.get("after", "")),
                count=request.query_params.get("count", "") == "true",
            )
        details = None
        if has_details:
            now = deps.clock()
            details = await with_details(deps.trails, deps.recordings, page.calls, now=now)
        rows = len(page.calls) * (PATH_ROWS if details else 1)
        return Response(
            await compute_rows(rows, _page, page, details), media_type="application/json"
        )

    @get("/export", operation_class=ExportOperation, responses=COMMON_RESPONSES | _WRONG_FILTER)
    async def export(self, request: TokenRequest, deps: Dependencies) -> Stream:
        """Send all calls that fit, newest first, as CSV with a header or as JSON lines."""
        form = request.query_params.get("format", "csv")
        if form not in EXPORTS:
            raise WrongFieldError("format", f"format: choose of {', '.join(EXPORTS)}")
        with _named():
            wanted = read_call_filter(_given(request, ("format", "details")), now=deps.clock())
        has_details = _wants_details(request)
        progress: Callable[[], None] = cast("dict[str, Any]", request.scope).get(
            PROGRESS, _no_progress
        )
        found = export_calls(deps.store, project=request.user.project, wanted=wanted)
        if IS_HEAD in request.scope:
            sent: Any = iter(())
        elif has_details:
            sent = detailed_export_parts(
                form,
                found,
                progress,
                trails=deps.trails,
                recordings=deps.recordings,
                clock=deps.clock,
            )
        else:
            sent = export_parts(form, found, progress)
        return Stream(sent, media_type=EXPORTS[form].media_type, headers=export_headers(form))

    @get(
        "/live",
        operation_class=StreamOperation,
        responses=COMMON_RESPONSES | {409: response_spec(Problem, "The project keeps no events.")},
    )
    async def live(self, request: TokenRequest, deps: Dependencies) -> Stream:
        """Send the calls that run, then what begins, changes and ends, as server-sent events.

        The first event is `calls.running`; those of the event stream follow. Who comes again with `Last-Event-ID` gets what
        came meanwhile, or all that run once more where that is gone.
        """
        token = request.user
        check_kept(deps, token.project, 0)
        if written := request.headers.get("last-event-id"):
            with suppress(BadPlaceError, StreamGapError):
                place = await find_place(deps.store, token.project, written)
                return sent_events(request, deps, place, OF_CALLS)
        place, running = await running_calls(deps.store, project=token.project)
        told = msgspec.json.encode({"calls": [as_json.call(row) for row in running]})
        first = f"id: {place}\nevent: calls.running\ndata: ".encode() + told + b"\n\n"
        return sent_events(request, deps, place, OF_CALLS, first=first)

    @get("/{call:str}", operation_class=StoryOperation, responses=COMMON_RESPONSES)
    async def show(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Response[bytes]:
        """Show all that is known of one call: its journal, what was asked and answered, and its deliveries."""
        with _own():
            story = await show_call(deps.store, call, only=request.user.project)
        return _json(as_json.call_story(story))

    @get(
        "/{call:str}/why",
        operation_class=WhyOperation,
        responses=COMMON_RESPONSES
        | _WRONG_FILTER
        | {410: response_spec(Problem, "The version that the call followed is gone.")},
    )
    async def why(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Response[bytes]:
        """Say why a target did not ring in a call, and the smallest change that would have rung it."""
        target = request.query_params.get("target", "").strip()
        if not target or len(target) > MAX_TARGET or not target.isprintable():
            raise WrongFieldError("target", "target: name an account, a group or a number")
        with _own():
            story, snapshot = await show_call_and_version(
                deps.store, call, only=request.user.project
            )
        return _json(why_as_json(why_not(story, snapshot, target)))

    @get(
        "/{call:str}/sip",
        operation_class=SipOperation,
        responses=COMMON_RESPONSES | {400: response_spec(WrongField, "format is wrong.")},
    )
    async def sip(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Response[bytes]:
        """Show the SIP messages of a call, without secrets, from some seconds after its end on; also as pcap, for Wireshark.

        They hold numbers that their callers withhold.
        """
        form = request.query_params.get("format", "json")
        if form not in {"json", "pcap"}:
            raise WrongFieldError("format", "format: json or pcap")
        try:
            _, capture = await sip_messages_of(deps.store, call, only=request.user.project)
        except NoSuchCallError as error:
            raise NotFoundException(str(error)) from None
        if form == "json":
            return _json(sip_capture(capture))
        name = f'attachment; filename="{quote(call, safe="")}.pcap"'
        return Response(pcap(capture), media_type=PCAP_TYPE, headers={"Content-Disposition": name})

    @get(
        "/{call:str}/report",
        operation_class=ReportOperation,
        responses=COMMON_RESPONSES | {400: response_spec(WrongField, "numbers is wrong.")},
    )
    async def report(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Response[bytes]:
        """Send a call as one HTML file for a colleague: SIP, HTTP and events in the order of time, without secrets and scripts."""
        numbers = request.query_params.get("numbers", NUMBERS[0])
        if numbers not in NUMBERS:
            raise WrongFieldError("numbers", f"numbers: {' or '.join(NUMBERS)}")
        with _own():
            whole = await show_whole_call(deps.store, call, only=request.user.project)
        body = await asyncio.to_thread(call_report, whole, numbers=numbers)
        name = f'attachment; filename="{report_name(call)}"'
        return Response(body, media_type=REPORT_TYPE, headers={"Content-Disposition": name})

    @delete("/{call:str}", status_code=202, responses=COMMON_RESPONSES)
    async def hang_up(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> Ending:
        """Hang up both sides of a running call. Its end is told as that of every call."""
        user, project = request.user.user, request.user.project
        if not deps.hang_up(call, by=f"{user} over the API", project=project):
            raise NotFoundException("there is no such call, or it has ended")
        return Ending(call=call)

    @patch(
        "/{call:str}",
        operation_class=TellOperation,
        responses=COMMON_RESPONSES
        | {400: response_spec(WrongField, "A fact is no attribute of a visit.")},
    )
    async def tell(
        self, request: TokenRequest, deps: Dependencies, call: FromPath[str]
    ) -> CallFactsTold:
        """Tell facts that became known of a call late, such as where its caller came from; it may have ended."""
        try:
            told = msgspec.json.decode(await read_body(request), type=dict[str, dict[str, str]])
            facts = read_attributes(told["facts"])
        except BadVisitError as error:
            raise WrongFieldError("facts", f"facts: {error}") from None
        except (LookupError, ValueError, RecursionError):
            raise WrongFieldError(
                "facts", 'send {"facts": {"source": "google"}}: an object of texts'
            ) from None
        if not await deps.amend(request.user.project, call, LateFacts(facts=facts)):
            raise NotFoundException("there is no such call any more")
        return CallFactsTold(call=call, facts=dict(facts))


def _wants_details(request: TokenRequest) -> bool:
    """Say whether paths and links are wanted. Raises what is answered with 403: anybody can follow a link."""
    wanted = request.query_params.get("details", "false")
    if wanted not in {"true", "false"}:
        raise WrongFieldError("details", "details: true or false")
    why = HEAR_RECORDINGS.refusal(request.user.role, request.user.scope)
    if wanted == "true" and why:
        raise PermissionDeniedException(f"details have links to recordings: {why}")
    return wanted == "true"


def _given(request: TokenRequest, others: tuple[str, ...]) -> dict[str, str]:
    """Return the parameters of the query that calls are found by; a mistyped one must not find all."""
    return {name: text for name, text in request.query_params.items() if name not in others}


def _limit(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= 9
    if not is_number or not 1 <= int(text) <= MAX_LISTED:
        raise WrongFieldError("limit", f"limit: it is a number from 1 to {MAX_LISTED}")
    return int(text)


@contextmanager
def _named() -> Iterator[None]:
    """Answer which parameter is wrong."""
    try:
        yield
    except WrongFilterError as error:
        raise WrongFieldError(error.field, str(error)) from None


@contextmanager
def _own() -> Iterator[None]:
    """Answer that a call is not there: neither another project's nor one whose time is over."""
    try:
        yield
    except NoSuchCallError:
        raise NotFoundException("there is no such call") from None
    except NoVersionError as error:
        raise HTTPException(str(error), status_code=410) from None


def _page(page: CallPage, details: Sequence[CallDetails] | None) -> bytes:
    return msgspec.json.encode(as_json.call_page(page, details))


def _json(value: object) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _no_progress() -> None:
    """Do nothing: there is no deadline."""
