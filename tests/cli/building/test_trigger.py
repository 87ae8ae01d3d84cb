"""`switchhook trigger` sends what a delivery would be, and tells receivers that survive from those that do not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from switchhook.cli.main import FAILED, FINE, run
from switchhook.domain.credentials import Credentials
from switchhook.tryout.rough import AT_ONCE, STRANGE_NAMES
from switchhook.webhooks.signatures import symmetric_key
from switchhook.webhooks.verifying import verify
from tests.support.projects import MINIMAL
from tests.support.receiving import receiving
from tests.support.wire import Endpoint, Received, reply

KEY = symmetric_key(b"1" * 32)
URL = 'url = "https://crm.example/told"\n'


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHHOOK_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A project with one signed event webhook, which tells the caller's name."""
    path = tmp_path / "project.toml"
    more = f'name = "told crm"\nsigning_secrets = ["{KEY}"]\nparameters = [{{ name = "call_id", value = "call_id" }}, {{ name = "caller_name", value = "caller_name" }}]\n'
    path.write_text(MINIMAL.replace(URL, f"{URL}{more}"))
    return str(path)


def verified(request: Received) -> bool:
    headers = dict(line.split(": ", 1) for line in request.lines[1:])
    (proof,) = verify(
        Credentials(signing_secrets=(KEY,)),
        headers={name.lower(): value for name, value in headers.items()},
        target=request.target,
        body=request.body,
        now=time.time(),
    )
    return proof.is_right


def test_the_events_of_a_call_come_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(lambda _: reply()) as web:
        assert run(["trigger", "incoming", web.url("/hook?a=1")]) == FINE
        requests = web.ledger.requests

    said = capsys.readouterr()
    assert [line[:31] for line in said.out.splitlines()] == [
        "✓ incoming.before to crm before",
        "✓ incoming.after to crm after: ",
    ]
    assert "the events of the example project" in said.err
    assert [request.target for request in requests] == ["/hook?a=1"] * 2
    first, second = (request.header("webhook-id") for request in requests)
    assert (first.split(".")[2:], second.split(".")[2:]) == (
        ["1", "crm%20before"],
        ["2", "crm%20after"],
    )


def test_they_are_the_exact_bytes_that_preview_shows(
    file: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    call = tmp_path / "call.json"
    call.write_text('{"id": "1.2", "caller_name": "Київ"}')
    with Endpoint(lambda _: reply()) as web:
        options = ["--file", file, "--call", str(call)]
        assert run(["trigger", "told crm", web.url("/told"), *options]) == FINE
        (request,) = web.ledger.requests
        capsysbinary.readouterr()
        assert run(["preview", "--webhook", "told crm", *options]) == FINE
        shown = capsysbinary.readouterr().out
    assert verified(request)
    lines = [
        line
        for line in shown.decode().split("\r\n")
        if not line.startswith(("Host", "webhook-t", "webhook-s"))
    ]
    assert lines == [
        line
        for line in request.raw.decode().split("\r\n")
        if not line.startswith(("Host", "webhook-t", "webhook-s"))
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope", "http://x/"), "has no event webhook at 'nope'"),
        (("incoming", "ftp://x/"), "only http:// and https:// are spoken"),
        (("incoming", "x"), "is no URL to send to"),
    ],
)
def test_what_cannot_be_sent_is_told(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trigger", *arguments]) == FAILED
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_a_good_receiver_survives_all(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(request: Received) -> bytes:
        return reply() if verified(request) else reply("who are you?", status="401 Unauthorized")

    with Endpoint(answer) as web:
        assert run(["trigger", "incoming", web.url(), "--file", file, "--rough"]) == FINE
        requests = [request for request in web.ledger.requests if verified(request)]

    assert capsys.readouterr().out.splitlines()[-1] == "survived 14 of 14"
    ids = [request.header("webhook-id") for request in requests]
    assert len(ids) - len(set(ids)) == 2, "two came twice"
    names = {json.loads(request.body)["caller_name"] for request in requests}
    assert set(STRANGE_NAMES) <= names
    assert len(set(ids)) > AT_ONCE + len(STRANGE_NAMES)


@pytest.mark.slow
def test_what_a_bad_receiver_did_not_survive_is_said(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: set[str] = set()

    def answer(request: Received) -> bytes:
        id_ = request.header("webhook-id")
        if id_ in seen or b"O'Brien" in request.body:
            return reply("duplicate key", status="500 Internal Server Error")
        seen.add(id_)
        return reply()

    with Endpoint(answer) as web:
        assert (
            run(["trigger", "incoming.after", web.url(), "--file", file, "--rough", "--json"])
            == FAILED
        )
    results = json.loads(capsys.readouterr().out)

    assert [one["case"] for one in results if not one["survived"]] == [
        "the same event twice",
        "the same event twice at the same moment",
        "strange names of callers",
        "a signature of an hour ago",
        "a body that was changed on its way",
        "an event without a signature",
    ]
    assert "duplicate key; answer 200 to a webhook-id that is known" in results[1]["said"]
    assert "anybody could have sent this" in results[-1]["said"]


def test_a_receiver_that_takes_nothing_is_spared_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Endpoint(lambda _: reply(status="503 Service Unavailable")) as web:
        assert run(["trigger", "incoming", web.url(), "--rough"]) == FAILED
        assert len(web.ledger.requests) == 2
    assert "mend that first" in capsys.readouterr().out


def test_an_answer_that_repeats_a_secret_is_masked(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(
        Path(file)
        .read_text()
        .replace('name = "told crm"', 'name = "told crm"\ntoken = "t0ken-s3cret"')
    )
    with Endpoint(lambda _: reply("bad t0ken-s3cret", status="403 Forbidden")) as web:
        assert run(["trigger", "told", web.url(), "--file", str(other)]) == FAILED
    said = capsys.readouterr().out
    assert "403 in " in said
    assert "t0ken-s3cret" not in said


@pytest.mark.slow
def test_it_speaks_to_switchhook_receive(file: str, tmp_path: Path) -> None:
    with receiving(tmp_path, "--secret", KEY, "--count", "1", "--json") as receiver:
        assert run(["trigger", "told", receiver.url, "--file", file]) == FINE
        (told,) = receiver.told()

    assert told["verified"] == [{"proof": "webhook-signature", "right": True, "why": ""}]
