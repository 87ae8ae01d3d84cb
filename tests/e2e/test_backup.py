"""A backup of a server under load, restored elsewhere: no configuration is lost, the log is consistent (S-77)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.webhook import ForwardingNumber
from tests.support.answering import answering
from tests.support.house import EVENTS, NEXT, Callee, Line, asking, open_house, ring
from tests.support.server import Server

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
CALLS, RATE = 75, 25
ASKS, STRAIGHT = "380890000001", "380890000002"


def by_call(server: Server) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in server.json("calls", "--limit", "1000")}


@pytest.mark.row("S-77")
def test_a_backup_under_load_comes_back_whole(tmp_path: Path) -> None:
    archive = tmp_path / "all.tar.gz"
    with answering(f'{{"dst_phone":{NEXT}}}') as port:
        lines = (
            asking(ASKS, ForwardingNumber(name="crm", url=f"http://127.0.0.1:{port}/")),
            Line(number=STRAIGHT, steps=(ring(NEXT),)),
        )
        with open_house(tmp_path, lines, callee=Callee(delay=20), trace=False) as house:
            for _ in range(3):
                house.call(ASKS)
            before = {
                name for name, one in by_call(house.server).items() if one["state"] == "ended"
            }
            pairs = ((ASKS, STRAIGHT)[place % 2] for place in range(CALLS))
            numbers = [(number, house.stranger()) for number in pairs]
            with house.callers(*numbers, rate=RATE, talk=500, trace=False) as callers:
                house.events.ledger.wait_for(lambda _: True, count=30)  # calls run
                done = house.server.command("backup", str(archive))
                assert done.returncode == 0, done.stderr
                assert callers.wait(60.0) == 0
            exported = house.server.command("export", "house").stdout
            everything = by_call(house.server)
            came = Counter(
                re.findall(rb"(?i)webhook-id: (\S+)", request.raw)[0].decode()
                for request in house.events.ledger.requests
            )

            other = Server(tmp_path / "other")
            other.data_dir.parent.mkdir()
            restored = other.command("restore", str(archive))
            assert restored.returncode == 0, restored.stderr
            with other:
                assert other.command("export", "house").stdout == exported
                calls = by_call(other)
                deliveries = other.json("deliveries", "--all", "--limit", "10000")
    assert before <= calls.keys() <= everything.keys()
    assert len(calls) > len(before)
    ended = {name for name, one in calls.items() if one["state"] == "ended"}
    talking = {name for name, one in calls.items() if one["state"] == "talking"}
    assert (
        ended | talking == calls.keys()
    )  # a start takes up who talked, and looks whether they still do
    assert before < ended
    told = defaultdict(list)
    for one in deliveries:
        told[one["call"]].append(one["event"])
    first, last = (kind.value for kind in EVENTS)
    for call in calls:
        assert sorted(told[call]) == sorted([first] if call in talking else [first, last])
    known = {one["id"] for one in deliveries}
    assert {one for one in came if ".".join(one.split(".")[:2]) in before} <= known
