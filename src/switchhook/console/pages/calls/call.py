"""One call: its ladder and journal, why it went where it went, HTTP, events and SIP; its sound; what may be done about it."""

import asyncio
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from markupsafe import Markup

from switchhook.console.access import acts, shows
from switchhook.console.page import CurrentPage, Page
from switchhook.domain.access.rights import (
    ACT_ON_CALLS,
    ACT_ON_DELIVERIES,
    HEAR_RECORDINGS,
    READ_CALLS,
    READ_SIP,
)
from switchhook.domain.cause import Outcome
from switchhook.domain.journal import EntryKind
from switchhook.operations.calls.sip_messages import NoSipMessagesError, sip_messages_of
from switchhook.operations.calls.versions import NoVersionError, show_call_and_version
from switchhook.operations.calls.whole import show_whole_call, with_attempts
from switchhook.operations.error_check import send_again
from switchhook.operations.history import (
    CallStory,
    NoSuchCallError,
    NoSuchDeliveryError,
    show_call,
)
from switchhook.views import as_json
from switchhook.views.call_report.write import MEDIA_TYPE, call_report, report_name
from switchhook.views.call_table import call_line
from switchhook.views.ladder.build import ladder_of, sip_ladder_of
from switchhook.views.ladder.draw import draw, draw_bar, draw_phases, plain, totals
from switchhook.views.ladder.values import Ladder
from switchhook.views.masked_numbers import mask_numbers
from switchhook.views.path import path_of
from switchhook.views.sip_messages import PCAP_TYPE, pcap, sip_capture
from switchhook.views.timeline import delivery_lines, entry_line
from switchhook.views.whole_exchanges import whole_asks, whole_delivery
from switchhook.views.why import MAX_TARGET, why_not
from switchhook.webhooks.recording_links import RecordingName

TABS: Final = {"call": "Call", "why": "Why", "http": "HTTP", "events": "Events", "sip": "SIP"}
LINK_SECONDS: Final = 4 * 3600
"""How long the sound of an open page can be heard."""
GONE: Final = "there is no such call here: its time may be over, or it is another project's"
_DECIDES: Final = frozenset(
    {
        EntryKind.STEP,
        EntryKind.BRANCH,
        EntryKind.ANSWER,
        EntryKind.ASK_FAILED,
        EntryKind.NOTICE,
        EntryKind.KEYED,
        EntryKind.JUMPED,
        EntryKind.FALLBACK,
        EntryKind.ANSWERED,
        EntryKind.ENDED,
    }
)
"""The entries of a journal that say why."""


@shows("/calls/{call:str}", READ_CALLS)
async def call(page: CurrentPage, call: FromPath[str]) -> Response[bytes]:
    """Show a call: what every tab has, and the tab that the query names."""
    story = await _story(page, call)
    given = page.query()
    tab = given.get("tab", "call")
    if tab not in TABS:
        raise NotFoundException(f"there is no such tab: choose of {', '.join(TABS)}")
    mask = mask_numbers if page.masks else plain
    links = _links(story)
    ladder = ladder_of(story, now=page.now, links=links)
    values: dict[str, Any] = {}
    markup: dict[str, Markup | list[Markup]] = {"bar": draw_bar(ladder)}
    match tab:
        case "why":
            values = await _why(page, story, given.get("target", ""))
        case "http":
            asks = whole_asks(story.journal)
            values = {"asks": asks}
            markup["bars"] = _bars(asks)
        case "events":
            deliveries = await with_attempts(page.store, story.deliveries)
            shown = [whole_delivery(one) for one in deliveries]
            values = {"deliveries": shown}
            markup["bars"] = _bars([tried for one in shown for tried in one["attempts"]])
        case "sip":
            values, drawn = await _sip(page, story)
            markup |= drawn
        case _:
            values = {
                "lines": _lines(story),
                "rungs": _rungs(ladder),
            }
            markup["ladder"] = draw(ladder, f"Ladder of call {call}", mask=mask)
    return page.render(
        "calls/call.html",
        title=f"Call {call}",
        call=as_json.call(story.call),
        line=call_line(story.call, page.snapshot),
        tab=tab,
        tabs=list(TABS.items()),
        totals=totals(ladder),
        recordings=await _recordings(page, story),
        may_hear=page.may(HEAR_RECORDINGS),
        may_hang_up=page.may(ACT_ON_CALLS),
        may_send=page.may(ACT_ON_DELIVERIES),
        may_read_sip=page.may(READ_SIP),
        markup=markup,
        **values,
    )


async def _story(page: Page, call: str) -> CallStory:
    try:
        return await show_call(page.store, call, only=page.project)
    except NoSuchCallError:
        raise NotFoundException(GONE) from None


def _links(story: CallStory) -> dict[str, str]:
    """Return where there is more of what a ladder shows."""
    asks = sum(entry.kind is EntryKind.ASKED for entry in story.journal)
    return {
        **{f"journal:{entry.seq}": f"#line-{entry.seq}" for entry in story.journal},
        **{f"ask:{number}": f"?tab=http#ask-{number + 1}" for number in range(asks)},
        **{
            f"delivery:{row.delivery.id}": f"?tab=events#event-{number}"
            for number, row in enumerate(story.deliveries, 1)
        },
    }


def _lines(story: CallStory) -> list[dict[str, Any]]:
    """Return the timeline; a line of the journal has its number, which the ladder leads to."""
    shown = [(entry_line(entry, is_full=True), entry.seq) for entry in story.journal]
    shown += [(line, 0) for row in story.deliveries for line in delivery_lines(row)]
    return [
        {
            "seq": seq,
            "at": one.at,
            "after": max(0.0, one.at - story.call.arrived_at),
            "sign": one.sign,
            "style": one.style,
            "text": one.text,
            "below": list(one.below),
        }
        for one, seq in sorted(shown, key=lambda pair: pair[0].at)
    ]


def _rungs(ladder: Ladder) -> list[dict[str, Any]]:
    """Return the ladder as rows of a table."""
    return [
        {
            "after": max(0.0, rung.at - ladder.began_at),
            "source": rung.source.title,
            "target": "" if rung.is_note else rung.target.title,
            "text": rung.text,
            "href": rung.href,
        }
        for rung in ladder.rungs
    ]


async def _why(page: Page, story: CallStory, target: str) -> dict[str, Any]:
    """Return what decided, and why a target did not ring, where one is asked about."""
    decided = []
    for entry in story.journal:
        if entry.kind in _DECIDES:
            line, facts = entry_line(entry), dict(entry.facts)
            decided.append(
                {
                    "seq": entry.seq,
                    "after": max(0.0, entry.at - story.call.arrived_at),
                    "kind": entry.kind.replace("_", " "),
                    "text": line.text,
                    "read_as": facts.get("read_as", ""),
                    "style": line.style,
                }
            )
    found, problem = None, ""
    target = target.strip()
    if target and (len(target) > MAX_TARGET or not target.isprintable()):
        problem = "name an account, a group or a number"
    elif target:
        try:
            whole, snapshot = await show_call_and_version(
                page.store, story.call.id, only=page.project
            )
        except NoVersionError as error:
            problem = str(error)
        else:
            answer = why_not(whole, snapshot, target)
            found = {
                "why": answer.why,
                "change": answer.change,
                "rang": answer.decision == "rang",
                "scheme": answer.scheme or None,
                "step": answer.step,
                "seq": None if answer.entry is None else answer.entry.seq,
            }
    project = None if page.snapshot is None else page.snapshot.project
    return {
        "path": path_of(story.journal),
        "decided": decided,
        "target": target,
        "problem": problem,
        "found": found,
        "choices": []
        if project is None
        else [*(one.login for one in project.accounts), *(one.name for one in project.groups)],
    }


def _bars(told: list[dict[str, Any]]) -> list[Markup]:
    """Return the bar of each exchange, on one scale."""
    longest = max((sum(one["phases"].values()) for one in told), default=0.0)
    return [draw_phases(one["phases"], longest) for one in told]


async def _sip(page: Page, story: CallStory) -> tuple[dict[str, Any], dict[str, Markup]]:
    nothing: dict[str, Any] = {"messages": [], "left_out": 0, "why_none": "", "sip_rungs": []}
    if not page.may(READ_SIP):
        return nothing, {}
    try:
        _, capture = await sip_messages_of(page.store, story.call.id, only=page.project)
    except NoSipMessagesError as error:
        return nothing | {"why_none": str(error)}, {}
    links = {f"sip:{number}": f"#sip-{number + 1}" for number in range(len(capture.messages))}
    ladder = sip_ladder_of(story.call, capture, links=links)
    shown = sip_capture(capture)
    messages = [one | {"after": max(0.0, one["at"] - ladder.began_at)} for one in shown["messages"]]
    drawn = draw(ladder, f"SIP messages of call {story.call.id}")
    return nothing | {"messages": messages, "left_out": shown["left_out"]}, {"ladder": drawn}


async def _recordings(page: Page, story: CallStory) -> list[dict[str, Any]]:
    """Return what was recorded, with a link of this host to each that can be heard still."""
    row = story.call
    if not row.recordings:
        return []
    kept = page.api.recordings
    there = {}
    with suppress(ValueError):
        found = await asyncio.to_thread(kept.list, project=page.project, call=row.id)
        there = {one.name.recording: one for one in found}
    shown = []
    for made in row.recordings:
        link = ""
        if made.id in there and page.may(HEAR_RECORDINGS):
            name = RecordingName(project=page.project, call=row.id, recording=made.id)
            whole = kept.links.link(name, expires=page.now + LINK_SECONDS)
            link = urlunsplit(urlsplit(whole)._replace(scheme="", netloc=""))
        shown.append(
            {
                "id": made.id,
                "title": "Voicemail" if row.outcome is Outcome.VOICEMAIL else "Recording",
                "seconds": made.seconds,
                "is_there": made.id in there,
                "link": link,
            }
        )
    return shown


@shows("/calls/{call:str}/sip.pcap", READ_SIP)
async def sip_file(page: CurrentPage, call: FromPath[str]) -> Response[bytes]:
    """Send the SIP messages for Wireshark."""
    try:
        _, capture = await sip_messages_of(page.store, call, only=page.project)
    except NoSuchCallError as error:
        raise NotFoundException(str(error)) from None
    name = f'attachment; filename="{quote(call, safe="")}.pcap"'
    return Response(pcap(capture), media_type=PCAP_TYPE, headers={"Content-Disposition": name})


@shows("/calls/{call:str}/report", READ_SIP)
async def report(page: CurrentPage, call: FromPath[str]) -> Response[bytes]:
    """Send the call as one file for a colleague; what is wanted of numbers besides `full` is masked."""
    try:
        whole = await show_whole_call(page.store, call, only=page.project)
    except NoSuchCallError:
        raise NotFoundException(GONE) from None
    body = await asyncio.to_thread(call_report, whole, numbers=page.query().get("numbers", ""))
    name = f'attachment; filename="{report_name(call)}"'
    return Response(body, media_type=MEDIA_TYPE, headers={"Content-Disposition": name})


@acts("/calls/{call:str}/hang-up", ACT_ON_CALLS)
async def hung_up(page: CurrentPage, call: FromPath[str]) -> Response[bytes]:
    """End a running call, and go back to where that was asked for."""
    form = await page.form()
    back = f"{page.base}/live" if form.get("back") == "live" else f"{page.base}/calls/{call}"
    if page.api.hang_up(call, by=page.by, project=page.project):
        return page.redirect(back, told="The call is being ended.")
    await _story(page, call)
    return page.redirect(back, told="The call has ended already.")


@acts("/calls/{call:str}/send", ACT_ON_DELIVERIES)
async def sent_again(page: CurrentPage, call: FromPath[str]) -> Response[bytes]:
    """Send one event of the call again: the same bytes under the same id."""
    wanted = (await page.form()).get("delivery", "")
    try:
        (done,) = await send_again(
            page.store,
            [wanted],
            by=page.by,
            sender=page.api.sender,
            project=page.project,
            at_hand=page.api.snapshot_of,
        )
    except NoSuchDeliveryError:
        raise NotFoundException("there is no such delivery of this call") from None
    told = "It is being sent again." if done.is_done else "It was not sent again."
    if done.note:
        told += f" {done.note[:1].upper()}{done.note[1:]}."
    return page.redirect(f"{page.base}/calls/{quote(call, safe='')}?tab=events", told=told)
