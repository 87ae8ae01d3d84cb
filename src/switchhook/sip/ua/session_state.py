"""The state of a session: the methods that the other end allows, and the description that we sent last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from switchhook.sip.wire.headers import HeaderFields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.sip.wire.message import Request, Response


@dataclass(slots=True)
class SessionState:
    """Enough of a session to refresh it without changing it (RFC 4028 §7.4)."""

    allow: frozenset[str] = frozenset()
    """The methods that the other end named in Allow; none before it did."""
    headers: HeaderFields = ()
    """Those that describe `body`."""
    body: bytes = b""
    """The session description that we sent last and the other end took."""

    def learn(self, message: Request | Response) -> None:
        """Take what a message of the other end says."""
        if "Allow" in message.headers:
            self.allow = frozenset(
                method.strip().upper() for method in message.headers.values("Allow")
            )

    def set_local_description(self, headers: HeaderFields, body: bytes) -> None:
        """Keep our description, unless the message has none."""
        if body:
            self.headers = tuple(p for p in headers if p[0].lower().startswith("content-"))
            self.body = body

    @property
    def takes_update(self) -> bool:
        """Say whether the other end takes UPDATE; who does not say is asked by INVITE."""
        return "UPDATE" in self.allow

    def refuses_update(self) -> None:
        """Learn that it does not after all."""
        self.allow -= {"UPDATE"}

    @property
    def refresh(self) -> tuple[str, HeaderFields, bytes]:
        """Return method, headers and body of a request that changes nothing."""
        if self.takes_update or not self.body:
            return "UPDATE", (), b""
        return "INVITE", self.headers, self.body

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads, in types that JSON knows."""
        return {
            "allow": sorted(self.allow),
            "headers": [list(pair) for pair in self.headers],
            "body": self.body.decode("latin-1"),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Self:
        """Read what `to_json` gave; raise ValueError, TypeError or KeyError for anything else."""
        allow, headers = stored["allow"], stored["headers"]
        if not isinstance(allow, list) or not isinstance(headers, list):
            raise ValueError("this is no session state")  # noqa: TRY004 -- one error for every wrong document
        return cls(
            allow=frozenset(map(str, allow)),
            headers=tuple((str(name), str(value)) for name, value in headers),
            body=str(stored["body"]).encode("latin-1"),
        )
