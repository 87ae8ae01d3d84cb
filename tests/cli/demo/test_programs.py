"""The example programs start, answer and stop as the demo needs them."""

from __future__ import annotations

import asyncio
import json

import pytest

from switchhook.cli.demo.programs import EXAMPLES, Language, Processor, Receiver
from switchhook.cli.errors import CommandError
from tests.support.loop import run
from tests.support.programs import require


async def exchange(url: str, head: str, body: bytes = b"") -> bytes:
    """Send one request to a URL's host and return the whole response."""
    host, _, port = url.split("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = (
        f"{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(lines.encode() + body)
    response = await reader.read()
    writer.close()
    return response


@pytest.mark.slow
@pytest.mark.parametrize("language", ["php", "python"])
@pytest.mark.row("R1-131", "R1-132", "R1-133", "R1-134", "R1-135", "R5-46")
def test_both_processors_answer_the_same_bytes(language: Language) -> None:
    if language == "php":
        require("php")

    async def scenario() -> list[bytes]:
        processor = Processor(language)
        await processor.start()
        try:
            return [
                await exchange(processor.url, f"GET /route.php{query}")
                for query in (
                    "?insertionType=dynamic",
                    "?insertionType=static",
                    "?insertionType=Dynamic",
                    "?insertionType=",
                    "",
                )
            ]
        finally:
            await processor.stop()

    responses = run(scenario())

    number, scheme = b'{"dst_phone":380443334455}', b'{"schema":26076}'
    assert [response.partition(b"\r\n\r\n")[2] for response in responses] == [number, *[scheme] * 4]
    for response in responses:
        assert response.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"content-type: text/html; charset=utf-8\r\n" in response.lower()


@pytest.mark.slow
def test_a_processor_can_be_stopped_and_started_at_the_same_place() -> None:
    async def scenario() -> None:
        processor = Processor("python")
        await processor.start()
        await processor.start()
        await processor.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", processor.port)
        await processor.stop()
        await processor.start()
        assert b"schema" in await exchange(processor.url, "GET /route.php")
        await processor.stop()

    run(scenario())


def test_a_processor_that_cannot_start_is_told() -> None:
    async def scenario() -> None:
        processor = Processor("python")
        processor._command = (*processor._command[:-1], "not-a-port")
        with pytest.raises(CommandError, match=r"the example processor route\.py did not start"):
            await processor.start()

    run(scenario())


@pytest.mark.slow
def test_the_receiver_prints_what_it_gets() -> None:
    async def scenario() -> Receiver:
        receiver = Receiver()
        await receiver.start()
        body = json.dumps({"call_id": "1.2", "name": "Київ"}, ensure_ascii=False).encode()
        try:
            response = await exchange(receiver.url, "POST /after", body)
            assert response.startswith(b"HTTP/1.1 200 OK\r\n")
            await receiver.has({""})
        finally:
            await receiver.stop()
        return receiver

    (told,) = run(scenario()).told

    assert (told.path, told.event) == ("/after", {"call_id": "1.2", "name": "Київ"})


def test_the_examples_come_with_the_package() -> None:
    names = {path.name for path in EXAMPLES.iterdir()}

    assert {"dial_plan.py", "project.toml", "receiver.py", "route.php", "route.py"} <= names
