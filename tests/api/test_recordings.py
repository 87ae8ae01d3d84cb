"""Who has a link hears its recording, whole or in parts, until its time; who has none hears nothing."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from switchhook.api.rate_limit import BURST
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.recordings import recordings_in
from switchhook.storage.records import CallRecord
from tests.operations.test_recordings import ONE, TWO, keep, named
from tests.support.loop import run
from tests.support.promises import ended
from tests.support.web import Web, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LIST = "/api/calls/100.1/recordings"


@asynccontextmanager
async def _web(data_dir: Path) -> AsyncIterator[Web]:
    """Serve a recorded call of each project."""
    keep(data_dir, "acme/100.1/r1")
    keep(data_dir, "acme/100.1/r2", TWO)
    keep(data_dir, "other/300.1/r1")
    kept = recordings_in(data_dir, base="https://pbx.example.com", keep_days=90)
    async with serving(recordings=kept) as web:
        for project, call in (("acme", "100.1"), ("acme", "200.1"), ("other", "300.1")):
            snapshot = ProjectSnapshot(Project(id=project, name=project))
            await web.store.commit(CallRecord(call=replace(ended(call), snapshot=snapshot)))
        yield web


def _path(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


async def _link(web: Web, which: int = 0, seconds: int = 60) -> str:
    """Return path and query of a link to a recording of the first call."""
    listed = (await web.ask("GET", f"{LIST}?link_seconds={seconds}")).json
    return _path(listed["recordings"][which]["link"])


def test_the_recordings_of_a_call_are_listed_with_links(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            answer = await web.ask("GET", LIST)
            assert answer.status == 200
            one, two = answer.json["recordings"]
            assert one | {"link": "", "ended_at": ""} == {
                "recording": "r1",
                "seconds": 1.0,
                "size": 16044,
                "channels": 1,
                "ended_at": "",
                "link": "",
            }
            assert two["link"].startswith(
                "https://pbx.example.com/recordings/acme/100.1/r2.wav?expires=4600&token="
            )
            assert "/acme/100.1/all.wav?" in answer.json["link"]
            none = await web.ask("GET", "/api/calls/200.1/recordings")
            assert (none.status, none.json["recordings"], none.json["link"]) == (200, [], "")

    run(scenario())


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/calls/300.1/recordings", "acme", 404),
        ("/api/calls/nobody/recordings", "acme", 404),
        ("/api/calls/..%2f300.1/recordings", "acme", 404),
        (LIST, "other", 404),
        (LIST, "events", 403),
        (LIST, "", 401),
        (f"{LIST}?link_seconds=0", "acme", 400),
        (f"{LIST}?link_seconds=99999999", "acme", 400),
        (f"{LIST}?link_seconds=soon", "acme", 400),
    ],
)
def test_no_other_projects_recordings_are_listed(
    tmp_path: Path, path: str, key: str, status: int
) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            assert (await web.ask("GET", path, key=key)).status == status

    run(scenario())


def test_a_link_needs_no_token_and_ends_at_its_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            link, data = await _link(web), (tmp_path / "recordings/acme/100.1/r1.wav").read_bytes()
            answer = await web.ask("GET", link, key="")
            assert (answer.status, answer.body) == (200, data)
            assert answer.headers["content-type"] == "audio/wav"
            assert answer.headers["content-disposition"] == 'inline; filename="100.1-r1.wav"'
            assert answer.headers["cache-control"] == "private, no-cache"
            assert answer.headers["accept-ranges"] == "bytes"
            assert answer.headers["last-modified"] == "Thu, 01 Jan 1970 00:16:40 GMT"
            saved = await web.ask("GET", f"{link}&download=1", key="")
            assert saved.headers["content-disposition"].startswith("attachment;")
            head = await web.ask("HEAD", link, key="")
            assert (head.status, head.body) == (200, b"")
            assert head.headers["content-length"] == str(len(data))
            web.now += 60.0
            late = await web.ask("GET", link, key="")
            assert (late.status, late.json["detail"]) == (
                403,
                "this link has expired; ask for a new one",
            )

    run(scenario())


def test_all_recordings_of_a_call_are_heard_as_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            link = _path((await web.ask("GET", LIST)).json["link"])
            answer = await web.ask("GET", link, key="", Range="bytes=44-")
            assert answer.status == 206
            assert answer.body == ONE + TWO

    run(scenario())


def test_parts_are_sent(tmp_path: Path) -> None:
    data = keep(tmp_path, "acme/100.1/r1").read_bytes()

    async def scenario() -> None:
        async with _web(tmp_path) as web:
            link = await _link(web)
            one = await web.ask("GET", link, key="", Range="bytes=100-199")
            assert (one.status, one.body) == (206, data[100:200])
            assert one.headers["content-range"] == "bytes 100-199/16044"
            tag = one.headers["etag"]
            two = await web.ask("GET", link, key="", Range="bytes=0-3,-2", If_Range=tag)
            assert two.status == 206
            assert len(two.body) == int(two.headers["content-length"])
            head = f"Content-Type: {two.headers['content-type']}\r\n\r\n".encode()
            parts = list(message_from_bytes(head + two.body).walk())[1:]
            assert [(part["Content-Range"], part.get_payload(decode=True)) for part in parts] == [
                ("bytes 0-3/16044", b"RIFF"),
                ("bytes 16042-16043/16044", data[-2:]),
            ]
            none = await web.ask("GET", link, key="", Range="bytes=16044-")
            assert (none.status, none.headers["content-range"]) == (416, "bytes */16044")
            whole = await web.ask("GET", link, key="", Range="bytes=0-3", If_Range='"other"')
            assert (whole.status, whole.body) == (200, data)
            known = await web.ask("GET", link, key="", If_None_Match=tag)
            assert (known.status, known.body, known.headers["etag"]) == (304, b"", tag)

    run(scenario())


def test_what_was_deleted_is_not_found_any_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            link = await _link(web)
            gone = await web.ask("DELETE", f"{LIST}/r1")
            assert (gone.status, gone.json) == (200, {"call": "100.1", "deleted": ["r1"]})
            assert (await web.ask("GET", link, key="")).status == 404
            assert (await web.ask("DELETE", f"{LIST}/r1")).status == 404
            assert (await web.ask("DELETE", f"{LIST}/..")).status == 404
            assert (await web.ask("DELETE", f"{LIST}/all", key="other")).status == 404
            assert (await web.ask("DELETE", f"{LIST}/all", key="events")).status == 403
            assert (await web.ask("DELETE", f"{LIST}/all")).json["deleted"] == ["r2"]
            assert (await web.ask("GET", LIST)).json["recordings"] == []

    run(scenario())


def test_guesses_are_limited_and_good_links_are_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            link = await _link(web)
            wrong = link[:-1] + ("0" if link[-1] != "0" else "1")
            statuses = [(await web.ask("GET", wrong, key="")).status for _ in range(BURST + 1)]
            assert statuses == [403] * BURST + [429]
            assert "retry-after" in (await web.ask("GET", wrong, key="")).headers
            assert (await web.ask("GET", link, key="")).status == 200
            assert (await web.ask("GET", LIST)).status == 200

    run(scenario())


@pytest.mark.parametrize(
    "path",
    [
        *("/recordings/acme/100.1/r1.wav", "/recordings/acme/100.1/r1.wav?expires=9999999999"),
        "/recordings/acme/100.1/../../../switchhook.sqlite?expires=9999999999&token=0",
        "/recordings/acme/100.1/..%2f..%2f..%2fswitchhook.sqlite.key?expires=9999999999&token=0",
        "/recordings/acme/100.1/%00?expires=%00&token=%ff",
        "/recordings/a/b/c?expires=1&expires=2&token=&token=3",
    ],
)
def test_without_a_signature_nothing_is_reached(tmp_path: Path, path: str) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            assert (await web.ask("GET", path, key="")).status in {403, 404}

    run(scenario())


def test_a_signature_leads_out_of_no_folder(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _web(tmp_path) as web:
            kept = recordings_in(tmp_path, base="https://pbx.example.com", keep_days=90)
            for path in ("/recordings/acme/100.1/r1", "/recordings/acme/100.1/r9.wav"):
                token = kept.links._token(path, "9999")
                answer = await web.ask("GET", f"{path}?expires=9999&token={token}", key="")
                assert answer.status == (404 if "r9" in path else 200)
            (tmp_path / "recordings/acme/100.1/r3.wav").symlink_to(tmp_path / "recording-links.key")
            link = _path(kept.links.link(named("100.1", "r3"), expires=9999))
            assert (await web.ask("GET", link, key="")).status == 404

    run(scenario())
