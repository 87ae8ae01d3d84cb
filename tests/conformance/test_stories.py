"""What the vendors' pages tell of uses comes true: a project file, a real endpoint, a call in the simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from switchhook.domain.journal import EntryKind
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.projectfile.file import read_project
from switchhook.tryout.script import Script
from switchhook.tryout.simulation import CallSimulation, simulate_call
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import Mail, read_mail
from tests.support.loop import run
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.wire import Received

OURS, SALES = "31850001001", "31850001002"
CALLER, VIP = "+31612345678", "+31502102544"
COMPANY = "31201234567"

SHOP = """
[project]
id = "shop"
name = "Shop"
country = "NL"
allowed_networks = ["127.0.0.0/8"]

[[numbers]]
number = "31850001001"
scheme = 1

[[numbers]]
number = "31850001002"
scheme = 1

[[accounts]]
login = "215"
password = "a-password"

[[accounts]]
login = "desk"
password = "a-password"

[[trunks]]
name = "carrier"
host = "192.0.2.9"

[[dial_plan_webhooks]]
name = "hook"
url_template = "{url}"
{more}

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ask_dial_plan = "hook"
{branches}
"""
DESTINATION = """
[[schemes.steps.success]]
ring_destination = true
timeout = 20

[[schemes.steps.failed]]
ring = ["desk"]
"""
NAMED = """
[[schemes.steps.success]]
ring = ["desk"]
caller_name = "webhook"

[[schemes.steps.failed]]
hang_up = 480
"""
COMPANY_BOTH = f"""
[[schemes.steps.success]]
ring = ["{COMPANY}"]

[[schemes.steps.failed]]
ring = ["{COMPANY}"]
"""


Query = dict[str, str]


class Web:
    """One endpoint, what it answers to a query, and the projects that ask it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.answer: Callable[[Query], bytes] = lambda _: b"status=ACK"
        self.content_type = "text/plain"
        endpoint.answer = lambda _: reply(self.answer(self.asked()), content_type=self.content_type)

    @property
    def requests(self) -> list[Received]:
        return self.endpoint.ledger.requests

    def asked(self) -> Query:
        """Return the query of the last request."""
        query = urlsplit(self.requests[-1].target).query
        return {name: value[0] for name, value in parse_qs(query, keep_blank_values=True).items()}

    def call(self, template: str, branches: str, more: str = "", **script: Any) -> CallSimulation:
        """Let somebody call a number whose scheme asks this endpoint."""
        url = self.endpoint.url(template)
        text = SHOP.replace("{url}", url).replace("{more}", more).replace("{branches}", branches)
        project = read_project(text)
        assert isinstance(project, Project), project
        told = Script(**({"caller": CALLER, "callee": OURS} | script))
        return run(simulate_call(ProjectSnapshot(project), told, now=1000.0, product="UA"))


@pytest.fixture
def web() -> Iterator[Web]:
    with Endpoint(lambda _: reply()) as endpoint:
        yield Web(endpoint)


def rung(made: CallSimulation) -> list[str]:
    assert made.call is not None
    return [str(leg.target) for leg in made.call.called_legs]


def happenings(made: CallSimulation) -> list[EntryKind]:
    return [entry.kind for entry in made.journal]


@pytest.mark.row("R5-01", "R5-02", "S-22")
def test_the_endpoint_says_where_the_call_goes(web: Web) -> None:
    web.answer = lambda _: b"status=ACK&destination=%2B31502102544"
    made = web.call("/route?callerid={callerid}", DESTINATION)
    assert rung(made) == [VIP]
    assert [request.method for request in web.requests] == ["GET"]


@pytest.mark.row("R5-44", "S-20")
def test_a_crm_gets_both_numbers_and_returns_the_name(web: Web) -> None:
    web.answer = lambda _: b"status=ACK&callername=VoysPartners"
    made = web.call("/lookup?caller={callerid}&called={did}", NAMED)
    assert web.asked() == {"caller": CALLER, "called": f"+{OURS}"}
    assert rung(made) == ["desk"]
    assert made.call is not None
    assert made.call.asks.caller_name == "VoysPartners"

    web.call("/lookup?caller={callerid}&called={did}", NAMED, caller="")
    assert web.asked() == {"caller": "", "called": f"+{OURS}"}


@pytest.mark.row("R5-45", "S-21")
def test_the_crm_is_asked_before_any_phone_rings(web: Web) -> None:
    made = web.call("/card?caller={callerid}", NAMED)
    order = [h for h in happenings(made) if h in {EntryKind.ANSWER, EntryKind.DIALLED}]
    assert order == [EntryKind.ANSWER, EntryKind.DIALLED]
    assert len(web.requests) == 1


@pytest.mark.row("R5-47", "S-22")
@pytest.mark.parametrize(("caller", "expected"), [(CALLER, "215"), ("+31600000000", "desk")])
def test_calls_are_routed_by_the_callers_number(web: Web, caller: str, expected: str) -> None:
    known = b"status=ACK&destination=215"
    web.answer = lambda query: known if query["c"] == CALLER else b"status=NAK"
    assert rung(web.call("/?c={callerid}", DESTINATION, caller=caller)) == [expected]


@pytest.mark.row("R5-48", "S-23")
@pytest.mark.parametrize(("callee", "expected"), [(OURS, "desk"), (SALES, "215")])
def test_calls_are_routed_by_the_called_number(web: Web, callee: str, expected: str) -> None:
    sales = b"status=ACK&destination=215"
    web.answer = lambda query: sales if query["d"] == f"+{SALES}" else b"status=NAK"
    assert rung(web.call("/?d={did}", DESTINATION, callee=callee)) == [expected]


@pytest.mark.row("R5-17", "R5-49", "R5-54", "S-24", "S-25")
@pytest.mark.parametrize(
    ("digits", "expected", "codes"),
    [
        (("4711#",), ["215"], ["4711"]),
        (("1111#", "4711#"), ["215"], ["1111", "4711"]),
        (("1111#", "2222#", "3333#"), ["desk"], ["1111", "2222", "3333"]),
    ],
)
def test_a_pin_opens_the_line_to_those_who_have_it(
    web: Web, digits: tuple[str, ...], expected: list[str], codes: list[str]
) -> None:
    right = b"status=ACK&destination=215"
    web.answer = lambda query: right if query["code"] == "4711" else b"status=NAK"
    made = web.call("/?code={code}", DESTINATION, "use_ivr = true\nattempts = 3", digits=digits)
    assert rung(made) == expected
    assert [request.target.partition("code=")[2] for request in web.requests] == codes


PAGE = b"""<html><script src="/more.js">document.title = "hit"</script>
<img src="/pixel.gif"><meta http-equiv="refresh" content="0;url=/next"></html>"""


@pytest.mark.row("R5-51", "R5-52", "S-28")
@pytest.mark.parametrize("answer", [PAGE, b"", b"status=ACK", b"status=ERR"])
def test_a_tracking_page_is_fetched_once_and_the_call_goes_on(web: Web, answer: bytes) -> None:
    web.content_type = "text/html"
    web.answer = lambda _: answer
    made = web.call("/hit?did={did}", COMPANY_BOTH)
    assert rung(made) == [COMPANY]
    assert [request.target for request in web.requests] == [f"/hit?did=%2B{OURS}"]


MISSED = """
[project]
id = "shop"
name = "Shop"
country = "NL"
time_zone = "Europe/Amsterdam"

[[numbers]]
number = "31850001001"
scheme = 1

[[accounts]]
login = "desk"
password = "a-password"

[[trunks]]
name = "carrier"
host = "192.0.2.9"

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ring = ["desk"]

[[events]]
name = "chat"
event = "incoming.after"
filter = { outcomes = ["missed"] }

[[events.webhooks]]
url = "https://chat.example/hook"
format = "raw"
body = '{"text":"Missed call from {{Caller ID}} to {{destination_id:e164}} at {{Date}}"}'

[[events]]
name = "missed"
event = "incoming.after"
filter = { outcomes = ["missed"] }

[[events.mails]]
to = ["desk@example.com"]
subject = "Missed call from {{Caller ID}}"
"""


@pytest.mark.row("S-30", "R5-53")
@pytest.mark.parametrize(
    ("desk", "outcome", "told"), [("rings", "missed", 1), ("answers", "answered", 0)]
)
def test_a_missed_call_is_told_to_a_chat_and_by_mail(desk: str, outcome: str, told: int) -> None:
    project = read_project(MISSED)
    assert isinstance(project, Project), project
    script = Script(caller=CALLER, callee=OURS, phones={"desk": desk})
    now = datetime(2024, 5, 1, 8, 0, tzinfo=UTC).timestamp()
    made = run(simulate_call(ProjectSnapshot(project), script, now=now, product="UA"))
    assert made.call is not None
    assert made.call.outcome == outcome

    posts = [d.request.body for d in made.deliveries if isinstance(d.request, HttpRequest)]
    assert (
        posts
        == [b'{"text":"Missed call from +31612345678 to +31850001001 at 2024-05-01 10:00:00"}']
        * told
    )
    mails = [d.request for d in made.deliveries if isinstance(d.request, Mail)]
    assert [mail.recipient for mail in mails] == ["desk@example.com"] * told
    for mail in mails:
        headers, text = read_mail(mail.message)
        assert dict(headers)["Subject"] == "Missed call from +31612345678"
        assert text == (
            "Caller: +31612345678\nCalled number: 31850001001\n"
            "Date and time: 2024-05-01 10:00:00\nStatus: NO ANSWER\n"
        )
