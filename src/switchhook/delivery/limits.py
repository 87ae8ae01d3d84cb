"""Limits of the HTTP client towards one endpoint."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """The sender's limits for one endpoint: sizes and lifetimes. All positive."""

    head_bytes: int = 32 * 1024
    """Status line and headers of one answer, interim (1xx) answers included."""
    headers: int = 1000
    interim: int = 10
    """How many 1xx answers may come before the real one."""
    body: int = 64 * 1024
    """Bytes of the body after decoding; an exchange may ask for another cap."""
    dns_seconds: float = 5.0
    dns_threads: int = 32
    """How many names are looked up at once."""
    dns_cache_seconds: float = 30.0
    """How long a name's addresses are used again. They are vetted at every connection all the same."""
    dns_failure_seconds: float = 3.0
    """How long a name that could not be resolved is not asked for again."""
    addresses: int = 6
    """How many addresses of a name are tried; every one is vetted."""
    next_address_seconds: float = 0.25
    """How long an address may be silent until the next is tried beside it (RFC 8305 §8)."""
    idle_seconds: float = 4.0
    """Below the 5 s after which common servers drop a silent connection (a race that loses requests)."""
    idle_seconds_told: float = 60.0
    """The longest that a connection is kept whatever `Keep-Alive: timeout=` promises."""
    kept_seconds: float = 300.0
    """Seconds that one connection is used at most, so that a host that moved is found at its new address."""
    guest_seconds: float = 0.1
    """How long a connection waits at a server that has not shown that it serves others meanwhile."""
    idle_per_origin: int = 64
    idle_total: int = 512

    prewarm_seconds: float = 300.0
    """How long after an ask a connection to its endpoint is kept open, and opened anew."""
    prewarm_dial_seconds: float = 5.0
    """How long opening such a connection may take."""
    prewarm_sites: int = 64
    """To how many endpoints at once."""

    trial_seconds: float = 0.1
    """How long at least an ask waits for its answer while a second connection stands beside it, to learn
    whether the server serves both: twice as long as the last answer took."""
    longest_trial_seconds: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"limit {field.name} must be positive")
