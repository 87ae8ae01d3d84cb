"""`switchhook receive`: a receiver on this machine, which shows, verifies, answers, keeps and replays."""

import asyncio
import json as json_
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

from cyclopts import Parameter
from cyclopts.validators import Number

from switchhook.cli.building.sending import send_all
from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.options import Config, DataDir, Json, OfProject, read_bytes
from switchhook.cli.output import print_whole, stderr, stdout
from switchhook.cli.project_source import ProjectFileOption, snapshot_of
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.event import EventMail
from switchhook.tryout.answer_script import (
    MOST_SECONDS,
    AnswerScript,
    AnswerScriptError,
    PlannedAnswer,
    header,
    read_answer_script,
    seconds,
)
from switchhook.tryout.kept_requests import kept_line, read_kept, replayed
from switchhook.tryout.local_receiver import LocalReceiver, Reception
from switchhook.tryout.lookup import find_webhook
from switchhook.views.text import one_line
from switchhook.webhooks.verifying import check_key

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest

_MOST_SHOWN = 16 * 1024
"""Bytes of a body that are shown to people; `--json` and `--keep` have all."""
LENGTH = Number(gte=0, lte=int(MOST_SECONDS))
"""Seconds that an answer may take."""

VerifyingKeys = Annotated[
    tuple[str, ...],
    Parameter(
        help="Key that signatures are verified with, whsec_…, or the public whpk_…; may be repeated.",
        name="--secret",
        negative=(),
        show_default=False,
    ),
]
ProvingWebhook = Annotated[
    str | None,
    Parameter(
        help="Verify as this webhook of the project proves itself: signatures, HMAC, passwords, tokens.",
        name="--webhook",
    ),
]


def receive(
    *,
    host: Annotated[str, Parameter(help="Address to listen on.", name="--host")] = "127.0.0.1",
    port: Annotated[
        int,
        Parameter(
            help="Port; 0 takes a free one.", name="--port", validator=Number(gte=0, lte=65535)
        ),
    ] = 8081,
    secret: VerifyingKeys = (),
    webhook: ProvingWebhook = None,
    status: Annotated[
        int, Parameter(help="Status of the answers.", validator=Number(gte=200, lte=599))
    ] = 200,
    body: Annotated[str, Parameter(help="Body of the answers.", show_default=False)] = "",
    retry_after: Annotated[
        str,
        Parameter(help="Retry-After of the answers: seconds or a date.", show_default=False),
    ] = "",
    delay: Annotated[
        float, Parameter(help="Seconds until an answer begins.", validator=LENGTH)
    ] = 0.0,
    drip: Annotated[
        float, Parameter(help="Seconds after each byte of an answer.", validator=LENGTH)
    ] = 0.0,
    reset: Annotated[
        bool, Parameter(help="Reset each connection in place of an answer.", negative=())
    ] = False,
    script: Annotated[
        Path | None,
        Parameter(
            help="File with a line for each answer: `503 times=3`, `429 retry-after=30`,"
            " `200 delay=2 drip=0.1 body=ok`, `reset`; the last one is for all that follow."
        ),
    ] = None,
    keep: Annotated[
        Path | None, Parameter(help="Append each request to this file, to replay it.")
    ] = None,
    replay: Annotated[
        Path | None,
        Parameter(help="Send what was kept in this file to --to, and receive nothing."),
    ] = None,
    to: Annotated[
        str | None, Parameter(help="URL to replay to; without a path, each goes to its own.")
    ] = None,
    count: Annotated[
        int | None, Parameter(help="End after so many requests.", validator=Number(gte=1))
    ] = None,
    project: OfProject = None,
    file: ProjectFileOption = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Receive webhooks on this machine: show, verify, answer well or badly, keep and replay them."""
    for key in secret:
        try:
            check_key(key)
        except ValueError as error:
            raise UsageError(f"--secret is no key: {error}") from None
    credentials = NO_CREDENTIALS
    if webhook is not None:
        credentials = _credentials(webhook, project, file, config, data_dir)
    elif project is not None or file is not None:
        raise UsageError("--project and --file go with --webhook: it says whose proof is verified")
    if (replay is None) != (to is None):
        raise UsageError("--replay FILE and --to URL go together")
    if replay is not None and to is not None:
        return _replay(replay, to, secret, credentials, json=json)
    plain = _plain(status, body, retry_after, delay, drip, is_reset=reset)
    if script is not None and plain != PlannedAnswer():
        raise UsageError("a script says all answers; leave out the options of answers beside it")
    answers = AnswerScript([(plain, 1)]) if script is None else read_answer_script(_text(script))
    return _receive(
        Hearing(json=json, count=count, file=keep),
        lambda hearing: LocalReceiver(
            answers,
            hearing.take,
            clock=time.time,
            credentials=credentials,
            keys=secret,
            host=host,
            port=port,
            misread=hearing.complain,
        ),
        where=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
    )


class Hearing:
    """Prints and keeps what comes, and counts it."""

    def __init__(self, *, json: bool, count: int | None, file: Path | None) -> None:
        self._json = json
        self._left = count
        self._file: BinaryIO | None = None
        if file is not None:
            try:
                self._file = file.open("ab", buffering=0)
            except OSError as error:
                raise CommandError(f"{file} cannot be written: {error.strerror}") from error
        self.wrong = 0
        self.failure: str = ""
        self.over = asyncio.Event()

    def take(self, reception: Reception) -> None:
        """Take one request."""
        if self.over.is_set():
            return
        self.wrong += not reception.is_right
        if self._file is not None:
            try:
                self._file.write(kept_line(reception.request))
            except OSError as error:
                self.failure = f"the request could not be kept: {error.strerror}"
                self.over.set()
        _print_json(reception) if self._json else _show(reception)
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self.over.set()

    def complain(self, why: str) -> None:
        """Say what was no request."""
        stderr().print(f"switchhook: answered 400: {one_line(why)}")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _credentials(
    name: str, project: str | None, file: Path | None, config: Path | None, data_dir: Path | None
) -> Credentials:
    snapshot = snapshot_of(project, file, config, data_dir)
    if (streamed := snapshot.stream_webhooks.get(name)) is not None:
        return streamed.credentials
    found = find_webhook(snapshot, name)
    if isinstance(found, EventMail):
        raise UsageError(f"{name} sends mail, and no request")
    return found.credentials


def _plain(
    status: int, body: str, retry_after: str, delay: float, drip: float, *, is_reset: bool
) -> PlannedAnswer:
    try:
        return PlannedAnswer(
            status=status,
            body=body.encode(),
            retry_after=header(retry_after),
            delay=seconds(f"{delay:f}"),
            drip=seconds(f"{drip:f}"),
            is_reset=is_reset,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def _text(script: Path) -> str:
    try:
        return read_bytes(script).decode()
    except UnicodeDecodeError:
        raise AnswerScriptError("the script is not UTF-8 text; write it in UTF-8") from None


def _receive(hearing: Hearing, make: Callable[[Hearing], LocalReceiver], *, where: str) -> int:
    async def listen() -> None:
        # A handler of the loop wakes it even where Ctrl-C comes just before it goes to sleep; Python's own does not.
        running, loop = asyncio.current_task(), asyncio.get_running_loop()
        if running is not None:
            loop.add_signal_handler(signal.SIGINT, running.cancel)
        try:
            async with make(hearing) as receiver:
                shown = f"http://{where.rpartition(':')[0]}:{receiver.port}/"
                stderr().print(f"receiving at {shown}; Ctrl-C ends it")
                await hearing.over.wait()
                await asyncio.sleep(0)
                await receiver.finish()
        except OSError as error:
            raise CommandError(
                f"{where} cannot be listened on: {os.strerror(error.errno or 0)}; name another with --port or --host"
            ) from error

    try:
        with suppress(asyncio.CancelledError, KeyboardInterrupt):  # the usual end
            asyncio.run(listen())
    finally:
        hearing.close()
    if hearing.failure:
        raise CommandError(hearing.failure)
    if hearing.wrong:
        stderr().print(f"switchhook: {hearing.wrong} did not prove who sends")
    return 1 if hearing.wrong else 0


def _show(reception: Reception) -> None:
    request, console = reception.request, stdout()
    clock = time.strftime("%H:%M:%S", time.localtime(request.at))
    again = f", the same webhook-id {reception.repeats} times before" if reception.repeats else ""
    console.print(f"{clock} {one_line(f'{request.method} {request.target}')}{again}")
    for name, value in request.headers:
        console.print(f"  {one_line(f'{name}: {value}')}", style="dim")
    for line in _shown_body(request.body):
        console.print(f"  {one_line(line)}")
    for verdict in reception.verdicts:
        said = "right" if verdict.is_right else f"WRONG: {verdict.why}"
        style = "green" if verdict.is_right else "red"
        console.print(f"  {one_line(f'{verdict.what}: {said}')}", style=style)
    console.print(f"  {reception.answer}", style="dim")


def _shown_body(body: bytes) -> list[str]:
    text = body[:_MOST_SHOWN].decode("utf-8", "replace")
    with suppress(ValueError):
        text = json_.dumps(json_.loads(body), ensure_ascii=False, indent=2)[:_MOST_SHOWN]
    lines = text.split("\n") if text else []
    return [*lines, f"… {len(body)} bytes in all"] if len(body) > _MOST_SHOWN else lines


def _print_json(reception: Reception) -> None:
    request = reception.request
    told: dict[str, Any] = json_.loads(kept_line(request))
    told |= {
        "repeats": reception.repeats,
        "verified": [
            {"proof": one.what, "right": one.is_right, "why": one.why} for one in reception.verdicts
        ],
        "answered": str(reception.answer),
    }
    print_whole(json_.dumps(told, ensure_ascii=True).encode() + b"\n")
    sys.stdout.flush()


def _replay(
    file: Path, url: str, keys: tuple[str, ...], credentials: Credentials, *, json: bool
) -> int:
    kept = read_kept(read_bytes(file))
    if not kept:
        raise CommandError(f"{file} holds no request")
    if any(key.startswith("whpk_") for key in keys):
        raise UsageError("a public key, whpk_…, cannot sign; name the secret one")
    signing = keys or credentials.signing_secrets
    proving = replace(credentials, signing_secrets=signing)
    now = time.time()
    requests: list[HttpRequest] = [replayed(one, url, credentials=proving, now=now) for one in kept]
    return send_all(requests, json=json)
