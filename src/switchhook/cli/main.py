"""The `switchhook` command.

Exit codes: 0 fine; 1 mistakes were found, or what was asked for could not be done; 2 the command line
or a setting cannot be understood; 130 interrupted.
"""

import errno
import os
import sys
from collections.abc import Iterable, Sequence

from cyclopts import App, CycloptsError
from rich.console import Console

from switchhook import __version__
from switchhook.cli.errors import UsageError
from switchhook.cli.output import UNDECODED, print_what_can_be
from switchhook.cli.usage import wrong_usage
from switchhook.errors import ExpectedError, MisuseError
from switchhook.logs import configure_logs

TRACEBACK = "SWITCHHOOK_TRACEBACK"
"""The environment variable that shows where a mistake of ours happened."""
_UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of a full or broken disk under redirected output."""
FINE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

app = App(
    name="switchhook",
    help="The webhook layer for phone calls: an HTTP answer says where a call goes, HTTP endpoints are"
    " told what became of it.",
    version=__version__,
    version_flags=["--version"],
    help_epilogue="`switchhook docs` lists the documents; begin with `switchhook docs getting-started`."
    " Exit codes: 0 fine, 1 mistakes or failure, 2 wrong usage or settings.",
    result_action="return_value",
)
COMMANDS = {
    "serve": (
        "switchhook.cli.serving",
        "Take calls, and requests to the HTTP API, until SIGTERM or Ctrl-C.",
    ),
    "check": (
        "switchhook.cli.project",
        "Name every mistake in a project file, with its line.",
    ),
    "apply": (
        "switchhook.cli.project",
        "Make a project file the project's latest version; a running server takes it at once.",
    ),
    "export": ("switchhook.cli.project", "Print a project as a project file, with its passwords."),
    "calls": (
        "switchhook.cli.calls.listing",
        "List calls, newest first, find and export them, or show the timeline of one.",
    ),
    "why": (
        "switchhook.cli.calls.why",
        "Say why a telephone did not ring in a call, and the smallest change that would have rung it.",
    ),
    "rehearse": (
        "switchhook.cli.calls.rehearse",
        "Say which stored calls would go elsewhere under a project file or a draft.",
    ),
    "endpoints": (
        "switchhook.cli.calls.endpoints",
        "What endpoints cost callers who wait for them, and what shadow endpoints say.",
    ),
    "hang-up": (
        "switchhook.cli.hang_up",
        "End a call that runs: both sides are hung up, and its end is told as that of every call.",
    ),
    "callback": (
        "switchhook.cli.calling",
        "Make a call: ring the caller, and once they answer the callee.",
    ),
    "transfer": (
        "switchhook.cli.calling",
        "Transfer a conversation to an account, a number or a scheme.",
    ),
    "trunks": (
        "switchhook.cli.trunks",
        "List the trunks in the order in which they are tried: whether they answer and are registered.",
    ),
    "phones": (
        "switchhook.cli.phones",
        "List the telephones that are registered: whose they are, where, and for how long.",
    ),
    "deliveries": (
        "switchhook.cli.deliveries.command",
        "List the deliveries that need somebody, or others; show one; check them, or send them again.",
    ),
    "events": (
        "switchhook.cli.history",
        "Print a project's event stream from a place on, one JSON object a line.",
    ),
    "subscriptions": (
        "switchhook.cli.subscriptions",
        "List who subscribed to calls, or end a subscription: nothing is told to it any more.",
    ),
    "recordings": (
        "switchhook.cli.sounds.recordings",
        "Recordings of calls and messages: list, link, save, remove.",
    ),
    "read-answer": (
        "switchhook.cli.explain",
        "Read an answer's body from standard input and print what it would do to a call.",
    ),
    "preview": (
        "switchhook.cli.explain",
        "Print the exact bytes that a webhook would be sent, secrets included, and send nothing.",
    ),
    "doctor": (
        "switchhook.cli.building.doctor",
        "Say what around Switchhook is wrong: ports, names, TLS, clock, disk, mail, NAT; nothing is sent.",
    ),
    "receive": (
        "switchhook.cli.building.receive",
        "Receive webhooks on this machine: show, verify, answer well or badly, keep and replay them.",
    ),
    "trigger": (
        "switchhook.cli.building.trigger",
        "Send the events of an example call to an endpoint, in the exact bytes of a delivery.",
    ),
    "call": (
        "switchhook.cli.simulated_call",
        "Place a simulated call between simulated telephones; webhooks are really asked. Draws its path.",
    ),
    "sound": ("switchhook.cli.sounds.sound", "Add a sound that callers hear."),
    "event": (
        "switchhook.cli.setup.event",
        "Events of calls and what they tell to whom: list, show, copy, save or remove one.",
    ),
    "config": (
        "switchhook.cli.setup.config",
        "The parts of a project, one by one: list, show, put, patch or remove a number, an account, a scheme …",
    ),
    "versions": (
        "switchhook.cli.setup.config",
        "The versions of a project: list, show, compare, restore one.",
    ),
    "draft": (
        "switchhook.cli.setup.config",
        "Drafts of a project: list, show, save, check, compare, activate or discard one.",
    ),
    "table": (
        "switchhook.cli.setup.table",
        "Tables that answer in place of an endpoint: list, check, import, export, look up, remove one.",
    ),
    "template": (
        "switchhook.cli.setup.template",
        "Events for known receivers, such as a CRM or a chat: list, show, add one.",
    ),
    "scenario": (
        "switchhook.cli.scenario",
        "The call-tracking scenario of a project: show, set, activate, test it.",
    ),
    "token": ("switchhook.cli.token", "Make, list and revoke keys to the HTTP API."),
    "user": (
        "switchhook.cli.people.user",
        "The people of this host: their roles in projects, passwords and sessions.",
    ),
    "audit": (
        "switchhook.cli.people.audit",
        "List who did what over the API and on the command line, or was refused.",
    ),
    "erase": (
        "switchhook.cli.people.erase",
        "Erase a person from a project: calls, bodies of deliveries, events, visits, recordings.",
    ),
    "imports": (
        "switchhook.cli.intake.imports",
        "Bring in calls that another telephone system made; say what became of them.",
    ),
    "visit": (
        "switchhook.cli.intake.visit",
        "Tell of a visit to the website: what is known of it, and which number or running call is its.",
    ),
    "amend": (
        "switchhook.cli.intake.visit",
        "Tell what became known of a call late, such as where its caller came from.",
    ),
    "secret": ("switchhook.cli.token", "Make keys for the signatures of webhooks."),
    "backup": (
        "switchhook.cli.upkeep.backup",
        "Write everything in the data directory into one file, while the server runs.",
    ),
    "restore": (
        "switchhook.cli.upkeep.backup",
        "Put a backup into a data directory that has no database.",
    ),
    "demo": (
        "switchhook.cli.demo.command",
        "Place real calls between built-in telephones, routed by an HTTP endpoint, and draw them.",
    ),
    "docs": (
        "switchhook.cli.docs",
        "List the documents and examples, or show one.",
    ),
}
"""Each command's module, imported when it is run (the server takes half a second), and its help."""
for _name, (_module, _help) in COMMANDS.items():
    app.command(f"{_module}:{_name.replace('-', '_')}", name=_name, help=_help)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _have_standard_streams()
    print_what_can_be()
    configure_logs("warning", as_json=False)  # to standard error; `serve` sets up its own
    try:
        command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
        _check_text([*bound.args, *bound.kwargs.values()])
        code = command(*bound.args, **bound.kwargs)
        sys.stdout.flush()  # here, and not at the interpreter's end, where an error cannot be caught
    except CycloptsError as error:
        return _complain(wrong_usage(error), MISUSED)
    except MisuseError as error:
        return _complain(str(error), MISUSED)
    except ExpectedError as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output closed it; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        if isinstance(error, OSError) and error.errno in _UNWRITTEN and not error.filename:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _complain(f"the output could not be written: {error.strerror}", FAILED)
        return _complain(
            f"{type(error).__name__}: {error}. This is a mistake in Switchhook, not in what you did;"
            f" please report it with what {TRACEBACK}=1 shows",
            FAILED,
        )
    return code if isinstance(code, int) else FINE


def main() -> None:
    """Run what the command line says, and exit."""
    sys.exit(run())


def _have_standard_streams() -> None:
    """Open the null device for each standard stream that is closed.

    Its descriptor would else become a socket's or the database's, and a print would go there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _check_text(values: Iterable[object]) -> None:
    """Refuse what is no text. A path may be anything that a file can be called. Raises UsageError."""
    for value in values:
        if isinstance(value, tuple):
            _check_text(value)
        elif isinstance(value, str) and UNDECODED.search(value):
            raise UsageError(f"'{value}' is not UTF-8 text; write it in UTF-8")


def _complain(message: str, code: int) -> int:
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for line in message.splitlines():
        console.print(f"switchhook: {line}")
    return code
