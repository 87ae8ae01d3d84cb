"""The way to others: names, connections and TLS of endpoints and trunks, and the mail server."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import TYPE_CHECKING, Final

from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.delivery.authenticating import identity_of
from switchhook.delivery.http.dialler import Dialler
from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.origin import Origin
from switchhook.delivery.http.resolver import Resolver, look_up
from switchhook.delivery.limits import HttpLimits
from switchhook.delivery.mailer import Mailer
from switchhook.domain.failure import FailureKind
from switchhook.projectfile.warnings.project import endpoints
from switchhook.tryout.checkup.result import doubtful, good, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.delivery.http.connection import Connection
    from switchhook.domain.project import Project
    from switchhook.projectfile.warnings.project import ProjectEndpoint
    from switchhook.settings import Settings
    from switchhook.tryout.checkup.result import CheckResult

SECONDS: Final = 10.0
"""For one endpoint, with its look-up, or for the mail server."""
AT_ONCE: Final = 16
DAY: Final = 86_400.0
SOON_DAYS: Final = 14
"""Before a certificate expires; those of Let's Encrypt are renewed thirty days before."""
_NAMES: Final = frozenset({FailureKind.DNS, FailureKind.DNS_TIMEOUT})
_TLS: Final = frozenset({FailureKind.TLS, FailureKind.TLS_TIMEOUT})


async def reach_endpoints(
    settings: Settings,
    projects: Iterable[Project],
    *,
    now: float,
    tls: ssl.SSLContext | None = None,
) -> list[CheckResult]:
    """Connect to each endpoint, with TLS where its URL says so, and send nothing. No address that is closed is reached."""
    clock = time.monotonic
    http = HttpLimits()
    dialler = Dialler(
        resolver=Resolver(http, clock, None),
        tls=tls,
        limits=http,
        clock=clock,
        own_ports=frozenset({settings.sip_port, settings.web_port}),
        on_lost=lambda _: None,
        proxy=settings.proxy,
    )
    turns = asyncio.Semaphore(AT_ONCE)

    async def reach(project: Project, endpoint: ProjectEndpoint) -> CheckResult:
        identity = identity_of(endpoint.credentials)
        networks = AllowedNetworks.parse(project.allowed_networks)
        async with turns:
            try:
                origin = Origin.parse(endpoint.origin)
                connection, _ = await dialler.dial(
                    origin, networks, until=clock() + SECONDS, identity=identity
                )
            except ExchangeError as error:
                return _unreached(project, endpoint, error)
            try:
                return _reached(project, endpoint, connection, now)
            finally:
                connection.abort()

    wanted = {
        (project.id, one.origin, identity_of(one.credentials).key): (project, one)
        for project in projects
        for one in endpoints(project)
    }
    try:
        return list(await asyncio.gather(*(reach(*one) for one in wanted.values())))
    finally:
        dialler.close()


def _unreached(project: Project, endpoint: ProjectEndpoint, error: ExchangeError) -> CheckResult:
    kind = error.failure.kind
    check = "dns" if kind in _NAMES else "tls" if kind in _TLS else "endpoints"
    said, _, advice = error.failure.detail.partition(". ")
    who = f"project {project.id}, {endpoint.who}: {said.rstrip('.')}"
    return wrong(check, who, advice or "`switchhook docs failures` says whose fault it is")


def _reached(
    project: Project, endpoint: ProjectEndpoint, connection: Connection, now: float
) -> CheckResult:
    who = f"project {project.id}, {endpoint.who}: {connection.where}"
    secure = connection.ssl_object
    if secure is None:
        return good("endpoints", f"{who} takes connections")
    certificate = secure.getpeercert() or {}
    ends = str(certificate.get("notAfter", ""))
    days = (ssl.cert_time_to_seconds(ends) - now) / DAY if ends else SOON_DAYS + 1.0
    if days < SOON_DAYS:
        advice = "its owner has to renew it: events and asks fail from that moment on"
        return doubtful("tls", f"{who}: its certificate expires in {days:.0f} days", advice)
    return good("tls", f"{who} speaks {secure.version()}, and its certificate is good")


async def resolve_trunks(projects: Iterable[Project]) -> list[CheckResult]:
    """Look up the name of each trunk."""
    wanted = {(project.id, trunk.name): trunk for project in projects for trunk in project.trunks}

    async def resolve(project: str, name: str, host: str, port: int) -> CheckResult:
        who = f"project {project}, trunk {name!r}: {host}"
        try:
            found = await asyncio.wait_for(look_up(host, port), SECONDS)
        except TimeoutError:
            return wrong("dns", f"{who} was not resolved in time", "check this machine's DNS")
        except (OSError, UnicodeError):
            advice = "check the trunk's host, and this machine's DNS; a name of SRV records alone needs the extra srv"
            return wrong("dns", f"{who} has no address", advice)
        return good("dns", f"{who} is {found[0][4][0]}")

    return list(
        await asyncio.gather(
            *(resolve(*key, trunk.host, trunk.sip_port) for key, trunk in wanted.items())
        )
    )


async def greet_mail_server(
    settings: Settings, projects: Iterable[Project], *, tls: ssl.SSLContext | None = None
) -> list[CheckResult]:
    """Connect to the mail server and log in, and send nothing."""
    server = settings.mail_server
    if not server.host:
        told = [event.name for project in projects for event in project.events if event.mails]
        if not told:
            return []
        text = f"event {told[0]!r} sends mail, and there is no mail server"
        return [wrong("mail", text, "set smtp_host, and what goes with it")]
    failure = await Mailer(server, tls=tls).greet(settings.mail_from, deadline=SECONDS)
    if failure is None:
        return [good("mail", f"{server.where} takes mail from here")]
    said, _, advice = failure.detail.partition(". ")
    return [wrong("mail", said.rstrip("."), advice or "check the settings smtp_…")]
