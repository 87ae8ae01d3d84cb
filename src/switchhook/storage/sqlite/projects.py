"""Projects' versions in a database, and drafts of their scenarios: both hold secrets, and are encrypted."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Final

from switchhook.storage.records import (
    ChangedMeanwhileError,
    ChangeKind,
    StoredDraft,
    StoredProject,
    StoredScenario,
    StoredVersion,
    StoreError,
    UnreadableError,
)
from switchhook.storage.sqlite import changes
from switchhook.storage.sqlite.statements import sql
from switchhook.storage.sqlite.writer import transaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.storage.encryption import Cipher
    from switchhook.storage.records import Activation, UniqueNames

VERSIONS_KEPT: Final = 100
"""Versions of a project; older ones go, but for those that running calls hold on to."""

_OWNED: Final = "names are known"
_CHECK: Final = "key check"
"""Name of the fact, additional data and plaintext that tell whether the key is the right one."""


def has_key(connection: sqlite3.Connection) -> bool:
    """Say whether the database's secrets are encrypted with some key already."""
    return connection.execute(sql("fact"), {"name": _CHECK}).fetchone() is not None


def check_key(connection: sqlite3.Connection, cipher: Cipher, *, may_write: bool) -> None:
    """Raise StoreError unless the database's secrets are encrypted with this key.

    A database that has no secrets yet takes the key for its own.
    """
    row = connection.execute(sql("fact"), {"name": _CHECK}).fetchone()
    if row is not None:
        cipher.decrypt(row["value"], aad=_CHECK)
    elif may_write:
        with transaction(connection):
            encrypted = cipher.encrypt(_CHECK, aad=_CHECK)
            connection.execute(sql("state_fact"), {"name": _CHECK, "value": encrypted})


def save(
    connection: sqlite3.Connection,
    cipher: Cipher,
    *,
    project: str,
    document: str,
    now: float,
    names: UniqueNames | None = None,
    after: int | None = None,
    by: str = "",
    restates: bool = False,
) -> int:
    """Add a version and return its number; where the latest says the same, return that one's.

    One that `restates` the latest takes its place.

    One that cannot be read says nothing, and stays. `names` are the numbers and logins; without them, those of
    the version before. Raises StoreError where another project has one, ChangedMeanwhileError where the latest
    version is not `after`.
    """
    with transaction(connection):
        if names is not None:
            own(connection, project=project, names=names)
        if after is not None and numbers(connection).get(project, 0) != after:
            raise ChangedMeanwhileError(f"project {project} was changed meanwhile; try again")
        if restates:
            return _restate(connection, cipher, project=project, document=document)
        return put(connection, cipher, project=project, document=document, now=now, by=by)


def _restate(connection: sqlite3.Connection, cipher: Cipher, *, project: str, document: str) -> int:
    version = numbers(connection)[project]
    sealed = cipher.encrypt(document, aad=_aad(project, version))
    values = {"project": project, "version": version, "sealed": sealed}
    connection.execute(sql("restate_version"), values)
    return version


def put(
    connection: sqlite3.Connection,
    cipher: Cipher,
    *,
    project: str,
    document: str,
    now: float,
    by: str,
) -> int:
    """Add a version, unless the latest says the same, within the transaction that stands; return its number."""
    row = connection.execute(sql("latest_version"), {"project": project}).fetchone()
    before = None if row is None else _decrypt(row, cipher)
    if before is not None and not before.unreadable and before.document == document:
        return before.version
    version = 1 if before is None else before.version + 1
    values = {
        "project": project,
        "version": version,
        "saved_at": now,
        "saved_by": by,
        "sealed": cipher.encrypt(document, aad=_aad(project, version)),
    }
    connection.execute(sql("save_version"), values)
    changes.note(connection, ChangeKind.PROJECTS)
    old = {"project": project, "up_to": version - VERSIONS_KEPT}
    connection.execute(sql("delete_versions"), old)
    return version


def own(connection: sqlite3.Connection, *, project: str, names: UniqueNames) -> None:
    """Write which names a project has from now on, within the transaction that stands.

    Raises StoreError when another project has one by now, as of two files applied at once.
    """
    connection.execute(sql("disown"), {"project": project})
    try:
        for kind, name in names:
            connection.execute(sql("own"), {"kind": kind, "name": name, "project": project})
    except sqlite3.IntegrityError as error:
        raise StoreError(f"{kind} {name} belongs to another project since just now") from error


def are_known(connection: sqlite3.Connection) -> bool:
    """Say whether it was ever written which names the projects have; an older release did not."""
    return connection.execute(sql("fact"), {"name": _OWNED}).fetchone() is not None


def own_all(connection: sqlite3.Connection, *, names_of: Mapping[str, UniqueNames]) -> None:
    """Write the projects' names, if they are missing."""
    with transaction(connection):
        if are_known(connection):
            return
        taken: set[tuple[str, str]] = set()
        for project, names in names_of.items():
            own(connection, project=project, names=tuple(set(names) - taken))
            taken.update(names)
        connection.execute(sql("state_fact"), {"name": _OWNED, "value": 1})


def owners(connection: sqlite3.Connection, *, names: UniqueNames) -> dict[tuple[str, str], str]:
    """Return the project of each of these names that one has."""
    found = connection.execute(sql("owners"), {"wanted": json.dumps(names)})
    return {(row["kind"], row["name"]): row["project"] for row in found}


def numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of each project's latest version."""
    return {row["project"]: row["version"] for row in connection.execute(sql("version_numbers"))}


def newest(connection: sqlite3.Connection, cipher: Cipher, *, project: str) -> StoredProject | None:
    """Return the latest version of one project, or None."""
    row = connection.execute(sql("latest_version"), {"project": project}).fetchone()
    return None if row is None else _decrypt(row, cipher)


def latest(connection: sqlite3.Connection, cipher: Cipher) -> tuple[StoredProject, ...]:
    """Return the latest version of every project, by id."""
    return tuple(_decrypt(row, cipher) for row in connection.execute(sql("latest_versions")))


def one(
    connection: sqlite3.Connection, cipher: Cipher, *, project: str, version: int
) -> StoredProject | None:
    """Return one version of one project, or None."""
    key = {"project": project, "version": version}
    row = connection.execute(sql("version"), key).fetchone()
    return None if row is None else _decrypt(row, cipher)


def scenario(
    connection: sqlite3.Connection, *, cipher: Cipher, project: str
) -> StoredScenario | None:
    """Return what is stored of a project's scenario, or None. Raises StoreError where it cannot be read."""
    row = connection.execute(sql("scenario"), {"project": project}).fetchone()
    if row is None:
        return None
    draft, activated = (
        None if row[name] is None else cipher.decrypt(row[name], aad=_scenario_aad(project))
        for name in ("draft", "activated")
    )
    return StoredScenario(
        project=project,
        revision=row["revision"],
        draft=draft,
        drafted_by=row["drafted_by"],
        drafted_at=row["drafted_at"],
        activated=activated,
        activated_by=row["activated_by"],
        activated_at=row["activated_at"],
    )


def save_draft(
    connection: sqlite3.Connection, *, cipher: Cipher, drafted: StoredScenario, revision: int
) -> bool:
    """Put a draft in place of the one before; False where `revision` is not the latest any more."""
    draft = drafted.draft
    values = {
        "project": drafted.project,
        "draft": None
        if draft is None
        else cipher.encrypt(draft, aad=_scenario_aad(drafted.project)),
        "drafted_by": drafted.drafted_by,
        "drafted_at": drafted.drafted_at,
        "revision": revision,
    }
    with transaction(connection):
        return bool(connection.execute(sql("save_draft"), values).fetchall())


def activate(
    connection: sqlite3.Connection, *, cipher: Cipher, activation: Activation, now: float
) -> int | None:
    """Make a version of the project with the scenario that was a draft, in one transaction.

    Returns its number; None where project or draft were changed meanwhile.
    """
    project = activation.project
    values = {
        "project": project,
        "activated": cipher.encrypt(activation.scenario, aad=_scenario_aad(project)),
        "activated_by": activation.by,
        "activated_at": now,
        "revision": activation.revision,
    }
    with transaction(connection):
        if numbers(connection).get(project) != activation.version:
            return None
        if not connection.execute(sql("activate_draft"), values).fetchall():
            return None
        return put(
            connection,
            cipher,
            project=project,
            document=activation.document,
            now=now,
            by=activation.by,
        )


def _decrypt(row: sqlite3.Row, cipher: Cipher) -> StoredProject:
    project, version = row["project"], row["version"]
    document, unreadable = "", ""
    try:
        document = cipher.decrypt(row["sealed"], aad=_aad(project, version))
    except UnreadableError as error:
        unreadable = str(error)
    return StoredProject(
        id=project,
        version=version,
        document=document,
        saved_at=row["saved_at"],
        saved_by=row["saved_by"],
        unreadable=unreadable,
    )


def history(
    connection: sqlite3.Connection, *, project: str, below: int, limit: int
) -> tuple[StoredVersion, ...]:
    """Return the versions of a project below a number, latest first."""
    values = {"project": project, "below": below, "limit": limit}
    return tuple(
        StoredVersion(version=row["version"], saved_at=row["saved_at"], saved_by=row["saved_by"])
        for row in connection.execute(sql("project_history"), values)
    )


def drafts(
    connection: sqlite3.Connection, *, cipher: Cipher, project: str, name: str
) -> tuple[StoredDraft, ...]:
    """Return a project's drafts by name, or the one of a name. Raises StoreError where one cannot be read."""
    found = connection.execute(sql("drafts"), {"project": project, "name": name})
    return tuple(
        StoredDraft(
            project=row["project"],
            name=row["name"],
            base=row["base"],
            document=cipher.decrypt(row["sealed"], aad=_draft_aad(project, row["name"])),
            saved_at=row["saved_at"],
            saved_by=row["saved_by"],
        )
        for row in found
    )


def save_document_draft(
    connection: sqlite3.Connection, *, cipher: Cipher, draft: StoredDraft, most: int
) -> bool:
    """Put a draft in place of the one of its name; False where the project has `most` others."""
    key = {"project": draft.project, "name": draft.name}
    sealed = cipher.encrypt(draft.document, aad=_draft_aad(draft.project, draft.name))
    values = {"base": draft.base, "saved_at": draft.saved_at, "saved_by": draft.saved_by}
    with transaction(connection):
        if connection.execute(sql("count_other_drafts"), key).fetchone()["drafts"] >= most:
            return False
        connection.execute(sql("save_document_draft"), key | values | {"sealed": sealed})
        return True


def delete_document_draft(connection: sqlite3.Connection, *, project: str, name: str) -> bool:
    """Delete a draft; False where there is none."""
    with transaction(connection):
        key = {"project": project, "name": name}
        return bool(connection.execute(sql("delete_document_draft"), key).fetchall())


def _draft_aad(project: str, name: str) -> str:
    return f"draft {name!r} of project {project!r}"


def _aad(project: str, version: int) -> str:
    return f"version {version} of project {project!r}"


def _scenario_aad(project: str) -> str:
    return f"scenario of project {project!r}"
