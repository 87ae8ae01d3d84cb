"""The parts work together: what is applied is taken over, what is old goes, what was begun is ended."""

from __future__ import annotations

import asyncio
import gc
import socket
import sqlite3
import time
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from switchhook.app import application
from switchhook.app.application import Application, new_call_id, open_application, settle
from switchhook.delivery.policy import MAIL_POLICY
from switchhook.domain.access.token import Scope
from switchhook.domain.call import (
    CALLER,
    Call,
    CallerId,
    CallState,
    Direction,
    Leg,
    LegState,
    SchemePosition,
)
from switchhook.domain.cause import EndedBy, Outcome
from switchhook.domain.delivery_policy import DeliveryPolicy
from switchhook.domain.failure import FailureKind
from switchhook.domain.project import Project, ProjectSnapshot
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.hang_up import hang_up
from switchhook.operations.project_versions import export_project
from switchhook.operations.projects import Applied, apply_project
from switchhook.operations.subscriptions import subscribe
from switchhook.operations.tokens import create_token
from switchhook.routing.admission import OfferedCall
from switchhook.settings import Settings
from switchhook.storage.records import CallRecord, DeliveryFilter, StoreError
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.former import make_former
from tests.support.loop import run
from tests.support.promises import delivery, mail, record
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from switchhook.domain.event import Subscription

DOCUMENT = """
[project]
id = "acme"
name = "Acme"

[[numbers]]
number = "380442223344"
scheme = 1

[[schemes]]
id = 1
name = "Main"

[[schemes.steps]]
hang_up = 486
"""


def settings(tmp_path: Path, sip_port: int = 0) -> Settings:
    return Settings(data_dir=tmp_path, sip_port=sip_port, web_host="")


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)


def ringing(version: int) -> Call:
    snapshot = ProjectSnapshot(Project(id="acme", name="Acme", version=version))
    caller = Leg(id=CALLER, target=None, state=LegState.DIALLING, started_at=0.0)
    return Call(
        id="c1",
        snapshot=snapshot,
        direction=Direction.INCOMING,
        caller=CallerId(number="380441112233"),
        callee="380442223344",
        arrived_at=0.0,
        state=CallState.RINGING,
        position=SchemePosition(scheme=1),
        legs=(caller,),
        wake_at=60.0,
    )


def test_a_project_that_is_applied_while_it_runs_is_taken_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_application(settings(tmp_path)) as app:
            assert app.directory.snapshots == {}
            assert app.sip_port > 0
            await app.store.save_project("acme", DOCUMENT)
            await until(lambda: app.directory.number("380442223344") is not None)
            await app.store.save_project("broken", "this is no project file")
            await app.store.save_project("acme", DOCUMENT.replace("Acme", "Acme Ltd"))
            await until(lambda: app.directory.snapshots["acme"].project.version == 2)
            assert app.directory.snapshots["acme"].project.name == "Acme Ltd"
            assert list(app.directory.snapshots) == ["acme"]

    run(scenario())


TOLD = """
[[events]]
name = "crm"
event = "incoming.after"

[[events.webhooks]]
url = "http://127.0.0.1/"
retries = 3
"""


@pytest.mark.row("R2-04", "A-23")
def test_a_delivery_is_tried_as_often_as_its_webhook_says_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time with the same bytes; once where the webhook or its project is gone."""
    monkeypatch.setattr(DeliveryPolicy, "pause", lambda _self, _attempts: 0.01)
    document = DOCUMENT.replace('"Acme"', '"Acme"\nallowed_networks = ["127.0.0.0/8"]')
    heard: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"}"))
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        version = await store.save_project("acme", document + TOLD)
        await store.close()
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with server, open_application(settings(tmp_path)) as app:
            for seq, name in enumerate(("crm", "gone"), 1):
                promised = delivery("c1", seq, webhook=name, project="acme", url=url)
                await app.store.commit(CallRecord(call=ringing(version), deliveries=(promised,)))
                app.dispatcher.dispatch(promised)
            await app.dispatcher.drain()
            assert app.policies.policy_of(delivery("c1", project="nobody")) == DeliveryPolicy()
            assert app.policies.policy_of(mail()) is MAIL_POLICY
            assert len(await app.store.attempts("c1.1.crm")) == 4
            assert len(await app.store.attempts("c1.2.gone")) == 1

    run(scenario())
    assert len(heard) == 5
    assert len(set(heard)) == 1


@pytest.mark.row("FT-01", "R2-03", "R2-04")
def test_a_webhook_that_says_no_more_counts_200_alone_and_is_tried_once(tmp_path: Path) -> None:
    statuses = iter(("201 Created", "503 Busy"))

    async def scenario() -> None:
        url = endpoint.url("/")
        told = TOLD.replace("retries = 3\n", "").replace("http://127.0.0.1/", url)
        async with granted(tmp_path, told) as app:
            snapshot = app.directory.snapshots["acme"]
            (webhook,) = snapshot.project.event_webhooks
            assert (webhook.policy.success_codes, webhook.policy.most_retries) == ((200,), 0)
            for seq in (1, 2):
                codes = webhook.policy.success_codes
                promised = delivery(
                    "c1", seq, webhook="crm", project="acme", url=url, success_codes=codes
                )
                call = ringing(snapshot.project.version)
                await app.store.commit(CallRecord(call=call, deliveries=(promised,)))
                app.dispatcher.dispatch(promised)
            await app.dispatcher.drain()
            made = [await app.store.attempts(f"c1.{seq}.crm") for seq in (1, 2)]
        assert [[one.status for one in tries] for tries in made] == [[201], [503]]
        assert all(one.failure is not None and one.is_last for tries in made for one in tries)

    with Endpoint(lambda _: reply(status=next(statuses))) as endpoint:
        run(scenario())


MAIL = """
[[events]]
name = "missed"
event = "incoming.after"

[[events.mails]]
to = ["desk@example.com"]
subject = "Missed call"
"""


@pytest.mark.parametrize(("host", "warnings"), [("", 2), ("mail.example", 0)])
def test_a_project_that_mails_without_a_mail_server_is_told_of(
    tmp_path: Path, host: str, warnings: int
) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        await store.save_project("acme", DOCUMENT + MAIL)
        await store.close()
        chosen = replace(settings(tmp_path), smtp_host=host)
        async with open_application(chosen) as app:
            await app.store.save_project("acme", DOCUMENT.replace("Acme", "Acme Ltd") + MAIL)
            await until(lambda: app.directory.snapshots["acme"].project.version == 2)

    with capture_logs() as logs:
        run(scenario())
    told = [line for line in logs if line["event"] == "mail disabled"]
    assert [line["project"] for line in told] == ["acme"] * warnings


def test_what_a_former_version_promised_is_carried_as_it_was(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / DATABASE
        settled, waiting = (
            delivery(call, project="acme", url=endpoint.url("/in?key=1")) for call in ("c1", "c2")
        )
        acme = ProjectSnapshot(Project(id="acme", name="Acme", version=1))
        make_former(path, within=acme, settled=(settled,), waiting=(waiting,))
        async with granted(tmp_path) as app:
            await app.dispatcher.drain()
            rows = await app.store.deliveries()
        assert [row.delivery for row in rows] == [waiting, settled]
        assert [row.state for row in rows] == ["delivered", "delivered"]

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario())
    (heard,) = endpoint.ledger.requests
    assert heard.raw.startswith(b"POST /in?key=1 HTTP/1.1\r\nHost: crm.example\r\n")


def test_a_project_that_cannot_be_unsealed_keeps_nobody_from_being_served(tmp_path: Path) -> None:
    other = DOCUMENT.replace("acme", "house").replace("380442223344", "380442223355")

    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        version = await store.save_project("acme", DOCUMENT)
        await store.commit(CallRecord(call=ringing(version)))
        await store.save_project("house", other)
        await store.close()
        with closing(sqlite3.connect(tmp_path / DATABASE)) as connection, connection:
            connection.execute("UPDATE projects SET sealed = x'01' WHERE project = 'acme'")
        async with open_application(settings(tmp_path)) as app:
            assert list(app.directory.snapshots) == ["house"]
            assert app.switchboard.calls == ()
            with pytest.raises(StoreError, match="apply its project file again"):
                await export_project(app.store, "acme")
            for _ in range(3):
                await app.projects.refresh()
            applied = await apply_project(app.store, DOCUMENT)
            assert isinstance(applied, Applied)
            assert applied.version == 2
            await until(lambda: app.directory.number("380442223344") is not None)

    with capture_logs() as logs:
        run(scenario())
    said = [line for line in logs if line["log_level"] == "error"]
    assert [line["event"] for line in said] == [
        "project not loaded",
        "project version not loaded",
        "call not resumed",
        "project not applied",
        "project not loaded",  # as whoever applies a file is told of others' too
    ]
    assert "version 1 of project 'acme' cannot be decrypted" in said[0]["error"]
    assert said[0]["error"].endswith("apply its project file again")


# Subscriptions


@asynccontextmanager
async def granted(tmp_path: Path, more: str = "") -> AsyncIterator[Application]:
    """Run with a project whose endpoints may be here, and with `more` in its file."""
    store = await SqliteStore.open(tmp_path / DATABASE)
    here = 'name = "Acme"\nallowed_networks = ["127.0.0.0/8"]'
    await store.save_project("acme", DOCUMENT.replace('name = "Acme"', here) + more)
    await store.close()
    async with open_application(settings(tmp_path)) as app:
        yield app


async def subscribed(app: Application, endpoint: Endpoint) -> Subscription:
    return await subscribe(
        app.store,
        app.subscribers,
        project="acme",
        user="u",
        target_url=endpoint.url("/h"),
        event="custom",
        now=1.0,
    )


async def promised(app: Application, to: Subscription, *calls: str) -> None:
    """Make promises to a subscriber durable, as calls' steps do."""
    for call in calls:
        made = delivery(call, webhook=to.webhook, project="acme", url=to.target_url)
        over = replace(ringing(1), id=call, state=CallState.ENDED, ended_at=4e9)
        await app.store.commit(record(over, made))


def test_a_subscription_that_another_process_removed_is_told_nothing_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with granted(tmp_path) as app:
            made, stays = await subscribed(app, endpoint), await subscribed(app, endpoint)
            other = await SqliteStore.open(tmp_path / DATABASE)
            await other.delete_subscription("acme", made.number)
            await other.close()
            await until(lambda: app.subscribers.of("acme") == (stays,))
            await promised(app, made, "c1")
            app.dispatcher.dispatch(*await app.store.pending_deliveries())
            await app.dispatcher.drain()
            (row,) = await app.store.deliveries(DeliveryFilter(state="unsubscribed"))
            assert row.latest is not None
            assert row.latest.failure is not None
            assert row.latest.failure.kind is FailureKind.UNSUBSCRIBED

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario())
    assert endpoint.ledger.requests == []


@pytest.mark.row("FD-02")
def test_a_call_that_another_process_wants_ended_is_ended(tmp_path: Path) -> None:
    trunk = '[[trunks]]\nname = "carrier"\nhost = "127.0.0.1"\nport = 9\n'
    rings = DOCUMENT.replace("hang_up = 486", 'ring = ["380501112233"]\ntimeout = 60') + trunk

    async def scenario() -> None:
        async with open_application(settings(tmp_path)) as app:
            await app.store.save_project("acme", rings)
            await until(lambda: app.directory.number("380442223344") is not None)
            offered = OfferedCall(
                caller="380441112233", caller_name="", callee="380442223344", project="acme"
            )
            call = app.switchboard.arrived(offered)
            assert isinstance(call, str)
            await until(lambda: app.switchboard.calls[0].state is CallState.RINGING)
            other = await SqliteStore.open(tmp_path / DATABASE)
            row = await hang_up(other, call, by="an operator", patience=5.0)
            await other.close()
            assert (row.outcome, row.ended_by) == (Outcome.CANCELLED, EndedBy.SYSTEM)
            assert row.cause is not None
            assert row.cause.text == "ended by an operator"
            while await app.store.hang_ups():  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.01)

    run(scenario())


def test_an_endpoint_that_is_gone_ends_its_subscription_for_good(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with granted(tmp_path) as app:
            made = await subscribed(app, gone)
            await promised(app, made, "c1")
            app.dispatcher.dispatch(*await app.store.pending_deliveries())
            await app.dispatcher.drain()
            assert app.subscribers.of("acme") == ()
        async with granted(tmp_path) as app:
            assert app.subscribers.of("acme") == ()

    with Endpoint(lambda _: reply(status="410 Gone")) as gone, capture_logs() as logs:
        run(scenario())
    assert len(gone.ledger.requests) == 1
    (line,) = [line for line in logs if line["event"] == "subscription ended"]
    assert (line["project"], line["subscription"]) == ("acme", 1)
    assert "/h" not in str(line)


def test_after_a_restart_subscribers_are_told_and_former_ones_are_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with granted(tmp_path) as app:
            former, stays = await subscribed(app, endpoint), await subscribed(app, endpoint)
            await promised(app, former, "c1", "c2")
            await promised(app, stays, "c3")
            await app.store.delete_subscription("acme", former.number)
        async with granted(tmp_path) as app:
            assert app.subscribers.of("acme") == (stays,)
            await app.dispatcher.drain()
            assert await app.store.pending_deliveries() == ()
            assert len(await app.store.deliveries(DeliveryFilter(state="unsubscribed"))) == 2

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario())
    assert len(endpoint.ledger.requests) == 1


def test_what_is_applied_over_http_is_taken_over_when_the_answer_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(3600.0)

    monkeypatch.setattr(application, "follow", never)

    async def scenario() -> None:
        with_web = Settings(data_dir=tmp_path, sip_port=0, web_port=0)
        async with open_application(with_web) as app:
            await apply_project(app.store, DOCUMENT)
            made = await create_token(
                app.store,
                app.store.tokens,
                project="acme",
                user="u",
                scope=Scope.PROJECT,
                now=time.time(),
            )
            assert app.directory.snapshots == {}
            body = DOCUMENT.replace("Acme", "Acme Ltd").encode()
            reader, writer = await asyncio.open_connection("127.0.0.1", app.web_port)
            head = f"Authorization: Bearer {made.key}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(f"PUT /api/projects/acme HTTP/1.0\r\n{head}".encode() + body)
            answer = await reader.read()
            writer.close()
            assert answer.startswith(b"HTTP/1.1 200 "), answer
            assert app.directory.snapshots["acme"].project.name == "Acme Ltd"

    run(scenario())


def test_looks_at_the_same_time_leave_the_latest_version(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_application(settings(tmp_path)) as app:
            for version in range(1, 6):
                name = f"Acme {version}"
                await app.store.save_project("acme", DOCUMENT.replace("Acme", name))
                await asyncio.gather(*(app.projects.refresh() for _ in range(3)))
                assert app.directory.snapshots["acme"].project.name == name

    run(scenario())


def test_a_call_of_a_former_process_ends_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        version = await store.save_project("acme", DOCUMENT)
        await store.commit(CallRecord(call=ringing(version)))
        await store.close()
        async with open_application(settings(tmp_path)) as app:
            await app.switchboard.idle()
            row = await app.store.call("c1")
        assert row is not None
        assert (row.outcome, row.ended_by) == (Outcome.FAILED, EndedBy.SYSTEM)

    run(scenario())


def test_a_version_that_cannot_be_read_keeps_nobody_from_starting(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = await SqliteStore.open(tmp_path / DATABASE)
        version = await store.save_project("acme", "this is no project file")
        await store.commit(CallRecord(call=ringing(version)))
        await store.close()
        async with open_application(settings(tmp_path)) as app:
            assert app.switchboard.calls == ()

    run(scenario())


def test_an_address_that_is_taken_is_an_os_error(tmp_path: Path) -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            busy = settings(tmp_path, sip_port=taken.getsockname()[1])
            with pytest.raises(OSError, match="in use"):
                async with open_application(busy):
                    pass

    run(scenario())


def test_no_two_calls_have_the_same_id() -> None:
    made = {new_call_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(call.count(".") == 1 and call.replace(".", "").isdigit() for call in made)


def test_no_collection_looks_at_what_start_up_made() -> None:
    try:
        settle()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 1_000
    finally:
        gc.unfreeze()
