"""Redirects, and the chain of an exchange that follows them."""

from __future__ import annotations

from typing import Any

from switchhook.delivery.http.redirect import RedirectChain
from switchhook.webhooks.http import HttpRequest, HttpResponse


def to(location: str, status: int = 307, *cookies: str) -> HttpResponse:
    headers = (("location", location), *(("set-cookie", cookie) for cookie in cookies))
    return HttpResponse(status=status, reason="", headers=headers, body=b"")


def trail_of(url: str = "http://a.example/x", most: int = 9, **fields: Any) -> RedirectChain:
    headers = (("Host", "a.example"), *fields.pop("headers", ()))
    return RedirectChain(HttpRequest(method="POST", url=url, headers=headers, **fields), most)
