"""An editor's sample is what a subscriber gets: the same members, the same kinds, one call throughout."""

from __future__ import annotations

import json
from typing import Any

import pytest

from switchhook.domain.notification_options import NotificationField, NotificationOptions
from switchhook.webhooks.dialects.call_notification import NotificationStatus
from switchhook.webhooks.dialects.call_notification_samples import samples


def read(event: str, **options: Any) -> list[Any]:
    return [json.loads(one) for one in samples(event, NotificationOptions(**options))]


def test_all_statuses_of_one_call_are_shown_in_their_order() -> None:
    shown = read("custom")

    assert [one["status"] for one in shown] == list(NotificationStatus)
    assert len({one["call_id"] for one in shown}) == 1
    targets = [[one["name"] for one in told["destination"]["targets"]] for told in shown]
    assert targets == [[], ["Alice"], ["Alice"], ["Bob"], ["Bob"]]
    assert shown[3]["redirector"]["name"] == "Alice"
    assert shown[4]["reason"] == "completed"


@pytest.mark.parametrize("status", NotificationStatus)
def test_one_status_alone_is_shown(status: NotificationStatus) -> None:
    (shown,) = read(status)

    assert shown["status"] == status
    assert shown["caller"]["name"] == "Anna"


def test_what_is_chosen_is_shown() -> None:
    (shown,) = read("ended", microseconds=True, fields=tuple(NotificationField))

    assert shown["timestamp"] == "2019-07-20T13:38:29.250000+00:00"
    assert (shown["duration"], shown["waiting_time"]) == (42, 8)
    assert shown["recording"]["duration"] == 42
