"""A softphone of others (baresip) registers by digest, calls, is called, and both sides hear audio."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook.domain.project import Account
from switchhook.domain.scheme import RingStep
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import ForwardingNumber
from tests.support.baresip import Baresip
from tests.support.house import NEXT, Callee, House, Line, asking, open_house
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PASSWORD = "a-long-password"
RINGS_BEA, ASKS = "380870000001", "380870000002"
RTCP = 5.5
"""Seconds after which both sides have reported what they heard."""


class Parts(NamedTuple):
    house: House
    ann: Baresip
    bea: Baresip


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("softphone")
    answer = reply('{"dst_phone":"bea"}')
    with Endpoint(lambda _: answer) as web:
        bea = Target(kind=TargetKind.ACCOUNT, value="bea")
        lines = (
            Line(number=RINGS_BEA, steps=(RingStep(targets=(bea,)),)),
            asking(ASKS, ForwardingNumber(name="crm", url=web.url())),
        )
        accounts = tuple(Account(login=login, password=PASSWORD) for login in ("ann", "bea"))
        with (
            open_house(directory, lines, callee=Callee(), accounts=accounts) as house,
            _phone(directory, "127.0.0.2", "ann", house) as ann,
            _phone(directory, "127.0.0.3", "bea", house) as bea_,
        ):
            for phone in (ann, bea_):
                phone.wait_until_shown(r"200 OK .*\[1 binding\]")
            yield Parts(house, ann, bea_)


def _phone(directory: Path, address: str, login: str, house: House) -> Baresip:
    """Return a softphone on an address that no trunk has: its calls need the password."""
    return Baresip(
        directory, address=address, login=login, password=PASSWORD, server=house.server.port
    )


def test_a_colleague_is_called_and_both_hear_each_other(parts: Parts) -> None:
    parts.ann.command("dial", "bea")
    parts.bea.wait_for("CALL_ESTABLISHED")
    parts.ann.wait_for("CALL_ESTABLISHED")
    time.sleep(RTCP)
    parts.ann.command("hangup")
    parts.bea.wait_for("CALL_CLOSED")
    parts.ann.wait_for("CALL_CLOSED")
    for phone in (parts.ann, parts.bea):
        assert phone.packets_heard()[-1] > 100


def test_a_softphone_calls_a_number_of_its_project(parts: Parts) -> None:
    parts.ann.command("dial", RINGS_BEA)
    parts.bea.wait_for("CALL_ESTABLISHED")
    parts.ann.wait_for("CALL_ESTABLISHED")
    parts.bea.command("hangup")
    parts.ann.wait_for("CALL_CLOSED")
    parts.bea.wait_for("CALL_CLOSED")
    before, after = parts.house.told_of("ann")
    assert before["destination_id"] == RINGS_BEA
    assert after["connected_with"] == "bea"
    shown = parts.house.server.json("calls", after["call_id"])
    assert shown["account"] == "ann"
    assert (shown["outcome"], shown["ended_by"]) == ("answered", "callee")


def test_a_softphone_calls_outside_over_the_trunk(parts: Parts) -> None:
    parts.ann.command("dial", NEXT)
    parts.ann.wait_for("CALL_ESTABLISHED")
    parts.ann.command("hangup")
    parts.ann.wait_for("CALL_CLOSED")
    parts.house.callee.wait_for("BYE")
    assert parts.house.rung("ann") == [NEXT]


def test_an_answer_rings_a_softphone_for_a_caller_from_outside(parts: Parts) -> None:
    story = parts.house.call(ASKS)
    parts.bea.wait_for("CALL_ESTABLISHED")
    parts.bea.wait_for("CALL_CLOSED")
    assert story.after["connected_with"] == "bea"


def test_a_wrong_password_registers_nobody(parts: Parts, tmp_path: Path) -> None:
    server = parts.house.server.port
    with Baresip(
        tmp_path, address="127.0.0.4", login="ann", password="guessed", server=server
    ) as stranger:
        stranger.wait_until_shown("403 Forbidden")
        assert "200 OK" not in stranger.screen()
