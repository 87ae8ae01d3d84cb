"""Whatever the OpenAPI document allows, or forbids, is answered as it says: nothing crashes, no answer is undocumented."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from switchhook.api.description.operations import OPERATIONS
from tests.support.filled import BY_ROLE, FilledStore, filled
from tests.support.web import KEYS, USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what it imports
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

EXAMPLES = int(os.environ.get("API_EXAMPLES", "3"))
"""Made-up requests to each operation with each token; `make api-fuzz` sends 50."""
IS_LONG = EXAMPLES >= 50
OPENS = KEYS | BY_ROLE
MAY_ALL = "role-owner"
"""The token for which each operation's own example is done."""
TOKENS = tuple(OPENS) if IS_LONG else (MAY_ALL,)
"""Whose tokens are tried, by their names: each scope, another project's, each role."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PLACE = re.compile(r"{(\w+)}")
_OF_PROJECT = "/api/projects/{project}"
_RUNNING = {"call": "running"}
_TABLE = {"kind": "screening"}
_SECRETS = {"secrets": True}
CHOSEN: dict[str, dict[str, Any]] = {
    "get /api/calls/{call}/why": {"target": "101"},
    "patch /api/calls/{call}": _RUNNING,
    "delete /api/calls/{call}": _RUNNING,
    "post /api/calls/{call}/transfer": _RUNNING,
    "post /api/events/{kind}": {"kind": "deal.changed"},
    f"delete {_OF_PROJECT}/tokens/{{token}}": {"token": "hooks"},
    f"get {_OF_PROJECT}": _SECRETS,
    f"get {_OF_PROJECT}/document": _SECRETS,
    f"get {_OF_PROJECT}/config/{{kind}}/{{name}}": _SECRETS,
    f"delete {_OF_PROJECT}/config/{{kind}}/{{name}}": {"kind": "events", "name": "crm"},
    f"put {_OF_PROJECT}/config/{{kind}}": _TABLE,
    f"patch {_OF_PROJECT}/config/{{kind}}": _TABLE,
    f"delete {_OF_PROJECT}/config/{{kind}}": _TABLE,
    f"get {_OF_PROJECT}/drafts/{{draft}}": _SECRETS,
    f"get {_OF_PROJECT}/versions/{{version}}": _SECRETS,
    f"get {_OF_PROJECT}/versions/{{version}}/diff": {"version": 2},
    f"get {_OF_PROJECT}/events/{{event}}": _SECRETS,
    f"post {_OF_PROJECT}/events/{{event}}/copy": _SECRETS,
}
"""What an operation's own example needs besides the first of what is there."""
NOT_THERE = {"get /api/calls/{call}/sip"}
"""What is kept of calls with telephones alone."""
SIGNED = "get /recordings/{project}/{call}/{file}"
"""Opens by a link alone."""


@schemathesis.serializer("application/toml")
def as_it_is(_context: object, value: object) -> bytes:
    """Send a project file as the text that was made."""
    return str(value).encode("utf-8", "surrogatepass")


@schemathesis.serializer("text/csv")
def as_text(_context: object, value: object) -> bytes:
    """Send a table as the text that was made."""
    return str(value).encode("utf-8", "surrogatepass")


@schemathesis.serializer("application/merge-patch+json")
def as_json(_context: object, value: object) -> bytes:
    """Send a merge patch."""
    return json.dumps(value).encode()


@dataclass(frozen=True, kw_only=True)
class TriedServer:
    """A server in a thread of its own, and the names of what is in its store."""

    url: str
    known: dict[str, list[Any]]

    def headers(self, which: str, token: str) -> dict[str, str]:
        """Return what lets a token in."""
        if which == "get /metrics":
            return {"Authorization": f"Bearer {METRICS}"}
        return {"Authorization": f"Token {USER}:{OPENS[token]}"}


METRICS = "0123456789abcdef"


@contextmanager
def served(data_dir: Path) -> Iterator[TriedServer]:
    """Serve a filled store. Streams end at once, so that their answers have an end."""
    ready, ended = threading.Event(), threading.Event()
    found: list[FilledStore] = []

    async def serve() -> None:
        async with filled(data_dir, metrics_token=METRICS) as store:
            store.web.readers.stop()
            found.append(store)
            ready.set()
            await asyncio.to_thread(ended.wait)

    def work() -> None:
        try:
            asyncio.run(serve())
        finally:
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(60)
        assert found, "the server did not start"
        yield TriedServer(url=f"http://127.0.0.1:{found[0].web.port}", known=found[0].known)
    finally:
        ended.set()
        thread.join(60)


@pytest.fixture
def tried(tmp_path: Path) -> Iterator[TriedServer]:
    with served(tmp_path) as server:
        yield server


@cache
def schema_of(read: str) -> Any:
    return schemathesis.openapi.from_dict(json.loads(read))


def operation_of(server: TriedServer, which: str) -> Any:
    method, path = which.split(" ")
    document = requests.get(f"{server.url}/api/openapi.json", timeout=30).text
    return schema_of(document)[path][method.upper()]


def own_example(operation: Any, which: str, server: TriedServer) -> Any:
    """Return the request that the document shows, about something that is there."""
    there = {name: values[0] for name, values in server.known.items()} | CHOSEN.get(which, {})
    body: Any = OPERATIONS[which].body
    if which.endswith("/deliveries/{act}"):
        body = {"ids": server.known["ids"]}
    wanted = CHOSEN.get(which, {}).keys() - set(PLACE.findall(which))
    if which == SIGNED:
        wanted = {"expires", "token"}
    types = list(operation.definition.raw.get("requestBody", {}).get("content", {}))
    return operation.Case(
        path_parameters={name: there[name] for name in PLACE.findall(which)},
        query={name: there[name] for name in wanted},
        **({} if body is None else {"body": body, "media_type": types[0]}),
    )


@pytest.mark.row("T-04")
@pytest.mark.slow
@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("which", sorted(OPERATIONS))
def test_an_operation_answers_as_the_document_says(
    tried: TriedServer, which: str, token: str
) -> None:
    operation, headers = operation_of(tried, which), tried.headers(which, token)
    example = own_example(operation, which, tried)
    answer = example.call(base_url=tried.url, headers=headers, timeout=20)

    example.validate_response(answer, checks=CHECKS)
    if token == MAY_ALL and which not in NOT_THERE:
        assert answer.status_code < 300, answer.text

    right = operation.as_strategy()
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not IS_LONG,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        case = data.draw(right if data.draw(st.integers(0, 3)) else wrong)
        for drawn in (case.path_parameters, case.query):
            for name in drawn or ():
                if (known := tried.known.get(name)) and data.draw(st.integers(0, 4)):
                    drawn[name] = data.draw(st.sampled_from(known))
        told = case.call(base_url=tried.url, headers=headers, timeout=20)
        case.validate_response(told, checks=CHECKS)

    send()
