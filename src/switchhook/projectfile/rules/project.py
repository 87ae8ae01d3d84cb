"""The rules between the tables of a project file.

These look at tables as they were written: any value may be missing or of the wrong type, which is
noted elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from switchhook.domain.event import SUBSCRIPTION_PREFIX
from switchhook.domain.numbering import as_listed
from switchhook.projectfile.toml.mistakes import shown
from switchhook.projectfile.types.project import dialling_in
from switchhook.webhooks.dialects.event import bare_name
from switchhook.webhooks.encoding import is_header_name
from switchhook.webhooks.request_headers import is_parameter_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchhook.projectfile.toml.lines import KeyPath
    from switchhook.projectfile.toml.value_types import Location

    Raw = Mapping[str, Any]


def check_trunk(trunk: Raw, at: Location) -> None:
    """Credentials are whole, and there are some to register with."""
    _check_pair(trunk, at)
    if trunk.get("register") is True and not trunk.get("username"):
        at.notes.add(at.path, "username is missing beside register", "write username and password")


def check_group(group: Raw, at: Location) -> None:
    """Refuse an account that is in a group twice."""
    logins = group.get("accounts")
    seen: set[str] = set()
    for index, login in enumerate(logins if isinstance(logins, list) else ()):
        if isinstance(login, str) and login in seen:
            path = (*at.path, "accounts", index)
            at.notes.add(path, f"{shown(login)} is in this group already", "name it once")
        elif isinstance(login, str):
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


def check_forwarding_number(webhook: Raw, at: Location) -> None:
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
            if not is_parameter_header(name):
                path = (*at.path, "parameters", index, "name")
                problem = f"{shown(name)} cannot be the name of a header"
                at.notes.add(path, problem, "use letters, digits and hyphens")
    check_routing_webhook(webhook, at)
    check_doubles(webhook, "parameters", at)


def check_routing_webhook(webhook: Raw, at: Location) -> None:
    """Headers can be set, and credentials are whole and of one kind."""
    check_headers(webhook, at)
    _check_pair(webhook, at)
    if webhook.get("token") and webhook.get("username"):
        at.notes.add((*at.path, "token"), "there is a username too", "keep one of the two")


def check_event_webhook(webhook: Raw, at: Location) -> None:
    """Check that headers can be set, names are unique, and the format's keys are complete and fitting.

    DELETE is not offered for events [A-03].
    """
    if webhook.get("method") == "DELETE":
        at.notes.add((*at.path, "method"), "events are not told by DELETE", "use POST, PUT or GET")
    check_headers(webhook, at)
    check_doubles(webhook, "parameters", at)
    _check_format(webhook, at)
    _check_filter_fits(webhook, at)
    check_told_name(webhook, at)


def check_told_name(listener: Raw, at: Location) -> None:
    """Refuse an event webhook with a name of subscriptions."""
    name = listener.get("name")
    if isinstance(name, str) and name.startswith(SUBSCRIPTION_PREFIX):
        problem = f"{shown(name)} is how the deliveries of a subscription are listed"
        at.notes.add((*at.path, "name"), problem, "begin the name with another word")


def _check_format(webhook: Raw, at: Location) -> None:
    """Nothing is set that would not be sent (R2-27…30)."""
    is_raw = webhook.get("format") == "raw"
    bodies = [key for key in ("body", "body_base64") if webhook.get(key)]
    if webhook.get("format") == "json-rpc" and not webhook.get("rpc_method"):
        at.notes.add(at.path, "rpc_method is missing", "JSON-RPC method is required")
    if is_raw and not bodies:
        at.notes.add(at.path, "body is missing", "write the text that is sent")
    for key in bodies if not is_raw else bodies[1:]:
        problem = "body is there too" if is_raw else "only the format raw has a body of its own"
        at.notes.add((*at.path, key), problem, "remove it")
    if is_raw and webhook.get("parameters"):
        problem = "the format raw sends its body and nothing else"
        advice = "write them into the body as {{parameter}}"
        at.notes.add((*at.path, "parameters"), problem, advice)


def check_event_mail(mail: Raw, at: Location) -> None:
    """Refuse an address that is listed twice."""
    seen: set[str] = set()
    addresses = mail.get("to")
    for index, address in enumerate(addresses if isinstance(addresses, list) else ()):
        if isinstance(address, str) and address.lower() in seen:
            path = (*at.path, "to", index)
            at.notes.add(path, f"{shown(address)} is told already", "name it once")
        elif isinstance(address, str):
            seen.add(address.lower())
    _check_filter_fits(mail, at)
    check_told_name(mail, at)


def check_listener_names(document: Raw, at: Location) -> None:
    """Event webhooks and event mails have names of their own: deliveries are known by them."""
    webhooks = {name: index for index, name in _names(document, "event_webhooks")}
    for index, name in _names(document, "event_mails"):
        if name in webhooks:
            line = at.notes.line(("event_webhooks", webhooks[name], "name"))
            where = f" on line {line}" if line else ""
            problem = f"{shown(name)} is an event webhook of this project already{where}"
            at.notes.add(("event_mails", index, "name"), problem, "give the mail another name")


def check_event_filter(wanted: Raw, at: Location) -> None:
    """Bounds of a conversation leave room between them."""
    shortest, longest = wanted.get("min_duration", 0), wanted.get("max_duration")
    if _is_number(shortest) and _is_number(longest) and longest < shortest:
        problem = f"no conversation takes {shortest} seconds or more and {longest} or less"
        at.notes.add((*at.path, "max_duration"), problem, "make it longer than min_duration")


def _check_filter_fits(listener: Raw, at: Location) -> None:
    """Refuse a filter on facts that are unknown at the time of the event."""
    event, wanted = listener.get("event"), listener.get("filter")
    if not isinstance(event, str) or not isinstance(wanted, dict) or event.endswith(".after"):
        return
    too_early = {"outcomes", "min_duration", "max_duration"}
    if event in {"incoming.before", "incoming.forwarding"}:
        too_early |= {"accounts", "departments"}
    for name in sorted(too_early & {name for name, value in wanted.items() if value}):
        problem = f"{name} is not known yet at the time of {event}"
        at.notes.add((*at.path, "filter", name), problem, "remove it, or take an event after it")


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in {int, float}


def check_headers(webhook: Raw, at: Location) -> None:
    """Note header names that cannot be set."""
    for index, name in _names(webhook, "headers"):
        if not is_header_name(name):
            at.notes.add(
                (*at.path, "headers", index, "name"),
                f"{shown(name)} is not a header that can be set",
                "use letters, digits and hyphens; Host, Content-Length and the like are ours",
            )


def _check_pair(table: Raw, at: Location) -> None:
    """A user name is of no use without its password, nor the other way round."""
    for given, missing in (("username", "password"), ("password", "username")):
        if table.get(given) and not table.get(missing):
            at.notes.add(at.path, f"{missing} is missing beside {given}", "write both or neither")


def check_doubles(table: Raw, key: str, at: Location) -> None:
    """Note names of values that are sent under the same one before."""
    seen: set[str] = set()
    for index, name in _names(table, key):
        bare = bare_name(name)
        if bare in seen:
            path = (*at.path, key, index, "name")
            at.notes.add(path, f"{shown(name)} is sent already", "use another name")
        seen.add(bare)


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
