"""Each strict receiver takes what its public description shows, and refuses all that misses something or is of another type."""

from __future__ import annotations

import copy
import http.client
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.receivers.base import JSON, Receiver, Refused
from tests.support.receivers.samples import (
    ROISTAT_AFTER,
    SAMPLES,
    Sample,
    posted,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

EVERY = pytest.mark.parametrize("name", sorted(SAMPLES))


def places(values: Any, at: Path = ()) -> Iterator[Path]:
    """Yield where a value stands: each member and each item of a list, those inside too."""
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in pairs:
        yield (*at, key)
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))


def parent_of(values: Any, place: Path) -> Any:
    for key in place[:-1]:
        values = values[key]
    return values


def name_of(place: Path) -> str:
    return next((key for key in reversed(place) if isinstance(key, str)), "")


def put(values: Any, place: Path, value: Any) -> Any:
    made = copy.deepcopy(values)
    parent_of(made, place)[place[-1]] = value
    return made


def without(values: Any, place: Path) -> Any:
    made = copy.deepcopy(values)
    del parent_of(made, place)[place[-1]]
    return made


def mistyped(sample: Sample, name: str, value: Any) -> list[Any]:
    """Return values of other types; a form has text alone, which is empty or nonsense then."""
    if sample.media_type != JSON:
        return [["?"], ["", ""]] if isinstance(value, list) else ["", "?\n"]
    others: list[Any] = ["?\x00", 7.5, True, None, [7], {"?": "?"}]
    if isinstance(value, str) or (value is None and name in sample.nullable):
        others[0] = 7
    same = {type(value), *([type(None), str] if name in sample.nullable else [])}
    return [other for other in others if type(other) not in same]


def refusal(sample: Sample, values: Any) -> str:
    """Return why a body is refused; "" when it is taken."""
    try:
        sample.receiver.values(posted(sample, written(sample, values)))
    except Refused as refused:
        return str(refused)
    return ""


@EVERY
def test_it_takes_what_its_description_shows(name: str) -> None:
    sample = SAMPLES[name]
    for values in sample.bodies:
        assert sample.receiver.values(posted(sample, written(sample, values))) == values


@EVERY
def test_it_refuses_what_misses_a_member(name: str) -> None:
    sample = SAMPLES[name]
    removed = [
        (place, values)
        for values in sample.bodies
        for place in places(values)
        if isinstance(place[-1], str) and place[-1] not in sample.optional
    ]
    assert removed
    taken = [place for place, values in removed if not refusal(sample, without(values, place))]
    assert taken == []


@EVERY
def test_it_refuses_a_value_of_another_type(name: str) -> None:
    sample = SAMPLES[name]
    changed = [
        (place, other, put(values, place, other))
        for values in sample.bodies
        for place in places(values)
        if name_of(place) not in sample.loose
        for other in mistyped(sample, name_of(place), parent_of(values, place)[place[-1]])
    ]
    assert changed
    assert [made[:2] for made in changed if not refusal(sample, made[2])] == []


@EVERY
def test_it_refuses_a_name_that_is_not_described(name: str) -> None:
    sample = SAMPLES[name]
    for values in sample.bodies:
        inner = values[0] if isinstance(values, list) else values
        inner = copy.deepcopy(inner) | {"nobody": "knows"}
        assert "nobody" in refusal(sample, [inner] if isinstance(values, list) else inner)


@EVERY
def test_it_refuses_another_path_method_key_or_type_and_what_cannot_be_read(name: str) -> None:
    sample = SAMPLES[name]
    body = written(sample, sample.bodies[0])
    wrong = {
        "404": posted(sample, body, target="/%20elsewhere"),
        "405": posted(sample, body, method="PUT"),
        "401": posted(sample, body, authorization="Basic eDp5"),
        "415": posted(sample, body, media_type="text/plain"),
        "400": posted(sample, body[:-1] if sample.media_type == JSON else b"a&&" + body),
    }
    for status, request in wrong.items():
        with pytest.raises(Refused) as caught:
            sample.receiver.values(request)
        assert caught.value.status.startswith(status)


BAD = {
    ("bitrix24", "PHONE"): {"fields": {"TITLE": "Call", "PHONE": "+79062195047"}},
    ("google_form", "entry.1000001"): SAMPLES["google_form"].bodies[0]
    | {"entry.1000001": "13.08.2018"},
    ("hubspot", "hs_call_duration"): {
        "properties": {"hs_timestamp": "1534147871000", "hs_call_duration": 3800},
        "associations": [],
    },
    ("hubspot", "hs_timestamp"): {
        "properties": {"hs_timestamp": "2018-08-13 11:11:11"},
        "associations": [],
    },
    ("kommo", "not a list"): SAMPLES["kommo"].bodies[0][0],
    ("kommo", "duration"): [SAMPLES["kommo"].bodies[0][0] | {"duration": "121"}],
    ("odoo", "name"): {"vals_list": [{"phone": "+3281813700"}]},
    ("ringostat", "billsec"): SAMPLES["ringostat"].bodies[0] | {"billsec": 12},
    ("roistat", "duration"): ROISTAT_AFTER | {"duration": "20"},
    ("roistat", "link"): ROISTAT_AFTER | {"link": None},
    ("roistat", "order_id"): ROISTAT_AFTER | {"order_id": "123456789"},
    ("roistat", "order"): dict(reversed(ROISTAT_AFTER.items())),
    ("slack", "text"): {"text": "<!channel> missed call"},
    ("teams", "attachments"): {"type": "message", "text": "Missed call"},
    ("telegram", "text"): {"chat_id": 1, "text": "x" * 4097},
    ("zammad", "from"): SAMPLES["zammad"].bodies[0] | {"from": ""},
    ("zammad", "cause"): SAMPLES["zammad"].bodies[3] | {"cause": "NO ANSWER"},
    ("zoho", "Call_Start_Time"): SAMPLES["zoho"].bodies[0]
    | {"Call_Start_Time": "2018-08-13 11:11:11"},
}


@pytest.mark.parametrize(("name", "names"), BAD)
def test_it_says_what_is_wrong(name: str, names: str) -> None:
    assert names in refusal(SAMPLES[name], BAD[name, names])


def test_a_name_that_comes_twice_is_refused() -> None:
    for name, body in (("slack", b'{"text":"a","text":"b"}'), ("zammad", b"event=a&event=b")):
        with pytest.raises(Refused, match="twice"):
            SAMPLES[name].receiver.values(posted(SAMPLES[name], body))


@EVERY
def test_it_answers_over_http_and_keeps_what_came(name: str) -> None:
    sample = SAMPLES[name]
    with Receiver(sample.receiver) as receiver:
        taken, refused = (_status(receiver, sample, body) for body in _bodies(sample))
        assert (taken, receiver.accepted) == (_success_of(sample), [sample.bodies[0]])
        assert refused == 400
        assert len(receiver.refused) == 1


def _bodies(sample: Sample) -> tuple[bytes, bytes]:
    return written(sample, sample.bodies[0]), b"\xff"


def _success_of(sample: Sample) -> int:
    return int(sample.receiver.accepted.split(b" ")[1])


def _status(receiver: Receiver, sample: Sample, body: bytes) -> int:
    headers = {"Content-Type": sample.media_type}
    if sample.authorization:
        headers["Authorization"] = sample.authorization
    connection = http.client.HTTPConnection(receiver.authority, timeout=10)
    try:
        connection.request("POST", sample.target, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
