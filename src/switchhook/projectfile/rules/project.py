"""The rules between the tables of a project file.

Rules of one table see the value that was made of it. Those of the whole document look at tables as they were written,
so that a wrong key hides no other mistake: any value may be missing or of the wrong type, which is noted elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.domain.event import BUILT_IN, default_action_name
from switchhook.domain.numbering import as_listed
from switchhook.projectfile.rules.credentials import check_login
from switchhook.projectfile.toml.mistakes import Finding, shown
from switchhook.projectfile.types.project import dialling_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.domain.project import Group, Trunk
    from switchhook.projectfile.toml.lines import KeyPath
    from switchhook.projectfile.toml.value_types import Location

    Raw = Mapping[str, Any]


def check_trunk(trunk: Trunk) -> Iterator[Finding]:
    """Credentials are whole, and there are some to register with."""
    yield from check_login(trunk)
    if trunk.register and not trunk.username:
        yield Finding((), "username is missing beside register", "write username and password")


def check_group(group: Group) -> Iterator[Finding]:
    """Refuse an account that is in a group twice."""
    seen: set[str] = set()
    for index, login in enumerate(group.accounts):
        if login in seen:
            problem = f"{shown(login)} is in this group already"
            yield Finding(("accounts", index), problem, "name it once")
        seen.add(login)


def check_numbers(document: Raw, at: Location) -> None:
    """No number stands twice, in whatever spelling."""
    seen: dict[str, KeyPath] = {}
    for index, number in _names(document, "numbers", "number"):
        path = ("numbers", index, "number")
        digits = as_listed(number, dialling_in(at.names)) or number
        if digits in seen:
            line = at.notes.line(seen[digits])
            first = f" on line {line}" if line else ""
            at.notes.add(path, f"{shown(number)} stands already{first}", "use another")
        seen.setdefault(digits, path)


def check_group_names(document: Raw, at: Location) -> None:
    """Refuse a name that is more than one of group, account and number."""
    taken = {
        as_listed(number, dialling_in(at.names)) or number: (
            ("numbers", index, "number"),
            "a number",
        )
        for index, number in _names(document, "numbers", "number")
    }
    taken |= {
        login: (("accounts", index, "login"), "an account")
        for index, login in _names(document, "accounts", "login")
    }
    for index, group in tables_in(document, "groups"):
        name = group.get("name")
        if isinstance(name, str) and name in taken:
            path, what = taken[name]
            line = at.notes.line(path)
            where = f" on line {line}" if line else ""
            problem = f"{shown(name)} is {what} of this project already{where}"
            at.notes.add(("groups", index, "name"), problem, "give the group another name")


def check_actions(document: Raw, at: Location) -> None:
    """The actions of all events have names of their own, for deliveries are known by them; and they are not too many."""
    seen: dict[str, KeyPath] = {}
    for path, name in _actions(document):
        if len(seen) == MAX_ACTIONS:
            at.notes.add(path, f"more than {MAX_ACTIONS} actions in all", "leave some out")
            return
        if name == BUILT_IN:
            problem = f"{shown(name)} is the name of the built-in event"
            at.notes.add(
                path, problem, "use another name, and [google_analytics] to set that one up"
            )
        if name in seen:
            line = at.notes.line(seen[name])
            first = f" on line {line}" if line else ""
            problem = f"an action called {shown(name)} stands already{first}"
            at.notes.add(path, problem, "give one of them another name")
        seen.setdefault(name, path)


MAX_ACTIONS = 2000
"""Actions of all the events of a project."""


def _actions(document: Raw) -> Iterator[tuple[KeyPath, str]]:
    """Yield the name of each action and each webhook of the stream, and its place.

    An event or such a webhook whose name stands twice is a mistake of its own.
    """
    events: set[str] = set()
    for index, event in tables_in(document, "events"):
        of_event = event.get("name")
        is_told_apart = isinstance(of_event, str) and of_event not in events
        kinds = [("webhooks", *one) for one in tables_in(event, "webhooks")]
        kinds += [("mails", *one) for one in tables_in(event, "mails")]
        for place, (kind, item, action) in enumerate(kinds):
            path: KeyPath = ("events", index, kind, item)
            name = action.get("name", "")
            if isinstance(name, str) and name:
                yield (*path, "name"), name
            elif is_told_apart:
                yield path, default_action_name(str(of_event), place)
        events.add(str(of_event))
    streamed = {name: index for index, name in reversed(list(_names(document, "stream_webhooks")))}
    yield from ((("stream_webhooks", index, "name"), name) for name, index in streamed.items())


def _names(table: Raw, key: str, name: str = "name") -> Iterator[tuple[int, str]]:
    """Yield the names in a list of tables, with their places."""
    for index, item in tables_in(table, key):
        if isinstance(item.get(name), str):
            yield index, item[name]


def tables_in(table: Raw, key: str) -> Iterator[tuple[int, Raw]]:
    """Yield the tables of a list, with their places."""
    items = table.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield index, item
