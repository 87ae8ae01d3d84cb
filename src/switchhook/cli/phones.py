"""`switchhook phones`: the telephones that are registered."""

import time
from dataclasses import asdict

from switchhook.cli.options import (
    Config,
    DataDir,
    Json,
    OnlyProject,
    ask_store,
    note_without_server,
)
from switchhook.cli.output import print_json, print_table, stdout
from switchhook.operations.phones import RegisteredPhone, list_phones
from switchhook.views.text import NOTHING, iso, one_line


def phones(
    *,
    project: OnlyProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the telephones that are registered: whose they are, where, and for how long."""
    now = time.time()
    found = ask_store(
        config,
        data_dir,
        lambda store: list_phones(store, now=now, project=project),
        project=project,
    )
    if json:
        print_json([asdict(one) | {"expires_at": iso(one.expires_at)} for one in found])
    else:
        _show(found, now)
        note_without_server(config, data_dir)
    return 0


def _show(found: tuple[RegisteredPhone, ...], now: float) -> None:
    if not found:
        stdout().print("no telephone is registered")
        return
    rows = [
        (
            one.account,
            one.project,
            one.address,
            one.transport,
            one_line(one.user_agent) or NOTHING,
            f"{one.expires_at - now:.0f} s",
        )
        for one in found
    ]
    print_table(("account", "project", "address", "over", "user agent", "expires in"), rows)
