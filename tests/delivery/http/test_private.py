"""What was given for one origin goes to no other, and the timeline names what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.webhook import Dialect
from switchhook.routing.commands import AskWebhook
from switchhook.switchboard.webhook_asker import WebhookAsker
from tests.support.hostile import Hostile, saying, send, sending
from tests.support.snapshots import PIN, incoming, snapshot
from tests.support.trails import to, trail_of

if TYPE_CHECKING:
    from switchhook.delivery.http.sender import Sender
    from switchhook.domain.call import Call
    from switchhook.webhooks.http import Exchange, HttpRequest
    from tests.delivery.conftest import Play

ACK = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nstatus=ACK"


@pytest.mark.row("FJ-01")
@pytest.mark.parametrize(
    ("location", "leads_to", "left_out"),
    [
        ("//b.example/x?token=s3cret%21&id=7", "http://b.example/x?id=7", ("token in the query",)),
        ("//b.example/x?token=s3cret!", "http://b.example/x", ("token in the query",)),
        (
            "//b.example/in?next=%2Fx%3Ftoken%3Ds3cret%21&id=7",
            "http://b.example/in?id=7",
            ("next in the query",),
        ),
        (
            "//b.example/in?next=%252Fx%253Ftoken%253Ds3cret%2521",
            "http://b.example/in",
            ("next in the query",),
        ),
        ("//b.example/x?sig=other", "http://b.example/x?sig=other", ()),
        ("/x?token=s3cret!", "http://a.example/x?token=s3cret!", ()),
    ],
)
def test_a_secret_of_the_url_that_its_server_repeats_goes_to_no_other(
    location: str, leads_to: str, left_out: tuple[str, ...]
) -> None:
    location, leads_to = (text.replace("s3cret", "s3cret-key") for text in (location, leads_to))
    trail = trail_of("http://a.example/x?token=s3cret-key!", secrets=("s3cret-key!",))
    request = trail.follow(to(location))

    assert request is not None
    assert request.url == leads_to
    assert trail.left_out == left_out


@pytest.mark.row("FJ-01")
@pytest.mark.parametrize(
    ("content_type", "body", "goes"),
    [
        ("application/json", b'{"key":"s3cret","to":"1"}', b'{"to":"1"}'),
        ("application/json", b'{"params":[{"key":"s3cret"}],"id":1}', b'{"params":[{}],"id":1}'),
        ("text/plain", b'{"key":"s3cret","to":"1"}', b'{"to":"1"}'),
        ("application/json", b'{"to": "1"}', b'{"to": "1"}'),
        ("application/json", b'{"to', b'{"to'),
        ("application/x-www-form-urlencoded", b"key=s3cret&to=%2B1", b"to=%2B1"),
        ("text/plain", b"s3crets", b"s3crets"),
    ],
)
def test_a_constant_that_is_a_key_is_left_out_of_the_body(
    content_type: str, body: bytes, goes: bytes
) -> None:
    lines = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    trail = trail_of(headers=lines, body=body, secrets=("s3cret",))
    request = trail.follow(to("http://b.example/"))

    assert request is not None
    assert request.body == goes
    assert dict(request.headers)["Content-Length"] == str(len(goes))
    assert trail.left_out == (() if body == goes else ("key in the body",))


@pytest.mark.row("FJ-01")
def test_parameters_in_headers_go_along_as_those_in_a_body_do() -> None:
    lines = [("caller", "%2B380"), ("key", "s3cret"), ("X-Own", "1")]
    telling = frozenset({"caller", "key"})
    trail = trail_of(headers=lines, parameter_headers=telling, secrets=("s3cret",))
    request = trail.follow(to("http://b.example/"))

    assert request is not None
    assert request.headers == (("Host", "b.example"), ("caller", "%2B380"))
    assert trail.left_out == ("key", "X-Own")


class AskSender:
    """Asks through a sender, as the application does."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender

    async def ask(
        self, call: Call, request: HttpRequest, *, deadline: float, **limits: float | None
    ) -> Exchange:
        assert call.id
        return await send(self.sender, request, deadline=deadline, follow=3, **limits)


@pytest.mark.row("FJ-01")
@pytest.mark.parametrize("status", [302, 307])
def test_an_ask_that_is_redirected_tells_no_secret_and_its_timeline_says_so(
    play: Play, status: int
) -> None:
    async def scenario() -> None:
        async with Hostile(saying(ACK)) as other, sending() as sender:
            moved = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/new?token=t0ken-of-a&x=1"
            async with Hostile(saying(f"{moved}\r\nContent-Length: 0\r\n\r\n".encode())) as first:
                url = first.url.replace("//", "//user:passw0rd@") + "/check/{code}?token=t0ken-of-a"
                webhook = snapshot(pin=PIN).dial_plan_webhooks["pin"]
                webhook = type(webhook)(
                    name="pin", url_template=url, headers=(("X-Key", "k3y"), ("X-Api-Token", "k4y"))
                )
                command = AskWebhook(
                    ask="c-1", webhook="pin", dialect=Dialect.DIAL_PLAN, code="58204719"
                )
                call = incoming(within=snapshot(pin=webhook))
                heard = await WebhookAsker(AskSender(sender), "UA").ask(call, command, now=0)

                assert b"X-Key: k3y" in first.requests[0]
                (request,) = other.requests
                head, *lines = request.decode().split("\r\n")
                assert head == "GET /new?x=1 HTTP/1.1"
                assert lines[:2] == [f"Host: 127.0.0.1:{other.port}", "User-Agent: UA"]
                for secret in (b"k3y", b"k4y", b"t0ken", b"Authorization", b"Referer"):
                    assert secret not in request
                left_out = "Authorization, X-Key, X-Api-Token, token in the query"
                assert dict(heard.exchange)["left_out"] == left_out
                (notice,) = heard.notices
                assert notice.startswith(f"redirected to {other.url} without {left_out}: ")

    play(scenario())
