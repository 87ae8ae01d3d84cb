"""A digest proves a password, a nonce is used once, and nobody learns which users exist."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.sip.auth.digest import (
    KNOWN,
    Algorithm,
    Challenge,
    CredentialsRefused,
    Ha1,
    Verified,
    Verifier,
    challenges,
    digest,
)
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.message import Headers, Request, Response
from switchhook.sip.wire.uri import Uri
from tests.support.digest import answer_challenge

KEY = b"0123456789abcdef"
URI = Uri.parse("sip:pbx.example.com")
REGISTER = Request(method="REGISTER", uri=URI)
NOW = 1_700_000_000.0
PASSWORDS = {"alice": "wonder land", "Вера": "пароль", "empty": ""}.get


def verifier(memory: int = 100, *, proxy: bool = False) -> Verifier:
    return Verifier("switchhook", KEY, lifetime=60, memory=memory, proxy=proxy, algorithms=KNOWN)


def challenged(challenge: Challenge, *lines: int) -> Response:
    """Return the 401 that carries `challenge`, or only some of its lines."""
    headers = [challenge.headers[line] for line in lines] if lines else challenge.headers
    return Response(status=challenge.status, headers=Headers(headers))


def answering(
    response: Response,
    username: str = "alice",
    password: str = "wonder land",
    *,
    count: int = 1,
    method: str = "REGISTER",
) -> Request:
    """Return a request that answers a challenge."""
    header = answer_challenge(
        response, "REGISTER", URI, username, password, cnonce="cn0nce", nonce_count=count
    )
    return Request(method=method, uri=URI, headers=Headers([header]))


def with_field(request: Request, old: str, new: str) -> Request:
    value = request.headers.get("Authorization", "")
    assert old in value
    changed = request.headers.put("Authorization", value.replace(old, new))
    return Request(method=request.method, uri=URI, headers=changed)


# The published vectors.


def test_the_vector_of_rfc2617() -> None:
    ha1 = Ha1.of("Mufasa", "testrealm@host.com", "Circle Of Life").md5
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"
    assert (
        digest(
            "MD5",
            ha1,
            nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
            method="GET",
            uri="/dir/index.html",
            qop="auth",
            nc="00000001",
            cnonce="0a4f113b",
        )
        == "6629fae49393a05397450978507c4ef1"
    )


def test_the_vector_of_rfc2069_as_corrected() -> None:
    ha1 = Ha1.of("Mufasa", "testrealm@host.com", "CircleOfLife").md5
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    result = digest("MD5", ha1, nonce=nonce, method="GET", uri="/dir/index.html")
    assert result == "1949323746fe6a43ef61f9606e7febea"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc7616(algorithm: Algorithm, expected: str) -> None:
    ha1 = Ha1.of("Mufasa", "http-auth@example.org", "Circle of Life")
    result = digest(
        algorithm,
        ha1.md5 if algorithm == "MD5" else ha1.sha256,
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        method="GET",
        uri="/dir/index.html",
        qop="auth",
        nc="00000001",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert result == expected


# The server's end.


def test_a_request_without_credentials_is_challenged_in_the_order_given() -> None:
    challenge = verifier().check(REGISTER, PASSWORDS, NOW)
    assert isinstance(challenge, Challenge)
    assert (challenge.status, challenge.stale) == (401, False)
    assert [name for name, _ in challenge.headers] == ["WWW-Authenticate", "WWW-Authenticate"]
    first, second = (value for _, value in challenge.headers)
    assert first.startswith('Digest realm="switchhook", nonce="')
    assert first.endswith('", algorithm=MD5, qop="auth"')
    assert second == first.replace("MD5", "SHA-256")


def test_only_md5_is_offered_unless_told() -> None:
    challenge = Verifier("switchhook", KEY).challenge(NOW)
    ((_, value),) = challenge.headers
    assert "algorithm=MD5" in value


def test_a_proxy_asks_with_407() -> None:
    proxy = verifier(proxy=True)
    challenge = proxy.challenge(NOW)
    assert challenge.status == 407
    request = answering(challenged(challenge))
    assert "Proxy-Authorization" in request.headers
    assert proxy.check(request, PASSWORDS, NOW) == Verified(username="alice")


@pytest.mark.parametrize("line", range(len(KNOWN)))
@pytest.mark.parametrize(("username", "password"), [("alice", "wonder land"), ("Вера", "пароль")])
def test_the_right_password_is_verified(line: int, username: str, password: str) -> None:
    server = verifier()
    request = answering(challenged(server.challenge(NOW), line), username, password)
    assert server.check(request, PASSWORDS, NOW + 59) == Verified(username=username)


@pytest.mark.parametrize("line", range(len(KNOWN)))
def test_a_stored_hash_serves_as_well(line: int) -> None:
    server = verifier()
    stored = {"alice": Ha1.of("alice", "switchhook", "wonder land")}
    request = answering(challenged(server.challenge(NOW), line))
    assert server.check(request, stored.get, NOW) == Verified(username="alice")
    wrong = answering(challenged(server.challenge(NOW), line), password="else")
    assert isinstance(server.check(wrong, stored.get, NOW), CredentialsRefused)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("alice", "wrong"),
        ("alice", ""),
        ("Alice", "wonder land"),
        ("bob", "wonder land"),
        ("bob", ""),
        ("bob", "nobody's password"),
        ("empty", ""),
        ("empty", "nobody's password"),
    ],
)
def test_a_wrong_user_or_password_is_refused_alike(username: str, password: str) -> None:
    server = verifier()
    challenge = challenged(server.challenge(NOW, asker="192.0.2.1"))
    request = answering(challenge, username, password)
    refused = server.check(request, PASSWORDS, NOW, asker="192.0.2.99")
    assert refused == CredentialsRefused(
        status=403, reason="the user or the password is wrong", username=username, asker="192.0.2.1"
    )


def test_a_digest_is_for_one_method() -> None:
    server = verifier()
    request = answering(challenged(server.challenge(NOW)), method="INVITE")
    assert isinstance(server.check(request, PASSWORDS, NOW), CredentialsRefused)


def test_a_nonce_lives_for_a_while() -> None:
    server = verifier()
    request = answering(challenged(server.challenge(NOW)))
    late = server.check(request, PASSWORDS, NOW + 61)
    assert isinstance(late, Challenge)
    assert late.stale
    assert all(value.endswith(", stale=true") for _, value in late.headers)
    again = answering(challenged(late))
    assert isinstance(server.check(again, PASSWORDS, NOW + 62), Verified)


def test_a_nonce_of_another_key_is_stale_so_a_restart_asks_nobody() -> None:
    request = answering(challenged(Verifier("switchhook", b"x" * 16).challenge(NOW)))
    verdict = verifier().check(request, PASSWORDS, NOW)
    assert isinstance(verdict, Challenge)
    assert verdict.stale


def test_a_changed_nonce_is_none_of_ours() -> None:
    server = verifier()
    request = answering(challenged(server.challenge(NOW)))
    assert isinstance(
        server.check(with_field(request, 'nonce="', 'nonce="f'), PASSWORDS, NOW), Challenge
    )


def test_no_password_is_looked_at_where_somebody_is_barred() -> None:
    server, barred = verifier(), [("alice", "192.0.2.1")]
    request = answering(challenged(server.challenge(NOW, asker="192.0.2.1")))
    verdict = server.check(request, PASSWORDS, NOW, is_blocked=lambda *who: who in barred)
    assert isinstance(verdict, CredentialsRefused)
    assert verdict.status == 503
    barred.clear()
    assert isinstance(
        server.check(request, PASSWORDS, NOW, is_blocked=lambda *who: who in barred), Verified
    )


def test_a_nonce_counts_up() -> None:
    server = verifier()
    response = challenged(server.challenge(NOW))
    verdicts = [
        server.check(answering(response, count=count), PASSWORDS, NOW)
        for count in (1, 2, 2, 1, 4, 3, 5)
    ]
    assert [isinstance(verdict, Verified) for verdict in verdicts] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert all(verdict.stale for verdict in verdicts if isinstance(verdict, Challenge))


def test_a_client_without_qop_may_use_a_nonce_once() -> None:
    server = verifier()
    name, value = server.challenge(NOW).headers[0]
    plain = Response(status=401, headers=Headers([(name, value.replace(', qop="auth"', ""))]))
    request = answering(plain)
    assert "qop" not in request.headers.get("Authorization", "")
    assert isinstance(server.check(request, PASSWORDS, NOW), Verified)
    verdict = server.check(request, PASSWORDS, NOW)
    assert isinstance(verdict, Challenge)
    assert verdict.stale


def test_two_challenges_at_once_are_two_nonces() -> None:
    server = verifier()
    one, other = challenged(server.challenge(NOW)), challenged(server.challenge(NOW))
    assert isinstance(server.check(answering(one), PASSWORDS, NOW), Verified)
    assert isinstance(server.check(answering(other), PASSWORDS, NOW), Verified)


def test_the_memory_is_bounded_and_forgetting_allows_no_replay() -> None:
    server = verifier(memory=3)
    requests = [answering(challenged(server.challenge(NOW + second))) for second in range(6)]
    for request in requests:
        assert isinstance(server.check(request, PASSWORDS, NOW + 6), Verified)
    assert len(server._nonces) == 3
    for request in requests:
        assert isinstance(server.check(request, PASSWORDS, NOW + 6), Challenge)


def test_old_nonces_are_forgotten() -> None:
    server = verifier()
    for second in range(0, 600, 20):
        request = answering(challenged(server.challenge(NOW + second)))
        assert isinstance(server.check(request, PASSWORDS, NOW + second), Verified)
    assert len(server._nonces) <= 5


def test_a_wrong_password_takes_no_memory() -> None:
    server = verifier()
    for _ in range(10):
        server.check(answering(challenged(server.challenge(NOW)), password="x"), PASSWORDS, NOW)
    assert not server._nonces


def test_another_realm_is_none_of_ours() -> None:
    server = verifier()
    request = with_field(answering(challenged(server.challenge(NOW))), 'realm="sw', 'realm="SW')
    assert isinstance(server.check(request, PASSWORDS, NOW), Challenge)
    basic = Request(method="A", uri=URI, headers=Headers([("Authorization", "Basic YTpi")]))
    assert isinstance(server.check(basic, PASSWORDS, NOW), Challenge)


@pytest.mark.parametrize("proxy", [True, False])
def test_a_challenge_may_be_answered_in_the_header_of_the_other_status(*, proxy: bool) -> None:
    server = verifier(proxy=proxy)
    request = answering(challenged(server.challenge(NOW)))
    ((_, value),) = list(request.headers)
    other = "Authorization" if proxy else "Proxy-Authorization"

    moved = Request(method="REGISTER", uri=URI, headers=Headers([(other, value)]))

    assert isinstance(server.check(moved, PASSWORDS, NOW), Verified)


@pytest.mark.parametrize("rest", ['nonce="", response=""', 'response=""', 'uri="sip:h"'])
def test_who_shows_no_more_than_a_name_is_challenged(rest: str) -> None:
    server = verifier()
    named = ("Authorization", f'Digest username="alice", realm="switchhook", {rest}')
    request = Request(method="REGISTER", uri=URI, headers=Headers([named]))

    verdict = server.check(request, PASSWORDS, NOW)

    assert isinstance(verdict, Challenge)
    assert not verdict.stale


def test_our_realm_is_found_among_others() -> None:
    server = verifier()
    request = answering(challenged(server.challenge(NOW)))
    both = Headers(
        [
            (
                "Authorization",
                'Digest username="a", realm="other", nonce="1", uri="2", response="3"',
            ),
            *request.headers,
        ]
    )
    assert isinstance(
        server.check(Request(method="REGISTER", uri=URI, headers=both), PASSWORDS, NOW), Verified
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('username="alice"', 'username=""'),
        ('username="alice", ', ""),
        ('response="', 'answer="'),
        ("nc=00000001", "nc="),
        ("nc=00000001", "nc=000000001"),
        ("nc=00000001", "nc=0000000z"),
        ("nc=00000001", "nc=0x000001"),
        ('cnonce="cn0nce"', 'x="y"'),
        ("qop=auth", "qop=auth-int"),
        ("algorithm=SHA-256", "algorithm=SHA-512"),
        ("algorithm=SHA-256", "algorithm=MD5-sess"),
        ('username="alice"', 'username="alice"x'),
        ('username="alice"', 'username="alice'),
        ("qop=auth", ", ".join(f"a{n}=1" for n in range(40))),
    ],
)
def test_a_broken_header_is_refused_with_400(old: str, new: str) -> None:
    server = verifier()
    request = with_field(answering(challenged(server.challenge(NOW))), old, new)
    verdict = server.check(request, PASSWORDS, NOW)
    assert isinstance(verdict, CredentialsRefused)
    assert verdict.status == 400
    assert verdict.reason.startswith("Authorization: ")


def test_spelling_that_varies_is_accepted() -> None:
    server = verifier()
    request = answering(challenged(server.challenge(NOW)))
    value = request.headers.get("Authorization", "")
    value = value.replace("Digest ", "DIGEST   ").replace("qop=auth", 'QOP = "AUTH"')
    value = value.replace("algorithm=SHA-256", 'algorithm="sha-256"')
    spelt = Request(method="REGISTER", uri=URI, headers=Headers([("Authorization", value)]))
    assert isinstance(server.check(spelt, PASSWORDS, NOW), Verified)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="can be guessed"):
        Verifier("x", b"short")


@given(st.text(max_size=200))
def test_any_header_is_judged(value: str) -> None:
    line = "".join(c for c in value if c not in "\r\n\0")
    request = Request(method="A", uri=URI, headers=Headers([("Authorization", f"Digest {line}")]))
    assert not isinstance(verifier().check(request, PASSWORDS, NOW), Verified)


# The client's end.


def test_the_best_algorithm_is_taken() -> None:
    response = challenged(verifier().challenge(NOW))
    value = answering(response).headers.get("Authorization", "")
    assert "algorithm=SHA-256" in value
    assert 'uri="sip:pbx.example.com"' in value
    assert 'cnonce="cn0nce", qop=auth, nc=00000001' in value


def test_values_are_quoted_safely_and_opaque_comes_back() -> None:
    header = (
        "Proxy-Authenticate",
        r'Digest nonce="a\"b", realm="the \"pbx\"", opaque="x\\y", qop="auth-int,auth"',
    )
    response = Response(status=407, headers=Headers([header]))
    name, value = answer_challenge(response, "INVITE", URI, 'a"b', "p", cnonce="c", nonce_count=17)
    assert name == "Proxy-Authorization"
    assert value.startswith(r'Digest username="a\"b", realm="the \"pbx\"", nonce="a\"b", uri=')
    assert r'opaque="x\\y"' in value
    assert "nc=00000011" in value


def test_a_user_cannot_start_a_header() -> None:
    response = challenged(verifier().challenge(NOW))
    _, value = answer_challenge(response, "INVITE", URI, "a\r\nVia: x", "p", cnonce="c")
    assert "\r" not in value
    assert "\n" not in value
    with pytest.raises(ValueError, match="token"):
        answer_challenge(response, "INVITE", URI, "a", "p", cnonce='c"\r\n')


@pytest.mark.parametrize(
    "value",
    [
        None,
        'Basic realm="x"',
        'Digest realm="x"',
        'Digest realm="x", nonce="1", algorithm=SHA-512-256',
        'Digest realm="x", nonce="1", qop="auth-conf"',
        'Digest realm="x, nonce=1',
    ],
)
def test_a_challenge_that_cannot_be_answered_says_so(value: str | None) -> None:
    headers = Headers([("WWW-Authenticate", value)] if value else [])
    with pytest.raises(SipError, match=r"Digest|qop"):
        answer_challenge(Response(status=401, headers=headers), "A", URI, "a", "p", cnonce="c")


def test_stale_tells_that_trying_again_helps() -> None:
    server = verifier()
    (fresh,) = challenges(challenged(server.challenge(NOW)))
    (old,) = challenges(challenged(server.challenge(NOW, stale=True)))

    assert (fresh.stale, old.stale) == (False, True)


def asked(*values: str) -> Response:
    return Response(status=401, headers=Headers([("WWW-Authenticate", v) for v in values]))


def test_each_realm_that_asks_is_answered_in_its_best_algorithm() -> None:
    first, second = challenges(
        asked(
            'Digest realm="a", nonce="1", algorithm=MD5',
            'Digest realm="b", nonce="2", algorithm=MD5-sess',
            'Digest realm="a", nonce="3", algorithm=SHA-256',
            'Digest realm="c", nonce="4", algorithm=AKAv1-MD5',
        )
    )

    assert (first.realm, first.nonce, first.algorithm) == ("a", "3", "SHA-256")
    assert (second.realm, second.algorithm, second.session) == ("b", "MD5", True)


def test_the_body_is_proved_where_only_that_is_offered() -> None:
    (challenge,) = challenges(asked('Digest realm="a", nonce="1", qop="auth-int"'))
    request = Request(method="INVITE", uri=URI, headers=Headers([]), body=b"v=0")

    value = challenge.answer(request, "us", "pw", cnonce="c", nonce_count=1)

    ha1, ha2 = md5("us:a:pw"), md5(f"INVITE:{URI}:{md5('v=0')}")
    assert f'response="{md5(f"{ha1}:1:00000001:c:auth-int:{ha2}")}"' in value
    assert "qop=auth-int" in value


def test_a_session_key_is_of_both_nonces() -> None:
    (challenge,) = challenges(asked('Digest realm="a", nonce="1", algorithm=MD5-sess, qop=auth'))

    value = challenge.answer(REGISTER, "us", "pw", cnonce="c", nonce_count=2)

    ha1, ha2 = md5(f"{md5('us:a:pw')}:1:c"), md5(f"REGISTER:{URI}")
    assert f'response="{md5(f"{ha1}:1:00000002:c:auth:{ha2}")}"' in value
    assert "algorithm=MD5-sess" in value


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def with_more(request: Request, *values: str) -> Request:
    """Put further Authorization headers before the one that a request has."""
    own = request.headers.get("Authorization", "")
    pairs = [("Authorization", value) for value in (*values, own)]
    return Request(method=request.method, uri=URI, headers=Headers(pairs))


@pytest.mark.row("FA-04")
@pytest.mark.parametrize("count", [("nc=00000001", "nc=1"), ("Digest ", "Digest\t")])
def test_the_spelling_of_a_proof_does_not_matter(count: tuple[str, str]) -> None:
    guard = verifier()
    proof = answering(challenged(guard.challenge(NOW), 0))
    old, new = count
    changed = with_field(proof, old, new)
    if old.startswith("nc"):  # the digest covers the count as it is spelled
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', changed.headers.get("Authorization", "")))
        ha1 = Ha1.of("alice", "switchhook", "wonder land").md5
        right = digest(
            "MD5", ha1, nonce=fields["nonce"], method="REGISTER", uri=fields["uri"], qop="auth",
            nc="1", cnonce=fields["cnonce"],
        )  # fmt: skip
        changed = with_field(changed, fields["response"], right)
    assert guard.check(changed, PASSWORDS, NOW) == Verified(username="alice")


@pytest.mark.row("FA-04")
def test_an_empty_qop_is_none() -> None:
    guard = verifier()
    nonce = challenges(challenged(guard.challenge(NOW)))[0].nonce
    ha1 = Ha1.of("alice", "switchhook", "wonder land").md5
    right = digest("MD5", ha1, nonce=nonce, method="REGISTER", uri="sip:x")
    value = (
        f'Digest username="alice", realm="switchhook", nonce="{nonce}", uri="sip:x", '
        f'response="{right}", qop=""'
    )
    request = Request(method="REGISTER", uri=URI, headers=Headers([("Authorization", value)]))
    assert guard.check(request, PASSWORDS, NOW) == Verified(username="alice")


@pytest.mark.row("FA-04")
@pytest.mark.parametrize(
    "other",
    [
        'Digest username="alice", realm="switchhook", nonce="an old one", uri="u", response="r"',
        'Digest username="alice", realm="switchhook", nonce="n", uri="u", response="r", algorithm=X',
        'Digest username="alice, realm="switchhook"',
        'Digest realm="switchhook"',
        "Basic Zm9vOmJhcg==",
    ],
)
def test_another_proof_beside_the_right_one_does_not_matter(other: str) -> None:
    """Telephones keep the answer to an old challenge beside that to the new one."""
    guard = verifier()
    proof = with_more(answering(challenged(guard.challenge(NOW))), other)
    assert guard.check(proof, PASSWORDS, NOW) == Verified(username="alice")


@pytest.mark.row("FA-04")
def test_of_two_proofs_that_to_the_newer_challenge_counts() -> None:
    guard = verifier()
    old = answering(challenged(guard.challenge(NOW)))
    assert isinstance(guard.check(old, PASSWORDS, NOW), Verified)
    new = answering(challenged(guard.challenge(NOW + 1)))
    both = with_more(new, old.headers.get("Authorization", ""))
    assert guard.check(both, PASSWORDS, NOW + 1) == Verified(username="alice")
    assert isinstance(guard.check(both, PASSWORDS, NOW + 1), Challenge)
