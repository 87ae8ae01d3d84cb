"""What a receiver kept is read back as it was, and replayed with nothing of its old connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.tryout.kept_requests import KeptRequestError, kept_line, read_kept, replayed
from switchhook.tryout.local_receiver import HeardRequest

KEPT = HeardRequest(
    at=1.5,
    method="POST",
    target="/hook?a=1",
    headers=(
        ("Host", "old"),
        ("X-One", "1"),
        ("Transfer-Encoding", "chunked"),
        ("webhook-id", "1.2"),
        ("Connection", "close"),
    ),
    body=b"{}",
)


@given(st.binary(max_size=200), st.text(max_size=50))
def test_what_is_kept_is_read_back(body: bytes, value: str) -> None:
    request = HeardRequest(
        at=1.5, method="POST", target="/", headers=(("X-One", value),), body=body
    )

    assert read_kept(kept_line(request) + b"\n" + kept_line(KEPT)) == (request, KEPT)


@pytest.mark.parametrize("line", [b"x", b"{}", b"[]", b"\xff", b'{"at":1,"method":"POST"}'])
def test_a_line_that_holds_none_is_named(line: bytes) -> None:
    with pytest.raises(KeptRequestError, match="line 2 holds no kept request"):
        read_kept(kept_line(KEPT) + line)


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("http://crm.example:8080", "http://crm.example:8080/hook?a=1"),
        ("http://crm.example:8080/", "http://crm.example:8080/hook?a=1"),
        ("http://crm.example:8080/other", "http://crm.example:8080/other"),
    ],
)
def test_a_replay_goes_to_its_own_path_or_to_the_one_that_is_given(url: str, sent_to: str) -> None:
    request = replayed(KEPT, url, now=0.0)

    assert request.url == sent_to
    assert request.headers == (
        ("Host", "crm.example:8080"),
        ("X-One", "1"),
        ("webhook-id", "1.2"),
        ("Content-Length", "2"),
    )


@pytest.mark.parametrize(
    "url", ["crm", "ftp://crm/", "http://", "http://user@crm/", "http://crm/ö"]
)
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(KeptRequestError, match="is no URL to send to: "):
        replayed(KEPT, url, now=0.0)
