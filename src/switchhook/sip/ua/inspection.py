"""The inspection of a received request by its method, target, extensions and body (RFC 3261 §8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.sip.transaction.admission import Refusal
from switchhook.sip.ua.session_timer import SHORTEST, TIMER, is_too_short
from switchhook.sip.wire.lenient import media_type
from switchhook.sip.wire.syntax import is_token

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

ALLOWED: Final = (
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "REGISTER",
    "INFO",
    "UPDATE",
    "MESSAGE",
    "REFER",
)
ALLOW: Final = ("Allow", ", ".join(ALLOWED))
ACCEPT: Final = ("Accept", "application/sdp")

KNOWN: Final = frozenset({"NOTIFY", "PRACK", "PUBLISH", "SUBSCRIBE"})
"""Methods that are no gibberish (405 instead of 501), but not served."""
WITHIN_ONLY: Final = frozenset({"INFO", "UPDATE", "MESSAGE", "REFER"})
"""Methods that are served within a dialog alone, as is BYE."""
EXTENSIONS: Final = frozenset({TIMER, "norefersub"})
"""The option tags that may be required."""
PATH: Final = "path"
"""The option tag that a proxy requires of a registrar (RFC 3327 §5.2)."""
SCHEMES: Final = frozenset({"sip", "sips", "tel"})


def inspect_request(request: Request) -> Refusal | None:
    """Return why a request is not served, or None. The order is that of §8.2.1 to §8.2.3.

    A BYE is served whatever it holds: a call that one end has left is over.
    """
    if request.method == "BYE":
        return None
    within = request.is_within_dialog
    return (
        _screen_method(request, within=within)
        or _screen_target(request, within=within)
        or _screen_extensions(request)
        or _screen_body(request)
    )


def _screen_method(request: Request, *, within: bool) -> Refusal | None:
    method = request.method
    if method == "NOTIFY" and within:
        return None  # only our user knows whether it has asked for that
    if method in ALLOWED:
        return Refusal(405, (ALLOW,)) if not within and method in WITHIN_ONLY else None
    return Refusal(405 if method in KNOWN else 501, (ALLOW,))


def _screen_target(request: Request, *, within: bool) -> Refusal | None:
    if request.uri.scheme not in SCHEMES and not request.uri.is_for_help:
        return Refusal(416)
    # We forward only calls: other requests end here, whatever their Max-Forwards (§16.3 item 3).
    if request.max_forwards == 0 and request.method == "INVITE" and not within:
        return Refusal(483)
    return None


def _screen_extensions(request: Request) -> Refusal | None:
    values = request.headers.values("Require")
    known = EXTENSIONS | {PATH} if request.method == "REGISTER" else EXTENSIONS
    required = [value for value in values if value.strip().lower() not in known]
    if required and request.method not in {"ACK", "CANCEL"}:
        # A value that is no token could end our own header, so it is not repeated.
        repeated = ", ".join(filter(is_token, required))
        return Refusal(420, (("Unsupported", repeated),) if repeated else ())
    if request.method in {"INVITE", "UPDATE"} and is_too_short(request):
        return Refusal(422, (("Min-SE", str(SHORTEST)),))
    return None


def _screen_body(request: Request) -> Refusal | None:
    if not request.body:
        return None
    if (request.headers.get("Content-Encoding") or "identity").lower() != "identity":
        return Refusal(415, (("Accept-Encoding", "identity"),))
    if request.method != "INVITE":
        return None
    kind = media_type(request.headers.get("Content-Type") or "")
    if kind == "application/sdp":  # a description among other parts was found before
        return None
    return Refusal(415, (ACCEPT,))
