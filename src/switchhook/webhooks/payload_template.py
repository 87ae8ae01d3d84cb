"""Templates of payloads, as a tree: fields, arrays and objects of facts (R2-32…38).

A flat list of fields is a tree of one level. The tree is filled with one call's facts, and the
outcome is written either as JSON or as the pairs of a query or form.
"""

from __future__ import annotations

import hashlib
import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, assert_never

from switchhook.domain.webhook import Array, Field, HashAlgorithm, Object, Template
from switchhook.webhooks.parameters import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from switchhook.domain.webhook import Node
    from switchhook.webhooks.parameters import CallFacts


PayloadValue: TypeAlias = "str | list[PayloadValue] | dict[str, PayloadValue]"


def fill(
    fields: Iterable[Node], facts: CallFacts, wire_name: Callable[[str], str] = str
) -> dict[str, PayloadValue]:
    """Put the facts in. Every leaf is text; `wire_name` makes of a name what is sent."""
    return {
        wire_name(node.name): (
            # Most are plain, and a caller waits for them: a `match` would take as long as their facts.
            resolve(node.parameter, node.argument, facts)
            if type(node) is Field and node.hash is None
            else _value(node, facts, wire_name)
        )
        for node in fields
    }


def _value(node: Node, facts: CallFacts, wire_name: Callable[[str], str]) -> PayloadValue:
    match node:
        case Field(parameter=parameter, argument=argument, hash=algorithm):
            text = resolve(parameter, argument, facts)
            return text if algorithm is None else hash_text(algorithm, text)
        case Array(items=items):
            return [_value(item, facts, wire_name) for item in items]
        case Object(members=members):
            return fill(members, facts, wire_name)
        case _:
            assert_never(node)


def leaves(fields: Iterable[Node]) -> Iterator[Field]:
    """Yield every field of a tree, in order."""
    for node in fields:
        match node:
            case Field():
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
        case str():
            yield name, value
        case list():
            for index, item in enumerate(value):
                yield from _pairs(f"{name}[{index}]", item)
        case dict():
            for key, member in value.items():
                yield from _pairs(f"{name}[{key}]", member)


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
