"""Operations on the parts of a project: list, read, put, patch and remove one, whatever its kind.

Each change is one of the project's document: its comments and order stay, it is checked as an applied file is, and makes a
version. The kinds are those of the project file's schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from switchhook.domain.event import BUILT_IN
from switchhook.errors import ExpectedError
from switchhook.operations.project_versions import (
    latest_version,
    read_version,
    readable_version,
)
from switchhook.operations.projects import (
    Applied,
    ProjectFileReader,
    apply_project,
    check_project,
    read_here,
)
from switchhook.operations.sounds import MissingSounds, no_missing_sounds
from switchhook.projectfile.resources import (
    KINDS,
    CannotCascadeError,
    ResourceChange,
    Use,
    changes_between,
    fingerprint,
    found,
    merged,
    mistakes_in,
    name_of,
    plain_document,
    rewritten,
    uses,
    with_resource,
    without_resource,
)
from switchhook.projectfile.toml.editing import Plain
from switchhook.projectfile.toml.mistakes import Mistake, Mistakes, did_you_mean, written
from switchhook.storage.records import ChangedMeanwhileError
from switchhook.tasks import compute

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchhook.projectfile.resources import ResourceKind
    from switchhook.storage.ports import Projects
    from switchhook.storage.records import StoredProject

MAX_USES: Final = 100
"""Places that use a resource which one message names."""
WHOLE: Final = ("", "")
"""Stands for kind and name where the whole document is changed."""
ANY_TAG: Final = "*"
"""Is met by every resource that is there (RFC 9110 §13.1.1)."""


class NoSuchResourceError(ExpectedError, LookupError):
    """The project has no such resource, or files have no such kind. The message names those that there are."""


class ResourceError(ExpectedError):
    """What was sent is no resource of its kind and name."""


class LockedResourceError(ExpectedError):
    """The resource is neither changed nor removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceInUse:
    """A resource that is not removed: others name it."""

    detail: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedMeanwhile:
    """A change that is not made: the resource is another one than its sender has seen."""

    detail: str
    version: int
    tag: str
    """That of the resource now; empty where there is none."""
    changes: tuple[ResourceChange, ...]
    """What was changed since the version that the sender has seen, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A part of a project."""

    kind: str
    name: str
    """Empty for a table that there is one of."""
    value: Plain
    """Under the keys of the project file."""
    tag: str
    """Another one for each other value; begins with the version that it was read in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChanged:
    """What became of a change."""

    applied: Applied
    tag: str = ""
    """That of the resource now; empty where it is gone."""
    changes: tuple[ResourceChange, ...] = ()


ChangeOutcome = ResourceChanged | Mistakes | ResourceInUse | ChangedMeanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What has to hold for a change to be made (RFC 9110 §13.1)."""

    tags: tuple[str, ...] = ()
    """The resource is as it was with one of these; without any, whatever it is."""
    is_absent: bool = False
    """There is none of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """How a change is made, and by whom."""

    by: str = ""
    only: str | None = None
    """The project of the sender's token; None for the operator."""
    sounds: MissingSounds = no_missing_sounds
    reads: ProjectFileReader = read_here
    when: Precondition = field(default_factory=Precondition)
    is_trial: bool = False
    """Whether it is checked and not made."""


def kind_of(name: str) -> ResourceKind:
    """Return a kind of resources. Raises NoSuchResourceError."""
    if name not in KINDS:
        raise NoSuchResourceError(f"there is no kind {name!r}; {did_you_mean(name, KINDS)}")
    return KINDS[name]


async def list_resources(
    store: Projects, project_id: str | None, kind: str
) -> tuple[Resource, ...]:
    """Return all resources of a kind, in the order of the file.

    Raises NoSuchResourceError, NoSuchProjectError, StoreError.
    """
    kind_of(kind)
    stored = await latest_version(store, project_id)
    document = await compute(plain_document, stored.document)
    return tuple(_resources(document, kind, stored.version))


def _resources(document: Plain, kind: str, version: int) -> list[Resource]:
    if not KINDS[kind].key:
        value = document.get(kind)
        return [] if value is None else [_resource(kind, "", value, version)]
    tables = document.get(kind, [])
    return [_resource(kind, name_of(document, kind, one), one, version) for one in tables]


def _resource(kind: str, name: str, value: Plain, version: int) -> Resource:
    return Resource(kind=kind, name=name, value=value, tag=f"{version}-{fingerprint(value)}")


async def read_resource(
    store: Projects, project_id: str | None, kind: str, name: str = ""
) -> Resource:
    """Return one resource. Raises NoSuchResourceError, NoSuchProjectError, StoreError."""
    _check_name(kind, name)
    stored = await latest_version(store, project_id)
    document = await compute(plain_document, stored.document)
    value = found(document, kind, name)
    if value is None:
        raise _none(document, kind, name)
    called = name_of(document, kind, value) if name else ""
    return _resource(kind, called, value, stored.version)


def _check_name(kind: str, name: str) -> None:
    key = kind_of(kind).key
    if key and not name:
        raise NoSuchResourceError(f"say which of {kind}, by its {key}")
    if name and not key:
        raise NoSuchResourceError(f"there is one {kind}, which has no name")


def _none(document: Plain, kind: str, name: str) -> NoSuchResourceError:
    project = document["project"]["id"]
    if not KINDS[kind].key:
        return NoSuchResourceError(f"project {project} has no {kind}")
    known = [name_of(document, kind, one) for one in document.get(kind, [])]
    advice = did_you_mean(name, known) if known else f"it has no {kind}"
    return NoSuchResourceError(
        f"project {project} has no {name!r} in {kind}; {advice}".rstrip("; ")
    )


async def put_resource(
    store: Projects, project_id: str | None, kind: str, name: str, value: object, *, how: Changing
) -> ChangeOutcome:
    """Put a resource in place of the one of its name, or behind the others of its kind.

    `value` has the keys of the project file; its name may be left out. Raises NoSuchResourceError for an unknown kind,
    ResourceError, LockedResourceError, NoSuchProjectError, StoreError.
    """
    _check_name(kind, name)
    _refuse_locked(kind, name)
    if not isinstance(value, dict):
        raise ResourceError(f"send one table of {kind}, with the keys of the project file")

    def changed(document: Plain) -> Plain:
        return with_resource(document, kind, name, _named(document, kind, name, value))

    return await _changed(store, project_id, (kind, name), changed, how)


def _named(document: Plain, kind: str, name: str, value: Plain) -> Plain:
    """Return a table with the name that it has to have. Raises ResourceError for another one."""
    key = KINDS[kind].key
    if not key:
        return value
    if key not in value:
        number = int(name) if kind == "schemes" and name.isdecimal() else name
        return {key: number, **value}
    called = name_of(document, kind, value)
    if called != name_of(document, kind, {key: name}):
        raise ResourceError(f"the {key} is {called!r}, and not {name!r}")
    return value


async def patch_resource(
    store: Projects, project_id: str | None, kind: str, name: str, patch: object, *, how: Changing
) -> ChangeOutcome:
    """Change keys of a resource as a JSON merge patch says (RFC 7396): null takes a key away. A name may be changed, too.

    Raises NoSuchResourceError, ResourceError, LockedResourceError, NoSuchProjectError, StoreError.
    """
    _check_name(kind, name)
    _refuse_locked(kind, name)
    if not isinstance(patch, dict):
        raise ResourceError("send a table of keys; null takes a key away (RFC 7396)")

    def changed(document: Plain) -> Plain:
        value = found(document, kind, name)
        if value is None and KINDS[kind].key:
            raise _none(document, kind, name)
        return with_resource(document, kind, name, merged(value or {}, patch))

    return await _changed(store, project_id, (kind, name), changed, how)


async def remove_resource(
    store: Projects,
    project_id: str | None,
    kind: str,
    name: str,
    *,
    how: Changing,
    cascade: bool = False,
) -> ChangeOutcome:
    """Remove a resource; while others name it, only with `cascade`, which removes what cannot be without it, too.

    Raises NoSuchResourceError, LockedResourceError, NoSuchProjectError, StoreError.
    """
    _check_name(kind, name)
    _refuse_locked(kind, name)

    def changed(document: Plain) -> Plain | Mistakes | ResourceInUse:
        if found(document, kind, name) is None:
            raise _none(document, kind, name)
        wrong = mistakes_in(document)
        if wrong is not None:
            return wrong
        used = uses(document, kind, name)
        if used and not cascade:
            return _in_use(kind, name, used)
        try:
            return without_resource(document, kind, name)
        except CannotCascadeError as error:
            return Mistakes((error.mistake,))

    return await _changed(store, project_id, (kind, name), changed, how)


def _in_use(kind: str, name: str, used: tuple[Use, ...]) -> ResourceInUse:
    shown = ", ".join(written(use.path) for use in used[:MAX_USES])
    more = f" and {len(used) - MAX_USES} more" if len(used) > MAX_USES else ""
    return ResourceInUse(
        detail=f"{name!r} of {kind} is used by {shown}{more}; change those, or cascade",
        uses=used[:MAX_USES],
    )


def _refuse_locked(kind: str, name: object) -> None:
    if kind == "events" and name == BUILT_IN:
        raise LockedResourceError(
            f"{BUILT_IN} is built-in: it is neither changed nor removed; set it up in"
            " [google_analytics], or copy it"
        )


async def replace_document(
    store: Projects, project_id: str | None, document: object, how: Changing
) -> ChangeOutcome:
    """Make a whole project of plain values the latest version, comments and order kept where it agrees with the one before.

    Raises NoSuchProjectError, ResourceError, StoreError.
    """
    project = document.get("project") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(project, dict):
        raise ResourceError(
            "send a table with the tables of the project file, [project] among them"
        )
    named = project.get("id")
    if project_id is None and isinstance(named, str):
        if named not in await store.project_versions():
            return await _begun(store, document, how)
        project_id = named
    return await _changed(store, project_id, WHOLE, lambda _: document, how, is_edit=False)


async def _begun(store: Projects, document: Plain, how: Changing) -> ChangeOutcome:
    """Make the first version of a project."""
    text = await compute(rewritten, "", document)
    if isinstance(text, Mistakes):
        return text
    parts: dict[str, Any] = {"only": how.only, "sounds": how.sounds, "reads": how.reads}
    applied = (
        await check_project(store, text, **parts)
        if how.is_trial
        else await apply_project(store, text, by=how.by, **parts)
    )
    if isinstance(applied, Mistakes):
        return without_lines(applied)
    return ResourceChanged(
        applied=applied,
        tag=f"{applied.version}-{fingerprint(document)}",
        changes=changes_between({}, document),
    )


async def read_document(store: Projects, project_id: str | None) -> Resource:
    """Return a whole project as plain values, under the keys of its file. Raises NoSuchProjectError, StoreError."""
    stored = await latest_version(store, project_id)
    document = await compute(plain_document, stored.document)
    return _resource("", "", document, stored.version)


async def patch_document(
    store: Projects, project_id: str | None, patch: object, how: Changing
) -> ChangeOutcome:
    """Change a project as a JSON merge patch says (RFC 7396); a list in it takes the place of the whole list.

    Raises NoSuchProjectError, ResourceError, StoreError.
    """
    if not isinstance(patch, dict):
        raise ResourceError("send a table of tables; null takes one away (RFC 7396)")
    return await _changed(store, project_id, WHOLE, lambda before: merged(before, patch), how)


async def restore_version(
    store: Projects, project_id: str | None, version: int, how: Changing
) -> ChangeOutcome:
    """Make the document of an earlier version the latest one, comments and all.

    Raises NoSuchVersionError, NoSuchProjectError, StoreError.
    """
    old = await read_version(store, project_id, version)

    def made(stored: StoredProject) -> MadeDocument:
        return made_document(stored, old.document)

    return await change_document(store, old.id, WHOLE, made, how)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeDocument:
    """A document that is to be the latest version."""

    text: str
    tag: str
    """The fingerprint of what was changed; empty where it is gone."""
    changes: tuple[ResourceChange, ...]


def made_document(stored: StoredProject, text: str) -> MadeDocument:
    """Return a whole document, with what it changes."""
    try:
        before, after = plain_document(stored.document), plain_document(text)
        return MadeDocument(
            text=text, tag=fingerprint(after), changes=changes_between(before, after)
        )
    except (LookupError, TypeError, AttributeError, ValueError):  # the check says what is wrong
        return MadeDocument(text=text, tag="", changes=())


async def change_document(
    store: Projects,
    project_id: str | None,
    of: tuple[str, str],
    made_of: Callable[[StoredProject], MadeDocument | ChangeOutcome],
    how: Changing,
    *,
    is_edit: bool = True,
) -> ChangeOutcome:
    """Make a change; another one that comes between is not lost. `of` are kind and name, or WHOLE."""
    while True:
        stored = await latest_version(store, project_id)
        refused = await _refused(store, stored, of, how.when)
        if refused is not None:
            return refused
        made = await compute(made_of, stored)
        if not isinstance(made, MadeDocument):
            return made
        parts: dict[str, Any] = {"only": how.only, "sounds": how.sounds, "reads": how.reads}
        try:
            applied = (
                await check_project(store, made.text, is_edit=is_edit, **parts)
                if how.is_trial
                else await apply_project(
                    store, made.text, after=stored.version, by=how.by, is_edit=is_edit, **parts
                )
            )
        except ChangedMeanwhileError:
            continue
        if isinstance(applied, Mistakes):
            return without_lines(applied)
        tag = f"{applied.version}-{made.tag}" if made.tag else ""
        return ResourceChanged(applied=applied, tag=tag, changes=made.changes)


async def _changed(
    store: Projects,
    project_id: str | None,
    of: tuple[str, str],
    changed: Callable[[Plain], Plain | Mistakes | ResourceInUse],
    how: Changing,
    *,
    is_edit: bool = True,
) -> ChangeOutcome:
    made_of = partial(_made, of=of, changed=changed)
    return await change_document(store, project_id, of, made_of, how, is_edit=is_edit)


def _made(
    stored: StoredProject,
    of: tuple[str, str],
    changed: Callable[[Plain], Plain | Mistakes | ResourceInUse],
) -> MadeDocument | ChangeOutcome:
    before = plain_document(stored.document)
    after = changed(before)
    if not isinstance(after, dict):
        return after
    kind, name = of
    project = after.get("project")
    if not isinstance(project, dict) or project.get("id") != stored.id:
        place = Mistake(
            line=0,
            path=("project", "id"),
            problem="a change leaves the id as it is",
            advice=f"write {stored.id}",
        )
        return Mistakes((place,))
    text = rewritten(stored.document, after)
    if isinstance(text, Mistakes):
        return text
    try:
        value = found(after, kind, name) if kind else after
        changes = changes_between(before, after)
    except (LookupError, TypeError, AttributeError):  # no document: the check says what is wrong
        value, changes = None, ()
    return MadeDocument(text=text, tag="" if value is None else fingerprint(value), changes=changes)


async def _refused(
    store: Projects, stored: StoredProject, of: tuple[str, str], when: Precondition
) -> ChangedMeanwhile | None:
    """Return why a precondition does not hold, or None."""
    if not when.tags and not when.is_absent:
        return None
    kind, name = of
    document = await compute(plain_document, stored.document)
    value = found(document, kind, name) if kind else document
    tag = "" if value is None else f"{stored.version}-{fingerprint(value)}"
    if when.is_absent:
        if value is None:
            return None
        detail = f"there is {name or kind or 'a project'} already"
        return ChangedMeanwhile(detail=detail, version=stored.version, tag=tag, changes=())
    digests = {one.rpartition("-")[2] for one in when.tags}
    if value is not None and (ANY_TAG in when.tags or tag.rpartition("-")[2] in digests):
        return None
    changes = await _since(store, stored, document, when.tags[0])
    if kind:
        called = name_of(document, kind, {KINDS[kind].key: name}) if name else ""
        changes = tuple(one for one in changes if (one.kind, one.name) == (kind, called))
    return ChangedMeanwhile(
        detail="it was changed since it was read: read it again, and change that",
        version=stored.version,
        tag=tag,
        changes=changes,
    )


async def _since(
    store: Projects, stored: StoredProject, document: Plain, tag: str
) -> tuple[ResourceChange, ...]:
    """Return what was changed since the version in a tag; nothing where that version is not known."""
    number = tag.partition("-")[0]
    if not re.fullmatch(r"[0-9]{1,9}", number) or int(number) >= stored.version:
        return ()
    before = await readable_version(store, stored.id, int(number))
    if before is None:
        return ()
    return await compute(lambda: changes_between(plain_document(before.document), document))


def without_lines(mistakes: Mistakes) -> Mistakes:
    """Return the mistakes of a file that nobody wrote, which has no lines."""
    return Mistakes(tuple(map(_without_line, mistakes.mistakes)))


def _without_line(one: Mistake) -> Mistake:
    return replace(one, line=0, problem=re.sub(r" on line \d+", "", one.problem))
