"""The headers of a message: its header fields as an ordered multimap."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, overload

from switchhook.sip.wire.errors import excerpt
from switchhook.sip.wire.syntax import WHITE, is_one_line, is_token, split_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView

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
KNOWN_NAMES: Final = {name.lower(): name for name in _KNOWN.split()}
KNOWN_NAMES.update({short: KNOWN_NAMES[long] for short, long in _COMPACT.items()})
KNOWN_NAMES.update({name: name for name in _KNOWN.split()})
"""How RFC 3261 spells a header's name: by the name as it is spelled, in lower case, or compact."""

_NONE: Final[frozenset[str]] = frozenset()


def received_name(text: str) -> str:
    """Spell a header name as RFC 3261 does; one that it does not know stays. Empty if it is none."""
    if known := KNOWN_NAMES.get(text):
        return known
    text = text.rstrip(WHITE)
    return KNOWN_NAMES.get(text.lower(), text) if is_token(text) else ""


def checked(pairs: Iterable[tuple[str, str]]) -> HeaderFields:
    """Return headers of ours with their names as RFC 3261 spells them; raise ValueError for a wrong one."""
    return tuple([(_checked_name(name), _checked_value(value)) for name, value in pairs])


class Headers:
    """Immutable (name, value) pairs in their order on the wire; names are found in any case or form.

    Building them checks every name and value, so that no value of ours can start a header of its
    own; a wrong one raises ValueError. With `verbatim` the pairs came off the wire and are taken as
    they are: names canonical already, values without line breaks.
    """

    __slots__ = ("_first", "_pairs")

    _first: dict[str, str]
    """The first value of each name, as it is spelled in its line."""
    _pairs: tuple[tuple[str, str], ...]

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), *, verbatim: bool = False) -> None:
        self._pairs = tuple(pairs) if verbatim else checked(pairs)
        # In one go of dict(): an index of all lines costs ten times as much, and hardly any name has two.
        self._first = dict(reversed(self._pairs))

    @property
    def repeated(self) -> frozenset[str]:
        """The names, as RFC 3261 spells them, that have more than one line."""
        if len(self._first) == len(self._pairs):
            return _NONE
        lines = Counter(name for name, _ in self._pairs)
        return frozenset(name for name, count in lines.items() if count > 1)

    @property
    def names(self) -> KeysView[str]:
        """The names of all lines: as RFC 3261 spells them, and as they came where it does not know them."""
        return self._first.keys()

    @overload
    def get(self, name: str, default: str) -> str: ...
    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of `name`."""
        if (known := KNOWN_NAMES.get(name)) is not None:
            return self._first.get(known, default)
        return next(iter(self.all(name)), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of `name`, one for each line."""
        known = KNOWN_NAMES.get(name) or KNOWN_NAMES.get(name.lower())
        if known is None:  # its lines may be spelled in several ways
            key = name.lower()
            return tuple([value for other, value in self._pairs if other.lower() == key])
        if (first := self._first.get(known)) is None:
            return ()
        if len(self._first) == len(self._pairs):
            return (first,)
        return tuple([value for other, value in self._pairs if other == known])

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of `name` with comma lists split."""
        return tuple([value for line in self.all(name) for value in split_list(line)])

    def add(self, name: str, value: str) -> Headers:
        """Return these with one more line at the end."""
        pair = (_checked_name(name), _checked_value(value))
        return Headers((*self._pairs, pair), verbatim=True)

    def put(self, name: str, *values: str) -> Headers:
        """Return the headers with all lines of `name` replaced, at the place of the first or at the end."""
        new = [(_checked_name(name), _checked_value(value)) for value in values]
        if name not in self:
            return Headers((*self._pairs, *new), verbatim=True)
        key = _key(name)
        place = next(place for place, pair in enumerate(self._pairs) if pair[0].lower() == key)
        behind = [pair for pair in self._pairs[place:] if pair[0].lower() != key]
        return Headers((*self._pairs[:place], *new, *behind), verbatim=True)

    def without(self, *names: str) -> Headers:
        """Return these but for `names`."""
        dropped = {_key(name) for name in names}
        if not any(name in self for name in names):
            return self
        kept = (pair for pair in self._pairs if pair[0].lower() not in dropped)
        return Headers(kept, verbatim=True)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        if (known := KNOWN_NAMES.get(name)) is not None:
            return known in self._first
        return bool(self.all(name))

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
    """Return what a name has in common with other spellings of it."""
    return (KNOWN_NAMES.get(name) or KNOWN_NAMES.get(name.lower()) or name).lower()


def _checked_name(name: str) -> str:
    if known := KNOWN_NAMES.get(name):
        return known
    canonical = KNOWN_NAMES.get(name.lower(), name)
    if not is_token(canonical):
        raise ValueError(f"this is no header name: {excerpt(name)}")
    return canonical


def _checked_value(value: str) -> str:
    if not is_one_line(value):
        raise ValueError(f"a header value holds a line break or a NUL: {excerpt(value)}")
    return value.strip(WHITE)
