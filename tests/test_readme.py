"""The index of the tests' own words names each helper, marker and word of a transcript, and its example runs."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from switchhook.routing.events import CallArrived
from tests.support import snapshots, transcript

TESTS = Path(__file__).parent
PAGE = (TESTS / "README.md").read_text(encoding="utf-8")
NOT_WORDS = {"watched", "order", "transfer_order", "media_order", "written"}
"""Functions of `transcript.py` that make no event."""


def test_every_helper_is_named_once() -> None:
    helpers = {file.name for file in (TESTS / "support").glob("*.py")} - {"__init__.py"}
    folders = {file.parent.name for file in (TESTS / "support").glob("*/__init__.py")}

    assert sorted(re.findall(r"`(\w+\.py)`", PAGE)) == sorted(helpers)
    assert {name for name in folders if f"`support/{name}/`" not in PAGE} == set()


def test_every_marker_is_explained() -> None:
    project = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))

    for marker in project["tool"]["pytest"]["ini_options"]["markers"]:
        assert re.search(rf"^\| `{re.match(r'[a-z]+', marker)[0]}\b", PAGE, re.MULTILINE)  # type: ignore[index]


def test_every_word_of_a_transcript_is_explained() -> None:
    tree = ast.parse(Path(transcript.__file__).read_text(encoding="utf-8"))
    words = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)} - NOT_WORDS

    assert {word for word in words if f"`{word}`" not in PAGE} == set()


def test_the_example_is_a_story() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)

    exec(example, {**vars(snapshots), **vars(transcript), "CallArrived": CallArrived})
