"""A redirect is followed to where it may lead, and takes no secret to another host."""

from __future__ import annotations

import pytest

from switchhook.delivery.http.errors import ExchangeError
from switchhook.delivery.http.redirect import RedirectChain
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.http import HttpRequest, HttpResponse
from tests.support.trails import to, trail_of

HEADERS = (
    ("Host", "a.example"),
    ("User-Agent", "ua"),
    ("Authorization", "Bearer x"),
    ("Cookie", "a=b"),
    ("X-Api-Key", "x"),
    ("X-Key", "x"),
    ("Accept", "x"),
    ("webhook-signature", "v1,x"),
    ("Content-Type", "application/json"),
    ("Content-Length", "2"),
)


def hop(
    url: str, location: str | None, *, status: int = 302, method: str = "PUT"
) -> HttpRequest | None:
    headers = () if location is None else (("location", location),)
    response = HttpResponse(status=status, reason="", headers=headers, body=b"")
    request = HttpRequest(method=method, url=url, headers=HEADERS, body=b"{}")
    return RedirectChain(request, 1).follow(response)


@pytest.mark.parametrize(
    ("url", "location", "leads_to", "host"),
    [
        ("http://a.example/x/y?q", "/z?r", "http://a.example/z?r", "a.example"),
        ("http://a.example/x/y?q", "z", "http://a.example/x/z", "a.example"),
        ("http://a.example/x/y?q", "?r#s", "http://a.example/x/y?r", "a.example"),
        ("http://a.example/x", "https://a.example/x", "https://a.example/x", "a.example"),
        ("http://a.example/x", "http://A.EXAMPLE:80/x", "http://A.EXAMPLE:80/x", "a.example"),
        ("http://a.example/x", "//b.example:81/x", "http://b.example:81/x", "b.example:81"),
        ("http://a.example/x", "https://[2a00::1]/", "https://[2a00::1]/", "[2a00::1]"),
        (
            "http://a.example/x",
            "http://169.254.169.254/",
            "http://169.254.169.254/",
            "169.254.169.254",
        ),
    ],
)
def test_it_leads_where_it_says(url: str, location: str, leads_to: str, host: str) -> None:
    request = hop(url, location)
    assert request is not None
    assert request.url == leads_to
    assert request.headers[0] == ("Host", host)


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/caf\u00e9".encode().decode("latin-1"), "http://a.example/caf%C3%A9"),
        ("/caf\u00e9", "http://a.example/caf%E9"),
        (
            "/дзвінок?a=б".encode().decode("latin-1"),
            "http://a.example/%D0%B4%D0%B7%D0%B2%D1%96%D0%BD%D0%BE%D0%BA?a=%D0%B1",
        ),
        ("/a b?c=d e", "http://a.example/a%20b?c=d%20e"),
        (" /x ", "http://a.example/x"),
        (
            "http://приклад.укр:81/ш".encode().decode("latin-1"),
            "http://xn--80aikifvh.xn--j1amh:81/%D1%88",
        ),
        ("https://b.example/%41 b", "https://b.example/%41%20b"),
    ],
)
def test_octets_that_no_url_holds_are_encoded(location: str, leads_to: str) -> None:
    request = hop("http://a.example/x", location)
    assert request is not None
    assert request.url == leads_to
    assert request.headers[0] == ("Host", leads_to.split("/")[2])


@pytest.mark.parametrize("body", [b"{}", b""])
def test_a_body_that_stays_behind_is_told(body: bytes) -> None:
    chain = trail_of(body=body)
    chain.follow(to("/y", 307))
    assert not chain.has_lost_body
    chain.follow(to("/z", 301))
    assert chain.has_lost_body is bool(body)


@pytest.mark.row("R3-21", "A-34")
@pytest.mark.parametrize(
    ("location", "own", "origin"),
    [
        ("http://b.example:81/x", "a.example", "b.example:81"),
        ("http://b.example:81/x", "https://crm.example", "https://crm.example"),
        ("/x", "a.example", "a.example"),
    ],
)
def test_an_origin_that_is_the_host_stays_the_host(location: str, own: str, origin: str) -> None:
    response = HttpResponse(status=307, reason="", headers=(("location", location),), body=b"")
    headers = (("Host", "a.example"), ("Origin", own))
    chain = RedirectChain(HttpRequest(method="GET", url="http://a.example/", headers=headers), 1)
    request = chain.follow(response)

    assert request is not None
    assert dict(request.headers)["Origin"] == origin


@pytest.mark.parametrize(
    ("location", "keeps"),
    [
        ("/x", True),
        ("https://a.example/x", True),
        ("http://b.example/x", False),
        ("http://a.example:8080/x", False),
        ("https://a.example:8443/x", False),
        ("http://a.example.b.example/x", False),
    ],
)
def test_credentials_stay_with_their_host(location: str, *, keeps: bool) -> None:
    request = hop("http://a.example/", location)
    assert request is not None
    names = [name for name, _ in request.headers]
    assert ("Authorization" in names) is keeps
    assert names == [
        "Host",
        "User-Agent",
        *(
            ["Authorization", "Cookie", "X-Api-Key", "X-Key", "Accept", "webhook-signature"]
            if keeps
            else []
        ),
        "Content-Type",
        "Content-Length",
    ]


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (301, "PUT", "PUT"),
        (302, "GET", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_the_method_changes_as_every_client_changes_it(
    status: int, method: str, becomes: str
) -> None:
    request = hop("http://a.example/", "/x", status=status, method=method)
    assert request is not None
    assert request.method == becomes
    assert request.body == (b"{}" if becomes == method else b"")
    assert ("Content-Length" in dict(request.headers)) is (becomes == method)


@pytest.mark.parametrize(
    ("status", "location"), [(200, "/x"), (304, "/x"), (300, "/x"), (302, None), (302, "")]
)
def test_anything_else_is_no_redirect(status: int, location: str | None) -> None:
    assert hop("http://a.example/", location, status=status) is None


@pytest.mark.parametrize(
    "location",
    [
        "http://a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://user:secret@b.example/",
        "https://b.example:0/",
        "javascript:alert(1)",
        "https://[::1",
    ],
)
def test_it_leads_nowhere_else(location: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        hop("https://a.example/", location)
    assert caught.value.failure.kind is FailureKind.REDIRECT
    assert caught.value.failure.detail.startswith("a.example:443: ")
    assert "secret" not in caught.value.failure.detail


@pytest.mark.row("FJ-01")
def test_what_is_left_out_is_named_once_and_does_not_come_back() -> None:
    chain = trail_of(headers=[("X-Key", "s3cret"), ("Authorization", "Basic eDp5")])

    assert chain.follow(to("/y")) is not None
    assert not chain.left_out
    chain.follow(to("http://b.example/"))
    chain.follow(to("http://c.example/"))
    back = chain.follow(to("http://a.example/"))

    assert back is not None
    assert [name for name, _ in back.headers] == ["Host"]
    assert chain.left_out == ("X-Key", "Authorization")
    assert chain.redirects == (
        "http://a.example",
        "http://b.example",
        "http://c.example",
        "http://a.example",
    )
