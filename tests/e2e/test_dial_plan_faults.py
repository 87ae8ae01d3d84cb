"""A dead dial-plan endpoint costs one caller its time and the next none; a fallback URL answers in its place."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook import __version__
from switchhook.domain.scheme import AskDialPlanStep
from switchhook.domain.webhook import DialPlanWebhook
from tests.support.faults import faulty_urls
from tests.support.house import NEXT, Callee, House, Line, open_house, ring
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.alone]

MAIN = "380443334455"
"""What rings in every success branch, and `NEXT` in every failed one."""
DIES, SILENT, BACKED, HELD, WARM = (f"38044009000{place}" for place in range(1, 6))
PATIENCE = 1.0
"""Seconds that each endpoint here may take (response_timeout)."""


class Parts(NamedTuple):
    house: House
    web: Endpoint
    dies: Endpoint
    last_words: ExitStack
    """Closing it, the dying server dies."""


def _answer(request: Received) -> bytes:
    assert request.method == "GET"
    return reply("status=ACK&callername=Backup", "Keep-Alive: timeout=4")


def _line(webhook: DialPlanWebhook) -> Line:
    step = AskDialPlanStep(webhook=webhook.name, success=(ring(MAIN),), failed=(ring(NEXT),))
    return Line(number=webhook.name, steps=(step,), dial_plan_webhooks=(webhook,))


def _lines(web: Endpoint, dies: Endpoint, urls: dict[str, str]) -> Iterator[Line]:
    for number, template, fallback in (
        (DIES, dies.url("/{did}?c={callerid}"), ""),
        (SILENT, urls["silent"], ""),
        (BACKED, f"{urls['refused']}#rc=1", web.url("/backup/{did}?who={callerid}#ct=500")),
        (HELD, urls["closed"], web.url("/held")),
        (WARM, web.url("/warm"), ""),
    ):
        yield _line(
            DialPlanWebhook(
                name=number,
                url_template=template,
                fallback_url=fallback,
                response_timeout=PATIENCE,
                breaker_failures=1,
            )
        )


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("dial_plan_faults")
    with (
        Endpoint(_answer) as web,
        ExitStack() as last_words,
        faulty_urls(("silent", "refused", "closed")) as urls,
    ):
        dies = last_words.enter_context(Endpoint(_answer))
        lines = tuple(_lines(web, dies, urls))
        with open_house(directory, lines, callee=Callee(answers=f"{MAIN}|{NEXT}")) as house:
            yield Parts(house, web, dies, last_words)


def _rung(parts: Parts, number: str) -> tuple[str, float, dict[str, str]]:
    """Call a number; return what rang, after how many seconds, and the facts of the ask's end."""
    story = parts.house.call(number)
    sent = [m for m in story.caller.messages() if m.sent and m.method == "INVITE"]
    (rung,) = parts.house.seen(story.who)
    (end,) = story.happened("answer") + story.happened("ask_failed")
    return rung.dialled, rung.at - sent[0].at, dict(end["facts"])


def _just_opened(web: Endpoint) -> int:
    """Wait until a connection was opened of itself; return how many there are, which holds for two seconds."""
    known, end = web.connections, time.monotonic() + 10
    while web.connections == known:
        assert time.monotonic() < end, "no connection was opened ahead of the next ask"
        time.sleep(0.01)
    return web.connections


@pytest.mark.row("R5-27", "A-54")
def test_a_server_that_dies_is_asked_once_more_and_then_left_alone(parts: Parts) -> None:
    assert _rung(parts, DIES)[0] == MAIN
    parts.last_words.close()

    rung, _, facts = _rung(parts, DIES)
    assert (rung, facts["kind"]) == (NEXT, "refused")
    rung, seconds, facts = _rung(parts, DIES)
    assert (rung, facts["kind"]) == (NEXT, "breaker_open")
    assert seconds < 0.5
    where = parts.dies.url("/%2B" + DIES)
    assert facts["try_1"] == f"{where}; skipped; 0.0 ms"


@pytest.mark.row("R5-27", "A-54")
def test_a_silent_server_costs_one_caller_the_timeout_and_the_next_none(parts: Parts) -> None:
    rung, seconds, facts = _rung(parts, SILENT)
    assert (rung, facts["kind"]) == (NEXT, "headers_timeout")
    assert PATIENCE - 0.1 < seconds < PATIENCE + 0.5, "as two programs stamp their messages"

    rung, seconds, facts = _rung(parts, SILENT)
    assert (rung, facts["kind"]) == (NEXT, "breaker_open")
    assert seconds < 0.5
    assert any("circuit breaker opened" in line for line in parts.house.server.log)


@pytest.mark.row("R5-10", "R5-34")
def test_the_fallback_urls_answer_opens_the_success_branch(parts: Parts) -> None:
    story = parts.house.call(BACKED)

    assert parts.house.rung(story.who) == [MAIN]
    (request,) = [one for one in parts.web.ledger.requests if one.path.startswith("/backup/")]
    (answer,) = story.happened("answer")
    facts = dict(answer["facts"])
    failed = facts["try_1"].split(";")[0].removeprefix("GET ")
    told = failed.replace(":", "%3A").replace("/", "%2F")
    assert (
        request.raw
        == (
            f"GET /backup/%2B{BACKED}?who=%2B{story.who}&error_code=refused&error_url={told} HTTP/1.1\r\n"
            f"Host: {parts.web.authority}\r\n"
            f"User-Agent: switchhook HTTP Client v{__version__}\r\n\r\n"
        ).encode()
    )
    outcomes = [facts[f"try_{number}"].split("; ")[1] for number in (1, 2, 3)]
    assert outcomes == ["refused", "refused", "ok"]
    notices = [entry["text"] for entry in story.happened("notice")]
    assert [notice.startswith(f"GET {failed} after ") for notice in notices] == [True, True]


def test_the_timeline_tells_of_a_try_that_was_held_back(parts: Parts) -> None:
    parts.house.call(HELD)
    story = parts.house.call(HELD)

    assert parts.house.rung(story.who) == [MAIN]
    assert "&" not in parts.web.ledger.of("/held")[-1].target.partition("error_code=")[0]
    assert "error_code=breaker_open" in parts.web.ledger.of("/held")[-1].target
    drawn = parts.house.server.command("calls", story.id).stdout
    assert "notice: not asked: breaker_open: " in drawn
    assert f"{HELD} answers ACK" in drawn


def test_a_connection_to_a_dial_plan_endpoint_in_use_is_kept_ready(parts: Parts) -> None:
    assert _rung(parts, WARM)[0] == MAIN
    before = _just_opened(parts.web)  # since its server lets no connection wait for long
    assert _rung(parts, WARM)[0] == MAIN

    first, second = parts.web.ledger.of("/warm")
    assert first.connection < second.connection <= before
