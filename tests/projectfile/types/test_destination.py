"""The address of a call-tracking post is one, and is read with `http://` where it has no scheme (R4-45, N-13)."""

from __future__ import annotations

import pytest

from switchhook.domain.project import Project
from switchhook.projectfile.file import read_project
from switchhook.projectfile.toml.mistakes import Notes
from switchhook.projectfile.toml.value_types import Location, WrongError
from switchhook.projectfile.types.destination import Destination

HERE = Location(path=("after_url",), notes=Notes(), names={})


@pytest.mark.row("N-13", "R4-48")
@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", ""),
        ("  ", ""),
        ("https://crm.example/roistat", "https://crm.example/roistat"),
        ("HTTP://crm.example/", "HTTP://crm.example/"),
        ("crm.example/roistat?key=1", "http://crm.example/roistat?key=1"),
        (" crm.example \n", "http://crm.example"),
        ("//crm.example/x", "http://crm.example/x"),
        ("localhost:8080/x", "http://localhost:8080/x"),
        ("192.0.2.7", "http://192.0.2.7"),
        ("[::1]:8080/x", "http://[::1]:8080/x"),
        ("пример.рф/хук", "http://пример.рф/хук"),
        ("crm.example/?url=http://x", "http://crm.example/?url=http://x"),
        ("crm.example/{ID Call}/x", "http://crm.example/{ID Call}/x"),
        ("crm.example/51.5,0.12/x", "http://crm.example/51.5,0.12/x"),
    ],
)
def test_one_address_is_read_whole(text: str, address: str) -> None:
    read = Destination().read(text, HERE)

    assert read == address
    assert Destination().read(read, HERE) == address
    assert Destination().write(address) == f'"{address}"'


ONE = "notifications can be sent only to one destination address"


@pytest.mark.row("R4-45", "A-43", "S-62")
@pytest.mark.parametrize(
    "value",
    [
        ["http://a.example"],
        ["http://a.example", "http://b.example"],
        [],
        "http://a.example http://b.example",
        "http://a.example\nhttp://b.example",
        "http://a.example, http://b.example",
        "http://a.example,http://b.example",
        "http://a.example;b.example/x",
        "a.example|www.b.example",
        "a.example, b.example",
        "http://a.example/ b.example",
        "http://a.example b.example:80/x",
        "a.example/x,b.example:8080/y",
    ],
)
def test_several_are_refused_in_the_vendors_words(value: object) -> None:
    with pytest.raises(WrongError) as caught:
        Destination().read(value, HERE)

    assert (caught.value.problem, caught.value.advice) == (ONE, "write one URL")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (7, "a number is not text"),
        (None, "null is not text"),
        ("ftp://a.example", "the URL begins with neither"),
        ("https:/a.example", "the URL names no host"),
        ("mailto:a", "the URL's port is not a number"),
        ("/roistat", "the URL names no host"),
        ("http://u:secret@a.example", "the URL holds a user name"),
        ("a.example/" + "x" * 2000, "2010 characters are too many"),
        ("a.example/\x00", "it holds a line break or another control character"),
        ("a.example/{nothing}", "{nothing} is no parameter"),
        ("http://a.example/my hook", "the URL holds a blank"),
        ("a.example/a b?c", "the URL holds a blank"),
    ],
)
def test_what_is_no_address_is_refused(value: object, problem: str) -> None:
    with pytest.raises(WrongError) as caught:
        Destination().read(value, HERE)

    assert caught.value.problem.startswith(problem)
    assert "secret" not in str(caught.value)


@pytest.mark.row("N-13")
def test_a_missing_scheme_is_told_with_the_whole_address() -> None:
    said: list[str] = []
    text = '[project]\nid = "p"\nname = "P"\n\n[call_tracking]\nafter_url = "crm.example/x"\n'
    project = read_project(text, remark=said.append)

    assert isinstance(project, Project)
    assert said == ["line 6: call_tracking.after_url: is read as http://crm.example/x"]
