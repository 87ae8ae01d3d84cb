"""A table of destinations is read whole or not at all: each mistake has its line; numbers fit in any spelling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.domain.numbering import dialling_of
from switchhook.domain.project import ProjectSnapshot
from switchhook.operations.tables import table as module
from switchhook.operations.tables.table import (
    DestinationTable,
    read_table,
    tables_used,
    webhooks_of,
)
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.webhooks.dialects.table import WITHHELD, TableQuestion
from tests.support.snapshots import ring, snapshot


def house(url: str = "table:vip") -> ProjectSnapshot:
    project = snapshot(ring()).project
    crm = replace(project.forwarding_numbers[0], url=url)
    return ProjectSnapshot(
        replace(project, forwarding_numbers=(crm,), country="UA", dialling=dialling_of("UA"))
    )


def read(text: str, name: str = "vip") -> DestinationTable:
    found = read_table(text.encode(), house(), name)
    assert isinstance(found, DestinationTable), str(found)
    return found


def find(
    table: DestinationTable, caller: str = WITHHELD, dialled: str = "", code: str = ""
) -> str | None:
    row = table.find(TableQuestion(caller=caller, dialled=dialled, code=code))
    return None if row is None else row.destination


def mistakes(text: str | bytes, name: str = "vip") -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    found = read_table(content, house(), name)
    assert isinstance(found, Mistakes)
    return [str(one) for one in found.mistakes]


def test_numbers_are_compared_in_their_canonical_form() -> None:
    for written in (
        "+380 44 111-22-33",
        "0441112233",
        "380441112233",
        "00380441112233",
        "044/111 22 33",
        "(044) 111-22-33",
        "+380\u202f44\xa0111\u202f22\u202f33",
        "\u2068+380441112233\u2069",
    ):
        table = read(f"caller,destination\n{written},mary\n")
        assert find(table, caller="380441112233") == "mary"


def test_the_row_that_says_most_about_a_call_is_the_one() -> None:
    table = read(
        "caller;dialled;destination;name\n"
        "0441112233;;mary;Anna\n"
        "0441112233;0800111222;john;Anna\n"
        ";0800111222;olga;\n"
        "withheld;;200;\n"
        ";;mary;\n"
    )

    assert find(table, "380441112233", "380800111222") == "john"
    assert find(table, "380441112233", "380800999999") == "mary"
    assert find(table, "380509999999", "380800111222") == "olga"
    assert find(table, WITHHELD, "380800999999") == "200"
    assert find(table, "380509999999", "380800999999") == "mary"


def test_what_spreadsheets_write_beside_the_rows_is_read() -> None:
    table = read("sep=;\r\nCaller ;destination;;\r\n0441112233;mary;;\r\n;;;\r\n")
    assert find(table, "380441112233") == "mary"
    assert table.size == 1
    assert mistakes("sep=;\ncaller;destination\nx;mary\n")[0].startswith("line 3: caller: 'x'")
    table = read("caller,destination,name\n0441112233,mary,Anna\xa0K\u200f.\n")
    row = table.find(TableQuestion(caller="380441112233", dialled=""))
    assert row is not None
    assert row.name == "Anna K."


def test_two_numbers_in_one_cell_are_a_mistake() -> None:
    (said,) = mistakes("caller,destination\n0501112233 0671112233,mary\n")
    assert said.startswith("line 2: caller: '0501112233 0671112233' is no number")


def test_codes_keep_their_zeros_and_logins_are_callers() -> None:
    table = read("code\tdestination\n0042\tmary\n")
    assert (find(table, code="0042"), find(table, code="42")) == ("mary", None)
    assert find(read("caller,destination\njohn,mary\n"), caller="john") == "mary"


def test_several_destinations_stand_in_one_cell_and_blank_lines_say_nothing() -> None:
    table = read('\ufeffdialled,destination\n\n0800111222,"mary, john"\n,\n'.replace("\n,\n", "\n"))
    assert find(table, dialled="380800111222") == "mary, john"
    assert table.size == 1


def test_every_mistake_has_its_line() -> None:
    assert mistakes(
        "caller,destination,name\n"
        "0441112233,mary,Anna\n"
        "044 111 22 33,john,Anna\n"
        "4.93E+11,mary,\n"
        "nobody there,mary,\n"
        "0441112234,,\n"
        '"0441112235","no such login",\n'
        "0441112236,mary,Anna,more\n"
    ) == [
        "line 3: caller '044 111 22 33' stands already on line 2; leave one out",
        "line 4: caller: '4.93E+11' has lost digits; format the column as text",
        (
            "line 5: caller: 'nobody there' is no number and no account; write it as +380441112233, or"
            " as people dial it"
        ),
        "line 6: destination: the cell is empty; write where the call goes",
        "line 7: destination: 'no such login': it is no number, account or group of this project",
        "line 8: 4 cells stand under 3 columns; put a cell with a separator in it into quotes",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: none of the columns caller, dialled, code is there"),
        ("phone,destination\n", "line 1: 'phone' is no column"),
        ("caller,caller,destination\n", "line 1: caller: the column stands twice"),
        ("caller,,destination\n", "line 1: '' is no column"),
        ("caller\0,destination\n", "line 1: 'caller\\x00' is no column"),
        ("caller,destination\n".encode("utf-16"), "line 1: this is not UTF-8"),
        ('caller,destination\n0441112233,"ma\nry"\n', "line 2: destination: the cell is longer"),
        (
            'caller,destination\n="0441112233",mary\n',
            "line 2: caller: '=\"0441112233\"' is no number",
        ),
        ("caller,destination\n'0441112233,mary\n", 'line 2: caller: "\'0441112233" is no number'),
        ("caller,name\n", "line 1: the column destination is missing"),
        ("caller,destination\n", "line 1: there is no row below the header"),
        (b"caller,destination\n0441112233,M\xfcller\n", "line 2: this is not UTF-8"),
        ('caller,destination\n"0441112233"x,mary\n', "line 2: the line cannot be read"),
        ("code,destination\n12a,mary\n", "line 2: code: '12a' cannot be keyed"),
        (
            f"caller,destination,name\n0441112233,mary,{'x' * 501}\n",
            "line 2: name: the cell is lon",
        ),
    ],
)
def test_what_is_no_table_is_named(text: str | bytes, said: str) -> None:
    assert mistakes(text)[0].startswith(said)


def test_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    monkeypatch.setattr(module, "MOST_BYTES", 400)
    monkeypatch.setattr(module, "MOST_MISTAKES", 3)
    rows = "".join(f"044111223{n},mary\n" for n in range(3))
    assert mistakes(f"caller,destination\n{rows}") == ["line 4: more than 2 rows; leave some out"]
    assert mistakes("x" * 401)[0].startswith("the file is larger than")
    wrong = "caller,destination\n" + "a,b\n" * 9
    assert mistakes(wrong)[-1] == "more than 3 mistakes"


def test_a_table_of_a_dial_plan_webhook_alone_needs_no_destination() -> None:
    assert read("code\n0042\n", name="pins").size == 1


def test_who_asks_a_table_is_known() -> None:
    project = house().project
    assert tables_used(project) == ("vip",)
    assert [one.name for one in webhooks_of(project, "vip")] == ["crm"]
    assert webhooks_of(project, "other") == ()
