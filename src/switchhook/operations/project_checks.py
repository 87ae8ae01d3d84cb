"""What has to go together in a project file.

These look at tables as they were written: any value may be missing or of the wrong type, which is
noted elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchhook.documents.mistakes import shown
from switchhook.webhooks.dialects.event import bare_name
from switchhook.webhooks.head import is_parameter_line
from switchhook.webhooks.wire import is_header_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.documents.kinds import Spot

    Raw = Mapping[str, Any]


def check_trunk(trunk: Raw, at: Spot) -> None:
    """A user name is of no use without its password, nor the other way round."""
    for given, missing in (("username", "password"), ("password", "username")):
        if trunk.get(given) and not trunk.get(missing):
            at.notes.add(at.path, f"{missing} is missing beside {given}", "write both or neither")


def check_forwarding_number(webhook: Raw, at: Spot) -> None:
    """JSON-RPC needs a method (R1-22, A-07), header lines need header names [A-01]."""
    submission, place = webhook.get("submission", "http"), webhook.get("place", "as-method")
    if "json-rpc" in {str(submission), str(webhook.get("import"))} and not webhook.get(
        "rpc_method"
    ):
        at.notes.add(at.path, "rpc_method is missing", "JSON-RPC method is required")
    if place != "as-method" and submission in {"json", "json-rpc"}:
        problem = f"place means nothing with submission {shown(submission)}"
        at.notes.add((*at.path, "place"), problem, "remove it")
    elif place == "headers":
        for index, name in _names(webhook, "parameters"):
            if not is_parameter_line(name):
                path = (*at.path, "parameters", index, "name")
                problem = f"{shown(name)} cannot be the name of a header"
                at.notes.add(path, problem, "use letters, digits and hyphens")
    check_headers(webhook, at)
    for given, missing in (("username", "password"), ("password", "username")):
        if webhook.get(given) and not webhook.get(missing):
            at.notes.add(at.path, f"{missing} is missing beside {given}", "write both or neither")
    if webhook.get("token") and webhook.get("username"):
        at.notes.add((*at.path, "token"), "there is a username too", "keep one of the two")
    _check_doubles(webhook, at)


def check_event_webhook(webhook: Raw, at: Spot) -> None:
    """Headers can be set, and no name is sent twice. DELETE is not offered for events [A-03]."""
    if webhook.get("method") == "DELETE":
        at.notes.add((*at.path, "method"), "events are not told by DELETE", "use POST, PUT or GET")
    check_headers(webhook, at)
    _check_doubles(webhook, at)


def check_headers(webhook: Raw, at: Spot) -> None:
    """Note header names that cannot be set."""
    for index, name in _names(webhook, "headers"):
        if not is_header_name(name):
            at.notes.add(
                (*at.path, "headers", index, "name"),
                f"{shown(name)} is not a header that can be set",
                "use letters, digits and hyphens; Host, Content-Length and the like are ours",
            )


def _check_doubles(webhook: Raw, at: Spot) -> None:
    seen: set[str] = set()
    for index, name in _names(webhook, "parameters"):
        bare = bare_name(name)
        if bare in seen:
            path = (*at.path, "parameters", index, "name")
            at.notes.add(path, f"{shown(name)} is sent already", "use another name")
        seen.add(bare)


def check_scheme(scheme: Raw, at: Spot) -> None:
    """Nothing comes after a hang-up."""
    steps = dict(_tables(scheme, "steps"))
    after = next((index + 1 for index, step in steps.items() if "hang_up" in step), None)
    if after in steps:
        path = (*at.path, "steps", after)
        at.notes.add(path, "this step is never reached", "the step above it hangs up")


def check_file(document: Raw, at: Spot) -> None:
    """Schemes must not send calls round in a circle in which nothing rings [A-57].

    A circle with a step that asks or rings is allowed: it ends with the caller's patience, or after
    ten jumps.
    """
    first = _first_jumps(document)
    done: set[int] = set()
    for scheme in first:
        trail: list[int] = []
        here: int | None = scheme
        while here is not None and here not in done and here not in trail:
            trail.append(here)
            here = first[here][1] if here in first else None
        if here in trail:
            circle = [*trail[trail.index(here) :], here]
            way = " → ".join(map(str, circle))
            path = ("schemes", first[here][0], "steps", 0, "go_to")
            problem = f"calls go round without ringing anybody: {way}"
            at.notes.add(path, problem, "let one of these schemes ring")
        done.update(trail)


def _first_jumps(document: Raw) -> dict[int, tuple[int, int]]:
    """Return the schemes that do nothing but go to another: id to place in the file and target."""
    jumps = {}
    for index, scheme in _tables(document, "schemes"):
        steps = dict(_tables(scheme, "steps"))
        target = steps.get(0, {}).get("go_to")
        if type(scheme.get("id")) is int and type(target) is int:
            jumps[scheme["id"]] = (index, target)
    return jumps


def _names(table: Raw, key: str) -> Iterator[tuple[int, str]]:
    """Yield the names in a list of tables, with their places."""
    for index, item in _tables(table, key):
        if isinstance(item.get("name"), str):
            yield index, item["name"]


def _tables(table: Raw, key: str) -> Iterator[tuple[int, Raw]]:
    """Yield the tables of a list, with their places."""
    items = table.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield index, item
