"""Behind a trusted proxy limits and logs know the client's address; of anybody else the headers are ignored."""

from __future__ import annotations

from typing import Any

import pytest
import structlog.testing

from switchhook.api.exchange.forwarded import with_forwarded
from switchhook.api.rate_limit import BURST
from switchhook.trusted_proxies import TrustedProxies
from tests.support.loop import run
from tests.support.web import HOOKS, serving


@pytest.mark.parametrize(
    ("trusted", "client"),
    [("127.0.0.1", "203.0.113.7"), ("10.0.0.0/8", "127.0.0.1"), ("", "127.0.0.1")],
)
def test_the_log_has_the_client(trusted: str, client: str) -> None:
    async def scenario() -> None:
        async with serving(trusted_proxies=trusted) as web:
            with structlog.testing.capture_logs() as logged:
                wrong = {"Authorization": "Bearer wrong", "X-Forwarded-For": "9.9.9.9, 203.0.113.7"}
                await web.ask("GET", HOOKS, key="", **wrong)
            told = {line["event"]: line for line in logged}
            assert told["request"]["client"] == client
            assert told["api key rejected"]["address"] == client

    run(scenario())


@pytest.mark.parametrize(("trusted", "last"), [("127.0.0.1", 403), ("", 429)])
def test_wrong_keys_behind_a_trusted_proxy_count_by_client(trusted: str, last: int) -> None:
    async def scenario() -> None:
        async with serving(trusted_proxies=trusted) as web:
            for number in range(BURST + 1):
                wrong = {"Authorization": "Bearer no", "X-Forwarded-For": f"203.0.113.{number}"}
                answer = await web.ask("GET", HOOKS, key="", **wrong)
            assert answer.status == last
            spoofed = [
                await web.ask(
                    "GET",
                    HOOKS,
                    key="",
                    Authorization="Bearer no",
                    X_Forwarded_For=f"198.51.100.{number}, 203.0.113.99",
                )
                for number in range(BURST + 1)
            ]
            assert spoofed[-1].status == 429

    run(scenario())


@pytest.mark.parametrize(
    ("headers", "scheme", "host"),
    [
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.example:8443"},
            "https",
            "a.example:8443",
        ),
        (
            {"X-Forwarded-Proto": "http, HTTPS", "X-Forwarded-Host": "x, [2001:db8::1]"},
            "https",
            "[2001:db8::1]",
        ),
        ({"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "a b/<c>"}, "http", "pbx.example.com"),
        ({}, "http", "pbx.example.com"),
    ],
)
def test_scheme_and_host_are_those_of_the_proxy(
    headers: dict[str, str], scheme: str, host: str
) -> None:
    seen = []

    async def app(*called: Any) -> None:
        seen.append(called[0])

    scope = {
        "type": "http",
        "client": ("127.0.0.1", 4711),
        "scheme": "http",
        "headers": [
            (b"host", b"pbx.example.com"),
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    for networks, expected in (
        ("::1, 127.0.0.1", (scheme, host)),
        ("::1", ("http", "pbx.example.com")),
    ):
        run(with_forwarded(app, TrustedProxies.parse(networks))(dict(scope), None, None))  # type: ignore[arg-type]
        told = seen[-1]
        assert (told["scheme"], dict(told["headers"])[b"host"].decode()) == expected
