"""The catalogue of parameters: every fact of a call that a webhook may send, each resolved at one place.

The values are those of the time of asking: before the call ends, what only its end can tell is empty,
and the lengths are `0` (R1-40…85). Every value is text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from switchhook.domain.call import Call, Direction
from switchhook.domain.cause import OUTCOME_OF_ATTEMPT, EndedBy, Outcome
from switchhook.domain.event import EVENT_FIELD, EVENT_SUBJECT, EventKind
from switchhook.domain.project import ask_location, location_of
from switchhook.domain.tracking.caller_history import VISIT_PARAMETERS
from switchhook.domain.webhook import ForwardingNumber
from switchhook.webhooks.e164 import to_e164
from switchhook.webhooks.timestamps import (
    FORMATS,
    LENGTH_FORMATS,
    format_length,
    format_timestamp,
    split_zone,
    unknown_zone,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.project import Number


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """The facts that parameters are resolved from: a call at one time, and its caller's history."""

    call: Call
    now: float
    """Unix seconds."""
    webhook: ForwardingNumber | None = None
    """The forwarding number that is being asked; None for an event."""
    event: EventKind | None = None
    """The event that is told of; None for an ask."""
    seq: int = 0
    """The event's place among the call's events."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Facts from outside the call (its visitor, its caller's earlier calls), under the key of their
    parameter, or `<key>:<argument>` where a parameter takes one, such as `custom:city`."""

    @property
    def number(self) -> Number | None:
        """Return the project's number that was dialled, or None."""
        return self.call.snapshot.number(self.call.callee)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter that a webhook may send."""

    key: str
    """How a project file names it."""
    row: str = ""
    """The row of the behaviour table; empty for a parameter of ours."""
    label: str = ""
    """The vendor's name, for people and for `{label}` in a URL; empty for a parameter of ours."""
    help: str = ""
    """What a parameter of ours is, without a full stop, for the reference in the docs."""
    resolve: Callable[[CallFacts, str], str]
    """Takes the facts and the field's argument; returns "" for what is not known."""
    values: tuple[str, ...] = ()
    """All values that it can have; empty where they are without number."""


STATUS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.ANSWERED: "ANSWERED",
        Outcome.MISSED: "NO ANSWER",
        Outcome.CANCELLED: "NO ANSWER",
        Outcome.ABANDONED: "NO ANSWER",
        Outcome.BUSY: "BUSY",
        Outcome.REJECTED: "DECLINE",
        Outcome.UNREACHABLE: "FAILED",
        Outcome.FAILED: "FAILED",
        Outcome.BLOCKED: "DECLINE",
        Outcome.VOICEMAIL: "VOICEMAIL",
    }
)
"""The vendor's name of each outcome (R1-42)."""

E164 = "e164"
"""The parameter for the caller's number in that form, and the argument that asks for it."""
DATES = frozenset(("date", "answered_at", "ended_at", "event_time"))
"""The parameters that are moments, and take a style of dates."""
LENGTHS = frozenset(
    ("full_length", "waiting_time", "conversation", "recording_duration", "voicemail_duration")
)
"""The parameters that are lengths, and take a style of those."""
NO_FORWARD = "NO-FORWARD"
"""The vendor's name for "call forwarding scheme did not work": it placed the call nowhere [A-54]."""


def _status(facts: CallFacts, _: str) -> str:
    """Empty before the call, unless an earlier location ended already [A-14]."""
    call = facts.call
    if call.outcome is Outcome.FAILED and not call.called_legs:
        return NO_FORWARD
    if call.outcome is not None:
        return STATUS[call.outcome]
    if call.answered_at is not None:
        return STATUS[Outcome.ANSWERED]
    if call.position.is_unplaced:
        return NO_FORWARD
    return STATUS[OUTCOME_OF_ATTEMPT[call.last_attempt]] if call.last_attempt else ""


def _moment(at: float | None, facts: CallFacts, style: str) -> str:
    """Write a moment in a style; one that has not come is empty."""
    if at is None:
        return ""
    return format_timestamp(at, time_zone=facts.call.snapshot.project.time_zone, style=style)


def _date(facts: CallFacts, style: str) -> str:
    return _moment(facts.call.arrived_at, facts, style)


def _full_length(facts: CallFacts, style: str) -> str:
    return _between(facts.call.arrived_at, facts.call.ended_at, style) or format_length(0, style)


def _conversation(facts: CallFacts, style: str) -> str:
    return format_length(facts.call.conversation, style)


def _waiting_time(facts: CallFacts, style: str) -> str:
    call = facts.call
    over_at = call.ended_at if call.answered_at is None else call.answered_at
    return _between(call.arrived_at, over_at, style)


def _between(start: float, end: float | None, style: str) -> str:
    """Write the length between two moments; "" while the second has not come."""
    return "" if end is None else format_length(max(0.0, end - start), style)


def _connected_with(facts: CallFacts, _: str) -> str:
    leg = facts.call.leg(facts.call.talking_to)
    return "" if leg is None or leg.target is None else leg.target.value


def _unique_call(facts: CallFacts, _: str) -> str:
    """`1` for the first call from this number, as far as the calls are counted (R1-64, A-15)."""
    known, count = facts.extra.get("unique_call"), facts.extra.get("call_count")
    if known is not None or count is None:
        return known or ""
    return "1" if count == "1" else "0"


def _forward_location(facts: CallFacts, _: str) -> str:
    """`<kind>:<seconds it may ring>` of the webhook that is asked, else of the step that is executed."""
    call = facts.call
    if facts.webhook is not None:
        return ask_location(facts.webhook)
    scheme = call.snapshot.schemes.get(call.position.scheme)
    step = scheme.step_at(call.position.path) if scheme else None
    return "" if step is None else location_of(step, call.snapshot)


def _insertion_type(facts: CallFacts, _: str) -> str:
    number = facts.number
    return (facts.extra.get("insertion_type") or (number.insertion_type if number else "")).lower()


def _pool_name(facts: CallFacts, _: str) -> str:
    number = facts.number
    return facts.extra.get("pool_name") or (number.pool if number else "")


def _additional_number(facts: CallFacts, argument: str) -> str:
    """The caller's keys; a receiver's further names for it mean the same (R1-80, A-13)."""
    key = "additional_number"
    return facts.extra.get(f"{key}:{argument}") or facts.extra.get(key, "")


def _scheme_name(facts: CallFacts, _: str) -> str:
    scheme = facts.call.snapshot.schemes.get(facts.call.position.scheme)
    return scheme.name if scheme else ""


def _type(facts: CallFacts, _: str) -> str:
    return "out" if facts.call.direction is Direction.OUTGOING else "in"


def _caller_id(facts: CallFacts, form: str) -> str:
    return _e164(facts, facts.call.caller.number) if form == E164 else facts.call.caller.number


def _destination_id(facts: CallFacts, form: str) -> str:
    return _e164(facts, facts.call.callee) if form == E164 else facts.call.callee


def _e164(facts: CallFacts, number: str) -> str:
    return to_e164(number, facts.call.snapshot.project.country)


def _call_id(facts: CallFacts, _: str) -> str:
    return facts.call.id


def _known(key: str) -> Callable[[CallFacts, str], str]:
    """Return what resolves a fact that is only known from outside the call."""
    return lambda facts, argument: facts.extra.get(f"{key}:{argument}" if argument else key, "")


def _flag(key: str) -> Callable[[CallFacts, str], str]:
    """Return what resolves a flag that is unknown before the call; some receivers want `0` then [A-16]."""

    def resolve_flag(facts: CallFacts, _: str) -> str:
        unknown = "0" if facts.webhook is not None and facts.webhook.empty_flags_as_zero else ""
        return facts.extra.get(key) or unknown

    return resolve_flag


def _recording(facts: CallFacts, _: str) -> str:
    """Return the id of a recording; "" when recording failed."""
    call = facts.call
    return "" if call.recording.trouble and not call.recording.finished else call.id


FLAG = ("0", "1")
VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "direction": tuple(direction.value for direction in Direction),
        "event": tuple(event.value for event in EventKind),
        "outcome": tuple(outcome.value for outcome in Outcome),
        "ended_by": tuple(side.value for side in EndedBy),
        "status": (*dict.fromkeys(STATUS.values()), NO_FORWARD),
        "type": ("in", "out"),
        **dict.fromkeys(("proper", "repeated", "unique_call"), FLAG),
        **dict.fromkeys(("unique_target_call", "first_target_call", "has_recording"), FLAG),
    }
)
"""The values of parameters that have few."""


def _code(value: int) -> str:
    """Write a code of SIP or Q.850, of which 0 means unknown."""
    return str(value) if value else ""


def _recorded(facts: CallFacts) -> float:
    """Return the seconds of all that was recorded of a call."""
    return sum(made.seconds for made in facts.call.recording.finished)


def _has_recording(facts: CallFacts, _: str) -> str:
    if facts.call.outcome is None:
        return ""
    return "1" if facts.call.recording.finished else "0"


def _voicemail_duration(facts: CallFacts, style: str) -> str:
    is_left = facts.call.outcome is Outcome.VOICEMAIL
    made = facts.call.recording.finished
    return format_length(made[-1].seconds if is_left and made else 0, style)


def _caller_name(facts: CallFacts, _: str) -> str:
    return facts.call.asks.caller_name or facts.call.caller.name


def _targets(facts: CallFacts, _: str) -> str:
    legs = facts.call.called_legs
    return ",".join(dict.fromkeys(leg.target.value for leg in legs if leg.target))


def _agent(attribute: str) -> Callable[[CallFacts, str], str]:
    """Return what resolves an attribute of the account that takes part in the call."""

    def resolve_attribute(facts: CallFacts, _: str) -> str:
        account = facts.call.snapshot.accounts.get(facts.call.manager)
        return "" if account is None else str(getattr(account, attribute))

    return resolve_attribute


def _catalogue(
    rows: Iterable[tuple[str, str, str, Callable[[CallFacts, str], str] | None]],
) -> dict[str, Parameter]:
    return {
        key: Parameter(
            key=key, row=row, label=label, resolve=how or _known(key), values=VALUES.get(key, ())
        )
        for key, row, label, how in rows
    }


def _own(
    rows: Iterable[tuple[str, str, Callable[[CallFacts, str], str]]],
) -> dict[str, Parameter]:
    return {
        key: Parameter(key=key, help=what, resolve=how, values=VALUES.get(key, ()))
        for key, what, how in rows
    }


OWN: Mapping[str, Parameter] = MappingProxyType(
    _own(
        (
            ("event", "event that is told of", lambda f, _: f.event.value if f.event else ""),
            (
                "event_time",
                "date and time of the event, or of the ask",
                lambda f, style: _moment(f.now, f, style),
            ),
            (
                "event_number",
                "place of the event among those of the call: 1, 2, 3",
                lambda f, _: _code(f.seq),
            ),
            ("direction", "direction of the call", lambda f, _: f.call.direction.value),
            ("outcome", "outcome of the call", lambda f, _: f.call.outcome or ""),
            ("ended_by", "side that ended the call", lambda f, _: f.call.ended_by or ""),
            (
                "sip_code",
                "SIP status that the call ended with",
                lambda f, _: _code(f.call.cause.sip if f.call.cause else 0),
            ),
            (
                "q850_code",
                "cause of ITU-T Q.850 that the call ended with",
                lambda f, _: _code(f.call.cause.q850 if f.call.cause else 0),
            ),
            (
                "answered_at",
                "date and time of the answer",
                lambda f, style: _moment(f.call.answered_at, f, style),
            ),
            (
                "ended_at",
                "date and time of the end",
                lambda f, style: _moment(f.call.ended_at, f, style),
            ),
            ("caller_name", "name that the call came with, or got from a webhook", _caller_name),
            (
                "caller_login",
                "login of the account that calls",
                lambda f, _: f.call.caller.account,
            ),
            (
                "agent_login",
                "login of the account that answered; of an outgoing call, that calls",
                _agent("login"),
            ),
            ("agent_name", "`name` of that account", _agent("name")),
            ("agent_email", "`email` of that account", _agent("email")),
            ("agent_external_id", "`external_id` of that account", _agent("external_id")),
            ("agent_department", "`department` of that account", _agent("department")),
            ("targets", "whom the call was offered to, in order, between commas", _targets),
            (
                "attempts",
                "how many rings of a target there were",
                lambda f, _: str(len(f.call.called_legs)),
            ),
            (
                "google_analytics_session_id",
                "session of the visitor in Google Analytics",
                _known("google_analytics_session_id"),
            ),
            (
                "rating",
                "key with which the caller rated the conversation",
                lambda f, _: f.call.rating.key,
            ),
            ("has_recording", "whether there is a recording", _has_recording),
            (
                "recording_duration",
                "length of what was recorded",
                lambda f, style: format_length(_recorded(f), style),
            ),
            ("voicemail_duration", "length of the message that was left", _voicemail_duration),
            (
                EVENT_FIELD,
                "field of a [foreign event](events.md#foreign-events) by its name, as `event_field:email`",
                _known(EVENT_FIELD),
            ),
            (
                EVENT_SUBJECT,
                "what a foreign event is about, as it was posted",
                _known(EVENT_SUBJECT),
            ),
        )
    )
)
"""Our own parameters by their keys, for what vendors do not tell."""

VISIT_ROWS = (
    ("visit_id", "R4-09", "Visit ID", None),
    ("marker", "R4-10", "Marker", None),
    ("order_id", "R4-11", "Order ID", None),
    ("order_field", "R4-14", "Order field", None),
    ("domain", "R4-16", "Domain", None),
    ("city", "R4-17", "City", None),
    ("country", "R4-18", "Country", None),
    ("first_visit", "R4-20", "First visit", None),
    *((f"roistat_param_{n}", "R4-23", f"Roistat parameter {n}", None) for n in range(1, 6)),
    *((f"source_level_{n}", "R4-24", f"Source level {n}", None) for n in (1, 2)),
)
"""What call tracking knows of a visit besides (R4)."""

VENDORS: Mapping[str, Parameter] = MappingProxyType(
    _catalogue(
        (
            ("caller_id", "R1-40", "Caller ID", _caller_id),
            ("destination_id", "R1-41", "Destination ID", _destination_id),
            ("status", "R1-42", "Status", _status),
            ("date", "R1-43", "Date", _date),
            ("call_value", "R1-44", "Call value", None),
            ("full_length", "R1-45", "Full length", _full_length),
            ("type", "R1-46", "Type", _type),
            ("waiting_time", "R1-47", "Waiting time", _waiting_time),
            ("conversation", "R1-48", "Conversation", _conversation),
            ("connected_with", "R1-49", "Connected with", _connected_with),
            ("call_count", "R1-50", "Call count", None),
            ("proper", "R1-51", "Proper", _flag("proper")),
            ("repeated", "R1-52", "Repeated", _flag("repeated")),
            ("source", "R1-53", "Source", None),
            ("medium", "R1-54", "Medium", None),
            ("campaign", "R1-55", "Campaign", None),
            ("keyword", "R1-56", "Keyword", None),
            ("recording", "R1-57", "Recording", _recording),
            ("call_category", "R1-58", "Call category", None),
            ("google_analytics_id", "R1-59", "Google Analytics ID", None),
            ("visitor_ip", "R1-60", "Visitor IP", None),
            ("forward_location", "R1-61", "Forward location", _forward_location),
            ("recording_link", "R1-62", "Link to recording", None),
            ("recording_wav_link", "R1-63", "Link to recording (wav)", None),
            ("unique_call", "R1-64", "Unique call", _unique_call),
            ("unique_target_call", "R1-65", "Unique target call", None),
            ("first_target_call", "R1-66", "First target call", None),
            ("last_page", "R1-67", "Last page", None),
            ("referrer", "R1-68", "Referrer", None),
            ("landing_page", "R1-69", "Landing page", None),
            ("content", "R1-70", "Content", None),
            ("insertion_type", "R1-71", "Insertion type", _insertion_type),
            ("pool_name", "R1-72", "Pool name", _pool_name),
            ("scheme_name", "R1-73", "Call forwarding scheme", _scheme_name),
            ("call_id", "R1-74", "ID Call", _call_id),
            ("user_agent", "R1-75", "User agent", None),
            ("manager_id", "R1-76", "Manager ID", None),
            ("outbound_number", "R1-77", "Outbound number", None),
            ("google_analytics_resource_id", "R1-78", "Google Analytics resource ID", None),
            (E164, "R1-79", "Number in format E.164", lambda facts, _: _caller_id(facts, E164)),
            ("additional_number", "R1-80", "Additional number", _additional_number),
            ("responsible_manager", "R1-81", "Responsible manager", None),
            ("custom", "R1-82", "Custom", None),
            ("roistat_visit_id", "R1-83", "Roistat visit ID", None),
            ("project_id", "R1-84", "Project ID", lambda facts, _: facts.call.snapshot.project.id),
            ("constant", "R1-85", "Constant", lambda _, text: text),
            ("department", "R1-111", "Department", None),
            *VISIT_ROWS,
        )
    )
)
"""A vendor's 46 parameters in their order, the one that only its sample shows, and another's of visits, by their keys."""

CATALOGUE: Mapping[str, Parameter] = MappingProxyType({**VENDORS, **OWN})
"""Every parameter by its key."""

_BY_NAME = {
    name.casefold(): parameter.key
    for parameter in CATALOGUE.values()
    for name in (parameter.label or parameter.key, parameter.key)
}


def find(name: str) -> str | None:
    """Return the key of the parameter that has this key or this label in any letter case, or None."""
    return _BY_NAME.get(name.strip().casefold())


def forms_of(key: str) -> tuple[str, ...]:
    """Return the named arguments of a parameter; empty if it takes any text, or none."""
    match key:
        case "caller_id" | "destination_id":
            return (E164,)
        case _ if key in DATES:
            return tuple(FORMATS)
        case _:
            return tuple(LENGTH_FORMATS) if key in LENGTHS else ()


def takes(key: str, argument: str) -> bool:
    """Say whether a parameter can be told in the way that its argument asks for."""
    forms = forms_of(key)
    if key in DATES and argument:
        if unknown_zone(argument):
            return False
        argument, _ = split_zone(argument)
    is_pattern = key in DATES and "%" in argument
    return not forms or not argument or argument in forms or is_pattern


CALLERS_NUMBER = frozenset(("caller_id", E164))
"""The parameters that a caller may withhold."""
OF_FOREIGN = frozenset(
    {
        *VISIT_PARAMETERS,
        *CALLERS_NUMBER,
        *("visit_id", "caller_name", "destination_id", "project_id", "constant"),
        *("event", "event_time", "event_number", "date", EVENT_FIELD, EVENT_SUBJECT),
        *("agent_login", "agent_name", "agent_email", "agent_external_id", "agent_department"),
        *("manager_id", "responsible_manager", "department"),
    }
)
"""The parameters that a foreign event may have a value of (N-07)."""
ONLY_FOREIGN = frozenset((EVENT_FIELD, EVENT_SUBJECT))
"""Those that no call has."""


def is_withheld(key: str, facts: CallFacts) -> bool:
    """Say whether a parameter is unknown because the caller withholds the number."""
    return key in CALLERS_NUMBER and not facts.call.caller.number


def resolve(key: str, argument: str, facts: CallFacts) -> str:
    """Return the value of a parameter as text that can be encoded; "" when unknown. Never raises."""
    parameter = CATALOGUE.get(key)
    if facts.event is not None and facts.event.is_foreign and key not in OF_FOREIGN:
        return ""
    value = parameter.resolve(facts, argument) if parameter else ""
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate fits no encoding
