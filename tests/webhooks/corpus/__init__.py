"""What endpoints answer and what each answer means: good, sloppy and hostile, for every reader.

To add an answer, write a line into the table that it belongs to. What the behaviour table says stands in
`forwarding_number.py` and `dial_plan.py`; what was met beyond it in the others.
A meaning is one line. A forwarding number's is what rings: numbers and addresses as they are, accounts with
`@`, or `#` and a scheme's ID. A dial-plan webhook's is `ACK to 215 as Sales with key=value`, as far as it goes.
A failure's is its kind, such as `bad_body`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from switchhook.domain.failure import Failure
from switchhook.domain.webhook import Encoding
from switchhook.webhooks.answer import (
    Ack,
    ForwardingNumberReading,
    Nak,
    RingTargets,
    SchemeId,
    read_answer,
    read_dial_plan_answer,
)
from tests.webhooks.corpus import dial_plan, forwarding_number, numbers, pairs, scripts, shapes
from tests.webhooks.samples import DUTCH_PLAN, PLAN, answer, make_dial_plan, make_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.domain.target import Target
    from switchhook.webhooks.answer import DialPlanReading


class Reader(StrEnum):
    """Who reads an answer."""

    HTTP = "http"
    JSON = "json"
    JSON_RPC = "json-rpc"
    DIAL_PLAN = "dial plan"
    LENIENT_JSON = "dial plan, lenient JSON"

    @property
    def snapshot(self) -> ProjectSnapshot:
        """The project that it reads for."""
        return DUTCH_PLAN if self in DIAL_PLANS else PLAN


DIAL_PLANS = (Reader.DIAL_PLAN, Reader.LENIENT_JSON)
ASK_ID = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer with its meaning."""

    reader: Reader
    body: bytes
    means: str
    status: int = 200
    name: str = "dst_phone"
    """Of the member that holds the direction."""
    told: str | None = None
    """What stands in the call's journal beside; "": nothing. None: it does not matter."""
    rows: tuple[str, ...] = ()


def read(
    reader: Reader, body: bytes, *, status: int = 200, name: str = "dst_phone"
) -> ForwardingNumberReading | DialPlanReading:
    """Read an answer of the HTTP status with this body."""
    response = answer(body, status)
    if reader in DIAL_PLANS:
        webhook = make_dial_plan(lenient_json=reader is Reader.LENIENT_JSON)
        return read_dial_plan_answer(webhook, response, DUTCH_PLAN)
    encoding = Encoding(reader.value)
    number = make_number(submission=encoding, import_=encoding, name_in_response=name)
    return read_answer(number, response, PLAN, ask_id=ASK_ID)


def meaning_of(reading: ForwardingNumberReading | DialPlanReading) -> str:
    """Write it in one line, as the tables do."""
    if isinstance(reading, ForwardingNumberReading):
        match reading.decision:
            case RingTargets(targets=targets):
                return " ".join(map(_written, targets))
            case SchemeId(id=scheme):
                return f"#{scheme}"
            case Failure(kind=kind):
                return kind
    parts = [_branch(reading)]
    if reading.destination:
        parts.append(f"to {_written(reading.destination)}")
    if reading.caller_name is not None:
        parts.append(f"as {reading.caller_name}")
    if reading.variables:
        parts.append("with " + "&".join(f"{name}={value}" for name, value in reading.variables))
    return " ".join(parts)


def _branch(reading: DialPlanReading) -> str:
    match reading.verdict:
        case Ack():
            return "ACK"
        case Nak():
            return "NAK"
        case Failure(kind=kind):
            return kind


def _written(target: Target) -> str:
    return "@" * (target.kind == "account") + target.value


def told_by(reading: ForwardingNumberReading | DialPlanReading) -> str:
    """Return what a person would read of it in the journal: why it failed, and the notices."""
    end = reading.decision if isinstance(reading, ForwardingNumberReading) else reading.verdict
    failure = [end.detail] if isinstance(end, Failure) else []
    return "; ".join([*failure, *reading.notices])


def _entries() -> Iterator[Entry]:
    for reader, (rows, table) in {
        Reader.JSON: (forwarding_number.JSON_ROWS, forwarding_number.JSON_ANSWERS),
        Reader.HTTP: (forwarding_number.HTTP_ROWS, forwarding_number.HTTP_ANSWERS),
        Reader.JSON_RPC: (forwarding_number.RPC_ROWS, forwarding_number.RPC_ANSWERS),
        Reader.LENIENT_JSON: (dial_plan.LENIENT_ROWS, dial_plan.LENIENT_JSON),
    }.items():
        for body, means in table:
            yield Entry(reader=reader, body=body.encode(), means=means, rows=rows)
    for reading, body, means in forwarding_number.NAMED_SCHEMA:
        yield Entry(
            reader=Reader(reading),
            body=body.encode(),
            means=means,
            name="schema",
            rows=forwarding_number.NAMED_SCHEMA_ROWS,
        )
    yield from _dial_plan_entries()
    for sent in (
        *(scripts.SCRIPTS + numbers.NUMBERS),
        *(shapes.JSON + shapes.RPC + pairs.DIAL_PLAN + pairs.STATUSES),
    ):
        yield _line(*sent)


def _line(reader: str, body: str | bytes, means: str, told: str, status: int = 200) -> Entry:
    data = body if isinstance(body, bytes) else body.encode()
    return Entry(reader=Reader(reader), body=data, means=means, told=told, status=status)


def _dial_plan_entries() -> Iterator[Entry]:
    for status, body, means in dial_plan.BRANCHES:
        yield _said(dial_plan.BRANCH_ROWS, body, means, status)
    for body, means in dial_plan.VARIABLES:
        yield _said(dial_plan.VARIABLE_ROWS, body, means)
    for rows, key, table in (
        (dial_plan.DESTINATION_ROWS, "destination", dial_plan.DESTINATIONS),
        (dial_plan.NAME_ROWS, "callername", dial_plan.NAMES),
    ):
        for written, gives in table:
            means = f"ACK {gives}".rstrip()
            yield _said(rows, f"status=ACK&{key}={written}", means)
            yield _said(rows, f"{key}={written}&status=ACK", means)


def _said(rows: tuple[str, ...], body: str, means: str, status: int = 200) -> Entry:
    return Entry(reader=Reader.DIAL_PLAN, body=body.encode(), means=means, status=status, rows=rows)


ENTRIES = tuple(_entries())
