"""Random projects, calls and what they hear, for tests that walk where nobody planned to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import assume
from hypothesis import strategies as st

from switchhook.domain.call import CALLER, Call, CallState
from switchhook.domain.cause import Cause
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.event_stream import EventStream
from switchhook.domain.failure import Failure, FailureKind
from switchhook.domain.hours import Span, WorkingHours
from switchhook.domain.project import Account, Group, Number, Project, ProjectSnapshot, Sound, Trunk
from switchhook.domain.scheme import (
    AskDialPlanStep,
    AskStep,
    BackgroundStep,
    CallerName,
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    NameChoice,
    PlayStep,
    RateStep,
    RecordStep,
    RingDestinationStep,
    RingStep,
    Scheme,
    Step,
    VoicemailStep,
)
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import (
    CallerIdForwarding,
    Dialect,
    DialPlanWebhook,
    Field,
    ForwardingNumber,
    RingOrder,
)
from switchhook.routing.admission import OfferedCall, Rejection, admit
from switchhook.routing.callback_admission import WantedCallback, admit_callback
from switchhook.routing.commands import Command
from switchhook.routing.engine import step
from switchhook.routing.events import (
    AskFailed,
    CallArrived,
    CallbackPlaced,
    DigitPressed,
    DirectionGiven,
    Event,
    HangUpRequested,
    LegAnswered,
    LegEnded,
    LegMisread,
    LegRedirected,
    LegRinging,
    LegUpdated,
    PlaybackFinished,
    RecordingFinished,
    Resynced,
    SchemeGiven,
    Side,
    TimePassed,
    TransferOrdered,
    TransferRequested,
    VerdictGiven,
)

START = 1_760_000_000.0
"""When walks begin, in unix seconds."""
LOGINS = ("mary", "john", "olga")
WEBHOOKS = ("crm", "erp")
DIAL_PLANS = ("names", "pin")
SOUNDS = ("welcome", "enter", "music")
SCHEMES = (1, 2, 3)

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
numbers = st.from_regex(r"\+?[1-9][0-9]{2,14}", fullmatch=True)
seconds = st.floats(0.0, 120.0, allow_nan=False)
statuses = st.sampled_from((0, 200, 403, 404, 408, 410, 480, 486, 487, 488, 500, 503, 600, 603))
causes = st.builds(Cause, sip=statuses, q850=st.integers(0, 127), text=texts)
failures = st.builds(Failure, kind=st.sampled_from(FailureKind), detail=texts)
facts = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
notices = st.lists(texts, max_size=2).map(tuple)

targets: st.SearchStrategy[Target] = st.one_of(
    st.builds(Target, kind=st.just(TargetKind.NUMBER), value=numbers),
    st.builds(Target, kind=st.just(TargetKind.NUMBER), value=st.just("+380800111222")),
    st.builds(Target, kind=st.just(TargetKind.ACCOUNT), value=st.sampled_from(LOGINS)),
    st.builds(Target, kind=st.just(TargetKind.GROUP), value=st.sampled_from(("200", "none"))),
    st.builds(Target, kind=st.just(TargetKind.ADDRESS), value=st.just("sip:a@pbx.example")),
)
"""Anything that can ring."""
target_lists = st.lists(targets, max_size=4).map(tuple)

names = st.builds(CallerName, choice=st.sampled_from(NameChoice), text=texts)
sounds = st.lists(st.sampled_from(SOUNDS), max_size=2).map(tuple)

_rings = st.builds(
    RingStep,
    targets=target_lists,
    order=st.sampled_from(RingOrder),
    timeout=seconds,
    caller_name=names,
)
_asks = st.builds(AskStep, webhook=st.sampled_from((*WEBHOOKS, *WEBHOOKS, "no such webhook")))
_leaves: st.SearchStrategy[Step] = st.one_of(
    _asks,
    _asks,
    _asks,
    _rings,
    _rings,
    st.builds(RingDestinationStep, timeout=seconds, caller_name=names),
    st.builds(GoToStep, scheme=st.sampled_from((*SCHEMES, 99))),
    st.builds(HangUpStep, status=st.sampled_from((403, 404, 480, 486, 600, 603))),
    st.builds(PlayStep, sounds=sounds),
    st.builds(BackgroundStep, sounds=sounds),
    st.builds(VoicemailStep, sounds=sounds, max_duration=seconds),
    st.builds(RateStep, sounds=sounds, timeout=seconds, thanks=sounds),
    st.builds(RecordStep, is_on=st.booleans(), announcement=st.just(()) | sounds),
)


def _openers(inner: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    branch = st.lists(inner, max_size=2).map(tuple)
    return st.one_of(
        st.builds(
            AskDialPlanStep,
            webhook=st.sampled_from((*DIAL_PLANS, *DIAL_PLANS, "no such webhook")),
            success=branch,
            failed=branch,
        ),
        st.builds(
            HoursStep, hours=st.sampled_from(("office", "none")), open_=branch, closed=branch
        ),
        st.builds(
            MenuStep,
            sounds=sounds,
            choices=st.lists(
                st.builds(MenuChoice, key=st.sampled_from("129*#"), steps=branch),
                max_size=3,
                unique_by=lambda choice: choice.key,
            ).map(tuple),
            timeout=seconds,
            attempts=st.integers(1, 3),
            timeout_sounds=sounds,
            invalid_sounds=sounds,
            on_timeout=branch,
            on_invalid=branch,
        ),
    )


SCREENINGS = (
    *(Screening(),) * 8,
    Screening(block_withheld=True),
    Screening(blocked_callers=("38*", "1*")),
    Screening(denied_prefixes=("3", "1")),
)
steps: st.SearchStrategy[Step] = _leaves | _openers(_leaves | _openers(_leaves))
"""Any step, with branches in branches."""


@st.composite
def snapshots(draw: st.DrawFn, *, project: str = "shop") -> ProjectSnapshot:
    """Draw a project: a number, accounts, perhaps a trunk, schemes of any steps, two webhooks."""
    schemes = tuple(
        Scheme(
            id=scheme,
            name=f"scheme {scheme}",
            steps=tuple(draw(st.lists(steps, min_size=1, max_size=4))),
        )
        for scheme in SCHEMES
    )
    webhooks = tuple(
        ForwardingNumber(
            name=name,
            url=f"http://{name}.example/route",
            ring_timeout=draw(seconds),
            response_timeout=draw(seconds),
            ring_order=draw(st.sampled_from(RingOrder)),
            fields=(Field(name="from", parameter="caller"),),
        )
        for name in WEBHOOKS
    )
    dial_plans = tuple(
        DialPlanWebhook(
            name=name,
            url_template=f"http://{name}.example/?code={{code}}",
            caller_id_forwarding=draw(st.sampled_from(CallerIdForwarding)),
            use_ivr=name == "pin",
            code_timeout=draw(seconds),
            interdigit_timeout=draw(seconds),
            attempts=draw(st.integers(1, 3)),
            start_message=draw(st.sampled_from(("", *SOUNDS))),
            error_message=draw(st.sampled_from(("", *SOUNDS))),
            timeout_message=draw(st.sampled_from(("", *SOUNDS))),
            response_timeout=draw(seconds),
        )
        for name in DIAL_PLANS
    )
    return ProjectSnapshot(
        Project(
            id=project,
            name=draw(texts),
            version=draw(st.integers(1, 9)),
            numbers=(Number(number="380800111222", scheme=draw(st.sampled_from((*SCHEMES, 98)))),),
            groups=(Group(name="200", accounts=("mary", "olga")),),
            accounts=tuple(Account(login=login, password="secret") for login in LOGINS),
            trunks=(Trunk(name="carrier", host="192.0.2.9"),),
            schemes=schemes,
            sounds=tuple(Sound(name=name, file=f"{name}.wav") for name in SOUNDS),
            hours=(WorkingHours(name="office", friday=(Span(opens=540, closes=1080),)),),
            forwarding_numbers=webhooks,
            dial_plan_webhooks=dial_plans,
            screening=draw(st.sampled_from(SCREENINGS)),
            fallback=draw(st.none() | targets),
            event_stream=EventStream(keep=True),
        )
    )


@st.composite
def arrived_calls(draw: st.DrawFn) -> Call:
    """Draw a call of any direction that has not heard anything yet."""
    snapshot = draw(snapshots())
    if draw(st.integers(0, 5)) == 0:
        return draw(callbacks(snapshot))
    account = draw(st.sampled_from(("", "", "", "", "", *LOGINS)))
    dialled = st.just("380800111222")
    offered = OfferedCall(
        caller=draw(st.just("") | numbers),
        caller_name=draw(texts),
        callee=draw(dialled if not account else dialled | numbers | st.sampled_from(LOGINS)),
        account=account,
        trunk="" if account else "carrier",
        project=snapshot.project.id,
    )
    call_id = draw(st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True))
    call = admit(offered, ProjectDirectory([snapshot]), call=call_id, now=START)
    assert not isinstance(call, Rejection)
    return call


@st.composite
def callbacks(draw: st.DrawFn, snapshot: ProjectSnapshot) -> Call:
    """Draw a callback that has not heard anything yet."""
    wanted = WantedCallback(
        project=snapshot.project.id,
        caller=draw(st.sampled_from((*LOGINS[1:], "200", "380931112233"))),
        callee=draw(st.sampled_from((LOGINS[0], "380800111222", "380671112233"))),
        by="a program",
    )
    call = admit_callback(wanted, ProjectDirectory([snapshot]), call="c", now=START)
    assume(not isinstance(call, Rejection))
    assert isinstance(call, Call)
    return call


def likely_events(call: Call) -> st.SearchStrategy[Event]:
    """Draw what usually happens to a call in this state."""
    legs = st.sampled_from([leg.id for leg in call.live_called_legs] or [CALLER])
    match call.state:
        case CallState.ASKING:
            ask = st.just("" if call.asks.pending is None else call.asks.pending.id)
            if call.asks.pending is not None and call.asks.pending.dialect is Dialect.DIAL_PLAN:
                return verdicts(ask) | st.builds(AskFailed, ask=ask, failure=failures)
            return st.one_of(
                st.builds(DirectionGiven, ask=ask, targets=target_lists, exchange=facts),
                st.builds(SchemeGiven, ask=ask, scheme=st.sampled_from(SCHEMES)),
                st.builds(AskFailed, ask=ask, failure=failures),
                st.just(TimePassed()),
            )
        case CallState.RINGING_CALLER:
            return st.one_of(
                st.builds(LegRinging, leg=st.just(CALLER)),
                st.builds(LegAnswered, leg=st.just(CALLER), handle=texts),
                st.builds(LegAnswered, leg=st.just(CALLER), account=st.sampled_from(LOGINS)),
                st.builds(LegEnded, leg=st.just(CALLER), cause=causes),
                st.just(TimePassed()),
            )
        case CallState.RINGING:
            return st.one_of(
                st.builds(LegRinging, leg=legs, early_media=st.booleans()),
                st.builds(LegAnswered, leg=legs, handle=texts),
                st.builds(LegEnded, leg=legs, cause=causes),
                st.just(TimePassed()),
            )
        case CallState.TALKING:
            either = st.sampled_from((call.party, call.talking_to))
            return st.one_of(
                st.builds(LegAnswered, leg=st.just(CALLER), handle=texts),
                st.builds(LegUpdated, leg=either, handle=texts),
                st.builds(LegMisread, leg=either, text=texts),
                st.builds(LegEnded, leg=either, cause=causes),
                recordings(call),
                transfers(either),
                orders,
            )
        case CallState.TRANSFERRING if call.asks.pending is not None:
            ask = st.just(call.asks.pending.id)
            return st.one_of(
                st.builds(DirectionGiven, ask=ask, targets=target_lists, exchange=facts),
                st.builds(SchemeGiven, ask=ask, scheme=st.sampled_from((*SCHEMES, 99))),
                st.builds(AskFailed, ask=ask, failure=failures),
                st.builds(LegEnded, leg=st.just(CALLER) | legs, cause=causes),
                st.just(TimePassed()),
            )
        case CallState.TRANSFERRING:
            return st.one_of(
                st.builds(LegRinging, leg=legs),
                st.builds(LegAnswered, leg=legs, handle=texts),
                st.builds(LegEnded, leg=st.just(CALLER) | legs, cause=causes),
                transfers(legs),
                redirections(legs),
                st.just(TimePassed()),
            )
        case CallState.PLAYING | CallState.COLLECTING | CallState.RECORDING | CallState.RATING:
            return st.one_of(
                st.builds(PlaybackFinished, playback=st.just(playback_of(call))),
                st.builds(DigitPressed, leg=st.just(CALLER), digit=keys),
                st.builds(DigitPressed, leg=st.just(CALLER), digit=keys),
                recordings(call),
                st.just(TimePassed()),
                st.builds(LegAnswered, leg=st.just(CALLER), handle=texts),
            )
        case CallState.ARRIVED | CallState.ENDED:
            return any_events(call)


keys = st.sampled_from("1122590*#") | st.sampled_from(("", "A", "11", "x"))
"""What telephones send, and what they do not."""


def playback_of(call: Call) -> str:
    """Return the playback that the call waits for."""
    return call.playback.prompt or (call.collecting.playback if call.collecting else "")


def transfers(legs: st.SearchStrategy[str]) -> st.SearchStrategy[TransferRequested]:
    """Draw a telephone's wish to transfer the other party."""
    return st.builds(
        TransferRequested,
        leg=legs,
        request=texts,
        to=st.sampled_from(("mary", "olga", "200", "380501112233", "380800111333", "nobody")),
        is_attended=st.booleans(),
    )


orders = st.builds(
    TransferOrdered,
    by=st.just("a program"),
    to=st.sampled_from(("mary", "olga", "200", "380501112233", "380800111333", "nobody")),
    scheme=st.sampled_from((0, 0, 0, 1, 2, 77)),
    leaves=st.sampled_from((None, *Side)),
)
"""What an operator or a program transfers."""


def redirections(legs: st.SearchStrategy[str]) -> st.SearchStrategy[LegRedirected]:
    """Draw where a telephone that rings sends the call."""
    named = st.sampled_from(("mary", "john", "200", "380501112233", "380800111222", "nobody"))
    users = st.lists(named, min_size=1, max_size=2).map(tuple)
    return st.builds(LegRedirected, leg=legs, users=users)


def recordings(call: Call) -> st.SearchStrategy[RecordingFinished]:
    """Draw the end of the recording that runs, with a file or without."""
    return st.builds(
        RecordingFinished,
        recording=st.just("r1" if call.recording.running is None else call.recording.running.id),
        seconds=seconds,
        path=st.sampled_from(("", "r1.wav")),
    )


def verdicts(ask: st.SearchStrategy[str]) -> st.SearchStrategy[VerdictGiven]:
    """Draw what a dial-plan webhook says."""
    return st.builds(
        VerdictGiven,
        ask=ask,
        accepted=st.booleans(),
        text=st.sampled_from(("ACK", "NAK (HTTP 200)")),
        destination=st.none() | targets,
        caller_name=texts,
        variables=facts,
        notices=notices,
    )


def any_events(call: Call) -> st.SearchStrategy[Event]:
    """Draw what this call might hear, were the world worse than it is: late, repeated, nonsense."""
    leg_ids = st.sampled_from((*(leg.id for leg in call.legs), "b1", "b9", "nobody"))
    asked = "" if call.asks.pending is None else call.asks.pending.id
    asks = st.sampled_from(
        (asked, f"{call.id}-{max(call.asks.started, 1)}", f"{call.id}-1", "no such ask")
    )
    live = st.frozensets(st.sampled_from((*(leg.id for leg in call.legs), "b9")), max_size=8)
    return st.one_of(
        st.just(TimePassed()),
        st.builds(DirectionGiven, ask=asks, targets=target_lists, notices=notices, exchange=facts),
        st.builds(
            SchemeGiven,
            ask=asks,
            scheme=st.sampled_from((*SCHEMES, 99)),
            notices=notices,
            exchange=facts,
        ),
        st.builds(AskFailed, ask=asks, failure=failures, notices=notices, exchange=facts),
        verdicts(asks),
        st.builds(PlaybackFinished, playback=st.sampled_from(("", "p1", "p2", "p9"))),
        st.builds(DigitPressed, leg=leg_ids, digit=keys),
        recordings(call),
        st.builds(LegRinging, leg=leg_ids, early_media=st.booleans()),
        st.builds(LegEnded, leg=leg_ids, cause=causes),
        st.builds(LegAnswered, leg=leg_ids, handle=texts),
        st.builds(LegUpdated, leg=leg_ids, handle=texts),
        st.builds(LegMisread, leg=leg_ids, text=texts),
        redirections(leg_ids),
        st.builds(Resynced, live_legs=live | live.map(lambda legs: legs | {CALLER})),
        st.builds(HangUpRequested, by=texts),
        transfers(leg_ids),
        orders,
        st.just(CallArrived()),
        st.just(CallbackPlaced()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Heard:
    """One step of a walk."""

    before: Call
    event: Event
    now: float
    after: Call
    commands: tuple[Command, ...]

    def __repr__(self) -> str:
        return f"{self.now - START:9.3f} {self.event} -> {self.after.state}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Walk:
    """What a call went through, in order. Perhaps it has not ended."""

    heard: tuple[Heard, ...]

    def __repr__(self) -> str:
        schemes = self.call.snapshot.project.schemes
        return "\n".join(["", *map(str, schemes), *map(repr, self.heard)])

    @property
    def call(self) -> Call:
        """Return the call as it is at the end of the walk."""
        return self.heard[-1].after

    @property
    def commands(self) -> tuple[Command, ...]:
        """Return all that was ordered."""
        return tuple(command for heard in self.heard for command in heard.commands)

    def hears(self, event: Event, now: float) -> Walk:
        """Return this walk with one more step."""
        after, commands = step(self.call, event, now)
        heard = Heard(before=self.call, event=event, now=now, after=after, commands=commands)
        return replace(self, heard=(*self.heard, heard))


def begin(call: Call) -> Walk:
    """Return the walk of a call that has only arrived, or was placed."""
    event = CallArrived() if call.callback is None else CallbackPlaced()
    after, commands = step(call, event, call.arrived_at)
    first = Heard(before=call, event=event, now=call.arrived_at, after=after, commands=commands)
    return Walk(heard=(first,))


@st.composite
def talking(draw: st.DrawFn) -> Walk:
    """Draw the walk of a call in which a telephone of the project talks, and may transfer."""
    choices: tuple[tuple[Step, ...], ...] = ((), (RecordStep(),), (RateStep(sounds=("enter",)),))
    before = draw(st.sampled_from(choices))
    rings = RingStep(targets=(Target(kind=TargetKind.ACCOUNT, value="mary"),), timeout=30.0)
    project = Project(
        id="shop",
        name="Shop",
        version=1,
        numbers=(
            Number(number="380800111222", scheme=1),
            Number(number="380800111333", scheme=2),
        ),
        groups=(Group(name="200", accounts=("mary", "olga")),),
        accounts=tuple(Account(login=login, password="secret") for login in LOGINS),
        trunks=(Trunk(name="carrier", host="192.0.2.9"),),
        schemes=(
            Scheme(id=1, name="ring", steps=(*before, rings)),
            Scheme(id=2, name="ask", steps=(AskStep(webhook="crm"), AskStep(webhook="crm"), rings)),
        ),
        forwarding_numbers=(ForwardingNumber(name="crm", url="http://crm.example/"),),
        sounds=(Sound(name="enter", file="enter.wav"),),
        screening=draw(st.sampled_from((Screening(), Screening(denied_prefixes=("3",))))),
        event_stream=EventStream(keep=True),
    )
    account = draw(st.sampled_from(("", "john")))
    offered = OfferedCall(
        caller=account or "380671112233",
        caller_name="",
        callee=draw(st.just("380800111222") | st.just("mary")) if account else "380800111222",
        account=account,
        trunk="" if account else "carrier",
        project=project.id,
    )
    call = admit(offered, ProjectDirectory([ProjectSnapshot(project)]), call="c", now=START)
    assert not isinstance(call, Rejection)
    walk = begin(call)
    for leg in ("b1", CALLER):
        walk = walk.hears(LegAnswered(leg=leg, handle=f"handle of {leg}"), START)
    return walk


@st.composite
def walks(
    draw: st.DrawFn,
    *,
    max_steps: int = 12,
    from_: st.SearchStrategy[Walk] | None = None,
) -> Walk:
    """Draw a call and what it heard, at times that go on: often to its deadline, or just not."""
    walk = draw(arrived_calls().map(begin) if from_ is None else from_)
    now = walk.call.arrived_at
    after_the_end = 0
    for _ in range(draw(st.integers(0, max_steps))):
        after_the_end += walk.call.state is CallState.ENDED
        if after_the_end > 2:
            break
        wake_at = walk.call.wake_at or now
        later = draw(seconds)
        now = max(now, draw(st.sampled_from((now, now + later, wake_at - 0.001, wake_at, wake_at))))
        hears = draw(st.sampled_from((*(likely_events,) * 5, any_events)))
        walk = walk.hears(draw(hears(walk.call)), now)
    return walk


def calls() -> st.SearchStrategy[Call]:
    """Draw a call in any state that a call can come to."""
    return walks().map(lambda walk: walk.call)
