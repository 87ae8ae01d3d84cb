"""Nobody calls or registers who is neither in a trunk's network nor knows a password."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from switchhook.domain.book import Book
from switchhook.domain.project import Account, Number, Plan, Project, Trunk
from switchhook.drivers.embedded.door import MOST_MISTAKES, WINDOW, Door, Known, Turned
from tests.support.digest import answer_challenge
from tests.support.sip import request

if TYPE_CHECKING:
    from switchhook.sip.message import Request

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
BOOK = Book([Plan(SHOP), Plan(CLINIC)])


@dataclass
class Visitor:
    """Somebody who calls or registers, again and again."""

    host: str = "203.0.113.5"
    login: str = "john"
    password: str = "secret"
    door: Door = field(default_factory=lambda: Door("switchhook", KEY))
    now: float = 1000.0

    def calls(self, callee: str = "380800111222", asked: Request | None = None) -> Known | Turned:
        message = asked or self.invite(callee)
        return self.door.caller(message, self.host, BOOK, self.now)

    def invite(self, callee: str = "380800111222", method: str = "INVITE") -> Request:
        return request(
            method,
            uri=f"sip:{callee}@192.0.2.1",
            from_=f"<sip:{self.login}@192.0.2.1>;tag=a",
            to=f"<sip:{self.login if method == 'REGISTER' else callee}@192.0.2.1>",
        )

    def proves(self, asked: Request, turned: Known | Turned) -> Request:
        assert isinstance(turned, Turned)
        challenge = asked.response(turned.status, headers=turned.headers)
        header = answer_challenge(
            challenge, asked.method, asked.uri, self.login, self.password, cnonce="c"
        )
        return replace(asked, headers=asked.headers.add(*header))

    def calls_with_password(self, callee: str = "380800111222") -> Known | Turned:
        asked = self.invite(callee)
        return self.calls(asked=self.proves(asked, self.calls(asked=asked)))

    def registers(self) -> Account | Turned:
        asked = self.invite(method="REGISTER")
        first = self.door.registrant(asked, self.host, BOOK, self.now)
        assert isinstance(first, Turned)
        assert first.status == 401
        return self.door.registrant(self.proves(asked, first), self.host, BOOK, self.now)


def test_a_stranger_is_asked_for_a_password() -> None:
    turned = Visitor().calls()

    assert isinstance(turned, Turned)
    assert turned.status == 407
    assert {name for name, _ in turned.headers} == {"Proxy-Authenticate"}
    assert not turned.wrong


def test_an_account_that_proves_its_password_may_call() -> None:
    assert Visitor().calls_with_password("+49301234") == Known(project="shop", account=JOHN)


@pytest.mark.parametrize("visitor", [Visitor(password="wrong"), Visitor(login="nobody")])
def test_a_wrong_password_is_refused(visitor: Visitor) -> None:
    turned = visitor.calls_with_password()

    assert isinstance(turned, Turned)
    assert (turned.status, turned.wrong) == (403, True)


@pytest.mark.parametrize("host", ["192.0.2.5", "2001:db8::7"])
def test_a_call_from_a_trunks_network_needs_no_password(host: str) -> None:
    visitor = Visitor(host=host, login="+380441112233")

    assert visitor.calls() == Known(project="shop", trunk=CARRIER)


def test_a_call_from_a_trunk_to_nobodys_number_is_still_the_trunks() -> None:
    visitor = Visitor(host="192.0.2.5", login="+380441112233")

    assert visitor.calls("111") == Known(project="shop", trunk=CARRIER)


def test_of_two_projects_with_one_carrier_the_owner_of_the_number_gets_the_call() -> None:
    visitor = Visitor(host="192.0.2.9", login="+380441112233")

    assert visitor.calls("380800333444") == Known(project="clinic", trunk=OTHER)
    assert visitor.calls("+380800111222") == Known(project="shop", trunk=CARRIER)


def test_a_telephone_in_a_trunks_network_has_to_prove_itself() -> None:
    visitor = Visitor(host="192.0.2.5")

    assert isinstance(visitor.calls("101"), Turned)
    assert visitor.calls_with_password("101") == Known(project="shop", account=JOHN)


def test_a_trunk_may_prove_itself_by_password_instead() -> None:
    visitor = Visitor(login="mob", password="m-secret")

    assert visitor.calls_with_password() == Known(project="shop", trunk=MOBILE)


def test_an_account_registers_its_own_address_alone() -> None:
    assert Visitor().registers() == JOHN
    turned = Visitor(login="mob", password="m-secret").registers()
    assert isinstance(turned, Turned)
    assert turned.status == 403


def test_an_account_cannot_register_anothers_address() -> None:
    visitor = Visitor()
    asked = visitor.invite(method="REGISTER")
    asked = replace(asked, headers=asked.headers.put("To", "<sip:olga@192.0.2.1>"))
    first = visitor.door.registrant(asked, visitor.host, BOOK, visitor.now)
    assert isinstance(first, Turned)

    turned = visitor.door.registrant(visitor.proves(asked, first), visitor.host, BOOK, visitor.now)

    assert isinstance(turned, Turned)
    assert turned.status == 403


def test_a_broken_proof_is_a_bad_request() -> None:
    asked = Visitor().invite()
    asked = replace(
        asked, headers=asked.headers.add("Proxy-Authorization", 'Digest realm="switchhook"')
    )

    turned = Visitor().calls(asked=asked)

    assert isinstance(turned, Turned)
    assert (turned.status, turned.wrong) == (400, False)


def test_who_guesses_has_to_wait() -> None:
    guesser = Visitor(password="guess")
    honest = Visitor(host="203.0.113.99", door=guesser.door)
    for _ in range(MOST_MISTAKES):
        guesser.calls_with_password()

    turned = guesser.calls()
    assert isinstance(turned, Turned)
    assert (turned.status, turned.headers) == (503, (("Retry-After", "60"),))
    assert isinstance(honest.calls_with_password(), Known)

    guesser.now += WINDOW
    guesser.password = "secret"
    assert isinstance(guesser.calls_with_password(), Known)


def test_few_suspects_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchhook.drivers.embedded.door.MOST_SUSPECTS", 2)
    door = Door("switchhook", KEY)
    for last in range(5):
        Visitor(host=f"203.0.113.{last}", password="guess", door=door).calls_with_password()

    assert list(door._mistakes) == ["203.0.113.3", "203.0.113.4"]


def test_a_network_that_cannot_be_read_lets_nobody_in() -> None:
    open_door = replace(CARRIER, sources=("everywhere", ""))
    book = Book([Plan(replace(SHOP, trunks=(open_door,)))])
    visitor = Visitor(host="192.0.2.5")

    assert isinstance(visitor.door.caller(visitor.invite(), "192.0.2.5", book, 0.0), Turned)
