"""Readings of an endpoint's answer: values that the switchboard turns into an event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.target import Target

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpResponse


class ReadAs(StrEnum):
    """How the body was read [A-11]."""

    NONE = ""
    STRICT_JSON = "strict JSON"
    RELAXED_JSON = "relaxed JSON"
    WHOLE_BODY = "whole body"
    URLENCODED = "urlencoded pair"
    JSON_RPC = "json-rpc result"


class AnswerReading(Protocol):
    """The common part of the readings of all dialects, which the ask runner needs."""

    @property
    def read_as(self) -> str:
        """Return which way of reading matched; "" for none."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Return one short printable line for each thing that was dropped or read leniently."""

    @property
    def failure(self) -> Failure | None:
        """Return the failure of the answer; None when the call can follow it."""

    @property
    def is_final(self) -> bool:
        """Say whether the endpoint settled the ask, so that nothing more is tried."""

    @property
    def is_about_call(self) -> bool:
        """Say whether a body of no use concerns this call alone, and is no defect of the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingTargets:
    """Ring these; at least one, at most 20, none twice."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeId:
    """Go on with this scheme; the project has it."""

    id: int


Decision = RingTargets | SchemeId | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingNumberReading:
    """The reading of a forwarding number's answer."""

    decision: Decision
    caller_name: str = ""
    """One line; empty where the answer gives no name, or is not asked for one."""
    read_as: str = ReadAs.NONE
    notices: tuple[str, ...] = ()
    """Notices of dropped and leniently read parts; one short printable line each, for the journal."""

    @property
    def failure(self) -> Failure | None:
        """Return the failure of the answer; None when the call can follow it."""
        return self.decision if isinstance(self.decision, Failure) else None

    @property
    def is_final(self) -> bool:
        """Say whether the endpoint settled the ask: it named where the call goes."""
        return self.failure is None

    @property
    def is_about_call(self) -> bool:
        """Say whether the body was read, though it may name nothing to ring."""
        return self.read_as != ReadAs.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The input is good: the success branch (R5-34)."""

    def __str__(self) -> str:
        return "ACK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nak:
    """The input is not good: the error message and another code, else the failed branch (R5-35)."""

    http_status: int
    """The HTTP status; some receivers answer 401 [A-50]."""

    def __str__(self) -> str:
        return f"NAK (HTTP {self.http_status})"


Verdict = Ack | Nak | Failure
"""A Failure is the failed branch at once, without another code (R5-36)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlanReading:
    """The reading of a dial-plan webhook's answer."""

    verdict: Verdict
    destination: Target | None = None
    """The target of "variable destination"; None when the answer names none [A-48]."""
    caller_name: str | None = None
    """One line, never empty; None: the answer gives no name."""
    variables: tuple[tuple[str, str], ...] = ()
    """The answer's other values, each name once, in its order; every value is one line (S-27)."""
    read_as: str = ReadAs.NONE
    notices: tuple[str, ...] = ()
    """Notices of dropped and leniently read parts; one short printable line each, for the journal."""

    @property
    def failure(self) -> Failure | None:
        """Return why the failed branch is taken at once; None after ACK and NAK."""
        return self.verdict if isinstance(self.verdict, Failure) else None

    @property
    def is_final(self) -> bool:
        """Say whether the endpoint settled the ask: ACK, NAK, and ERR in a body that was read (R5-36)."""
        failure = self.failure
        was_read = self.read_as != ReadAs.NONE
        return failure is None or (was_read and failure.kind is FailureKind.BAD_BODY)

    @property
    def is_about_call(self) -> bool:
        """Accept any body: receivers that only count calls answer with pages (S-28, S-29)."""
        return True


def refused(response: HttpResponse) -> str:
    """Return the failure of an unsuccessful status, with the cause in its body."""
    said = f"the endpoint answered {response.status}, not a status of 200 to 299"
    return f"{said}. {response.advice}" if response.advice else said


def quoted(text: str, limit: int = 40) -> str:
    """Show foreign text in a notice: one line, printable, cut short."""
    return repr(text) if len(text) <= limit else repr(text[:limit]) + "…"


def shown(value: object) -> str:
    """Show a foreign JSON value in a notice; a container by its type alone, however big it is."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return quoted(str(value))
