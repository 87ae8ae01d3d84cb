"""Templates of payloads, as a tree: fields, arrays and objects of facts (R2-32…38).

A flat list of fields is a tree of one level. The tree is filled with one call's facts, and the
outcome is written either as JSON or as the pairs of a query or form. Here alone stands what a value
becomes: its type, what its map gives for it, and what stands for an unknown or empty one.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never, cast

from switchhook.domain.value_form import PLAIN, EmptyStyle, SentType, Special
from switchhook.domain.webhook import Array, Field, HashAlgorithm, Object, Template, TextValue
from switchhook.webhooks.parameters import is_withheld, resolve
from switchhook.webhooks.text_template import fill_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from switchhook.domain.value_form import StandIn
    from switchhook.domain.webhook import Node
    from switchhook.webhooks.encoding import PayloadValue, Scalar
    from switchhook.webhooks.parameters import CallFacts


Note: TypeAlias = "Callable[[str], object]"
"""Takes a sentence on a value that is sent otherwise than a person would expect."""
_OMITTED: Final = cast("PayloadValue", Special.OMIT)
"""In place of a value that is left out, with its name."""


def unnoted(_: str) -> None:
    """Take no note."""


def fill(
    fields: Iterable[Node],
    facts: CallFacts,
    wire_name: Callable[[str], str] = str,
    note: Note = unnoted,
) -> dict[str, PayloadValue]:
    """Put the facts in, each in the form that its field wants; `wire_name` makes of a name what is sent."""
    return {
        wire_name(node.name): value
        for node in fields
        if (
            value := (
                # Most are plain, and a caller waits for them: a `match` would take as long as their facts.
                resolve(node.parameter, node.argument, facts)
                if type(node) is Field and node.hash is None and node.form is None
                else _value(node, facts, wire_name, note)
            )
        )
        is not _OMITTED
    }


def _value(
    node: Node, facts: CallFacts, wire_name: Callable[[str], str], note: Note
) -> PayloadValue:
    match node:
        case Field():
            return _leaf(node, facts, note)
        case TextValue(text=text):
            return fill_text(text, facts)
        case Array(items=items):
            values = [_value(item, facts, wire_name, note) for item in items]
            return [value for value in values if value is not _OMITTED] or _empty(node.empty)
        case Object(members=members):
            return fill(members, facts, wire_name, note) or _empty(node.empty)
        case _:
            assert_never(node)


def _empty(style: EmptyStyle) -> PayloadValue:
    """Return what stands for an array or object without values."""
    match style:
        case EmptyStyle.ARRAY:
            return []
        case EmptyStyle.OBJECT:
            return {}
        case EmptyStyle.NULL:
            return None
        case EmptyStyle.OMIT:
            return _OMITTED
        case _:
            assert_never(style)


def _leaf(field: Field, facts: CallFacts, note: Note) -> PayloadValue:
    """Return a value in the form that its field wants; what no type can hold is noted, and counts as unknown."""
    text = resolve(field.parameter, field.argument, facts)
    form = field.form or PLAIN
    if not text:
        withheld = form.withheld if is_withheld(field.parameter, facts) else None
        return _stand_in(form.when_unknown if withheld is None else withheld)
    if field.hash is not None:
        return hash_text(field.hash, text)
    for known, sent in form.map:
        if known == text:
            return _stand_in(sent)
    if form.other is not None:
        return _stand_in(form.other)
    value = convert(form.type, text)
    if value is not None:
        return value
    instead = form.when_unknown
    at = f"{field.name}: " if field.name else ""
    note(f"{at}{field.parameter} is {_shown(text)}, no {form.type}; sent {_said(instead)}")
    return _stand_in(instead)


def _stand_in(sent: StandIn) -> PayloadValue:
    match sent:
        case Special.NULL:
            return None
        case Special.OMIT:
            return _OMITTED
        case _:
            return sent


def _said(sent: StandIn) -> str:
    """Say what is sent in place of a value."""
    match sent:
        case Special.OMIT:
            return "nothing"
        case Special.NULL:
            return "null"
        case str():
            return _shown(sent)
        case _:
            return scalar_text(sent)


def _shown(text: str) -> str:
    """Return a value for people, cut where it is long."""
    return repr(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…")


MAX_SHOWN: Final = 40
"""Characters of a value that a note repeats."""
MAX_NUMBER: Final = 18
"""Characters of a number: 64 bits hold all whole ones of this length. A longer one is text to most programs."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?")
_TRUE: Final = frozenset(("1", "true", "yes", "on"))
_FALSE: Final = frozenset(("0", "false", "no", "off"))


def convert(kind: SentType, text: str) -> Scalar:
    """Return a value in its type; None where that cannot hold it. Nothing is guessed: `007` is no number."""
    match kind:
        case SentType.TEXT:
            return text
        case SentType.NUMBER:
            found = _NUMBER.fullmatch(text)
            if found is None or len(text) > MAX_NUMBER:
                return None
            number = float(text) if found["fraction"] else int(text)
            return number if Decimal(str(number)) == Decimal(text) else None
        case SentType.BOOLEAN:
            word = text.lower()
            return True if word in _TRUE else False if word in _FALSE else None
        case _:
            assert_never(kind)


def leaves(fields: Iterable[Node]) -> Iterator[Field | TextValue]:
    """Yield every value of a tree, in order."""
    for node in fields:
        match node:
            case Field() | TextValue():
                yield node
            case Array(items=inner) | Object(members=inner):
                yield from leaves(inner)
            case _:
                assert_never(node)


def hash_text(algorithm: HashAlgorithm, text: str) -> str:
    """Hash the UTF-8 bytes; "" stays "", since the hash of nothing would look like a value [A-31]."""
    if not text:
        return ""
    data = text.encode()
    match algorithm:
        case HashAlgorithm.CRC32:
            return f"{zlib.crc32(data):08x}"
        case HashAlgorithm.CRC32_DECIMAL:
            return str(zlib.crc32(data))
        case _:
            return hashlib.new(algorithm.value, data, usedforsecurity=False).hexdigest()


def pairs(values: dict[str, PayloadValue]) -> list[tuple[str, str]]:
    """Return names and values for a query or form; nested ones as `a[b]` and `a[0]` (R2-30)."""
    return [pair for name, value in values.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: PayloadValue) -> Iterator[tuple[str, str]]:
    match value:
        case list():
            for index, item in enumerate(value):
                yield from _pairs(f"{name}[{index}]", item)
        case dict():
            for key, member in value.items():
                yield from _pairs(f"{name}[{key}]", member)
        case _:
            yield name, scalar_text(value)


def scalar_text(value: Scalar) -> str:
    """Return a value as text, the way JSON writes it; null is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _field(name: str, parameter: str, argument: str = "") -> Field:
    return Field(name=name, parameter=parameter, argument=argument)


RINGOSTAT_SAMPLE: tuple[Field, ...] = (
    _field("caller", "caller_id"),
    _field("callee", "destination_id"),
    _field("date", "date"),
    _field("type", "type"),
    _field("callnum", "call_count"),
    _field("source", "source"),
    _field("medium", "medium"),
    _field("campaign", "campaign"),
    _field("term", "keyword"),
    _field("content", "content"),
    _field("record", "recording"),
    _field("useruuid", "google_analytics_id"),
    _field("userip", "visitor_ip"),
    _field("callroute", "forward_location"),
    _field("uniquefirst", "unique_call"),
    _field("lastpage", "last_page"),
    _field("landing", "landing_page"),
    _field("replacetype", "insertion_type"),
    _field("gaid", "google_analytics_resource_id"),
    _field("fullnum", "e164"),
    _field("ivrnum", "additional_number"),
    _field("callid", "call_id"),
    _field("custom", "custom"),
    _field("roistat", "roistat_visit_id"),
    _field("employee_fio", "responsible_manager"),
    _field("department", "department"),
    _field("proper_flag", "proper"),
    _field("repeated_flag", "repeated"),
    _field("staffid", "manager_id"),
    _field("outbound_number", "outbound_number"),
    _field("useragent", "user_agent"),
    _field("project_id", "project_id"),
    _field("add_num_id", "additional_number", "id"),
    _field("E164", "e164"),
    _field("agent_id", "manager_id"),
    _field("recording_wav", "recording_wav_link"),
)
"""The 36 members of the vendor's sample payload, in its order (R1-87…120, A-13)."""

TEMPLATES: Mapping[Template, tuple[Field, ...]] = MappingProxyType(
    {Template.EMPTY: (), Template.RINGOSTAT_SAMPLE: RINGOSTAT_SAMPLE}
)
"""The values of each template."""
