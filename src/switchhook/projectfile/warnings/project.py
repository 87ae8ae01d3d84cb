"""Remarks on a valid project."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from switchhook.delivery.address_guard import literal, refusal
from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.delivery_policy import WARNINGS
from switchhook.domain.event import BUILT_IN, Ga4Format
from switchhook.domain.project import ProjectSnapshot
from switchhook.domain.scheme import ring_steps
from switchhook.domain.tracking.call_tracking import CALL_TRACKING, Slot
from switchhook.domain.webhook import table_of
from switchhook.drivers.embedded.invite_guard import why_closed, why_not_called
from switchhook.projectfile.warnings.event import event_warnings
from switchhook.routing.project_numbers import (
    sole_project_number,
    unringable_notice,
    unringable_numbers,
)
from switchhook.sip.wire.transport import DEFAULT_PORT
from switchhook.webhooks.request import effective_method
from switchhook.webhooks.url import no_placeholder, placeholders, url_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.project import Project


def project_warnings(project: Project) -> Iterator[str]:
    """Yield a sentence for each thing that is done otherwise than it was written, or to no purpose.

    The method of a forwarding number that JSON sets (R1-14, R3-16, A-05); an account or group that is
    called like an emergency number; numbers of the project that it rings itself; codes that no
    endpoint gets to judge (R5-11, R5-17); addresses that no webhook and no call may reach, or calls do
    because the operator wrote them; and what there is to say
    of those who are told of events.
    """
    for webhook in project.forwarding_numbers:
        method = effective_method(webhook)
        if method is not webhook.method:
            yield (
                f"forwarding number {webhook.name!r} is asked by {method} (set by JSON),"
                f" not by {webhook.method}"
            )
    names = [(account.login, "account of that login") for account in project.accounts]
    names += [(group.name, "group of that name") for group in project.groups]
    for name, what in names:
        if project.screening.is_emergency(name):
            yield f"who dials {name} reaches the emergency service, not the {what}"
    yield from _project_numbers(project)
    yield from _urls_that_will_not_do(project)
    yield from _calls_that_will_not_go(project)
    yield from event_warnings(project)
    for gate in project.dial_plan_webhooks:
        if table_of(gate.url_template):
            continue
        sends_code = "code" in placeholders(gate.url_template)
        if gate.use_ivr and not sends_code:
            yield (
                f"dial-plan webhook {gate.name!r} has callers enter a code,"
                " but its URL template holds no {code}"
            )
        elif sends_code and not gate.use_ivr:
            yield f"dial-plan webhook {gate.name!r} has no code to send for {{code}}: use_ivr is off"


def _urls_that_will_not_do(project: Project) -> Iterator[str]:
    """Yield what URLs hold that will not do: braces, addresses that the address guard refuses, secrets in clear.

    What names mean is not looked up.
    """
    networks = AllowedNetworks.parse(project.allowed_networks)
    for endpoint in endpoints(project):
        who, url = endpoint.who, endpoint.url
        if "{{" in url:
            yield f"{who} sends braces in its URL: a parameter stands in one pair there, like {{caller_id}}"
        address = urlsplit(endpoint.origin)
        port = address.port or (443 if address.scheme == "https" else 80)
        host = literal(address.hostname or "")
        # Some ports are closed for every address of the name.
        is_named = any(allowed.port == port for allowed in networks.networks)
        reason = refusal(host or _ANY, port, networks) if host or not is_named else ""
        if reason:
            yield f"{who} cannot reach {address.netloc}: {reason}"
        if address.scheme == "http" and not (host and ip_address(host).is_loopback):
            yield from _sent_in_clear(endpoint, address.netloc)


def _sent_in_clear(endpoint: ProjectEndpoint, where: str) -> Iterator[str]:
    """Yield what anybody on the way to an endpoint of plain http reads, and what proves nothing there."""
    if endpoint.secrets:
        yield (
            f"{endpoint.who} sends its {' and '.join(endpoint.secrets)} in clear to {where}:"
            " anybody on the way can read what goes over http; write https where the endpoint has it"
        )
    if endpoint.has_certificate:
        yield f"{endpoint.who} shows no client_certificate to {where}: there is none without https"


_ANY = "1.1.1.1"
"""An address that is open to all, in place of one that a name has."""


def _calls_that_will_not_go(project: Project) -> Iterator[str]:
    """Yield what is opened by being written, and what no call can reach. Names are not looked up."""
    networks = project.allowed_networks
    for trunk in project.trunks:
        address = literal(trunk.host)
        if address and (why := why_not_called(project, address, trunk.sip_port)):
            yield f"trunk {trunk.name!r} cannot reach {trunk.host}:{trunk.sip_port}: {why}"
        elif address and (what := why_closed(trunk.host, trunk.sip_port, networks)):
            closed = what.partition(";")[0]
            yield f"trunk {trunk.name!r} opens {trunk.host}:{trunk.sip_port} to calls, though {closed}"
    for host in project.allowed_sip_hosts:
        if what := why_closed(host, DEFAULT_PORT, networks):
            yield f"allowed_sip_hosts opens {host} to calls, though {what.partition(';')[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEndpoint:
    """A URL of a project that requests go to, and what they hold that nobody else may see."""

    who: str
    url: str
    secrets: tuple[str, ...] = ()
    """The keys of secrets that are sent as they are; one that only signs is not."""
    has_certificate: bool = False
    credentials: Credentials = NO_CREDENTIALS

    @property
    def origin(self) -> str:
        """Scheme, host and port; a URL's placeholders stand behind them."""
        return url_template(self.url, no_placeholder).origin


def endpoints(project: Project) -> Iterator[ProjectEndpoint]:
    """Yield every URL that requests of a project go to."""
    for number in project.forwarding_numbers:
        urls: tuple[str, ...] = (number.url, number.fallback_url, number.shadow_url)
        yield from _of(f"forwarding number {number.name!r}", number.credentials, *urls)
    for gate in project.dial_plan_webhooks:
        urls = (gate.url_template, gate.fallback_url, gate.shadow_url)
        yield from _of(f"dial-plan webhook {gate.name!r}", gate.credentials, *urls)
    for told in project.event_webhooks:
        of_google = ("api_secret",) if isinstance(told.format, Ga4Format) else ()
        yield from _of(f"event webhook {told.name!r}", told.credentials, told.url, more=of_google)
    for streamed in project.stream_webhooks:
        yield from _of(f"stream webhook {streamed.name!r}", streamed.credentials, streamed.url)
    scenario = project.scenario
    for slot in Slot:
        if url := scenario.url(slot):
            yield _sent_to(f"{CALL_TRACKING}'s {slot}_url", scenario.credentials, url)
    if scenario.is_on:
        yield from _asked_for_token(CALL_TRACKING, scenario.credentials)
    if project.google_analytics.is_configured:
        url = project.google_analytics.url
        yield ProjectEndpoint(who=BUILT_IN, url=url, secrets=("api_secret",))
    if project.warnings.url:
        yield from _of(WARNINGS, NO_CREDENTIALS, project.warnings.url)


def _of(
    who: str, credentials: Credentials, *urls: str, more: tuple[str, ...] = ()
) -> Iterator[ProjectEndpoint]:
    """Yield the endpoints of one webhook, the one that gives its access token among them.

    `more` are keys of secrets besides those of the credentials.
    """
    for url in urls:
        if url and not table_of(url):
            yield _sent_to(who, credentials, url, more)
    yield from _asked_for_token(who, credentials)


def _sent_to(
    who: str, credentials: Credentials, url: str, more: tuple[str, ...] = ()
) -> ProjectEndpoint:
    keys = ("password", "token", "oauth", "secret_headers", "url_secret")
    sent = [key for key in keys if getattr(credentials, key)]
    return ProjectEndpoint(
        who=who,
        url=url,
        secrets=(*sent, *more),
        has_certificate=bool(credentials.client_certificate),
        credentials=credentials,
    )


def _asked_for_token(who: str, credentials: Credentials) -> Iterator[ProjectEndpoint]:
    if (oauth := credentials.oauth) is not None:
        keys = ("client_secret", "refresh_token")
        secrets = tuple(key for key in keys if getattr(oauth, key))
        yield ProjectEndpoint(
            who=f"{who}, for its access token,", url=oauth.token_url, secrets=secrets
        )


def _project_numbers(project: Project) -> Iterator[str]:
    """Yield what becomes of the project's numbers among what it rings itself."""
    snapshot = ProjectSnapshot(project)
    places = [
        (f"a ring step of scheme {scheme.id}", step.targets)
        for scheme in project.schemes
        for step in ring_steps(scheme.steps)
    ]
    if project.fallback is not None:
        places.append(("the fallback", (project.fallback,)))
    for place, targets in places:
        if own := sole_project_number(snapshot, targets):
            yield (
                f"{place} names {targets[0]}, a number of this project:"
                f" calls go on with scheme {own.scheme}, and do not leave by the trunk"
            )
        for target in filter(snapshot.is_unassigned, targets):
            yield (
                f"{place} names {target}, which is no account or group of this project:"
                " it is dialled over the trunk"
            )
        for target in unringable_numbers(snapshot, targets):
            yield f"{place} {unringable_notice(target)}"
