"""The headers of a message: its header fields as an ordered multimap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, overload

from switchhook.sip.wire.errors import excerpt
from switchhook.sip.wire.syntax import WHITE, is_one_line, is_token, split_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HeaderFields = tuple[tuple[str, str], ...]
"""Further headers, in order."""

_COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""The one-letter forms that IANA lists."""

_KNOWN: Final = """
Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events
Authentication-Info Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding
Content-Language Content-Length Content-Type CSeq Date Diversion Error-Info Event Expires From
History-Info Identity Identity-Info In-Reply-To Join Max-Forwards MIME-Version Min-Expires Min-SE
Organization P-Asserted-Identity P-Preferred-Identity Path Priority Privacy Proxy-Authenticate
Proxy-Authorization Proxy-Require RAck Reason Record-Route Refer-To Referred-By Reject-Contact
Remote-Party-ID Replaces Reply-To Request-Disposition Require Retry-After Route RSeq Server
Service-Route Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State Supported Timestamp
To Unsupported User-Agent Via Warning WWW-Authenticate
"""
_CANONICAL: Final = {name.lower(): name for name in _KNOWN.split()}
_CANONICAL.update({short: _CANONICAL[long] for short, long in _COMPACT.items()})


_CANONICAL.update({name: name for name in _KNOWN.split()})
_KEYS: Final = {name: canonical.lower() for name, canonical in _CANONICAL.items()}
"""The key of a header name: as RFC 3261 writes it, in lower case, or compact."""

_NONE: Final[frozenset[str]] = frozenset()


def received_name(text: str) -> str:
    """Spell a header name as RFC 3261 does; one that it does not know stays. Empty if it is none."""
    if known := _CANONICAL.get(text):
        return known
    text = text.rstrip(WHITE)
    return _CANONICAL.get(text.lower(), text) if is_token(text) else ""


def checked(pairs: Iterable[tuple[str, str]]) -> HeaderFields:
    """Return headers of ours with their names as RFC 3261 spells them; raise ValueError for a wrong one."""
    return tuple([(_checked_name(name), _checked_value(value)) for name, value in pairs])


class Headers:
    """Immutable (name, value) pairs in their order on the wire; names are found in any case or form.

    Building them checks every name and value, so that no value of ours can start a header of its
    own; a wrong one raises ValueError. With `verbatim` the pairs came off the wire and are taken as
    they are: names canonical already, values without line breaks.
    """

    __slots__ = ("_index", "_pairs")

    _index: dict[str, list[str]]
    _pairs: tuple[tuple[str, str], ...]

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), *, verbatim: bool = False) -> None:
        self._pairs = tuple(pairs) if verbatim else checked(pairs)
        index: dict[str, list[str]] = {}
        for name, value in self._pairs:
            index.setdefault(_KEYS.get(name) or name.lower(), []).append(value)
        self._index = index

    @property
    def repeated(self) -> frozenset[str]:
        """The names, in lower case, that have more than one line."""
        if len(self._index) == len(self._pairs):
            return _NONE
        return frozenset(name for name, lines in self._index.items() if len(lines) > 1)

    @overload
    def get(self, name: str, default: str) -> str: ...
    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of `name`."""
        lines = self._index.get(_KEYS.get(name) or _key(name))
        return lines[0] if lines else default

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of `name`, one for each line."""
        return tuple(self._index.get(_key(name), ()))

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of `name` with comma lists split."""
        lines = self._index.get(_key(name), ())
        return tuple([value for line in lines for value in split_list(line)])

    def add(self, name: str, value: str) -> Headers:
        """Return these with one more line at the end."""
        pair = (_checked_name(name), _checked_value(value))
        return Headers((*self._pairs, pair), verbatim=True)

    def put(self, name: str, *values: str) -> Headers:
        """Return the headers with all lines of `name` replaced, at the place of the first or at the end."""
        new = [(_checked_name(name), _checked_value(value)) for value in values]
        key = _key(name)
        if key not in self._index:
            return Headers((*self._pairs, *new), verbatim=True)
        place = next(place for place, pair in enumerate(self._pairs) if pair[0].lower() == key)
        behind = [pair for pair in self._pairs[place:] if pair[0].lower() != key]
        return Headers((*self._pairs[:place], *new, *behind), verbatim=True)

    def without(self, *names: str) -> Headers:
        """Return these but for `names`."""
        dropped = {_key(name) for name in names}
        if dropped.isdisjoint(self._index):
            return self
        kept = (pair for pair in self._pairs if pair[0].lower() not in dropped)
        return Headers(kept, verbatim=True)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (_KEYS.get(name) or _key(name)) in self._index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({list(self._pairs)!r})"


def _key(name: str) -> str:
    if known := _KEYS.get(name):
        return known
    name = name.lower()
    return _COMPACT.get(name, name)


def _checked_name(name: str) -> str:
    if known := _CANONICAL.get(name):
        return known
    canonical = _CANONICAL.get(name.lower(), name)
    if not is_token(canonical):
        raise ValueError(f"this is no header name: {excerpt(name)}")
    return canonical


def _checked_value(value: str) -> str:
    if not is_one_line(value):
        raise ValueError(f"a header value holds a line break or a NUL: {excerpt(value)}")
    return value.strip(WHITE)
