"""Over HTTP versions are listed, read, compared and restored, and drafts are kept, compared and activated."""

from __future__ import annotations

from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.web import USER, serving

VERSIONS = "/api/projects/acme/versions"
DRAFTS = "/api/projects/acme/drafts"


def test_versions_are_listed_read_compared_and_restored() -> None:
    async def scenario() -> None:
        async with serving() as web:
            await web.ask("PATCH", "/api/projects/acme/config/project", {"name": "Acme Ltd"})
            page = (await web.ask("GET", VERSIONS)).json
            rows = page["versions"]
            assert [(one["version"], one["by"]) for one in rows] == [
                (2, f"{USER} over the API"),
                (1, ""),
            ]
            assert page["next"] is None
            first = (await web.ask("GET", f"{VERSIONS}?limit=1")).json
            assert (first["versions"], first["next"]) == (rows[:1], 2)
            rest = (await web.ask("GET", f"{VERSIONS}?after={first['next']}")).json
            assert rest == {"versions": rows[1:], "next": None}
            assert (await web.ask("GET", f"{VERSIONS}/1")).status == 400
            first = await web.ask("GET", f"{VERSIONS}/1?secrets=true")
            assert first.body.decode() == MINIMAL
            diff = (await web.ask("GET", f"{VERSIONS}/2/diff")).json
            assert (diff["from"], diff["to"], diff["diff"]) == ("version 1", "version 2", None)
            assert diff["changes"][0]["keys"] == ["name"]
            told = (await web.ask("GET", f"{VERSIONS}/1/diff?since=2&secrets=true")).json
            assert '\n+name = "Acme"\n' in told["diff"]
            back = await web.ask("POST", f"{VERSIONS}/1/restore")
            assert (back.status, back.json["version"], back.json["is_new"]) == (200, 3, True)
            for path in ("9?secrets=true", "9/diff", f"{10**30}?secrets=true"):
                assert (await web.ask("GET", f"{VERSIONS}/{path}")).status in {400, 404}

    run(scenario())


def test_a_draft_is_kept_compared_checked_and_activated() -> None:
    async def scenario() -> None:
        async with serving() as web:
            text = MINIMAL.replace('"Acme"', '"Acme Ltd"')
            kept = await web.ask("PUT", f"{DRAFTS}/next", text)
            assert (kept.status, kept.json["base"], kept.json["is_outdated"]) == (200, 1, False)
            assert (await web.ask("GET", f"{DRAFTS}/next?secrets=true")).body.decode() == text
            patch = {"screening": {"block_withheld": True}}
            assert (await web.ask("PATCH", f"{DRAFTS}/next", patch)).status == 200
            diff = (await web.ask("GET", f"{DRAFTS}/next/diff")).json
            assert [one["kind"] for one in diff["changes"]] == ["project", "screening"]
            checked = await web.ask("POST", f"{DRAFTS}/next/check")
            assert (checked.status, checked.json["version"], web.applied) == (200, 2, [])
            await web.ask("PATCH", "/api/projects/acme/config/accounts/101", {"name": "Ann"})
            late = await web.ask("POST", f"{DRAFTS}/next/activate")
            assert (late.status, late.json["changes"][0]["name"]) == (412, "101")
            assert (await web.ask("GET", DRAFTS)).json[0]["is_outdated"] is True
            done = await web.ask("POST", f"{DRAFTS}/next/activate?force=true")
            assert (done.status, done.json["version"]) == (200, 3)
            assert (await web.ask("GET", DRAFTS)).json == []
            await web.ask("PUT", f"{DRAFTS}/wrong", "[[[")
            assert (await web.ask("POST", f"{DRAFTS}/wrong/check")).status == 422
            assert (await web.ask("DELETE", f"{DRAFTS}/wrong")).status == 204
            assert (await web.ask("DELETE", f"{DRAFTS}/wrong")).status == 404

    run(scenario())
