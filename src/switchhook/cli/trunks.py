"""`switchhook trunks`: the trunks, and whether they answer and are registered."""

import time
from dataclasses import asdict

from switchhook.cli.options import (
    Config,
    DataDir,
    Json,
    OnlyProject,
    ask_store,
    data_dir_of,
    note_without_server,
)
from switchhook.cli.output import print_json, print_table, stdout
from switchhook.operations.trunks import TrunkStatus, list_trunks
from switchhook.views.text import NOTHING, iso, one_line


def trunks(
    *,
    project: OnlyProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the trunks in the order in which they are tried: whether they answer and are registered."""
    where = data_dir_of(config, data_dir)
    found = ask_store(
        config, data_dir, lambda store: list_trunks(store, where, project=project), project=project
    )
    if json:
        print_json(
            [
                asdict(one)
                | {"registered_until": iso(one.registered_until) if one.registered_until else None}
                for one in found
            ]
        )
    else:
        _show(found, time.time())
        note_without_server(config, data_dir)
    return 0


def _show(found: tuple[TrunkStatus, ...], now: float) -> None:
    if not found:
        stdout().print("there is no trunk")
        return
    rows = [
        (one.trunk, one.project, one.address, _answers(one), _registered(one, now)) for one in found
    ]
    print_table(("trunk", "project", "address", "answers", "registered"), rows)


def _answers(one: TrunkStatus) -> str:
    return {None: "not asked yet", True: "yes", False: "no"}[one.answers]


def _registered(one: TrunkStatus, now: float) -> str:
    if not one.registers:
        return NOTHING
    if one.registered_until > now:
        return f"for {one.registered_until - now:.0f} s"
    return f"no: {one_line(one.trouble)}" if one.trouble else "no"
