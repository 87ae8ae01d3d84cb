"""`switchhook backup` and `restore`: everything in a data directory as one file, and back."""

import gzip
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO, cast

from cyclopts import Parameter
from rich.progress import Progress

from switchhook.cli.errors import CommandError
from switchhook.cli.options import MAYBE_STDIN, Config, DataDir, data_dir_of
from switchhook.cli.output import stderr, stdout
from switchhook.operations import backup as operation
from switchhook.storage.sqlite.opening import SqliteBackups
from switchhook.views.text import clock

COMPRESSED = (".gz", ".tgz")
_LEVEL = 1
"""Of gzip: the next ones are twice as slow, and save a tenth."""


def backup(
    file: Annotated[
        Path,
        Parameter(
            help="File to make, compressed where it ends in .gz or .tgz; - is standard output."
        ),
        MAYBE_STDIN,
    ],
    /,
    *,
    recordings: Annotated[
        bool, Parameter(help="Whether recordings and messages are in it.")
    ] = True,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Write everything in the data directory into one file, while the server runs."""
    where = data_dir_of(config, data_dir)
    began = time.time()
    with _made(file) as to, _shown() as progress:
        count = operation.back_up(
            where,
            to,
            SqliteBackups(),
            now=began,
            with_recordings=recordings,
            progress=progress,
        )
    told = stderr() if str(file) == "-" else stdout()
    told.print(f"{file}: {count} files of {where}, as of {clock(began)}")
    return 0


def restore(
    file: Annotated[Path, Parameter(help="Backup; - is standard input."), MAYBE_STDIN],
    /,
    *,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Put a backup into a data directory that has no database."""
    where = data_dir_of(config, data_dir)
    with _opened(file) as archive, _shown() as progress:
        restored = operation.restore(where, archive, SqliteBackups(), progress=progress)
    stdout().print(
        f"{where}: restored {restored.files} files, as of {clock(restored.created_at)}"
        f" (Switchhook {restored.version}). Start the server."
    )
    return 0


@contextmanager
def _made(file: Path) -> Iterator[BinaryIO]:
    """Make a file for its owner alone, whole or not at all."""
    if str(file) == "-":
        if sys.stdout.isatty():
            raise CommandError(
                "a backup is no text: name a file, or lead standard output into a pipe"
            )
        yield sys.stdout.buffer
        return
    if file.exists():
        raise CommandError(f"{file} exists already: choose another name, or delete it")
    partial = file.with_name(f"{file.name}.partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(
            f"{partial} exists: another backup is being made, or one was broken off; delete it then"
        ) from None
    except OSError as error:
        raise CommandError(
            f"{file} cannot be made: {error.strerror}; name a file where this user may write, or - for standard output"
        ) from error
    try:
        with os.fdopen(handle, "wb") as raw:
            if file.suffix in COMPRESSED:
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_LEVEL) as to:
                    yield cast("BinaryIO", to)
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        partial.rename(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    with opened:
        yield opened


@contextmanager
def _shown() -> Iterator[operation.Progress]:
    """Show on a terminal how far it is."""
    with Progress(console=stderr(), transient=True, disable=not sys.stderr.isatty()) as bar:
        tasks = {}

        def show(what: str, done: float, /) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=1.0)
            bar.update(tasks[what], completed=done)

        yield show
