"""A project file goes in whole or is refused with every mistake, and only its own project's token sees it."""

from __future__ import annotations

import asyncio

import pytest

from switchhook.api.dependencies import MAX_FILES
from tests.support.loop import run
from tests.support.projects import MINIMAL
from tests.support.web import OTHER, read_answer, serving

PATH = "/api/projects/acme"
CHECK = f"{PATH}/check"
NEW = MINIMAL.replace('"Acme"', '"Acme Ltd"')
BRANCHES = MINIMAL.replace(
    'ring = ["101"]\n',
    'ring = ["101"]\ncaller_name = "webhook"\n',
)
"""A name from a webhook where there is none (S-33)."""


def test_a_file_is_read_whole_when_it_is_asked_for_with_its_secrets() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", f"{PATH}?secrets=true")

            assert answer.status == 200
            assert answer.headers["content-type"] == "application/toml; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
            assert 'password = "reception-101"' in answer.body.decode()
            again = await web.ask("PUT", PATH, answer.body)
            assert again.json == {"project": "acme", "version": 1, "is_new": False, "notes": []}

    run(scenario())


@pytest.mark.parametrize("query", ["", "?secrets=false", "?secrets=", "?secrets=perhaps"])
def test_without_that_no_secret_is_told(query: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("GET", PATH + query)

            assert answer.status == 400
            assert "secrets" in answer.json["detail"]
            assert b"reception" not in answer.body

    run(scenario())


def test_a_file_is_applied_and_calls_follow_it() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask("PUT", PATH, NEW, Content_Type="application/toml")

            assert (answer.status, answer.json) == (
                200,
                {"project": "acme", "version": 2, "is_new": True, "notes": []},
            )
            assert web.applied == [0]
            (now,) = [one for one in await web.store.projects() if one.id == "acme"]
            assert (now.version, "Acme Ltd" in now.document) == (2, True)
            again = await web.ask("PUT", PATH, NEW)
            assert again.json == {"project": "acme", "version": 2, "is_new": False, "notes": []}
            assert web.applied == [0, 1]

    run(scenario())


def test_a_check_answers_the_same_and_applies_nothing() -> None:
    async def scenario() -> None:
        async with serving() as web:
            for body, told in ((NEW, (2, True)), (MINIMAL, (1, False))):
                answer = await web.ask("POST", CHECK, body)
                assert answer.status == 200
                assert (answer.json["version"], answer.json["is_new"]) == told
            assert [one.version for one in await web.store.projects()] == [1, 1]
            assert web.applied == []

    run(scenario())


@pytest.mark.row("R5-32")
@pytest.mark.parametrize(("method", "path"), [("PUT", PATH), ("POST", CHECK)])
def test_a_name_from_a_webhook_outside_its_branches_is_422(method: str, path: str) -> None:
    async def scenario() -> None:
        async with serving() as web:
            answer = await web.ask(method, path, BRANCHES)

            assert answer.status == 422
            (mistake,) = answer.json["mistakes"]
            assert (mistake["line"], mistake["key"]) == (
                BRANCHES.split("\n").index('caller_name = "webhook"') + 1,
                "schemes[0].steps[0].caller_name",
            )
            assert mistake["problem"] == "no webhook returned a name here"
            assert mistake["advice"]
            assert answer.json["detail"] == "the project file has 1 mistake"
            assert [one.version for one in await web.store.projects()] == [1, 1]

    run(scenario())


@pytest.mark.parametrize(
    ("body", "line", "key", "problem"),
    [
        (OTHER, 2, "project.id", "this is project other, not acme"),
        (b"\xff\xfe", 1, "", "this is not UTF-8 text"),
        (b"", 1, "", "project is missing"),
        (b"=", 1, "", "no key stands here"),
        ("a." * 40_000 + "a = 1", 1, "", "more than 50 names are joined by dots"),
        ("a = " + "[" * 50_000, 1, "", "lists or tables are nested too deeply"),
        (
            MINIMAL.replace("44222", "44333"),
            MINIMAL.split("\n").index('number = "380442223344"') + 1,
            "numbers[0].number",
            "380443333344 belongs to another project",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(
    body: bytes | str, line: int, key: str, problem: str
) -> None:
    async def scenario() -> None:
        async with serving() as web:
            for method, path in (("PUT", PATH), ("POST", CHECK)):
                answer = await web.ask(method, path, body)
                assert answer.status == 422
                told = answer.json["mistakes"][0]
                assert (told["line"], told["key"], told["problem"]) == (line, key, problem)
            assert [one.version for one in await web.store.projects()] == [1, 1]

    run(scenario())


def test_no_secret_is_repeated() -> None:
    async def scenario() -> None:
        async with serving() as web:
            body = MINIMAL.replace('"reception-101"', '"s3cr\\t"')
            answer = await web.ask("PUT", PATH, body)
            assert answer.status == 422
            assert b"s3cr" not in answer.body

    run(scenario())


def test_another_project_is_not_there() -> None:
    async def scenario() -> None:
        async with serving() as web:
            answers = [
                await web.ask("GET", "/api/projects/other?secrets=true"),
                await web.ask("PUT", "/api/projects/other", OTHER),
                await web.ask("POST", "/api/projects/other/check", OTHER),
                await web.ask("PUT", "/api/projects/nowhere", MINIMAL),
            ]
            assert [answer.status for answer in answers] == [404] * 4
            assert {answer.json["detail"] for answer in answers} == {"there is no such project"}

    run(scenario())


def test_many_at_once_make_one_version_each() -> None:
    async def scenario() -> None:
        async with serving() as web:
            bodies = [MINIMAL.replace('"Acme"', f'"Acme {n}"') for n in range(8)]
            answers = await asyncio.gather(*(web.ask("PUT", PATH, body) for body in bodies))

            assert {answer.status for answer in answers} == {200}
            assert sorted(answer.json["version"] for answer in answers) == list(range(2, 10))

    run(scenario())


HELD = f"PUT {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(NEW)}\r\n".encode() + (
    b"Authorization: Bearer acme-key\r\nExpect: 100-continue\r\n\r\n"
)
"""Begins to send a file; whether it may is said at once."""


def test_who_sends_files_slowly_keeps_out_no_other_project() -> None:
    async def scenario() -> None:
        async with serving() as web:
            held = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(MAX_FILES)]
            for reader, writer in held:
                writer.write(HELD)
                await reader.readline()
            other = "/api/projects/other/check"
            assert (await web.ask("POST", other, OTHER, key="other")).status == 200
            assert (await web.ask("POST", CHECK, NEW)).status == 503
            for _, writer in held:
                writer.close()

    run(scenario())


def test_no_more_files_are_held_than_there_is_room_for() -> None:
    async def scenario() -> None:
        async with serving() as web:
            held = [
                await asyncio.open_connection("127.0.0.1", web.port) for _ in range(MAX_FILES // 2)
            ]
            for reader, writer in held:
                writer.write(HELD)
                await reader.readuntil(b"\r\n\r\n")
            answer = await web.ask("POST", CHECK, NEW)
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            assert (await web.ask("GET", f"{PATH}?secrets=true")).status == 200
            for _, writer in held[1:]:
                writer.close()
            reader, writer = held[0]
            writer.write(NEW.encode())
            assert (await read_answer(reader)).json["version"] == 2
            writer.close()
            while (await web.ask("POST", CHECK, NEW)).status != 200:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)

    run(scenario())


def test_two_projects_that_want_one_number_do_not_both_get_it() -> None:
    free = "380445556677"

    async def scenario() -> None:
        async with serving() as web:
            mine, other = await asyncio.gather(
                web.ask("PUT", PATH, MINIMAL.replace("380442223344", free)),
                web.ask(
                    "PUT",
                    "/api/projects/other",
                    OTHER.replace("380443333344", free),
                    key="other",
                ),
            )
            assert sorted((mine.status, other.status)) == [200, 422]

    run(scenario())


@pytest.mark.row("FE-08")
def test_a_sound_that_is_missing_is_noted() -> None:
    file = f'{MINIMAL}\n[[sounds]]\nname = "welcome"\nfile = "nosuch.wav"\n'

    async def scenario() -> None:
        async with serving() as web:
            checked = await web.ask("POST", CHECK, file)
            applied = await web.ask("PUT", PATH, file)
            assert checked.json["notes"] == applied.json["notes"] == ["no welcome"]

    run(scenario())
