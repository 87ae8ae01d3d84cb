"""The history of callers and visitors: values that outlive a call."""

from __future__ import annotations

from dataclasses import dataclass, field

from switchhook.quick_init import quick_init

Attributes = tuple[tuple[str, str], ...]
"""Facts under the key of their parameter, or `<key>:<argument>` such as `custom:city`."""


VISIT_PARAMETERS = frozenset(
    {
        "source",
        "medium",
        "campaign",
        "keyword",
        "content",
        "google_analytics_id",
        "google_analytics_resource_id",
        "google_analytics_session_id",
        "visitor_ip",
        "last_page",
        "referrer",
        "landing_page",
        "user_agent",
        "roistat_visit_id",
        "insertion_type",
        "pool_name",
        "custom",
        "marker",
        "order_id",
        "order_field",
        "domain",
        "city",
        "country",
        "first_visit",
        *(f"roistat_param_{place}" for place in range(1, 6)),
        "source_level_1",
        "source_level_2",
    }
)
"""The parameters whose values a visit brings, perhaps with a name behind a colon."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One outside number and its dealings with one project, up to now."""

    project: str
    number: str
    """Digits of its international form, where that can be told."""
    calls: int = 0
    """How often it called (R1-50)."""
    proper_calls: int = 0
    """How many of these were conversations of some length (R1-51)."""
    manager: str = ""
    """The login of the account that talked to it last (R1-76, R1-81)."""
    outbound_number: str = ""
    """The number that it saw when it was called last (R1-77, A-18)."""
    seen_at: float = 0.0
    """Unix seconds of the last dealing."""


VISIT_SEEN_AT = "visit_seen_at"
"""The fact of a call that says when its visit was told of last, in unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A website visitor's session [A-12]."""

    project: str
    id: str
    attributes: Attributes = ()
    seen_at: float = 0.0
    """Unix seconds when it was told of last."""

    @property
    def facts(self) -> Attributes:
        """Return what a call of this visit is told: its id, its attributes, and when it was told of last."""
        return (("visit_id", self.id), *self.attributes, (VISIT_SEEN_AT, str(self.seen_at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNumber:
    """A number of the project that a visitor sees, for a while; who calls it meanwhile is that visitor."""

    project: str
    number: str
    visit: str
    until: float
    """Unix seconds."""
    since: float = field(default=0.0, compare=False)
    """Unix seconds when it was shown; 0 where that is not known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCall:
    """A call that belongs to a visit."""

    project: str
    call: str
    visit: str
    told_at: float
