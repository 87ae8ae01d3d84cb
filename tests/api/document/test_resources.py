"""Over HTTP parts of a project are read with ETags, changed under If-Match, and secrets are shown only when asked for."""

from __future__ import annotations

import pytest

from tests.support.loop import run
from tests.support.web import serving

CONFIG = "/api/projects/acme/config"
ONE = f"{CONFIG}/accounts/301"
LOGIN = {"login": "301", "password": "workshop-301"}


def test_a_resource_is_put_read_patched_and_removed_with_etags() -> None:
    async def scenario() -> None:
        async with serving() as web:
            put = await web.ask("PUT", ONE, LOGIN, **{"If-None-Match": "*"})
            assert (put.status, put.json["version"], put.json["changes"]) == (
                200,
                2,
                [{"kind": "accounts", "name": "301", "change": "added", "keys": []}],
            )
            read = await web.ask("GET", f"{ONE}?secrets=true")
            assert (read.json, read.headers["etag"]) == (LOGIN, put.headers["etag"])
            tag = read.headers["etag"]
            kept = await web.ask("GET", f"{ONE}?secrets=true", **{"If-None-Match": tag})
            assert (kept.status, kept.body) == (304, b"")
            patched = await web.ask("PATCH", ONE, {"name": "Ann"}, **{"If-Match": tag})
            assert (patched.status, patched.json["changes"][0]["keys"]) == (200, ["name"])
            late = await web.ask("PATCH", ONE, {"name": "Mary"}, **{"If-Match": tag})
            assert (late.status, late.json["etag"]) == (412, patched.json["etag"])
            assert late.json["changes"][0]["keys"] == ["name"]
            assert (await web.ask("PUT", ONE, LOGIN, **{"If-None-Match": "*"})).status == 412
            now = patched.headers["etag"]
            assert (await web.ask("DELETE", ONE, **{"If-Match": now})).status == 200
            assert (await web.ask("DELETE", ONE)).status == 404
            assert len(web.applied) == 3

    run(scenario())


def test_what_uses_a_resource_is_answered_and_goes_with_cascade() -> None:
    async def scenario() -> None:
        async with serving() as web:
            used = await web.ask("DELETE", f"{CONFIG}/schemes/1")
            assert used.status == 409
            assert used.json["uses"] == [
                {"kind": "numbers", "name": "380442223344", "key": "numbers[0].scheme"}
            ]
            tried = await web.ask("DELETE", f"{CONFIG}/schemes/1?cascade=true&check=true")
            assert (tried.status, web.applied) == (200, [])
            gone = await web.ask("DELETE", f"{CONFIG}/schemes/1?cascade=true")
            assert (gone.status, gone.json["etag"]) == (200, "")
            assert (await web.ask("GET", f"{CONFIG}/numbers")).json == []

    run(scenario())


def test_kinds_and_lists_show_no_secret_unasked() -> None:
    async def scenario() -> None:
        async with serving() as web:
            kinds = {one["kind"]: one for one in (await web.ask("GET", CONFIG)).json}
            assert (kinds["accounts"]["key"], kinds["accounts"]["has_secrets"]) == ("login", True)
            assert (await web.ask("GET", f"{CONFIG}/accounts/101")).status == 400
            (account,) = (await web.ask("GET", f"{CONFIG}/accounts")).json
            assert account.keys() == {"name", "etag"}
            (number,) = (await web.ask("GET", f"{CONFIG}/numbers")).json
            assert number["value"]["scheme"] == 1
            shown = await web.ask("GET", f"{CONFIG}/project")
            assert (shown.status, shown.json["id"]) == (200, "acme")

    run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "said"),
    [
        ("GET", f"{CONFIG}/acounts", b"", {}, 404, "did you mean accounts?"),
        ("GET", f"{CONFIG}/numbers/1", b"", {}, 404, "no '1' in numbers"),
        ("GET", f"{CONFIG}/screening", b"", {}, 404, "has no screening"),
        ("PUT", f"{CONFIG}/numbers", b"{}", {}, 404, "say which of numbers"),
        ("PUT", ONE, b"7", {}, 400, "send one table of accounts"),
        ("PUT", ONE, b"{}", {"If-Match": "x"}, 400, "If-Match is no ETag"),
        ("PUT", ONE, b"{}", {"If-None-Match": '"x"'}, 400, "If-None-Match may be *"),
        ("PUT", ONE, b"{}", {"If-Match": '"1-0"'}, 412, "changed since"),
        ("PATCH", ONE, b"[]", {}, 400, "null takes a key away"),
        ("PUT", ONE, b"{}", {}, 422, "1 mistake"),
        ("PATCH", f"{CONFIG}/project", b'{"id":"other"}', {}, 422, "1 mistake"),
        ("PATCH", f"{CONFIG}/project", b'{"allowed_networks":["10.0.0.0/8"]}', {}, 422, "1 mist"),
    ],
)
def test_what_is_wrong_is_said(  # noqa: PLR0917 (as parametrize gives them)
    method: str, path: str, body: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask(method, path, body, **headers)
            assert (answer.status, said in answer.json["detail"]) == (status, True), answer.body
            assert web.applied == []

    run(scenario())


def test_another_project_and_a_token_for_less_get_nowhere() -> None:
    async def scenario() -> None:
        async with serving() as web:
            for method in ("GET", "PUT", "PATCH", "DELETE"):
                other = await web.ask(method, "/api/projects/other/config/accounts/201", b"{}")
                less = await web.ask(method, f"{CONFIG}/accounts/101", b"{}", key="events")
                assert (other.status, less.status) == (404, 403)

    run(scenario())


def test_the_document_is_read_applied_and_patched_as_json() -> None:
    async def scenario() -> None:
        async with serving() as web:
            path = "/api/projects/acme/document"
            assert (await web.ask("GET", path)).status == 400
            read = await web.ask("GET", f"{path}?secrets=true")
            document, tag = read.json, read.headers["etag"]
            same = await web.ask("PUT", path, document)
            assert (same.status, same.json["is_new"]) == (200, False)
            patch = {"project": {"name": "Acme Ltd"}}
            done = await web.ask("PATCH", path, patch, **{"If-Match": tag})
            assert (done.status, done.json["changes"][0]["keys"]) == (200, ["name"])
            late = await web.ask("PUT", path, document, **{"If-Match": tag})
            assert (late.status, late.json["changes"][0]["kind"]) == (412, "project")
            wrong = await web.ask("PUT", path, document | {"numbers": 7})
            assert (wrong.status, wrong.json["mistakes"][0]["key"]) == (422, "numbers")
            assert (await web.ask("PUT", path, b"[]")).status == 400

    run(scenario())
