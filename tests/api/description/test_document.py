"""The OpenAPI document is whole: each operation has a name, sentences, and examples that are what their schemas say."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from switchhook.api.description.operations import OPERATIONS
from switchhook.api.exchange.problems import PROBLEM_TYPE
from tests.support.loop import run
from tests.support.web import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

METASCHEMA = "https://json-schema.org/draft/2020-12/schema"
NO_EXAMPLE = {
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "multipart/byteranges",
    "application/vnd.tcpdump.pcap",
}
"""Media types of bytes that are no text."""


@cache
def document() -> Any:
    async def scenario() -> Any:
        async with serving() as web:
            return (await web.ask("GET", "/api/openapi.json", key="")).json

    return run(scenario())


def operations() -> Iterator[tuple[str, Any]]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


def resolved(one: Any) -> Any:
    """Return what a reference of the document leads to."""
    found = one
    while isinstance(found, dict) and "$ref" in found:
        at = document()
        for part in found["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        found = at
    return found


def media(operation: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield status (`body` of the request), type and description of whatever is sent."""
    for media_type, one in operation.get("requestBody", {}).get("content", {}).items():
        yield "body", media_type, one
    for status, answer in operation["responses"].items():
        for media_type, one in resolved(answer).get("content", {}).items():
            yield status, media_type, one


def test_it_is_openapi_3_1_and_tells_of_every_operation_once() -> None:
    assert re.fullmatch(r"3\.1\.\d", document()["openapi"])
    assert {which for which, _ in operations()} == set(OPERATIONS)
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)


def test_each_operation_and_parameter_has_its_sentence() -> None:
    for which, operation in operations():
        assert operation["summary"], which
        assert operation["description"], which
        assert operation["tags"], which
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (which, parameter["name"])
            assert parameter["in"] != "path" or "example" in parameter, which


@pytest.mark.parametrize("which", sorted(OPERATIONS))
def test_its_examples_are_what_its_schemas_say(which: str) -> None:
    operation = dict(operations())[which]
    shown = list(media(operation))

    for status, media_type, one in shown:
        assert "example" in one or media_type in NO_EXAMPLE, (status, media_type)
        schema = {"$schema": METASCHEMA, **one["schema"], "components": document()["components"]}
        if "example" in one:
            jsonschema.Draft202012Validator(schema).validate(one["example"])
    methods = {"post", "put", "patch"}
    acts = {"activate", "restore", "check", "test"}
    takes_body = which.split(" ", maxsplit=1)[0] in methods and which.rpartition("/")[2] not in acts
    assert not takes_body or any(status == "body" for status, _, _ in shown)


def test_errors_are_problems_with_their_headers() -> None:
    for which, operation in operations():
        for status, answer in operation["responses"].items():
            found = resolved(answer)
            assert "X-Request-Id" in found["headers"], which
            if int(status) >= 400:
                assert set(found["content"]) == {PROBLEM_TYPE}, (which, status)
            if status in {"429", "503"}:
                assert "Retry-After" in found["headers"], which
            if status == "401":
                assert "WWW-Authenticate" in found["headers"], which


def test_whole_answers_to_get_have_a_tag() -> None:
    without = {
        which
        for which, operation in operations()
        if which.startswith("get ")
        and "ETag" not in resolved(operation["responses"]["200"])["headers"]
    }

    assert without == {
        "get /api/calls/export",
        "get /api/calls/live",
        "get /api/events/stream",
        "get /recordings/{project}/{call}/{file}",
    }
