"""A cookie that a redirect sets goes back to who set it, within the exchange, and to nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.trails import to, trail_of

if TYPE_CHECKING:
    from switchhook.webhooks.http import HttpRequest


def cookie_of(request: HttpRequest | None) -> str:
    assert request is not None
    return dict(request.headers).get("Cookie", "")


def test_a_cookie_that_a_hop_sets_goes_back_to_it_and_to_no_other() -> None:
    """Servers lead to the same place until their cookie comes back."""
    trail = trail_of(headers=[("Cookie", "own=1")])

    assert cookie_of(trail.follow(to("/x", 302, "seen=1; Path=/; HttpOnly"))) == "own=1; seen=1"
    assert cookie_of(trail.follow(to("/y", 302, "seen=2; Path=/"))) == "own=1; seen=2"
    assert cookie_of(trail.follow(to("//b.example/", 302, "b=1; Domain=b.example"))) == ""
    assert cookie_of(trail.follow(to("//a.example/", 302))) == "seen=2; b=1"
    assert trail.left_out == ("Cookie",)


@pytest.mark.parametrize(
    ("cookie", "comes_back"),
    [
        ("a=1", "a=1"),
        ('a="1 2"; Path=/x', 'a="1 2"'),
        ("a=", "a="),
        ("a=1; Path=/other", ""),
        ("a=1; Path=/x/y", "a=1"),
        ("a=1; Path=/x/y/z/0", ""),
        ("a=1; Secure", ""),
        ("a=1; Max-Age=0", ""),
        ("a=1; Max-Age=60", "a=1"),
        ("a", ""),
        ("=1", ""),
        ("a=\r\nX: y", ""),
        ("a=\xe9", ""),
    ],
)
def test_a_cookie_goes_where_it_belongs_and_is_plain(cookie: str, comes_back: str) -> None:
    trail = trail_of("http://a.example/x/y/z?q=/")
    assert cookie_of(trail.follow(to("/x/y/z", 302, cookie))) == comes_back
