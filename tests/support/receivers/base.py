"""What all strict receivers share: a request is read, checked against a description, and answered.

A receiver accepts what its description allows and nothing else: a missing member, a member of another
type, a name that is not described and a body that cannot be read all refuse the whole request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from tests.support.wire import Endpoint, Received, reply

Check: TypeAlias = Callable[[Any, str], None]
"""Takes a value and where it stands. Raises Refused."""
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Refused(Exception):  # noqa: N818 (what it is: an answer, not a mistake of ours)
    """What is wrong with a request, and the status that says so."""

    def __init__(self, why: str, status: str = "400 Bad Request") -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Description:
    """How one kind of receiver is spoken to."""

    target: str
    """Regular expression of the whole path and query."""
    read: Mapping[str, Callable[[bytes], Any]]
    """How a body is read, by its media type; one that is not here is refused."""
    check: Check
    accepted: bytes
    """The answer to what is right."""
    refused: Callable[[Refused], bytes]
    """The answer to what is not."""
    authorization: str = ""
    """Regular expression of the whole Authorization header; empty: there must be none."""

    def values(self, request: Received) -> Any:
        """Return what a request says. Raises Refused."""
        if not re.fullmatch(self.target, request.target):
            raise Refused(f"there is nothing at {request.target}", "404 Not Found")
        if request.method != "POST":
            raise Refused(f"it came by {request.method}", "405 Method Not Allowed")
        if not re.fullmatch(self.authorization, request.header("Authorization")):
            raise Refused("the Authorization is not right", "401 Unauthorized")
        media_type = request.header("Content-Type").partition(";")[0].strip().lower()
        if media_type not in self.read:
            raise Refused(f"it came as {media_type!r}", "415 Unsupported Media Type")
        values = self.read[media_type](request.body)
        self.check(values, "the body")
        return values


class Receiver(Endpoint):
    """An endpoint that answers as its description says, and keeps what it accepted and refused."""

    def __init__(self, description: Description) -> None:
        super().__init__(self._judge)
        self.accepted: list[Any] = []
        self.refused: list[str] = []
        self._description = description

    def _judge(self, request: Received) -> bytes:
        try:
            self.accepted.append(self._description.values(request))
        except Refused as refused:
            self.refused.append(str(refused))
            return self._description.refused(refused)
        return self._description.accepted


def answer_json(values: object, status: str = "200 OK", content_type: str = JSON) -> bytes:
    """Answer with JSON."""
    return reply(json.dumps(values), status=status, content_type=content_type)


def read_json(body: bytes) -> Any:
    """Read JSON text in UTF-8 in which no name comes twice. Raises Refused."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except ValueError as error:
        raise Refused(f"the body is no JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise Refused("a name comes twice")
    return made


def _no_number(text: str) -> Any:
    raise Refused(f"{text} is no JSON")


def read_form(body: bytes) -> dict[str, Any]:
    """Read a form whose names come once each; `name[]` gathers its values in a list. Raises Refused."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError as error:
        raise Refused(f"the body is no form: {error}") from error
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name.endswith("[]"):
            made.setdefault(name, []).append(value)
        elif name in made:
            raise Refused(f"{name} comes twice")
        else:
            made[name] = value
    return made


def text(pattern: str = r"(?s).+", *, most: int | None = None) -> Check:
    """Want text, of which the whole is as the pattern says."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, str):
            raise Refused(f"{at} is {value!r}, not text")
        if not re.fullmatch(pattern, value):
            raise Refused(f"{at} is {value!r}, not written {pattern}")
        if most is not None and len(value) > most:
            raise Refused(f"{at} has {len(value)} characters, more than {most}")

    return check


def whole(least: int | None = None, most: int | None = None) -> Check:
    """Want a whole number of JSON."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Refused(f"{at} is {value!r}, not a whole number")
        if (least is not None and value < least) or (most is not None and value > most):
            raise Refused(f"{at} is {value}, out of range")

    return check


def one_of(*values: object) -> Check:
    """Want one of these values, in type too."""

    def check(value: Any, at: str) -> None:
        if not any(value == each and type(value) is type(each) for each in values):
            raise Refused(f"{at} is {value!r}, none of {values}")

    return check


def flag(value: Any, at: str) -> None:
    """Want true or false."""
    one_of(True, False)(value, at)  # noqa: FBT003 (values of JSON)


def either(*checks: Check) -> Check:
    """Want what one of these wants."""

    def check(value: Any, at: str) -> None:
        complaints = []
        for each in checks:
            try:
                return each(value, at)
            except Refused as refused:
                complaints.append(str(refused))
        raise Refused("; ".join(complaints))

    return check


def or_null(check: Check) -> Check:
    """Want this, or null."""
    return either(one_of(None), check)


def list_of(each: Check, *, least: int = 0, most: int | None = None) -> Check:
    """Want a list of values that are each like this."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, list):
            raise Refused(f"{at} is {value!r}, not a list")
        if len(value) < least or (most is not None and len(value) > most):
            raise Refused(f"{at} has {len(value)} values")
        for place, item in enumerate(value):
            each(item, f"{at}[{place}]")

    return check


def members(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Want an object with all of the first names, perhaps some of the second, and no others."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise Refused(f"{at} is {value!r}, not an object")
        for name in required:
            if name not in value:
                raise Refused(f"{at} has no {name}")
        for name, item in value.items():
            if name not in known:
                raise Refused(f"{at} has {name}, which is not described")
            known[name](item, name if at == "the body" else f"{at}.{name}")

    return check


def by_member(name: str, kinds: Mapping[str, Check]) -> Check:
    """Want an object whose kind one member names."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise Refused(f"{at} is {value!r}, not an object")
        kind = value.get(name)
        if not isinstance(kind, str) or kind not in kinds:
            raise Refused(f"{at} has {kind!r} as its {name}, none of {sorted(kinds)}")
        kinds[kind](value, at)

    return check


DIGITS = text(r"[0-9]+")
PHONE = text(r"\+?[0-9]{3,20}")
STANDARD_DATE = text(r"[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]")
"""Such as `2018-08-13 11:11:11`."""
ISO_DATE = text(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:Z|[+-][0-2][0-9]:[0-5][0-9])"
)
"""Such as `2018-08-13T11:11:11+03:00`."""
