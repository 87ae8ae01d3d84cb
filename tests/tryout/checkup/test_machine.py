"""What this machine lacks is named, with the setting that it is about."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook.domain.project import Project, Trunk
from switchhook.settings import Settings
from switchhook.tryout.checkup import machine
from switchhook.tryout.checkup.result import Grade

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from switchhook.tryout.checkup.result import CheckResult


def grades(found: Iterable[CheckResult]) -> list[Grade]:
    return [one.grade for one in found]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "grade"),
    [(10**12, Grade.GOOD), (10**9 - 1, Grade.DOUBTFUL), (10**8 - 1, Grade.WRONG)],
)
def test_a_full_disk_is_told(
    free: int, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))

    assert grades(machine.disk(tmp_path / "not" / "made")) == [grade]


def test_a_directory_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    first, *_ = machine.disk(tmp_path)

    assert (first.grade, first.text) == (Grade.WRONG, f"nothing can be written in {tmp_path}")
    assert "run as the owner" in first.advice


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_that_another_program_has_is_told(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        settings = Settings(sip_port=port, web_host="")
        found = list(machine.ports(settings, is_running=False))

    # the same port of the other transport may be somebody else's
    transport = "UDP" if kind is socket.SOCK_DGRAM else "TCP"
    (one,) = (one for one in found if one.text.startswith(f"{transport} "))
    assert one.grade is Grade.WRONG
    assert one.text.endswith(f"127.0.0.1 port {port} cannot be listened on: Address already in use")
    assert f"sport = :{port}" in one.advice
    assert "set sip_port" in one.advice


def test_an_address_of_another_machine_is_told() -> None:
    found = list(machine.ports(Settings(sip_host="192.0.2.77", sip_port=0), is_running=False))

    assert grades(found) == [Grade.WRONG, Grade.WRONG, Grade.GOOD]
    assert "sip_host is no address of this machine" in found[0].advice


def test_the_ports_of_a_running_server_are_its_own() -> None:
    assert grades(machine.ports(Settings(sip_host="192.0.2.77"), is_running=True)) == [Grade.GOOD]


@pytest.mark.parametrize(
    ("ports", "calls", "expected"),
    [
        ("", 1000, []),
        ("20000-20399", 100, [Grade.GOOD]),
        ("20000-20399", 101, [Grade.DOUBTFUL]),
    ],
)
def test_there_are_ports_for_the_sound_of_all_calls(
    ports: str, calls: int, expected: list[Grade]
) -> None:
    assert grades(machine.sound_ports(Settings(rtp_ports=ports, max_calls=calls))) == expected


def test_descriptors_that_calls_lack_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 4096))
    (few,) = machine.limits(Settings(max_calls=961))
    (enough,) = machine.limits(Settings(max_calls=960))

    assert (few.grade, enough.grade) == (Grade.DOUBTFUL, Grade.GOOD)
    assert "LimitNOFILE=4100" in few.advice


@pytest.mark.parametrize(
    ("state", "grade"), [(0, Grade.GOOD), (None, Grade.GOOD), (5, Grade.DOUBTFUL)]
)
def test_a_clock_that_nothing_sets_is_told(
    state: int | None, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_clock_state", lambda: state)

    assert grades(machine.clock(now=1000.0, newest=900.0)) == [grade]
    back = next(iter(machine.clock(now=1000.0, newest=5000.0)))
    assert back.text == "the clock stands 4000 seconds before the newest call that is stored"


@pytest.mark.parametrize(
    ("host", "trunk", "grade"),
    [
        ("127.0.0.1", "", Grade.DOUBTFUL),
        ("0.0.0.0", "", Grade.WRONG),
        ("192.168.1.5", "sip.example.com", Grade.DOUBTFUL),
        ("192.168.1.5", "192.168.1.9", Grade.GOOD),
        ("192.168.1.5", "pbx.lan", Grade.GOOD),
        ("192.168.1.5", "", Grade.GOOD),
        ("8.8.8.8", "sip.example.com", Grade.GOOD),
    ],
)
def test_an_address_that_others_cannot_answer_to_is_told(
    host: str, trunk: str, grade: Grade
) -> None:
    trunks = (Trunk(name="carrier", host=trunk),) if trunk else ()
    project = Project(id="acme", name="Acme", trunks=trunks)

    assert grades(machine.nat(Settings(sip_host=host), [project])) == [grade]
