"""An address is found in the networks that hold it, and nobody is known by a network too wide."""

from __future__ import annotations

from ipaddress import ip_address
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.project import Project, ProjectSnapshot, Trunk
from switchhook.drivers.embedded.admission import SipAdmission
from switchhook.drivers.embedded.networks import Networks, networks_of, size_of, sources_of
from switchhook.sip.wire.transport import Peer
from tests.support.sip import request

SOURCES = ("192.0.2.0/28", "198.51.100.7", "2001:db8::/56", "10.0.0.0/8", "everywhere", "")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.15", True),
        ("192.0.2.16", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8:0:ff::1", True),
        ("2001:db8:0:100::1", False),
        ("10.1.2.3", False),
        ("fe80::1%eth0", False),
        ("name", False),
    ],
)
def test_an_address_is_looked_up(host: str, *, expected: bool) -> None:
    assert (host in Networks(networks_of(SOURCES))) is expected


SOME = [
    "192.0.2.0/24",
    "192.0.2.8/29",
    "192.0.2.9",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:db8::/64",
    "2001:db8::9",
]


@given(st.lists(st.lists(st.sampled_from(SOME), max_size=3), max_size=6))
def test_the_trunks_at_an_address_are_those_whose_networks_hold_it(lists: list[list[str]]) -> None:
    directory = ProjectDirectory(
        ProjectSnapshot(
            Project(id=f"p{n}", name="P", trunks=(Trunk(name="t", host="h", sources=tuple(some)),))
        )
        for n, some in enumerate(lists)
    )
    for host in ("192.0.2.9", "192.0.2.77", "203.0.113.1", "2001:db8::9", "2001:db8:1::9", "::1"):
        expected = [
            (min(sizes), snapshot, trunk)
            for snapshot, trunk in directory.trunks()
            if (
                sizes := [
                    size_of(network)
                    for network in networks_of(trunk.sources)
                    if ip_address(host) in network
                ]
            )
        ]
        assert sources_of(directory).at(host) == sorted(expected, key=itemgetter(0))


@pytest.mark.row("FD-09")
def test_a_caller_costs_the_same_however_many_trunks_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trunk = Trunk(name="t", host="h", username="u", register=True, sources=("192.0.2.9",))
    directory = ProjectDirectory(
        ProjectSnapshot(Project(id=f"p{n}", name="P", trunks=(trunk,))) for n in range(20)
    )
    looked: list[ProjectDirectory] = []

    def trunks(directory: ProjectDirectory) -> tuple[tuple[ProjectSnapshot, Trunk], ...]:
        looked.append(directory)
        return ()

    monkeypatch.setattr(ProjectDirectory, "trunks", trunks)
    access = SipAdmission("switchhook", b"0123456789abcdef", lambda: directory)

    for _ in range(5):
        access.admit(request(uri="sip:1@h;line=x"), Peer("UDP", "192.0.2.1", 5060), 1.0)

    assert len(looked) <= 3  # once for each index of a book
