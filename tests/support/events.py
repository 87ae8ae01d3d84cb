"""Events of one action, with the keys of their webhook side by side as the project file has them."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any

from switchhook.domain.event import (
    FORMATS,
    NO_FILTER,
    EventFilter,
    EventFormat,
    EventMail,
    EventWebhook,
    ProjectEvent,
)
from switchhook.projectfile.toml.tables import Variants

if TYPE_CHECKING:
    from switchhook.domain.event import EventKind

_OF_FORMATS = {one.name for kind in FORMATS.values() for one in dataclass_fields(kind)}


def make_webhook(
    *,
    format: EventFormat = EventFormat.JSON,  # noqa: A002 (the key's name)
    **keys: Any,
) -> EventWebhook:
    """Make an event webhook; `fields`, `body` and the like go to its format."""
    own = {name: keys.pop(name) for name in _OF_FORMATS if name in keys}
    made: Any = Variants(key="format", of=FORMATS)(name=format, **own)
    return EventWebhook(format=made, **keys)


def web_event(
    *,
    name: str,
    event: EventKind,
    filter: EventFilter = NO_FILTER,  # noqa: A002 (the key's name)
    **keys: Any,
) -> ProjectEvent:
    """Make an event that tells one endpoint."""
    webhook = make_webhook(name=name, **keys)
    return ProjectEvent(name=name, event=event, filter=filter, webhooks=(webhook,))


def mail_event(
    *,
    name: str,
    event: EventKind,
    filter: EventFilter = NO_FILTER,  # noqa: A002 (the key's name)
    **keys: Any,
) -> ProjectEvent:
    """Make an event that tells people by mail."""
    mail = EventMail(name=name, **keys)
    return ProjectEvent(name=name, event=event, filter=filter, mails=(mail,))
