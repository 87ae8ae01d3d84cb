"""A whole answer to GET has an ETag, is 304 for who has it, and is compressed for who takes that; a stream is not."""

from __future__ import annotations

import gzip

import pytest

from switchhook.api.exchange.representation import may_compress, takes_gzip
from tests.support.loop import run
from tests.support.web import HOOKS, serving

DOCUMENT = "/api/openapi.json"


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=1, *;q=0", True),
    ],
)
def test_accept_encoding(header: str, takes: bool) -> None:  # noqa: FBT001 (a case)
    assert takes_gzip(header) is takes


@pytest.mark.parametrize(
    ("media_type", "size", "may"),
    [
        (b"application/json", 1024, True),
        (b"application/json", 1023, False),
        (b"application/vnd.oai.openapi+json", 9999, True),
        (b"application/toml; charset=utf-8", 9999, True),
        (b"TEXT/PLAIN", 9999, True),
        (b"text/event-stream", 9999, False),
        (b"audio/wav", 9999, False),
    ],
)
def test_only_texts_that_are_long_enough_are_compressed(
    media_type: bytes,
    size: int,
    may: bool,  # noqa: FBT001 (a case)
) -> None:
    assert may_compress(media_type, size) is may


def test_who_takes_gzip_gets_the_same_in_fewer_bytes() -> None:
    async def scenario() -> None:
        async with serving() as web:
            plain = await web.ask("GET", DOCUMENT)
            small = await web.ask("GET", DOCUMENT, Accept_Encoding="gzip")
            head = await web.ask("HEAD", DOCUMENT, Accept_Encoding="gzip")
            assert gzip.decompress(small.body) == plain.body
            assert len(small.body) < len(plain.body) / 4
            assert "content-encoding" not in plain.headers
            assert small.headers["content-encoding"] == "gzip"
            assert plain.headers["vary"] == small.headers["vary"] == "Accept-Encoding"
            assert head.headers["content-length"] == str(len(small.body))
            assert (head.body, head.headers["etag"]) == (b"", small.headers["etag"])

    run(scenario())


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("path", [DOCUMENT, HOOKS, "/api/projects/acme/versions", "/livez"])
def test_who_has_it_is_told_so(path: str, encoding: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            first = await web.ask("GET", path, Accept_Encoding=encoding)
            tag = first.headers["etag"]
            for known in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
                again = await web.ask("GET", path, If_None_Match=known, Accept_Encoding=encoding)
                assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
                assert "content-type" not in again.headers
            other = await web.ask("GET", path, If_None_Match='"other"')
            assert (other.status, other.json) == (200, (await web.ask("GET", path)).json)

    run(scenario())


def test_a_change_is_seen() -> None:
    async def scenario() -> None:
        async with serving() as web:
            tag = (await web.ask("GET", HOOKS)).headers["etag"]
            await web.ask("POST", HOOKS, {"target_url": "https://a.example/1", "event": "custom"})
            assert (await web.ask("GET", HOOKS, If_None_Match=tag)).status == 200

    run(scenario())


def test_the_tag_of_a_part_of_a_project_is_good_for_changes_though_it_was_compressed() -> None:
    async def scenario() -> None:
        async with serving() as web:
            path = "/api/projects/acme/document?secrets=true"
            plain = await web.ask("GET", path)
            small = await web.ask("GET", path, Accept_Encoding="gzip")
            is_small = "content-encoding" in small.headers
            assert small.headers["etag"] == "W/" * is_small + plain.headers["etag"]
            changed = await web.ask(
                "PATCH",
                "/api/projects/acme/document",
                {"project": {"name": "Acme & Co"}},
                If_Match=small.headers["etag"],
            )
            assert changed.status == 200

    run(scenario())


def test_streams_exports_and_errors_have_none() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.readers.stop()
            for path in ("/api/events/stream", "/api/calls/export"):
                answer = await web.send(
                    f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
                    "Authorization: Bearer acme-key\r\n\r\n".encode()
                )
                assert answer.status == 200
                assert not {"etag", "content-encoding"} & set(answer.headers)
            assert "etag" not in (await web.ask("GET", "/nowhere")).headers
            head = await web.ask("HEAD", "/api/events/stream")
            assert (head.status, "etag" in head.headers) == (200, False)

    run(scenario())
