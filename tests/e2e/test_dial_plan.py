"""A dial-plan webhook's answer steers real calls: its branches, its destination, the caller as shown (S-20 to S-34)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook import __version__
from switchhook.domain.project import Account, Group
from switchhook.domain.scheme import (
    AskDialPlanStep,
    CallerName,
    HangUpStep,
    NameChoice,
    RingDestinationStep,
    RingStep,
    Step,
)
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import CallerIdForwarding, DialPlanWebhook
from tests.support.house import NEXT, Callee, House, Line, open_house, ring
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.project import Project

pytestmark = pytest.mark.slow

MAIN = "380443334455"
"""What rings in every success branch that has no destination."""
RETURNED = "+31502102544"
"""The destination of the documents' samples."""
BUSY = "380500000007"
ACK = "status=ACK"


class Case(NamedTuple):
    """What is answered, where that rings, and as whom the caller is shown."""

    answer: bytes
    rung: str = MAIN
    name: str = ""


def nak(status: str) -> bytes:
    return reply("status=NAK", status=status)


NAMES = {
    "380440010001": Case(reply(f"{ACK}&callername=VoysPartners"), name="VoysPartners"),
    "380440010002": Case(reply(f"{ACK}&callername=Jan de Vries"), name="Jan de Vries"),
    "380440010003": Case(reply(f"{ACK}&callername=Voys & Partners"), name="Voys & Partners"),
    "380440010004": Case(reply(f"{ACK}&callername=Caf%C3%A9"), name="Café"),
    "380440010005": Case(reply(f"{ACK}&callername=100% Zorg"), name="100% Zorg"),
    "380440010006": Case(reply(""), NEXT),
}
"""S-20: caller names, well encoded or not."""
TOGETHER = tuple(Account(login=login, password="a-long-password") for login in ("202", "201"))
"""The accounts of group 200; the second is picked up."""
GROUP = Target(kind=TargetKind.GROUP, value="200")
BRANCHES = {
    "380440020001": Case(reply(ACK)),
    "380440020002": Case(reply("status=ack")),
    "380440020003": Case(reply("STATUS=ACK\r\n")),
    "380440020004": Case(reply(b"\xef\xbb\xbfstatus=ACK")),
    "380440020005": Case(reply("callername=X&status=ACK"), name="X"),
    "380440020006": Case(nak("200 OK"), NEXT),
    "380440020007": Case(reply("status=ERR"), NEXT),
    "380440020008": Case(reply("status="), NEXT),
    "380440020009": Case(reply("status=OK"), NEXT),
    "380440020010": Case(reply("<html>status=ACK</html>", content_type="text/html"), NEXT),
    "380440020011": Case(reply('{"status":"ACK"}', content_type="application/json"), NEXT),
    "380440020012": Case(nak("401 Unauthorized"), NEXT),
    "380440020013": Case(reply(ACK, status="500 Oops"), NEXT),
    "380440020014": Case(reply("", "Location: /%2B380440020001/x", status="302 Found")),
    "380440020015": Case(b"", NEXT),
    "380440020016": Case(reply(f"{ACK}&value=Jan")),
}
"""S-34 and S-27: which answer opens which branch; the second last is none."""
DESTINATIONS = {
    "380440030001": Case(reply(f"{ACK}&destination=%2B31502102544"), RETURNED),
    "380440030002": Case(reply(f"{ACK}&destination=+31502102544"), RETURNED),
    "380440030003": Case(reply(f"{ACK}&destination=%2B31502102544&callername=Sales"), RETURNED),
    "380440030004": Case(reply(ACK), NEXT),
}
"""S-22, S-23 and A-48: where the variable destination leads."""
SHOWN = {
    "380440040001": CallerIdForwarding.CALLER,
    "380440040002": CallerIdForwarding.CALLED,
    "380440040003": CallerIdForwarding.SUPPRESSED,
}
"""S-32."""
TEXTS = {
    "380440050001": (NameChoice.PREPEND, "Sales: ", "Sales: "),
    "380440050002": (NameChoice.REPLACE, "Helpdesk", "Helpdesk"),
}
"""S-33: the network gives no name here."""
MISSED = "380440060001"
"""S-29: its webhook is asked when nobody answered."""
CAMPAIGN = [f"38044007000{place}" for place in range(5)]
"""S-28: a block of numbers."""
FAILING = "380440080001"
"""S-32: its failed branch shows the original caller."""
ANSWERS = {number: case.answer for number, case in (NAMES | BRANCHES | DESTINATIONS).items()}
FROM_WEBHOOK = CallerName(choice=NameChoice.WEBHOOK)
QUERY = "phonenumber={callerid}&callername={callername}"


class Parts(NamedTuple):
    house: House
    web: Endpoint


def _answer(request: Received) -> bytes:
    number = request.path.split("/")[1].removeprefix("%2B")
    if number in CAMPAIGN:
        return reply("<script>fetch('/more')</script>", content_type="text/html")
    if number == MISSED:
        return reply('{"status":"success"}', content_type="application/json")
    if number == FAILING:
        return nak("200 OK")
    return ANSWERS.get(number, reply(f"{ACK}&destination=%2B31502102544&callername=Sales"))


def _main(caller_name: CallerName) -> Step:
    return replace(ring(MAIN), caller_name=caller_name)


def _with_group(project: Project) -> Project:
    group = Group(name=GROUP.value, accounts=tuple(account.login for account in TOGETHER))
    return replace(project, groups=(group,))


def _line(
    number: str,
    web: Endpoint,
    success: Step,
    *before: Step,
    forwarding: CallerIdForwarding = CallerIdForwarding.CALLER,
    failed: Step | None = None,
) -> Line:
    webhook = DialPlanWebhook(
        name=number,
        url_template=web.url("/{did}/cid_name_lookup.php?" + QUERY),
        caller_id_forwarding=forwarding,
        response_timeout=2.0,
        keep_alive=False,
    )
    step = AskDialPlanStep(webhook=number, success=(success,), failed=(failed or ring(NEXT),))
    return Line(number=number, steps=(*before, step), dial_plan_webhooks=(webhook,))


def _lines(web: Endpoint) -> Iterator[Line]:
    for number in NAMES:
        yield _line(number, web, RingStep(targets=(GROUP,), caller_name=FROM_WEBHOOK))
    for number in BRANCHES:
        yield _line(number, web, _main(FROM_WEBHOOK))
    for number in DESTINATIONS:
        yield _line(number, web, RingDestinationStep(caller_name=FROM_WEBHOOK))
    for number, forwarding in SHOWN.items():
        yield _line(number, web, RingDestinationStep(), forwarding=forwarding)
    for number, (choice, text, _) in TEXTS.items():
        yield _line(number, web, _main(CallerName(choice=choice, text=text)))
    yield _line(FAILING, web, HangUpStep(), forwarding=CallerIdForwarding.SUPPRESSED)
    yield _line(MISSED, web, ring(MAIN), ring(BUSY), failed=HangUpStep(status=480))
    for number in CAMPAIGN:
        yield _line(number, web, ring(MAIN), failed=ring(MAIN))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("dial_plan")
    callee = Callee(answers=f"{MAIN}|{NEXT}|201|[+]31502102544", busy=BUSY)
    with (
        Endpoint(_answer) as web,
        open_house(
            directory,
            tuple(_lines(web)),
            callee=callee,
            accounts=TOGETHER,
            refine=_with_group,
        ) as house,
    ):
        house.register(*TOGETHER)
        yield Parts(house, web)


def _shown(parts: Parts, who: str) -> list[str]:
    """Return the names with which a caller was shown, on one telephone after the other."""
    return [
        invite.header("From").partition("<")[0].strip().strip('"')
        for invite in parts.house.seen(who)
    ]


@pytest.mark.row("S-20", "R5-02", "R5-03", "R5-10", "R5-12", "R5-13", "R5-14", "R5-16", "R5-44")
def test_the_request_is_a_get_of_exactly_these_bytes(parts: Parts) -> None:
    (number, *_) = NAMES
    story = parts.house.call(number)
    lines = (
        f"GET /%2B{number}/cid_name_lookup.php?phonenumber=%2B{story.who}&callername= HTTP/1.1",
        f"Host: {parts.web.authority}",
        f"User-Agent: switchhook HTTP Client v{__version__}",
        "Connection: close",
    )
    expected = "".join(f"{line}\r\n" for line in (*lines, "")).encode()
    assert parts.web.ledger.requests[-1].raw == expected


@pytest.mark.row("S-20", "R5-29", "R5-40")
@pytest.mark.parametrize("number", NAMES)
def test_telephones_show_the_returned_name(parts: Parts, number: str) -> None:
    """All those of the group that the success branch rings."""
    story = parts.house.call(number)
    rung = [NEXT] if NAMES[number].rung == NEXT else ["202", "201"]
    assert parts.house.rung(story.who) == rung
    assert _shown(parts, story.who) == [NAMES[number].name] * len(rung)


@pytest.mark.row("S-21", "R5-45")
def test_the_endpoint_is_asked_before_any_telephone_rings(parts: Parts) -> None:
    (number, *_) = NAMES
    story = parts.house.call(number)
    first, _ = parts.house.seen(story.who)
    assert parts.web.ledger.requests[-1].at < first.at


@pytest.mark.row("S-34", "S-26", "S-27", "R5-26", "R5-27", "R5-34", "R5-35", "R5-36", "R5-56")
@pytest.mark.parametrize("number", BRANCHES)
def test_the_answer_decides_the_branch(parts: Parts, number: str) -> None:
    story = parts.house.call(number)
    assert parts.house.rung(story.who) == [BRANCHES[number].rung]
    assert _shown(parts, story.who) == [BRANCHES[number].name]


@pytest.mark.row("S-26", "A-50")
def test_the_journal_tells_a_refusal_with_its_status(parts: Parts) -> None:
    (answer,) = parts.house.call("380440020012").happened("answer")
    assert answer["text"] == "NAK (HTTP 401)"


@pytest.mark.row("S-22", "S-23", "R5-33", "R5-38", "R5-42", "R5-47", "R5-48", "A-48", "A-49")
@pytest.mark.parametrize("number", DESTINATIONS)
def test_the_returned_destination_rings(parts: Parts, number: str) -> None:
    story = parts.house.call(number)
    assert parts.house.rung(story.who) == [DESTINATIONS[number].rung]


@pytest.mark.row("S-32", "R5-06", "R5-07", "R5-08", "R5-09")
@pytest.mark.parametrize("number", SHOWN)
def test_the_called_party_sees_the_number_that_was_chosen(parts: Parts, number: str) -> None:
    before = len(parts.house.callee.received("INVITE"))
    story = parts.house.call(number)
    *_, invite = parts.house.callee.received("INVITE")[before:]
    seen = invite.header("From")
    if SHOWN[number] is CallerIdForwarding.SUPPRESSED:
        assert "anonymous@anonymous.invalid" in seen
        assert invite.header("Privacy") == "id"
        assert story.who not in invite.text
    else:
        shown = number if SHOWN[number] is CallerIdForwarding.CALLED else story.who
        assert f"sip:{shown}@" in seen


@pytest.mark.row("S-32", "A-52")
def test_the_failed_branch_shows_the_original_caller(parts: Parts) -> None:
    story = parts.house.call(FAILING)
    assert parts.house.rung(story.who) == [NEXT]


@pytest.mark.row("S-33", "R5-30", "R5-31")
@pytest.mark.parametrize("number", TEXTS)
def test_a_name_may_be_prefixed_or_replaced(parts: Parts, number: str) -> None:
    story = parts.house.call(number)
    assert _shown(parts, story.who) == [TEXTS[number][2].strip()]


@pytest.mark.row("S-29", "R5-53")
def test_a_missed_call_is_told_once_and_the_failed_branch_runs(parts: Parts) -> None:
    who = parts.house.stranger()
    caller = parts.house.caller(
        MISSED, scenario="e2e_caller_refused", replace={"STATUS": "480"}, who=who
    )
    with caller:
        assert caller.wait(20) == 0, caller.complaints()
    asked = [request for request in parts.web.ledger.requests if MISSED in request.path]
    assert [request.target.partition("?")[2] for request in asked] == [
        f"phonenumber=%2B{who}&callername="
    ]


@pytest.mark.row("S-28", "R5-50", "R5-51", "R5-52")
def test_a_block_of_numbers_is_counted_and_every_call_is_carried(parts: Parts) -> None:
    for number in CAMPAIGN:
        story = parts.house.call(number)
        assert parts.house.rung(story.who) == [MAIN]
    asked = [r.path for r in parts.web.ledger.requests if r.path.split("/")[1][3:] in CAMPAIGN]
    assert asked == [f"/%2B{number}/cid_name_lookup.php" for number in CAMPAIGN]
    assert not parts.web.ledger.of("/more")
