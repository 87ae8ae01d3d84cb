"""SRV records: which hosts and ports serve SIP for a name (RFC 2782, RFC 3263 §4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

DEADLINE: Final = 1.0
"""Seconds for the look-up, while that of addresses goes on."""
MOST_RECORDS: Final = 8
"""Records that are used of one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SrvRecord:
    """One SRV record."""

    host: str
    port: int
    priority: int = 0
    """Lower ones are tried first."""
    weight: int = 0
    """How often it comes first among those of its priority."""


def by_priority(services: Iterable[SrvRecord], chance: Random) -> list[SrvRecord]:
    """Return services in the order in which they are to be tried (RFC 2782, "Usage rules")."""
    waiting = sorted(services, key=lambda one: (one.priority, one.weight))
    ordered: list[SrvRecord] = []
    while waiting:
        equals = [one for one in waiting if one.priority == waiting[0].priority]
        weights = [one.weight for one in equals]
        chosen = chance.choices(equals, weights if any(weights) else None)[0]
        waiting.remove(chosen)
        ordered.append(chosen)
    return ordered[:MOST_RECORDS]


@cache
def can_look_up() -> bool:
    """Say whether the extra `srv` is installed."""
    return find_spec("dns") is not None


async def look_up(name: str, transport: str) -> tuple[SrvRecord, ...]:
    """Resolve the SRV records of a name for a transport; empty without any, or without an answer."""
    if not can_look_up():
        return ()
    from dns.asyncresolver import Resolver  # noqa: PLC0415 (an extra, and slow to load)
    from dns.exception import DNSException  # noqa: PLC0415 (the same)

    try:
        answer = await Resolver().resolve(
            f"_sip._{transport.lower()}.{name}.", "SRV", lifetime=DEADLINE, search=False
        )
    except (DNSException, OSError, ValueError):
        return ()
    found = (
        SrvRecord(
            host=record.target.to_text(omit_final_dot=True),
            port=record.port,
            priority=record.priority,
            weight=record.weight,
        )
        for record in answer
    )
    return tuple(one for one in found if one.host and one.port)
