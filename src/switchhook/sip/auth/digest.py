"""Digest authentication, both ends of it (RFC 7616, RFC 8760, RFC 3261 §22).

A digest proves a password without telling it: the server hands out a nonce, the client hashes it
together with the password, the method and the URI.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from switchhook.sip.auth.nonces import Nonces, is_equal
from switchhook.sip.wire.errors import ParseError, SipError, excerpt
from switchhook.sip.wire.syntax import WHITE, end_of_quoted, is_token, quote, split_list, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.sip.wire.message import Request, Response

Algorithm = Literal["MD5", "SHA-256"]
KNOWN: Final[tuple[Algorithm, ...]] = ("MD5", "SHA-256")
_BEST_FIRST: Final[tuple[Algorithm, ...]] = ("SHA-256", "MD5")

PROXY: Final = "Proxy-Authenticate"
SERVER: Final = "WWW-Authenticate"

MAX_FIELDS: Final = 32
MOST_SHOWN: Final = 10
"""Headers with credentials of one request that are read."""
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_NOBODY: Final = "nobody's password"
WRONG: Final = "the user or the password is wrong"
WAIT: Final = "too many wrong passwords"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ha1:
    """A password as it may be stored: hashed with its user and realm, once for each algorithm."""

    md5: str
    sha256: str

    @classmethod
    def of(cls, username: str, realm: str, password: str) -> Ha1:
        """Hash a clear password."""
        secret = f"{username}:{realm}:{password}"
        return cls(md5=_hash("MD5", secret), sha256=_hash("SHA-256", secret))


Secrets = str | Ha1 | tuple[str | Ha1, ...] | None
"""A user's passwords; several when users share a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The request is authenticated as `username`."""

    username: str
    secret: str | Ha1 = field(default="", compare=False, repr=False)
    """The one that was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Answer with `status` and `headers`. `stale` tells the client that its nonce is too old, not its password wrong."""

    status: int
    headers: tuple[tuple[str, str], ...]
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsRefused:
    """Answer with `status`: 403 for a wrong user or password, 400 for a broken header, 503 where barred."""

    status: int
    reason: str
    username: str = ""
    """The user in the header, with a nonce of ours; empty for a broken header."""
    asker: str = ""
    """The address that the nonce was given to."""


class Verifier:
    """The server's end for one realm. Holds the nonces in use and nothing else; makes no I/O.

    `key` signs the nonces; nonces of another key are stale, so a new key at each start is fine. A
    nonce lives for `lifetime` seconds. Each use must carry a higher count than the one before; a
    client that sends no count may use a nonce once. Both cost an honest client a round trip at worst.
    `proxy` chooses 407 over 401.

    `algorithms` are offered in their order. SHA-256 is no default: baresip 1.0 gives up on a 401 that offers it
    anywhere, SIPp 3.6 on one that offers it first, and neither hash slows down guessing.
    """

    def __init__(
        self,
        realm: str,
        key: bytes,
        *,
        lifetime: float = 300.0,
        memory: int = 10_000,
        proxy: bool = False,
        algorithms: tuple[Algorithm, ...] = ("MD5",),
    ) -> None:
        self.realm = realm
        self._nonces = Nonces(realm, key, lifetime=lifetime, memory=memory)
        self._algorithms = algorithms
        self._status = 407 if proxy else 401
        self._asks, self._answers = (
            (PROXY, "Proxy-Authorization") if proxy else (SERVER, "Authorization")
        )
        self._other = "Authorization" if proxy else "Proxy-Authorization"

    def challenge(self, now: float, *, asker: str = "", stale: bool = False) -> Challenge:
        """Challenge the client at the address `asker` (RFC 3261 §22.2)."""
        nonce = self._nonces.make(asker, now)
        rest = ', qop="auth"' + (", stale=true" if stale else "")
        headers = tuple(
            (
                self._asks,
                f'Digest realm={quote(self.realm)}, nonce="{nonce}", algorithm={algorithm}{rest}',
            )
            for algorithm in self._algorithms
        )
        return Challenge(status=self._status, headers=headers, stale=stale)

    def check(
        self,
        request: Request,
        passwords: Callable[[str], Secrets],
        now: float,
        *,
        asker: str = "",
        is_blocked: Callable[[str, str], bool] = lambda _user, _asker: False,
    ) -> Verified | Challenge | CredentialsRefused:
        """Judge the credentials of `request`; `passwords` knows the password or HA1 of a user.

        If several users share a name, it returns all their passwords, and any of them is accepted.
        A user without one, or with an empty one, is refused like a wrong password. A password is looked
        at only where the nonce is ours and fresh; else there is a new challenge, whatever the password,
        so that an old nonce does not reveal whether a guess was right. `is_blocked` says, for a user and the
        address that the nonce was given to, that no password is looked at. Never call it for ACK and
        CANCEL, which cannot be challenged (RFC 3261 §22.1).
        """
        try:
            shown = self._shown(request)
        except SipError as error:
            return CredentialsRefused(status=400, reason=f"{self._answers}: {error}")
        read = [(self._nonces.read(one.nonce, now), one) for one in shown]
        fresh = [(nonce, one) for nonce, one in read if nonce is not None]
        if not fresh:
            return self.challenge(now, asker=asker, stale=bool(shown))
        nonce, credentials = max(fresh, key=lambda pair: pair[0].issued)
        user = credentials.username
        if is_blocked(user, nonce.asker):
            return CredentialsRefused(status=503, reason=WAIT, username=user, asker=nonce.asker)
        fits = self._fits(credentials, request.method, passwords(user))
        if fits is None:
            return CredentialsRefused(status=403, reason=WRONG, username=user, asker=nonce.asker)
        if not self._nonces.spend(nonce, credentials.count, now):
            return self.challenge(now, asker=asker, stale=True)
        return Verified(username=user, secret=fits)

    def _fits(self, shown: _Credentials, method: str, known: Secrets) -> str | Ha1 | None:
        """Return the secret that was shown. Without any, one is hashed for, so that it takes as long."""
        secrets = [one for one in (known if isinstance(known, tuple) else (known,)) if one]
        fitting = [
            secret
            for secret in secrets or [_NOBODY]
            if is_equal(
                shown.expected(_ha1(shown.algorithm, shown.username, self.realm, secret), method),
                shown.response,
            )
        ]
        return fitting[0] if secrets and fitting else None

    def _shown(self, request: Request) -> list[_Credentials]:
        """Return what the request shows for this realm; other realms are none of our business.

        Several stand there where a telephone keeps the answer to an old challenge, or to another's. Raises
        SipError when no credentials for us can be read.
        """
        shown, wrong = [], None
        # Some clients answer a 407 in the header of a 401: the nonce tells the challenge.
        values = request.headers.all(self._answers) or request.headers.all(self._other)
        for value in values[:MOST_SHOWN]:
            try:
                scheme, fields = _read_fields(value)
                if _is_blank(fields):
                    continue
                if scheme == "digest" and fields.get("realm") == self.realm:
                    shown.append(_Credentials.of(fields))
            except SipError as error:
                wrong = wrong or error
        if wrong is not None and not shown:
            raise wrong
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credentials:
    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm
    qop: str | None
    nc: str
    cnonce: str
    count: int

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> _Credentials:
        """Check the fields of an Authorization header; raise SipError."""
        for name in ("username", "nonce", "uri", "response"):
            if not fields.get(name):
                raise ParseError(f"there is no {name}")
        qop = fields.get("qop", "").lower() or None
        if qop not in {None, "auth"}:
            raise ParseError(f"qop={excerpt(qop or '')} was not offered")
        nc, count = fields.get("nc", ""), 0
        if qop is not None:
            # Eight digits by RFC 7616 §3.4; small telephones send fewer, and hash what they send.
            if not 1 <= len(nc) <= 8 or not _HEX.issuperset(nc) or "cnonce" not in fields:
                raise ParseError("with qop, nc of 8 hexadecimal digits and cnonce are required")
            count = int(nc, 16)
        return cls(
            username=fields["username"],
            realm=fields["realm"],
            nonce=fields["nonce"],
            uri=fields["uri"],
            response=fields["response"].lower(),
            algorithm=_known_algorithm(fields.get("algorithm") or "MD5"),
            qop=qop,
            nc=nc,
            cnonce=fields.get("cnonce", ""),
            count=count,
        )

    def expected(self, ha1: str, method: str) -> str:
        # The digest covers the URI that the client names. It is not compared with the Request-URI:
        # proxies rewrite that, and SIPp never names it. The count keeps a digest from being used
        # for a second request.
        return digest(
            self.algorithm,
            ha1,
            nonce=self.nonce,
            method=method,
            uri=self.uri,
            qop=self.qop,
            nc=self.nc,
            cnonce=self.cnonce,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenged:
    """One realm's challenge, as far as it can be answered."""

    realm: str
    nonce: str
    algorithm: Algorithm
    session: bool
    """Whether the key is of this nonce alone (`MD5-sess`, RFC 7616 §3.4.2)."""
    qop: str
    """`auth`, `auth-int`, or empty where the server offers none."""
    opaque: str | None
    stale: bool
    """Whether only the nonce was wrong, so that trying again helps."""

    def answer(
        self, request: Request, username: str, password: str, *, cnonce: str, nonce_count: int
    ) -> str:
        """Return the value of the header that answers for `request`, as it goes out.

        `cnonce` is a token by chance, `nonce_count` how often the nonce was used, this time included.
        """
        if not is_token(cnonce):
            raise ValueError("a cnonce is a token")
        nc, uri = f"{nonce_count:08x}", str(request.uri)
        ha1 = _ha1(self.algorithm, username, self.realm, password)
        if self.session:
            ha1 = _hash(self.algorithm, f"{ha1}:{self.nonce}:{cnonce}")
        result = digest(
            self.algorithm,
            ha1,
            nonce=self.nonce,
            method=request.method,
            uri=uri,
            qop=self.qop or None,
            nc=nc,
            cnonce=cnonce,
            body=request.body,
        )
        name = f"{self.algorithm}-sess" if self.session else self.algorithm
        answer = [f"username={quote(username)}", f"realm={quote(self.realm)}"]
        answer += [f"nonce={quote(self.nonce)}", f"uri={quote(uri)}", f'response="{result}"']
        answer += [f"algorithm={name}"]
        if self.qop or self.session:
            answer += [f'cnonce="{cnonce}"']
        if self.qop:
            answer += [f"qop={self.qop}", f"nc={nc}"]
        if self.opaque is not None:
            answer.append(f"opaque={quote(self.opaque)}")
        return f"Digest {', '.join(answer)}"


def challenges(response: Response) -> tuple[Challenged, ...]:
    """Read a 401 or 407: of each realm that asks, the best that can be answered, in their order.

    SHA-256 is taken where it is offered, else MD5; `auth` before `auth-int`. Raises SipError where no
    realm offers anything of these.
    """
    name = _asks(response)
    found: dict[str, Challenged] = {}
    for value in response.headers.all(name):
        try:
            offered = _challenged(value)
        except SipError:
            continue
        known = found.get(offered.realm)
        if known is None or _rank(offered) < _rank(known):
            found[offered.realm] = offered
    if not found:
        raise SipError(
            f"the {response.status} offers no Digest with MD5 or SHA-256 and qop auth in {name}"
        )
    return tuple(found.values())


def _asks(response: Response) -> str:
    """Return the header that holds the challenge: that of the status, else the one that is there."""
    names = (PROXY, SERVER) if response.status == 407 else (SERVER, PROXY)
    return next((name for name in names if name in response.headers), names[0])


def _challenged(value: str) -> Challenged:
    scheme, fields = _read_fields(value)
    if scheme != "digest" or not fields.get("nonce"):
        raise ParseError("this is no challenge of Digest")
    name = (fields.get("algorithm") or "MD5").upper()
    qops = [qop.strip(WHITE) for qop in split_list(fields.get("qop", "").lower())]
    known = [qop for qop in ("auth", "auth-int") if qop in qops]
    if qops and not known:
        raise ParseError(f"the challenge asks for qop {excerpt(fields['qop'])}")
    return Challenged(
        realm=fields.get("realm", ""),
        nonce=fields["nonce"],
        algorithm=_known_algorithm(name.removesuffix("-SESS")),
        session=name.endswith("-SESS"),
        qop=known[0] if known else "",
        opaque=fields.get("opaque"),
        stale=fields.get("stale", "").lower() == "true",
    )


def _rank(offered: Challenged) -> tuple[int, bool]:
    return _BEST_FIRST.index(offered.algorithm), offered.session


def answer_header(response: Response) -> str:
    """Return the name of the header that answers a 401 or 407."""
    return "Proxy-Authorization" if _asks(response) == PROXY else "Authorization"


def realm_of(value: str) -> str | None:
    """Return the realm that a header of ours answers."""
    return _read_fields(value)[1].get("realm")


def digest(
    algorithm: Algorithm,
    ha1: str,
    *,
    nonce: str,
    method: str,
    uri: str,
    qop: str | None = None,
    nc: str = "",
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """Compute a response (RFC 7616 §3.4.1), without qop that of RFC 2069.

    `body` counts for the qop `auth-int` alone (§3.4.3).
    """
    a2 = f"{method}:{uri}"
    if qop == "auth-int":
        a2 = f"{a2}:{_hash_bytes(algorithm, body)}"
    ha2 = _hash(algorithm, a2)
    middle = f"{nonce}:{nc}:{cnonce}:{qop}" if qop else nonce
    return _hash(algorithm, f"{ha1}:{middle}:{ha2}")


def _read_fields(value: str) -> tuple[str, dict[str, str]]:
    """Read `Digest a="b", c=d` into the scheme in lower case and its fields without quotes."""
    scheme, _, rest = value.replace("\t", " ").partition(" ")
    pieces = split_list(rest)
    if len(pieces) > MAX_FIELDS:
        raise ParseError(f"there are {len(pieces)} fields, more than {MAX_FIELDS}")
    fields: dict[str, str] = {}
    for piece in pieces:
        name, _, text = piece.partition("=")
        text = text.strip(WHITE)
        if text.startswith('"'):
            if end_of_quoted(text) != len(text) - 1:
                raise ParseError(f"something stands behind a quoted value: {excerpt(text)}")
            text = unquote(text)
        fields.setdefault(name.rstrip(WHITE).lower(), text)
    return scheme.lower(), fields


def _is_blank(fields: Mapping[str, str]) -> bool:
    """Whether only a name is shown yet, as telephones of mobile networks do (3GPP TS 24.229 §5.1.1.2.3)."""
    return not (fields.get("nonce") or fields.get("response"))


def _known_algorithm(name: str) -> Algorithm:
    for algorithm in KNOWN:
        if name.upper() == algorithm:
            return algorithm
    raise ParseError(f"the algorithm {excerpt(name)} was not offered")


def _ha1(algorithm: Algorithm, username: str, realm: str, secret: str | Ha1) -> str:
    # Hash for a stored HA1 too: the time must not reveal which users exist.
    clear = _NOBODY if isinstance(secret, Ha1) else secret
    computed = _hash(algorithm, f"{username}:{realm}:{clear}")
    if isinstance(secret, Ha1):
        return secret.md5 if algorithm == "MD5" else secret.sha256
    return computed


def _hash(algorithm: Algorithm, text: str) -> str:
    return _hash_bytes(algorithm, text.encode("utf-8", "surrogateescape"))


def _hash_bytes(algorithm: Algorithm, data: bytes) -> str:
    if algorithm == "MD5":
        return hashlib.md5(data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest()
