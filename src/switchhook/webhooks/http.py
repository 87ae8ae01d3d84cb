"""HTTP requests, responses and exchanges as values. Exact bytes; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from switchhook.quick_init import quick_init

if TYPE_CHECKING:
    from switchhook.domain.failure import Failure

_PAGE: Final = 4096
"""Bytes of a page that are searched for a cause."""
_SPEAKS_TLS: Final = (
    b"plain http request was sent to https port",
    b"speaking plain http to an ssl-enabled server port",
    b"sent an http request to an https server",
    b"combination of host and port requires tls",
)
"""How nginx, Apache, Go and Tomcat answer plain HTTP on a port that speaks TLS."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request, ready to be sent. `headers` go out in this order and in this letter case.

    The sender writes the request line from `method` and `url`, and nothing that is not in `headers`:
    Host, Content-Length and Connection are here already, so that what is stored is what is sent.
    """

    method: str
    url: str
    """Absolute; http or https; percent-encoded."""
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    parameter_headers: frozenset[str] = field(default=frozenset(), compare=False)
    """Names, in lower case, of the header fields that hold parameters, as a body or a query does."""
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The parts for the origin of `url` alone, besides headers that are neither parameters nor usual."""
    notes: tuple[str, ...] = ()
    """Sentences on values that are sent otherwise than a person would expect."""
    is_draft: bool = False
    """Whether it is written anew before the first attempt, with what is known of the call by then (N-18)."""


class HttpResponse(NamedTuple):
    """One response, read to its end. Header names are lower case, values as they came.

    A named tuple, like `Exchange`: a frozen dataclass takes three times as long to make, and each exchange makes both.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    left_out: tuple[str, ...] = ()
    """The beginnings of lines of its head that could not be read, and that decided nothing."""
    is_cut: bool = False
    """Whether more bytes were seen behind the end that its Content-Length told."""

    def header(self, wanted: str) -> str:
        """Return the first value of a header, named in lower case; "" where there is none."""
        return next((value for name, value in self.headers if name == wanted), "")

    @property
    def remark(self) -> str:
        """Return a note on dropped header lines and a cut body; "" for neither."""
        said = []
        if self.left_out:
            lines = ", ".join(self.left_out)
            said.append(f"left out of the answer's head what is no header line: {lines}")
        if self.is_cut:
            counted = "Content-Length counts bytes, and not characters"
            said.append(
                f"its Content-Length is too small, more came than {len(self.body)} bytes: {counted}"
            )
        return "; ".join(said)

    @property
    def advice(self) -> str:
        """Return the cause of a refusal that only the body names; "" without one."""
        page = self.body[:_PAGE].lower()
        if self.status == HTTPStatus.BAD_REQUEST and any(word in page for word in _SPEAKS_TLS):
            return "That port speaks TLS: the URL has to begin with https."
        return ""


class Exchange(NamedTuple):
    """One finished exchange: a response, or the failure in its place, and how long each phase took."""

    request: HttpRequest
    response: HttpResponse | None
    failure: Failure | None
    """Set when there is no whole response. A response of any status is no failure here."""
    begun: HttpResponse | None = None
    """The head of a response whose body failed, with what came of the body. Its status was said all the same."""
    address: str = ""
    """The numeric address and port that was connected to; empty when none was."""
    reused: bool = False
    """Whether a kept connection carried it."""
    redirects: tuple[str, ...] = ()
    """Scheme and host of each redirect that was followed; its path and query may hold secrets."""
    left_out: tuple[str, ...] = ()
    """Names of what did not go along, since a redirect led to another origin than it was given for."""
    has_lost_body: bool = False
    """Whether a redirect was followed by GET, without the body that the request had."""
    proofs: tuple[str, ...] = ()
    """By what the request proved who sent it, in words."""
    seconds: tuple[tuple[str, float], ...] = ()
    """Phases in order: dns, connect, tls, write, headers, body; then `total`."""
