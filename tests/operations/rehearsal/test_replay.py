"""A stored call goes the same way under the same project; under another it goes as telephones, endpoints and the caller did."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.domain.cause import EndedBy
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.scheme import (
    GoToStep,
    HangUpStep,
    HoursStep,
    MenuChoice,
    MenuStep,
    PlayStep,
    RingDestinationStep,
    VoicemailStep,
)
from switchhook.domain.webhook import Encoding
from switchhook.operations.rehearsal.draft import Draft, Missing
from switchhook.operations.rehearsal.replay import Comparison, replay
from switchhook.storage.trails import TrailCause
from switchhook.tryout.script import PHONES
from switchhook.views.path import path_of
from tests.support.rehearsed import rehearsed, simulated, trail_of
from tests.support.snapshots import (
    ASK,
    JOHN,
    MARY,
    MOBILE,
    MONDAY_NOON,
    OFFICE,
    OLGA,
    SALES,
    ask_crm,
    ask_pin,
    in_turn,
    ring,
    snapshot,
)

if TYPE_CHECKING:
    from switchhook.domain.scheme import Step

MENU = MenuStep(
    sounds=("choose",),
    choices=(
        MenuChoice(key="1", steps=(ring(MARY),)),
        MenuChoice(key="2", steps=(ring(JOHN),)),
    ),
    timeout=4.0,
    on_timeout=(ring(OLGA),),
)
TO_MARY = b'{"dst_phone":"mary"}'
FAILED = b'{"oops":1}'
BRANCHES = ask_pin(RingDestinationStep(), failed=(HangUpStep(status=603),))
STORIES: dict[str, tuple[tuple[Step, ...], dict[str, Any]]] = {
    "answered": ((ring(MARY),), {}),
    "busy, then another": ((ring(MARY), ring(JOHN)), {"phones": {"mary": "busy"}}),
    "declined": ((ring(MARY, JOHN),), {"phones": {"mary": "declines"}}),
    "in turn": ((in_turn(MARY, JOHN, timeout=9),), {"phones": {"mary": "rings"}}),
    "nobody": ((ring(SALES, timeout=9),), {"phones": {"mary": "rings", "olga": "rings"}}),
    "gone": ((ring(MARY),), {"phones": {"mary": "gone"}}),
    "gives up": ((ring(MARY),), {"phones": {"mary": "rings"}, "patience": 12.0}),
    "gives up behind a prompt": (
        (PlayStep(sounds=("welcome",)), ring(MARY)),
        {"phones": {"mary": "rings"}, "patience": 12.0},
    ),
    "asked": ((ASK,), {"answers": {"crm": (TO_MARY,)}}),
    "asked, and failed": ((ASK, ring(JOHN)), {"answers": {"crm": (FAILED,)}}),
    "asked twice": ((ASK, ASK), {"answers": {"crm": (FAILED, b'{"dst_phone":"john"}')}}),
    "asked, to a scheme": ((ASK,), {"answers": {"crm": (b'{"schema":2}',)}}),
    "a branch": ((ask_crm(ring(MARY)),), {"answers": {"names": (b"status=ACK",)}}),
    "a code": (
        (BRANCHES,),
        {"digits": ("0042#",), "answers": {"pin": (b"status=ACK&destination=mary",)}},
    ),
    "two codes": (
        (BRANCHES,),
        {
            "digits": ("1#", "0042#"),
            "answers": {"pin": (b"status=NAK", b"status=ACK&destination=mary")},
        },
    ),
    "no code": ((BRANCHES,), {}),
    "a key": ((MENU,), {"digits": ("2",)}),
    "a wrong key first": ((MENU,), {"digits": ("7", "1")}),
    "no key": ((MENU,), {}),
    "a message": ((ring(MARY, timeout=5), VoicemailStep(sounds=("welcome",))), {
        "phones": {"mary": "rings"}, "patience": 60.0}),
    "hung up": ((HangUpStep(status=486),), {}),
    "went on": ((GoToStep(scheme=2),), {}),
    "outside": ((ring(MOBILE, OFFICE),), {"phones": {MOBILE.value: "busy"}}),
}  # fmt: skip


def house(*steps: Step) -> ProjectSnapshot:
    return snapshot(*steps, schemes={2: (ring(OLGA),)})


@pytest.mark.parametrize("story", STORIES)
def test_under_the_same_project_every_call_goes_where_it_went(story: str) -> None:
    steps, script = STORIES[story]
    made = simulated(house(*steps), **script)

    done = rehearsed(made, house(*steps))

    assert (done.verdict, done.unknown) == (Comparison.SAME, None)
    assert path_of(done.journal) == path_of(made.journal)


@pytest.mark.parametrize("story", STORIES)
def test_a_greeting_before_all_else_sends_no_call_elsewhere(story: str) -> None:
    steps, script = STORIES[story]
    made = simulated(house(*steps), **script)

    done = rehearsed(made, house(PlayStep(sounds=("welcome",)), *steps))

    assert done.verdict is Comparison.SAME


def test_accounts_go_the_same_way_too() -> None:
    for callee in ("mary", "200", MOBILE.value):
        made = simulated(house(), caller="john", callee=callee, phones={"mary": "busy"})
        assert rehearsed(made, house()).verdict is Comparison.SAME


def test_a_step_that_rings_another_shows_both_paths_up_to_what_is_not_known() -> None:
    made = simulated(house(ring(MARY)))

    done = rehearsed(made, house(ring(JOHN, timeout=10), ring(MARY)))

    assert done.verdict is Comparison.ELSEWHERE
    assert path_of(done.journal) == "phone:10 → john"
    assert done.unknown is not None
    assert (done.unknown.missing, done.unknown.what) == (Missing.NOT_RUNG, "john")


def test_what_rang_before_goes_on_as_it_did() -> None:
    made = simulated(house(ring(MARY), ring(JOHN)), phones={"mary": "busy"})

    done = rehearsed(made, house(ring(JOHN), ring(MARY)))

    assert done.verdict is Comparison.ELSEWHERE
    assert done.unknown is None
    assert done.rehearsed.ending == ("answered", "john")
    assert path_of(done.journal) == "phone:30 → john"


def test_a_shorter_time_of_ringing_sends_the_call_on() -> None:
    made = simulated(house(ring(MARY), ring(JOHN)))  # after three seconds

    done = rehearsed(made, house(ring(MARY, timeout=2), HangUpStep(status=480)))

    assert done.verdict is Comparison.ELSEWHERE
    assert done.rehearsed.ending == ("unreachable", "480")


def test_how_long_somebody_would_have_rung_on_is_not_made_up() -> None:
    made = simulated(house(ring(MARY, timeout=5), ring(JOHN)), phones={"mary": "rings"})

    done = rehearsed(made, house(ring(MARY, timeout=50), ring(JOHN)))

    assert done.verdict is Comparison.UNKNOWN
    assert done.unknown is not None
    assert (done.unknown.missing, done.unknown.what) == (Missing.RANG_SHORTER, "mary")


def test_an_answer_is_read_as_the_draft_reads_it() -> None:
    both = b'{"dst_phone":"mary","dst_callee":"john"}'
    made = simulated(house(ASK), answers={"crm": (both,)})
    project = house(ASK).project
    crm = replace(project.forwarding_numbers[0], name_in_response="dst_callee")
    draft = ProjectSnapshot(replace(project, forwarding_numbers=(crm,)))

    done = rehearsed(made, draft)

    assert done.verdict is Comparison.ELSEWHERE
    assert path_of(done.journal) == "webhookNumber:7 → john"


def test_a_response_to_json_rpc_is_the_one_to_its_own_ask() -> None:
    project = house(ASK).project
    crm = replace(
        project.forwarding_numbers[0],
        submission=Encoding.JSON_RPC,
        import_=Encoding.JSON_RPC,
        rpc_method="route",
    )
    rpc = ProjectSnapshot(replace(project, forwarding_numbers=(crm,)))
    answer = b'{"jsonrpc":"2.0","id":"1700000000.000000000001-1","result":{"dst_phone":"mary"}}'
    made = simulated(rpc, answers={"crm": (answer,)})
    assert path_of(made.journal).endswith("mary")

    assert rehearsed(made, rpc).verdict is Comparison.SAME


def test_an_answer_that_is_kept_in_part_is_taken_as_it_was_read() -> None:
    made = simulated(house(ASK), answers={"crm": (TO_MARY + b" " * 900,)})

    done = rehearsed(made, house(ASK))

    assert done.verdict is Comparison.SAME


def test_a_webhook_that_was_not_asked_is_not_known() -> None:
    made = simulated(house(ring(MARY)))

    done = rehearsed(made, house(ASK, ring(MARY)))

    assert done.verdict is Comparison.UNKNOWN
    assert done.unknown is not None
    assert (done.unknown.missing, done.unknown.what) == (Missing.NOT_ASKED, "crm")


def test_keys_that_were_not_asked_for_are_not_known() -> None:
    made = simulated(house(ring(MARY)))

    done = rehearsed(made, house(MENU))

    assert done.unknown is not None
    assert done.unknown.missing is Missing.NO_KEY


def test_hours_are_those_of_the_moment() -> None:
    made = simulated(house(ring(MARY)), at=MONDAY_NOON)
    closed = HoursStep(hours="office", open_=(ring(MARY),), closed=(HangUpStep(status=480),))
    assert rehearsed(made, house(closed)).verdict is Comparison.SAME

    late = simulated(house(ring(MARY)), at=MONDAY_NOON + 12 * 3600)
    done = rehearsed(late, house(closed))

    assert done.verdict is Comparison.ELSEWHERE
    assert done.rehearsed.ending == ("unreachable", "480")


def test_a_number_that_the_draft_has_not_is_refused() -> None:
    made = simulated(house(ring(MARY)))
    draft = ProjectSnapshot(replace(house(ring(MARY)).project, numbers=()))

    done = rehearsed(made, draft)

    assert done.verdict is Comparison.ELSEWHERE
    assert done.rehearsed.ending == ("refused", "404")


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"callback": {"by": "crm"}}, Missing.CALLBACK),
        ({"redirections": 1}, Missing.REDIRECTED),
    ],
)
def test_calls_that_others_moved_cannot_be_rehearsed(
    changes: dict[str, Any], missing: Missing
) -> None:
    trail = trail_of(simulated(house(ring(MARY))))
    for name, value in changes.items():
        setattr(trail, name, value)

    done = replay(trail, Draft(house(ring(MARY))))

    assert done.verdict is Comparison.UNKNOWN
    assert done.unknown is not None
    assert done.unknown.missing is missing


def test_where_an_operator_ended_a_call_nothing_more_is_known() -> None:
    made = simulated(house(ring(MARY)), phones={"mary": "rings"}, patience=8.0)
    trail = trail_of(made)
    trail.ended_by = EndedBy.SYSTEM
    trail.cause = TrailCause(sip=480, text="ended by anna")

    done = replay(trail, Draft(house(ring(MARY))))

    assert done.unknown is not None
    assert done.unknown.missing is Missing.OPERATOR


def test_every_telephone_that_can_be_simulated_is_tried() -> None:
    """A story that leaves a kind out would say nothing of it."""
    done = {does for _, script in STORIES.values() for does in script.get("phones", {}).values()}

    assert done | {"answers"} == set(PHONES)


def test_a_project_without_anything_is_no_mistake() -> None:
    made = simulated(house(ring(MARY)))
    draft = ProjectSnapshot(Project(id="shop", name="Shop"))

    assert rehearsed(made, draft).verdict is Comparison.ELSEWHERE
