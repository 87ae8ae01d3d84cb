"""Puts it all together: the only file that knows every package."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
from contextlib import AsyncExitStack, asynccontextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import structlog

from switchhook import __version__
from switchhook.api.listening import listen
from switchhook.delivery.courier import Courier
from switchhook.delivery.grants import Grants
from switchhook.delivery.http.concurrency import Concurrency
from switchhook.delivery.http.sender import Sender
from switchhook.delivery.ladder import REDIRECTS
from switchhook.delivery.mailer import Mailer
from switchhook.delivery.policy import order_of, policy_of
from switchhook.delivery.subscribers import Subscribers
from switchhook.drivers.embedded.driver import EmbeddedSide
from switchhook.drivers.embedded.studio import Sounding
from switchhook.operations.data_dir import DATABASE
from switchhook.operations.sounds import RECORDINGS, SoundFiles, delete_recordings, missing_sounds
from switchhook.operations.subscriptions import unsubscribe
from switchhook.operations.trunks import write_states
from switchhook.projectfile.loading import load_book, load_plan
from switchhook.settings import port_range
from switchhook.storage.records import StoreError
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.switchboard.asking import Asking
from switchhook.switchboard.clock import LoopClock
from switchhook.switchboard.composing import Teller
from switchhook.switchboard.switchboard import Switchboard
from switchhook.tasks import spawn
from switchhook.tracking.memory import MOST_CALLERS, MOST_VISITS, Memory
from switchhook.tracking.outside import OutsideBook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from switchhook.api.server import WebServer
    from switchhook.delivery.policy import RetryPolicy
    from switchhook.domain.book import Book
    from switchhook.domain.call import Call
    from switchhook.domain.event import Subscription
    from switchhook.domain.project import Plan
    from switchhook.settings import Settings
    from switchhook.storage.ports import Store, TrackingStore
    from switchhook.storage.records import StoredProject
    from switchhook.webhooks.delivery import Delivery
    from switchhook.webhooks.http import Exchange, HttpRequest

log = structlog.get_logger(__name__)

PRODUCT = f"switchhook HTTP Client v{__version__}"
"""The User-Agent of everything we send (R3-22)."""
DAY = 86_400.0
PRUNE = 3_600.0
"""Seconds between looks for calls that have been kept long enough."""
WATCH_PROJECTS = 1.0
"""Seconds between looks for a newly applied project file, and for subscriptions that were removed."""


class Application:
    """A running Switchhook."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        book: Book,
        sender: Sender,
        memory: Memory,
        *,
        carrying: Sender,
        subscribers: Subscribers,
        outside: OutsideBook | None = None,
    ) -> None:
        """Put it together. `sender` asks, and `carrying` brings deliveries.

        They share nothing: deliveries go where anybody subscribed them to, and names that nobody
        resolves would take every look-up, and with it all asks, for as long.
        """
        self.settings = settings
        self.store = store
        self.book = book
        self.sender = sender
        self.memory = memory
        self.subscribers = subscribers
        self.web_port = 0
        """Where the HTTP API is served; 0 where it is not."""
        self._looking = asyncio.Lock()
        self._refused: set[tuple[str, int]] = set()
        """Versions that could not be taken over; said once, and not at every look."""
        self.courier = Courier(
            carrying,
            store,
            clock=time.time,
            grants_of=self.grants_of,
            mailer=Mailer(settings.mail_server),
            policy_of=self.policy_of,
            order_of=self.order_of,
            addressees=self,
        )
        subscribers.when_removed(lambda one: self.courier.forget(one.project, one.webhook))
        self.sounds = SoundFiles(settings.data_dir)
        self.side = EmbeddedSide(
            host=settings.sip_host,
            port=settings.sip_port,
            registrations=store,
            ended=store,
            sounds=self.sounds,
            trunks_changed=lambda states: write_states(settings.data_dir, states),
            sounding=Sounding(
                ports=port_range(settings.rtp_ports),
                silence=settings.rtp_timeout,
                recordings=settings.data_dir / RECORDINGS,
            ),
        )
        self.switchboard = Switchboard(
            side=self.side,
            store=store,
            courier=self.courier,
            asking=Asking(self, PRODUCT, facts_of=memory.facts_of),
            clock=LoopClock(),
            book=lambda: self.book,
            new_id=new_call_id,
            teller=Teller(
                product=PRODUCT,
                facts_of=memory.facts_of,
                mail_from=settings.mail_from,
                subscriptions_of=subscribers.of,
            ),
            max_calls=settings.max_calls,
            known=memory,
            outside=outside,
        )

    @property
    def sip_address(self) -> str:
        """Where telephones and trunks reach us."""
        return self.settings.sip_host

    @property
    def sip_port(self) -> int:
        """The port there, over UDP and TCP; the real one where the setting is 0."""
        return self.side.port

    def grants_of(self, project: str) -> Grants:
        """Return the private networks that a project's webhooks may reach."""
        plan = self.book.plans.get(project)
        return _grants(() if plan is None else plan.project.allowed_networks)

    def policy_of(self, delivery: Delivery) -> RetryPolicy:
        """Return how often a delivery is tried again, as its project says now."""
        return policy_of(delivery, self.book.plans.get(delivery.project))

    def order_of(self, delivery: Delivery) -> str:
        """Return which others of its call a delivery keeps its order with, as its project says now."""
        return order_of(delivery, self.book.plans.get(delivery.project))

    async def ask(
        self,
        call: Call,
        request: HttpRequest,
        *,
        deadline: float,
        connect: float | None = None,
        response: float | None = None,
    ) -> Exchange:
        """Put a request to an endpoint of the call's project (the switchboard's Asker)."""
        return await self.sender.exchange(
            request,
            deadline=deadline,
            grants=_grants(call.plan.project.allowed_networks),
            keep_alive=("Connection", "close") not in request.headers,
            idempotent=True,
            follow=REDIRECTS,
            connect=connect,
            response=response,
            warm=True,
        )

    def wants(self, delivery: Delivery) -> bool:
        """Say whether a delivery may still be sent (the courier's Addressees)."""
        return self.subscribers.wants(delivery)

    def gone(self, delivery: Delivery) -> None:
        """End the subscription whose endpoint says that it is gone; nothing more is sent there."""
        subscription = self.subscribers.addressee(delivery)
        if subscription is None:
            return
        log.info(
            "subscription ended: its endpoint answered 410 Gone",
            project=subscription.project,
            subscription=subscription.number,
        )
        self.subscribers.remove(subscription.number)
        spawn(self._unsubscribe(subscription), name=f"end {subscription.webhook}")

    async def _unsubscribe(self, subscription: Subscription) -> None:
        project, number = subscription.project, subscription.number
        try:
            await unsubscribe(self.store, self.subscribers, project=project, number=number)
        except StoreError as error:  # its endpoint will say so again after a restart
            log.error("subscription not deleted", subscription=number, error=str(error))  # noqa: TRY400 - the reader needs no traceback

    async def watch_subscriptions(self) -> None:
        """Honour the removal of subscriptions by another process."""
        while True:
            await asyncio.sleep(WATCH_PROJECTS)
            known = self.subscribers.numbers
            try:
                there = await self.store.subscription_numbers()
            except StoreError as error:
                log.error("subscriptions not read", error=str(error))  # noqa: TRY400 - the reader needs no traceback
                continue
            for number in known - there:
                log.info("subscription removed", subscription=number)
                self.subscribers.remove(number)

    async def watch_hang_ups(self) -> None:
        """End calls that an operator wants ended, in whichever process they said so."""
        while True:
            await asyncio.sleep(WATCH_PROJECTS)
            try:
                await self.hang_up_wanted()
            except StoreError as error:
                log.error("hang-ups not read", error=str(error))  # noqa: TRY400 - the reader needs no traceback

    async def hang_up_wanted(self) -> None:
        """Ask for each call's end until it runs no more, then forget the wish. Raises StoreError."""
        for wanted in await self.store.hang_ups():
            if not self.switchboard.hang_up(wanted.call, by=wanted.by, project=wanted.project):
                await self.store.delete_hang_up(wanted)

    async def watch_projects(self) -> None:
        """Take over project files that are applied while we run; running calls keep their version."""
        while True:
            await asyncio.sleep(WATCH_PROJECTS)
            try:
                await self.take_over_projects()
            except StoreError as error:
                log.error("projects not read", error=str(error))  # noqa: TRY400 - the reader needs no traceback

    async def take_over_projects(self) -> None:
        """Let the next call follow the latest version of its project. Raises StoreError."""
        async with self._looking:  # two at once could put an older version in place of a newer one
            for project, version in (await self.store.project_versions()).items():
                known = self.book.plans.get(project)
                is_known = known is not None and known.project.version == version
                if is_known or (project, version) in self._refused:
                    continue
                stored = await self.store.project(project, version)
                if stored is not None:
                    await self._take_over(stored)

    async def prune(self) -> None:
        """Delete what is older than the settings say, now and every hour."""
        while True:
            before = time.time() - self.settings.keep_days * DAY
            try:
                deleted = await self.store.prune(before=before)
                await self.store.forget(before=before)
            except StoreError as error:
                log.error("old calls not deleted", error=str(error))  # noqa: TRY400 - the reader needs no traceback
            else:
                self.memory.forget(before=before)
                log.debug("old calls deleted", count=deleted)
            await asyncio.to_thread(delete_recordings, self.settings.data_dir, before=before)
            await asyncio.sleep(PRUNE)

    async def _take_over(self, stored: StoredProject) -> None:
        try:
            plan = await asyncio.to_thread(load_plan, stored, [self.settings.sip_host])
        except LookupError as error:
            self._refused.add((stored.id, stored.version))
            log.error("project not taken over", project=stored.id, error=str(error))  # noqa: TRY400 - the reader needs no traceback
        else:
            self.book = self.book.replace(plan)
            log.info("project taken over", project=stored.id, version=stored.version)
            self.prepare_sounds(stored.id)
            self.look_for_mail_server(stored.id)

    def look_for_mail_server(self, project: str) -> None:
        """Tell the log of a project that tells people by mail, where no mail is sent."""
        if self.book.plans[project].project.event_mails and not self.settings.smtp_host:
            log.warning("no mail is sent: smtp_host is not set", project=project)

    def prepare_sounds(self, project: str) -> None:
        """Convert, aside, what the project plays, so that no call waits for it."""
        work = asyncio.to_thread(self.sounds.prepare, self.book.plans[project].project)
        spawn(work, name=f"prepare sounds of {project}")


@lru_cache(maxsize=1024)
def _grants(allowed_networks: tuple[str, ...]) -> Grants:
    return Grants.parse(allowed_networks)


def new_call_id() -> str:
    """Return an id that no other call has, in the shape that receivers know: `<seconds>.<digits>`."""
    return f"{int(time.time())}.{secrets.randbelow(10**12):012d}"


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Run Switchhook until the context is left.

    Raises OSError when an address cannot be bound (CannotListenError where it is that of the HTTP API),
    StoreError when the database cannot be opened.
    """
    async with AsyncExitStack() as stack:
        web = listen(settings.web_host, settings.web_port) if settings.web_host else None
        if web is not None:
            stack.callback(web.close)
        store = await SqliteStore.open(settings.data_dir / DATABASE)
        stack.push_async_callback(store.close)
        own_ports = frozenset({settings.sip_port} | ({web.getsockname()[1]} if web else set()))
        concurrency = Concurrency()
        sender, carrying = (Sender(own_ports=own_ports, concurrency=concurrency) for _ in range(2))
        for one in (sender, carrying):
            stack.push_async_callback(one.close)
        app = Application(
            settings,
            store,
            await load_book(store, [settings.sip_host]),
            sender,
            await load_memory(store),
            carrying=carrying,
            subscribers=Subscribers(await store.subscriptions()),
            outside=OutsideBook(await store.outside_use(since=time.time() - DAY)),
        )
        api = None if web is None else _api(app)
        await app.courier.start(stack, await store.pending_deliveries())
        await app.switchboard.start(stack, await _plans_of_live_calls(store, settings.sip_host))
        stack.push_async_callback(app.switchboard.stop)
        for project in app.book.plans:
            app.prepare_sounds(project)
            app.look_for_mail_server(project)
        for work, name in (
            (app.watch_projects(), "watch projects"),
            (app.watch_subscriptions(), "watch subscriptions"),
            (app.watch_hang_ups(), "watch hang-ups"),
            (app.prune(), "prune"),
        ):
            stack.push_async_callback(_stop, spawn(work, name=name))
        if web is not None and api is not None:
            await api.serve(web, stack)
            app.web_port = web.getsockname()[1]
        yield app


def _api(app: Application) -> WebServer:
    """Make the HTTP API, before calls come: its libraries take a quarter of a second to load."""
    from switchhook.api.behind import Behind  # noqa: PLC0415 (only where it is served)
    from switchhook.api.door import door  # noqa: PLC0415 (only where it is served)
    from switchhook.api.server import WebServer  # noqa: PLC0415 (only where it is served)

    return WebServer(
        door(
            Behind(
                store=app.store,
                tokens=app.store.tokens,
                memory=app.subscribers,
                clock=time.time,
                applied=app.take_over_projects,
                hang_up=app.switchboard.hang_up,
                missing_sounds=partial(missing_sounds, app.settings.data_dir),
            )
        )
    )


def settle() -> None:
    """Take what start-up made out of the garbage collector's sight, since all of it is there to stay.

    A full collection holds the GIL as long as it looks at everything: some 30 ms for our modules alone,
    in which no packet of anybody's sound is sent.
    """
    gc.collect()
    gc.freeze()


async def load_memory(store: TrackingStore) -> Memory:
    """Return what is known of callers and visitors, as it was stored."""
    return Memory(
        callers=await store.callers(limit=MOST_CALLERS),
        visits=await store.visits(limit=MOST_VISITS),
        shown=await store.shown_numbers(limit=MOST_VISITS),
        calls=await store.visits_of_live_calls(),
    )


async def _plans_of_live_calls(store: Store, own_host: str) -> Callable[[str, int], Plan]:
    """Return a look-up of the versions that calls of a former process hold on to."""
    plans: dict[tuple[str, int], Plan] = {}
    for key in await store.plans_of_live_calls():
        stored = await store.project(*key)
        if stored is None:
            continue
        try:
            plans[key] = load_plan(stored, [own_host])
        except LookupError as error:
            log.error("project version not loaded", key=key, error=str(error))  # noqa: TRY400 - the reader needs no traceback
    return lambda project, version: plans[project, version]


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
