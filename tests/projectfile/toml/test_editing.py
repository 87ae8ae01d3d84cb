"""A TOML text is changed where it has to say something else, and stays as it is everywhere else, comments and all."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from switchhook.projectfile.file import write_project
from switchhook.projectfile.resources import plain_document, rewritten
from switchhook.projectfile.toml.editing import edited, same
from tests.support.projects import projects

if TYPE_CHECKING:
    from switchhook.domain.project import Project

TEXT = """\
# Acme's telephones
[project] # ours
id = "acme"
name = "Acme"   # the name

# those who answer
[[accounts]]
login = "101"
password = "secret-1" # Mary's

# John sits in the cellar
[[accounts]]
login = "102"
password = "secret-2"

[[schemes]]
id = 1

  [[schemes.steps]]
  ring = [
    "101", # first her
    "102", # then him
  ]
# the end
"""


def changed(**lists: Any) -> dict[str, Any]:
    """Return what TEXT says, with other tables."""
    return tomllib.loads(TEXT) | lists


def edit(target: dict[str, Any], text: str = TEXT) -> str:
    """Change a text, and see that it says what it has to."""
    made = edited(
        text,
        target,
        headed={"steps", "webhooks"},
        identity=lambda name, table: table.get({"accounts": "login"}.get(name, "id")),
    )
    assert same(tomllib.loads(made), target)
    return made


def test_a_text_that_says_it_already_stays_as_it_is() -> None:
    assert edit(changed()) == TEXT


def test_one_key_is_changed_and_its_comment_stays() -> None:
    project = {"id": "acme", "name": "Acme Ltd"}
    assert edit(changed(project=project)) == TEXT.replace('"Acme"', '"Acme Ltd"')


def test_a_table_goes_with_the_comment_above_it() -> None:
    rest = changed()["accounts"][:1]
    gone = '# John sits in the cellar\n[[accounts]]\nlogin = "102"\npassword = "secret-2"\n\n'
    assert edit(changed(accounts=rest)) == TEXT.replace(gone, "")


def test_a_new_table_stands_behind_the_others_of_its_list() -> None:
    more = [*changed()["accounts"], {"login": "103", "password": "secret-3"}]
    made = edit(changed(accounts=more))
    block = '\n\n[[accounts]]\nlogin = "103"\npassword = "secret-3"\n\n[[schemes]]'
    assert made == TEXT.replace("\n\n[[schemes]]", block)


def test_the_first_table_of_a_list_stands_at_the_end_and_a_single_one_at_the_beginning() -> None:
    made = edit(changed(hours=[{"name": "day"}], screening={"block_withheld": True}))
    assert made.startswith(TEXT[: TEXT.index("# those")] + "[screening]\nblock_withheld = true\n\n")
    assert made.endswith('# the end\n\n[[hours]]\nname = "day"\n')


def test_an_item_leaves_a_list_with_its_comment() -> None:
    target = deepcopy(changed())
    target["schemes"][0]["steps"][0]["ring"] = ["102"]
    made = edit(target)
    assert '    "102", # then him' in made
    assert "first her" not in made


def test_a_renamed_table_keeps_its_place() -> None:
    target = deepcopy(changed())
    target["accounts"][0]["login"] = "100"
    assert edit(target) == TEXT.replace('login = "101"', 'login = "100"')


@pytest.mark.parametrize(
    "text",
    [
        'accounts = [{ login = "101", password = "a" }] # all\n[project]\nid = "a"\n',
        'project.id = "a"\n[[accounts]]\nlogin = "101"\npassword = "a"\n',
        '[[events]]\nid = 1\n[project]\nid = "a"\n[[events.webhooks]]\nurl = "x"\n',
    ],
)
def test_tables_that_are_written_in_other_ways_are_changed_too(text: str) -> None:
    target = tomllib.loads(text)
    target["project"]["id"] = "b"
    edit(target, text)
    edit(target | {"accounts": [{"login": "1"}, {"login": "101"}]}, text)


def test_another_order_is_written_anew() -> None:
    edit(changed(accounts=changed()["accounts"][::-1]))


@pytest.mark.parametrize("value", [None, [None], {"a": None}, object()])
def test_what_toml_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        edit(changed(project={"id": value}))


@pytest.mark.slow
@given(projects(), projects())
@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=30)
def test_any_file_becomes_any_other(one: Project, other: Project) -> None:
    text, target = write_project(one), plain_document(write_project(other))
    made = rewritten(text, target)
    assert isinstance(made, str)
    assert same(tomllib.loads(made), target)
