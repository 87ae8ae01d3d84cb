"""`switchhook audit`: who did what, when, from where, and what came of it."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from switchhook.cli.options import Config, DataDir, Json, OnlyProject, ask_store
from switchhook.cli.output import print_json, print_table, stdout
from switchhook.storage.people import AuditEntry
from switchhook.views.people import audit_entry
from switchhook.views.text import clock, one_line


def audit(
    *,
    project: OnlyProject = None,
    limit: Annotated[int, Parameter(help="How many.", validator=Number(gte=1, lte=10_000))] = 50,
    after: Annotated[
        int | None, Parameter(help="Go on behind the line of this number.", name="--after")
    ] = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List who did what over the API and on the command line, or was refused."""
    found = ask_store(
        config,
        data_dir,
        lambda store: store.audit.entries(project=project, limit=limit, before=after),
        project=project,
    )
    if json:
        print_json([audit_entry(one) for one in found])
    elif not found:
        stdout().print("nothing was done yet")
    else:
        rows = [
            (
                str(one.number),
                clock(one.at),
                one_line(one.actor),
                one.source or one.via,
                one.project or "-",
                one_line(_what(one.operation, one.target)),
                _result(one),
            )
            for one in found
        ]
        print_table(("number", "at", "who", "from", "project", "what", "result"), rows)
    return 0


def _result(one: AuditEntry) -> str:
    """Say what came of it, and how often where that was repeated within a minute."""
    repeated = one.facts.get("repeated")
    return f"{one.result} ({repeated} times)" if repeated else one.result


def _what(operation: str, target: str) -> str:
    """Say what was done to what: a request by its path, an act by its name."""
    method, _, path = operation.partition(" ")
    return f"{method} {target}" if path.startswith("/") else f"{operation} {target}".strip()
