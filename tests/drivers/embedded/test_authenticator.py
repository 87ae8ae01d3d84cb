"""Nobody calls or registers who is neither in a trunk's network nor knows a password."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.numbering import dialling_of
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot, Trunk
from switchhook.drivers.embedded.authenticator import (
    AMBIGUOUS,
    Authenticator,
    AuthRejection,
    KnownPeer,
)
from switchhook.drivers.embedded.failed_logins import MOST_FAILURES, WINDOW
from switchhook.sip.transaction.trust import TrustedPeers
from switchhook.sip.wire.transport import Peer
from tests.support.digest import answer_challenge
from tests.support.sip import request

if TYPE_CHECKING:
    from switchhook.sip.wire.message import Request

KEY = b"0123456789abcdef"
CARRIER = Trunk(name="carrier", host="192.0.2.9", sources=("192.0.2.0/28", "2001:db8::/32"))
OTHER = Trunk(name="other", host="192.0.2.9", sources=("192.0.2.9",))
MOBILE = Trunk(name="mobile", host="sip.mobile.example", username="mob", password="m-secret")
JOHN = Account(login="john", password="secret", name="John")
SHOP = Project(
    id="shop",
    name="Shop",
    numbers=(Number(number="380800111222", scheme=1),),
    accounts=(JOHN,),
    trunks=(CARRIER, MOBILE),
)
CLINIC = Project(
    id="clinic",
    name="Clinic",
    numbers=(Number(number="380800333444", scheme=1),),
    accounts=(Account(login="olga", password="x"),),
    trunks=(OTHER,),
)
BOOK = ProjectDirectory([ProjectSnapshot(SHOP), ProjectSnapshot(CLINIC)])


@dataclass
class Visitor:
    """Somebody who calls or registers, again and again."""

    host: str = "203.0.113.5"
    login: str = "john"
    password: str = "secret"
    authenticator: Authenticator = field(default_factory=lambda: Authenticator("switchhook", KEY))
    now: float = 1000.0
    port: int = 5060
    directory: ProjectDirectory = BOOK

    @property
    def source(self) -> Peer:
        return Peer("UDP", self.host, self.port)

    def calls(
        self, callee: str = "380800111222", asked: Request | None = None
    ) -> KnownPeer | AuthRejection:
        message = asked or self.invite(callee)
        return self.authenticator.caller(message, self.source, self.directory, self.now)

    def invite(self, callee: str = "380800111222", method: str = "INVITE") -> Request:
        return request(
            method,
            uri=f"sip:{callee}@192.0.2.1",
            from_=f"<sip:{self.login}@192.0.2.1>;tag=a",
            to=f"<sip:{self.login if method == 'REGISTER' else callee}@192.0.2.1>",
        )

    def proves(self, asked: Request, turned: KnownPeer | AuthRejection) -> Request:
        assert isinstance(turned, AuthRejection)
        challenge = asked.response(turned.status, headers=turned.headers)
        header = answer_challenge(
            challenge, asked.method, asked.uri, self.login, self.password, cnonce="c"
        )
        return replace(asked, headers=asked.headers.add(*header))

    def calls_with_password(self, callee: str = "380800111222") -> KnownPeer | AuthRejection:
        asked = self.invite(callee)
        return self.calls(asked=self.proves(asked, self.calls(asked=asked)))

    def registers(self) -> Account | AuthRejection:
        asked = self.invite(method="REGISTER")
        first = self.authenticator.registrant(asked, self.source, self.directory, self.now)
        assert isinstance(first, AuthRejection)
        assert first.status == 401
        return self.authenticator.registrant(
            self.proves(asked, first), self.source, self.directory, self.now
        )


def test_an_untrusted_caller_is_asked_for_a_password() -> None:
    turned = Visitor().calls()

    assert isinstance(turned, AuthRejection)
    assert turned.status == 407
    assert {name for name, _ in turned.headers} == {"Proxy-Authenticate"}
    assert not turned.wrong


def test_an_account_that_proves_its_password_may_call() -> None:
    assert Visitor().calls_with_password("+49301234") == KnownPeer(project="shop", account=JOHN)


@pytest.mark.parametrize("visitor", [Visitor(password="wrong"), Visitor(login="nobody")])
def test_a_wrong_password_is_refused(visitor: Visitor) -> None:
    turned = visitor.calls_with_password()

    assert isinstance(turned, AuthRejection)
    assert (turned.status, turned.wrong) == (403, True)


@pytest.mark.parametrize("host", ["192.0.2.5", "2001:db8::7"])
def test_a_call_from_a_trunks_network_needs_no_password(host: str) -> None:
    visitor = Visitor(host=host, login="+380441112233")

    assert visitor.calls() == KnownPeer(project="shop", trunk=CARRIER)


def test_a_call_from_a_trunk_to_nobodys_number_is_still_the_trunks() -> None:
    visitor = Visitor(host="192.0.2.5", login="+380441112233")

    assert visitor.calls("111") == KnownPeer(project="shop", trunk=CARRIER)


def test_of_two_projects_with_one_carrier_the_owner_of_the_number_gets_the_call() -> None:
    visitor = Visitor(host="192.0.2.9", login="+380441112233")

    assert visitor.calls("380800333444") == KnownPeer(project="clinic", trunk=OTHER)
    assert visitor.calls("+380800111222") == KnownPeer(project="shop", trunk=CARRIER)


def test_a_telephone_in_a_trunks_network_has_to_prove_itself() -> None:
    visitor = Visitor(host="192.0.2.5")

    assert isinstance(visitor.calls("101"), AuthRejection)
    assert visitor.calls_with_password("101") == KnownPeer(project="shop", account=JOHN)


def test_a_trunk_may_prove_itself_by_password_instead() -> None:
    visitor = Visitor(login="mob", password="m-secret")

    assert visitor.calls_with_password() == KnownPeer(project="shop", trunk=MOBILE)


def test_an_account_registers_its_own_address_alone() -> None:
    assert Visitor().registers() == JOHN
    turned = Visitor(login="mob", password="m-secret").registers()
    assert isinstance(turned, AuthRejection)
    assert turned.status == 403


def test_an_account_cannot_register_anothers_address() -> None:
    visitor = Visitor()
    asked = visitor.invite(method="REGISTER")
    asked = replace(asked, headers=asked.headers.put("To", "<sip:olga@192.0.2.1>"))
    first = visitor.authenticator.registrant(asked, visitor.source, BOOK, visitor.now)
    assert isinstance(first, AuthRejection)

    turned = visitor.authenticator.registrant(
        visitor.proves(asked, first), visitor.source, BOOK, visitor.now
    )

    assert isinstance(turned, AuthRejection)
    assert turned.status == 403


def test_a_broken_proof_is_a_bad_request() -> None:
    asked = Visitor().invite()
    asked = replace(
        asked,
        headers=asked.headers.add("Proxy-Authorization", 'Digest realm="switchhook", nonce="x"'),
    )

    turned = Visitor().calls(asked=asked)

    assert isinstance(turned, AuthRejection)
    assert (turned.status, turned.wrong) == (400, False)


def guess(visitor: Visitor, times: int = MOST_FAILURES) -> None:
    for _ in range(times):
        visitor.calls_with_password()


def test_who_guesses_has_to_wait() -> None:
    guesser = Visitor(password="guess")
    guess(guesser)
    guesser.password = "secret"

    turned = guesser.calls_with_password()
    assert isinstance(turned, AuthRejection)
    assert (turned.status, turned.headers) == (503, (("Retry-After", "60"),))

    guesser.now += WINDOW
    assert isinstance(guesser.calls_with_password(), KnownPeer)


@pytest.mark.row("FA-02")
@pytest.mark.parametrize(
    "honest",
    [
        Visitor(login="olga", password="x"),
        Visitor(login="mob", password="m-secret"),
        Visitor(host="203.0.113.99"),
    ],
    ids=["another user, same address", "a trunk, same address", "the same user elsewhere"],
)
def test_a_guesser_holds_up_nobody_else(honest: Visitor) -> None:
    guesser = Visitor(password="old")
    guess(guesser, MOST_FAILURES + 1)
    honest.authenticator = guesser.authenticator

    assert isinstance(honest.calls_with_password(), KnownPeer)


@pytest.mark.row("FA-02")
def test_a_telephone_that_proved_its_password_never_waits_for_another_one_of_its_account() -> None:
    trusted_peers = TrustedPeers()
    authenticator = Authenticator("switchhook", KEY, trusted_peers)
    honest = Visitor(authenticator=authenticator, port=40_001)
    trusted_peers.add(honest.source, "john", honest.now)
    guess(Visitor(password="old", authenticator=authenticator))

    assert isinstance(honest.calls_with_password(), KnownPeer)
    turned = Visitor(authenticator=authenticator, port=40_002).calls_with_password()
    assert isinstance(turned, AuthRejection)
    assert turned.status == 503


@pytest.mark.row("FA-02")
def test_the_right_password_reaches_help_whatever_was_tried_before() -> None:
    visitor = Visitor(password="old")
    guess(visitor)
    visitor.password = "secret"

    assert isinstance(visitor.calls_with_password("112"), KnownPeer)
    assert isinstance(visitor.calls_with_password("+49301234"), AuthRejection)


@pytest.mark.row("FD-03")
@pytest.mark.parametrize("nonce", ["0.0.0", "", "x", "1.1.1.1", "a.b.c.d", "é"])
def test_a_mistake_on_a_nonce_that_nobody_gave_counts_against_nobody(nonce: str) -> None:
    visitor = Visitor()
    asked = visitor.invite()
    proof = (
        f'Digest username="john", realm="switchhook", nonce="{nonce or " "}", uri="sip:x", '
        'response="0"'
    )
    for _ in range(2 * MOST_FAILURES):
        turned = visitor.calls(
            asked=replace(asked, headers=asked.headers.add("Proxy-Authorization", proof))
        )
        assert isinstance(turned, AuthRejection)
        assert (turned.status, turned.wrong) == (407, False)

    assert isinstance(visitor.calls_with_password(), KnownPeer)


@pytest.mark.row("FD-03")
def test_a_nonce_of_ones_own_makes_no_other_address_guilty() -> None:
    victim = Visitor(host="203.0.113.99")
    forger = Visitor(password="guess", authenticator=victim.authenticator)
    for _ in range(MOST_FAILURES):
        asked = forger.invite()
        shown = forger.proves(asked, forger.calls(asked=asked))
        turned = victim.calls(asked=shown)
        assert isinstance(turned, AuthRejection)
        assert (turned.wrong, turned.address) == (True, forger.host)

    assert isinstance(victim.calls_with_password(), KnownPeer)
    forger.password = "secret"
    assert isinstance(forger.calls_with_password(), AuthRejection)


@pytest.mark.row("FD-03")
def test_an_old_nonce_tells_nobody_whether_a_guess_was_right() -> None:
    visitor = Visitor()
    asked = visitor.invite()
    challenge = visitor.calls(asked=asked)
    answers = []
    for password in ("guess", "secret"):
        visitor.password = password
        shown = visitor.proves(asked, challenge)
        late = visitor.authenticator.caller(shown, visitor.source, BOOK, visitor.now + 301)
        assert isinstance(late, AuthRejection)
        answers.append((late.status, late.wrong, "stale=true" in str(late.headers)))

    assert answers == [(407, False, True)] * 2


def test_a_telephone_whose_address_changes_on_the_way_is_let_in() -> None:
    visitor = Visitor()
    asked = visitor.invite()
    shown = visitor.proves(asked, visitor.calls(asked=asked))
    visitor.host = "203.0.113.6"

    assert visitor.calls(asked=shown) == KnownPeer(project="shop", account=JOHN)


def test_a_network_that_cannot_be_read_lets_nobody_in() -> None:
    open_door = replace(CARRIER, sources=("everywhere", ""))
    directory = ProjectDirectory([ProjectSnapshot(replace(SHOP, trunks=(open_door,)))])
    visitor = Visitor(host="192.0.2.5")

    assert isinstance(
        visitor.authenticator.caller(visitor.invite(), visitor.source, directory, 0.0),
        AuthRejection,
    )


@pytest.mark.row("FA-03")
def test_two_projects_behind_one_carrier_are_told_apart_by_the_spelling_of_their_countries() -> (
    None
):
    """What means a number of either is answered 485: whichever was meant, we would guess."""
    kyiv = replace(SHOP, country="UA", dialling=dialling_of("UA"))
    berlin = replace(
        CLINIC,
        country="DE",
        dialling=dialling_of("DE"),
        numbers=(*CLINIC.numbers, Number(number="49800111222", scheme=1)),
    )
    directory = ProjectDirectory([ProjectSnapshot(kyiv), ProjectSnapshot(berlin)])
    visitor = Visitor(host="192.0.2.9", login="+380441112233")

    def calls(dialled: str) -> KnownPeer | AuthRejection:
        return visitor.authenticator.caller(visitor.invite(dialled), visitor.source, directory, 0.0)

    assert calls("00380800111222") == KnownPeer(project="shop", trunk=CARRIER)
    assert calls("+380-800-333-444") == KnownPeer(project="clinic", trunk=OTHER)
    assert calls("0800111222") == AMBIGUOUS
