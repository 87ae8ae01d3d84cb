"""The `switchhook` command.

Exit codes: 0 fine; 1 mistakes were found, or what was asked for could not be done; 2 the command line
or a setting cannot be understood; 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App
from rich.console import Console

from switchhook import __version__
from switchhook.cli.options import CommandError
from switchhook.operations.data_dir import DataDirError
from switchhook.operations.history import NoSuchCallError, NoSuchDeliveryError
from switchhook.operations.projects import NoSuchProjectError
from switchhook.settings import SettingsError
from switchhook.storage.records import StoreError

FINE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

app = App(
    name="switchhook",
    help="The webhook layer for phone calls: an HTTP answer says where a call goes, HTTP endpoints are"
    " told what became of it.",
    version=__version__,
    version_flags=["--version"],
    help_epilogue="Exit codes: 0 fine, 1 mistakes or failure, 2 wrong usage or settings.",
    result_action="return_value",
)
app.command("switchhook.cli.serving:serve", name="serve")
app.command("switchhook.cli.project:check", name="check")
app.command("switchhook.cli.project:apply", name="apply")
app.command("switchhook.cli.project:export", name="export")
app.command("switchhook.cli.history:calls", name="calls")
app.command("switchhook.cli.history:deliveries", name="deliveries")
app.command("switchhook.cli.demo.command:demo", name="demo")

_EXPECTED = (
    CommandError,
    DataDirError,
    NoSuchCallError,
    NoSuchDeliveryError,
    NoSuchProjectError,
    StoreError,
)
"""What a person or a machine may cause; its message is a sentence for people."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Raises only SystemExit, for help and wrong usage."""
    try:
        code = app(arguments)
    except SettingsError as error:
        return _complain(str(error), MISUSED)
    except _EXPECTED as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code if isinstance(code, int) else FINE


def main() -> None:
    """Run what the command line says, and exit."""
    sys.exit(run())


def _complain(message: str, code: int) -> int:
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for line in message.splitlines():
        console.print(f"switchhook: {line}")
    return code
