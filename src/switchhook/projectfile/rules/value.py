"""The rules of one value that a webhook sends: nothing stands in its form that can never be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.value_form import PLAIN, SentType
from switchhook.projectfile.toml.mistakes import Finding, did_you_mean, shown
from switchhook.webhooks.parameters import CALLERS_NUMBER, CATALOGUE, DATES, LENGTHS
from switchhook.webhooks.payload_template import convert
from switchhook.webhooks.timestamps import format_length, format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.webhook import Field
    from switchhook.projectfile.toml.lines import KeyPath

_MOMENT, _LENGTH = 1_534_147_871.0, 125.0
"""An example of each, in seconds."""


def check_value(field: Field, path: KeyPath) -> Iterator[Finding]:
    """A hash has no type, what stands for a value has its occasion, and the type can hold the value."""
    form = field.form or PLAIN
    if field.hash is not None:
        for key in ("type", "map", "other"):
            if getattr(form, key) != getattr(PLAIN, key):
                yield Finding((*path, key), "a hash is sent as it is", f"remove hash or {key}")
        return
    if form.other is not None and not form.map:
        problem = "other stands for what the map has not, and there is no map"
        yield Finding((*path, "other"), problem, "write map, or unknown in place of other")
    if form.withheld is not None and field.parameter not in CALLERS_NUMBER:
        problem = f"{field.parameter} is not the caller's number"
        yield Finding((*path, "withheld"), problem, "write unknown in place of withheld")
    values = CATALOGUE[field.parameter].values
    for known, _ in form.map if values else ():
        if known not in values:
            problem = f"{field.parameter} is never {shown(known)}"
            yield Finding((*path, "map", known), problem, did_you_mean(known, values))
    yield from _check_type(field, path)


def _check_type(field: Field, path: KeyPath) -> Iterator[Finding]:
    """Some value of the parameter has to be of the type, unless the map says what is sent for all."""
    form = field.form or PLAIN
    mapped = {known for known, _ in form.map}
    left = [value for value in _examples(field) if value not in mapped]
    if form.type is SentType.TEXT or form.other is not None or not left:
        return
    if all(convert(form.type, value) is None for value in left):
        problem = f"{field.parameter} is {shown(left[0])}, no {form.type}"
        advice = "write another type, or what is sent in its place: map, other"
        if field.parameter in DATES and form.type is SentType.NUMBER:
            advice = f"write {field.parameter}:unix, or another type"
        yield Finding((*path, "type"), problem, advice)


def _examples(field: Field) -> tuple[str, ...]:
    """Return what the parameter may be, as far as that can be said beforehand."""
    key, argument = field.parameter, field.argument
    if key == "constant":
        return (argument,) if argument else ()
    if key in DATES:
        return (format_timestamp(_MOMENT, time_zone="UTC", style=argument),)
    if key in LENGTHS:
        return (format_length(_LENGTH, argument),)
    return CATALOGUE[key].values
