"""What a webhook sends, as a tree: texts, arrays, objects and hashes of facts (R2-32…38).

A flat list of fields is a tree of one level. The tree is filled with one call's facts, and the
outcome is written either as JSON or as the pairs of a query or form.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, assert_never

from switchhook.domain.webhook import Field, Template
from switchhook.webhooks.parameters import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from switchhook.webhooks.parameters import Facts


class HashAlgorithm(StrEnum):
    """How a value is made unreadable but comparable (R2-35…38)."""

    MD5 = "md5"
    CRC32 = "crc32"
    SHA1 = "sha1"
    SHA256 = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One fact; a literal is the parameter `constant` with the text as its argument (R2-32)."""

    parameter: str
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """The hash of one fact, in lower-case hexadecimal; of an empty one nothing [A-31]."""

    algorithm: HashAlgorithm
    of: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """Values in order (R2-33)."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """Named values in order; a name that comes twice keeps its last value (R2-34)."""

    members: tuple[tuple[str, Node], ...]


Node: TypeAlias = Text | Hash | Array | Object
Value: TypeAlias = "str | list[Value] | dict[str, Value]"


def fill_fields(fields: Iterable[Field], facts: Facts) -> dict[str, Value]:
    """Put the facts into a tree of one level, whose leaves are `fields`."""
    return {field.name: resolve(field.parameter, field.argument, facts) for field in fields}


def fill(tree: Object, facts: Facts) -> dict[str, Value]:
    """Put the facts in. Every leaf is text."""
    return {name: _value(node, facts) for name, node in tree.members}


def _value(node: Node, facts: Facts) -> Value:
    match node:
        case Text(parameter=parameter, argument=argument):
            return resolve(parameter, argument, facts)
        case Hash(algorithm=algorithm, of=text):
            return hash_text(algorithm, resolve(text.parameter, text.argument, facts))
        case Array(items=items):
            return [_value(item, facts) for item in items]
        case Object():
            return fill(node, facts)
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
        case _:
            return hashlib.new(algorithm.value, data, usedforsecurity=False).hexdigest()


def pairs(values: dict[str, Value]) -> list[tuple[str, str]]:
    """Return names and values for a query or form; nested ones as `a[b]` and `a[0]` (R2-30)."""
    return [pair for name, value in values.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: Value) -> Iterator[tuple[str, str]]:
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
"""What each template sends."""
