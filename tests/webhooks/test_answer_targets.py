"""What may ring is read out of texts, numbers and lists, and what may not is dropped with its reason."""

from __future__ import annotations

import pytest

from switchhook.domain.numbering import canonical, international
from switchhook.domain.project import Account, Group, Project, ProjectSnapshot
from switchhook.domain.screening import Screening
from switchhook.domain.target import Target, TargetKind
from switchhook.webhooks.answer_targets import (
    MAX_ITEMS,
    MAX_MEMBERS,
    MAX_NOTICES,
    MAX_TARGETS,
    NoTargetError,
    read_targets,
    whole_number,
)
from switchhook.webhooks.lenient_json import JsonValue, NumberText
from tests.webhooks.samples import PLAN, make_snapshot


def values(value: JsonValue) -> list[str]:
    return [target.value for target in read_targets(value, PLAN).targets]


@pytest.mark.row("A-10")
def test_at_most_twenty_ring_and_the_rest_is_told() -> None:
    numbers = [f"38044111{number:04}" for number in range(25)]
    said = read_targets(",".join(numbers), PLAN)

    assert numbers[:MAX_TARGETS] == [target.value for target in said.targets]
    assert said.notices == (f"only the first {MAX_TARGETS} directions ring",)


@pytest.mark.row("A-10")
def test_doubles_do_not_count_among_the_twenty() -> None:
    numbers = [f"38044111{number:04}" for number in range(MAX_TARGETS)]
    said = read_targets([*numbers, *numbers, "+" + numbers[0]], PLAN)

    assert numbers == [target.value for target in said.targets]
    assert said.notices == ()


@pytest.mark.row("A-10")
def test_a_list_without_an_end_is_not_read_to_its_end() -> None:
    said = read_targets(",".join(["x"] * 5000 + ["380443334455"]), PLAN)

    assert said.targets == ()
    assert len(said.notices) == MAX_NOTICES + 1
    assert said.notices[-1] == f"and {MAX_MEMBERS + 1 - MAX_NOTICES} more"


@pytest.mark.row("A-10")
def test_a_list_that_is_cut_says_so() -> None:
    said = read_targets(["101"] * (MAX_MEMBERS + 1), PLAN)

    assert said.notices == (f"only the first {MAX_MEMBERS} members of the list were read",)


@pytest.mark.row("A-10")
def test_five_notices_are_all_told_and_a_sixth_is_counted() -> None:
    assert len(read_targets("x0,x1,x2,x3,x4", PLAN).notices) == MAX_NOTICES
    assert read_targets("x0,x1,x2,x3,x4,x5", PLAN).notices[-1] == "and 1 more"


@pytest.mark.row("A-10")
def test_of_an_array_of_nothing_only_the_beginning_is_read() -> None:
    assert values([*[""] * (MAX_ITEMS - 1), "101"]) == ["101"]
    assert values([*[""] * MAX_ITEMS, "101"]) == []
    assert MAX_ITEMS == 1000


@pytest.mark.row("A-09")
def test_each_kind_of_target() -> None:
    said = read_targets("agent7, +38 (044) 333-44-55, desk@sip.partner.example", PLAN)

    assert said.targets == (
        Target(kind=TargetKind.ACCOUNT, value="agent7"),
        Target(kind=TargetKind.NUMBER, value="+380443334455"),
        Target(kind=TargetKind.ADDRESS, value="sip:desk@sip.partner.example"),
    )


@pytest.mark.row("A-09")
def test_without_allowed_hosts_no_address_rings_but_one_at_a_host_of_ours_does() -> None:
    snapshot = make_snapshot(allowed_sip_hosts=())
    said = read_targets("desk@sip.partner.example,agent7@pbx.example.com", snapshot)

    assert said.targets == (Target(kind=TargetKind.ACCOUNT, value="agent7"),)


@pytest.mark.row("A-09")
def test_allowed_hosts_may_be_written_in_capitals() -> None:
    snapshot = make_snapshot(allowed_sip_hosts=("PBX.Example",))

    assert read_targets("x@pbx.example", snapshot).targets[0].value == "sip:x@pbx.example"


@pytest.mark.row("A-56")
@pytest.mark.parametrize(
    ("spelt", "digits"),
    [
        ("3.80443334455E+11", "380443334455"),
        ("380443334455.0", "380443334455"),
        ("+380443334455", "+380443334455"),
        ("0443334455", "0443334455"),
        ("+380443334455.0", "+380443334455"),
        ("0443334455.0", "0443334455"),
        ("380443334455e0", "380443334455"),
    ],
)
def test_whole_numbers_are_read_exactly(spelt: str, digits: str) -> None:
    assert digits == whole_number(NumberText(spelt))


@pytest.mark.row("A-56")
@pytest.mark.parametrize(
    ("spelt", "why"),
    [
        ("3.5", "it is not a whole number"),
        ("-380443334455.0", "it is not a whole number"),
        ("0.001", "it is not a whole number"),
        ("0.0010", "it is not a whole number"),
        ("0e-5", "it is not a whole number"),
        ("1.5e2", "its last digits are lost; send it as a string"),
        ("3.80443E+11", "its last digits are lost; send it as a string"),
        ("1e99999999999999999999", "it is no telephone number"),
        ("1" * 80 + ".0", "no telephone number is that long"),
    ],
)
def test_other_numbers_are_refused(spelt: str, why: str) -> None:
    with pytest.raises(NoTargetError, match=why):
        whole_number(NumberText(spelt))


@pytest.mark.row("A-56", "A-36")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("380443334455.0", ["380443334455"]),
        ("+380443334455.00", ["+380443334455"]),
        ("101.0", ["101"]),
        ("380.44.333.44.00", ["380443334400"]),
        ("044.3334400", ["0443334400"]),
        ("380443334455.5", []),
        ("101.5", []),
    ],
)
def test_a_number_that_somebody_wrote_as_a_fraction_rings_no_stranger(
    text: str, expected: list[str]
) -> None:
    assert expected == values(text)


@pytest.mark.row("A-10")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("", []),
        (" , ,, ", []),
        ([], []),
        ([None, "", " "], []),
        (380443334455, ["380443334455"]),
        ([380443334455, "101"], ["380443334455", "101"]),
        (True, []),
        ({}, []),
        ([["101"]], []),
        ([""] * 900 + ["101"], ["101"]),
    ],
)
def test_shapes_of_a_value(value: JsonValue, expected: list[str]) -> None:
    assert expected == values(value)


def test_an_emergency_number_may_be_shorter_than_any_other() -> None:
    """A login of the same digits is the account all the same: the answer means a colleague."""
    screening = Screening(emergency_numbers=("15", "17"))
    accounts = (Account(login="17", password="x"),)
    snapshot = ProjectSnapshot(Project(id="x", name="X", accounts=accounts, screening=screening))
    said = read_targets(["15", 17, "18"], snapshot)

    assert said.targets == (
        Target(kind=TargetKind.NUMBER, value="15"),
        Target(kind=TargetKind.ACCOUNT, value="17"),
    )


@pytest.mark.row("A-09")
@pytest.mark.parametrize("written", ["200", " 2-00 ", "<sip:200@localhost>", "200@127.0.0.1:5060"])
def test_a_group_is_named_as_an_account_is(written: str) -> None:
    said = read_targets(written, _grouped(2))

    assert said.targets == (Target(kind=TargetKind.GROUP, value="200"),)


def test_a_json_number_may_name_a_group() -> None:
    assert read_targets([200, "a0"], _grouped(2)).targets == (
        Target(kind=TargetKind.GROUP, value="200"),
        Target(kind=TargetKind.ACCOUNT, value="a0"),
    )


@pytest.mark.row("A-10")
def test_the_cap_counts_telephones_and_not_names() -> None:
    """Whoever is in a group that rings already takes no further place."""
    snapshot = _grouped(MAX_TARGETS - 1)
    said = read_targets("200,a0,380441112233,380441112244", snapshot)

    assert [target.value for target in said.targets] == ["200", "a0", "380441112233"]
    assert said.notices == (f"only the first {MAX_TARGETS} directions ring",)


def _grouped(members: int) -> ProjectSnapshot:
    logins = tuple(f"a{place}" for place in range(members))
    accounts = tuple(Account(login=login, password="x") for login in logins)
    groups = (Group(name="200", accounts=logins),)
    return ProjectSnapshot(Project(id="x", name="X", accounts=accounts, groups=groups))


SALES = Account(login="sales", password="x")


@pytest.mark.row("FA-11")
@pytest.mark.parametrize(
    ("written", "rings"),
    [
        ("sip:sales@other.example", "sip:sales@other.example"),
        ("sips:sales@other.example", "sips:sales@other.example"),
        ("<sip:sales@other.example>", "sip:sales@other.example"),
        ("sales@other.example:5080", "sip:sales@other.example:5080"),
        ("SIP:sales@OTHER.example.", "sip:sales@other.example"),
        ("sip:sales@unlisted.example", ""),
        ("sips:sales@unlisted.example", ""),
        ("<sip:sales@unlisted.example>", ""),
        ("sales@unlisted.example:5060", ""),
        ("sales", "sales"),
        ("sip:sales@pbx.ours.example", "sales"),
        ("sip:sales@PBX.ours.example.:5060;transport=tcp", "sales"),
        ("sales@192.0.2.10", "sales"),
        ("sip:sales@[2001:db8::1]", "sales"),
        ("sip:s%61les@switchhook", "sales"),
        ("sip:+380501112233@pbx.ours.example;user=phone", "+380501112233"),
        ("sip:nobody@pbx.ours.example", ""),
    ],
)
def test_only_a_host_of_our_own_means_the_account(written: str, rings: str) -> None:
    project = Project(
        id="x",
        name="X",
        accounts=(SALES,),
        allowed_sip_hosts=("other.example",),
        own_sip_hosts=("PBX.Ours.example",),
    )
    said = read_targets(written, ProjectSnapshot(project, own_hosts=("192.0.2.10", "2001:db8::1")))

    assert [target.value for target in said.targets] == [rings] * bool(rings)
    assert bool(said.notices) is not bool(rings)


@pytest.mark.row("FA-11")
def test_a_host_that_is_ours_and_listed_is_followed_where_it_names_a_port() -> None:
    """Another server may stand on the same machine."""
    snapshot = ProjectSnapshot(
        Project(id="x", name="X", accounts=(SALES,), allowed_sip_hosts=("127.0.0.1",))
    )

    assert read_targets("sales@127.0.0.1:5090", snapshot).targets[0].kind is TargetKind.ADDRESS
    assert read_targets("sales@127.0.0.1", snapshot).targets[0].kind is TargetKind.ACCOUNT


@pytest.mark.row("FJ-04")
@pytest.mark.parametrize(
    "written",
    [
        "380501112233 101",
        "380501112233/101",
        "380501112233 or 101",
        "380501112233;101",
        "380501112233\n101",
        "380501112233\t101",
        "380501112233|101",
        "380501112233 ext 5",
        "380501112233x5",
        "380501112233 5",
        "380501112233-101",
        "380501112233 (101)",
        "380501112233.101",
        "380 50 111 22 33 101",
        "+380501112233+101",
        "380501112233 380671112233",
        "101 102",
        "101-105",
        "0501112 0671112",
    ],
)
@pytest.mark.parametrize("country", ["UA", "NL", "DE", ""])
def test_two_numbers_in_one_text_never_become_one(country: str, written: str) -> None:
    said = read_targets(written, make_snapshot(country=country))

    assert said.targets == ()
    assert len(said.notices) == 1


@pytest.mark.row("FJ-04", "A-36")
@pytest.mark.parametrize(
    ("country", "written", "number"),
    [
        ("UA", "380 50 111 22 33", "380501112233"),
        ("", "380 50 111 22 33", "380501112233"),
        ("UA", "050 111 22 33", "0501112233"),
        ("", "050 111 22 33", "0501112233"),
        ("US", "212 555 0100", "2125550100"),
        ("", "(212) 555-0100", "2125550100"),
        ("DE", "+49 30 123456 78", "+493012345678"),
        ("", "+380\u00a050\u202f111 22 33", "+380501112233"),
        ("", "+44 (020) 7946 0958", "+442079460958"),
        ("IT", "+39 (0) 6 6982 1234", "+390669821234"),
        ("", "1 0 1", "101"),
        ("DE", "030/123456", "030123456"),
        ("DE", "030 / 12 34 56-78", "03012345678"),
        ("AU", "0011 44 20 7946 0958", "0011442079460958"),
    ],
)
def test_a_blank_groups_the_digits_of_a_number_that_there_is(
    country: str, written: str, number: str
) -> None:
    said = read_targets(written, make_snapshot(country=country))

    assert [target.value for target in said.targets] == [number]


@pytest.mark.row("FJ-04")
def test_a_text_that_may_be_two_numbers_is_told_apart_from_one_that_is_none() -> None:
    said = read_targets("212 555 0100", make_snapshot(country=""))

    (notice,) = said.notices
    assert notice == (
        "dropped '212 555 0100': it may be one number or several, since the project names no country;"
        " several stand in a list, or between commas"
    )


@pytest.mark.row("FA-03")
def test_two_spellings_of_a_number_ring_once() -> None:
    assert values(["0501112233", "+380501112233", "00380501112233"]) == ["0501112233"]


def test_a_number_that_stands_alone_is_compared_with_nothing() -> None:
    """What its country's plan says of it takes longer than all else of an answer."""

    def asked() -> int:
        return sum(known.cache_info().misses for known in (canonical, international))

    before = asked()
    assert values("380447418529") == ["380447418529"]
    assert asked() == before
    assert values("380447418529, 0447418529") == ["380447418529"]
    assert asked() > before
