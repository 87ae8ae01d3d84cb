"""`switchhook subscriptions`: who subscribed to calls over the HTTP API."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import CommandError
from switchhook.cli.options import Config, DataDir, Json, OnlyProject, ask_store, data_dir_of
from switchhook.cli.output import print_json, print_table, stdout
from switchhook.domain.event import Subscription
from switchhook.operations import subscriptions as operations
from switchhook.views.text import clock, iso, one_line


def subscriptions(
    *,
    remove: Annotated[
        int | None, Parameter(help="End the subscription of this number.", name="--remove")
    ] = None,
    project: OnlyProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List who subscribed to calls, or end a subscription: nothing is told to it any more."""
    if remove is not None:
        removed = _remove(config, data_dir, remove, project)
        stdout().print(f"subscription {removed.number} of project {removed.project} is removed")
        return 0
    found = _list(config, data_dir, project)
    print_json([_as_json(one) for one in found]) if json else _show(found)
    return 0


def _list(
    config: Path | None, data_dir: Path | None, project: str | None
) -> tuple[Subscription, ...]:
    return ask_store(
        config,
        data_dir,
        lambda store: operations.subscriptions(store, project=project),
        project=project,
    )


def _remove(
    config: Path | None, data_dir: Path | None, number: int, project: str | None
) -> Subscription:
    found = _list(config, data_dir, project)
    one = next((one for one in found if one.number == number), None)
    if one is None:
        raise CommandError(
            f"there is no subscription {number}; `switchhook subscriptions` lists those that there are"
        )
    from switchhook.operations.control import EndSubscription  # noqa: PLC0415 (it brings in all that acts need)

    act = EndSubscription(project=one.project, number=number, by=operator())
    change(data_dir_of(config, data_dir), act)
    return one


def _show(found: tuple[Subscription, ...]) -> None:
    if not found:
        stdout().print("no subscriptions")
        return
    rows = [
        (
            str(one.number),
            one.project,
            one_line(one.user),
            _told(one),
            _host(one.target_url),
            clock(one.created_at),
        )
        for one in found
    ]
    print_table(("number", "project", "user", "event", "told", "since"), rows)


def _told(one: Subscription) -> str:
    """Say what it is told of: the event, and what it chose."""
    chosen = one.options
    return one_line(
        ", ".join(
            (
                one.event,
                *(() if one.internal else ("no internal calls",)),
                *(
                    f"{name} {' '.join(getattr(chosen, name))}"
                    for name in _CHOICES
                    if getattr(chosen, name)
                ),
            )
        )
    )


_CHOICES = ("directions", "numbers", "accounts", "fields")


def _as_json(one: Subscription) -> dict[str, object]:
    return {
        "number": one.number,
        "project": one.project,
        "user": one.user,
        "event": one.event,
        "internal_calls": one.internal,
        "microseconds": one.options.microseconds,
        **{name: list(getattr(one.options, name)) for name in _CHOICES},
        "host": _host(one.target_url),
        "created_at": iso(one.created_at),
    }


def _host(url: str) -> str:
    """Return the host of a URL, without its secrets."""
    return one_line(urlsplit(url).netloc.rpartition("@")[2])
