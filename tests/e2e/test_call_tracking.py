"""Real calls are told twice in Roistat's form, to the vendor's own PHP handler and to a strict receiver, over any crash."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.tracking.call_tracking import CALL_TRACKING, TrackingScenario
from tests.support.house import NEXT, Callee, House, Line, open_house, ring
from tests.support.php import php_server
from tests.support.receivers.base import Receiver
from tests.support.receivers.roistat import ROISTAT
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.domain.project import Project
    from tests.support.wire import Received

pytestmark = pytest.mark.slow

NUMBER, BLOCKED, ACCOUNTS = "380920000001", "380670000666", "201"
LINES = (Line(number=NUMBER, steps=(ring(NEXT),)),)
HANDLER = """\
<?php
$data = json_decode(trim(file_get_contents('php://input')), true);
file_put_contents('webhook-log.html', serialize($data) . '<br />', FILE_APPEND);
"""
"""The handler of the vendor's page, to the letter (R4-38)."""


@contextmanager
def tracked(directory: Path, moment: str, after: str, hold: int = 60_000) -> Iterator[House]:
    """Run a server whose incoming calls are told to these addresses."""
    scenario = TrackingScenario(moment_url=moment, after_url=after)

    def refine(project: Project) -> Project:
        screening = replace(project.screening, blocked_callers=(BLOCKED,))
        return replace(project, call_tracking=scenario, screening=screening)

    callee = Callee(hold=hold)
    with open_house(directory, LINES, callee=callee, refine=refine) as house:
        yield house


def posts(house: House, *arguments: str) -> list[dict[str, Any]]:
    """Return the deliveries of call tracking, oldest first."""
    listed: list[dict[str, Any]] = house.server.json(
        "deliveries", "--all", "--webhook", CALL_TRACKING, *arguments
    )
    return listed[::-1]


def bodies(requests: list[Received]) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in requests]


@pytest.mark.row("S-60", "R4-01", "R4-02", "R4-25", "R4-46", "T-17", "T-18")
def test_a_real_call_is_told_twice_in_order_and_listed(tmp_path: Path) -> None:
    with (
        Receiver(ROISTAT) as web,
        tracked(tmp_path, web.url("/roistat"), web.url("/roistat")) as house,
    ):
        story = house.call(NUMBER, talk=1500)
        web.ledger.wait_for(lambda _: True, count=2)
        house.call(NUMBER, who=BLOCKED, scenario="e2e_caller_refused", replace={"STATUS": "603"})
        web.ledger.wait_for(lambda _: True, count=3)
        house.assert_nothing_runs()
        listed = posts(house)
        shown = house.server.command("deliveries", listed[0]["id"])
        resent = [one["state"] for one in listed]
    assert web.refused == []
    moment, after, blocked = web.accepted
    assert (moment["id"], after["id"]) == (story.id, story.id)
    assert "status" not in moment
    assert (after["status"], after["caller"], after["callee"]) == ("ANSWER", story.who, NUMBER)
    assert after["duration"] >= 1
    assert (blocked["status"], blocked["caller"], blocked["duration"]) == ("DONTCALL", BLOCKED, 0)
    assert {name: after[name] for name in moment} == moment
    assert [one["event"] for one in listed] == [
        "incoming.forwarding",
        "incoming.after",
        "incoming.after",
    ]
    assert resent == ["delivered"] * 3
    assert "POST" in shown.stdout


@pytest.mark.row("R4-38", "R4-40", "S-60")
def test_the_vendors_php_handler_gets_both_posts_and_its_empty_200_counts(tmp_path: Path) -> None:
    (tmp_path / "php").mkdir()
    (tmp_path / "php" / "handler.php").write_text(HANDLER)
    with php_server(tmp_path / "php", tmp_path / "php.log") as port:
        url = f"http://127.0.0.1:{port}/handler.php"
        with tracked(tmp_path, url, url) as house:
            story = house.call(NUMBER)
            end = time.monotonic() + 10.0
            while [one["state"] for one in posts(house)] != ["delivered", "delivered"]:
                assert time.monotonic() < end, posts(house)
                time.sleep(0.1)
    moment, after, rest = (tmp_path / "php" / "webhook-log.html").read_text().split("<br />")
    assert rest == ""
    assert moment.startswith("a:28:{")
    assert after.startswith("a:32:{")
    for written in (moment, after):
        assert f's:2:"id";s:{len(story.id)}:"{story.id}";' in written
        assert 's:13:"custom_fields";a:0:{}' in written
        assert 's:10:"utm_source";N;' in written
    assert (
        's:6:"status";s:6:"ANSWER";s:7:"file_id";N;s:8:"duration";i:0;s:4:"link";s:0:"";' in after
    )


@pytest.mark.row("S-62", "R4-43", "R4-47", "R4-48")
def test_a_running_server_follows_each_activation_and_no_draft(tmp_path: Path) -> None:
    """The set-up life of S-62, with a call after each step."""
    with (
        Receiver(ROISTAT) as one,
        Receiver(ROISTAT) as other,
        tracked(tmp_path, "", "") as house,
    ):
        told: list[list[int]] = []

        def call_and_count() -> None:
            house.call(NUMBER)
            house.assert_nothing_runs()
            end = time.monotonic() + 10.0
            while any(post["state"] == "pending" for post in posts(house)):
                assert time.monotonic() < end
                time.sleep(0.1)
            told.append([len(one.accepted), len(other.accepted)])

        def scenario(*arguments: str) -> None:
            house.server.json("scenario", *arguments)

        scenario("set", "--after", one.authority + "/roistat")
        call_and_count()  # a draft alone sends nothing
        scenario("activate")
        call_and_count()
        scenario("set", "--after", other.url("/roistat"))
        scenario("activate")
        call_and_count()  # only the new one
        scenario("set", "--after", "", "--moment", one.url("/roistat"))
        scenario("activate")
        call_and_count()  # the moment alone
        scenario("set", "--moment", "")
        scenario("activate")
        call_and_count()  # nothing
    assert told == [[0, 0], [1, 0], [1, 1], [2, 1], [2, 1]]
    assert ["status" in post for post in one.accepted] == [True, False]
    assert one.refused == other.refused == []


@pytest.mark.row("R4-43")
def test_a_call_that_runs_keeps_the_scenario_that_it_began_with(tmp_path: Path) -> None:
    with (
        Receiver(ROISTAT) as one,
        Receiver(ROISTAT) as other,
        tracked(tmp_path, one.url("/a"), one.url("/a")) as house,
        house.caller(NUMBER, talk=3_000) as caller,
    ):
        one.ledger.wait_for(lambda _: True)
        house.server.json(
            "scenario", "set", "--moment", other.url("/b"), "--after", other.url("/b")
        )
        house.server.json("scenario", "activate")
        assert caller.wait(30) == 0
        one.ledger.wait_for(lambda _: True, count=2)
        house.call(NUMBER)
        other.ledger.wait_for(lambda _: True, count=2)
    assert ["status" in post for post in one.accepted] == [False, True]
    assert ["status" in post for post in other.accepted] == [False, True]


@pytest.mark.row("S-60", "R4-09", "R4-10", "R4-11", "R4-14", "R4-17", "A-12")
def test_a_visit_told_over_the_api_reaches_the_posts_over_a_restart(tmp_path: Path) -> None:
    """The visitor sees the number; the deal is told while the call runs, and is in the post after it."""
    with (
        Receiver(ROISTAT) as web,
        tracked(tmp_path, web.url("/roistat"), web.url("/roistat")) as house,
    ):
        key = house.server.json(
            "token", "create", "--project", "house", "--user", "site", "--scope", "visits"
        )["key"]
        known = {"city": "Київ", "source_level_1": "fb", "source_level_2": "new", "order_id": "5"}
        _tell(house, key, "1001", attributes=known, number=f"+{NUMBER}")
        house.server.kill()
        house.server.start()
        with house.caller(NUMBER, talk=3_000) as caller:
            web.ledger.wait_for(lambda _: True)
            call = web.accepted[0]["id"]
            more = known | {"order_id": 17, "order_field:Budget": "9 000"}
            _tell(house, key, "1001", attributes=more, call=call)
            assert caller.wait(30) == 0
        web.ledger.wait_for(lambda _: True, count=2)
    assert web.refused == []
    moment, after = web.accepted
    assert (moment["visit_id"], moment["city"], moment["marker"]) == ("1001", "Київ", "fb_new")
    assert (moment["order_id"], moment["custom_fields"]) == (5, [])
    assert (after["order_id"], after["custom_fields"]) == (17, {"Budget": "9 000"})


def _tell(house: House, key: str, visit: str, **said: object) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.server.web_port}/api/projects/house/visits/{visit}",
        data=json.dumps(said).encode(),
        headers={"Authorization": f"Bearer {key}"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=10.0) as answer:
        assert answer.status == 200


@pytest.mark.row("S-71", "R4-25", "T-17", "T-18")
def test_killed_between_the_two_posts_each_comes_once(tmp_path: Path) -> None:
    with (
        Receiver(ROISTAT) as web,
        tracked(tmp_path, web.url("/roistat"), web.url("/roistat")) as house,
        house.caller(NUMBER, talk=4_000) as caller,
    ):
        web.ledger.wait_for(lambda _: True)
        _wait_until_talking(house)
        house.server.kill()
        house.server.start()
        assert caller.wait(30) == 0, caller.complaints() + house.server.tail()
        web.ledger.wait_for(lambda _: True, count=2)
        house.assert_nothing_runs()
        listed = posts(house)
    moment, after = web.accepted
    assert (moment["id"], "status" in moment) == (after["id"], False)
    assert after["status"] == "ANSWER"
    assert [one["state"] for one in listed] == ["delivered", "delivered"]


def _wait_until_talking(house: House) -> None:
    end = time.monotonic() + 10.0
    while not any(call["state"] == "talking" for call in house.calls()):
        assert time.monotonic() < end, house.server.tail()
        time.sleep(0.1)


@pytest.mark.row("S-71", "R4-25", "T-18")
def test_the_second_post_waits_for_the_first_even_over_a_kill(tmp_path: Path) -> None:
    """The receiver holds the first post; killed meanwhile, the server sends it again before the second."""
    answered = threading.Event()

    def hold_first(_: Received) -> bytes | None:
        if not answered.is_set():
            answered.wait(30.0)
            return None
        return reply()

    with (
        Endpoint(hold_first) as web,
        tracked(tmp_path, web.url("/roistat"), web.url("/roistat")) as house,
    ):
        house.call(NUMBER)
        web.ledger.wait_for(lambda _: True)
        house.assert_nothing_runs()
        assert len(web.ledger.requests) == 1
        house.server.kill()
        answered.set()
        house.server.start()
        requests = web.ledger.wait_for(lambda _: True, count=3)
    first, again, after = requests
    assert first.raw == again.raw
    assert ["status" in body for body in bodies(requests)] == [False, False, True]
    assert after.header("webhook-id") != again.header("webhook-id")
