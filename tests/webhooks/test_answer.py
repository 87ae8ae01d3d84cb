"""Each answer of the corpus means what it says; no bytes make a reader raise, dawdle, or ring what they do not say."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switchhook.domain.failure import Failure
from switchhook.webhooks.answer import ForwardingNumberReading, RingTargets, SchemeId
from tests.support.pace import cost
from tests.webhooks.corpus import (
    DIAL_PLANS,
    ENTRIES,
    Entry,
    Reader,
    meaning_of,
    read,
    told_by,
)
from tests.webhooks.corpus.longest import FULL, LONGEST
from tests.webhooks.corpus.standing import stands_in
from tests.webhooks.samples import PLAN

if TYPE_CHECKING:
    from switchhook.domain.target import Target
    from switchhook.webhooks.answer import DialPlanReading

READERS = st.sampled_from(list(Reader))


@pytest.mark.row("A-11", "A-50")
@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, marks=pytest.mark.row(*entry.rows), id=f"{entry.reader} {number}")
        for number, entry in enumerate(ENTRIES)
    ],
)
def test_an_answer_of_the_corpus_means_what_it_says(entry: Entry) -> None:
    reading = read(entry.reader, entry.body, status=entry.status, name=entry.name)

    assert entry.means == meaning_of(reading)
    if entry.told is not None:
        assert entry.told in told_by(reading)
        assert bool(entry.told) == bool(told_by(reading))


def test_the_corpus_is_large_and_says_nothing_twice_in_two_ways() -> None:
    meanings: dict[object, set[str]] = {}
    for entry in ENTRIES:
        key = (entry.reader, entry.body, entry.status, entry.name)
        meanings.setdefault(key, set()).add(entry.means)

    assert len(meanings) >= 1000
    assert all(len(means) == 1 for means in meanings.values())
    for readers in ({Reader.JSON}, {Reader.HTTP, Reader.JSON_RPC}, set(DIAL_PLANS)):
        assert len([entry for entry in ENTRIES if entry.reader in readers]) >= 140
    failures = [entry for entry in ENTRIES if entry.means in {"bad_body", "status", "too_large"}]
    assert 400 <= len(failures) <= len(ENTRIES) - 400


# No bytes whatsoever.

WORDS = st.sampled_from(
    [
        *"{}[]:,\"'“”‘’\\<>@=&;+-.% \n\t\ufeff\u00a0\u200b",
        *("dst_phone", "schema", "result", "error", "id", "jsonrpc", "null", "true", "false"),
        *("380443334455", "26076", "agent7", "101", "sip:", "@sip.partner.example", "1", "00"),
        *("3.80443334455E+11", "1e", "\\u0033", "<html>", "desk@evil.example", "x", "ключ", "٣"),
        *("status=", "destination=", "callername=", "&status=ACK", "&destination=", "&callername="),
        *("ACK", "NAK", "ERR", "amp;", "31502102544", "215", "jan", "%2B", "%20", "%ff", "%C3%A9"),
        *("tel:", "é", "dst_phone=", '"dst_phone":', '"status":"ACK",', '"destination":', "_"),
    ]
)
SENTENCES = st.lists(WORDS, max_size=30).map("".join)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    SENTENCES.map(str.encode),
    SENTENCES.map(lambda text: f"status=ACK&destination={text}".encode()),
    SENTENCES.map(lambda text: ('{"dst_phone":' + text + "}").encode()),
)


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Reader, bytes]:
    """Take an answer of the corpus and damage it as lines, disks and hands do."""
    entry = draw(st.sampled_from([entry for entry in ENTRIES if len(entry.body) < 2000]))
    body = entry.body
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 20)))
        match draw(st.sampled_from(["flip", "cut", "drop", "double", "word", "splice"])):
            case "flip" if start < len(body):
                flipped = body[start] ^ 1 << draw(st.integers(0, 7))
                body = body[:start] + bytes([flipped]) + body[start + 1 :]
            case "cut":
                body = body[:start]
            case "drop":
                body = body[:start] + body[end:]
            case "double":
                body = body[:end] + body[start:]
            case "word":
                body = body[:start] + draw(WORDS).encode() + body[start:]
            case _:
                other = draw(st.sampled_from(ENTRIES)).body[:2000]
                body = body[:start] + other[draw(st.integers(0, len(other))) :]
    return entry.reader, body


def targets_of(reading: ForwardingNumberReading | DialPlanReading) -> tuple[Target, ...]:
    if isinstance(reading, ForwardingNumberReading):
        return reading.decision.targets if isinstance(reading.decision, RingTargets) else ()
    return (reading.destination,) if reading.destination else ()


def check(reader: Reader, body: bytes, status: int = 200, name: str = "dst_phone") -> None:
    """Hold what holds of every answer."""
    reading = read(reader, body, status=status, name=name)

    assert reading == read(reader, body, status=status, name=name)
    assert told_by(reading).isprintable()
    assert len(told_by(reading)) < 1000
    for target in targets_of(reading):
        assert stands_in(target, body, reader.snapshot), target
    if isinstance(reading, ForwardingNumberReading):
        assert isinstance(reading.decision, RingTargets | SchemeId | Failure)
        assert isinstance(reading.decision, Failure) or 200 <= status <= 299
        assert len(targets_of(reading)) == len(set(targets_of(reading))) <= 20
        assert not isinstance(reading.decision, SchemeId) or reading.decision.id in PLAN.schemes
        return
    branch = meaning_of(reading).partition(" ")[0]
    assert branch != "ACK" or 200 <= status <= 299
    assert branch != "NAK" or 200 <= status <= 299 or 400 <= status <= 599
    assert len(dict(reading.variables)) == len(reading.variables) <= 20
    for line in (reading.caller_name or "x", *(value for _, value in reading.variables)):
        assert line == line.strip()
        assert not {"\n", "\r"} & set(line)


@pytest.mark.row("S-12", "S-34", "A-09", "A-11", "A-49", "A-50", "A-56", "A-58")
@given(
    reader=READERS,
    body=BODIES,
    status=st.one_of(st.just(200), st.integers(100, 699)),
    name=st.sampled_from(["dst_phone", "schema", "result", "id", "x"]),
)
@example(
    reader=Reader.DIAL_PLAN,
    body=b"status=ACK&destination=+31215&destination=900",
    status=200,
    name="x",
)
def test_whatever_comes_is_decided_and_invents_no_destination(
    reader: Reader, body: bytes, status: int, name: str
) -> None:
    check(reader, body, status, name)


@pytest.mark.row("S-12", "S-34", "A-09", "A-11")
@given(answer=spoilt(), reader=st.one_of(st.none(), READERS))
@example(answer=(Reader.HTTP, b"3,80443334455E+11"), reader=None)
def test_a_spoilt_answer_of_the_corpus_invents_no_destination(
    answer: tuple[Reader, bytes], reader: Reader | None
) -> None:
    meant_for, body = answer
    check(reader or meant_for, body)


# What stands beside.

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["380443334455", "101,102", "agent7", "", "desk@evil.example", "26076"]),
    st.text(max_size=12),
)
BARE_NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(BARE_NAMES, inner, max_size=3),
    ),
    max_leaves=6,
)
KNOWN = {"dst_phone", "schema", "result", "error", "id", "jsonrpc"}
UNKNOWN = st.dictionaries(
    st.text(min_size=1, max_size=12).filter(lambda name: name not in KNOWN), VALUES, max_size=4
)


@pytest.mark.row("A-11", "A-21")
@given(
    known=st.dictionaries(st.sampled_from(["dst_phone", "schema"]), VALUES),
    before=UNKNOWN,
    after=UNKNOWN,
)
def test_unknown_members_change_no_decision(
    known: dict[str, object], before: dict[str, object], after: dict[str, object]
) -> None:
    alone = json.dumps(known).encode()
    beside = json.dumps({**before, **known, **after}).encode()

    for reader in (Reader.JSON, Reader.HTTP):
        assert meaning_of(read(reader, alone)) == meaning_of(read(reader, beside))
    response = json.dumps({"id": 1, "result": known}).encode()
    fuller = json.dumps({**after, "result": {**before, **known}, "id": 1}).encode()
    assert meaning_of(read(Reader.JSON_RPC, response)) == meaning_of(read(Reader.JSON_RPC, fuller))


PAIRS = st.lists(
    st.tuples(st.text(max_size=12), st.text(max_size=12)).filter(
        lambda pair: pair[0].lower() not in {*KNOWN, "status", "destination", "callername"}
    ),
    max_size=6,
).map(urlencode)


@pytest.mark.row("S-27", "S-34", "R5-42")
@given(
    known=st.permutations(["status=ACK", "destination=+31 50 2102544", "callername=Jan+%26+Co"]),
    before=PAIRS,
    after=PAIRS,
)
def test_unknown_pairs_change_no_branch_destination_or_name(
    known: list[str], before: str, after: str
) -> None:
    body = "&".join([before, *known, after]).encode()

    assert meaning_of(read(Reader.DIAL_PLAN, body)).startswith("ACK to +31502102544 as Jan & Co")


@pytest.mark.row("A-06")
@given(known=st.sampled_from(["dst_phone=101", "schema=1"]), before=PAIRS, after=PAIRS)
def test_unknown_pairs_change_no_direction(known: str, before: str, after: str) -> None:
    body = f"x=&{before}&{known}&{after}".encode()

    assert meaning_of(read(Reader.HTTP, body)) == ("@101" if "101" in known else "#1")


QUOTES = [("'", "'"), ("“", "”"), ('"', '"'), ("“", '"')]
DOCUMENTS = st.dictionaries(
    st.one_of(st.sampled_from(["dst_phone", "schema", "note"]), BARE_NAMES), VALUES, max_size=5
)


def relaxed(value: object, quotes: tuple[str, str]) -> str:
    """Write the value as sloppy scripts do."""
    opening, closing = quotes
    match value:
        case dict():
            return "{ " + "".join(f"{k} : {relaxed(v, quotes)}, " for k, v in value.items()) + "}"
        case list():
            return "[" + "".join(f"{relaxed(item, quotes)} ," for item in value) + "]"
        case str():
            inside = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"')
            for quote in "'“”„\"" if opening != "'" else "'":
                inside = inside.replace(quote, "\\" + quote)
            return opening + inside + closing
        case _:
            return json.dumps(value)


@pytest.mark.row("A-11", "S-03")
@given(document=DOCUMENTS, quotes=st.sampled_from(QUOTES))
def test_strict_json_and_its_relaxed_spelling_decide_the_same(
    document: dict[str, object], quotes: tuple[str, str]
) -> None:
    strict = json.dumps(document, ensure_ascii=False).encode()
    sloppy = ("\ufeff" + relaxed(document, quotes)).encode()

    assert meaning_of(read(Reader.JSON, strict)) == meaning_of(read(Reader.JSON, sloppy))


# Time.


@pytest.mark.row("S-12", "S-34", "A-11", "FT-09")
@pytest.mark.parametrize("name", LONGEST)
def test_the_longest_hostile_answer_is_read_in_a_blink(name: str) -> None:
    """Promise 5 ms for 64 KiB; the test allows a slow machine twice that. `benchmarks/answers.py` allows none."""
    body = LONGEST[name]
    assert 0.8 * FULL < len(body) <= FULL

    for reader in Reader:
        assert cost(partial(read, reader, body), enough=10) < 10, f"as {reader}"


@pytest.mark.row("FB-05")
@pytest.mark.parametrize(
    "word",
    [
        *("NaN", "-Infinity", "None", "True", "undefined", "ObjectId('5f')"),
        *(
            "0x1F",
            "12n",
            "2020-01-01",
            ".5",
            "new Date(f(0))",
            "<A at 0x7f>",
            "('a',)",
            r'"C:\dir"',
        ),
    ],
)
@pytest.mark.parametrize(
    "blank", ["", "// x\n", "# x\n", "/* x */", ",,", "<!-- x -->", '"a":"\n",']
)
def test_only_the_member_asked_for_has_to_be_a_direction(word: str, blank: str) -> None:
    body = f'{{"dst_phone":"380501112233",{blank}"score":{word}}}'.encode()

    assert meaning_of(read(Reader.JSON, body)) == "380501112233"


@pytest.mark.row("FB-06")
@pytest.mark.parametrize(
    "body",
    [
        '[{"dst_phone":"101"}]',
        '[{"json":{"dst_phone":"101"}}]',
        '"{\\"dst_phone\\":\\"101\\"}"',
        '[{"json":{"dst_phone":"101"},"pairedItem":{"item":0}}]',
        '{"statusCode":200,"body":"{\\"dst_phone\\":\\"101\\"}"}',
        '{"result":{"dst_phone":"101"},"time":{"start":1.5}}',
        '[{"ok":1},{"dst_phone":"101"}]',
    ],
)
@pytest.mark.parametrize("reader", [Reader.JSON, Reader.HTTP])
def test_one_object_in_one_more_wrapping_is_that_object(reader: Reader, body: str) -> None:
    assert meaning_of(read(reader, body.encode())) == "@101"


@pytest.mark.row("FB-06")
def test_of_two_objects_none_is_guessed() -> None:
    body = b'[{"dst_phone":"101"},{"dst_phone":"102"}]'

    assert meaning_of(read(Reader.JSON, body)) == "bad_body"


@pytest.mark.row("FB-12")
@pytest.mark.parametrize(
    ("pairs", "means", "told"),
    [
        ("callername=C++", "ACK as C++", ""),
        ("callername=+31612345678", "ACK as +31612345678", ""),
        ("callername=Jan+de+Vries", "ACK as Jan de Vries", ""),
        ("value=Sales & Service", "ACK with value=Sales", "'value' came unencoded and was cut"),
    ],
)
def test_a_plus_that_is_no_blank_is_kept_and_a_cut_is_told(
    pairs: str, means: str, told: str
) -> None:
    reading = read(Reader.DIAL_PLAN, f"status=ACK&{pairs}".encode())

    assert meaning_of(reading) == means
    assert told in told_by(reading)
    assert bool(told) is bool(told_by(reading))
