"""Tables name every key that is wrong, missing, unknown or doubled, and write only what differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from switchhook.projectfile.toml.document import read_document
from switchhook.projectfile.toml.mistakes import Finding, Mistakes
from switchhook.projectfile.toml.tables import DECLARED, Table, TableKey, Tables, pair
from switchhook.projectfile.toml.value_types import (
    ListOf,
    Location,
    TableHolder,
    Text,
    ValueType,
    Whole,
    holds_tables,
)


@dataclass(frozen=True, kw_only=True)
class Dog:
    name: str
    age: int = 1
    class_: str = ""


def gets_old(dog: Dog) -> list[Finding]:
    return [Finding(("age",), "no dog gets that old")] if dog.age > 30 else []


DOG = Table(
    make=Dog,
    review=gets_old,
    keys=(
        TableKey("name", Text(least=1), "its name"),
        TableKey("age", Whole(least=0, most=99), "its age", default=DECLARED),
        TableKey("class", Text(), "its class", default=DECLARED, attribute="class_"),
    ),
)
KENNEL = Table(
    make=dict,
    keys=(
        TableKey(
            "dogs",
            Tables(table=DOG, unique="name", same=lambda name: str(name).lower()),
            "",
            default=(),
        ),
    ),
)


def read(text: str) -> Any:
    return read_document(text, KENNEL)


def mistakes(text: str) -> list[str]:
    found = read(text)
    assert isinstance(found, Mistakes), found
    return str(found).splitlines()


def test_tables_become_values() -> None:
    text = '[[dogs]]\nname = "Rex"\n[[dogs]]\nname = "Ada"\nage = 3\nclass = "show"\n'

    assert read(text) == {"dogs": (Dog(name="Rex"), Dog(name="Ada", age=3, class_="show"))}


def test_all_that_is_wrong_is_named() -> None:
    assert mistakes("[[dogs]]\nage = 100\nnmae = 1\n\n[[dogs]]\n[dogs.name]\n") == [
        "line 1: dogs[0]: name is missing; write text",
        "line 2: dogs[0].age: 100 is more than 99; allowed are 0 to 99",
        "line 3: dogs[0].nmae: unknown key; did you mean name?",
        "line 6: dogs[1].name: a table is not text; write one text",
    ]


def test_doubles_name_the_line_of_the_first() -> None:
    assert mistakes('[[dogs]]\nname = "Rex"\n\n[[dogs]]\nname = "REX"\n') == [
        "line 5: dogs[1].name: 'REX' stands already on line 2; use another"
    ]


def test_what_is_no_table_is_refused() -> None:
    assert mistakes("dogs = 5") == [
        "line 1: dogs: a number is not a list of tables; write [[dogs]]"
    ]
    assert mistakes("dogs = [5]") == [
        "line 1: dogs[0]: a number is not a table; write its keys in { }",
    ]


def test_a_value_is_reviewed_as_soon_as_there_is_one() -> None:
    assert mistakes('[[dogs]]\nname = "Rex"\nage = 31\nx = 1') == [
        "line 3: dogs[0].age: no dog gets that old",
        "line 4: dogs[0].x: unknown key; known are age, class, name",
    ]
    assert len(mistakes("[[dogs]]\nname = 5\nage = 31")) == 1


def test_defaults_are_not_written() -> None:
    rex = Dog(name="Rex", class_="show")

    assert DOG.write(rex) == '{ name = "Rex", class = "show" }'
    assert Tables(table=DOG).write((rex, Dog(name="Ada"))) == (
        '[{ name = "Rex", class = "show" }, { name = "Ada" }]'
    )


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A kind of table that counts how often it is looked into."""

    renamed: list[object] = field(default_factory=list)
    allowed: str = "a table"

    def read(self, value: object, at: Location) -> object:
        del at
        return value

    def write(self, value: object) -> str:
        return repr(value)

    def rename(self, value: object, at: Location) -> None:
        del at
        self.renamed.append(value)


COUNTED = Counted()


@pytest.mark.parametrize("several", [Tables(table=COUNTED, most=2), ListOf(kind=COUNTED, most=2)])
def test_no_table_is_looked_into_where_there_are_too_many_to_be_read(several: ValueType) -> None:
    one = COUNTED
    one.renamed.clear()
    kennel = Table(make=dict, keys=(TableKey("dogs", several, ""),))

    read_document("dogs = [{}, {}]", kennel)
    assert len(one.renamed) == 2
    read_document("dogs = [{}, {}, {}]", kennel)

    assert len(one.renamed) == 2


def test_kinds_of_values_are_told_apart_without_the_slow_look_at_a_protocol() -> None:
    with pytest.raises(TypeError, match="runtime"):
        isinstance(DOG, TableHolder)  # type: ignore[misc]
    assert holds_tables(DOG)
    assert not holds_tables(Text())


def test_keys_are_quoted_where_they_must_be() -> None:
    assert pair("a-b_1", Text(), "x") == 'a-b_1 = "x"'
    assert pair("a b", Text(), "x") == '"a b" = "x"'
    assert pair("é", Text(), "x") == '"é" = "x"'


@dataclass(frozen=True, kw_only=True)
class Bowl:
    litres: int
    lid: str = ""


@dataclass(frozen=True, kw_only=True)
class Fish:
    name: str
    bowl: Bowl


FISH = Table(
    make=Fish,
    parts={"bowl": Bowl},
    keys=(
        TableKey("name", Text(), "its name"),
        TableKey("litres", Whole(least=1, most=9), "its room", attribute="bowl.litres"),
        TableKey("lid", Text(), "on top", default=DECLARED, attribute="bowl.lid"),
    ),
)


def test_keys_of_a_part_stand_among_the_others() -> None:
    wanda = Fish(name="Wanda", bowl=Bowl(litres=3))
    tank = Table(make=dict, keys=(TableKey("fish", FISH, ""),))

    assert read_document('fish = { litres = 3, name = "Wanda" }', tank) == {"fish": wanda}
    assert str(read_document('fish = { litres = 0, name = "Wanda" }', tank)).startswith(
        "line 1: fish.litres: "
    )
    assert FISH.write(wanda) == '{ name = "Wanda", litres = 3 }'
