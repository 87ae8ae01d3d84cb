"""Where an account's telephones can be reached: REGISTER and its answers (RFC 3261 §10.3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.syntax import read_number
from switchhook.sip.wire.transport import (
    DEFAULT_PORT,
    TRANSPORTS,
    UDP,
    Peer,
    is_translated,
    numeric,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from switchhook.sip.wire.message import Request

_MAX_SECONDS: Final = 2**32 - 1
MOST_PROXIES: Final = 20
MOST_NAME: Final = 80
"""Characters that are kept of what a telephone calls itself."""
LONGEST_WAY: Final = 32.0
"""Seconds that a REGISTER may be under way: 64·T1, then its sender gives it up (§17.1.2.2)."""
_MALFORMED: Final = 3600
"""The value of an unreadable Expires (§10.3 item 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarLimits:
    """How long a registration may last, in seconds, and how many telephones an account may have."""

    shortest: int = 60
    longest: int = 3600
    unasked: int = 3600
    """The default when a REGISTER names no time."""
    contacts: int = 10
    """The ones that would expire first make room for new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One telephone of an account. Call it with `contact.uri` as Request-URI and `path` as Route, at `peer`."""

    contact: NameAddress
    """As registered, without expires."""
    source: Peer
    """Where the REGISTER came from."""
    expires_at: float
    call_id: str
    cseq: int
    bound_at: float = field(default=float("-inf"), compare=False)
    """When its latest REGISTER came; what an earlier process received is long past."""
    behind_nat: bool = False
    """Whether its REGISTER came from another host or port than its Via says (RFC 3581)."""
    path: tuple[NameAddress, ...] = ()
    """The proxies that stand between, the nearest to us first (RFC 3327)."""
    user_agent: str = ""
    """The telephone's User-Agent, for people."""

    @property
    def peer(self) -> Peer:
        """The way to the telephone.

        On a connection it is the connection. On UDP it is the address of the nearest proxy, else of the
        Contact. The packet's source replaces it behind a NAT, and when it names another host: a name, which is
        not resolved, or the inside of a NAT. Then it is where the packet came from.
        """
        if self.source.transport != UDP or self.behind_nat:
            return self.source
        uri = self.path[0].uri if self.path else self.contact.uri
        if numeric(uri.host) != self.source.host or uri.port == 0:
            return self.source
        transport = (uri.parameters.get("transport") or UDP).upper()
        if transport not in TRANSPORTS:
            return self.source
        return Peer(transport, self.source.host, uri.port or DEFAULT_PORT)

    @property
    def preference(self) -> float:
        """The q value (§20.10)."""
        return self.contact.preference

    def is_for(self, other: Binding) -> bool:
        """Tell whether `other` is this one anew.

        That is the same device, as a telephone that was started again may come from another port
        (RFC 5626 §6), or the same URI, unless it is one of a private network that is not the same.
        """
        device = _device(self.contact)
        if device is not None and device == _device(other.contact):
            return True
        is_elsewhere = (
            self.behind_nat
            and other.behind_nat
            and self.source.host != other.source.host
            and self.call_id != other.call_id
        )
        return self.contact.uri.matches(other.contact.uri) and not is_elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The result of a REGISTER: the new bindings, and the response."""

    bindings: tuple[Binding, ...]
    status: int = 200
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class _RefusedError(Exception):
    def __init__(self, status: int, reason: str | None = None, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


_DEFAULTS: Final = RegistrarLimits()


def register(
    bindings: Iterable[Binding],
    request: Request,
    source: Peer,
    now: float,
    limits: RegistrarLimits = _DEFAULTS,
) -> Registration:
    """Carry out a REGISTER on the bindings of one account: wholly, or not at all.

    Whether the sender may do so is decided before (`digest`). A REGISTER without Contact only asks.
    """
    live = tuple(binding for binding in bindings if binding.expires_at > now)
    try:
        if request.is_wildcard_contact:
            changed = _remove_all(live, request, now)
        else:
            changed = _update(live, request, source, now, limits)
    except _RefusedError as refused:
        return Registration(
            bindings=live, status=refused.status, reason=refused.reason, headers=refused.headers
        )
    headers = [("Contact", _told(binding, now)) for binding in changed]
    headers += [("Path", str(proxy)) for proxy in request.paths]
    return Registration(bindings=changed, headers=tuple(headers))


class Registrar:
    """The bindings of all accounts."""

    def __init__(self, limits: RegistrarLimits = _DEFAULTS) -> None:
        self._limits = limits
        self._bindings: dict[str, tuple[Binding, ...]] = {}

    def register(self, request: Request, account: str, source: Peer, now: float) -> Registration:
        """Carry out a REGISTER for `account`, see `register`."""
        before = self._bindings.get(account, ())
        registration = register(before, request, source, now, self._limits)
        self._keep(account, registration.bindings)
        return registration

    def lookup(self, account: str, now: float) -> tuple[Binding, ...]:
        """Return the bindings of `account`, by q value and then the newest first."""
        live = [b for b in self._bindings.get(account, ()) if b.expires_at > now]
        return tuple(sorted(live, key=lambda b: (b.preference, b.expires_at), reverse=True))

    def restore(self, account: str, bindings: tuple[Binding, ...]) -> None:
        """Take up what an earlier process had registered."""
        self._keep(account, bindings)

    def all_bindings(self) -> list[tuple[str, Binding]]:
        """Return all telephones with their accounts."""
        return [(account, one) for account, some in self._bindings.items() for one in some]

    def bindings(self, account: str) -> tuple[Binding, ...]:
        """Return what is known of an account's telephones, over or not."""
        return self._bindings.get(account, ())

    def expire(self, now: float) -> list[tuple[str, Binding]]:
        """Forget what is over, and return it with its accounts; call it now and then."""
        return self._drop(lambda binding: binding.expires_at <= now)

    def flow_closed(self, source: Peer) -> list[tuple[str, Binding]]:
        """Forget the telephones that were reached by a connection that is gone, and return them."""
        return self._drop(lambda binding: binding.peer == source)

    def _drop(self, is_over: Callable[[Binding], bool]) -> list[tuple[str, Binding]]:
        dropped = []
        for account, bindings in tuple(self._bindings.items()):
            gone = [binding for binding in bindings if is_over(binding)]
            if gone:
                dropped += [(account, binding) for binding in gone]
                self._keep(account, tuple(b for b in bindings if b not in gone))
        return dropped

    def _keep(self, account: str, bindings: tuple[Binding, ...]) -> None:
        if bindings:
            self._bindings[account] = bindings
        else:
            self._bindings.pop(account, None)


def _remove_all(live: tuple[Binding, ...], request: Request, now: float) -> tuple[Binding, ...]:
    if request.contacts or _number(request.headers.get("Expires")) != 0:
        raise _RefusedError(400, "Contact: * Needs Expires: 0 And No Other Contact")
    for binding in live:
        _refuse_stale(binding, request, now)
    return ()


def _update(
    live: tuple[Binding, ...],
    request: Request,
    source: Peer,
    now: float,
    limits: RegistrarLimits,
) -> tuple[Binding, ...]:
    if len(request.paths) > MOST_PROXIES:
        raise _RefusedError(400, "Too Many Proxies In Path")
    # A Contact that cannot be called (tel:, sips:) does not drop the others.
    contacts = [contact for contact in request.contacts if contact.uri.scheme == "sip"]
    if request.contacts and not contacts:
        raise _RefusedError(400, "Only sip: Contacts Can Be Called")
    kept, added = list(live), list[Binding]()
    for contact in contacts:
        seconds = _seconds(contact, request, limits)
        bound = _bound(contact, request, source, now, now + seconds)
        for binding in [binding for binding in kept if binding.is_for(bound)]:
            _refuse_stale(binding, request, now)
            kept.remove(binding)
        # Two addresses of one device in one request are meant to hold both.
        added = [binding for binding in added if not binding.contact.uri.matches(contact.uri)]
        if seconds:
            added.append(bound)
    newest_first = sorted(kept, key=lambda binding: binding.expires_at, reverse=True)
    return tuple([*reversed(added), *newest_first][: limits.contacts])


def _seconds(contact: NameAddress, request: Request, limits: RegistrarLimits) -> int:
    """Return how long a contact is to be bound, 0 to remove it."""
    asked = contact.parameters.get("expires") or request.headers.get("Expires")
    if asked is None:
        return limits.unasked
    read = _number(asked)
    seconds = _MALFORMED if read is None else read
    if 0 < seconds < limits.shortest:
        raise _RefusedError(423, None, ("Min-Expires", str(limits.shortest)))
    return min(seconds, limits.longest)


def _number(text: str | None) -> int | None:
    """Read a time in seconds; None for what is no number."""
    try:
        return None if text is None else read_number(text, _MAX_SECONDS, "expires")
    except SipError:
        return None


def _refuse_stale(binding: Binding, request: Request, now: float) -> None:
    """Refuse a request that was overtaken by a later one of the same telephone (§10.3 item 7).

    None is under way for longer than its transaction lasts: after that, a telephone that was started anew
    counts from the beginning.
    """
    is_lower = binding.call_id == request.call_id and request.cseq.number <= binding.cseq
    if is_lower and now - binding.bound_at < LONGEST_WAY:
        raise _RefusedError(500, "This REGISTER Was Overtaken By A Later One")


def _bound(
    contact: NameAddress, request: Request, source: Peer, now: float, expires_at: float
) -> Binding:
    # Headers in the URI would become headers of every INVITE to it; parameters we set ourselves.
    bare = replace(
        contact,
        uri=contact.uri.replace(headers=""),
        parameters=contact.parameters.without("expires"),
    )
    return Binding(
        contact=bare,
        source=source,
        expires_at=expires_at,
        bound_at=now,
        call_id=request.call_id,
        cseq=request.cseq.number,
        behind_nat=is_translated(request.via, source),
        path=request.paths,
        user_agent=_printable(request.headers.get("User-Agent") or ""),
    )


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:MOST_NAME]


def _told(binding: Binding, now: float) -> str:
    left = max(1, round(binding.expires_at - now))
    parameters = binding.contact.parameters.set("expires", str(left))
    return str(replace(binding.contact, parameters=parameters))


def _device(contact: NameAddress) -> tuple[str, str | None] | None:
    instance = contact.parameters.text("+sip.instance")
    return (instance, contact.parameters.get("reg-id")) if instance else None
