"""What may ring, where webhooks may reach and which zones there are is read as the rest of Switchhook does."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest

from switchhook.domain.target import TargetKind
from switchhook.projectfile.toml.mistakes import Notes
from switchhook.projectfile.toml.value_types import Location, NotedError, ValueType, WrongError
from switchhook.projectfile.types import project as project_kinds
from switchhook.projectfile.types.project import (
    ANY_2XX,
    Chosen,
    CidrNetwork,
    Country,
    Digits,
    GrantedNetwork,
    RingTarget,
    SuccessCodes,
    TimeZone,
    WebAddress,
)
from switchhook.webhooks import timestamps


def spot(*, trunks: bool = True, country: str = "") -> Location:
    names = {
        "account": {"101", "mary"},
        "group": {"200", "sales"},
        "trunk": {"carrier"} if trunks else set(),
        "country": {country} if country else set(),
    }
    return Location(path=("key",), notes=Notes(), names=names)


def refusal(kind: ValueType, value: Any) -> str:
    with pytest.raises(WrongError) as caught:
        kind.read(value, spot())
    return f"{caught.value.problem}; {caught.value.advice}"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mary", TargetKind.ACCOUNT, "mary"),
        ("101", TargetKind.ACCOUNT, "101"),
        ("1-0-1", TargetKind.ACCOUNT, "101"),
        ("<sip:mary@127.0.0.1>", TargetKind.ACCOUNT, "mary"),
        ("<sip:mary@other.example>", TargetKind.ADDRESS, "sip:mary@other.example"),
        ("200", TargetKind.GROUP, "200"),
        ("sip:sales@localhost", TargetKind.GROUP, "sales"),
        ("102", TargetKind.NUMBER, "102"),
        ("tel:+380 44 111 11 11", TargetKind.NUMBER, "+380441111111"),
        ("bob@PBX.example.", TargetKind.ADDRESS, "sip:bob@pbx.example"),
        (
            "sips:bob@[::1]:5061;transport=tcp",
            TargetKind.ADDRESS,
            "sips:bob@[::1]:5061;transport=tcp",
        ),
    ],
)
def test_what_rings_is_read_as_an_answer_is(text: str, kind: TargetKind, value: str) -> None:
    target = RingTarget().read(text, spot())

    assert (target.kind, target.value) == (kind, value)


@pytest.mark.parametrize("text", ["", "nobody", "12", "sip:bob", "bob@", "@pbx.example", "a b@c"])
def test_what_is_nothing_that_rings_is_refused(text: str) -> None:
    assert "is nothing that can ring" in refusal(RingTarget(), text)


def test_a_bracket_left_open_is_no_crash() -> None:
    for text in ("sip:bob@[::1", "bob@]", "<bob@x", "@", "[", "sip:@[", "a@b@c"):
        assert "is nothing that can ring" in refusal(RingTarget(), text)


def test_numbers_are_kept_as_they_arrive() -> None:
    assert Digits().read("+380 (44) 222-33-44", spot()) == "380442223344"
    assert "is not a telephone number" in refusal(Digits(), "1234567890123456")
    assert "is not a telephone number" in refusal(Digits(), "³⁸⁰⁴⁴²²²")
    assert Digits().read("030/123456", spot(country="DE")) == "4930123456"
    assert "is not a telephone number" in refusal(Digits(), "380501112233/101")


def test_networks_are_written_in_one_way() -> None:
    assert CidrNetwork().read("192.0.2.7", spot()) == "192.0.2.7/32"
    assert CidrNetwork().read("FD00:1::/64", spot()) == "fd00:1::/64"
    assert GrantedNetwork().read("10.0.0.5:8443", spot()) == "10.0.0.5/32:8443"
    assert refusal(CidrNetwork(), "10.0.0.1/8").endswith("did you mean 10.0.0.0/8?")
    assert refusal(CidrNetwork(), "x").endswith("write a network like 10.0.0.0/8")
    assert refusal(GrantedNetwork(), "10.0.0.1/8").endswith("did you mean 10.0.0.0/8?")
    assert refusal(GrantedNetwork(), "localhost").endswith("perhaps with a port: 10.0.0.5/32:8443")
    assert "'10.0.0.0/8:0' is not a network" in refusal(GrantedNetwork(), "10.0.0.0/8:0")


@pytest.mark.parametrize("text", ["", "UA", "NL"])
def test_countries_are_codes(text: str) -> None:
    assert Country().read(text, spot()) == text


def test_without_zone_data_only_utc_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_data(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(timestamps, "ZoneInfo", no_data)
    monkeypatch.setattr(project_kinds, "is_time_zone", timestamps.is_time_zone.__wrapped__)
    monkeypatch.setattr(project_kinds, "_zones", frozenset)

    assert TimeZone().read("UTC", spot()) == "UTC"
    assert refusal(TimeZone(), "Europe/Kyiv") == (
        "'Europe/Kyiv' is not a time zone;"
        " install the tzdata package: this machine knows no time zones"
    )


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("caller_id", ("caller_id", "")),
        ("Caller ID", ("caller_id", "")),
        ("custom:city", ("custom", "city")),
        ("date:iso8601@UTC", ("date", "iso8601@UTC")),
        ("answered_at:%H:%M@Europe/Kyiv", ("answered_at", "%H:%M@Europe/Kyiv")),
        ("voicemail_duration:ms", ("voicemail_duration", "ms")),
        ("constant:a:b", ("constant", "a:b")),
        ("constant:", ("constant", "")),
        ("date:%d.%m.%Y", ("date", "%d.%m.%Y")),
    ],
)
def test_parameters_are_chosen_by_key_or_label(text: str, chosen: tuple[str, str]) -> None:
    assert Chosen().read(text, spot()) == chosen
    assert Chosen().read(Chosen().write(chosen).strip('"'), spot()) == chosen


def test_a_form_that_a_number_does_not_have_is_refused_where_it_is_judged() -> None:
    assert refusal(Chosen(), "destination_id:E.164") == (
        "'E.164' is no form of destination_id; did you mean e164?"
    )
    unjudged = Location(path=(), notes=Notes(judges=False), names={})
    assert Chosen().read("destination_id:x", unjudged) == ("destination_id", "x")


def test_success_is_a_list_or_all_of_2xx() -> None:
    assert SuccessCodes().read("2xx", spot()) == ANY_2XX
    assert SuccessCodes().read([200, 204], spot()) == (200, 204)
    assert "is not a list of HTTP statuses" in refusal(SuccessCodes(), [])
    at = spot()
    with pytest.raises(NotedError):
        SuccessCodes().read([True, 199, 600], at)
    assert len(at.notes) == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://11.111.111.11:80",
        "https://crm.example/route?key=a%20b&x=1",
        "http://[::1]:8080/",
        "http://приклад.укр/шлях",
        "http://api.asterisk/calls/{ID Call}/{custom:city}",
    ],
)
def test_urls_are_kept_as_they_were_written(url: str) -> None:
    assert WebAddress().read(url, spot()) == url


@pytest.mark.row("N-13")
def test_a_missing_scheme_is_http_for_every_webhook_and_told_without_the_query() -> None:
    here = spot()

    assert WebAddress().read("crm.example/told?key=s3cret", here) == (
        "http://crm.example/told?key=s3cret"
    )
    (said,) = here.notes.remarks()
    assert said.endswith("is read as http://crm.example/told?****")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://crm.example",
        "http://",
        "http://a b/",
        "http://u:p4ss@crm.example/",
    ],
)
def test_urls_that_cannot_be_asked_are_refused_without_repeating_them(url: str) -> None:
    assert "p4ss" not in refusal(WebAddress(), url)
