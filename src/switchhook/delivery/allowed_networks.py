"""Networks beyond the public internet that a project's webhooks and calls may reach."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

IpNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedNetwork:
    """One network, perhaps with a port.

    Without a port, only ordinary ports are meant (see `guard`); with one, that port alone, ordinary
    or not. Written `10.20.0.0/16`, `10.20.0.5` (that address alone), `10.20.0.0/16:8443`,
    `fd00:1::/64`, `[fd00:1::/64]:8443`.
    """

    network: IpNetwork
    port: int | None = None

    def __post_init__(self) -> None:
        if self.port is not None and not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not in 1–65535")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one allowed. Raises ValueError with a sentence that names what is wrong."""
        network, port = _split(text.strip())
        try:
            return cls(network=ipaddress.ip_network(network), port=port)
        except ValueError as error:
            raise ValueError(f"{text!r} is no network that can be allowed: {error}") from None

    @classmethod
    def at(cls, address: str, port: int | None = None) -> Self:
        """Return the network of one numeric address."""
        return cls(network=ipaddress.ip_network(address), port=port)

    def __str__(self) -> str:
        if self.port is None:
            return str(self.network)
        if self.network.version == 6:
            return f"[{self.network}]:{self.port}"
        return f"{self.network}:{self.port}"

    @property
    def is_one_address(self) -> bool:
        """Whether the network holds a single address."""
        return self.network.prefixlen == self.network.max_prefixlen


def _split(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        network, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise ValueError(f"{text!r} is no network that can be allowed: write [network]:port")
        return network, _port(text, port[1:]) if port else None
    if text.count(":") == 1:
        network, _, port = text.partition(":")
        return network, _port(text, port)
    return text, None


def _port(text: str, port: str) -> int:
    if not (port.isascii() and port.isdigit()):
        raise ValueError(f"{text!r} is no network that can be allowed: {port!r} is no port")
    return int(port)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedNetworks:
    """A project's allowed networks. Connections made under different ones are never shared."""

    networks: tuple[AllowedNetwork, ...] = ()
    key: str = field(init=False, compare=False, repr=False)
    """Equal for equal networks: cheap to compare, as it is on every exchange."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", " ".join(str(allowed) for allowed in self.networks))

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Read the project file's `allowed_networks`. Raises ValueError as `AllowedNetwork.parse` does."""
        return cls(networks=tuple(AllowedNetwork.parse(text) for text in texts))
