"""A recording's name leads out of no folder; a link is good for its path, until its time; with any other path, time or token it is forged."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from switchhook.domain.call import CallRecording, Recording
from switchhook.domain.project import ProjectSnapshot, RecordingRules
from switchhook.webhooks.parameters import CallFacts, resolve
from switchhook.webhooks.recording_links import (
    ALL,
    DAY,
    NO_LINKS,
    LinkState,
    RecordingLinks,
    RecordingName,
    hide_links,
)
from tests.support.snapshots import MARY, incoming, ring

LINKS = RecordingLinks(base="https://pbx.example.com/phone", key=b"k" * 32, keep_days=90)
NAME = RecordingName(project="acme", call="1563629859.000482915513", recording="r1")


def _check(links: RecordingLinks, url: str, *, now: float = 0.0, path: str = "") -> LinkState:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = path or parts.path.removeprefix("/phone")
    return links.check(path, expires=query["expires"], token=query["token"], now=now)


def test_a_link_is_absolute_and_good_until_its_time() -> None:
    link = LINKS.link(NAME, expires=1000.9)
    head, _, token = link.partition("&token=")
    assert head == (
        "https://pbx.example.com/phone/recordings/acme/1563629859.000482915513/r1.wav?expires=1000"
    )
    assert len(token) == 32
    assert _check(LINKS, link, now=999.9) is LinkState.GOOD
    assert _check(LINKS, link, now=1000.0) is LinkState.EXPIRED


@pytest.mark.parametrize(
    ("old", "new"),
    [("expires=1000", "expires=9000"), ("token=", "token=0"), ("&token=", "&token=ä")],
)
def test_a_changed_link_is_forged(old: str, new: str) -> None:
    assert _check(LINKS, LINKS.link(NAME, expires=1000).replace(old, new)) is LinkState.FORGED


def test_a_link_is_for_one_recording_and_one_key() -> None:
    link = LINKS.link(NAME, expires=1000)
    other = str(replace(NAME, recording="r2"))
    assert _check(LINKS, link, path=f"/recordings/{other}.wav") is LinkState.FORGED
    assert _check(replace(LINKS, key=b"l" * 32), link) is LinkState.FORGED


@pytest.mark.parametrize("expires", ["", "soon", "-1", "9" * 5000, "\ud800"])
def test_a_time_that_is_none_is_forged(expires: str) -> None:
    assert LINKS.check("/recordings/x", expires=expires, token="", now=0) is LinkState.FORGED
    assert LINKS.check("\ud800", expires=expires, token="\ud800", now=0) is LinkState.FORGED


def test_without_a_url_no_link_is_made() -> None:
    assert NO_LINKS.link(NAME, expires=1000) == ""


def test_a_call_tells_its_recording_and_several_as_one() -> None:
    call = incoming(ring(MARY))
    one, two = (Recording(id=name, seconds=2.0, path="") for name in ("r1", "r2"))
    assert LINKS.facts_of(replace(call, recording=CallRecording())) == {}
    assert NO_LINKS.facts_of(replace(call, recording=CallRecording(finished=(one,)))) == {}
    facts = LINKS.facts_of(replace(call, recording=CallRecording(finished=(one,))))
    assert facts["recording_link"] == facts["recording_wav_link"] == facts["recording_link:r1"]
    assert facts["recording_link"] == LINKS.link(
        RecordingName(project=call.snapshot.project.id, call=call.id, recording="r1"),
        expires=call.arrived_at + 90 * DAY,
    )
    both = replace(call, recording=CallRecording(finished=(one, two)))
    told = CallFacts(call=both, now=0.0, extra=LINKS.facts_of(both))
    assert "/all.wav?" in resolve("recording_link", "", told)
    assert "/r2.wav?" in resolve("recording_wav_link", "r2", told)


@pytest.mark.parametrize(
    "text",
    ["acme/1563629859.000482915513/r1", "acme/1563629859.000482915513/all", "a-1/c_2/r12"],
)
def test_a_name_is_read_as_it_is_written(text: str) -> None:
    assert str(RecordingName.parse(text)) == text


@pytest.mark.parametrize(
    ("keep_days", "link_days", "good"), [(0, 0, 90), (30, 0, 30), (30, 7, 7), (200, 300, 90)]
)
def test_a_project_says_how_long_its_links_are_good(
    keep_days: int, link_days: int, good: int
) -> None:
    call = incoming(ring(MARY))
    rules = RecordingRules(keep_days=keep_days, link_days=link_days)
    project = replace(call.snapshot.project, recordings=rules)
    made = CallRecording(finished=(Recording(id="r1", seconds=2.0, path=""),))
    call = replace(call, snapshot=ProjectSnapshot(project), recording=made)
    wanted = f"expires={int(call.arrived_at + good * DAY)}&"
    assert wanted in LINKS.facts_of(call)["recording_link"]


def test_without_a_recording_all_of_a_call_are_named() -> None:
    assert RecordingName(project="acme", call="c1").recording == ALL


@pytest.mark.parametrize(
    "text",
    [
        *("", "acme/c1", "acme/c1/r1.wav", "acme/c1/r0", "acme/c1/r", "/acme/c1/r1", "acme//r1"),
        *("../c1/r1", "acme/../r1", "acme/./r1", "acme/.c/r1", "acme/c1/../r1", "acme/c1/r1/"),
        *("acme/c1/r1\n", "acme/c\0/r1", "acme/c%2e/r1", "acme\\..\\c/r1", "äcme/c1/r1"),
        f"acme/{'c' * 101}/r1",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="names no recording"):
        RecordingName.parse(text)
    project, _, rest = text.partition("/")
    call, _, recording = rest.partition("/")
    with pytest.raises(ValueError, match="names no recording"):
        RecordingName(project=project, call=call, recording=recording)


def test_a_hidden_link_cannot_be_followed_whatever_text_it_is_in() -> None:
    link = LINKS.link(NAME, expires=1000)
    token = link[-32:].encode()
    texts = (
        link,
        json.dumps({"link": link}),
        json.dumps({"body": json.dumps({"link": link.replace("&", "\\u0026")})}),
        urlencode({"link": link}),
        quote(urlencode({"link": link})),
        html.escape(link),
    )
    for text in texts:
        hidden = hide_links(text.encode())
        assert (token in hidden, len(hidden)) == (False, len(text.encode())), text
        assert b"*" * 32 in hidden
    for other in (b"token=" + token, b"{}", token):
        assert hide_links(other) == other
