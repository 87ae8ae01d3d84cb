"""A kept SIP message proves no password, opens no media and tells no pressed key; all else stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.wire.redaction import redacted, redacted_each

HEAD = b"INVITE sip:101@pbx.example SIP/2.0\r\nCall-ID: a@b\r\n"


def message(*lines: bytes, body: bytes = b"") -> bytes:
    return HEAD + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


@pytest.mark.parametrize("name", [b"Authorization", b"Proxy-Authorization", b"AUTHORIZATION"])
def test_a_proof_keeps_who_and_where_and_no_digest(name: bytes) -> None:
    proof = (
        name + b': Digest username="101", realm="pbx", nonce="n0nce", uri="sip:pbx.example",'
        b'\r\n response="deadbeef", cnonce="c0", qop=auth, nc=00000001, opaque=secret'
    )

    kept = redacted(message(proof, b"Max-Forwards: 70"))

    for secret in (b"n0nce", b"deadbeef", b"c0", b"secret"):
        assert secret not in kept
    for fact in (
        b'username="101"',
        b'realm="pbx"',
        b"qop=auth",
        b"nc=00000001",
        b"Max-Forwards: 70",
    ):
        assert fact in kept


@pytest.mark.parametrize("scheme", [b"Basic", b"Bearer", b"bearer"])
def test_another_scheme_is_masked_as_a_whole(scheme: bytes) -> None:
    kept = redacted(message(b"Authorization: " + scheme + b" dXNlcjpwYXNz", b"X-A: b"))

    assert b"dXNlcjpwYXNz" not in kept
    assert b"Authorization: " + scheme + b" ****\r\nX-A: b\r\n" in kept


def test_a_challenge_keeps_its_realm() -> None:
    kept = redacted(message(b'WWW-Authenticate: Digest realm="pbx", nonce="n0nce", algorithm=MD5'))

    assert b"n0nce" not in kept
    assert b'realm="pbx"' in kept
    assert b"algorithm=MD5" in kept


def test_a_password_in_an_address_and_a_key_of_media_are_masked() -> None:
    body = b"v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3\r\nk=clear:mine\r\n"

    kept = redacted(message(b"To: <sip:mary:pass@pbx.example>", body=body))

    for secret in (b":pass@", b"d0RmdmcmVCspeEc3", b"mine"):
        assert secret not in kept
    assert b"sip:mary:****@pbx.example" in kept


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        (
            b"application/dtmf-relay",
            b"Signal=5\r\nDuration=160\r\n",
            b"Signal=*\r\nDuration=160\r\n",
        ),
        (b"application/dtmf", b"5", b"*"),
        (b"application/vnd.dtmf.1", b"Signal= 5\r\n", b"Signal= *\r\n"),
        (b"text/plain", b"Signal=5", b"Signal=5"),
    ],
)
def test_a_pressed_key_is_not_told(kind: bytes, body: bytes, shown: bytes) -> None:
    assert redacted(message(b"Content-Type: " + kind, body=body)).endswith(b"\r\n\r\n" + shown)


def test_a_pressed_key_is_not_told_in_a_part_of_several_or_in_a_report_of_keys() -> None:
    parts = (
        b"--x\r\nContent-Type: text/plain\r\n\r\nroom=5\r\n"
        b"--x\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=7\r\nDuration=160\r\n--x--\r\n"
    )
    kept = redacted(message(b"Content-Type: multipart/mixed;boundary=x", body=parts))
    assert kept.endswith(parts.replace(b"Signal=7", b"Signal=*"))

    report = b'<?xml version="1.0"?><kpml-response version="1.0" code="200" digits="4711" tag="a"/>'
    kept = redacted(message(b"Content-Type: application/kpml-response+xml", body=report))
    assert kept.endswith(report.replace(b"4711", b"*"))


def test_reports_of_keys_that_never_end_take_no_longer_than_others() -> None:
    body = b"<kpml-response " * 100_000  # minutes, where time grows with the square of its length
    assert redacted(message(body=body)).endswith(body)


def test_lines_that_end_with_a_line_feed_alone_hide_nothing() -> None:
    body = b"v=0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3\n"
    sent = message(b"pROXY-aUTHORIZATION: Digest response=deadbeef", body=body).replace(b"\r", b"")
    kept = redacted(sent)
    assert b"d0RmdmcmVCspeEc3" not in kept
    assert b"deadbeef" not in kept

    keys = message(b"Content-Type: application/dtmf-relay", body=b"Signal=5\n").replace(b"\r", b"")
    assert redacted(keys).endswith(b"\n\nSignal=*\n")


@given(st.binary(max_size=400))
def test_whatever_comes_is_taken(data: bytes) -> None:
    assert isinstance(redacted(data), bytes)
    assert redacted(HEAD + b"From: <sip:a@b>\r\n\r\n") == HEAD + b"From: <sip:a@b>\r\n\r\n"


def test_the_case_of_letters_hides_no_secret() -> None:
    body = b"A=CRYPTO:1 AES_CM_128_HMAC_SHA1_80 INLINE:d0RmdmcmVC\r\nK=CLEAR:mine\r\n"
    kept = redacted(message(b"To: <SIPS:mary:pass@pbx.example>", body=body))

    for secret in (b"pass", b"d0RmdmcmVC", b"mine"):
        assert secret not in kept

    report = b'<KPML-Response version="1.0" DIGITS="4711"/>'
    assert b"4711" not in redacted(message(b"Event: kpml", body=report))


_PIECES = (
    b"sip:a@b", b"sips:a:b@c", b"SIP:A:b@c", b":", b"@", b"\r\n", b"\n", b"\r\n\r\n", b"k=clear:mine",
    b"K=CLEAR:mine", b"a=key-mgmt:x", b"a=crypto:1 inline:x", b"Authorization: Digest response=x",
    b"proxy-AUTHENTICATE: Digest nonce=x", b"c: application/dtmf", b"Signal=5", b"5",
    b"<kpml-response digits='5'>", b"sip", b"auth", b"<", b" ", b"k=", b"\0", b"v=0",
)  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=12).map(b"".join), max_size=3))
def test_messages_of_a_call_are_redacted_as_each_by_itself(messages: list[bytes]) -> None:
    assert list(redacted_each(messages)) == [redacted(one) for one in messages]


@given(st.sampled_from(_PIECES), st.sampled_from(_PIECES))
def test_one_secret_among_clean_messages_is_found(secret: bytes, behind: bytes) -> None:
    clean = message(b"From: <sip:a@b>", body=b"v=0\r\n")
    for held in (message(secret + behind), message(body=secret + behind)):
        assert list(redacted_each([clean, held, clean])) == [clean, redacted(held), clean]
