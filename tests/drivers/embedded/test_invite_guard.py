"""A project's calls go where its webhooks may, and to the addresses that the operator wrote."""

from __future__ import annotations

from typing import Any

import pytest

from switchhook.domain.project import Project, Trunk
from switchhook.domain.scheme import HoursStep, RingStep, Scheme
from switchhook.domain.target import Target, TargetKind
from switchhook.drivers.embedded.invite_guard import why_closed, why_not_called

NAMED = Trunk(name="carrier", host="sip.carrier.example")
LOCAL = Trunk(name="local", host="127.0.0.1", port=5080)


def address(value: str) -> Target:
    return Target(kind=TargetKind.ADDRESS, value=value)


def project(*trunks: Trunk, **more: Any) -> Project:
    return Project(id="shop", name="Shop", trunks=trunks, **more)


def rings(value: str) -> Project:
    inner = RingStep(targets=(address(value),))
    steps = (HoursStep(hours="office", open_=(inner,)),)
    return project(schemes=(Scheme(id=1, name="all", steps=steps),))


@pytest.mark.row("FD-06")
@pytest.mark.parametrize(
    ("where", "at", "is_called"),
    [
        # A name is judged by what it is found to be now, whoever wrote it.
        (project(NAMED), ("8.8.8.8", 5060), True),
        (project(NAMED), ("8.8.8.8", 5061), True),
        (project(NAMED), ("8.8.8.8", 7000), True),
        (project(NAMED), ("127.0.0.1", 5060), False),
        (project(NAMED), ("10.0.0.5", 5060), False),
        (project(NAMED), ("169.254.169.254", 5060), False),
        (project(NAMED), ("::1", 5060), False),
        (project(NAMED), ("fe80::1%eth0", 5060), False),
        (project(NAMED), ("::ffff:127.0.0.1", 5060), False),
        (project(NAMED), ("8.8.8.8", 25), False),
        # Networks that the operator opened to webhooks are open to calls.
        (project(NAMED, allowed_networks=("10.0.0.0/8",)), ("10.0.0.5", 5060), True),
        (project(NAMED, allowed_networks=("10.0.0.0/8",)), ("10.0.0.5", 5038), False),
        (project(NAMED, allowed_networks=("0.0.0.0/0",)), ("127.0.0.1", 5060), False),
        # So is the address that a trunk is written as, with its port alone.
        (project(LOCAL), ("127.0.0.1", 5080), True),
        (project(LOCAL), ("127.0.0.1", 24095), False),
        (project(LOCAL), ("127.0.0.2", 5080), False),
        (project(Trunk(name="x", host="127.1", port=5080)), ("127.0.0.1", 5080), True),
        (project(Trunk(name="x", host="0.0.0.0", port=5080)), ("0.0.0.0", 5080), False),
        (project(Trunk(name="x", host="fd09::2")), ("fd09::2", 5060), True),
        # And a SIP host's, but for other services.
        (project(allowed_sip_hosts=("127.0.0.1",)), ("127.0.0.1", 24095), True),
        (project(allowed_sip_hosts=("127.0.0.1",)), ("127.0.0.1", 5432), False),
        (project(allowed_sip_hosts=("pbx.example",)), ("127.0.0.1", 5060), False),
        # And what the file itself has rung.
        (rings("sip:a@127.0.0.1:5090"), ("127.0.0.1", 5090), True),
        (rings("sip:a@127.0.0.1:5090"), ("127.0.0.1", 5091), False),
        (rings("sip:a@pbx.example:5090"), ("127.0.0.1", 5090), False),
        (project(fallback=address("sip:a@10.0.0.5")), ("10.0.0.5", 5060), True),
    ],
)
def test_calls_go_to_public_addresses_and_to_what_is_open(
    where: Project, at: tuple[str, int], *, is_called: bool
) -> None:
    assert (why_not_called(where, *at) == "") is is_called


@pytest.mark.row("FD-06")
def test_what_is_closed_is_told_before_a_call_where_it_is_written_in_numbers() -> None:
    assert "loopback" in why_closed("localhost", 5060)
    assert "private network" in why_closed("10.0.0.5", 5060)
    assert "port 25" in why_closed("8.8.8.8", 25)
    assert why_closed("10.0.0.5", 5060, ("10.0.0.0/8",)) == ""
    assert why_closed("8.8.8.8", 5060) == ""
    assert why_closed("sip.carrier.example", 5060) == ""
