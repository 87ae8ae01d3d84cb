"""A ladder has a lane for each party, a rung for each happening in the order of time, and what went on in between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.operations.history import show_call
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.ladder.build import MOST_LANES, ladder_of, sip_ladder_of
from switchhook.views.ladder.values import LadderSpanKind, RungKind
from tests.support.loop import run
from tests.support.promises import OCCURRED
from tests.support.whole_call import ID, capture, keep_whole_call

if TYPE_CHECKING:
    from switchhook.operations.history import CallStory
    from switchhook.views.ladder.values import Ladder


def whole_story() -> CallStory:
    async def read() -> CallStory:
        store = await SqliteStore.open(None)
        try:
            await keep_whole_call(store)
            return await show_call(store, ID)
        finally:
            await store.close()

    story: CallStory = run(read())
    return story


def drawn(ladder: Ladder) -> list[str]:
    return [
        f"{rung.at - ladder.began_at:.2f} {rung.source.title} "
        f"{'·' if rung.is_note else '→ ' + rung.target.title}: {rung.text}"
        for rung in ladder.rungs
    ]


def test_parties_stand_from_the_caller_to_the_receivers() -> None:
    ladder = ladder_of(whole_story())

    assert [f"{lane.kind} {lane.title}" for lane in ladder.lanes] == [
        "caller +380441112233",
        "switchhook Switchhook",
        "endpoint crm",
        "telephone 101",
        "receiver crm",
        "receiver sheet",
    ]
    assert drawn(ladder) == [
        "0.00 +380441112233 → Switchhook: calls 380800111222",
        "0.00 Switchhook ·: scheme Main: ask",
        "0.10 Switchhook → crm: asks",
        "0.22 crm → Switchhook: 101",
        "0.23 Switchhook → 101: calls",
        "1.00 101 → Switchhook: is ringing",
        "6.00 101 → Switchhook: answers",
        "10.25 Switchhook → crm: incoming.after: failed, status",
        "11.25 Switchhook → sheet: incoming.after: 200",
        "26.00 +380441112233 → Switchhook: ends: answered, by the caller (hung up)",
    ]


def test_what_goes_on_has_its_length() -> None:
    spans = {span.kind: span for span in ladder_of(whole_story()).spans}

    assert round(spans[LadderSpanKind.ASKING].seconds, 3) == 0.12
    assert (spans[LadderSpanKind.RINGING].lane.title, spans[LadderSpanKind.RINGING].seconds) == (
        "101",
        5.0,
    )
    assert (spans[LadderSpanKind.TALKING].began_at, spans[LadderSpanKind.TALKING].seconds) == (
        OCCURRED + 6,
        20.0,
    )


def test_of_a_running_call_what_goes_on_ends_now() -> None:
    story = whole_story()
    running = replace_call(story, ended_at=None, outcome=None, answered_at=None)
    asked = replace(running, journal=story.journal[:3])
    rang = replace(running, journal=story.journal[:6])

    (asking,) = ladder_of(asked, now=OCCURRED + 40).spans
    assert (asking.kind, round(asking.seconds, 3)) == (LadderSpanKind.ASKING, 39.9)
    assert {
        one.kind: round(one.seconds, 2) for one in ladder_of(rang, now=OCCURRED + 40).spans
    } == {
        LadderSpanKind.ASKING: 0.12,
        LadderSpanKind.RINGING: 39.0,
    }


def replace_call(story: CallStory, **changes: object) -> CallStory:
    from msgspec.structs import replace as changed  # noqa: PLC0415 (here alone)

    return replace(story, call=changed(story.call, **changes))


def test_links_lead_to_exchanges_deliveries_and_lines() -> None:
    links = {
        "ask:0": "#ask",
        "delivery:rich.9.crm": "#event",
        "journal:1": "#line-1",
        "journal:3": "#line-3",
    }
    hrefs = [rung.href for rung in ladder_of(whole_story(), links=links).rungs]

    assert hrefs == ["#line-1", "", "#ask", "#ask", "", "", "", "#event", "", ""]


def test_sip_messages_have_a_lane_for_each_address_left_and_right() -> None:
    story = whole_story()
    ladder = sip_ladder_of(story.call, capture())

    assert [lane.title for lane in ladder.lanes] == [
        "192.0.2.1:5070",
        "Switchhook",
        "192.0.2.9:5080",
    ]
    assert drawn(ladder) == [
        "0.00 192.0.2.1:5070 → Switchhook: INVITE sip:380800111222@pbx.example",
        "0.24 Switchhook → 192.0.2.9:5080: INVITE sip:101@192.0.2.9",
    ]
    both = ladder_of(story, capture())
    assert "0.23 Switchhook ·: dials 101" in drawn(both)
    assert sum(rung.kind is RungKind.SIP for rung in both.rungs) == 2


def test_many_telephones_share_a_lane() -> None:
    story = whole_story()
    dialled = tuple(
        JournalEntry(
            seq=100 + number,
            at=OCCURRED + 2,
            kind=EntryKind.DIALLED,
            leg=f"c{number}",
            facts=(("target", f"2{number:02}"),),
        )
        for number in range(40)
    )
    ladder = ladder_of(replace(story, journal=(*story.journal, *dialled)))

    telephones = [lane.title for lane in ladder.lanes if lane.kind == "telephone"]
    assert len(telephones) == MOST_LANES + 1
    assert telephones[-1] == "others"
