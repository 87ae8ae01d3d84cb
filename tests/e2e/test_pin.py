"""Callers hear prompts, key a PIN, and are let through or not: bytes, sounds and path, real and simulated (S-24, S-25)."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook import __version__
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.scheme import AskDialPlanStep, CallerName, NameChoice, RingDestinationStep
from switchhook.domain.webhook import DialPlanWebhook
from switchhook.operations.data_dir import DATABASE
from tests.support.house import Callee, House, Line, open_house, project_of, ring
from tests.support.keyed import HANG_UP, Dial, Heard, dial, entries, prompts, simulate
from tests.support.loop import run
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

pytestmark = [pytest.mark.slow, pytest.mark.alone]

FORWARDED, VIP, RECEPTION = "+31502102544", "31880000001", "31880000002"
"""What the endpoint returns; what the success branch rings; what the failed branch rings."""
SEED, GATE = "31850001024", "31850001025"
"""The numbers of S-24 and S-25."""
LONG, WRONG = "904172635518", "715390826417"
"""PINs that cannot stand anywhere by chance."""
SECRET = (LONG[:6].encode(), WRONG[:6].encode())
"""By so much each is known, should a part of it stand somewhere."""
BODIES = {
    "4711": "status=ACK&destination=%2B31502102544",
    "1234": "status=ACK",
    "1111": "status=NAK",
    "2222": "status=NAK",
    "3333": "status=NAK",
    "5678": "status=ERR",
    "0042": "status=ACK",
    LONG: f"status=ACK&value={LONG}&was{WRONG}={WRONG}&callername=PIN {LONG}",
    WRONG: f"status=NAK&{WRONG}=x&destination=There is nobody who has the code {WRONG}",
}
BEGINS = ("arrived", "step")
ASKED = ("asked", "answer")
TOLD = ("incoming.before", "incoming.after")


def rings(number: str) -> tuple[str, ...]:
    """Return the path of a branch whose leg is picked up and hangs up soon."""
    return (
        "branch",
        "step",
        f"b1 dialled {number}",
        "b1 rang",
        "b1 answered",
        "b1 ended answered 200",
        "ended answered by callee 200",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStory:
    """What a caller does, and what has to come of it."""

    cues: tuple[tuple[str, str], ...]
    number: str = GATE
    codes: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    rings: str = ""
    end: str = "answered by callee"

    @property
    def expected(self) -> Heard:
        """Return what every stage has to tell."""
        legs = rings(self.rings) if self.rings else ()
        return Heard(
            prompts=tuple(sound for sound, _ in self.cues),
            codes=self.codes,
            journal=(*BEGINS, *self.path, *legs),
            events=TOLD,
            end=self.end,
        )


STORIES = {
    "seed": PinStory(
        number=SEED,
        cues=(("start", "4711#"),),
        codes=("4711",),
        path=ASKED,
        rings=FORWARDED,
    ),
    "a": PinStory(cues=(("start", "1234#"),), codes=("1234",), path=ASKED, rings=VIP),
    "b": PinStory(
        cues=(("start", "1111#"), ("error", "2222#"), ("error", "1234#")),
        codes=("1111", "2222", "1234"),
        path=ASKED * 3,
        rings=VIP,
    ),
    "c": PinStory(
        cues=(("start", "1111#"), ("error", "2222#"), ("error", "3333#"), ("error", "")),
        codes=("1111", "2222", "3333"),
        path=ASKED * 3,
        rings=RECEPTION,
    ),
    "d": PinStory(
        cues=(("start", ""), ("late", ""), ("late", ""), ("late", "")),
        path=("keyed",) * 3,
        rings=RECEPTION,
    ),
    "e": PinStory(
        cues=(("start", ""), ("late", "1234#")),
        codes=("1234",),
        path=("keyed", *ASKED),
        rings=VIP,
    ),
    "f": PinStory(
        cues=(("start", "5678#"),), codes=("5678",), path=("asked", "ask_failed"), rings=RECEPTION
    ),
    "g": PinStory(
        cues=(("start", "12" + HANG_UP),),
        path=("ended cancelled by caller 487",),
        end="cancelled by caller",
    ),
    "h": PinStory(cues=(("start", "0042#"),), codes=("0042",), path=ASKED, rings=VIP),
    "i": PinStory(
        cues=(("start", f"{WRONG}#"), ("error", f"{LONG}#")),
        codes=(WRONG, LONG),
        path=("asked", "notice", "answer") * 2,
        rings=VIP,
    ),
    "pause": PinStory(cues=(("start", "1234"),), codes=("1234",), path=ASKED, rings=VIP),
}
"""S-24 and the cases of S-25; the last ends the code by a pause instead of `#` [A-47]."""


class Played(NamedTuple):
    """One real call."""

    heard: Heard
    requests: list[Received]
    who: str
    shown: str
    """Its journal as it is printed."""


class Parts(NamedTuple):
    house: House
    web: Endpoint
    played: dict[str, Played]
    search: Search


@dataclass
class Search:
    """Looks through a directory all the time, and again at the end: was this ever in a file's bytes?"""

    directory: Path
    wanted: tuple[bytes, ...]
    found: set[tuple[str, bytes]] = field(default_factory=set)
    """File and text."""
    _is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator[Search]:
        thread = threading.Thread(target=self._look_again)
        thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            thread.join()

    def _look_again(self) -> None:
        while not self._is_over.wait(0.1):
            self.look()

    def look(self) -> None:
        for file in self.directory.rglob("*"):
            if file.is_file() and "recordings" not in file.parts:
                held = file.read_bytes()
                self.found |= {(file.name, text) for text in self.wanted if text in held}


def _lines(base: str) -> tuple[Line, ...]:
    with_ivr = DialPlanWebhook(
        name="seed",
        url_template=f"{base}/test.py?code={{code}}&callerid={{callerid}}",
        use_ivr=True,
        code_timeout=5.0,
        interdigit_timeout=2.0,
        attempts=3,
        start_message="start",
        error_message="error",
        timeout_message="late",
        keep_alive=False,
    )
    gate = replace(with_ivr, name="gate")
    forwards = AskDialPlanStep(
        webhook="seed", success=(RingDestinationStep(),), failed=(ring(RECEPTION),)
    )
    shows = replace(ring(VIP), caller_name=CallerName(choice=NameChoice.WEBHOOK))
    lets_in = AskDialPlanStep(webhook="gate", success=(shows,), failed=(ring(RECEPTION),))
    return (
        Line(number=SEED, steps=(forwards,), dial_plan_webhooks=(with_ivr,)),
        Line(number=GATE, steps=(lets_in,), dial_plan_webhooks=(gate,)),
    )


def _dutch(project: Project) -> Project:
    return replace(project, country="NL")


def _callers() -> dict[str, str]:
    return {name: f"+3161234567{place}" for place, name in enumerate(STORIES)}


def _dial(name: str) -> Dial:
    story = STORIES[name]
    return Dial(number=story.number, who=_callers()[name], cues=story.cues)


def _answer(request: Received) -> bytes:
    code = request.target.partition("code=")[2].partition("&")[0]
    return reply(BODIES[code], content_type="text/plain")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("pin")
    callee = Callee(answers=f"[+]?{FORWARDED[1:]}|{VIP}|{RECEPTION}", hold=300)
    with (
        pytest.MonkeyPatch.context() as environment,
        Endpoint(_answer) as web,
        ExitStack() as stack,
    ):
        environment.setenv("SWITCHHOOK_LOG_LEVEL", "debug")
        house = stack.enter_context(
            open_house(
                directory, _lines(web.url("")), callee=callee, sounds=prompts(), refine=_dutch
            )
        )
        search = Search(house.server.data_dir, SECRET)
        with search.going_on():
            prompts_heard = run(_all(house.server.port), deadline=80)
            house.events.ledger.wait_for(lambda _: True, count=len(TOLD) * len(STORIES))
        calls = {call["caller"]: call for call in house.calls()}
        played = {
            name: _played(calls[_callers()[name]], heard, house, web)
            for name, heard in prompts_heard.items()
        }
        yield Parts(house, web, played, search)


async def _all(server: int) -> dict[str, tuple[str, ...]]:
    """Play all stories at the same time: some wait long for keys that never come."""
    heard = await asyncio.gather(*(dial(server, _dial(name)) for name in STORIES))
    return dict(zip(STORIES, heard, strict=True))


def _played(call: dict[str, Any], heard: tuple[str, ...], house: House, web: Endpoint) -> Played:
    who = call["caller"]
    told = [one for one in house.events.ledger.requests if f'"{who}"' in one.body.decode()]
    requests = [one for one in web.ledger.requests if one.target.endswith(f"%2B{who[1:]}")]
    printed = house.server.command("calls", call["id"], "--json").stdout
    journal = json.loads(printed)["journal"]
    return Played(
        heard=Heard(
            prompts=heard,
            codes=tuple(one.target.partition("code=")[2].partition("&")[0] for one in requests),
            journal=entries(journal),
            events=tuple(request.path[1:] for request in told),
            end=f"{call['outcome']} by {call['ended_by']}",
        ),
        requests=requests,
        who=who,
        shown=printed,
    )


def _rows(name: str) -> pytest.MarkDecorator:
    """Claim what a story shows."""
    rows = {
        "seed": ("S-24", "R5-11", "R5-16", "R5-17", "R5-33", "R5-49", "A-51"),
        "a": ("S-25", "R5-20", "R5-26", "R5-34", "R5-54"),
        "b": ("S-25", "R5-19", "R5-21", "R5-35"),
        "c": ("S-25", "R5-19", "R5-27", "R5-35"),
        "d": ("S-25", "R5-18", "R5-22", "R5-27", "A-47"),
        "e": ("S-25", "R5-22", "A-47"),
        "f": ("S-25", "R5-36"),
        "pause": ("S-25", "A-47"),
    }
    return pytest.mark.row(*rows.get(name, ("S-25",)))


CASES = [pytest.param(name, marks=_rows(name)) for name in STORIES]


@pytest.mark.parametrize("name", CASES)
def test_a_caller_with_a_telephone(parts: Parts, name: str) -> None:
    """S-24, S-25: the prompts that were heard, the codes that were asked about, path, events and end."""
    assert parts.played[name].heard == STORIES[name].expected


@pytest.mark.parametrize("name", CASES)
def test_a_simulated_caller_gets_the_same(name: str) -> None:
    """S-24, S-25 in virtual time."""
    with Endpoint(_answer) as nobody:
        project = project_of(_lines("http://pin.example"), trunk=5060, events=nobody)
    numbers = (FORWARDED, VIP, RECEPTION)
    heard = run(simulate(ProjectSnapshot(_dutch(project)), _dial(name), BODIES, phones=numbers))
    assert heard == STORIES[name].expected


@pytest.mark.row("S-24", "R5-10", "R5-13", "R5-16")
def test_the_request_is_these_bytes(parts: Parts) -> None:
    """S-24."""
    played = parts.played["seed"]
    (request,) = played.requests
    assert (
        request.raw
        == (
            f"GET /test.py?code=4711&callerid=%2B{played.who[1:]} HTTP/1.1\r\n"
            f"Host: {parts.web.authority}\r\n"
            f"User-Agent: switchhook HTTP Client v{__version__}\r\n"
            "Connection: close\r\n\r\n"
        ).encode()
    )


@pytest.mark.row("S-25", "R5-41")
def test_telephones_may_show_what_was_keyed(parts: Parts) -> None:
    """R5-41: the endpoint repeats the code as the caller's name, and may."""
    (invite,) = parts.house.seen(parts.played["i"].who)
    assert invite.header("From").startswith(f'"PIN {LONG}" <')


@pytest.mark.row("S-25")
def test_a_pin_is_nowhere_in_clear(parts: Parts) -> None:
    """S-25 (i): neither in the log nor in the journal, though the answer repeats it."""
    shown = parts.played["i"].shown + "\n".join(parts.house.server.log)
    assert [text for text in SECRET if text.decode() in shown] == []
    assert "****" in shown


@pytest.mark.row("S-25")
def test_a_pin_never_reaches_the_disk(parts: Parts) -> None:
    """S-25 (i): at no moment were its first digits in a file, be it in a page that is free again."""
    parts.search.look()
    assert parts.search.found == set()
    caller = Search(parts.search.directory, (parts.played["i"].who.encode(),))
    caller.look()
    assert {name for name, _ in caller.found} & {DATABASE, f"{DATABASE}-wal"}
