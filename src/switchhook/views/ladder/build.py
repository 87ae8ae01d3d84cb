"""Makes the ladder of a call from its journal, its deliveries and its SIP messages. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switchhook.domain.journal import EntryKind
from switchhook.storage.records import DeliveryState
from switchhook.views.ladder.values import (
    Ladder,
    LadderLane,
    LadderSpan,
    LadderSpanKind,
    LaneKind,
    Rung,
    RungKind,
)
from switchhook.views.sip_messages import first_line
from switchhook.views.text import one_line
from switchhook.views.timeline import entry_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from switchhook.domain.journal import JournalEntry
    from switchhook.operations.history import CallStory
    from switchhook.storage.captures import SipCapture, SipMessage
    from switchhook.storage.records import CallRow, DeliveryRow

OURS: Final = LadderLane(kind=LaneKind.SWITCHHOOK, title="Switchhook")
MOST_LANES: Final = 5
"""Lanes of one kind; what comes behind them shares one."""
_LINKS: Final[Mapping[str, str]] = {}


def ladder_of(
    story: CallStory,
    capture: SipCapture | None = None,
    *,
    now: float | None = None,
    links: Mapping[str, str] = _LINKS,
) -> Ladder:
    """Return the ladder of a call.

    With SIP messages, these stand for what caller and telephones did, which are notes then. `now` is the end of what goes
    on still. `links` are where there is more of `ask:<n>`, `delivery:<id>`, `journal:<seq>` and `sip:<n>`, counted from 0.
    """
    build = _Build(story.call, links, has_sip=capture is not None)
    for entry in story.journal:
        build.take(entry)
    for row in story.deliveries:
        build.tell(row)
    for index, message in enumerate(() if capture is None else capture.messages):
        build.hear(message, index)
    return build.made(now)


def sip_ladder_of(
    call: CallRow, capture: SipCapture, *, links: Mapping[str, str] = _LINKS
) -> Ladder:
    """Return the ladder of a call's SIP messages alone, a lane for each address."""
    build = _Build(call, links, has_sip=True)
    for index, message in enumerate(capture.messages):
        build.hear(message, index)
    return replace(build.made(None), spans=())


class _Build:
    """A ladder as far as it is made."""

    def __init__(self, call: CallRow, links: Mapping[str, str], *, has_sip: bool) -> None:
        self.call = call
        self.links = links
        self.has_sip = has_sip
        self.rungs: list[Rung] = []
        self.spans: list[LadderSpan] = []
        self.lanes: list[LadderLane] = [OURS]
        self.targets = {leg.id: str(leg.target) if leg.target else "" for leg in self.call.legs}
        self.asked = -1
        self.asking: tuple[LadderLane, float] | None = None
        self.rang: dict[str, tuple[LadderLane, float]] = {}

    def lane(self, kind: LaneKind, title: str) -> LadderLane:
        """Return a party's lane; what are too many of a kind share one."""
        alike = [one for one in self.lanes if one.kind is kind]
        wanted = LadderLane(kind=kind, title=one_line(title))
        if wanted in alike:
            return wanted
        if len(alike) >= MOST_LANES:
            wanted = LadderLane(kind=kind, title="others")
        if wanted not in alike:
            self.lanes.append(wanted)
        return wanted

    def add(  # noqa: PLR0917 - a rung's own
        self,
        at: float,
        source: LadderLane,
        target: LadderLane,
        text: str,
        kind: RungKind,
        link: str = "",
    ) -> None:
        """Put a rung."""
        rung = Rung(
            at=at,
            source=source,
            target=target,
            text=one_line(text),
            kind=kind,
            href=self.links.get(link, ""),
        )
        self.rungs.append(rung)

    def take(self, entry: JournalEntry) -> None:
        """Put an entry of the journal."""
        facts = dict(entry.facts)
        link = f"journal:{entry.seq}"
        if (draw := _TAKES.get(entry.kind)) is not None:
            draw(self, entry, facts, link)
            return
        self.add(entry.at, OURS, OURS, entry_line(entry).text, RungKind.NOTE, link)

    def party(self, entry: JournalEntry, facts: Mapping[str, str]) -> LadderLane:
        """Return the lane of the telephone of an entry; ours where SIP messages say it better."""
        target = facts.get("target") or self.targets.get(entry.leg, "") or entry.leg
        return OURS if self.has_sip else self.lane(LaneKind.TELEPHONE, target or "telephone")

    def caller(self) -> LadderLane:
        """Return the caller's lane, likewise."""
        if self.has_sip:
            return OURS
        return self.lane(LaneKind.CALLER, self.call.caller or "withheld")

    def arrived(self, entry: JournalEntry, _: Mapping[str, str], link: str) -> None:
        said = entry_line(entry).text
        caller = self.caller()
        if caller != OURS:
            said = f"calls {said.partition(' calls ')[2]}"
        self.add(entry.at, caller, OURS, said, RungKind.CALL, link)

    def keyed(self, entry: JournalEntry, _: Mapping[str, str], link: str) -> None:
        self.add(entry.at, self.caller(), OURS, entry_line(entry).text, RungKind.CALL, link)

    def ask(self, entry: JournalEntry, _: Mapping[str, str], link: str) -> None:
        self.asked += 1
        lane = self.lane(LaneKind.ENDPOINT, entry.text)
        self.asking = lane, entry.at
        self.add(entry.at, OURS, lane, "asks", RungKind.ASK, self._more(link))

    def answer(self, entry: JournalEntry, facts: Mapping[str, str], link: str) -> None:
        name = facts.get("webhook", "")
        lane, began = self.asking or (self.lane(LaneKind.ENDPOINT, name), entry.at)
        self.asking = None
        self.spans.append(
            LadderSpan(lane=lane, kind=LadderSpanKind.ASKING, began_at=began, ended_at=entry.at)
        )
        is_answer = entry.kind is EntryKind.ANSWER
        text = entry.text if is_answer else f"{facts.get('kind', 'failed')}: {entry.text}"
        kind = RungKind.GOOD if is_answer else RungKind.BAD
        self.add(entry.at, lane, OURS, text, kind, self._more(link))

    def _more(self, link: str) -> str:
        exchange = f"ask:{self.asked}"
        return exchange if exchange in self.links else link

    def dial(self, entry: JournalEntry, facts: Mapping[str, str], link: str) -> None:
        lane = self.party(entry, facts)
        said = f"dials {facts.get('target', '')}" if lane == OURS else "calls"
        self.add(entry.at, OURS, lane, said.strip(), RungKind.CALL, link)

    def ring(self, entry: JournalEntry, facts: Mapping[str, str], link: str) -> None:
        lane = self.party(entry, facts)
        self.rang[entry.leg] = lane, entry.at
        said = entry_line(entry).text if lane == OURS else "is ringing"
        self.add(entry.at, lane, OURS, said, RungKind.CALL, link)

    def answered(self, entry: JournalEntry, facts: Mapping[str, str], link: str) -> None:
        self._rang_until(entry)
        lane = self.party(entry, facts)
        said = entry_line(entry).text if lane == OURS else "answers"
        self.add(entry.at, lane, OURS, said, RungKind.GOOD, link)

    def attempt_ended(self, entry: JournalEntry, facts: Mapping[str, str], link: str) -> None:
        self._rang_until(entry)
        lane = self.party(entry, facts)
        end = facts.get("end", "").replace("_", " ")
        text = f"{end} ({entry.text})" if entry.text and entry.text != end else end
        said = entry_line(entry).text if lane == OURS else text
        kind = RungKind.CALL if end in _NO_TROUBLE else RungKind.BAD
        self.add(entry.at, lane, OURS, said, kind, link)

    def _rang_until(self, entry: JournalEntry) -> None:
        if (rang := self.rang.pop(entry.leg, None)) is not None:
            lane, began = rang
            self.spans.append(
                LadderSpan(
                    lane=lane, kind=LadderSpanKind.RINGING, began_at=began, ended_at=entry.at
                )
            )

    def ended(self, entry: JournalEntry, facts: Mapping[str, str], link: str) -> None:
        text = entry_line(entry).text
        if facts.get("ended_by") == "caller":
            self.add(entry.at, self.caller(), OURS, text, RungKind.CALL, link)
        elif facts.get("ended_by") == "callee" and self.call.talking_to:
            lane = self.party(entry, {"target": self.targets.get(self.call.talking_to, "")})
            self.add(entry.at, lane, OURS, text, RungKind.CALL, link)
        else:
            self.add(entry.at, OURS, OURS, text, RungKind.NOTE, link)

    def tell(self, row: DeliveryRow) -> None:
        """Put an event that was told, or could not be."""
        promised, attempt = row.delivery, row.latest
        lane = self.lane(LaneKind.RECEIVER, promised.webhook)
        link = f"delivery:{promised.id}"
        if attempt is None:
            text = f"{promised.event} {row.state.value}"
            self.add(promised.occurred_at, OURS, lane, text, RungKind.NOTE, link)
            return
        at = attempt.at + attempt.seconds
        if row.state is DeliveryState.DELIVERED:
            text, kind = f"{promised.event}: {attempt.status}", RungKind.TOLD
        else:
            why = attempt.failure.kind if attempt.failure else f"status {attempt.status}"
            text, kind = f"{promised.event}: {row.state.value}, {why}", RungKind.BAD
        self.add(at, OURS, lane, text, kind, link)

    def hear(self, message: SipMessage, index: int) -> None:
        """Put a SIP message. Who sent us the first one stands left of us, whom we sent it right."""
        host, port = message.remote
        title = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        kinds = (LaneKind.CALLER, LaneKind.TELEPHONE)
        known = [one for one in self.lanes if one.title == title and one.kind in kinds]
        lane = known[0] if known else self.lane(kinds[message.is_sent], title)
        ends = (OURS, lane) if message.is_sent else (lane, OURS)
        self.add(message.at, *ends, first_line(message), RungKind.SIP, f"sip:{index}")

    def made(self, now: float | None) -> Ladder:
        """Return the ladder."""
        row = self.call
        rungs = sorted(self.rungs, key=lambda rung: rung.at)
        last = max([row.arrived_at, row.ended_at or 0.0, *(one.at for one in rungs)])
        until = last if row.ended_at is not None or now is None else max(last, now)
        if self.asking is not None and row.ended_at is None:
            lane, began = self.asking
            self.spans.append(
                LadderSpan(lane=lane, kind=LadderSpanKind.ASKING, began_at=began, ended_at=until)
            )
        for lane, began in self.rang.values():
            end = until if row.ended_at is None else max(began, row.ended_at)
            self.spans.append(
                LadderSpan(lane=lane, kind=LadderSpanKind.RINGING, began_at=began, ended_at=end)
            )
        self.spans += self._talks(until)
        order = {kind: rank for rank, kind in enumerate(LaneKind)}
        lanes = sorted(self.lanes, key=lambda lane: order[lane.kind])
        return Ladder(
            began_at=min([row.arrived_at, *(one.at for one in rungs)]),
            ended_at=until,
            lanes=tuple(lanes),
            rungs=tuple(rungs),
            spans=tuple(self.spans),
        )

    def _talks(self, until: float) -> Iterable[LadderSpan]:
        row = self.call
        if row.answered_at is None:
            return
        end = until if row.ended_at is None else row.ended_at
        target = self.targets.get(row.talking_to, "")
        lane = OURS if self.has_sip or not target else self.lane(LaneKind.TELEPHONE, target)
        yield LadderSpan(
            lane=lane, kind=LadderSpanKind.TALKING, began_at=row.answered_at, ended_at=end
        )


_NO_TROUBLE: Final = frozenset({"answered", "answered elsewhere", "cancelled by caller"})
_Takes = dict[EntryKind, "Callable[[_Build, JournalEntry, Mapping[str, str], str], None]"]
_TAKES: Final[_Takes] = {
    EntryKind.ARRIVED: _Build.arrived,
    EntryKind.KEYED: _Build.keyed,
    EntryKind.ASKED: _Build.ask,
    EntryKind.ANSWER: _Build.answer,
    EntryKind.ASK_FAILED: _Build.answer,
    EntryKind.DIALLED: _Build.dial,
    EntryKind.RANG: _Build.ring,
    EntryKind.ANSWERED: _Build.answered,
    EntryKind.ATTEMPT_ENDED: _Build.attempt_ended,
    EntryKind.ENDED: _Build.ended,
}
"""How entries are drawn that are more than a note of ours."""
