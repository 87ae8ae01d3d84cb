"""`switchhook config`: the parts of a project, one by one; its versions; its drafts."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import tomlkit
from cyclopts import App, Parameter

from switchhook.cli.changing import change, operator
from switchhook.cli.errors import CommandError, UsageError
from switchhook.cli.options import (
    MAYBE_STDIN,
    Config,
    DataDir,
    Json,
    OfProject,
    ask_store,
    data_dir_of,
    file_name,
    read_bytes,
)
from switchhook.cli.output import print_json, print_table, print_whole, stderr, stdout
from switchhook.cli.setup.document_change import change_project, json_table
from switchhook.operations.document.diff import DocumentDiff, diff_versions
from switchhook.operations.document.drafts import diff_draft, list_drafts, read_draft
from switchhook.operations.document.resources import kind_of, list_resources, read_resource
from switchhook.operations.project_versions import list_versions, read_version
from switchhook.projectfile.resources import KINDS
from switchhook.projectfile.toml.document import decode
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.project_resources import (
    change_lines,
    diff_as_json,
    draft_row,
    resource_row,
    version_row,
)
from switchhook.views.text import clock, one_line

config = App(
    name="config",
    help="The parts of a project, one by one: list, show, put, patch or remove a number, an account, a scheme …",
)
versions = App(name="versions", help="The versions of a project: list, show, compare, restore one.")
draft = App(
    name="draft",
    help="Drafts of a project: list, show, save, check, compare, activate or discard one.",
)

KindName = Annotated[
    str, Parameter(help="Kind, as a header of the project file: numbers, screening.")
]
ResourceName = Annotated[
    str, Parameter(help="Number, login, id or name; none where there is one table.")
]
DraftName = Annotated[str, Parameter(help="Draft, as `draft list` names it.")]
VersionNumber = Annotated[int, Parameter(help="Version, as `versions list` numbers it.")]
KeysFile = Annotated[
    Path, Parameter(help="Keys as TOML or as a JSON object; - is standard input."), MAYBE_STDIN
]
IfMatch = Annotated[
    str, Parameter(help="Change it only while its ETag, as `config list` prints it, is this one.")
]
CheckOnly = Annotated[bool, Parameter(help="Only say what it would change.", negative=())]


@config.command(name="list")
def list_(
    kind: KindName | None = None,
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the resources of a kind, each with its ETag; without a kind, the kinds and how many there are of each."""
    if kind is None:
        return _list_kinds(project, config, data_dir, json=json)
    kind_of(kind)
    found = ask_store(config, data_dir, lambda store: list_resources(store, project, kind))
    if json:
        print_json([resource_row(one, with_value=True) for one in found])
        return 0
    print_table(("name", "ETag"), [(one_line(one.name) or kind, one.tag) for one in found])
    return 0


def _list_kinds(
    project: str | None, config: Path | None, data_dir: Path | None, *, json: bool
) -> int:
    async def count(store: SqliteStore) -> list[tuple[str, int]]:
        return [(one, len(await list_resources(store, project, one))) for one in KINDS]

    counted = ask_store(config, data_dir, count)
    if json:
        print_json(
            [
                {
                    "kind": one,
                    "key": KINDS[one].key,
                    "has_secrets": KINDS[one].has_secrets,
                    "count": number,
                }
                for one, number in counted
            ]
        )
    else:
        print_table(("kind", "count"), [(one, str(number)) for one, number in counted])
    return 0


@config.command
def show(
    kind: KindName,
    name: ResourceName = "",
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a resource under the keys of the project file, with its secrets."""
    one = ask_store(config, data_dir, lambda store: read_resource(store, project, kind, name))
    if json:
        print_json(one.value)
    else:
        print_whole(tomlkit.dumps(one.value).encode())
    return 0


@config.command
def put(
    kind: KindName,
    name: ResourceName,
    file: KeysFile,
    /,
    *,
    if_match: IfMatch = "",
    check: CheckOnly = False,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Put a resource in place of the one of its name, or add it; `""` is the name where there is one table."""
    return change_project(
        data_dir_of(config, data_dir),
        how="put",
        json=json,
        kind=kind,
        name=name,
        value=_table(file),
        if_match=if_match,
        is_trial=check,
        project=project,
    )


@config.command(name="patch")
def patch_(
    kind: KindName,
    name: ResourceName,
    file: KeysFile,
    /,
    *,
    if_match: IfMatch = "",
    check: CheckOnly = False,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Change keys of a resource; null in JSON takes a key away (RFC 7396)."""
    return change_project(
        data_dir_of(config, data_dir),
        how="patch",
        json=json,
        kind=kind,
        name=name,
        value=_table(file),
        if_match=if_match,
        is_trial=check,
        project=project,
    )


@config.command
def remove(
    kind: KindName,
    name: ResourceName = "",
    /,
    *,
    cascade: Annotated[
        bool, Parameter(help="Remove what cannot be without it, too.", negative=())
    ] = False,
    if_match: IfMatch = "",
    check: CheckOnly = False,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Remove a resource; while others name it, only with --cascade."""
    return change_project(
        data_dir_of(config, data_dir),
        how="remove",
        json=json,
        kind=kind,
        name=name,
        is_forced=cascade,
        if_match=if_match,
        is_trial=check,
        project=project,
    )


def _table(file: Path) -> dict[str, Any]:
    """Read keys as TOML or JSON. Raises CommandError."""
    text = _text(file)
    if text.lstrip().startswith("{"):
        return json_table(file, text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file_name(file)}: this is no TOML: {error}") from None


def _text(file: Path) -> str:
    text = decode(read_bytes(file))
    if isinstance(text, Mistakes):
        raise CommandError(f"{file_name(file)}: {text}")
    return text


@versions.command(name="list")
def list_versions_(
    *,
    after: Annotated[
        int | None, Parameter(help="Go on behind this version: only earlier ones.", name="--after")
    ] = None,
    limit: Annotated[int, Parameter(help="How many.")] = 100,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the versions that are kept, latest first, with who made each and when."""
    _, found = ask_store(
        config, data_dir, lambda store: list_versions(store, project, below=after, limit=limit)
    )
    if json:
        print_json([version_row(one) for one in found])
        return 0
    rows = [(str(one.version), clock(one.saved_at), one_line(one.saved_by)) for one in found]
    print_table(("version", "at", "by"), rows)
    return 0


@versions.command(name="show")
def show_version(
    version: VersionNumber,
    /,
    *,
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a version as a project file, with its passwords."""
    found = ask_store(config, data_dir, lambda store: read_version(store, project, version))
    print_whole(found.document.encode())
    return 0


@versions.command(name="diff")
def diff_(
    before: Annotated[int | None, Parameter(help="Earlier version; else the one before.")] = None,
    after: Annotated[int | None, Parameter(help="Later version; else the latest.")] = None,
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Compare two versions: which resources differ, and the lines of the file, passwords and all."""
    found = ask_store(config, data_dir, lambda store: diff_versions(store, project, before, after))
    return _tell_diff(found, json=json)


def _tell_diff(diff: DocumentDiff, *, json: bool) -> int:
    if json:
        print_json(diff_as_json(diff, with_text=True))
        return 0
    for line in change_lines(diff.changes):
        stdout().print(line)
    print_whole(diff.text.encode())
    return 0


@versions.command
def restore(
    version: VersionNumber,
    /,
    *,
    check: CheckOnly = False,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Make an earlier version the latest one, as a new version; the next call follows it."""
    return change_project(
        data_dir_of(config, data_dir),
        how="restore",
        json=json,
        version=version,
        is_trial=check,
        project=project,
    )


@draft.command(name="list")
def list_drafts_(
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """List the drafts by name: with which version each was begun, by whom, and whether that is the latest still."""
    found = ask_store(config, data_dir, lambda store: list_drafts(store, project))
    if json:
        print_json([draft_row(one) for one in found])
        return 0
    rows = [
        (
            one_line(one.name),
            f"{one.base}{'' if one.base == one.latest else f' (latest is {one.latest})'}",
            clock(one.saved_at),
            one_line(one.saved_by),
        )
        for one in found
    ]
    print_table(("draft", "begun with", "at", "by"), rows)
    return 0


@draft.command(name="show")
def show_draft(
    name: DraftName,
    /,
    *,
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Print a draft as a project file, for --file of other commands such as preview and call."""
    found = ask_store(config, data_dir, lambda store: read_draft(store, project, name))
    print_whole(found.document.encode())
    return 0


@draft.command(name="save")
def save_(
    name: DraftName,
    file: Annotated[
        Path | None, Parameter(help="Project file (TOML); - is standard input."), MAYBE_STDIN
    ] = None,
    /,
    *,
    patch: Annotated[
        Path | None,
        Parameter(
            help="Merge patch (JSON) of the draft, or of the latest version.", name="--patch"
        ),
        MAYBE_STDIN,
    ] = None,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Keep a project file as a draft, mistakes and all, or change one by a merge patch; no call follows it."""
    if (file is None) == (patch is None):
        raise UsageError("name a project file, or a merge patch with --patch")
    from switchhook.operations.control import KeepDraft  # noqa: PLC0415 (it brings in all that acts need)

    act = KeepDraft(
        name=name,
        by=operator(),
        project=project,
        text=None if file is None else _text(file),
        patch=None if patch is None else _table(patch),
    )
    kept = change(data_dir_of(config, data_dir), act)
    for mistake in kept.mistakes:
        stderr().print(str(mistake))
    if kept.state is None:
        return 1
    if json:
        print_json(draft_row(kept.state))
        return 0
    stdout().print(f"draft {one_line(name)} was begun with version {kept.state.base}")
    return 0


@draft.command
def check(
    name: DraftName,
    /,
    *,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Say what activating a draft would change, or what is wrong with it."""
    return _activate(name, project, config, data_dir, json=json, is_trial=True, is_forced=True)


@draft.command(name="diff")
def diff_draft_(
    name: DraftName,
    /,
    *,
    base: Annotated[
        bool, Parameter(help="Compare with the version that it was begun with.", negative=())
    ] = False,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Compare a draft with the latest version, passwords and all."""
    found = ask_store(
        config, data_dir, lambda store: diff_draft(store, project, name, to_base=base)
    )
    return _tell_diff(found, json=json)


@draft.command
def activate(
    name: DraftName,
    /,
    *,
    force: Annotated[
        bool, Parameter(help="Undo what was changed since the draft was begun.", negative=())
    ] = False,
    project: OfProject = None,
    json: Json = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Make a draft the project's latest version, and drop it: the next call follows it."""
    return _activate(name, project, config, data_dir, json=json, is_trial=False, is_forced=force)


def _activate(
    name: str,
    project: str | None,
    config: Path | None,
    data_dir: Path | None,
    *,
    json: bool,
    is_trial: bool,
    is_forced: bool,
) -> int:
    return change_project(
        data_dir_of(config, data_dir),
        how="activate",
        json=json,
        name=name,
        is_trial=is_trial,
        is_forced=is_forced,
        project=project,
    )


@draft.command
def discard(
    name: DraftName,
    /,
    *,
    project: OfProject = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> int:
    """Drop a draft."""
    from switchhook.operations.control import DropDraft  # noqa: PLC0415 (it brings in all that acts need)

    change(data_dir_of(config, data_dir), DropDraft(name=name, project=project, by=operator()))
    stdout().print(f"draft {one_line(name)} is dropped")
    return 0
