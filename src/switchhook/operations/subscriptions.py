"""Operations on subscriptions: subscribe, list, unsubscribe (T-31)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from switchhook.domain.credentials import NO_CREDENTIALS, Credentials
from switchhook.domain.event import Subscription
from switchhook.domain.notification_options import NO_OPTIONS, NotificationOptions
from switchhook.webhooks.dialects.call_notification import EVERY, NotificationStatus
from switchhook.webhooks.url import no_placeholder, parse_url

if TYPE_CHECKING:
    from switchhook.domain.project import ProjectSnapshot
    from switchhook.operations.ports import SubscriptionMemory
    from switchhook.storage.ports import Subscriptions

MAX_URL_LENGTH: Final = 2000
"""Characters."""
MAX_SUBSCRIPTIONS: Final = 100
"""Subscriptions of one project: each is told of each of its calls."""
EVENTS: Final = (EVERY, *NotificationStatus)


MAX_CHOSEN: Final = 100
"""Numbers or accounts that a subscription names."""
MAX_NAME_LENGTH: Final = 100
"""Characters of each."""

SubscriptionField: TypeAlias = Literal["target_url", "event", "numbers", "accounts"]
"""What a program sends, and may be at fault."""


class SubscriptionError(ValueError):
    """A subscription cannot be taken. The message says why, and what to do."""

    def __init__(self, field: SubscriptionField, message: str) -> None:
        super().__init__(message)
        self.field = field
        """Which of the things that a program sends is at fault."""


async def subscribe(
    store: Subscriptions,
    memory: SubscriptionMemory,
    *,
    project: str,
    user: str,
    target_url: str,
    event: str,
    now: float,
    internal: bool = True,
    options: NotificationOptions = NO_OPTIONS,
    credentials: Credentials = NO_CREDENTIALS,
    snapshot: ProjectSnapshot | None = None,
) -> Subscription:
    """Tell a URL of each call of a project from now on, those between accounts too if `internal`.

    `now` is in unix seconds; each notification proves itself with the `credentials`. `snapshot` is what calls of the
    project follow, whose numbers and accounts the options may name; None: no project was applied.

    The same URL may be subscribed again, under another number. Raises SubscriptionError, StoreError.
    """
    _check_url(target_url)
    if event not in EVENTS:
        raise SubscriptionError(
            "event", f"there is no event of this name: choose one of {', '.join(EVENTS)}"
        )
    _check_names("numbers", options.numbers)
    _check_names("accounts", options.accounts)
    _check_known(options, snapshot)
    asked = Subscription(
        project=project,
        user=user,
        target_url=target_url,
        event=str(event),
        created_at=now,
        internal=internal,
        options=NO_OPTIONS if options == NO_OPTIONS else options,
        credentials=credentials,
    )
    subscription = await store.add_subscription(asked, most=MAX_SUBSCRIPTIONS)
    if subscription is None:
        raise SubscriptionError(
            "target_url",
            f"the project has {MAX_SUBSCRIPTIONS} subscriptions, the most there may be: remove one",
        )
    memory.add(subscription)
    return subscription


async def unsubscribe(
    store: Subscriptions, memory: SubscriptionMemory, *, project: str, number: int
) -> Subscription | None:
    """Delete one of a project's subscriptions; only deliveries in flight may still arrive.

    Returns the deleted subscription, or None. Raises StoreError.
    """
    removed = await store.delete_subscription(project, number)
    if removed is not None:
        memory.remove(number)
    return removed


async def subscriptions(store: Subscriptions, *, project: str | None) -> tuple[Subscription, ...]:
    """Return one project's subscriptions, or everybody's, oldest first. Raises StoreError."""
    return await store.subscriptions(project=project)


def _check_names(field: SubscriptionField, names: tuple[str, ...]) -> None:
    if len(names) > MAX_CHOSEN:
        raise SubscriptionError(field, f"more than {MAX_CHOSEN} are named: leave some out")
    if any(not name.isprintable() or not 0 < len(name) <= MAX_NAME_LENGTH for name in names):
        raise SubscriptionError(
            field, f"each is one line of 1 to {MAX_NAME_LENGTH} characters, without a line break"
        )


def _check_known(options: NotificationOptions, snapshot: ProjectSnapshot | None) -> None:
    """Refuse what no call of the project can have: the subscriber would wait for ever."""
    for number in options.numbers:
        if snapshot is None or snapshot.number(number) is None:
            raise SubscriptionError("numbers", f"{number} is no number of this project")
    for login in options.accounts:
        if snapshot is None or login not in snapshot.accounts:
            raise SubscriptionError(
                "accounts", f"{login} is the login of no account of this project"
            )


def _check_url(target_url: str) -> None:
    if len(target_url) > MAX_URL_LENGTH:
        raise SubscriptionError(
            "target_url", f"the URL is longer than {MAX_URL_LENGTH} characters: shorten it"
        )
    if not target_url.isprintable():
        raise SubscriptionError("target_url", "the URL holds unprintable characters")
    try:
        parse_url(target_url, no_placeholder)
    except ValueError as error:
        raise SubscriptionError("target_url", str(error)) from None
