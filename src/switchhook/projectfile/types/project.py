"""The kinds of values that only a project file has: targets, addresses, networks, parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import phonenumbers

from switchhook.delivery.allowed_networks import AllowedNetwork
from switchhook.domain.grouping import single_number
from switchhook.domain.numbering import as_listed, dialling_of
from switchhook.domain.project import Account, Group, Project, ProjectSnapshot
from switchhook.domain.retry_policy import parse_overrides
from switchhook.domain.target import Target, TargetKind, clean_number
from switchhook.domain.webhook import table_of
from switchhook.projectfile.templates.catalogue import gaps_of_any
from switchhook.projectfile.toml.mistakes import did_you_mean, shown
from switchhook.projectfile.toml.value_types import (
    Location,
    NotedError,
    Seconds,
    Text,
    WrongError,
    quote,
    text_of,
)
from switchhook.webhooks.answer_targets import read_targets
from switchhook.webhooks.mail import ADDRESS, MAX_ADDRESS
from switchhook.webhooks.parameters import CATALOGUE, DATES, find, forms_of, takes
from switchhook.webhooks.timestamps import is_time_zone, unknown_zone
from switchhook.webhooks.url import parse_url, unknown_placeholders, with_masked_query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from switchhook.domain.dialling import Dialling

ANY_2XX = tuple(range(200, 300))
HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+"
"""A host name or a numeric address."""

FREE_TEXT = Text()
NAME = Text(what="a name", least=1, most=100, pattern=r"\S(.*\S)?")
PROJECT_ID = Text(
    what="lower-case letters, digits and hyphens", least=1, most=63, pattern=r"[a-z0-9][a-z0-9-]*"
)
LOGIN = Text(
    what="letters, digits, dots, hyphens and underscores",
    least=1,
    most=64,
    pattern=r"[A-Za-z0-9._-]+",
)
PASSWORD = Text(what="a password of 8 characters or more", least=8, most=128, secret=True)
HOST_NAME = Text(what="a host name or address", least=1, most=253, pattern=HOST)
MAIL_ADDRESS = Text(
    what="an e-mail address like desk@example.com", least=1, most=MAX_ADDRESS, pattern=ADDRESS
)
OPTIONAL_MAIL_ADDRESS = Text(
    what="an e-mail address like desk@example.com, or nothing",
    most=MAX_ADDRESS,
    pattern=f"(?:{ADDRESS})?",
)
INSERTION_TYPE = Text(
    what='"dynamic", "static", "callback" or nothing', pattern="(dynamic|static|callback)?"
)
RING_SECONDS = Seconds(5.0, 600.0)
"""How long a target may ring [A-08]."""
TRANSPORT = Text(what='"udp" or "tcp"', pattern="udp|tcp")


def dialling_in(names: Mapping[str, AbstractSet[Any]]) -> Dialling:
    """Return how numbers are dialled in the country that the document names."""
    return dialling_of(next(iter(names.get("country", ())), ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """A number of the project, as people in its country write it."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "a telephone number of 3 to 15 digits"

    def read(self, value: object, at: Location) -> str:
        """Take a number in any spelling, and keep its canonical form (FE-06)."""
        text = text_of(value)
        dialling = dialling_in(at.names)
        number = single_number(text, dialling)
        if not number:
            raise WrongError(f"{shown(text)} is not a telephone number", f"write {self.allowed}")
        return as_listed(number, dialling)

    def write(self, value: str) -> str:
        """Write its digits."""
        return quote(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNumber(Text):
    """A caller's number, or the first digits of some with `*` behind."""

    what: str = "digits, perhaps with + before and * behind"
    pattern: str = r"(?!00\*?$)\+?[0-9]+\*?"

    def read(self, value: object, at: Location) -> str:
        """Take the digits; a whole number may be written in groups, as people of the country write it."""
        grouped = single_number(value, dialling_in(at.names)) if isinstance(value, str) else ""
        return Text.read(self, grouped or value, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingTarget:
    """A target: a login, a group, a telephone number, a SIP address."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "a login, a group, a telephone number or a SIP address"

    def read(self, value: object, at: Location) -> Target:
        """Take a target, read as a webhook's answer would be [A-09]; a login wins over a number."""
        text = text_of(value)
        if "," in text:
            raise WrongError(f"{shown(text)} holds several", "write each one in quotes of its own")
        found = read_targets(text, _as_answered(text, at))
        if not found.targets:
            advice = did_you_mean(text, at.names["account"] | at.names["group"])
            if not advice.startswith("did"):
                advice = f"write {self.allowed}"
            raise WrongError(f"{shown(text)} is nothing that can ring", advice)
        (target,) = found.targets
        if target.kind is TargetKind.NUMBER and not at.names["trunk"]:
            raise WrongError(
                f"{shown(text)} is no account or group, and there is no trunk for outside numbers",
                "add the account or group, or a [[trunks]] table",
            )
        return target

    def write(self, value: Target) -> str:
        """Write its value; the kind is told from it."""
        return quote(value.value)


def _as_answered(text: str, at: Location) -> ProjectSnapshot:
    """Make a project in which a person may name any SIP host. It has what `text` may mean of the document's."""
    user, _, rest = text.strip().strip("<>").rpartition("@")
    bare = user.rpartition(":")[2] or rest
    host = re.split(r"[:;]", rest)[0] if not rest.startswith("[") else rest.partition("]")[0] + "]"
    names = {bare, clean_number(bare) or bare}
    own = tuple(one.lower() for one in at.names.get("own SIP host", ()))
    return ProjectSnapshot(
        Project(
            id="x",
            name="x",
            accounts=tuple(
                Account(login=name, password="") for name in names & at.names["account"]
            ),
            groups=tuple(Group(name=name, accounts=("x",)) for name in names & at.names["group"]),
            country=next(iter(at.names.get("country", ())), ""),
            allowed_sip_hosts=() if host.rstrip(".").lower() in own else (host.rstrip("."),),
            own_sip_hosts=own,
        )
    )


TABLE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The name of a table, which is that of a file."""
NO_TABLE_NAME = "a table's name has 1 to 64 letters, digits, hyphens and underscores"
TABLE_ADVICE = "name the file without .csv, as in table:vip"


def check_table_url(url: str) -> None:
    """Raise WrongError where what stands behind `table:` names no file."""
    if not TABLE_NAME.fullmatch(table_of(url)):
        raise WrongError(NO_TABLE_NAME, TABLE_ADVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """A webhook's URL (R1-07, R1-08); `http://` stands for a missing scheme (N-13).

    It may hold secrets, so messages do not repeat it, but for the address that a missing scheme makes.
    """

    may_be_empty: bool = False
    may_be_table: bool = False
    """Whether `table:NAME` may stand there, a table of the project in place of an endpoint."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        tables = ", or table:NAME" if self.may_be_table else ""
        return f"http:// or https:// address{tables}"

    def read(self, value: object, at: Location) -> str:
        """Take what the request can be made of."""
        if self.may_be_empty and value == "":
            return ""
        written = Text(what=self.allowed, least=1, most=2000, secret=True).read(value, at)
        if self.may_be_table and table_of(written):
            check_table_url(written)
            return written
        url = whole(written)
        if url != url.strip():
            raise WrongError("a blank stands at an end of the URL", "remove it")
        if " " in _PLACEHOLDER.sub("", url):
            raise WrongError("the URL holds a blank", "write it as %20")
        try:
            parse_url(url)
            parse_overrides(url)
        except ValueError as error:
            for gap in gaps_of_any(url):
                raise WrongError(f"<{gap}> is a gap of its template", "fill it in") from error
            raise WrongError(str(error)) from error
        if urlsplit(url).username is not None:
            raise WrongError("the URL holds a user name", "remove what stands before the @")
        for name in unknown_placeholders(url):
            raise WrongError(f"{{{name}}} is no parameter", _parameter_advice(name))
        if url != written:
            at.notes.remark(at.path, f"is read as {with_masked_query(url)}")
        return url

    def write(self, value: str) -> str:
        """Write as it is."""
        return quote(value)


_HAS_SCHEME = re.compile(r"https?:|[A-Za-z][A-Za-z0-9+.-]*://", re.IGNORECASE)


def whole(address: str) -> str:
    """Return an address with its scheme, `http://` where it has none (N-13)."""
    has_scheme = not address or _HAS_SCHEME.match(address)
    return address if has_scheme else f"http://{address.removeprefix('//')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CidrNetwork:
    """An IP network in CIDR form."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "network like 10.0.0.0/8"

    def read(self, value: object, at: Location) -> str:
        """Take a network; a bare address means itself alone."""
        del at
        text = text_of(value)
        try:
            return str(ip_network(text))
        except ValueError:
            raise WrongError(
                f"{shown(text)} is not a network", _network_advice(text, self.allowed)
            ) from None

    def write(self, value: str) -> str:
        """Write as it is."""
        return quote(value)


def _network_advice(text: str, otherwise: str) -> str:
    """Say which network was probably meant, where bits stand behind its mask."""
    try:
        return f"did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        return f"write a {otherwise}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedNetwork:
    """A network that webhooks may reach, perhaps on one port."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "network like 10.0.0.0/8, perhaps with a port: 10.0.0.5/32:8443"

    def read(self, value: object, at: Location) -> str:
        """Take what the address guard can allow."""
        del at
        text = text_of(value)
        try:
            return str(AllowedNetwork.parse(text))
        except ValueError:
            raise WrongError(
                f"{shown(text)} is not a network", _network_advice(text, self.allowed)
            ) from None

    def write(self, value: str) -> str:
        """Write as it is."""
        return quote(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """An ISO 3166 code."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "country code like UA"

    def read(self, value: object, at: Location) -> str:
        """Take a country whose numbers are known, or nothing."""
        del at
        text = text_of(value)
        if text and text not in phonenumbers.SUPPORTED_REGIONS:
            upper = text.upper()
            known = upper in phonenumbers.SUPPORTED_REGIONS
            meant = upper if known else _OTHER_COUNTRY_CODES.get(upper) or _country_of(text)
            advice = f"did you mean {meant}?" if meant else "write two capital letters, such as UA"
            raise WrongError(f"{shown(text)} is no country code", advice)
        return text

    def write(self, value: str) -> str:
        """Write as it is."""
        return quote(value)


_OTHER_COUNTRY_CODES = {"UK": "GB", "EL": "GR"}
"""Common names and former codes of countries."""


def _country_of(text: str) -> str:
    """Return the country with this calling code; "" when it is none, or several."""
    code = text.removeprefix("+")
    regions = phonenumbers.region_codes_for_country_code(int(code)) if _CODE.fullmatch(code) else ()
    return regions[0] if len(regions) == 1 else ""


_CODE = re.compile("[1-9][0-9]{0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZone:
    """A name of the IANA time zone database."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "time zone like Europe/Kyiv"

    def read(self, value: object, at: Location) -> str:
        """Take a zone that this machine knows. UTC needs no data."""
        del at
        text = text_of(value)
        if not is_time_zone(text):
            raise WrongError(f"{shown(text)} is not a time zone", _zone_advice(text))
        return text

    def write(self, value: str) -> str:
        """Write as it is."""
        return quote(value)


_OFFSET = re.compile(r"(?:UTC|GMT)?\s*[+-]?[0-9]{1,2}(?::?[0-9]{2})?", re.IGNORECASE)


def _zone_advice(text: str) -> str:
    """Return an advice on a name of no time zone."""
    zones = _zones()
    if not zones:
        return "install the tzdata package: this machine knows no time zones"
    return _zone_meant(text, zones)


def _zone_meant(text: str, zones: frozenset[str]) -> str:
    """Return an advice: a city has its zone, and an offset has no summer time."""
    if _OFFSET.fullmatch(text):
        return "write that of a place, like Europe/Kyiv: an offset knows no summer time"
    place = "_".join(text.split()).casefold()
    cities = [zone for zone in sorted(zones) if zone.casefold().rpartition("/")[2] == place]
    if cities:
        return f"did you mean {cities[0]}?"
    near = did_you_mean(text, zones)
    return near if near.startswith("did") else "write one like Europe/Kyiv"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A parameter of the catalogue, with its argument behind a colon where it takes one."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return "a parameter, such as caller_id, custom:city or constant:shop-1"

    def read(self, value: object, at: Location) -> tuple[str, str]:
        """Take a parameter's key, or its label."""
        text = Text(most=1000, secret=True).read(value, at)
        name, colon, argument = text.partition(":")
        key = find(name)
        if key is None:
            raise WrongError(f"{shown(name)} is no parameter", _parameter_advice(name))
        if key == "constant" and not colon:
            raise WrongError("the constant has no text", "write it behind a colon: constant:shop-1")
        if at.notes.judges and not takes(key, argument):
            if key in DATES and (zone := unknown_zone(argument)):
                raise WrongError(f"{shown(zone)} is not a time zone", _zone_advice(zone))
            what = "style of dates" if key in DATES else f"form of {key}"
            advice = did_you_mean(argument, forms_of(key))
            raise WrongError(f"{shown(argument)} is no {what}", advice)
        return key, argument

    def write(self, value: tuple[str, str]) -> str:
        """Write key and argument."""
        key, argument = value
        return quote(f"{key}:{argument}" if argument or key == "constant" else key)


_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def _parameter_advice(name: str) -> str:
    """Name the parameter that was probably meant, by key or by label."""
    labels = {p.label.lower(): p.key for p in CATALOGUE.values() if p.label}
    by_name = labels | {key: key for key in CATALOGUE}
    near = did_you_mean(name.lower(), by_name).removeprefix("did you mean ").removesuffix("?")
    if near in by_name:
        return f"did you mean {by_name[near]}?"
    return "the parameters stand in docs/parameters.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessCodes:
    """The statuses that count as delivered: a list, or `2xx` [A-22]."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        return 'a list of HTTP statuses, or "2xx"'

    def read(self, value: object, at: Location) -> tuple[int, ...]:
        """Take final statuses."""
        if value == "2xx":
            return ANY_2XX
        if not isinstance(value, list) or not value:
            raise WrongError("this is not a list of HTTP statuses", f"write {self.allowed}")
        wrong = [index for index, status in enumerate(value) if not _is_final(status)]
        for index in wrong:
            problem = f"{shown(value[index])} is no final HTTP status"
            at.notes.add(
                at.at(index).path, problem, 'write 200 to 599, or "2xx" in place of the list'
            )
        if wrong:
            raise NotedError
        return tuple(value)

    def write(self, value: tuple[int, ...]) -> str:
        """Write `2xx` for all of them."""
        return quote("2xx") if value == ANY_2XX else str(list(value))


def _is_final(status: object) -> bool:
    return type(status) is int and 200 <= status <= 599


WIRE_NAME = Text(what="a name that the endpoint knows the value by", least=1, pattern=r"\s*\S.*")
EVENT_NAME = Text(
    what="Latin letters without blanks, or any name in double braces: {{parameter name}}",
    least=1,
    pattern=r"[A-Za-z_][A-Za-z0-9_.\-\[\]]*|\{\{\s*[^{}\s]([^{}]*[^{}\s])?\s*\}\}",
)
"""The rule of braces (R2-43, R2-44, A-32)."""
