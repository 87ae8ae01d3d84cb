"""The telephones that are registered with the built-in SIP engine, as the running or last server stored them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from switchhook.drivers.embedded.registrations import from_text

if TYPE_CHECKING:
    from switchhook.sip.ua.registrar import Binding
    from switchhook.storage.ports import AllRegistrations

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPhone:
    """One telephone of an account. Times are unix time in seconds."""

    project: str
    account: str
    contact: str
    address: str
    """Where it registered from, `host:port`."""
    transport: str
    user_agent: str
    """Its User-Agent; may be empty."""
    expires_at: float


async def list_phones(
    store: AllRegistrations, *, now: float, project: str | None = None
) -> tuple[RegisteredPhone, ...]:
    """Return the telephones whose time is not over, by project and account. Raises StoreError."""
    found: list[RegisteredPhone] = []
    for owner, account, text in sorted(await store.all_registrations()):
        if project not in {None, owner} or not text:
            continue
        try:
            bindings = from_text(text, 0.0)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("registration not read", project=owner, account=account, error=str(error))
            continue
        live = [binding for binding in bindings if binding.expires_at > now]
        found += [_phone(owner, account, binding) for binding in live]
    return tuple(found)


def _phone(project: str, account: str, binding: Binding) -> RegisteredPhone:
    transport, _, address = str(binding.source).partition(":")
    return RegisteredPhone(
        project=project,
        account=account,
        contact=str(binding.contact.uri),
        address=address,
        transport=transport,
        user_agent=binding.user_agent,
        expires_at=binding.expires_at,
    )
