"""The vendor's PHP handler, under PHP itself, routes real calls: the bytes of S-01 and S-02 on the wire."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from switchhook import __version__
from switchhook.app.user_agent import USER_AGENT
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.scheme import HangUpStep, Scheme
from switchhook.domain.webhook import Field, ForwardingNumber
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import simulate_call
from tests.conformance.drivers import line
from tests.support.house import NEXT, Callee, House, Line, asking, open_house, project_of, ring
from tests.support.keyed import entries
from tests.support.loop import run
from tests.support.php import php_server
from tests.support.wire import Endpoint, Relay, by_path, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

PHP = Path(__file__).parents[2] / "examples" / "route.php"
MAIN = "380443334455"
"""What the handler answers to a visitor who saw a dynamic number (R1-133)."""
OFFICE = "380440026076"
"""What scheme 26076 rings."""
DYNAMIC, KEPT = "380800000001", "380800000002"
OTHERS = {"static": "380800000003", "callback": "380800000004", "": "380800000005"}
VARIANTS = {
    "380800000011": ('{"schema":"26076"}', OFFICE),
    "380800000012": ('{"dst_phone":"","schema":26076}', OFFICE),
    "380800000013": ('{"dst_phone":380443334455,"schema":26076}', MAIN),
    "380800000014": ('{"schema":26077}', NEXT),
    "380800000015": ('{"schema":26078}', NEXT),
}
"""S-02: what is answered, and what rings. There is no scheme 26077, and 26078 is the neighbour's."""


SCHEMES = (Scheme(id=26076, name="Office", steps=(ring(OFFICE),)),)


class Parts(NamedTuple):
    house: House
    php: Relay
    lines: tuple[Line, ...]


def _handler(name: str, url: str, *, keep_alive: bool) -> ForwardingNumber:
    return ForwardingNumber(
        name=name,
        url=url,
        name_in_response="dst_phone",
        ring_timeout=90.0,
        keep_alive=keep_alive,
        fields=(Field(name="insertionType", parameter="insertion_type"),),
    )


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    directory = tmp_path_factory.mktemp("seed")
    answers = {f"/{number}": reply(body) for number, (body, _) in VARIANTS.items()}
    with (
        php_server(PHP.parent, directory / "php.log") as port,
        Relay(port) as php,
        Endpoint(by_path(answers)) as web,
    ):
        url = php.url("/route.php")
        lines = (
            asking(DYNAMIC, _handler("dynamic", url, keep_alive=False), "dynamic"),
            asking(KEPT, _handler("kept", url, keep_alive=True), "dynamic"),
            *(
                asking(number, _handler(f"other {number}", url, keep_alive=False), kind)
                for kind, number in OTHERS.items()
            ),
            *(
                asking(number, _handler(number, web.url(f"/{number}"), keep_alive=True))
                for number in VARIANTS
            ),
        )
        with open_house(
            directory,
            lines,
            callee=Callee(answers=f"{MAIN}|{OFFICE}|{NEXT}"),
            schemes=SCHEMES,
            neighbour=Project(
                id="neighbour",
                name="Neighbour",
                schemes=(Scheme(id=26078, name="Theirs", steps=(HangUpStep(),)),),
            ),
        ) as house:
            yield Parts(house, php, lines)


def _request(php: Relay, insertion_type: str, *last: str) -> bytes:
    lines = (
        f"GET /route.php?insertionType={insertion_type} HTTP/1.1",
        f"Host: {php.authority}",
        f"Origin: {php.authority}",
        f"User-Agent: switchhook HTTP Client v{__version__}",
        *last,
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


@pytest.mark.row("S-01", "R1-01", "R1-133")
def test_a_dynamic_number_rings_what_php_answers(parts: Parts) -> None:
    """S-01, with keep_alive off: these bytes and no others."""
    story = parts.house.call(DYNAMIC)
    assert parts.php.ledger.requests[-1].raw == _request(parts.php, "dynamic", "Connection: close")
    assert parts.house.rung(story.who) == [MAIN]
    assert story.way == f"webhookNumber:90 → {MAIN}"
    assert story.after["connected_with"] == MAIN
    assert story.after["status"] == "ANSWERED"
    assert story.facts("answer")["read_as"] == "strict JSON"
    assert not story.happened("notice"), "a JSON number in text/html is no cause for complaint"


@pytest.mark.row("S-01", "R3-25")
def test_by_default_the_connection_line_is_absent(parts: Parts) -> None:
    """S-01, with keep_alive on."""
    story = parts.house.call(KEPT)
    assert parts.php.ledger.requests[-1].raw == _request(parts.php, "dynamic")
    assert parts.house.rung(story.who) == [MAIN]


@pytest.mark.row("S-02", "R1-25", "R1-134")
@pytest.mark.parametrize("kind", OTHERS)
def test_any_other_number_runs_the_scheme(parts: Parts, kind: str) -> None:
    """S-02: the key `schema` is followed though the webhook does not name it."""
    story = parts.house.call(OTHERS[kind])
    assert parts.php.ledger.requests[-1].raw == _request(parts.php, kind, "Connection: close")
    assert story.facts("jumped")["scheme"] == "26076"
    assert parts.house.rung(story.who) == [OFFICE]
    assert story.way.startswith("webhookNumber:90 → scheme 26076 → phone:")
    assert story.after["connected_with"] == OFFICE


@pytest.mark.row("S-02", "R1-25", "R1-130")
@pytest.mark.parametrize("number", VARIANTS)
def test_variants_of_the_scheme_answer(parts: Parts, number: str) -> None:
    """S-02: as a string; beside an empty number; a number wins; a scheme that is not ours is a failure."""
    body, rings = VARIANTS[number]
    story = parts.house.call(number)
    assert parts.house.rung(story.who) == [rings], body
    assert bool(story.happened("ask_failed")) == (rings == NEXT)


@pytest.mark.row("S-01", "S-02")
@pytest.mark.parametrize("number", [DYNAMIC, *OTHERS.values(), *VARIANTS])
def test_the_simulator_tells_the_same(parts: Parts, number: str) -> None:
    """The same schemes and handlers, simulated telephones: the same path, up to who hangs up."""
    story = parts.house.call(number)
    project = project_of(parts.lines, trunk=5060, events=parts.house.events, schemes=SCHEMES)
    script = Script(caller=story.who, callee=number)
    made = run(simulate_call(ProjectSnapshot(project), script, now=0.0, product=USER_AGENT))
    assert tuple(map(line, made.journal))[:-2] == entries(story.path)[:-2]
