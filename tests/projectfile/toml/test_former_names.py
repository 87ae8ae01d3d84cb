"""Keys that got another name are read under the former one: with a remark, never beside the other, at any depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from switchhook.projectfile.toml.document import read_document
from switchhook.projectfile.toml.mistakes import MAX_REMARKS, Mistakes
from switchhook.projectfile.toml.tables import DECLARED, FormerName, Table, TableKey, Tables
from switchhook.projectfile.toml.value_types import ListOf, Marker, Text, Whole


@dataclass(frozen=True, kw_only=True)
class Toy:
    colour: str = ""


@dataclass(frozen=True, kw_only=True)
class Dog:
    name: str
    seconds: int = 1
    toys: tuple[Toy, ...] = ()


TOY = Table(
    make=Toy,
    keys=(
        TableKey(
            "colour", Text(), "", default=DECLARED, former=FormerName(name="color", since="0.2.0")
        ),
    ),
)
DOG = Table(
    make=Dog,
    keys=(
        TableKey("bark", Marker(), ""),
        TableKey("name", Text(least=1), "", former=FormerName(name="call", since="0.2.0")),
        TableKey(
            "seconds",
            Whole(least=0, most=99),
            "",
            default=DECLARED,
            former=FormerName(
                name="bark", since="0.3.0", has=lambda value: type(value) is int, leaves=True
            ),
        ),
        TableKey(
            "toys",
            ListOf(kind=TOY),
            "",
            default=DECLARED,
            former=FormerName(name="things", since="0.2.0"),
        ),
    ),
)
KENNEL = Table(
    make=dict,
    keys=(
        TableKey(
            "dogs",
            Tables(table=DOG),
            "",
            default=(),
            former=FormerName(name="hounds", since="0.2.0"),
        ),
    ),
)
OLD = """
[[hounds]]
bark = 7
things = [{}, { color = "red" }]
call = "Rex"
"""
NEW = """
[[dogs]]
bark = true
seconds = 7
toys = [{}, { colour = "red" }]
name = "Rex"
"""
REX = {"dogs": (Dog(name="Rex", seconds=7, toys=(Toy(), Toy(colour="red"))),)}


def read(text: str) -> tuple[Any, list[str]]:
    """Return what a document says, and the remarks on it."""
    remarks: list[str] = []
    return read_document(text, KENNEL, remark=remarks.append), remarks


def mistakes(text: str) -> list[str]:
    found, _ = read(text)
    assert isinstance(found, Mistakes), found
    return str(found).splitlines()


def test_former_names_mean_the_same_and_are_remarked_on_with_their_lines() -> None:
    assert read(NEW) == (REX, [])
    assert read(OLD) == (
        REX,
        [
            "line 2: hounds: a former name; write dogs",
            "line 3: hounds[0].bark: a former name; write bark = true and seconds",
            "line 4: hounds[0].things: a former name; write toys",
            "line 4: hounds[0].things[1].color: a former name; write colour",
            "line 5: hounds[0].call: a former name; write name",
        ],
    )


def test_no_former_name_is_written() -> None:
    (rex,) = REX["dogs"]
    written = DOG.write(rex)

    assert written.startswith('{ bark = true, name = "Rex", seconds = 7, toys = [')
    assert read(f"dogs = [{written}]") == (REX, [])


def test_both_names_at_once_are_a_mistake() -> None:
    assert mistakes('[[dogs]]\nbark = true\nname = "Rex"\ncall = "Ada"\n') == [
        "line 4: dogs[0].call: a former name, and name is here too; keep name"
    ]
    assert mistakes('[[dogs]]\nbark = 7\nname = "Rex"\nseconds = 8\n') == [
        "line 2: dogs[0].bark: a former name, and seconds is here too; keep seconds"
    ]


def test_mistakes_have_the_name_and_line_that_people_wrote() -> None:
    wrong = '[[hounds]]\nbark = 700\ncall = ""\nthings = [{ color = 5 }]\n'
    assert mistakes(wrong) == [
        "line 2: hounds[0].bark: 700 is more than 99; allowed are 0 to 99",
        "line 3: hounds[0].call: name is empty; write text",
        "line 4: hounds[0].things[0].color: 5 is not text; write it in quotes",
    ]
    assert mistakes('[[dogs]]\nbark = false\nname = "Rex"\n') == [
        "line 2: dogs[0].bark: false is not true; write true"
    ]


def test_what_is_no_table_is_told_as_ever() -> None:
    assert mistakes("hounds = 5\n") == [
        "line 1: hounds: a number is not a list of tables; write [[dogs]]"
    ]
    assert mistakes('[[dogs]]\nbark = true\nname = "Rex"\nthings = 5\n') == [
        "line 4: dogs[0].things: a number is not a list; write it in [ ]"
    ]


def test_of_very_many_remarks_the_rest_is_counted() -> None:
    _, remarks = read('[[dogs]]\nbark = true\ncall = "Rex"\n' * (MAX_REMARKS + 5))

    assert len(remarks) == MAX_REMARKS + 1
    assert remarks[-1] == "5 more keys stand under former names"
