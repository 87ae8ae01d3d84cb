"""Pauses of endpoints: those that they ask for, and those of failing ones, whose deliveries are parked. No I/O.

After a pause one delivery goes ahead as a probe; the others follow if it fares well.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from switchhook.delivery.lanes import DeliveryJob, Lane
from switchhook.webhooks.mail import Mail
from switchhook.webhooks.url import without_query

if TYPE_CHECKING:
    from switchhook.delivery.lanes import QueueKey
    from switchhook.storage.delivery import Delivery

PAUSES_KEPT: Final = 256
"""So many, and those are forgotten that nothing waits for."""


@dataclass(slots=True, eq=False)
class Pause:
    """The pause of one endpoint, and who waits for its end."""

    until: float
    probe: DeliveryJob | None = None
    waiting: deque[Lane] = field(default_factory=deque)


class Pauses:
    """Paused endpoints: a webhook, and where it asked for the pause itself, all others with the same URL."""

    def __init__(self) -> None:
        self._pauses: dict[QueueKey, Pause] = {}

    @property
    def over_at(self) -> float | None:
        """Return when the next pause with waiting deliveries ends; None without one."""
        if not self._pauses:
            return None  # as nearly always
        waited_for = (one.until for one in self._pauses.values() if one.waiting and not one.probe)
        return min(waited_for, default=None)

    def asked(self, job: DeliveryJob, now: float, until: float) -> None:
        """An endpoint asked for a pause. What was sent before it asked makes none shorter."""
        for key in _keys(job.delivery):
            self._begin(key, job, now, until)

    def parked(self, job: DeliveryJob, now: float, until: float) -> None:
        """A webhook's endpoint failed too often."""
        self._begin((job.delivery.project, job.delivery.webhook), job, now, until)

    def resume(self, project: str, webhook: str, until: float) -> None:
        """A former process parked a webhook's deliveries."""
        self._pauses[project, webhook] = Pause(until)

    def _begin(self, key: QueueKey, job: DeliveryJob, now: float, until: float) -> None:
        if len(self._pauses) >= PAUSES_KEPT:
            self._pauses = {
                k: one
                for k, one in self._pauses.items()
                if one.waiting or one.probe or one.until > now
            }
        pause = self._pauses.setdefault(key, Pause(until))
        pause.until = max(pause.until, until)
        if pause.probe is job:
            pause.probe = None

    def holds(self, job: DeliveryJob, now: float) -> bool:
        """Say whether a delivery may not be sent now; its lane is kept until the pause is over."""
        for key in _keys(job.delivery) if self._pauses else ():
            pause = self._pauses.get(key)
            if pause is not None and (now < pause.until or pause.probe):
                pause.waiting.append(job.lane)
                return True
        return False

    def sent(self, job: DeliveryJob) -> None:
        """A delivery goes ahead after a pause: the others wait for what becomes of it."""
        for key in _keys(job.delivery) if self._pauses else ():
            if key in self._pauses:
                self._pauses[key].probe = job

    def over(self, now: float) -> list[Lane]:
        """Return the lanes that may go ahead: the first that waits for each pause that is over."""
        if not self._pauses:
            return []  # as nearly always
        return [
            pause.waiting.popleft()
            for pause in self._pauses.values()
            if pause.waiting and not pause.probe and now >= pause.until
        ]

    def hurry(self, delivery: Delivery, now: float) -> bool:
        """End the pauses that a delivery's lane waits in, so that it goes ahead as the probe; False where it waits in none.

        One that waits for what becomes of a probe goes on waiting.
        """
        pauses = [self._pauses[key] for key in _keys(delivery) if key in self._pauses]
        if any(pause.probe for pause in pauses):
            return False
        for pause in pauses:
            lane = _waiting(pause, delivery)
            if lane is not None:
                pause.waiting.remove(lane)
                pause.waiting.appendleft(lane)
                for one in pauses:
                    one.until = min(one.until, now)
                return True
        return False

    def unsent(self, job: DeliveryJob) -> None:
        """A delivery was not sent after all: another one may go ahead in its place."""
        for key in _keys(job.delivery) if self._pauses else ():
            pause = self._pauses.get(key)
            if pause is not None and pause.probe is job:
                pause.probe = None

    def ended_by(self, job: DeliveryJob, *, is_parked: bool = False) -> list[Lane]:
        """Return the lanes that waited for what became of a delivery that went ahead.

        Where its webhook is parked anew, only those that waited for another pause of it.
        """
        lanes: list[Lane] = []
        own = (job.delivery.project, job.delivery.webhook)
        for key in _keys(job.delivery) if self._pauses else ():
            pause = self._pauses.get(key)
            if pause is not None and pause.probe is job and not (is_parked and key == own):
                lanes += self._pauses.pop(key).waiting
        return lanes


def _waiting(pause: Pause, delivery: Delivery) -> Lane | None:
    """Return the lane with a delivery among those that wait for a pause's end."""
    return next(
        (lane for lane in pause.waiting if any(one.id == delivery.id for one in lane.waiting)), None
    )


def _keys(delivery: Delivery) -> tuple[QueueKey, ...]:
    if isinstance(delivery.request, Mail):
        return ()
    return (delivery.project, delivery.webhook), (
        delivery.project,
        "",
        without_query(delivery.request.url),
    )
