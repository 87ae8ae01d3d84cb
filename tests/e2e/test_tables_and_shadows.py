"""A table and a shadow endpoint beside real calls: a table answers and is replaced, and no shadow holds up a call."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.webhook import ForwardingNumber
from tests.support.house import NEXT, Callee, asking, open_house
from tests.support.ports import free_port
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.house import House
    from tests.support.wire import Received

pytestmark = pytest.mark.slow

FIRST, SECOND = "380500000001", "380500000002"
CALLER = "380671112233"
TABLED = "380490000001"
ALONE = "380490000010"
CALLS = 4
DELAYS = """
    SELECT dialled.at - arrived.at FROM journal AS arrived
    JOIN calls USING (project, call)
    JOIN journal AS dialled USING (project, call)
    WHERE arrived.happening = 'arrived' AND dialled.happening = 'dialled'
        AND json_extract(calls.value, '$.callee') = ?
"""
"""Seconds from the arrival of each call to a number until a telephone is dialled."""


def test_a_table_answers_real_calls_and_is_replaced_while_the_server_runs(tmp_path: Path) -> None:
    webhook = ForwardingNumber(
        name="vip", url="table:vip", caller_name_in_response="name", retries=0
    )
    line = asking(TABLED, webhook)
    files = {name: tmp_path / f"{name}.csv" for name in ("before", "after", "wrong", "api")}
    files["before"].write_text(f"caller;destination;name\n067 111-22-33;{FIRST};Anna\n")
    files["after"].write_text(f"sep=,\ncaller,destination,name,\n067/1112233,{SECOND},Anna,\n")
    files["wrong"].write_text("caller,destination\n0671112233,nobody\n")
    with open_house(tmp_path, (line,), callee=Callee(answers=f"{FIRST}|{SECOND}|{NEXT}")) as house:
        without = house.call(TABLED, who=CALLER)
        assert without.facts("ask_failed")["kind"] == "table"
        assert house.rung(CALLER) == [NEXT]

        assert _import(house, files["before"]) == 0
        house.server.wait_for_log(lambda entry: entry.get("event") == "table loaded")
        assert _rung_next(house) == FIRST
        assert _import(house, files["wrong"]) == 1
        assert _import(house, files["after"]) == 0
        house.server.wait_for_log(lambda _: _loaded(house) == 2)
        assert _rung_next(house) == SECOND
        stranger = house.call(TABLED)
        assert stranger.facts("ask_failed")["kind"] == "table"


def _import(house: House, file: Path) -> int:
    return house.server.command("table", "import", str(file), "--name", "vip").returncode


def _loaded(house: House) -> int:
    return sum('"table loaded"' in line for line in house.server.log)


def _rung_next(house: House) -> str:
    """Call once more, and return whom that rang."""
    before = len(house.callee.received("INVITE"))
    with house.caller(TABLED, who=CALLER) as caller:
        assert caller.wait(30) == 0, caller.complaints() + house.server.tail()
    rung = [one.dialled for one in house.callee.received("INVITE")[before:]]
    assert len(set(rung)) == 1, rung
    return rung[0]


def _floods(_: Received) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    while True:
        yield b"x" * 65_536


def _hangs(_: Received) -> Iterator[bytes]:
    time.sleep(20)
    yield b""


def _drips(_: Received) -> Iterator[bytes]:
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200:
        yield bytes((byte,))
        time.sleep(0.1)


def test_no_shadow_holds_up_a_call_whatever_it_does(tmp_path: Path) -> None:
    """Post-dial delay beside a shadow that is dead, hangs, drips, floods or leads away is that without one."""
    with (
        Endpoint(lambda _: reply(f'{{"dst_phone":{FIRST}}}')) as first,
        Endpoint(lambda _: reply(f'{{"dst_phone":{SECOND}}}')) as other,
        Endpoint(_hangs) as hangs,
        Endpoint(_drips) as drips,
        Endpoint(_floods) as floods,
        Endpoint(
            lambda _: reply(b"", "Location: http://169.254.169.254/x", status="302 Found")
        ) as away,
    ):
        shadows = {
            "alone": "",
            "other": other.url("/"),
            "dead": f"http://127.0.0.1:{free_port()}/",
            "hangs": hangs.url("/"),
            "drips": drips.url("/"),
            "floods": floods.url("/"),
            "away": away.url("/"),
            "itself": first.url("/"),
            "inside": "http://[::ffff:169.254.169.254]/",
        }
        numbers = {name: str(int(ALONE) + place) for place, name in enumerate(shadows)}
        lines = tuple(
            asking(
                numbers[name],
                ForwardingNumber(
                    name=name, url=first.url("/"), shadow_url=url, response_timeout=2.0, retries=0
                ),
            )
            for name, url in shadows.items()
        )
        with open_house(tmp_path, lines, callee=Callee(answers=f"{FIRST}|{NEXT}")) as house:
            house.call(numbers["alone"])  # what is made at the first call
            callers = [(number, house.stranger()) for number in numbers.values()] * CALLS
            with house.callers(*callers, rate=5) as together:
                assert together.wait(60) == 0, together.complaints() + house.server.tail()
            time.sleep(2.5)  # the last shadows give up
            assert {one.dialled for one in house.callee.received("INVITE")} == {FIRST}
            found = house.server.json("endpoints", "shadows", "--all", "--limit", "1000")
            delays = {
                name: [row[0] for row in house.server.query(DELAYS, number)]
                for name, number in numbers.items()
            }
        assert {len(of) for of in delays.values()} == {CALLS, CALLS + 1}
        usual = statistics.median(delays["alone"])
        held = {name: statistics.median(of) for name, of in delays.items()}
        assert max(held.values()) < usual + 0.05, held

        said: dict[str, set[str]] = {}
        for one in found["asks"]:
            assert one["answer"] == FIRST
            said.setdefault(one["webhook"], set()).add(one["shadow_answer"])
        assert said["other"] == {SECOND}
        assert said["itself"] == {FIRST}
        for name in ("dead", "hangs", "drips", "floods", "away", "inside"):
            assert all(one.startswith("failed: ") for one in said[name]), said
        assert said["away"] == said["inside"] == {"failed: address_refused"}
