"""The directory finds a number or an account by its name, in the version that was put in last."""

from __future__ import annotations

import pytest

from switchhook.domain.directory import ProjectDirectory
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot, Trunk


def shop(version: int = 1, *, login: str = "mary") -> ProjectSnapshot:
    return ProjectSnapshot(
        Project(
            id="shop",
            name="Shop",
            version=version,
            numbers=(Number(number="380800111222", scheme=1),),
            accounts=(Account(login=login, password="x"),),
            trunks=(Trunk(name="carrier", host="192.0.2.9"),),
        )
    )


BANK = ProjectSnapshot(
    Project(id="bank", name="Bank", numbers=(Number(number="380800999888", scheme=1),))
)


def test_a_number_is_found_with_or_without_a_plus() -> None:
    directory = ProjectDirectory([shop(), BANK])
    for dialled in ("380800111222", "+380800111222"):
        assert directory.number(dialled) == (shop(), Number(number="380800111222", scheme=1))
    assert directory.number("380800999888") == (BANK, BANK.project.numbers[0])
    assert directory.number("380800000000") is None


def test_an_account_is_found_by_its_login() -> None:
    directory = ProjectDirectory([BANK, shop()])
    found = directory.account("mary")
    assert found is not None
    assert found[0] is directory.snapshots["shop"]
    assert directory.account("john") is None


def test_every_trunk_is_named_with_its_project() -> None:
    directory = ProjectDirectory([shop(), BANK])
    assert directory.trunks() == ((shop(), Trunk(name="carrier", host="192.0.2.9")),)


def test_a_new_version_takes_the_place_of_the_former_in_a_new_book() -> None:
    old = ProjectDirectory([shop(), BANK])
    new = old.replace(shop(2, login="olga"))
    assert new.snapshots["shop"].project.version == 2
    assert (new.account("mary"), new.account("olga") is None) == (None, False)
    assert new.number("380800999888") is not None
    assert old.account("mary") is not None


def test_an_empty_directory_knows_nobody() -> None:
    assert ProjectDirectory().number("380800111222") is None
    assert ProjectDirectory().trunks() == ()


def spelled(country: str, number: str) -> ProjectSnapshot:
    numbers = (Number(number=number, scheme=1),)
    return ProjectSnapshot(Project(id=f"in-{country}", name="X", country=country, numbers=numbers))


@pytest.mark.row("FA-03")
def test_a_number_is_found_in_the_spellings_of_its_country_and_none_is_guessed() -> None:
    kyiv, berlin, world = (
        spelled("UA", "380442223344"),
        spelled("DE", "49442223344"),
        spelled("", "442223355"),
    )
    directory = ProjectDirectory([kyiv, berlin, world])

    assert directory.dialled("+380-44-222-33-44") == ((kyiv,),)
    assert directory.dialled("00380442223344") == ((kyiv,),)
    assert directory.dialled("0442223344") == ((kyiv, berlin),)
    assert directory.dialled("442223355") == ((world,),)
    assert directory.dialled("0442223366") == ()


@pytest.mark.row("FA-03")
@pytest.mark.parametrize(
    ("country", "number", "dialled"),
    [
        ("MX", "525512345678", "+5215512345678"),
        ("MX", "525512345678", "5215512345678"),
        ("MX", "525512345678", "0445512345678"),
        ("AR", "5491112345678", "0111512345678"),
        ("BR", "5511912345678", "01511912345678"),
        ("RU", "74951234567", "84951234567"),
        ("KZ", "77011234567", "87011234567"),
        ("IT", "390669812345", "00390669812345"),
        ("UA", "380442223344", "٠٤٤٢٢٢٣٣٤٤"),
        ("UA", "380442223344", "+00380442223344"),
    ],
)
def test_a_number_is_found_as_its_carriers_write_it(
    country: str, number: str, dialled: str
) -> None:
    snapshot = spelled(country, number)
    assert ProjectDirectory([snapshot]).dialled(dialled) == ((snapshot,),)


@pytest.mark.row("FA-03")
def test_just_these_digits_come_before_any_spelling() -> None:
    kyiv, world = spelled("UA", "380442223344"), spelled("", "442079460958")

    assert ProjectDirectory([kyiv, world]).dialled("442079460958") == ((world,),)


@pytest.mark.row("FD-05")
@pytest.mark.parametrize("claimed", ["442223344", "0442223344"])
def test_digits_that_no_country_has_come_behind_a_spelling_of_anothers_number(claimed: str) -> None:
    kyiv, greedy = spelled("UA", "380442223344"), spelled("", claimed)

    assert ProjectDirectory([greedy, kyiv]).dialled(claimed) == ((kyiv,), (greedy,))
