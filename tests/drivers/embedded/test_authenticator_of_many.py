"""What one project sets up takes neither calls nor telephones of another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.numbering import dialling_of
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot, Trunk
from switchhook.drivers.embedded.authenticator import (
    MOST_ALIKE,
    Authenticator,
    AuthRejection,
    KnownPeer,
)
from switchhook.sip.transaction.trust import TrustedPeers
from tests.drivers.embedded.test_authenticator import BOOK, JOHN, KEY, SHOP, Visitor

NUMBER = "380800555666"
OUTSIDE = "380501112233"
PROVING = Trunk(name="proving", host="x.example", username="carrier-x", password="right-one")


def greedy(*trunks: Trunk, accounts: tuple[Account, ...] = ()) -> Project:
    numbers = (Number(number=NUMBER, scheme=1),)
    return Project(id="greedy", name="Greedy", numbers=numbers, trunks=trunks, accounts=accounts)


def directory(*projects: Project) -> ProjectDirectory:
    return ProjectDirectory([ProjectSnapshot(project) for project in (*projects, SHOP)])


def takes_in(*sources: str) -> Trunk:
    return Trunk(name="all", host="x.example", sources=sources)


# User names of trunks


@pytest.mark.row("FD-04")
@pytest.mark.parametrize("password", ["right-one", "another-one"])
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_trunks_with_one_user_name_whoever_proves_a_password_gets_in(
    password: str, order: int
) -> None:
    passwords = {"right-one": "one", "another-one": "two"}
    projects = [
        Project(
            id=name,
            name=name,
            trunks=(Trunk(name="t", host="x", username="carrier-x", password=secret),),
        )
        for secret, name in passwords.items()
    ][::order]
    visitor = Visitor(login="carrier-x", password=password, directory=directory(*projects))

    known = visitor.calls_with_password()

    assert isinstance(known, KnownPeer)
    assert known.project == passwords[password]


@pytest.mark.row("FD-04")
def test_a_trunk_with_the_user_name_of_anothers_account_is_not_taken_for_it() -> None:
    namesake = Trunk(name="t", host="x.example", username=JOHN.login, password="right-one")
    both = directory(greedy(namesake))

    known = Visitor(login=JOHN.login, password="right-one", directory=both).calls_with_password()
    john = Visitor(login=JOHN.login, password=JOHN.password, directory=both).calls_with_password()

    assert isinstance(known, KnownPeer)
    assert isinstance(john, KnownPeer)
    assert (known.project, john.project) == ("greedy", "shop")
    assert known.proved != john.proved == JOHN.login


@pytest.mark.row("FD-04")
def test_a_wrong_password_of_a_name_that_two_trunks_have_is_refused_and_counted() -> None:
    other = Trunk(name="t", host="x", username="carrier-x", password="another-one")
    both = directory(greedy(PROVING), Project(id="two", name="Two", trunks=(other,)))

    turned = Visitor(login="carrier-x", password="wrong", directory=both).calls_with_password()

    assert isinstance(turned, AuthRejection)
    assert (turned.status, turned.wrong) == (403, True)


@pytest.mark.row("FD-04")
@pytest.mark.parametrize(("callee", "project"), [(NUMBER, "greedy"), ("380800111222", "shop")])
def test_of_two_with_the_same_password_the_one_whose_number_is_called_gets_the_call(
    callee: str, project: str
) -> None:
    named_alike = Project(
        id="shop", name="Shop", numbers=SHOP.numbers, trunks=(PROVING,), accounts=(JOHN,)
    )
    both = ProjectDirectory([ProjectSnapshot(greedy(PROVING)), ProjectSnapshot(named_alike)])

    known = Visitor(login="carrier-x", password="right-one", directory=both).calls_with_password(
        callee
    )

    assert isinstance(known, KnownPeer)
    assert known.project == project


@pytest.mark.row("FD-04")
def test_a_login_and_a_user_name_of_a_trunk_may_be_the_same_word() -> None:
    trunk = Trunk(name="t", host="x", username="john", password="trunks-own")
    both = directory(greedy(trunk))

    assert Visitor(password="secret", directory=both).calls_with_password(OUTSIDE) == KnownPeer(
        project="shop", account=JOHN
    )
    assert Visitor(password="trunks-own", directory=both).calls_with_password(NUMBER) == KnownPeer(
        project="greedy", trunk=trunk
    )
    assert Visitor(password="secret", directory=both).registers() == JOHN
    turned = Visitor(password="trunks-own", directory=both).registers()
    assert isinstance(turned, AuthRejection)
    assert turned.status == 403


def test_one_project_cannot_fill_up_a_name_that_others_have() -> None:
    many = [
        Trunk(name=f"t{n}", host="x", username="carrier-x", password=f"password-{n}")
        for n in range(MOST_ALIKE + 5)
    ]
    own = Project(id="own", name="Own", trunks=(PROVING,))

    known = Visitor(
        login="carrier-x", password="right-one", directory=directory(greedy(*many), own)
    )

    assert known.calls_with_password() == KnownPeer(project="own", trunk=PROVING)


def test_a_trunk_named_as_a_telephone_does_not_lift_the_guard_against_guessing() -> None:
    """Who proved the trunk's password would else guess the telephone's without an end."""
    trunk = Trunk(name="t", host="x", username="john", password="trunks-own")
    trusted_peers = TrustedPeers()
    authenticator = Authenticator("switchhook", KEY, trusted_peers)
    guesser = Visitor(
        password="wrong", authenticator=authenticator, directory=directory(greedy(trunk))
    )
    trusted_peers.add(guesser.source, "john", guesser.now)

    statuses = [
        turned.status
        for turned in (guesser.calls_with_password() for _ in range(200))
        if isinstance(turned, AuthRejection)
    ]

    assert statuses[-1] == 503


# Networks that calls come from


@pytest.mark.row("FD-05")
@pytest.mark.parametrize("sources", [("0.0.0.0/0", "::/0"), ("203.0.0.0/8",), ("203.0.112.0/19",)])
@pytest.mark.parametrize("host", ["203.0.113.5", "192.0.2.3"])
@pytest.mark.parametrize(
    ("login", "callee"),
    [
        ("john", "380800111222"),
        ("john", "mary"),
        ("john", OUTSIDE),
        ("anonymous", OUTSIDE),
        ("+380441112233", "380800111222"),
        ("+380441112233", OUTSIDE),
    ],
)
def test_a_wide_network_takes_neither_telephones_nor_calls_of_others(
    sources: tuple[str, ...], host: str, login: str, callee: str
) -> None:
    greed = directory(greedy(takes_in(*sources)))
    alone = Visitor(host=host, login=login, directory=BOOK).calls(callee)

    told = Visitor(host=host, login=login, directory=greed).calls(callee)

    if isinstance(alone, KnownPeer):
        assert told == alone
    else:
        assert isinstance(told, AuthRejection)
        assert told.status == 407


@pytest.mark.row("FD-05")
def test_a_wide_network_lets_callers_of_its_own_projects_numbers_in() -> None:
    trunk = takes_in("0.0.0.0/0")

    known = Visitor(login="+380441112233", directory=directory(greedy(trunk))).calls(NUMBER)

    assert known == KnownPeer(project="greedy", trunk=trunk)


@pytest.mark.row("FD-05")
def test_a_telephone_that_proved_itself_is_its_own_projects_wherever_it_stands() -> None:
    """Its call to a number of the other project leaves by its own project, and is charged there."""
    trunk = takes_in("203.0.113.0/24")
    trusted_peers = TrustedPeers()
    visitor = Visitor(
        login="anonymous",
        authenticator=Authenticator("switchhook", KEY, trusted_peers),
        directory=directory(greedy(trunk)),
    )
    assert visitor.calls(NUMBER) == KnownPeer(project="greedy", trunk=trunk)

    trusted_peers.add(visitor.source, "john", visitor.now)

    for callee in (NUMBER, OUTSIDE):
        turned = visitor.calls(callee)
        assert isinstance(turned, AuthRejection)
        assert turned.status == 407


@pytest.mark.row("FD-05")
@pytest.mark.parametrize("order", [1, -1])
def test_the_narrowest_network_says_which_trunk_a_call_is_from(order: int) -> None:
    wide, narrow = takes_in("203.0.113.0/24"), Trunk(name="n", host="x", sources=("203.0.113.5",))
    trunks = (wide, narrow)[::order]

    def comes(host: str) -> KnownPeer | AuthRejection:
        visitor = Visitor(host=host, login="+380441112233", directory=directory(greedy(*trunks)))
        return visitor.calls(NUMBER)

    assert comes("203.0.113.5") == KnownPeer(project="greedy", trunk=narrow)
    assert comes("203.0.113.6") == KnownPeer(project="greedy", trunk=wide)


# Numbers


@pytest.mark.row("FD-05")
@pytest.mark.parametrize("claimed", ["800111222", "0800111222"])
def test_who_claims_a_spelling_of_anothers_number_gets_none_of_its_calls(claimed: str) -> None:
    """Both have the carrier's network, as an operator gives it to each of a carrier's customers."""
    kyiv = ProjectSnapshot(
        replace(SHOP, country="UA", dialling=dialling_of("UA"), trunks=(takes_in("192.0.2.0/28"),))
    )
    numbers = (Number(number=claimed, scheme=1),)
    other = ProjectSnapshot(replace(greedy(takes_in("192.0.2.0/28")), numbers=numbers))
    visitor = Visitor(
        host="192.0.2.3", login="380671112233", directory=ProjectDirectory([other, kyiv])
    )

    known = visitor.calls(claimed)

    assert isinstance(known, KnownPeer)
    assert known.project == "shop"
