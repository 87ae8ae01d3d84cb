"""Options that several commands share; those of settings are made from the settings themselves."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from cyclopts import Parameter

from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.output import stderr
from switchhook.files import read_bounded
from switchhook.operations.data_dir import DATABASE
from switchhook.projectfile.toml.tables import TableKey
from switchhook.projectfile.toml.value_types import OneOf, ValueType, Whole, YesNo
from switchhook.settings import KEYS, PREFIX, Settings, load_settings

T = TypeVar("T")

SERVER_TIMEOUT: Final = 1.0
"""Seconds within which a running server takes a connection."""


def _type(kind: ValueType) -> Any:  # noqa: ANN401 (a type, for cyclopts)
    match kind:
        case Whole():
            return int
        case YesNo():
            return bool
        case OneOf(of=enumeration):
            return enumeration
        case _:
            return str


def _flag(key: TableKey) -> tuple[str, Any, Any]:
    allowed = "" if isinstance(key.kind, OneOf | YesNo) else f"{key.kind.allowed}; "
    default = "no" if key.default is False else key.default
    help_ = f"{key.help} ({allowed}{PREFIX}{key.name.upper()}) [default: {default}]"
    parameter = Parameter(help=help_[0].upper() + help_[1:], negative=(), show_default=False)
    return key.name, Annotated[_type(key.kind) | None, parameter], None


if TYPE_CHECKING:
    from switchhook.storage.sqlite.store import SqliteStore

    Flags = Settings
    """Every setting as an option; None where it was not given."""
else:
    Flags = make_dataclass("Flags", [_flag(key) for key in KEYS], frozen=True)
    Flags.__module__ = (
        __name__  # cyclopts takes what seems to be the standard library's for one value
    )

NO_FLAGS: Flags = Flags()

SettingsFlags = Annotated[Flags, Parameter(name="*")]
Config = Annotated[
    Path | None, Parameter(help="Settings file (TOML). [env: SWITCHHOOK_CONFIG]", name="--config")
]
DataDir = Annotated[
    Path | None,
    Parameter(help="Where the database is. [env: SWITCHHOOK_DATA_DIR]", name="--data-dir"),
]
OfProject = Annotated[
    str | None, Parameter(help="Project id; not needed for a single one.", name="--project")
]
OnlyProject = Annotated[str | None, Parameter(help="Only this project's.", name="--project")]
Json = Annotated[bool, Parameter(help="Print JSON, for programs.", name="--json", negative=())]


def settings_of(config: Path | None, flags: Flags) -> Settings:
    """Put the settings together. Raises SettingsError."""
    given = {name: value for name, value in asdict(flags).items() if value is not None}
    return load_settings(file=config, environ=os.environ, flags=given)


def data_dir_of(config: Path | None, data_dir: Path | None) -> Path:
    """Return the data directory that a command works on. Raises SettingsError."""
    flags = {} if data_dir is None else {"data_dir": str(data_dir)}
    return load_settings(file=config, environ=os.environ, flags=flags).data_dir


async def open_to_read(config: Path | None, data_dir: Path | None) -> "SqliteStore":
    """Open the database without the means to change it. Raises StoreError or CommandError."""
    from switchhook.storage.sqlite.store import SqliteStore  # noqa: PLC0415 (for those who read)

    where = data_dir_of(config, data_dir)
    try:
        is_there = (where / DATABASE).exists()
    except OSError as error:
        raise CommandError(
            f"the data directory {where} cannot be read ({error.strerror}); run as its owner, or name"
            " another with --data-dir"
        ) from error
    if not is_there:
        raise CommandError(
            f"there is no database in {where} yet: apply a project file or start the server, or name"
            " another directory with --data-dir"
        )
    return await SqliteStore.open(where / DATABASE, read_only=True)


def ask_store(
    config: Path | None,
    data_dir: Path | None,
    question: Callable[["SqliteStore"], Coroutine[Any, Any, T]],
    *,
    project: str | None = None,
) -> T:
    """Put one question to the store. Raises what `open_to_read` and the question raise.

    Of a `project` that is named and was never applied nothing is found: NoSuchProjectError says so.
    """

    async def ask() -> T:
        store = await open_to_read(config, data_dir)
        try:
            found = await question(store)
            if not found and project is not None:
                from switchhook.operations.project_versions import require_project  # noqa: PLC0415

                await require_project(store, project)
            return found
        finally:
            await store.close()

    return asyncio.run(ask())


def note_without_server(config: Path | None, data_dir: Path | None) -> None:
    """Say on standard error that no server runs: what was read of telephones, trunks and running calls is old."""
    from switchhook.operations.control_socket import connect  # noqa: PLC0415 (for those who read)

    where = data_dir_of(config, data_dir)
    try:
        connection = connect(where, timeout=SERVER_TIMEOUT)
    except OSError:  # one runs that does not let us in, or is busy
        return
    if connection is None:
        stderr().print(f"no server runs on {where}: this is what the last one stored")
    else:
        connection.close()


def _no_option(_: object, file: Path | None) -> None:
    """Refuse a file that is a mistyped option (cyclopts' validator). Raises ValueError."""
    if file is not None and str(file).startswith("-") and str(file) != "-":
        raise ValueError(f"There is no option {file}; a file of that name is ./{file}.")


MAYBE_STDIN = Parameter(allow_leading_hyphen=True, validator=_no_option)
"""The type of a file parameter; `-` is standard input."""


def read_bytes(file: Path) -> bytes:
    """Read a file, or standard input for `-`. Raises CommandError."""
    try:
        if str(file) == "-":
            return read_bounded(sys.stdin.buffer)
        with file.open("rb") as opened:
            return read_bounded(opened)
    except OSError as error:
        raise CommandError(f"{file_name(file)} cannot be read: {error.strerror}") from error


def named_values(option: str, texts: Iterable[str] | None) -> dict[str, str]:
    """Read an option that is given as NAME=VALUE, again and again. Raises UsageError."""
    pairs = [text.partition("=") for text in texts or ()]
    if wrong := next((name for name, equals, _ in pairs if not equals), None):
        raise UsageError(f"{option} {wrong!r}: write NAME=VALUE")
    return {name: value for name, _, value in pairs}


def file_name(file: Path) -> str:
    """Name a file in messages."""
    return "standard input" if str(file) == "-" else str(file)
