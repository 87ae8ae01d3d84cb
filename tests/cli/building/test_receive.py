"""`switchhook receive` shows and verifies what comes, answers as it is told, keeps requests and replays them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from switchhook.cli.main import FAILED, FINE, MISUSED, run
from switchhook.domain.credentials import Credentials
from switchhook.webhooks.authentication import authenticated
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.signatures import asymmetric_key, public_key, symmetric_key
from tests.support.projects import MINIMAL
from tests.support.receiving import ask, posted, receiving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

KEY, PAIR = symmetric_key(b"1" * 32), asymmetric_key(b"2" * 32)
BODY = '{"caller":"380441112233","name":"Київ"}'.encode()


def signed(key: str, *, at: float | None = None, body: bytes = BODY) -> bytes:
    request = HttpRequest(method="POST", url="http://x/", headers=(), body=BODY)
    made = authenticated(
        request, Credentials(signing_secrets=(key,)), id_="1.2.after", at=at or time.time()
    )
    return posted(body, *(f"{name}: {value}" for name, value in made.headers))


def test_it_shows_what_comes_and_answers_200(tmp_path: Path) -> None:
    with receiving(tmp_path, "--count", "2") as receiver:
        answers = [
            ask(receiver.port, posted(BODY, "webhook-id: 1.2.after", "X-Evil: \x1b[2J"))
            for _ in range(2)
        ]
        code, said, _ = receiver.ended()

    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 2
    assert code == FINE
    assert "POST /hook" in said
    assert '"name": "Київ"' in said
    assert "the same webhook-id 1 times before" in said
    assert "\x1b[2J" not in said


@pytest.mark.parametrize(
    ("keys", "made", "wrong"),
    [
        ((KEY,), lambda: signed(KEY), ""),
        ((KEY, PAIR), lambda: signed(PAIR), ""),
        ((public_key(PAIR),), lambda: signed(PAIR), ""),
        ((KEY,), lambda: signed(PAIR), "another key made it"),
        ((KEY,), lambda: signed(KEY, body=BODY + b" "), "the body was changed"),
        ((KEY,), lambda: signed(KEY, at=time.time() - 4000), "seconds ago"),
        ((KEY,), lambda: posted(BODY), "there is no webhook-id header"),
    ],
)
def test_signatures_are_verified(
    keys: tuple[str, ...], made: Callable[[], bytes], wrong: str, tmp_path: Path
) -> None:
    """A signature holds for five minutes, so each is made when it is asked with."""
    options = [word for key in keys for word in ("--secret", key)]
    with receiving(tmp_path, "--count", "1", *options) as receiver:
        ask(receiver.port, made())
        code, said, _ = receiver.ended()

    assert code == (FAILED if wrong else FINE)
    assert ("webhook-signature: WRONG: " if wrong else "webhook-signature: right") in said
    assert wrong in said
    assert not any(key in said for key in keys)


def test_a_webhook_of_the_project_says_what_proves_its_requests(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    proof = 'hmac = { header = "X-Sign", secret = "s3cret", prefix = "sha256=" }\ntoken = "t0ken"\n'
    url = 'url = "https://crm.example/told"\n'
    file.write_text(MINIMAL.replace(url, f'name = "told"\n{url}{proof}'))
    options = ("--count", "1", "--json", "--webhook", "told", "--file", str(file))
    with receiving(tmp_path, *options) as receiver:
        ask(receiver.port, posted(BODY, "Authorization: Bearer t0ken", "X-Sign: sha256=00"))
        (told,) = receiver.told()

    assert [(one["proof"], one["right"]) for one in told["verified"]] == [
        ("X-Sign", False),
        ("Authorization", True),
    ]
    assert json.loads(told["body"])["name"] == "Київ"


def test_it_answers_by_a_script(tmp_path: Path) -> None:
    script = tmp_path / "answers"
    script.write_text(
        "503 times=2  # down\n429 retry-after=30\n200 drip=0.001 body='{\"ok\":true}' type=application/json\nreset\n"
    )
    with receiving(tmp_path, "--script", str(script), "--count", "5") as receiver:
        answers = [ask(receiver.port, posted(BODY)) for _ in range(4)]
        with pytest.raises(ConnectionResetError):
            ask(receiver.port, posted(BODY))
        code, said, _ = receiver.ended()

    assert [answer.split(b" ")[1] for answer in answers] == [b"503", b"503", b"429", b"200"]
    assert b"\r\nRetry-After: 30\r\n" in answers[2]
    assert answers[3].endswith(b'application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}')
    assert "resets the connection" in said
    assert code == FINE


def test_what_is_kept_is_replayed_and_signed_anew(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with receiving(tmp_path, "--keep", str(kept), "--count", "2", "--status", "503") as receiver:
        ask(receiver.port, signed(KEY, at=time.time() - 4000))
        ask(receiver.port, posted(b"\xff\x00", "Content-Type: image/png", target="/other?a=1"))
        receiver.ended()

    options = ("--secret", KEY, "--count", "2", "--json")
    with receiving(tmp_path, *options) as receiver:
        assert (
            run(["receive", "--replay", str(kept), "--to", receiver.url, "--secret", KEY]) == FINE
        )
        first, second = receiver.told()
    assert first["body"].encode() == BODY
    assert [first["verified"][0]["right"], second["verified"][0]["right"]] == [True, True]
    assert (second["target"], second["body_base64"]) == ("/other?a=1", "/wA=")
    assert ["webhook-id", "1.2.after"] in first["headers"]

    with receiving(tmp_path, "--status", "500") as receiver:
        url = f"{receiver.url}elsewhere"
        assert run(["receive", "--replay", str(kept), "--to", url]) == FAILED


def test_what_is_no_request_is_answered_400_and_told(tmp_path: Path) -> None:
    with receiving(tmp_path, "--count", "1") as receiver:
        for nonsense in (
            b"\x16\x03\x01 hello\r\n\r\n",
            b"GET /\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        ):
            assert ask(receiver.port, nonsense).startswith(b"HTTP/1.1 400 ")
        assert ask(
            receiver.port,
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        )
        code, said, complaints = receiver.ended()

    assert code == FINE
    assert "  abc\n" in said
    assert complaints.count("answered 400: ") == 3
    assert "it speaks TLS" in complaints


def test_ctrl_c_ends_it_well(tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        receiver.interrupt()
        assert receiver.ended()[0] == FINE


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(tmp_path) as receiver:
        assert run(["receive", "--port", str(receiver.port)]) == FAILED
    assert "cannot be listened on: Address already in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--secret", "x"),
            "--secret is no key: it begins with neither whsec_ nor whsk_; `switchhook secret new` makes one",
        ),
        (("--file", "x.toml"), "--project and --file go with --webhook"),
        (("--replay", "x"), "--replay FILE and --to URL go together"),
        (("--delay", "9999"), "--delay: 9999.0 is more than 3600"),
        (("--retry-after", "1\r\nX: y"), "cannot stand in a header line"),
    ],
)
def test_wrong_usage_is_told(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["receive", *arguments]) == MISUSED
    assert said in capsys.readouterr().err
