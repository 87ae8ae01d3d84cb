"""Which trunks answer and which are registered, as far as calls and probes have shown. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from switchhook.drivers.embedded.trunk_registration import TrunkKey

log = structlog.get_logger(__name__)

DOWN_FOR: Final = 60.0
"""Seconds that a trunk is tried last after a missing response."""


@dataclass(slots=True)
class TrunkState:
    """The state of one trunk."""

    answers: bool | None = None
    """Whether it gave a response when it was asked last; None when it was never asked."""
    answered_probe: bool = False
    """Whether it ever answered OPTIONS: silence says nothing of one that never does."""
    down_until: float = 0.0
    registered_until: float = 0.0
    """Unix seconds; 0 where it is not registered."""
    trouble: str = ""
    """Why it is not registered."""
    registrars: frozenset[str] = frozenset()
    """Addresses that took our registration."""


@dataclass(slots=True)
class TrunkStates:
    """Holds what is known of trunks. `clock` is the time of what is down, in seconds.

    `changed` is told of every change, with all there is.
    """

    clock: Callable[[], float]
    changed: Callable[[dict[TrunkKey, TrunkState]], None] = lambda _: None
    known: dict[TrunkKey, TrunkState] = field(default_factory=dict)

    @property
    def down(self) -> frozenset[TrunkKey]:
        """The trunks that gave no response when they were asked last."""
        now = self.clock()
        return frozenset(key for key, state in self.known.items() if now < state.down_until)

    @property
    def registrars(self) -> dict[str, frozenset[TrunkKey]]:
        """Return the registrars' addresses, and the trunks that registered there."""
        found: dict[str, frozenset[TrunkKey]] = {}
        for key, state in self.known.items():
            for host in state.registrars:
                found[host] = found.get(host, frozenset()) | {key}
        return found

    def called(self, project: str, trunk: str, *, answers: bool) -> None:
        """Learn whether a call got any response from a trunk."""
        self._note((project, trunk), answers=answers)

    def probed(self, key: TrunkKey, *, answers: bool) -> None:
        """Learn whether a trunk answered OPTIONS."""
        state = self._state(key)
        state.answered_probe = state.answered_probe or answers
        if state.answered_probe:
            self._note(key, answers=answers)

    def registered(self, key: TrunkKey, *, until: float) -> None:
        """Learn that the carrier took our registration."""
        state = self._state(key)
        if not state.registered_until:
            log.info("sip trunk registered", project=key[0], trunk=key[1])
        state.registered_until, state.trouble = until, ""
        self.changed(self.known)

    def unregistered(self, key: TrunkKey, *, why: str, again_in: float) -> None:
        """Learn that the carrier did not take it."""
        state = self._state(key)
        if state.trouble != why:
            log.warning(
                "sip trunk registration failed",
                project=key[0],
                trunk=key[1],
                why=why,
                again_in=again_in,
            )
        state.registered_until, state.trouble = 0.0, why
        self.changed(self.known)

    def registrar(self, key: TrunkKey, host: str) -> None:
        """Learn which address took our registration: its calls are the trunk's."""
        state = self._state(key)
        state.registrars |= {host}

    def forget(self, key: TrunkKey) -> None:
        """Forget a trunk that is gone or changed."""
        self.known.pop(key, None)
        self.changed(self.known)

    def _state(self, key: TrunkKey) -> TrunkState:
        return self.known.setdefault(key, TrunkState())

    def _note(self, key: TrunkKey, *, answers: bool) -> None:
        state = self._state(key)
        state.down_until = 0.0 if answers else self.clock() + DOWN_FOR
        if state.answers is answers:
            return
        if not answers:
            log.warning("sip trunk unreachable", project=key[0], trunk=key[1])
        elif state.answers is False:
            log.info("sip trunk reachable", project=key[0], trunk=key[1])
        state.answers = answers
        self.changed(self.known)
