"""The context of one transition: the call as it changes, and the commands that are issued."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.domain.call import LegState
from switchhook.domain.event_stream import StreamEventType
from switchhook.domain.journal import EntryFacts, EntryKind, JournalEntry
from switchhook.routing.commands import EmitEvent, EndLeg, PublishEvent, WriteJournal

if TYPE_CHECKING:
    from switchhook.domain.call import Call, Leg
    from switchhook.domain.cause import AttemptEnd, Cause
    from switchhook.domain.event import EventKind
    from switchhook.domain.event_stream import Amendment
    from switchhook.routing.commands import Command


class TransitionContext:
    """Lives for one `step`."""

    __slots__ = ("call", "commands", "now")

    def __init__(self, call: Call, now: float) -> None:
        self.call = call
        self.now = now
        self.commands: list[Command] = []

    @property
    def is_overdue(self) -> bool:
        """Say whether the call's deadline has come."""
        return self.call.wake_at is not None and self.now >= self.call.wake_at

    def change(self, **changes: Any) -> None:  # noqa: ANN401 (the fields of Call)
        """Replace fields of the call."""
        self.call = self.call.changed(**changes)

    def change_leg(self, leg: Leg, **changes: Any) -> Leg:  # noqa: ANN401 (the fields of Leg)
        """Replace fields of one leg and return it as it is now."""
        changed = leg.changed(**changes)
        self.change(legs=tuple(changed if old.id == leg.id else old for old in self.call.legs))
        return changed

    def change_position(self, **changes: Any) -> None:  # noqa: ANN401 (the fields of SchemePosition)
        """Replace fields of the call's position."""
        self.change(position=self.call.position.changed(**changes))

    def change_asks(self, **changes: Any) -> None:  # noqa: ANN401 (the fields of CallAsks)
        """Replace fields of the call's asks."""
        self.change(asks=self.call.asks.changed(**changes))

    def change_transfers(self, **changes: Any) -> None:  # noqa: ANN401 (the fields of CallTransfers)
        """Replace fields of the call's transfers."""
        self.change(transfers=self.call.transfers.changed(**changes))

    def change_playback(self, **changes: Any) -> None:  # noqa: ANN401 (the fields of CallPlayback)
        """Replace fields of the call's playback."""
        self.change(playback=self.call.playback.changed(**changes))

    def change_recording(self, **changes: Any) -> None:  # noqa: ANN401 (the fields of CallRecording)
        """Replace fields of the call's recording."""
        self.change(recording=self.call.recording.changed(**changes))

    def change_rating(self, **changes: Any) -> None:  # noqa: ANN401 (the fields of CallRating)
        """Replace fields of the call's rating."""
        self.change(rating=self.call.rating.changed(**changes))

    def issue(self, *commands: Command) -> None:
        """Add commands, to be carried out in this order."""
        self.commands.extend(commands)

    def write_journal(
        self, kind: EntryKind, text: str = "", *, leg: str = "", facts: EntryFacts = ()
    ) -> None:
        """Write the next entry of the call's journal."""
        seq = self.call.entries + 1
        self.change(entries=seq)
        self.issue(
            WriteJournal(
                entry=JournalEntry(
                    seq=seq,
                    at=self.now,
                    kind=kind,
                    leg=leg,
                    text=text,
                    facts=facts,
                )
            )
        )

    def emit(self, event: EventKind) -> None:
        """Emit an event to its event webhooks, mails and subscriptions; the journal names those that a filter keeps out."""
        emitted = self.call.emitted + 1
        self.change(emitted=emitted)
        self.issue(EmitEvent(event=event, seq=emitted, at=self.now, call=self.call))
        filtered = [
            told.name
            for told in self.call.snapshot.events
            if told.event is event and not self.call.passes(told.filter)
        ]
        if filtered:
            self.write_journal(
                EntryKind.FILTERED, ", ".join(filtered), facts=(("event", event.value),)
            )

    def publish(
        self,
        event: StreamEventType,
        *,
        leg: str = "",
        recording: str = "",
        changes: tuple[Amendment, ...] = (),
    ) -> None:
        """Publish an event on the project's stream; nothing where it has none."""
        if not self.call.snapshot.has_stream:
            return
        seq = self.call.published + 1
        self.change(published=seq)
        self.issue(
            PublishEvent(
                type=event,
                seq=seq,
                at=self.now,
                call=self.call,
                leg=leg,
                recording=recording,
                changes=changes,
            )
        )

    def close_leg(self, leg: Leg, end: AttemptEnd, cause: Cause) -> None:
        """Write down that a called leg is over, without ordering anything."""
        self.change_leg(leg, state=LegState.ENDED, ended_at=self.now, end=end, cause=cause)
        self.write_journal(
            EntryKind.ATTEMPT_ENDED,
            cause.text,
            leg=leg.id,
            facts=(("target", str(leg.target)), ("end", end), ("sip", str(cause.sip))),
        )
        self.publish(StreamEventType.ATTEMPT_ENDED, leg=leg.id)

    def end_leg(self, leg: Leg, end: AttemptEnd, cause: Cause) -> None:
        """Order a called leg's end and write it down."""
        self.issue(EndLeg(leg=leg.id, cause=cause, why=end))
        self.close_leg(leg, end, cause)
