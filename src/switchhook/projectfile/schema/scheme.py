"""The tables of schemes in the project file: read, written and documented from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from switchhook.domain.hours import DAYS, WorkingHours
from switchhook.domain.scheme import (
    AskDialPlanStep,
    AskStep,
    BackgroundStep,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuStep,
    PlayStep,
    RateStep,
    RecordStep,
    RingDestinationStep,
    RingStep,
    Scheme,
    Step,
    VoicemailStep,
)
from switchhook.domain.webhook import RingOrder
from switchhook.projectfile.rules.scheme import check_hours, check_scheme
from switchhook.projectfile.schema.former import SINCE, before_0_2, is_number
from switchhook.projectfile.toml.mistakes import did_you_mean
from switchhook.projectfile.toml.tables import DECLARED, FormerName, Table, TableKey, Tables
from switchhook.projectfile.toml.value_types import (
    ListOf,
    Location,
    Marker,
    NotedError,
    OneOf,
    Reference,
    Seconds,
    ValueType,
    Whole,
    WrongError,
    YesNo,
    described,
)
from switchhook.projectfile.types.project import (
    MAIL_ADDRESS,
    NAME,
    RING_SECONDS,
    RingTarget,
    TimeZone,
)
from switchhook.projectfile.types.scheme import Day, Names, Presses, Spans

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME_ID = Whole(least=1, most=2**31 - 1)

KEY_SECONDS = Seconds(1.0, 60.0)
SOUND = Reference(to="sound", kind=NAME)
SOUNDS = ListOf(kind=SOUND, most=20)
SOME_SOUNDS = ListOf(kind=SOUND, least=1, most=20)
MAX_DEPTH = 40
"""Parts of the longest path to a step: every branch adds two, a menu's three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One step of a scheme: the table that its first word names."""

    @property
    def allowed(self) -> str:
        """Say what may be written."""
        *words, last = STEPS
        return f"a step: {', '.join(words)} or {last}"

    def read(self, value: object, at: Location) -> Step:
        """Take a table with exactly one of the words that name a step."""
        if not isinstance(value, dict):
            raise WrongError(f"{described(value)} is not a step", f"write {self.allowed}")
        if len(at.path) > MAX_DEPTH:
            raise WrongError("branches are nested too deeply", "go to a scheme of their own")
        words = [word for word in STEPS if word in value]
        if not words:
            _note_lost_step(value, at)
            raise NotedError
        if len(words) > 1:
            raise WrongError(f"{' and '.join(words)} in one step", "make them steps of their own")
        of_others = _note_keys_of_others(value, words[0], at)
        step: Step = STEPS[words[0]].read(_without(value, of_others), at)
        if of_others:
            raise NotedError
        return step

    def rename(self, value: object, at: Location) -> None:
        """Look into the table that one of its keys names, perhaps by a former name."""
        if isinstance(value, dict) and len(at.path) <= MAX_DEPTH:
            for word, table in STEPS.items():
                (key,) = (key for key in table.keys if key.name == word)
                if word in value or (key.former is not None and key.former.name in value):
                    table.rename(value, at)

    def write(self, value: Step) -> str:
        """Write an inline table."""
        return table_of(value).write(value)


def _note_lost_step(step: Mapping[str, object], at: Location) -> None:
    owners = [(key, owner) for key in step for owner in _owners(key)]
    near = [advice for word in step if (advice := did_you_mean(word, STEPS)).startswith("did")]
    if owners:
        key, owner = owners[0]
        at.notes.add(at.path, f"this step has {key} and no {owner}", f"add {owner} to it")
    else:
        at.notes.add(
            at.path, "this step does nothing", near[0] if near else f"write {STEP.allowed}"
        )


def _owners(key: str) -> tuple[str, ...]:
    """Return the words of the steps that have a key of this name."""
    return tuple(
        word for word, table in STEPS.items() if key in {one.name for one in table.keys} - {word}
    )


def _note_keys_of_others(value: Mapping[str, object], word: str, at: Location) -> set[str]:
    """Note the keys that a step of another word has; return them."""
    own = {key.name for key in STEPS[word].keys}
    found = {key: owners for key in value if key not in own and (owners := _owners(key))}
    for key, owners in found.items():
        problem = f"{key} belongs to a step with {' or '.join(owners)}, and this one is {word}"
        at.notes.add((*at.path, key), problem, "put it below a step of its own")
    return set(found)


def _without(value: Mapping[str, object], keys: set[str]) -> dict[str, object]:
    return {key: item for key, item in value.items() if key not in keys}


STEP: ValueType = Steps()
BRANCH = Tables(table=STEP)
CALLER_NAME = TableKey(
    "caller_name",
    Names(),
    "name that is shown; without it, the caller's own",
    default=DECLARED,
)

_TABLE_OF: dict[type[Step], Table] = {}


def _define(make: type[Step], keys: tuple[TableKey, ...]) -> None:
    """Say which keys a step has; the first is its own."""
    _TABLE_OF[make] = Table(make=make, keys=keys)


_define(
    AskStep,
    (
        TableKey(
            AskStep.key,
            Reference(to="forwarding number", kind=NAME),
            "forwarding number that says where the call goes",
            attribute="webhook",
        ),
    ),
)
_define(
    AskDialPlanStep,
    (
        TableKey(
            AskDialPlanStep.key,
            Reference(to="dial-plan webhook", kind=NAME),
            "dial-plan webhook that opens a branch",
            attribute="webhook",
        ),
        TableKey("success", BRANCH, "steps after status=ACK", default=DECLARED),
        TableKey("failed", BRANCH, "steps in all other cases", default=DECLARED),
    ),
)
_define(
    RingStep,
    (
        TableKey(
            RingStep.key,
            ListOf(kind=RingTarget(), least=1, most=20),
            "what rings; bare digits that are a login mean the account, those of a group its accounts",
            attribute="targets",
        ),
        TableKey(
            "order",
            OneOf(RingOrder),
            "how several of them ring",
            default=DECLARED,
        ),
        TableKey("timeout", RING_SECONDS, "seconds that each round may ring", default=DECLARED),
        CALLER_NAME,
    ),
)
_define(
    RingDestinationStep,
    (
        TableKey(
            RingDestinationStep.key,
            Marker(),
            "rings the destination that the dial-plan webhook returned",
        ),
        TableKey(
            "timeout",
            RING_SECONDS,
            "seconds that it may ring",
            default=DECLARED,
            former=FormerName(name="ring_destination", since=SINCE, has=is_number, leaves=True),
        ),
        CALLER_NAME,
    ),
)
_define(
    GoToStep,
    (
        TableKey(
            GoToStep.key,
            Reference(to="scheme", kind=SCHEME_ID),
            "scheme that takes over",
            attribute="scheme",
        ),
    ),
)
_define(
    HangUpStep,
    (
        TableKey(
            HangUpStep.key,
            Whole(least=400, most=699),
            "SIP status that the caller gets, such as 486 for busy",
            attribute="status",
        ),
    ),
)


_define(
    PlayStep,
    (
        TableKey(
            PlayStep.key,
            SOME_SOUNDS,
            "sounds that are played, one after another",
            attribute="sounds",
        ),
    ),
)
_define(
    BackgroundStep,
    (
        TableKey(
            BackgroundStep.key,
            SOUNDS,
            "sounds that are heard in a loop while a webhook is asked or a target rings; [] ends that",
            attribute="sounds",
        ),
    ),
)
_define(
    MenuStep,
    (
        TableKey(MenuStep.key, SOUNDS, "sounds that name the choices", attribute="sounds"),
        TableKey("press", Presses(step=STEP), "steps for each key", attribute="choices"),
        TableKey(
            "timeout", KEY_SECONDS, "seconds to press a key, after the sounds", default=DECLARED
        ),
        TableKey(
            "attempts", Whole(least=1, most=10), "how often the caller may try", default=DECLARED
        ),
        TableKey("timeout_sounds", SOUNDS, "played when no key came in time", default=DECLARED),
        TableKey("invalid_sounds", SOUNDS, "played when the key means nothing", default=DECLARED),
        TableKey(
            "on_timeout", BRANCH, "steps when the last attempt brought no key", default=DECLARED
        ),
        TableKey("on_invalid", BRANCH, "steps when the last key meant nothing", default=DECLARED),
    ),
)
_define(
    HoursStep,
    (
        TableKey(
            HoursStep.key,
            Reference(to="[[hours]] table", kind=NAME),
            "working hours that decide",
        ),
        TableKey("open", BRANCH, "steps within the hours", default=DECLARED, attribute="open_"),
        TableKey("closed", BRANCH, "steps outside", default=DECLARED),
    ),
)
_define(
    VoicemailStep,
    (
        TableKey(
            VoicemailStep.key, SOUNDS, "greeting before the message is recorded", attribute="sounds"
        ),
        TableKey(
            "max_duration",
            Seconds(1.0, 3600.0),
            "seconds of a message",
            default=DECLARED,
            former=before_0_2("longest"),
        ),
        TableKey(
            "mail_to",
            ListOf(kind=MAIL_ADDRESS, most=20),
            "people who get the message by mail",
            default=DECLARED,
        ),
        TableKey(
            "attach",
            YesNo(),
            "whether the message is attached to that mail; else it has a link alone",
            default=DECLARED,
        ),
    ),
)
_define(
    RateStep,
    (
        TableKey(
            RateStep.key,
            SOME_SOUNDS,
            "sounds that ask for a rating from 1",
            attribute="sounds",
            former=before_0_2("rate"),
        ),
        TableKey(
            "max_rating",
            Whole(least=2, most=9),
            "the best rating",
            default=DECLARED,
            attribute="best",
            former=before_0_2("best"),
        ),
        TableKey("timeout", KEY_SECONDS, "seconds to press it, after the sounds", default=DECLARED),
        TableKey(
            "thank_you_sounds",
            SOUNDS,
            "played after the rating",
            default=DECLARED,
            attribute="thanks",
            former=before_0_2("thanks"),
        ),
    ),
)
_define(
    RecordStep,
    (
        TableKey(
            RecordStep.key,
            YesNo(),
            "whether conversations are recorded from here on, both voices",
            attribute="is_on",
        ),
        TableKey(
            "announcement",
            SOUNDS,
            "sounds that tell the caller so, before the next step",
            default=DECLARED,
        ),
    ),
)
STEPS: dict[str, Table] = {step.key: _TABLE_OF[step] for step in get_args(Step)}
"""The tables of all steps, by the key that names each in the file."""


def table_of(step: Step) -> Table:
    """Return the table that a step is written as."""
    return _TABLE_OF[type(step)]


SCHEME = Table(
    make=Scheme,
    check=check_scheme,
    keys=(
        TableKey("id", SCHEME_ID, "number of the scheme, as answers name it"),
        TableKey("name", NAME, "name of the scheme"),
        TableKey(
            "steps",
            Tables(table=STEP),
            "what is done with the call, from the top; a step that cannot place it hands it on",
            default=(),
        ),
    ),
)

WORKING_HOURS = Table(
    make=WorkingHours,
    review=check_hours,
    keys=(
        TableKey("name", NAME, "name that steps look them up by"),
        *(TableKey(day, Spans(), f"hours of each {day.title()}", default=DECLARED) for day in DAYS),
        TableKey(
            "special_days",
            ListOf(kind=Day()),
            "days with hours of their own, or none",
            default=DECLARED,
        ),
        TableKey("time_zone", TimeZone(), "their zone; the project's without it", default=DECLARED),
    ),
)
