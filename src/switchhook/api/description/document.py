"""Completes the OpenAPI document: ids, bodies, examples, headers, and the answers that every operation may give."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.openapi.plugins import JsonRenderPlugin

from switchhook.api.description.examples import CALL_ID, DELIVERY_ID
from switchhook.api.description.operations import OPERATIONS
from switchhook.api.exchange.problems import PROBLEM_TYPE, phrase
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Litestar, Request
    from litestar.types import ASGIApp, Receive, Scope, Send

    from switchhook.api.description.operations import DescribedOperation

DocumentPart = dict[str, Any]

PARAMETERS: Final[dict[str, tuple[str, Any]]] = {
    "project": ("The project of the token.", "acme"),
    "call": ("The id of a call.", CALL_ID),
    "recording": ("The id of a recording of the call, or `all`.", "r1"),
    "file": ("A recording with its suffix.", "r1.wav"),
    "kind": ("A kind of parts of a project, or of events that are no calls.", "accounts"),
    "name": ("What names the part within its kind.", "301"),
    "version": ("The number of a version.", 7),
    "draft": ("The name of a draft.", "spring"),
    "event": ("The name of an event of the project.", "crm after"),
    "delivery": ("The id of a delivery.", DELIVERY_ID),
    "act": ("What is done: check, uncheck or send.", "check"),
    "number": ("The number of a subscription, a job, a rehearsal or an import.", 1),
    "table": ("The name of a table.", "vip"),
    "login": ("The login of a user.", "olena@example.com"),
    "token": ("The id of a token.", "3f0c5a9d21be"),
    "visit": ("The website's own id of the visit.", "123456"),
}
"""What a part of a path is, with an example, by its name; it means the same in all paths."""
QUERY: Final[dict[str, str]] = {
    "after": "The place to go on from: `next` of the page before.",
    "limit": "How many at most.",
    "types": "Only events of these types, between commas.",
    "link_seconds": "How long the links are good.",
    "expires": "Until when the link is good, in Unix seconds.",
    "token": "The link's own proof.",
    "Range": "The bytes that are wanted (RFC 9110 §14.2).",
}
"""What parameters of the query and headers are where their handler does not say it."""
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer", "minimum": 0}
HEADERS: Final[DocumentPart] = {
    "X-Request-Id": {
        "description": "The id of the request: its own, or a new one. It stands in the log.",
        "schema": _TEXT,
    },
    "ETag": {"description": "Sent back as If-None-Match, it saves the body.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": _NUMBER},
    "WWW-Authenticate": {"description": "How to send a token.", "schema": _TEXT},
    "RateLimit-Limit": {"description": "Requests a minute for a token.", "schema": _NUMBER},
    "RateLimit-Remaining": {"description": "Requests that are left now.", "schema": _NUMBER},
    "RateLimit-Reset": {"description": "Seconds until all are there again.", "schema": _NUMBER},
}
_OF_TOKEN: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_EVERYWHERE: Final = {
    500: "A mistake in Switchhook; its log has more.",
    503: "The database cannot be used now; Retry-After says for how long.",
}
_BINARY: Final = ("audio/", "multipart/", "application/vnd.tcpdump.pcap")
_STREAMED: Final = frozenset({"text/event-stream", "audio/wav", "audio/mpeg", "audio/ogg"})


class CompletedDocument(JsonRenderPlugin):
    """Serves the document completed; it is built once, in a thread."""

    def __init__(self) -> None:
        super().__init__(path="/")  # pages for browsers load from afar
        self._built = b""

    def build(self, routed: Litestar) -> None:
        """Build the document of an application, unless that is done: some 150 ms, in which no call is served."""
        if not self._built:
            schema = routed.plugins.get(OpenAPIPlugin).provide_openapi_schema()
            self._built = msgspec.json.encode(complete(schema))

    def render(self, request: Request[Any, Any, Any], openapi_schema: DocumentPart) -> bytes:
        """Return the document, which `with_document` had built."""
        del request, openapi_schema
        return self._built


def with_document(
    app: ASGIApp, routed: Litestar, document: CompletedDocument, path: str
) -> ASGIApp:
    """Have the document built in a thread before the first request for its path is answered."""
    building = asyncio.Lock()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].rstrip("/") == path:
            async with building:
                await compute(document.build, routed)
        await app(scope, receive, send)

    return answer


def complete(document: DocumentPart) -> DocumentPart:
    """Return a document with all that clients and their generators need to know."""
    told: DocumentPart = msgspec.json.decode(msgspec.json.encode(document))
    components = told["components"]
    named = (one for about in OPERATIONS.values() for one in (about.takes, about.gives))
    types = {one for one in named if isinstance(one, type)}
    _, schemas = msgspec.json.schema_components(
        sorted(types, key=lambda one: one.__name__), ref_template="#/components/schemas/{name}"
    )
    components["schemas"] = schemas | components["schemas"]
    components["headers"] = HEADERS
    shared: DocumentPart = {}
    for which, operation in _operations(told):
        _complete(operation, which, OPERATIONS[which])
        operation["responses"] = {
            status: _shared(status, answer, shared)
            for status, answer in sorted(operation["responses"].items())
        }
    components["responses"] = shared
    return told


def _shared(status: str, answer: DocumentPart, shared: DocumentPart) -> DocumentPart:
    """Return a reference to an error answer that several operations give."""
    if int(status) < 400:
        return answer
    known = [name for name, one in shared.items() if one == answer]
    name = (
        known[0]
        if known
        else f"Problem{status}.{sum(n.startswith(f'Problem{status}') for n in shared) + 1}"
    )
    shared[name] = answer
    return {"$ref": f"#/components/responses/{name}"}


def _operations(document: DocumentPart) -> Iterator[tuple[str, DocumentPart]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


def _complete(operation: DocumentPart, which: str, about: DescribedOperation) -> None:
    operation["operationId"] = about.id
    operation["summary"] = operation.get("description", "").partition(". ")[0].rstrip(".")
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            said, example = PARAMETERS[parameter["name"]]
            parameter["description"] = said
            is_text = parameter["schema"].get("type") == "string"
            parameter["example"] = str(example) if is_text else example
        elif parameter["name"] in QUERY:
            parameter.setdefault("description", QUERY[parameter["name"]])
    _complete_body(operation, about)
    _complete_answers(operation, which, about)


def _reference(named: type) -> DocumentPart:
    return {"$ref": f"#/components/schemas/{named.__name__}"}


def _complete_body(operation: DocumentPart, about: DescribedOperation) -> None:
    if about.takes is not None:
        schema = _reference(about.takes) if isinstance(about.takes, type) else about.takes
        content: DocumentPart = {media: {"schema": schema} for media in about.media}
        operation["requestBody"] = {"required": True, "content": content}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        media["example"] = about.body


def _complete_answers(operation: DocumentPart, which: str, about: DescribedOperation) -> None:
    answers = operation["responses"]
    for status, meaning in _EVERYWHERE.items():
        problem = {"$ref": "#/components/schemas/Problem"}
        answers.setdefault(
            str(status), {"description": meaning, "content": {PROBLEM_TYPE: {"schema": problem}}}
        )
    is_of_token = operation.get("security") != [{}] and which != "get /metrics"
    for status, answer in answers.items():
        names = ["X-Request-Id", *_headers_of(int(status), which, answer)]
        if is_of_token and status != "401":
            names += _OF_TOKEN
        answer["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)
        } | {name: one for name, one in answer.get("headers", {}).items() if name not in HEADERS}
        for media_type, media in answer.get("content", {}).items():
            if int(status) < 400 and about.gives is not None:
                media["schema"] = _reference(about.gives)
            example = _example(int(status), media_type, about, answer["description"])
            if example is not None:
                media["example"] = example


def _headers_of(status: int, which: str, answer: DocumentPart) -> Iterator[str]:
    if status in {429, 503}:
        yield "Retry-After"
    if status == 401:
        yield "WWW-Authenticate"
    is_whole = not _STREAMED & answer.get("content", {}).keys() and not which.endswith("/export")
    if status == 200 and which.startswith("get ") and is_whole:
        yield "ETag"


def _example(status: int, media_type: str, about: DescribedOperation, meaning: str) -> Any:  # noqa: ANN401 (JSON)
    if status < 400:
        return None if media_type.startswith(_BINARY) else about.answer
    if media_type != PROBLEM_TYPE:
        return None
    told = {"type": "about:blank", "title": phrase(status), "status": status, "detail": meaning}
    return told | _FURTHER.get(status, {})


_FURTHER: Final[dict[int, DocumentPart]] = {
    400: {"field": "limit"},
    409: {"uses": [{"kind": "numbers", "name": "380442223344", "key": "numbers[0].scheme"}]},
    412: {"version": 8, "etag": "8-91bc5f2e", "changes": []},
    422: {
        "mistakes": [
            {"line": 23, "key": "schemes[0].steps", "problem": "it is empty", "advice": "ring"}
        ]
    },
}
