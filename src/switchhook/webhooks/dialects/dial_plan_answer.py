"""Reads the answer of a dial-plan webhook (R5-34…42, A-49, A-50, S-34).

An answer is urlencoded pairs, `status=ACK&destination=215&callername=Sales`, whatever its Content-Type
says. Many receivers write them by hand and encode nothing, so what cannot be meant otherwise is read
as it was meant, with a notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.answer_body import (
    MAX_BODY,
    MAX_NAME,
    SUCCESS,
    UnusableError,
    json_of,
    lenient_text_of,
    on_one_line,
    scalar_text,
    unescaped,
    unwrapped,
)
from switchhook.webhooks.answer_targets import read_targets
from switchhook.webhooks.lenient_json import JsonValue
from switchhook.webhooks.reading import Ack, DialPlanReading, Nak, ReadAs, quoted, refused
from switchhook.webhooks.wrapping import without_remarks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.target import Target
    from switchhook.domain.webhook import DialPlanWebhook
    from switchhook.webhooks.http import HttpResponse
    from switchhook.webhooks.reading import Verdict

MAX_KNOWN = 20
"""How often the three known keys may come in one answer."""
MAX_PAIRS = 100
"""How many pairs of unknown keys are looked at."""
MAX_RAW = 4096
"""Characters of a value before it is decoded; a longer one is not read."""
MAX_VARIABLES = 20
MAX_VARIABLE_NAME = 64
"""Characters."""
MAX_VARIABLE = 256
"""Characters."""

_KNOWN = re.compile(
    r"&(?!&)(?:amp;)?\s*+(status|destination|callername)=", re.IGNORECASE | re.ASCII
)
"""Where one of the keys begins that this dialect knows, in any letter case."""

_PAIRS = re.compile(r"[^&=]*+(?:&++(?:[^&=]++=[^&=]*+)?)*")
"""A value and the pairs after it; not `Voys & Partners`, nor `AT&T`."""
_NOT_ENCODED = re.compile(r"[^A-Za-z0-9._~*+!'(),:;@/$?\-%&=]|%(?![0-9A-Fa-f]{2})")
"""Characters that no encoder leaves in pairs."""

_STRAY = re.compile(r"[^!-~]|&|%(?![0-9A-Fa-f]{2})")
"""Characters that an encoder would not have left in a value."""
_LOST_PLUS = re.compile(r" ++(?=[1-9](?:[ ().\-]?[0-9]){6})")
"""A blank that was a `+`: before an international number, which an extension is too short for."""
_BLANK_PLUS = re.compile(r"(?!^\+[0-9])(?<!\+)\+(?!\+|$)")
"""A `+` that may be a blank."""
_INNER_PLUS = re.compile(r"(?<=[0-9)])\+")
"""A `+` that is a blank: no number has one after its first digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """The decoded members of an answer."""

    status: str
    destination: JsonValue
    caller_name: str
    variables: tuple[tuple[str, str], ...]
    read_as: ReadAs
    notices: tuple[str, ...]


def read(
    webhook: DialPlanWebhook, response: HttpResponse, snapshot: ProjectSnapshot
) -> DialPlanReading:
    """Read one answer. Never raises, in time linear in the body."""
    status = response.status
    if status not in SUCCESS and not 400 <= status <= 599:
        return _failed(response, "")
    if len(response.body) > MAX_BODY:
        why = f"the answer's body is longer than {MAX_BODY} bytes"
        return _failed(response, why, too_large=True)
    try:
        body, notices = lenient_text_of(response)
        text, remarks = without_remarks(body)
        notices = (*notices, *remarks)
        said = _find(webhook, text)
        verdict = _verdict(said.status, status)
    except UnusableError as error:
        return _failed(response, str(error))
    if isinstance(verdict, Failure) and verdict.kind is FailureKind.STATUS:
        return DialPlanReading(verdict=verdict, read_as=said.read_as, notices=notices)
    destination, dropped = _destination(said.destination, snapshot)
    name, cut = on_one_line(said.caller_name, MAX_NAME, "the caller name")
    return DialPlanReading(
        verdict=verdict,
        destination=destination,
        caller_name=name or None,
        variables=said.variables,
        read_as=said.read_as,
        notices=(*notices, *said.notices, *dropped, *cut),
    )


def _failed(response: HttpResponse, detail: str, *, too_large: bool = False) -> DialPlanReading:
    """Make a failure: of the HTTP status where that alone is one, else of the body."""
    if response.status not in SUCCESS:
        kind, detail = FailureKind.STATUS, refused(response)
    else:
        kind = FailureKind.TOO_LARGE if too_large else FailureKind.BAD_BODY
    return DialPlanReading(verdict=Failure(kind=kind, detail=detail))


def _verdict(word: str, status: int) -> Verdict:
    """Weigh the answer's status and that of HTTP against each other [A-50]. Raises UnusableError."""
    match word.upper():
        case "NAK":
            return Nak(http_status=status)
        case "ACK" | "ERR" as said if status not in SUCCESS:
            detail = (
                f"the endpoint answered {status} with status={said};"
                " only a status of 200 to 299 lets that count"
            )
            return Failure(kind=FailureKind.STATUS, detail=detail)
        case "ACK":
            return Ack()
        case "ERR":
            detail = "the endpoint answered status=ERR: something went wrong there"
            return Failure(kind=FailureKind.BAD_BODY, detail=detail)
        case "":
            raise UnusableError("the answer's status is empty: it has to be ACK, NAK or ERR")
        case _:
            raise UnusableError(f"the answer's status is {quoted(word)}, not ACK, NAK or ERR")


def _find(webhook: DialPlanWebhook, text: str) -> _Said:
    if text.startswith("<"):
        raise UnusableError("the body is a page of HTML or XML, not an answer such as status=ACK")
    if webhook.lenient_json and text.startswith(("[", '"')):
        return _in_wrapping(text) or _in_pairs(text)
    if not text.startswith("{"):
        return _in_pairs(text)
    if not webhook.lenient_json:
        raise UnusableError(
            "the body is JSON, not an answer such as status=ACK; lenient JSON is off"
        )
    return _in_json(text)


# Urlencoded pairs, well encoded or not.


def _in_pairs(text: str) -> _Said:
    known, unknown = _cut_up(text)
    notices = list(_sloppiness(known, unknown))
    destinations = [_number(raw) for raw in known["destination"]]
    return _Said(
        status=_only_status(_text(raw).strip() for raw in known["status"]),
        destination=_only(destinations, notices),
        caller_name=_value(known["callername"][0]) if known["callername"] else "",
        variables=_variables(_pairs(unknown), notices),
        read_as=ReadAs.URLENCODED,
        notices=tuple(notices),
    )


def _cut_up(text: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return the raw values of each known key, and the stretches of text that hold unknown keys.

    A caller's name that no encoder wrote goes on to the next known key, so that `Name & Co` survives;
    any other value ends at the next `&`.
    """
    text = f"&{text}"
    heads = list(_KNOWN.finditer(text))
    if len(heads) > MAX_KNOWN:
        raise UnusableError(
            f"the answer has more than {MAX_KNOWN} statuses, destinations and names"
        )
    starts = [*(head.start() for head in heads), len(text)]
    known: dict[str, list[str]] = {"status": [], "destination": [], "callername": []}
    unknown = [text[1 : starts[0]]] if starts[0] > 1 else []
    for head, end in zip(heads, starts[1:], strict=True):
        key, stretch = head[1].lower(), text[head.end() : end]
        value, _, rest = stretch.partition("&")
        if key == "callername" and not _well_formed(stretch.strip()):
            value, rest = stretch, ""
        known[key].append(value.rstrip())
        if rest:
            unknown.append(rest)
    return known, unknown


def _well_formed(stretch: str) -> bool:
    """Say whether an encoder may have written a value and the pairs after it."""
    return not _NOT_ENCODED.search(stretch) and _PAIRS.fullmatch(stretch) is not None


def _sloppiness(known: dict[str, list[str]], unknown: list[str]) -> Iterator[str]:
    """Say what the endpoint's author should put right."""
    for key, values in known.items():
        if max(map(len, values), default=0) > MAX_RAW:
            yield f"{key} is longer than {MAX_RAW} characters and was not read"
    if any(raw.startswith(("+", " ")) for raw in known["destination"]):
        yield "destination came with its + unencoded; it is to be sent as %2B"
    if cut := _cut_value(unknown):
        yield f"{quoted(cut)} came unencoded and was cut at its &"
    if any(_STRAY.search(raw) for raw in known["callername"]):
        yield "callername came unencoded and was taken up to the next known key"


def _only_status(words: Iterable[str]) -> str:
    """Return the one status. Two that differ are none: whichever a receiver meant, we would guess."""
    found = list(dict.fromkeys(word.upper() for word in words))
    if len(found) > 1:
        raise UnusableError(f"the answer has several statuses: {quoted(', '.join(found))}")
    if not found:
        raise UnusableError("the answer has no status: it has to hold status=ACK, NAK or ERR")
    return found[0]


def _only(destinations: list[str], notices: list[str]) -> str:
    """Return the one destination; of several that differ none, lest a caller's text chose it."""
    found = list(dict.fromkeys(filter(None, destinations)))
    if len(found) > 1:
        notices.append("the answer has several destinations, so none of them is followed")
        return ""
    return found[0] if found else ""


def _number(raw: str) -> str:
    """Decode a destination; an unencoded `+` stays a plus [A-49]."""
    text = _decoded(raw)
    if "+" in text and "@" not in text:
        text = _INNER_PLUS.sub(" ", text)
    lost = _LOST_PLUS.match(text) if text.startswith(" ") else None
    return "+" + text[lost.end() :] if lost else text.strip()


def _text(raw: str) -> str:
    """Decode a value. A blank shows that the value is not encoded, so its `+` is a plus."""
    text = raw.strip()
    return _decoded(text if " " in text else text.replace("+", " "))


def _value(raw: str) -> str:
    """Decode a value for people, in which a `+` that can be no blank is one (FB-12).

    A blank at the end, two of them, or one before a number is a plus. Who encodes any plus encodes all.
    """
    text = raw.strip()
    if "+" not in text or " " in text or "%2b" in text.lower() or not text.strip("+"):
        return _text(raw)
    return _decoded(_BLANK_PLUS.sub(" ", text))


def _cut_value(stretches: Iterable[str]) -> str:
    """Return the first unknown key behind whose value a text without a key stands: `value=Sales & Service`."""
    for stretch in stretches:
        before = ""
        for part in stretch.split("&", MAX_PAIRS)[:MAX_PAIRS]:
            name, equals, _ = part.partition("=")
            if not equals and before and part.strip():
                return _text(before).removeprefix("amp;")
            before = name[:MAX_RAW] if equals else ""
    return ""


def _decoded(text: str) -> str:
    return unescaped(text) if len(text) <= MAX_RAW else ""


def _pairs(stretches: Iterable[str]) -> Iterator[tuple[str, str]]:
    for part in "&".join(stretches).split("&", MAX_PAIRS)[:MAX_PAIRS]:
        name, equals, value = part.partition("=")
        if equals and len(part) <= MAX_RAW:
            yield _text(name).removeprefix("amp;"), _value(value)


# Lenient JSON.


def _in_wrapping(text: str) -> _Said | None:
    """Parse an object in a list or in a text, or return None."""
    try:
        return _in_json(text)
    except UnusableError:
        return None


def _in_json(text: str) -> _Said:
    value, step, lenient = json_of(text)
    members, wrapping = unwrapped(value, {"status"})
    if not isinstance(members, dict):
        raise UnusableError("the body is JSON, but no object with a member status")
    notices = [*lenient, *wrapping]
    known: dict[str, list[JsonValue]] = {"status": [], "destination": [None], "callername": [None]}
    unknown: list[tuple[str, JsonValue]] = []
    dropped = 0
    for name, value in members.items():
        if (key := name.lower()) in known:
            known[key].append(value)
        elif isinstance(value, (list, dict)):
            dropped += 1
        else:
            unknown.append((name, value))
    if dropped:
        notices.append(f"{dropped} unknown members were not kept: they are lists or objects")
    return _Said(
        status=_only_status(scalar_text(value).strip() for value in known["status"]),
        destination=known["destination"][-1],
        caller_name=scalar_text(known["callername"][-1]),
        variables=_variables(((name, scalar_text(value)) for name, value in unknown), notices),
        read_as=step,
        notices=tuple(notices),
    )


# What both have in common.


def _destination(
    value: JsonValue, snapshot: ProjectSnapshot
) -> tuple[Target | None, tuple[str, ...]]:
    """Find the one target (R5-38, R5-39)."""
    read = read_targets(value, snapshot)
    if not read.targets:
        return None, read.notices
    if len(read.targets) > 1:
        return read.targets[0], (
            *read.notices,
            "only the first of several destinations is followed",
        )
    return read.targets[0], read.notices


def _variables(pairs: Iterable[tuple[str, str]], notices: list[str]) -> tuple[tuple[str, str], ...]:
    """Keep what the answer holds beside the known keys (S-27); of a name that comes twice, the first."""
    kept: dict[str, str] = {}
    for name, value in pairs:
        if not name or len(name) > MAX_VARIABLE_NAME or not name.isprintable():
            continue
        if len(kept) == MAX_VARIABLES and name not in kept:
            notices.append(f"only the first {MAX_VARIABLES} unknown keys were kept")
            break
        text, cut = on_one_line(value, MAX_VARIABLE, quoted(name))
        if name not in kept:
            kept[name] = text
            notices.extend(cut)
    return tuple(kept.items())
