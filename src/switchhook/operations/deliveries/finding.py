"""Reads what deliveries are to be found by, for every door: a state, a webhook, an event, a call, a time, an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from switchhook.operations.calls.finding import WrongFilterError
from switchhook.operations.history import BadMomentError, parse_moment
from switchhook.storage.records import DeliveryFilter, DeliveryList

if TYPE_CHECKING:
    from collections.abc import Mapping

DELIVERY_FILTER_KEYS: Final = ("state", "webhook", "event", "call", "since", "until", "text")
DELIVERY_LISTS: Final[tuple[DeliveryList, ...]] = get_args(DeliveryList)


def read_delivery_filter(
    given: Mapping[str, str], *, project: str, now: float, state: DeliveryList = "unchecked"
) -> DeliveryFilter:
    """Read what is given under DELIVERY_FILTER_KEYS; empty texts are not given, and `state` is the usual one.

    Raises WrongFilterError.
    """
    texts = {name: text.strip() for name, text in given.items() if text.strip()}
    if unknown := texts.keys() - set(DELIVERY_FILTER_KEYS):
        raise WrongFilterError(
            min(unknown), f"there is no such filter; there are {', '.join(DELIVERY_FILTER_KEYS)}"
        )
    wanted = texts.get("state", state)
    if wanted not in DELIVERY_LISTS:
        raise WrongFilterError("state", f"choose of {', '.join(DELIVERY_LISTS)}")
    return DeliveryFilter(
        state=wanted,
        project=project,
        webhook=texts.get("webhook"),
        event=texts.get("event"),
        call=texts.get("call"),
        since=_moment(texts, "since", now),
        until=_moment(texts, "until", now),
        text=texts.get("text"),
    )


def _moment(texts: Mapping[str, str], name: str, now: float) -> float | None:
    if name not in texts:
        return None
    try:
        return parse_moment(texts[name], now)
    except BadMomentError as error:
        raise WrongFilterError(name, str(error)) from None
