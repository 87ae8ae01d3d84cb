"""Wires the parts together, starts them and stops them."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from switchhook.api.listening import listen
from switchhook.api.stream_readers import StreamReaders
from switchhook.app import drivers
from switchhook.app.amendments import Amendments
from switchhook.app.asks import Asks
from switchhook.app.bulk_jobs import BulkJobs
from switchhook.app.captures import CaptureWriter
from switchhook.app.ended_calls import EndedCallReader, LateRequests
from switchhook.app.feed import follow, hang_up_wanted
from switchhook.app.gauges import gauges, watch_loop
from switchhook.app.imports import CallImporter
from switchhook.app.lease import LOOKS, RENEW_EVERY, LeaseKeeper
from switchhook.app.policies import Policies
from switchhook.app.projects import CurrentProjects
from switchhook.app.rehearsals import Rehearsals
from switchhook.app.retention import DAY, prune, trim_recordings
from switchhook.app.subscriptions import SubscriptionEnds
from switchhook.app.traces import CallTraces
from switchhook.app.tracing import call_traces, nobody_follows
from switchhook.app.user_agent import USER_AGENT
from switchhook.delivery.authenticating import AuthenticatingSender
from switchhook.delivery.dispatcher import Dispatcher
from switchhook.delivery.http.concurrency import Concurrency
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.mailer import Mailer
from switchhook.delivery.oauth import AccessTokens, Send
from switchhook.delivery.origin_slots import OriginSlots
from switchhook.delivery.subscribers import Subscribers
from switchhook.drivers.ports import SipDriver
from switchhook.metrics import Metrics
from switchhook.operations import control_socket
from switchhook.operations.control import ControlParts
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.intake.acts import RunningIntake
from switchhook.operations.intake.foreign_events import ForeignEventTeller
from switchhook.operations.intake.imports import ImportParts
from switchhook.operations.recordings import (
    NO_RECORDINGS,
    Recordings,
    recordings_in,
    sound_to_attach,
)
from switchhook.operations.sounds import SoundFiles
from switchhook.operations.tables.files import TableFiles, missing_files
from switchhook.projectfile.loading import load_directory, load_snapshot
from switchhook.settings import Settings
from switchhook.storage.ports import Store
from switchhook.storage.records import MAIN, ChangeKind
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.clock import LoopClock
from switchhook.switchboard.outbox import OutboxContext
from switchhook.switchboard.shadow import ShadowAsks
from switchhook.switchboard.switchboard import Switchboard
from switchhook.switchboard.webhook_asker import WebhookAsker
from switchhook.tasks import keep_running, spawn
from switchhook.tracking.memory import MAX_CALLERS, MAX_VISITS, Memory
from switchhook.tracking.outside_limiter import OutsideCallLimiter
from switchhook.webhooks.mail import MAIL_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping

    from litestar.types import ASGIApp

    from switchhook.api.dependencies import ApiDependencies
    from switchhook.api.exchange.tls import WebCertificate
    from switchhook.api.server import WebServer
    from switchhook.app.drivers import DriverFactory
    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.storage.ports import TrackingStore
    from switchhook.storage.records import TakenOver

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Application:
    """The parts of a running Switchhook."""

    settings: Settings
    store: Store
    projects: CurrentProjects
    ended_calls: EndedCallReader
    memory: Memory
    subscribers: Subscribers
    subscription_ends: SubscriptionEnds
    policies: Policies
    asks: Asks
    webhook_asker: WebhookAsker
    dispatcher: Dispatcher
    driver: SipDriver
    switchboard: Switchboard
    lease: LeaseKeeper
    metrics: Metrics
    recordings: Recordings
    bulk_jobs: BulkJobs
    rehearsals: Rehearsals
    tables: TableFiles
    amendments: Amendments
    traces: CallTraces | None
    """None where none are exported."""
    foreign_events: ForeignEventTeller
    importer: CallImporter
    captures: CaptureWriter
    send_sample: Send
    """Sends a sample to an endpoint, under the address guard."""
    readers: StreamReaders = field(default_factory=StreamReaders)
    """Who follows event streams over the HTTP API."""
    web_port: int = 0
    """Where the HTTP API is served; 0 where it is not."""

    @property
    def directory(self) -> ProjectDirectory:
        """The projects that the next call uses."""
        return self.projects.directory

    @property
    def sip_address(self) -> str:
        """Where telephones and trunks reach us."""
        return self.settings.sip_host

    @property
    def sip_port(self) -> int:
        """The port there, over UDP and TCP; the real one where the setting is 0."""
        return self.driver.port


def build(
    settings: Settings,
    store: Store,
    directory: ProjectDirectory,
    sender: Sender,
    memory: Memory,
    *,
    delivery_sender: Sender,
    subscribers: Subscribers,
    recordings: Recordings = NO_RECORDINGS,
    outside: OutsideCallLimiter | None = None,
    make_driver: DriverFactory = drivers.embedded,
    renew_every: float = RENEW_EVERY,
    looks: int = LOOKS,
    sends: bool = True,
) -> Application:
    """Wire the parts. `sender` asks, and `delivery_sender` sends deliveries, unless nothing `sends` them.

    They share nothing: deliveries go to subscribed hosts, and unresolvable names would occupy every look-up
    that asks need.
    """
    sounds = SoundFiles(settings.data_dir)
    projects = CurrentProjects(
        store,
        directory,
        own_host=settings.sip_host,
        sounds=sounds,
        sends_mail=bool(settings.smtp_host),
    )
    policies = Policies(lambda: projects.directory, subscribers)
    tokens = AccessTokens(sender.exchange, USER_AGENT, store)
    subscription_ends = SubscriptionEnds(store, subscribers)
    origins, metrics = OriginSlots(), Metrics()
    traces = call_traces(
        settings,
        store,
        metrics,
        runs=lambda call, project: app.switchboard.runs(call, project=project),
    )
    ended_calls = EndedCallReader(store, settings.sip_host, projects.latest)
    outbox = OutboxContext(
        product=USER_AGENT,
        facts_of=lambda call: {**memory.facts_of(call), **recordings.links.facts_of(call)},
        mail_from=settings.mail_from,
        subscriptions_of=subscribers.of,
    )
    dispatcher = Dispatcher(
        delivery_sender,
        store,
        clock=time.time,
        networks_of=policies.networks_of,
        mailer=Mailer(settings.mail_server, sound_of=partial(sound_to_attach, recordings)),
        policy_of=policies.policy_of,
        limit_of=policies.limit_of,
        origins=origins,
        warn=partial(policies.warnings, product=USER_AGENT, mail_from=settings.mail_from),
        credentials_of=policies.credentials_of,
        authenticating=AuthenticatingSender(delivery_sender.exchange, tokens, clock=time.time),
        recipients=subscription_ends,
        write_anew=LateRequests(store, ended_calls, outbox).write,
        may_send=lambda: sends and app.lease.is_held,
        metrics=metrics,
        on_settled=nobody_follows if traces is None else traces.settled,
    )
    subscribers.on_removed(lambda one: dispatcher.forget(one.project, one.webhook))
    tables = TableFiles(settings.data_dir, projects.latest)
    captures = CaptureWriter(store)
    driver = make_driver(settings, store, sounds, captures.take)
    asks = Asks(
        sender,
        policies,
        origins,
        AuthenticatingSender(sender.exchange, tokens, clock=time.time),
        tables,
    )
    webhook_asker = WebhookAsker(
        asks,
        USER_AGENT,
        facts_of=memory.facts_of,
        shadows=ShadowAsks(asks, store.shadows.add, metrics=metrics),
    )
    switchboard = Switchboard(
        driver=driver,
        store=store,
        dispatcher=dispatcher,
        webhook_asker=webhook_asker,
        clock=LoopClock(),
        directory=lambda: projects.directory,
        new_id=new_call_id,
        outbox=outbox,
        max_calls=settings.max_calls,
        late_recording=lambda call, late: _keep(app.amendments.add_recording(call, late)),
        tracking=memory,
        outside=outside,
        metrics=metrics,
        on_closed=nobody_follows if traces is None else traces.ended,
    )
    app = Application(
        settings=settings,
        store=store,
        projects=projects,
        ended_calls=ended_calls,
        memory=memory,
        subscribers=subscribers,
        subscription_ends=subscription_ends,
        policies=policies,
        asks=asks,
        webhook_asker=webhook_asker,
        dispatcher=dispatcher,
        driver=driver,
        switchboard=switchboard,
        metrics=metrics,
        recordings=recordings,
        amendments=Amendments(ended_calls, switchboard),
        traces=traces,
        foreign_events=ForeignEventTeller(
            store=store, context=outbox, dispatch=dispatcher.dispatch, visit=memory.visit
        ),
        captures=captures,
        importer=CallImporter(
            ImportParts(store=store, memory=memory, context=outbox, dispatch=dispatcher.dispatch),
            projects.latest,
        ),
        send_sample=delivery_sender.exchange,
        bulk_jobs=BulkJobs(store, dispatcher, clock=time.time, at_hand=projects.latest),
        tables=tables,
        rehearsals=Rehearsals(store.trails, clock=time.time, own_host=settings.sip_host),
        lease=LeaseKeeper(
            store,
            lambda taken: _take_up(app, taken),
            held_again=dispatcher.go_on,
            every=renew_every,
            looks=looks,
        ),
    )
    return app


async def _take_up(app: Application, taken: TakenOver) -> None:
    """Carry on what another node left: end its calls, and make its deliveries."""
    pending, tried = await app.store.pending_deliveries(), await app.store.attempts_of_pending()
    theirs = [one for one in pending if one.id in taken.deliveries]
    app.dispatcher.take_up(theirs, tried)
    await app.bulk_jobs.resume()
    snapshot_of = await _snapshots_of_live_calls(app.store, app.settings.sip_host)
    calls = await app.store.live_calls(snapshot_of)
    await app.switchboard.end_lost([call for call in calls if call.id in taken.calls])
    await app.driver.take_up(taken.accounts)


def _keep(work: Coroutine[None, None, None]) -> None:
    """Add a late recording to its call, beside all else."""
    spawn(work, name="late recording")


def new_call_id() -> str:
    """Return an id that no other call has, in the shape that receivers know: `<seconds>.<digits>`."""
    return f"{int(time.time())}.{secrets.randbelow(10**12):012d}"


@asynccontextmanager
async def open_application(
    settings: Settings,
    *,
    node: str = MAIN,
    database: Path | None = None,
    renew_every: float = RENEW_EVERY,
    looks: int = LOOKS,
    sends: bool = True,
) -> AsyncIterator[Application]:
    """Run Switchhook until the context is left, as a node of this name on a database.

    Without a `database`, the one in the data directory. Where nothing `sends` deliveries, they stay pending.

    Raises OSError when an address cannot be bound (CannotListenError where it is that of the HTTP API),
    StoreError when the database cannot be opened.
    """
    async with AsyncExitStack() as stack:
        certificate = _web_certificate(settings)
        web = listen(settings.web_host, settings.web_port) if settings.web_host else None
        if web is not None:
            stack.callback(web.close)
        commands = stack.enter_context(control_socket.listening(settings.data_dir))
        store = await SqliteStore.open(database or settings.data_dir / DATABASE, node=node)
        stack.push_async_callback(store.close)
        await store.join()
        changes = await store.changes()  # before anything of it is read
        own_ports = frozenset({settings.sip_port} | ({web.getsockname()[1]} if web else set()))
        concurrency = Concurrency()
        proxy = settings.proxy
        sender, delivery_sender = (
            Sender(own_ports=own_ports, concurrency=concurrency, proxy=proxy) for _ in range(2)
        )
        for one in (sender, delivery_sender):
            stack.push_async_callback(one.close)
        app = build(
            settings,
            store,
            await load_directory(store, [settings.sip_host]),
            sender,
            await load_memory(store),
            delivery_sender=delivery_sender,
            subscribers=Subscribers(await store.subscriptions()),
            recordings=recordings_in(
                settings.data_dir,
                base=settings.url_of_links(0 if web is None else web.getsockname()[1]),
                keep_days=settings.keep_days,
            ),
            outside=OutsideCallLimiter(await store.outside_use(since=time.time() - DAY)),
            renew_every=renew_every,
            looks=looks,
            sends=sends,
        )
        if app.traces is not None:
            stack.push_async_callback(app.traces.close)
        control, api = _control_and_api(app, has_api=web is not None, certificate=certificate)
        await app.dispatcher.start(
            stack,
            await store.pending_deliveries(),
            await store.attempts_of_pending(),
            await store.incidents(),
        )
        for incident in app.dispatcher.failing:
            if not app.policies.is_told(incident.project, incident.webhook):
                app.dispatcher.forget_incident(incident)
        stack.push_async_callback(app.bulk_jobs.stop)
        stack.push_async_callback(app.rehearsals.close)
        await app.bulk_jobs.resume()
        await app.switchboard.start(stack, await _snapshots_of_live_calls(store, settings.sip_host))
        stack.push_async_callback(app.switchboard.stop)
        for project in app.directory.snapshots:
            app.projects.prepare(project)
        await hang_up_wanted(store, app.switchboard)
        for work, name in _always_under_way(app, changes):
            stack.push_async_callback(_stop, keep_running(work, name=name))
        if web is not None and api is not None:
            await api.serve(web, stack)
            stack.callback(app.readers.stop)
            app.web_port = web.getsockname()[1]
        await control.serve(commands, stack)
        yield app


def _always_under_way(
    app: Application, since: Mapping[ChangeKind, int]
) -> Iterator[tuple[Callable[[], Coroutine[None, None, None]], str]]:
    """Yield what runs as long as we do, with its name; `since` are the changes before the start."""
    refresh: dict[ChangeKind, Callable[[], Coroutine[None, None, None]]] = {
        ChangeKind.PROJECTS: app.projects.refresh,
        ChangeKind.SUBSCRIPTIONS: app.subscription_ends.refresh,
        ChangeKind.HANG_UPS: partial(hang_up_wanted, app.store, app.switchboard),
    }
    yield partial(follow, app.store, refresh, since), "follow changes"
    yield app.lease.keep, "keep the lease"
    yield partial(watch_loop, app.metrics), "watch the event loop"
    yield app.importer.run, "import calls"
    yield app.tables.watch, "watch tables"
    yield app.captures.run, "store SIP messages"
    if app.traces is not None:
        yield app.traces.run, "export traces"
    yield partial(prune, app.settings, app.store, app.memory), "prune"
    yield (
        partial(trim_recordings, app.settings, app.recordings, lambda: app.directory.snapshots),
        "trim recordings",
    )


def _web_certificate(settings: Settings) -> WebCertificate | None:
    """Return what the HTTP API speaks TLS with; None where it speaks none. Raises CannotListenError."""
    if not settings.web_host or not settings.web_certificate:
        return None
    from switchhook.api.exchange.tls import WebCertificate  # noqa: PLC0415 (only where it is served)

    return WebCertificate(
        Path(settings.web_certificate).expanduser(), Path(settings.web_key).expanduser()
    )


def _control_and_api(
    app: Application, *, has_api: bool, certificate: WebCertificate | None
) -> tuple[WebServer, WebServer | None]:
    """Make what answers the operator's commands, and the HTTP API, before calls come.

    The libraries of the API take a quarter of a second to load.
    """
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: PLC0415 (only where it is served)

    from switchhook.api.control import control_app  # noqa: PLC0415 (only where it is served)
    from switchhook.api.file_reader import read_in_worker  # noqa: PLC0415 (only where it is served)
    from switchhook.api.server import WebServer  # noqa: PLC0415 (only where it is served)

    api, web = _api_and_web(app) if has_api else (None, None)
    parts = ControlParts(
        store=app.store,
        memory=app.subscribers,
        clock=time.time,
        applied=app.projects.refresh,
        missing_sounds=partial(missing_files, app.settings.data_dir),
        reads=read_in_worker,
        sender=app.dispatcher,
        at_hand=app.projects.latest,
        go_on=app.bulk_jobs.start,
        is_server=True,
        calls=app.switchboard,
        recordings=app.recordings,
        data_dir=app.settings.data_dir,
        persons=app.memory,
        intake=RunningIntake(
            foreign_events=app.foreign_events,
            visits=app.memory,
            runs=app.switchboard.runs,
            amend=app.amendments.amend,
            wake_importer=app.importer.wake,
        ),
    )
    control = WebServer(control_app(parts, api), http=HttpToolsProtocol, name="control socket")
    return control, None if web is None else WebServer(web, certificate=certificate)


def _api_and_web(app: Application) -> tuple[ASGIApp, ASGIApp]:
    """Return the HTTP API, and the same with the console beside it."""
    from switchhook.api.asgi import asgi_app  # noqa: PLC0415 (only where it is served)
    from switchhook.console.asgi import console_app, with_console  # noqa: PLC0415 (only where it is served)
    from switchhook.console.dependencies import ConsoleDependencies  # noqa: PLC0415 (only where it is served)

    parts = _api_parts(app)
    api = asgi_app(parts)
    settings = app.settings
    mailer = Mailer(settings.mail_server)
    deps = ConsoleDependencies.of(
        parts,
        post=partial(mailer.post, deadline=MAIL_SECONDS) if settings.smtp_host else None,
        sender=settings.mail_from,
        base=lambda: settings.url_of_links(app.web_port),
    )
    return api, with_console(console_app(deps), api)


def _api_parts(app: Application) -> ApiDependencies:
    from switchhook.api.dependencies import ApiDependencies  # noqa: PLC0415 (only where it is served)

    return ApiDependencies(
        send=app.send_sample,
        sender=app.dispatcher,
        go_on=app.bulk_jobs.start,
        data_dir=app.settings.data_dir,
        rehearsals=app.rehearsals,
        product=USER_AGENT,
        store=app.store,
        trails=app.store.trails,
        shadows=app.store.shadows,
        tokens=app.store.tokens,
        people=app.store.people,
        audit=app.store.audit,
        memory=app.subscribers,
        clock=time.time,
        applied=app.projects.refresh,
        hang_up=app.switchboard.hang_up,
        calls=app.switchboard,
        keyed_requests=app.store.keyed_requests,
        requests_per_minute=app.settings.web_requests_per_minute,
        trusted_proxies=app.settings.proxies_in_front,
        runs=app.switchboard.runs,
        amend=app.amendments.amend,
        visits=app.memory,
        snapshot_of=app.projects.latest,
        keeps_events=app.projects.keeps_events,
        foreign_events=app.foreign_events,
        wake_importer=app.importer.wake,
        readers=app.readers,
        recordings=app.recordings,
        missing_sounds=partial(missing_files, app.settings.data_dir),
        metrics=app.metrics,
        gauges=partial(gauges, app.switchboard, app.dispatcher, app.webhook_asker.runner.breakers),
        metrics_token=app.settings.metrics_token,
    )


def settle() -> None:
    """Take what start-up made out of the garbage collector's sight, since all of it is there to stay.

    A full collection holds the GIL while it looks at everything: some 30 ms for our modules alone, in which no
    RTP packet is sent.
    """
    gc.collect()
    gc.freeze()


async def load_memory(store: TrackingStore) -> Memory:
    """Return what is known of callers and visitors, as it was stored."""
    return Memory(
        callers=await store.callers(limit=MAX_CALLERS),
        visits=await store.visits(limit=MAX_VISITS),
        shown=await store.shown_numbers(limit=MAX_VISITS),
        calls=await store.visits_of_live_calls(),
    )


async def _snapshots_of_live_calls(
    store: Store, own_host: str
) -> Callable[[str, int], ProjectSnapshot]:
    """Return a look-up of the versions that calls of a former process hold on to."""
    snapshots: dict[tuple[str, int], ProjectSnapshot] = {}
    for key in await store.snapshots_of_live_calls():
        stored = await store.project(*key)
        if stored is None:
            continue
        try:
            snapshots[key] = load_snapshot(stored, [own_host])
        except LookupError as error:
            log.error("project version not loaded", key=key, error=str(error))  # noqa: TRY400 - the reader needs no traceback
    return lambda project, version: snapshots[project, version]


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
