"""An answer to a dial-plan webhook says what failed, what was read leniently, and what came along; see `tests/webhooks/corpus`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.domain.failure import Failure, FailureKind
from switchhook.webhooks.answer import Ack, Nak, ReadAs, read_dial_plan_answer
from tests.webhooks.samples import DUTCH_PLAN, answer, make_dial_plan

if TYPE_CHECKING:
    from switchhook.webhooks.answer import DialPlanReading

FULL = 65_536
ACK, NAK, FAILED = "success", "nak", "failed"


def read(body: str | bytes, status: int = 200, *, lenient_json: bool = False) -> DialPlanReading:
    webhook = make_dial_plan(lenient_json=lenient_json)
    return read_dial_plan_answer(webhook, answer(body, status), DUTCH_PLAN)


def branch(reading: DialPlanReading) -> str:
    match reading.verdict:
        case Ack():
            return ACK
        case Nak():
            return NAK
        case Failure():
            return FAILED


def rings(reading: DialPlanReading) -> str | None:
    """Write a destination as the tables do: `@account`, numbers and addresses as they are."""
    target = reading.destination
    return None if target is None else "@" * (target.kind == "account") + target.value


@pytest.mark.row("S-20")
def test_the_seeds_answer_is_read_without_a_notice() -> None:
    body = "status=ACK&callername=VoysPartners"
    reading = read(body)

    assert len(body) == 34
    assert (reading.verdict, reading.caller_name) == (Ack(), "VoysPartners")
    assert (reading.read_as, reading.notices) == (ReadAs.URLENCODED, ())


@pytest.mark.row("R5-37")
@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "text/html; charset=UTF-8", "application/json", ""],
)
def test_pairs_are_read_whatever_the_content_type_says(kind: str) -> None:
    headers = (("Content-Type", kind),) if kind else ()
    reading = read_dial_plan_answer(
        make_dial_plan(), answer("status=ACK")._replace(headers=headers), DUTCH_PLAN
    )
    assert (reading.verdict, reading.read_as) == (Ack(), ReadAs.URLENCODED)


@pytest.mark.row("S-22", "R5-38")
def test_the_seeds_destination_is_read_without_a_notice() -> None:
    body = "status=ACK&destination=%2B31502102544"
    reading = read(body)

    assert len(body) == 37
    assert (rings(reading), reading.caller_name) == ("+31502102544", None)
    assert reading.notices == ()


@pytest.mark.row("S-23", "R5-42")
@pytest.mark.parametrize(
    "body",
    [
        "status=ACK&destination=215&callername=Sales",
        "callername=Sales&destination=215&status=ACK",
        "destination=215&callername=Sales&status=ACK\n",
    ],
)
def test_keys_combine_in_any_order(body: str) -> None:
    reading = read(body)

    assert (branch(reading), rings(reading), reading.caller_name) == (ACK, "@215", "Sales")


@pytest.mark.row("S-26", "A-50")
def test_nak_under_401_says_so() -> None:
    reading = read("status=NAK", 401)

    assert reading.verdict == Nak(http_status=401)
    assert str(reading.verdict) == "NAK (HTTP 401)"


@pytest.mark.row("S-34")
@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (
            500,
            "status=ACK",
            FailureKind.STATUS,
            "the endpoint answered 500 with status=ACK; only a status of 200 to 299 lets that count",
        ),
        (
            404,
            "<html>",
            FailureKind.STATUS,
            "the endpoint answered 404, not a status of 200 to 299",
        ),
        (302, "", FailureKind.STATUS, "the endpoint answered 302, not a status of 200 to 299"),
        (
            200,
            "status=ERR",
            FailureKind.BAD_BODY,
            "the endpoint answered status=ERR: something went wrong there",
        ),
        (200, "", FailureKind.BAD_BODY, "the body is empty"),
        (
            200,
            "status=",
            FailureKind.BAD_BODY,
            "the answer's status is empty: it has to be ACK, NAK or ERR",
        ),
        (
            200,
            "status=OK&destination=215",
            FailureKind.BAD_BODY,
            "the answer's status is 'OK', not ACK, NAK or ERR",
        ),
        (
            200,
            "destination=215",
            FailureKind.BAD_BODY,
            "the answer has no status: it has to hold status=ACK, NAK or ERR",
        ),
        (
            200,
            "status=ACK&status=NAK",
            FailureKind.BAD_BODY,
            "the answer has several statuses: 'ACK, NAK'",
        ),
        (
            200,
            "<html>",
            FailureKind.BAD_BODY,
            "the body is a page of HTML or XML, not an answer such as status=ACK",
        ),
        (
            200,
            '{"status":"ACK"}',
            FailureKind.BAD_BODY,
            "the body is JSON, not an answer such as status=ACK; lenient JSON is off",
        ),
        (
            200,
            "status=ACK&" + "x" * FULL,
            FailureKind.TOO_LARGE,
            "the answer's body is longer than 65536 bytes",
        ),
    ],
)
def test_a_failure_says_what_was_wrong_and_gives_nothing(
    status: int, body: str, kind: FailureKind, detail: str
) -> None:
    reading = read(body, status)

    assert reading.verdict == Failure(kind=kind, detail=detail)
    assert (reading.destination, reading.caller_name, reading.variables) == (None, None, ())


@pytest.mark.row("R5-36")
@pytest.mark.parametrize("status", ["NAK", "ERR"])
def test_what_comes_with_nak_and_err_is_read_too(status: str) -> None:
    reading = read(f"status={status}&destination=215&callername=X&value=1")

    assert (rings(reading), reading.caller_name) == ("@215", "X")
    assert reading.variables == (("value", "1"),)


@pytest.mark.row("S-20", "S-22", "A-49")
@pytest.mark.parametrize(
    ("body", "notices"),
    [
        (
            "destination=+31502102544",
            ("destination came with its + unencoded; it is to be sent as %2B",),
        ),
        (
            "callername=Voys & Partners",
            ("callername came unencoded and was taken up to the next known key",),
        ),
        (
            "destination=nobody",
            ("dropped 'nobody': it is no number, account or group of this project",),
        ),
        (
            "destination=x,215,216",
            (
                "dropped 'x': it is no number, account or group of this project",
                "only the first of several destinations is followed",
            ),
        ),
        ("destination=215,216", ("only the first of several destinations is followed",)),
        (
            "destination=215&destination=900",
            ("the answer has several destinations, so none of them is followed",),
        ),
        ("callername=" + "x" * 129, ("the caller name was cut to 128 characters",)),
        ("x=" + "y" * 257, ("'x' was cut to 256 characters",)),
        (
            "callername=" + "x" * 4097,
            ("callername is longer than 4096 characters and was not read",),
        ),
        (
            "&".join(f"k{n}=1" for n in range(21)),
            ("only the first 20 unknown keys were kept",),
        ),
    ],
)
def test_what_was_read_leniently_or_dropped_is_told(body: str, notices: tuple[str, ...]) -> None:
    assert notices == read(f"status=ACK&{body}").notices


def test_names_of_old_servers_are_read_as_windows_1252_with_a_notice() -> None:
    reading = read(b"status=ACK&callername=Caf\xe9")

    assert (branch(reading), reading.caller_name) == (ACK, "Café")
    assert reading.notices == (
        "the body is not UTF-8 and was read as Windows-1252",
        "callername came unencoded and was taken up to the next known key",
    )


@pytest.mark.row("S-34", "A-50")
def test_of_a_status_that_does_not_count_it_is_told_how_the_body_was_read() -> None:
    reading = read(b"status=ACK&callername=Caf\xe9", 500)

    assert (branch(reading), reading.caller_name) == (FAILED, None)
    assert reading.read_as == ReadAs.URLENCODED
    assert reading.notices == ("the body is not UTF-8 and was read as Windows-1252",)


@pytest.mark.row("S-27", "S-34")
def test_lenient_json_keeps_unknown_members_that_are_text() -> None:
    body = '{"status":"ACK","a":"x","n":1.50,"yes":true,"no":null,"list":[1],"object":{}}'
    reading = read(body, lenient_json=True)

    assert reading.variables == (("a", "x"), ("n", "1.50"), ("yes", "true"), ("no", ""))
    assert reading.notices == ("2 unknown members were not kept: they are lists or objects",)
    assert reading.read_as == ReadAs.STRICT_JSON


PLAIN_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp", "Zs")), max_size=30
)


@pytest.mark.row("S-20", "R5-42")
@given(name=PLAIN_TEXT, value=PLAIN_TEXT, destination=st.sampled_from(["+31502102544", "215"]))
def test_what_an_encoder_wrote_is_read_as_it_was_meant(
    name: str, value: str, destination: str
) -> None:
    pairs = [("callername", name), ("value", value), ("destination", destination)]
    body = urlencode([*pairs, ("status", "ACK")])
    reading = read(body)

    assert reading.caller_name == (name or None)
    assert dict(reading.variables) == {"value": value}
    assert rings(reading) == ("@215" if destination == "215" else destination)
    assert reading.notices == ()


@pytest.mark.row("S-20")
@given(name=st.text("abcé &", min_size=1, max_size=20).map(str.strip).filter(bool))
def test_a_name_that_nobody_encoded_survives(name: str) -> None:
    reading = read(f"status=ACK&callername={name}&destination=215")

    assert reading.caller_name is None or name.rstrip("&") == reading.caller_name.rstrip("&")
    assert rings(reading) == "@215"


@pytest.mark.row("S-34")
@given(
    name=PLAIN_TEXT,
    destination=st.sampled_from(["+31502102544", "215", "nobody", ""]),
    status=st.sampled_from(["ACK", "NAK", "ERR", "OK"]),
)
def test_lenient_json_and_pairs_mean_the_same(name: str, destination: str, status: str) -> None:
    pairs = {"status": status, "destination": destination, "callername": name}
    from_pairs = read(urlencode(pairs))
    from_json = read(json.dumps(pairs), lenient_json=True)

    assert from_pairs.verdict == from_json.verdict
    assert from_pairs.destination == from_json.destination
    assert from_pairs.caller_name == from_json.caller_name
