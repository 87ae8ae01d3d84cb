"""Reads the targets that an answer names: numbers, accounts, groups, SIP addresses [A-09, A-10, A-58].

Nothing is made up: a number's digits all stand in the answer, and a member that cannot be told is
dropped with a notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from urllib.parse import unquote

from switchhook.domain.grouping import single_number
from switchhook.domain.numbering import canonical, international
from switchhook.domain.target import Target, TargetKind, clean_number, written_number
from switchhook.webhooks.e164 import to_e164
from switchhook.webhooks.lenient_json import NotJsonError, NumberText, read_json
from switchhook.webhooks.reading import quoted, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.webhooks.lenient_json import JsonValue

MAX_TARGETS = 20
"""How many telephones one answer may have rung: the accounts of a group count, not its name."""
MAX_MEMBERS = 100
"""How many members of a list are looked at; it bounds the time that a hostile list can take."""
MAX_ITEMS = 1000
"""How many items of an array are looked at, the empty ones included."""
MAX_NOTICES = 5
MAX_MEMBER = 512
"""Characters of what may be a direction."""
_MEMBER = re.compile(r"[^,\s][^,]*+")

_SIP = re.compile(
    r"""(?:(?P<scheme>sips?):)?
    (?P<user>(?:[A-Za-z0-9\-_.!~*'()&=+$]|%(?![01]|7[fF])[0-9A-Fa-f]{2})+)@
    (?P<host>[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])
    (?::(?P<port>[0-9]{1,5}))?
    (?P<options>(?:;(?:transport=(?:udp|tcp|tls|ws|wss)|user=phone))*)""",
    re.VERBOSE | re.IGNORECASE,
)
"""A SIP URI (RFC 3261 §25.1) without password, headers, and parameters that could lead it elsewhere."""


_AROUND = frozenset({"<>", '""', "''", "``", "“”", "„“", "„”", "‘’", "«»"})
"""Characters that people and programs put around one target."""
_TEL = re.compile("^(?:(?:tel|callto|phone|sips?):(?://)?)?(?P<plus>%2B(?=[0-9]))?", re.IGNORECASE)
"""Schemes of a number's URI, and a plus that was encoded once too often."""
_FRACTION = re.compile(r"\+?[0-9]+\.(?:[0-9]|00)|[1-9][.,][0-9]{1,14}[eE]\+?[0-9]{1,2}")
"""A number that passed through a float or a spreadsheet on its way into a text."""
_THOUSANDS = re.compile(r"\+?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}")
"""One number as programs show amounts, or short numbers in a list."""
_GROUPED = re.compile(r"[0-9)][^\w@+]++\(?[0-9]", re.ASCII)
"""Digits in groups: whether they make a number of the world takes a while to say."""
_LONGEST = 64
"""Characters of a number written with a fraction or exponent that we care to read."""


class NoTargetError(ValueError):
    """A member names nothing that may ring. The message is a clause for a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The targets in a value, and the dropped parts."""

    targets: tuple[Target, ...] = ()
    notices: tuple[str, ...] = ()


NOTHING = Targets()


def _as_list(value: JsonValue, snapshot: ProjectSnapshot) -> tuple[JsonValue, tuple[str, ...]]:
    """Parse a list in a text; a text that may be one number in groups names none."""
    if not isinstance(value, str) or isinstance(value, NumberText):
        return value, ()
    if value.startswith("["):
        try:
            inner, _ = read_json(value)
        except NotJsonError:
            return value, ()
        return (inner if isinstance(inner, list) else value), ()
    bare = value.strip()
    if bare.isdigit():
        return value, ()  # as most
    if _FRACTION.fullmatch(bare):
        return value.replace(",", "."), ()
    groups = bare.split(",") if _THOUSANDS.fullmatch(bare) else ()
    if not groups or any(map(snapshot.has_name, groups)):
        return value, ()
    if not international("".join(groups), snapshot.project.country):
        return value, ()
    why = "it may be one number or several; a telephone number has no thousands"
    return None, (f"dropped {quoted(value)}: {why}",)


def read_targets(value: JsonValue, snapshot: ProjectSnapshot) -> Targets:
    """Read a text, a number, or a list of them; texts may hold several, separated by commas.

    Empty members and doubles go without a word. Never raises; no target means: see the notices.
    """
    ringing = _Ringing(snapshot)
    value, remarks = _as_list(value, snapshot)
    dropped = list(remarks)
    grouped = 0
    for looked_at, member in enumerate(_members(value)):
        if looked_at == MAX_MEMBERS:
            dropped.append(f"only the first {MAX_MEMBERS} members of the list were read")
            break
        grouped += isinstance(member, str) and _is_grouped(member)
        if grouped > MAX_TARGETS:
            dropped.append(f"only the first {MAX_TARGETS} numbers in groups were read")
            break
        try:
            target = _target(member, snapshot)
        except NoTargetError as error:
            dropped.append(f"dropped {error}")
            continue
        if not ringing.add(target):
            dropped.append(f"only the first {MAX_TARGETS} directions ring")
            break
    return Targets(targets=ringing.targets, notices=_cut(dropped))


class _Ringing:
    """The targets of an answer, each once in whatever spelling, and the telephones that ring for them.

    The first one waits for a second before it is compared: the plan of a number's country takes a while to read.
    """

    def __init__(self, snapshot: ProjectSnapshot) -> None:
        self._snapshot = snapshot
        self._first: Target | None = None
        self._found: dict[str, Target] = {}
        self._telephones: set[str] = set()

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(self._found.values()) if self._first is None else (self._first,)

    def add(self, target: Target) -> bool:
        """Add a target; False where more than `MAX_TARGETS` telephones would ring."""
        is_first = self._first is None and not self._found
        if is_first and target.kind is not TargetKind.GROUP:
            self._first = target
            return True
        first, self._first = self._first, None
        if first is not None:
            self._compare(first)
        return self._compare(target)

    def _compare(self, target: Target) -> bool:
        identity, members = _identity(target, self._snapshot), self._snapshot.members(target)
        more = (
            (identity,)
            if members == (target,)
            else tuple(_identity(one, self._snapshot) for one in members)
        )
        telephones = self._telephones.union(more)
        if len(telephones) > MAX_TARGETS:
            return False
        self._telephones = telephones
        self._found.setdefault(identity, target)
        return True


def _is_grouped(text: str) -> bool:
    """Say whether digits stand in groups."""
    is_word = text.isascii() and text.isalnum()  # as most
    return not is_word and _GROUPED.search(text) is not None


def _cut(notices: list[str]) -> tuple[str, ...]:
    more = len(notices) - MAX_NOTICES
    return (*notices[:MAX_NOTICES], f"and {more} more") if more > 0 else tuple(notices)


def _members(value: JsonValue) -> Iterator[JsonValue]:
    """Yield the single members, as they were written; the empty ones are left out."""
    match value:
        case NumberText():
            yield value
        case str():
            yield from (found[0].rstrip() for found in _MEMBER.finditer(value))
        case list():
            for item in value[:MAX_ITEMS]:
                yield from _one_of_list(item)
        case None:
            return
        case _:
            yield value


def _one_of_list(item: JsonValue) -> Iterable[JsonValue]:
    return (item,) if isinstance(item, list) else _members(item)


def _identity(target: Target, snapshot: ProjectSnapshot) -> str:
    """Return what makes two targets the same one: a number is, in any spelling."""
    if target.kind is not TargetKind.NUMBER:
        return target.kind + target.value
    return target.kind + canonical(target.value, snapshot.project.dialling)


def _target(member: JsonValue, snapshot: ProjectSnapshot) -> Target:
    match member:
        case bool() | None | dict() | list():
            raise NoTargetError(f"{shown(member)}: it names no direction")
        case int():
            text = str(member)
        case NumberText():
            text = whole_number(member)
        case str():
            return _target_of_text(member, snapshot)
    if text.startswith("-"):
        raise NoTargetError(f"{quoted(text)}: it is a negative number")
    return _target_of_text(text, snapshot)


def whole_number(number: NumberText) -> str:
    """Return the digits of a number written with a fraction or exponent, if it is a whole one [A-56].

    An exponent that would append zeros is refused: they may stand for digits that were rounded away, and would
    ring a wrong number. Raises NoTargetError.
    """
    as_written, dot, fraction = number.partition(".")
    is_plain = as_written.lstrip("+").isdigit()
    if is_plain and not dot:
        return as_written
    if len(number) > _LONGEST:
        raise NoTargetError(f"{quoted(number)}: no telephone number is that long")
    if is_plain and not fraction.strip("0"):
        return as_written  # a decimal has neither plus nor leading zeros
    try:
        _, digits, exponent = Decimal(number).as_tuple()
    except InvalidOperation as error:  # an exponent of twenty digits
        raise NoTargetError(f"{quoted(number)}: it is no telephone number") from error
    if not isinstance(exponent, int) or exponent > 0:
        raise NoTargetError(f"{quoted(number)}: its last digits are lost; send it as a string")
    keep = max(0, len(digits) + exponent)
    if any(digits[keep:]) or not keep or number.startswith("-"):
        raise NoTargetError(f"{quoted(number)}: it is not a whole number")
    return "".join(map(str, digits[:keep]))


def _target_of_text(text: str, snapshot: ProjectSnapshot) -> Target:
    if len(text) > MAX_MEMBER:
        raise NoTargetError(f"{quoted(text)}: no direction is that long")
    bare = text.strip()
    if len(bare) > 1 and (bare[0] + bare[-1]) in _AROUND:
        bare = bare[1:-1].strip()
    if (known := snapshot.internal_target(bare)) is not None:
        return known
    if "@" in bare:
        return _target_of_address(bare, snapshot)
    written = bare if bare.isdigit() else _without_ornaments(bare)
    number = single_number(
        written, snapshot.project.dialling, snapshot.has_name
    ) or _emergency_number(written, snapshot)
    if not number:
        raise NoTargetError(f"{quoted(bare)}: {_why_no_number(written, snapshot)}")
    if number != bare and (known := snapshot.internal_target(number)) is not None:
        return known
    return Target(kind=TargetKind.NUMBER, value=_as_told(number))


def _without_ornaments(text: str) -> str:
    """Return a written number without a URI's scheme and a fraction. Raises NoTargetError."""
    if _FRACTION.fullmatch(text):
        text = whole_number(NumberText(text))
    return _TEL.sub(lambda found: "+" if found["plus"] else "", text)


def _emergency_number(written: str, snapshot: ProjectSnapshot) -> str:
    """Return an emergency number too short for any other; "" for none."""
    is_one = clean_number(written) is None and snapshot.project.screening.is_emergency(written)
    return written_number(written) if is_one else ""


def _as_told(number: str) -> str:
    """Return an international number without the trunk prefix that stands in it: `+44 (020) 7946 0958`."""
    return (to_e164(number, "") or number) if number.startswith("+") else number


def _why_no_number(written: str, snapshot: ProjectSnapshot) -> str:
    if clean_number(written) is None:
        return "it is no number, account or group of this project"
    unknown = "" if snapshot.project.country else ", since the project names no country"
    return f"it may be one number or several{unknown}; several stand in a list, or between commas"


def _target_of_address(text: str, snapshot: ProjectSnapshot) -> Target:
    """Read `user@host` in any of its spellings [A-09].

    At a host of our own a known login or group means that one, and the call stays in the house. Another host
    has to be allowed, even when the project has such a name (FA-11).
    """
    parts = _SIP.fullmatch(text)
    if parts is None:
        raise NoTargetError(f"{quoted(text)}: it is no SIP address that may be followed")
    host = parts["host"].lower().removesuffix(".")
    is_allowed = host in {allowed.lower() for allowed in snapshot.project.allowed_sip_hosts}
    if snapshot.is_own_host(host) and not (is_allowed and parts["port"]):
        user = unquote(parts["user"])
        if (known := snapshot.internal_target(user)) is not None:
            return known
        if not is_allowed:
            return _target_of_text(user.replace("@", " "), snapshot)
    if not is_allowed:
        raise NoTargetError(
            f"{quoted(text)}: its host is not among the project's allowed SIP hosts"
        )
    if parts["port"] and not 1 <= int(parts["port"]) <= 65535:
        raise NoTargetError(f"{quoted(text)}: its port is not between 1 and 65535")
    port = f":{parts['port']}" if parts["port"] else ""
    scheme = (parts["scheme"] or "sip").lower()
    value = f"{scheme}:{parts['user']}@{host}{port}{parts['options'].lower()}"
    return Target(kind=TargetKind.ADDRESS, value=value)
