"""A project: one tenant's numbers, accounts, trunks, schemes and webhooks, in one version."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from switchhook.domain.delivery_policy import NO_WARNINGS, OwnerWarnings
from switchhook.domain.dialling import ANYWHERE, Dialling
from switchhook.domain.event import (
    NOT_CONFIGURED,
    EventMail,
    EventWebhook,
    GoogleAnalytics,
    ProjectEvent,
)
from switchhook.domain.event_stream import NO_STREAM, EventStream, StreamWebhook
from switchhook.domain.hours import WorkingHours
from switchhook.domain.numbering import dialling_of, meanings
from switchhook.domain.outside import DEFAULT_LIMITS, OutsideCalls
from switchhook.domain.scheme import (
    AskStep,
    RingDestinationStep,
    RingStep,
    Scheme,
    Step,
    voicemail_steps,
)
from switchhook.domain.screening import MIN_OUTSIDE_DIGITS, NO_SCREENING, Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.tracking.call_tracking import NO_CALL_TRACKING, TrackingScenario
from switchhook.domain.webhook import DialPlanWebhook, ForwardingNumber

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A telephone number that callers dial, and the scheme that answers it."""

    number: str
    """Its canonical form: international digits without `+`, or those of a short number."""
    scheme: int
    insertion_type: str = ""
    """How the number was shown to the visitor: `dynamic`, `static`, `callback` or unknown (R1-71)."""
    pool: str = ""

    def is_exactly(self, dialled: str) -> bool:
        """Say whether just these digits were dialled, with or without `+`."""
        return dialled.removeprefix("+") == self.number


class DialledNumber(StrEnum):
    """Where a PBX is told which number of the project was called (its DID)."""

    NOWHERE = "nowhere"
    TO = "to"
    """In To; the Request-URI names the PBX's own extension."""
    REQUEST_URI = "request-uri"
    """In the Request-URI, and in To."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A SIP account of a person."""

    login: str
    password: str = field(repr=False)
    name: str = ""
    """Shown to those who are called."""
    department: str = ""
    """Sent as the parameter `department` (R1-111)."""
    dialled_number: DialledNumber = DialledNumber.NOWHERE
    """Where its telephone, a PBX that registers as this account, is told the number that was called."""
    email: str = ""
    """Told to subscribers as one of `user_emails`; no mail is sent there."""
    external_id: str = ""
    """Its person's id in another program, such as a CRM; sent as `agent_external_id`."""
    outside_concurrent_calls: int | None = None
    outside_calls_per_day: int | None = None
    outside_minutes_per_day: int | None = None
    """As the project's for accounts; None: those."""

    @property
    def outside(self) -> tuple[int | None, int | None, int | None]:
        """Return its own limits of outside calls: at once, calls a day, minutes a day."""
        return (
            self.outside_concurrent_calls,
            self.outside_calls_per_day,
            self.outside_minutes_per_day,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Accounts that ring together."""

    name: str
    """Its name as a target, and the extension that colleagues dial."""
    accounts: tuple[str, ...]
    """Their logins."""


class MayCall(StrEnum):
    """The targets that a trunk's calls may dial."""

    NUMBERS = "numbers"
    """The project's numbers, as a carrier's."""
    ACCOUNTS = "accounts"
    """Its accounts and groups too, as a PBX's extensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """Where outside numbers are sent, and where calls from outside may come from."""

    name: str
    host: str
    port: int = 0
    """0: as SRV records of the host say, else 5060."""
    transport: str = "udp"
    username: str = ""
    """For the digest that the trunk asks of us; empty where it asks none."""
    password: str = field(default="", repr=False)
    sources: tuple[str, ...] = ()
    """Networks in CIDR form that calls from this trunk come from; they need no digest."""
    from_user: str = ""
    """The user part of From for outgoing legs; empty: the caller's number."""
    trusted_identity: bool = False
    """Whether it is told who calls where the caller hides the number (RFC 3325 §9.1)."""
    outgoing: bool = True
    """Whether outside numbers go over it, after those that stand before it."""
    follow_redirects: bool = False
    """Whether its 3xx are followed, as far as the project calls there."""
    register: bool = False
    """Whether we register with it, so that it knows where we are."""
    dialled_number: DialledNumber = DialledNumber.NOWHERE
    """Where it is told the number that was called, for calls that a scheme sends to an address there."""
    may_call: MayCall = MayCall.NUMBERS
    """The targets that its calls may dial."""

    @property
    def sip_port(self) -> int:
        """Return the port where no SRV record says another."""
        return self.port or 5060

    @property
    def uri_host(self) -> str:
        """Return the host as it stands in a URI: IPv6 in brackets."""
        is_bare = ":" in self.host and not self.host.startswith("[")
        return f"[{self.host}]" if is_bare else self.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Audio that callers hear: prompts, greetings, background."""

    name: str
    file: str
    """The audio file; a relative path counts from the folder for sounds."""


class RecordedVoices(StrEnum):
    """How the voices of a conversation stand in its recording."""

    MIXED = "mixed"
    """All in one channel."""
    SEPARATE = "separate"
    """The caller in the left channel, all that the caller hears in the right one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRules:
    """How a project's recordings are made, and how long they are kept."""

    voices: RecordedVoices = RecordedVoices.MIXED
    keep_days: int = 0
    """Days until they are deleted, where that is sooner than the operator's; 0: as the operator's."""
    link_days: int = 0
    """Days for which links in events are good; 0: as long as the recordings are kept."""
    max_megabytes: int = 0
    """Of all of them; beyond it the oldest are deleted. 0: no limit."""


DEFAULT_RECORDING = RecordingRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One version of everything that a tenant set up. Nothing refers to another project."""

    id: str
    name: str
    version: int = 1
    country: str = ""
    """ISO 3166 code, for numbers written in national form; empty: none is."""
    dialling: Dialling = field(default=ANYWHERE, compare=False, repr=False)
    """How they are written there; follows from `country` where it is not given."""
    time_zone: str = "UTC"
    proper_seconds: float = 60.0
    """A conversation of so many seconds or more makes a call proper (R1-51)."""
    numbers: tuple[Number, ...] = ()
    accounts: tuple[Account, ...] = ()
    groups: tuple[Group, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    schemes: tuple[Scheme, ...] = ()
    sounds: tuple[Sound, ...] = ()
    hours: tuple[WorkingHours, ...] = ()
    forwarding_numbers: tuple[ForwardingNumber, ...] = ()
    dial_plan_webhooks: tuple[DialPlanWebhook, ...] = ()
    google_analytics: GoogleAnalytics = NOT_CONFIGURED
    events: tuple[ProjectEvent, ...] = ()
    """Those of the project's own; `all_events` has the built-in one too."""
    event_stream: EventStream = NO_STREAM
    stream_webhooks: tuple[StreamWebhook, ...] = ()
    recordings: RecordingRules = DEFAULT_RECORDING
    call_tracking: TrackingScenario | None = None
    """Its active scenario; None where a file says nothing of one, which leaves that of the version before."""
    warnings: OwnerWarnings = NO_WARNINGS
    screening: Screening = NO_SCREENING
    outside: OutsideCalls = DEFAULT_LIMITS
    fallback: Target | None = None
    """Rings when a scheme placed the call nowhere [A-54]."""
    allowed_sip_hosts: tuple[str, ...] = ()
    """Hosts that an answer may send a call to by SIP address [A-09]."""
    own_sip_hosts: tuple[str, ...] = ()
    """Hosts by which the world knows this server: an address there means an account (FA-11)."""
    allowed_networks: tuple[str, ...] = ()
    """Private networks, in CIDR form, that this project's webhooks and calls may reach."""
    sip_capture: bool = True
    """Whether the SIP messages of calls are kept with them."""
    viewers_see_numbers: bool = True
    """Whether users of the role viewer see telephone numbers of calls in full, or their last digits alone (T-35)."""

    def __post_init__(self) -> None:
        if self.dialling is ANYWHERE and self.country:
            object.__setattr__(self, "dialling", dialling_of(self.country))

    @property
    def all_events(self) -> tuple[ProjectEvent, ...]:
        """Return the built-in event, configured or not, and the project's own (R2-16, R2-17)."""
        return (self.google_analytics.event, *self.events)

    @property
    def event_webhooks(self) -> tuple[EventWebhook, ...]:
        """Return those of the project's own events, in order."""
        return tuple(webhook for event in self.events for webhook in event.webhooks)

    @property
    def event_mails(self) -> tuple[EventMail, ...]:
        """Return those of the project's own events, in order."""
        return tuple(mail for event in self.events for mail in event.mails)

    @property
    def voicemail_recipients(self) -> frozenset[str]:
        """Return who gets messages of any voicemail by mail."""
        found = (one for scheme in self.schemes for one in voicemail_steps(scheme.steps))
        return frozenset(address for step in found for address in step.mail_to)

    @property
    def scenario(self) -> TrackingScenario:
        """Return its call-tracking scenario, which may send nothing."""
        return self.call_tracking or NO_CALL_TRACKING

    def permits(self, target: Target) -> bool:
        """Say whether the prefixes let a call be sent there (S-78, A-58)."""
        match target.kind:
            case TargetKind.NUMBER:
                return self.screening.permits(target.value, self.dialling)
            case TargetKind.ADDRESS:
                return self.screening.permits_address(target.user, self.dialling)
            case TargetKind.ACCOUNT | TargetKind.GROUP:
                return True


OWN_HOSTS = ("localhost", "127.0.0.1", "::1", "switchhook")
"""Names of this server wherever it stands; the last one is the realm that telephones are challenged with."""


class ProjectSnapshot:
    """A snapshot of a project's version with its indexes for look-up: what a running call holds on to.

    Equal when project and version are; a stored call keeps only these two.
    """

    __slots__ = (
        "_own_hosts",
        "accounts",
        "actions",
        "dial_plan_webhooks",
        "event_of",
        "events",
        "groups",
        "has_stream",
        "hours",
        "numbers",
        "project",
        "schemes",
        "sounds",
        "stream_webhooks",
        "voicemail_recipients",
        "webhooks",
    )

    def __init__(self, project: Project, own_hosts: Iterable[str] = ()) -> None:
        """`own_hosts` are those of the server, besides the project's."""
        self.project = project
        named = (*OWN_HOSTS, *own_hosts, *project.own_sip_hosts)
        self._own_hosts = {host.lower().strip("[]") for host in named}
        self.schemes = {scheme.id: scheme for scheme in project.schemes}
        self.numbers = {number.number: number for number in project.numbers}
        self.accounts = {account.login: account for account in project.accounts}
        self.groups = {group.name: group for group in project.groups}
        self.webhooks = {webhook.name: webhook for webhook in project.forwarding_numbers}
        self.dial_plan_webhooks = {webhook.name: webhook for webhook in project.dial_plan_webhooks}
        self.hours = {hours.name: hours for hours in project.hours}
        self.sounds = {sound.name: sound for sound in project.sounds}
        has_built_in = project.google_analytics.is_configured
        self.events = project.all_events if has_built_in else project.events
        """Those that tell of calls: the built-in one when it is configured."""
        self.actions = {one.name: one for event in self.events for one in event.actions}
        self.event_of = {one.name: event for event in self.events for one in event.actions}
        """The event of each action, by the action's name."""
        self.stream_webhooks = {webhook.name: webhook for webhook in project.stream_webhooks}
        self.voicemail_recipients = project.voicemail_recipients
        self.has_stream = project.event_stream.keep or bool(project.stream_webhooks)

    def number(self, dialled: str) -> Number | None:
        """Return the project's number that was dialled, in any spelling of its country (FA-03).

        Of two that it may mean it is the one with just these digits, else the likeliest.
        """
        exact = self.numbers.get(dialled.removeprefix("+"))
        if exact is not None or not self.numbers:
            return exact
        found = meanings(dialled, self.project.dialling)
        return next((self.numbers[digits] for digits in found if digits in self.numbers), None)

    def is_own_host(self, host: str) -> bool:
        """Say whether a SIP address at this host, in lower case, is one of ours."""
        return host.strip("[]") in self._own_hosts

    @property
    def key(self) -> tuple[str, int]:
        """Return project id and version."""
        return self.project.id, self.project.version

    def internal_target(self, name: str) -> Target | None:
        """Return the account or the group of this name."""
        if name in self.accounts:
            return Target(kind=TargetKind.ACCOUNT, value=name)
        return Target(kind=TargetKind.GROUP, value=name) if name in self.groups else None

    def trunk_may_call_accounts(self, trunk: str) -> bool:
        """Say whether calls from the trunk of this name may dial accounts and groups."""
        return any(
            known.name == trunk and known.may_call is MayCall.ACCOUNTS
            for known in self.project.trunks
        )

    def has_name(self, name: str) -> bool:
        """Say whether an account or a group is called so."""
        return name in self.accounts or name in self.groups

    def members(self, target: Target) -> tuple[Target, ...]:
        """Return what rings when this target does: the accounts of a group, or itself."""
        if target.kind is not TargetKind.GROUP:
            return (target,)
        group = self.groups.get(target.value)
        logins = () if group is None else group.accounts
        return tuple(Target(kind=TargetKind.ACCOUNT, value=login) for login in logins)

    def is_unassigned(self, target: Target) -> bool:
        """Say whether a target is as short as an extension and unknown in the project (FE-07)."""
        is_short = (
            target.kind is TargetKind.NUMBER
            and len(target.value) < MIN_OUTSIDE_DIGITS
            and not target.value.startswith("+")
            and not self.project.screening.is_emergency(target.value)
        )
        return is_short and not self.has_name(target.value) and self.project_number(target) is None

    def project_number(self, target: Target) -> Number | None:
        """Return the project's own number that a target means, in whatever spelling or address.

        An emergency number is never one; a short user of a SIP address is an extension elsewhere.
        """
        match target.kind:
            case TargetKind.NUMBER if not self.project.screening.is_emergency(target.value):
                return self.number(target.value)
            case TargetKind.ADDRESS if len(target.user) >= MIN_OUTSIDE_DIGITS:
                return self.number(target.user)
            case _:
                return None

    def permits(self, target: Target) -> bool:
        """Say whether a call may be sent there: a number of its own costs nothing."""
        return self.project_number(target) is not None or self.project.permits(target)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProjectSnapshot) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"ProjectSnapshot({self.project.id!r}, version={self.project.version})"


def ask_location(webhook: ForwardingNumber) -> str:
    """Return `webhookNumber:90`: the seconds are those that the returned direction rings [A-08]."""
    return f"webhookNumber:{_whole(webhook.ring_timeout)}"


def location_of(step: Step, snapshot: ProjectSnapshot) -> str:
    """Return a step's name as a location, its kind and how long it may ring (R1-61, R1-126); "" if it is none."""
    match step:
        case AskStep(webhook=name) if name in snapshot.webhooks:
            return ask_location(snapshot.webhooks[name])
        case RingStep(timeout=timeout) | RingDestinationStep(timeout=timeout):
            return f"phone:{_whole(timeout)}"
        case _:
            return ""


def _whole(seconds: float) -> int:
    """Leave a fraction out: receivers read an integer, and never more than it rings."""
    return int(seconds)
