"""A project file says what is sent, and exactly that goes over the wire when a call is asked about (S-05…S-11)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from switchhook.app.application import build
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.subscribers import Subscribers
from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.domain.tracking.caller_history import Caller, ShownNumber, Visit
from switchhook.projectfile.file import read_project
from switchhook.routing.admission import OfferedCall
from switchhook.routing.commands import RingLeg
from switchhook.routing.events import LegAnswered
from switchhook.settings import Settings
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.clock import MonotonicClock
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.switchboard import Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tracking.memory import Memory
from tests.support.wire import Endpoint, Received, reply
from tests.webhooks.samples import ARRIVED, VISIT, written

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from contextlib import AsyncExitStack

    from switchhook.domain.call import Call
    from switchhook.drivers.ports import CallHandler
    from switchhook.routing.commands import PhoneCommand

    Story = Callable[["House"], Coroutine[Any, Any, None]]

NUMBER = "380443334455"
FILE = """
[project]
id = "0000"
name = "Shop"
country = "UA"
time_zone = "Europe/Kyiv"
allowed_networks = ["127.0.0.0/8"]

[[accounts]]
login = "1111"
password = "reception-1111"
name = "Иван Иванов"
department = "Отдел продаж"

[[trunks]]
name = "carrier"
host = "127.0.0.1"

[[numbers]]
number = "380442223344"
scheme = 1

[[forwarding_numbers]]
name = "asked"
user_agent = "UA"
keep_alive = false
@SAYS@

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
ask = "asked"

[[schemes.steps]]
ring = ["1111"]

[[schemes]]
id = 26076
name = "Support"

[[schemes.steps]]
ring = ["1111"]
"""


class SampleClock(MonotonicClock):
    """Set to the moment of the vendor's sample."""

    def __init__(self) -> None:
        super().__init__()
        self._offset = ARRIVED - self._loop.time()


@dataclass
class Side:
    """Telephones that ring and are neither answered nor refused."""

    rung: dict[str, list[str]] = field(default_factory=dict)
    ringing: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(
        self, stack: AsyncExitStack, handler: CallHandler, directory: Callable[[], ProjectDirectory]
    ) -> None:
        """Nobody calls by himself."""

    async def resume(self, calls: Sequence[Call]) -> dict[str, frozenset[str]]:
        """Nothing is left of before."""
        return {call.id: frozenset() for call in calls}

    def recorded(self, _: Call) -> None:
        """Nothing is recorded."""

    async def stop(self) -> None:
        """Nobody is called."""

    def carry_out(self, call: Call, command: PhoneCommand) -> None:
        """Write down what rings."""
        if isinstance(command, RingLeg):
            self.rung.setdefault(call.id, []).append(str(command.target.value))
            self.ringing.set()


@dataclass
class House:
    """The running switchboard, its memory, and what it rang."""

    board: Switchboard
    driver: Side
    store: SqliteStore
    memory: Memory

    async def call(self, *, caller: str = "380441112233", talk: bool = False) -> list[str]:
        """Place a call, wait until something rings, end it, and say what rang."""
        self.driver.ringing.clear()
        offered = OfferedCall(
            caller=caller,
            caller_name="",
            callee="380442223344",
            trunk="carrier",
            project="0000",
        )
        call = self.board.arrived(offered)
        assert isinstance(call, str)
        await asyncio.wait_for(self.driver.ringing.wait(), 10)
        if talk:
            self.board.handle(call, LegAnswered(leg="b1"))
            await asyncio.sleep(0.05)
        self.board.hang_up(call, by="the test")
        await asyncio.wait_for(self.board.idle(), 10)
        return self.driver.rung[call]

    async def notices(self) -> list[str]:
        """Return what the journal of the latest call says of tries."""
        (latest,) = await self.store.calls(limit=1)
        entries = await self.store.journal(latest.id)
        return [entry.text for entry in entries if entry.kind == "notice"]


def run(says: str, story: Story, memory: Memory | None = None) -> None:
    """Run a switchboard whose one forwarding number is set up as a project file says."""

    async def scenario() -> None:
        project = read_project(FILE.replace("@SAYS@", says))
        assert isinstance(project, Project), str(project)
        directory, known = ProjectDirectory([ProjectSnapshot(project)]), memory or Memory()
        store, sender, driver = await SqliteStore.open(None), Sender(), Side()
        settings = Settings(data_dir=Path("/nowhere"))
        app = build(
            settings,
            store,
            directory,
            sender,
            known,
            delivery_sender=sender,
            subscribers=Subscribers(),
        )
        ids = iter(("3333333333.3333333", *(f"3333333333.{n}" for n in range(1, 99))))
        board = Switchboard(
            driver=driver,
            store=store,
            dispatcher=app.dispatcher,
            webhook_asker=WebhookAsker(app.asks, "UA", facts_of=known.facts_of),
            clock=SampleClock(),
            directory=lambda: directory,
            new_id=lambda: next(ids),
            outbox=OutboxContext(product="UA", facts_of=known.facts_of),
            tracking=known,
        )
        try:
            await story(House(board, driver, store, known))
        finally:
            await sender.close()
            await store.close()

    asyncio.run(scenario())


def answering(body: str = f'{{"dst_phone":"{NUMBER}"}}') -> Callable[[Received], bytes]:
    return lambda _: reply(body)


def body_of(request: Received) -> dict[str, str]:
    made = json.loads(request.body)
    assert isinstance(made, dict)
    return made


SAMPLE = """{"caller":"380441112233","callee":"380442223344","date":"2018-08-13 11:11:11","type":"in",\
"callnum":"1","source":"ringostat","medium":"support","campaign":"webhook_number","term":"test",\
"content":"simple_webhook_number_test","record":"3333333333.3333333","useruuid":"1479099944.1534841744",\
"userip":"10.10.10.10","callroute":"webhookNumber:90","uniquefirst":"1","lastpage":"ringostat.com/\
?utm_source=ringostat&utm_medium=support&utm_campaign=hook_number&utm_term=test","landing":\
"ringostat.com/?utm_source=ringostat&utm_medium=support&utm_campaign=hook_number&utm_term=test",\
"replacetype":"dynamic","gaid":"UA-11111111-1","fullnum":"+380441112233","ivrnum":"","callid":\
"3333333333.3333333","custom":"http://ringostat.com/?utm_source=ringostat&utm_medium=support\
&utm_campaign=hook_number&utm_term=test","roistat":"17541","employee_fio":"Иван Иванов","department":\
"Отдел продаж","proper_flag":"0","repeated_flag":"0","staffid":"1111","outbound_number":"380671234567",\
"useragent":"Mozilla/5.0 (Linux; Android 8.0.0; LND-L29 Build/HONORLND-L29; wv) AppleWebKit/537.36 \
(KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.45 Mobile Safari/537.36","project_id":"0000",\
"add_num_id":"","E164":"+380441112233","agent_id":"1111","recording_wav":""}"""
"""The vendor's payload, with what nobody knows before a call: no IVR came before, nothing is recorded,
and `empty_flags_as_zero` stand for the flags [A-16, A-19]."""
OF_VISIT = (
    *("source", "medium", "campaign", "keyword", "content", "google_analytics_id", "visitor_ip"),
    *("last_page", "landing_page", "google_analytics_resource_id", "custom", "roistat_visit_id"),
    "user_agent",
)


def known() -> Memory:
    """Return what is known of the sample's visitor, whom a manager called once."""
    attributes = tuple((name, VISIT[name]) for name in OF_VISIT)
    return Memory(
        callers=[
            Caller(
                project="0000",
                number="380441112233",
                manager="1111",
                outbound_number="380671234567",
            )
        ],
        visits=[
            Visit(project="0000", id="v", attributes=(*attributes, ("insertion_type", "dynamic")))
        ],
        shown=[ShownNumber(project="0000", number="380442223344", visit="v", until=ARRIVED + 60)],
    )


@pytest.mark.row("S-05", "R1-87", "R1-120", "R3-16", "A-05", "A-13", "A-16")
def test_the_vendors_sample_is_posted_whole() -> None:
    with Endpoint(answering()) as web:
        says = f"""
url = "{web.url("/hook")}"
submission = "json"
template = "ringostat-sample"
empty_flags_as_zero = true
ring_timeout = 90
"""

        async def story(house: House) -> None:
            assert await house.call() == [NUMBER]

        run(says, story, known())
        (request,) = web.ledger.requests
        expected = written(
            f"""
            POST /hook HTTP/1.1
            Host: {web.authority}
            Origin: {web.authority}
            User-Agent: UA
            Content-Type: application/json
            Content-Length: {len(SAMPLE.encode())}
            Connection: close
            """,
            SAMPLE,
        )

        assert request.raw == expected
        assert len(body_of(request)) == 36


@pytest.mark.row("S-05", "R1-50", "R1-64", "R1-76", "R1-81", "A-15")
def test_the_second_call_knows_of_the_first() -> None:
    with Endpoint(answering('{"dst_phone":"1111"}')) as web:
        says = f'url = "{web.url("/hook")}"\nsubmission = "json"\ntemplate = "ringostat-sample"'

        async def story(house: House) -> None:
            assert await house.call(talk=True) == ["1111"]
            await house.call(caller="380441112299")
            await house.call(caller="+380 44 111 22 33")

        run(says, story)
        first, other, second = (body_of(request) for request in web.ledger.requests)

        names = ("callnum", "uniquefirst", "employee_fio", "agent_id", "department", "source")
        assert [first[name] for name in names] == ["1", "1", "", "", "", ""]
        assert [other[name] for name in names] == ["1", "1", "", "", "", ""]
        assert [second[name] for name in names] == [
            *("2", "0", "Иван Иванов", "1111", "Отдел продаж", "")
        ]


@pytest.mark.row("S-08", "R1-15", "R1-18", "R1-22")
@pytest.mark.parametrize(
    ("answer", "rings"),
    [
        ('{"jsonrpc":"2.0","result":{"dst_phone":"380443334455"},"id":"@"}', NUMBER),
        ('{"jsonrpc":"2.0","result":"380443334455","id":"@"}', NUMBER),
        ('{"jsonrpc":"2.0","result":{"schema":26076},"id":"@"}', "1111"),
        ('{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"@"}', "1111"),
        ('{"jsonrpc":"2.0","result":"380443334455","id":"another"}', "1111"),
    ],
)
def test_json_rpc_asks_and_is_answered(answer: str, rings: str) -> None:
    def say(request: Received) -> bytes:
        return reply(answer.replace("@", body_of(request)["id"]))

    with Endpoint(say) as web:
        says = f"""
url = "{web.url("/rpc")}"
submission = "json-rpc"
import = "json-rpc"
rpc_method = "Route.find"
parameters = [{{ name = "caller", value = "caller_id" }}, {{ name = "callee", value = "destination_id" }}]
"""

        async def story(house: House) -> None:
            assert await house.call() == [rings]

        run(says, story)
        (request,) = web.ledger.requests
        body = (
            '{"jsonrpc":"2.0","method":"Route.find","params":{"caller":"380441112233",'
            f'"callee":"380442223344"}},"id":"{body_of(request)["id"]}"}}'
        )
        expected = written(
            f"""
            POST /rpc HTTP/1.1
            Host: {web.authority}
            Origin: {web.authority}
            User-Agent: UA
            Content-Type: application/json
            Content-Length: {len(body)}
            Connection: close
            """,
            body,
        )

        assert request.raw == expected


FULL = f'{{"dst_phone":"{NUMBER}"}}'


@pytest.mark.row("S-09", "S-10", "S-11", "R1-11", "R1-12", "R1-37", "R1-38", "A-01")
@pytest.mark.parametrize(
    ("says", "lines", "body"),
    [
        (
            """
url = "@/r?key=abc"
parameters = [
  { name = "campaign", value = "campaign" },
  { name = "city", value = "custom:city" },
  { name = "shop", value = "constant:shop-1" },
]
""",
            ["GET /r?key=abc&campaign=webhook_number&city=%D0%9A%D0%B8%D1%97%D0%B2&shop=shop-1"],
            "",
        ),
        (
            """
url = "@/calls/{ID Call}"
method = "PUT"
parameters = [{ name = "caller", value = "caller_id" }]
""",
            [
                "PUT /calls/3333333333.3333333",
                "Content-Type: application/x-www-form-urlencoded",
                "Content-Length: 19",
            ],
            "caller=380441112233",
        ),
        (
            """
url = "@/calls/{call_id}"
method = "DELETE"
parameters = [{ name = "caller", value = "caller_id" }]
""",
            ["DELETE /calls/3333333333.3333333?caller=380441112233"],
            "",
        ),
        (
            """
url = "@/r"
place = "headers"
parameters = [
  { name = "caller", value = "caller_id" },
  { name = "employee_fio", value = "responsible_manager" },
]
""",
            [
                "GET /r",
                "caller: 380441112233",
                "employee_fio: %D0%98%D0%B2%D0%B0%D0%BD%20%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2",
            ],
            "",
        ),
        (
            """
url = "@/r#ct=500&rc=1"
token = "t0ken"
headers = [{ name = "Auth-Key", value = "k1" }]
""",
            ["GET /r", "Auth-Key: k1", "Authorization: Bearer t0ken"],
            "",
        ),
    ],
    ids=["query", "put", "delete", "headers", "token"],
)
def test_what_the_file_says_goes_over_the_wire(says: str, lines: list[str], body: str) -> None:
    memory = known()
    visit = memory.visit("0000", "v")
    assert visit is not None
    memory.put_visit(
        Visit(project="0000", id="v", attributes=(*visit.attributes, ("custom:city", "Київ")))
    )
    with Endpoint(answering()) as web:

        async def story(house: House) -> None:
            assert await house.call() == [NUMBER]

        run(says.replace("@", web.url("").rstrip("/")), story, memory)
        (request,) = web.ledger.requests
        first, *others = lines
        head = [f"{first} HTTP/1.1", f"Host: {web.authority}", f"Origin: {web.authority}"]
        expected = [*head, "User-Agent: UA", *others, "Connection: close"]

        assert request.lines == expected
        assert request.body.decode() == body


def test_a_broken_endpoint_is_left_alone_and_the_fallback_told_why() -> None:
    with Endpoint(lambda _: reply(status="503 Service Unavailable")) as broken:
        with Endpoint(answering()) as backup:
            says = f"""
url = "{broken.url("/r?key=s3cret")}"
fallback_url = "{backup.url("/b?own=1")}"
breaker_failures = 2
retries = 1
retry_on = ["5xx"]
"""
            told: list[list[str]] = []

            async def story(house: House) -> None:
                for _ in range(3):
                    assert await house.call() == [NUMBER]
                    told.append(await house.notices())

            run(says, story)

        assert len(broken.ledger.requests) == 4, "two calls with two tries; the third went by"
        failed = broken.url("/r").replace(":", "%3A").replace("/", "%2F")
        targets = [request.target for request in backup.ledger.requests]
        assert targets == [
            f"/b?own=1&error_code={code}&error_url={failed}"
            for code in ("503", "503", "breaker_open")
        ]
        assert [len(lines) for lines in told] == [2, 2, 1]
        assert "the endpoint answered 503" in told[0][0]
        assert "failed too often lately" in told[2][0]
        assert "s3cret" not in str(told)
