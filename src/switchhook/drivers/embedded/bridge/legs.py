"""The legs of one call: the caller's, the called ones, and who talks to whom. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.call import CALLER
from switchhook.drivers.embedded.bridge.output import AfterCommit, BridgeOutput
from switchhook.drivers.embedded.bridge.relaying import body_of, headers_of
from switchhook.routing import events as call_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.drivers.embedded.bridge.anchor import Anchor
    from switchhook.drivers.embedded.bridge.called_leg import CalledLeg
    from switchhook.sip.ua.commands import Answer, UserAgentCommand
    from switchhook.sip.wire.message import Request


class BridgedLegs:
    """`caller` is the SIP leg of the caller, `invite` what it sent."""

    def __init__(self, caller: str, invite: Request | None = None) -> None:
        self.caller = caller
        self.offer = () if invite is None else headers_of(invite)
        self.offer_body = b"" if invite is None else body_of(invite)
        self.owes_answer = invite is not None and not self.offer_body
        """Whether the caller's ACK has to bring an answer."""
        self.caller_lives = True
        self.is_waiting = invite is not None
        """Whether the caller waits for our answer to the INVITE."""
        self.is_confirmed = invite is None
        """Whether the caller's ACK to it came."""
        self.called: dict[str, CalledLeg] = {}
        self.party = CALLER
        """The leg that talks to `talking_to`."""
        self.talking_to = ""
        self.unanswered: dict[str, str] = {}
        """The SIP legs whose ACK has to bring an answer, and for whom."""
        self.anchor: Anchor | None = None
        """Our ends of the call, where its media is anchored."""
        self.answering: tuple[str, Answer] | None = None
        """Our 200 as last announced, and the called leg that it belongs to; "" for none."""
        self._forks: list[str] = []

    def called_caller_answered(self, called: CalledLeg) -> None:
        """Take the leg that was rung as the caller of a callback for the caller's own."""
        del self.called[called.name]
        self.caller, self.caller_lives = called.branches[0], True

    @property
    def sip_legs(self) -> dict[str, str]:
        """Return the SIP legs that live, by the name of the call's leg."""
        legs = {CALLER: self.caller} if self.caller_lives else {}
        return legs | {c.name: c.branches[0] for c in self.called.values() if c.branches}

    @property
    def held(self) -> tuple[str, ...]:
        """All SIP legs that the call still has, every telephone of a leg included."""
        caller = (self.caller,) if self.caller_lives else ()
        return (*caller, *(branch for c in self.called.values() for branch in c.branches))

    @property
    def acknowledged(self) -> tuple[str, ...]:
        """The SIP legs whose 2xx waits for no ACK of ours, unless it comes again."""
        return tuple(leg for leg in self.held if leg not in self.unanswered.values())

    def lives(self, leg: str) -> bool:
        """Say whether a leg is not over."""
        return leg in self.called or (leg == CALLER and self.caller_lives)

    def name(self, sip_leg: str) -> str:
        """Return the name of the leg that a SIP leg belongs to; empty for none that lives."""
        if sip_leg == self.caller:
            return CALLER if self.caller_lives else ""
        called = self.called_by(sip_leg)
        return "" if called is None else called.name

    def called_by(self, sip_leg: str) -> CalledLeg | None:
        """Return the called leg that a SIP leg belongs to."""
        return next((c for c in self.called.values() if sip_leg in c.branches), None)

    def peer(self, sip_leg: str) -> str | None:
        """Return the SIP leg at the other side of a conversation."""
        legs = self.sip_legs
        one, other = legs.get(self.party), legs.get(self.talking_to)
        if one is None or other is None or not self.is_confirmed:
            return None
        if sip_leg == one:
            return other
        return one if sip_leg == other else None

    def other_than(self, leg: str) -> str:
        """Return the leg at the other side, alive or not."""
        return self.party if leg == self.talking_to else self.talking_to

    def is_anchored(self, leg: str) -> bool:
        """Say whether a leg's session is one with us."""
        return self.anchor is not None and self.anchor.has(leg)

    @property
    def has_forks(self) -> bool:
        """Whether a description went to the caller before an answer did."""
        return bool(self._forks)

    def fork(self, dialog: str) -> int:
        """Return the fork that carries one dialog's description to the caller."""
        if dialog not in self._forks:
            self._forks.append(dialog)
        return self._forks.index(dialog)

    @property
    def is_first_answer(self) -> bool:
        """Whether the one called leg that answered is the one whose answer the caller will get."""
        return self.is_waiting and sum(one.answered for one in self.called.values()) <= 1

    def announced(self, leg: str, answer: Answer) -> call_events.LegUpdated:
        """Have the caller's leg stored together with our 200, which is that of a called leg."""
        self.answering = leg, answer
        return call_events.LegUpdated(leg=CALLER, handle="")

    def updated(
        self, sip_legs: tuple[str, ...], commands: Iterable[UserAgentCommand]
    ) -> list[BridgeOutput]:
        """Have the legs stored, then carry the commands out."""
        names = [name for name in map(self.name, sip_legs) if name]
        updates = [call_events.LegUpdated(leg=name, handle="") for name in names]
        if not updates:
            return [*commands]
        return [*updates[:-1], AfterCommit(updates[-1], tuple(commands))]
