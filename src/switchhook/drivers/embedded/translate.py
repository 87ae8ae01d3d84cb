"""The translation between SIP and calls: who calls, why something ended, how a caller is shown. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.domain.cause import OUT_OF_ORDER, AttemptEnd, Cause
from switchhook.domain.screening import MIN_OUTSIDE_DIGITS, SOS
from switchhook.domain.target import written_number
from switchhook.drivers.embedded.privacy import ANONYMOUS, hides_name, hides_number
from switchhook.routing.admission import OfferedCall
from switchhook.sip.ua.session import LOST
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.header_values import NameAddress, preferred
from switchhook.sip.wire.lenient import readable
from switchhook.sip.wire.parameters import Parameters
from switchhook.sip.wire.uri import Uri

if TYPE_CHECKING:
    from switchhook.domain.project import Account, Trunk
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response

WITHHELD: Final = frozenset(
    {"", "+", "anonymous", "blocked", "private", "restricted", "unavailable", "unknown", "withheld"}
)
"""User parts, in lower case, with which other switches say that the number is withheld."""
Q850_LOST: Final = 41
"""Temporary failure (ITU-T Q.850)."""
REDIRECTIONS: Final = frozenset({300, 301, 302})
"""Statuses with which a call is sent elsewhere."""
MOST_CONTACTS: Final = 10
"""Contacts of a redirection that are looked at."""
MOST_NUMBER: Final = 128
"""Characters of a user part that are looked at."""
MOST_NAME: Final = 80
"""Characters of a name that a telephone is sent."""

MOST_INTERNATIONAL: Final = 17
"""Characters of an international number with its plus, and a trunk prefix that stands in it still."""
_PHONE_CONTEXT: Final = re.compile(r";phone-context=(\+[^;]*)", re.IGNORECASE)

_REFUSALS: Final = frozenset(
    {403, 404, 408, 410, 480, 484, 486, 487, 488, 500, 502, 503, 504, 600, 603, 604, 606, 607, 608}
)
"""Statuses that mean the same to a caller as they did to us; others speak of our own requests."""
_REASON: Final = re.compile(r"\s*([^\s;,]+)\s*;(.*)")
_REASONS: Final = {
    AttemptEnd.ANSWERED_ELSEWHERE: 'SIP;cause=200;text="Call completed elsewhere"',
    AttemptEnd.CANCELLED_BY_CALLER: 'SIP;cause=487;text="Caller hung up"',
    AttemptEnd.TIMEOUT: 'SIP;cause=408;text="No answer in time"',
}


def arrival_of(
    request: Request, *, project: str, account: Account | None = None, trunk: Trunk | None = None
) -> OfferedCall:
    """Say who calls whom. An account is its login; a trunk is believed about its callers."""
    callee = _dialled(request, trunk)
    if account is not None:
        name = account.name or _name(request.from_)
        return OfferedCall(
            caller=account.login,
            caller_name=name,
            callee=callee,
            account=account.login,
            project=project,
            hidden=hides_number(request),
        )
    caller = _caller_of(request)
    return OfferedCall(
        caller="" if caller is None else number_of(caller.uri),
        caller_name="" if caller is None or hides_name(request) else _name(caller),
        callee=callee,
        trunk="" if trunk is None else trunk.name,
        project=project,
    )


def _dialled(request: Request, trunk: Trunk | None) -> str:
    """Return the dialled number; a carrier that we registered with may call our Contact, and say it elsewhere."""
    dialled = number_of(request.uri) or number_of(request.to.uri)
    if trunk is None or not trunk.register or dialled != trunk.username:
        return dialled
    named = [*_addresses(request, "P-Called-Party-ID"), request.to]
    numbers = (number_of(address.uri) for address in named)
    return next((number for number in numbers if number), dialled)


def number_of(uri: Uri) -> str:
    """Return the number or login that a URI names, without the parameters that a user part may have.

    What cannot be printed, such as bytes that are no UTF-8, is left out: it could not be stored.
    """
    if uri.is_for_help:
        return SOS
    username = uri.username
    if uri.user is None and uri.host.isdigit():
        username = uri.host  # `sip:2002`, from who leaves the host out
    user, _, parameters = username.partition(";")
    number = user.strip()[:MOST_NUMBER]
    if not number.isprintable():
        number = "".join(filter(str.isprintable, number))
    if not (uri.parameters or parameters):
        return number
    context = uri.parameters.get("phone-context") or _PHONE_CONTEXT.search(f";{parameters}")
    return _in_context(number, context[1] if isinstance(context, re.Match) else context or "")


def _in_context(number: str, context: str) -> str:
    """Return a local number with the country code that it is said to belong to (RFC 3966 §5.1.5).

    Short ones are left alone, for they are extensions or numbers for help; so are numbers that are complete.
    """
    if not context.startswith("+"):
        return number
    digits, code = written_number(number), written_number(context).removeprefix("+")
    is_local = not number.startswith(("+", "00")) and not digits.startswith(code)
    if not (code and is_local and len(digits) >= MIN_OUTSIDE_DIGITS):
        return number
    joined = f"+{code}{digits}"
    return joined if len(joined) <= MOST_INTERNATIONAL else number


def _caller_of(request: Request) -> NameAddress | None:
    """Return who calls as far as we may know it: asserted by the network, else as it says itself."""
    if hides_number(request):
        return None
    candidates = [*_asserted(request), request.from_]
    for candidate in candidates:
        if number_of(candidate.uri).lower() not in WITHHELD:
            return candidate
    return None


def _asserted(request: Request) -> list[NameAddress]:
    """Return what a trusted network asserts (RFC 3325 §9.1)."""
    return _addresses(request, "P-Asserted-Identity")


def _addresses(request: Request, header: str) -> list[NameAddress]:
    """Return the addresses of an identity header; an unreadable one is left out."""
    return readable(request.headers.values(header))


def _name(address: NameAddress) -> str:
    """Return the name that goes with a number, where it says more than the number."""
    name = one_line(address.display)
    hidden = name.lower() in WITHHELD or name == number_of(address.uri)
    return "" if hidden else name


def one_line(text: str) -> str:
    """Make a sender's or a decision's text fit for a header: short, printable, on one line."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MOST_NAME]


# Why something ended


def cause_of_refusal(status: int, response: Response | None, bye: Request | None = None) -> Cause:
    """Say why a called leg failed. A redirection is a failure: the scheme alone decides who rings."""
    if bye is not None:
        q850, text = _reason(bye)
        return Cause(sip=status, q850=q850, text=text or "hung up before the answer came")
    if response is None:
        text = "no response" if status == 408 else "nothing listens there"
        return Cause(sip=status, q850=OUT_OF_ORDER, text=text)
    q850, text = _reason(response)
    return Cause(sip=status, q850=q850, text=text or one_line(response.reason))


def redirected_to(response: Response | None) -> tuple[str, ...]:
    """Return the user parts of where a telephone's 3xx leads, best first (RFC 3261 §8.1.3.4)."""
    if response is None or response.status not in REDIRECTIONS:
        return ()
    try:
        users = [number_of(contact.uri) for contact in preferred(response.contacts)]
    except SipError:
        return ()
    return tuple(user for user in users if user)[:MOST_CONTACTS]


def cause_of_hang_up(status: int, request: Request | None, why: str = "") -> Cause:
    """Say why an answered leg ended; `status` and `why` are those of the user agent's `LegEnded`."""
    if request is None:
        why = why or LOST.get(status, LOST[408])
        return Cause(sip=status, q850=Q850_LOST, text=f"lost: {why}", is_loss=True)
    q850, text = _reason(request)
    return Cause(sip=200, q850=q850 or 16, text=text or "hung up")


def cause_of_cancel(request: Request) -> Cause:
    """Say why a caller gave up."""
    q850, text = _reason(request)
    return Cause(sip=487, q850=q850 or 16, text=text or "gave up")


def _reason(message: Request | Response) -> tuple[int, str]:
    """Read the Q.850 cause and the words of Reason (RFC 3326)."""
    cause, words = 0, ""
    for value in message.headers.values("Reason"):
        match = _REASON.match(value)
        if match is None:
            continue
        try:
            parameters = Parameters.parse(match[2])
        except SipError:
            continue
        words = words or one_line(parameters.text("text") or "")
        number = parameters.get("cause") or ""
        if match[1].lower() == "q.850" and number.isascii() and number.isdigit():
            cause = min(int(number[:4]), 127)
    return cause, words


def refusal_status(cause: Cause) -> int:
    """Return the status with which a caller is refused."""
    return cause.sip if cause.sip in _REFUSALS else 480


def reason_headers(cause: Cause, why: AttemptEnd | None = None) -> HeaderFields:
    """Write why a leg is ended, for its telephone (RFC 3326); answered elsewhere is no missed call."""
    if why in _REASONS:
        return (("Reason", _REASONS[why]),)
    if not 0 < cause.q850 <= 127:
        return ()
    return (("Reason", f"Q.850;cause={cause.q850}"),)


# How a caller is shown


def shown_caller(number: str, name: str, host: str) -> tuple[NameAddress, HeaderFields]:
    """Return From and further headers for a called leg; no number asks for privacy (R5-09).

    A name of a withheld caller comes from the scheme or a webhook.
    """
    number, name = one_line(number), one_line(name)
    if not number:
        return replace(ANONYMOUS, display=name or ANONYMOUS.display), (("Privacy", "id"),)
    return NameAddress(display=name, uri=Uri.of(number, host)), ()


def shown_to_trunk(
    number: str, name: str, trunk: Trunk, identity: str = ""
) -> tuple[NameAddress, HeaderFields]:
    """As `shown_caller`, for a trunk that may want to see its own user as the caller.

    `identity` is whose number is hidden: told to a trunk that is trusted with it, and to no other.
    """
    from_, headers = shown_caller(number, name, trunk.uri_host)
    identity = one_line(identity)
    if identity and trunk.trusted_identity:
        true = Uri.of(trunk.from_user or identity, trunk.uri_host)
        return from_, (*headers, ("P-Asserted-Identity", f"<{true}>"))
    if not trunk.from_user:
        return from_, headers
    own = Uri.of(trunk.from_user, trunk.uri_host)
    if not one_line(number):
        # The trunk must know who pays; Privacy asks it to pass that on to no one (RFC 3325 §9.3).
        return from_, (*headers, ("P-Preferred-Identity", f"<{own}>"))
    return NameAddress(display=from_.display or one_line(number), uri=own), headers
