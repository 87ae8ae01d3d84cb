"""Operations on drafts of a project: a whole document that is kept, checked and compared, and applied when it is activated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from switchhook.errors import ExpectedError
from switchhook.operations.document.diff import DocumentDiff, diff_documents
from switchhook.operations.document.resources import (
    WHOLE,
    ChangedMeanwhile,
    ChangeOutcome,
    Changing,
    MadeDocument,
    ResourceChanged,
    change_document,
    made_document,
)
from switchhook.operations.project_versions import latest_version, readable_version
from switchhook.projectfile.resources import merged, plain_document, rewritten
from switchhook.projectfile.toml.mistakes import Mistakes, did_you_mean
from switchhook.storage.records import StoredDraft
from switchhook.tasks import compute

if TYPE_CHECKING:
    from switchhook.storage.ports import DocumentDrafts
    from switchhook.storage.records import StoredProject

MOST: Final = 20
"""Drafts of one project."""
LONGEST_NAME: Final = 80
"""Characters."""


class NoSuchDraftError(ExpectedError, LookupError):
    """The project has no draft of that name. The message names those that it has."""


class DraftError(ExpectedError):
    """A draft cannot be kept like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftState:
    """A draft, and how it stands to the project."""

    project: str
    name: str
    base: int
    """The version that it was begun with."""
    latest: int
    """The project's latest version: activating a draft of an earlier one would undo what was changed since."""
    saved_at: float
    """Unix seconds."""
    saved_by: str


async def list_drafts(store: DocumentDrafts, project_id: str | None) -> tuple[DraftState, ...]:
    """Return a project's drafts by name. Raises NoSuchProjectError, StoreError."""
    latest = await latest_version(store, project_id)
    return tuple(_state(one, latest) for one in await store.document_drafts(latest.id))


def _state(draft: StoredDraft, latest: StoredProject) -> DraftState:
    return DraftState(
        project=draft.project,
        name=draft.name,
        base=draft.base,
        latest=latest.version,
        saved_at=draft.saved_at,
        saved_by=draft.saved_by,
    )


async def read_draft(store: DocumentDrafts, project_id: str | None, name: str) -> StoredDraft:
    """Return a draft. Raises NoSuchDraftError, NoSuchProjectError, StoreError."""
    project = (await latest_version(store, project_id)).id
    kept = await store.document_drafts(project, name) if name else ()
    if not kept:
        known = [one.name for one in await store.document_drafts(project)]
        advice = did_you_mean(name, known) if known else "it has no drafts"
        raise NoSuchDraftError(f"project {project} has no draft {name!r}; {advice}".rstrip("; "))
    return kept[0]


async def save_draft(
    store: DocumentDrafts,
    project_id: str | None,
    name: str,
    text: str,
    *,
    by: str,
    now: float,
) -> DraftState:
    """Keep a whole document as a draft, in place of the one of its name; it may have mistakes.

    A draft that is saved again keeps its base. Raises DraftError, NoSuchProjectError, StoreError.
    """
    latest = await latest_version(store, project_id)
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise DraftError(f"a draft has a name of 1 to {LONGEST_NAME} characters on one line")
    before = await store.document_drafts(latest.id, name)
    draft = StoredDraft(
        project=latest.id,
        name=name,
        base=before[0].base if before else latest.version,
        document=text.replace("\r\n", "\n"),
        saved_at=now,
        saved_by=by,
    )
    if not await store.save_document_draft(draft, most=MOST):
        raise DraftError(
            f"project {latest.id} has {MOST} drafts already; activate or discard one of them"
        )
    return _state(draft, latest)


async def patch_draft(
    store: DocumentDrafts,
    project_id: str | None,
    name: str,
    patch: dict[str, Any],
    *,
    by: str,
    now: float,
) -> DraftState | Mistakes:
    """Change a draft as a JSON merge patch says (RFC 7396), or begin one with the latest version.

    Raises DraftError, NoSuchProjectError, StoreError.
    """
    latest = await latest_version(store, project_id)
    kept = await store.document_drafts(latest.id, name) if name else ()
    document = kept[0].document if kept else latest.document

    def patched() -> str | Mistakes:
        try:
            plain = plain_document(document)
        except ValueError as error:
            raise DraftError(f"the draft is no TOML: {error}; save it anew") from None
        return rewritten(document, merged(plain, patch))

    text = await compute(patched)
    if isinstance(text, Mistakes):
        return text
    return await save_draft(store, latest.id, name, text, by=by, now=now)


async def check_draft(
    store: DocumentDrafts, project_id: str | None, name: str, how: Changing
) -> ChangeOutcome:
    """Return what activating a draft would bring, and change nothing.

    Raises NoSuchDraftError, NoSuchProjectError, StoreError.
    """
    draft = await read_draft(store, project_id, name)
    return await _applied(store, draft, replace(how, is_trial=True), is_forced=True)


async def diff_draft(
    store: DocumentDrafts, project_id: str | None, name: str, *, to_base: bool = False
) -> DocumentDiff:
    """Return how a draft differs from the latest version, or from the one that it was begun with.

    Raises NoSuchDraftError, NoSuchProjectError, StoreError.
    """
    draft = await read_draft(store, project_id, name)
    latest = await latest_version(store, draft.project)
    base = await readable_version(store, draft.project, draft.base) if to_base else None
    old = base or latest
    return await compute(
        diff_documents,
        (f"version {old.version}", old.document),
        (f"draft {draft.name}", draft.document),
    )


async def activate_draft(
    store: DocumentDrafts,
    project_id: str | None,
    name: str,
    how: Changing,
    *,
    is_forced: bool = False,
) -> ChangeOutcome:
    """Make a draft the project's latest version, and drop the draft.

    Where the project was changed since the draft was begun, that would be undone: it is refused, unless `is_forced`.
    Raises NoSuchDraftError, NoSuchProjectError, StoreError.
    """
    draft = await read_draft(store, project_id, name)
    done = await _applied(store, draft, how, is_forced=is_forced)
    if isinstance(done, ResourceChanged) and not how.is_trial:
        await store.delete_document_draft(draft.project, draft.name)
    return done


async def _applied(
    store: DocumentDrafts, draft: StoredDraft, how: Changing, *, is_forced: bool
) -> ChangeOutcome:
    base = await readable_version(store, draft.project, draft.base)

    def made(stored: StoredProject) -> MadeDocument | ChangedMeanwhile:
        if not is_forced and stored.version != draft.base:
            return _outdated(draft, stored, base)
        return made_document(stored, draft.document)

    return await change_document(store, draft.project, WHOLE, made, how)


def _outdated(
    draft: StoredDraft, latest: StoredProject, base: StoredProject | None
) -> ChangedMeanwhile:
    changes = (
        () if base is None else diff_documents(("", base.document), ("", latest.document)).changes
    )
    return ChangedMeanwhile(
        detail=f"the project has version {latest.version}, and the draft was begun with version {draft.base}: to activate"
        " it undoes what was changed since; compare them, and force it, or save the draft anew under another name",
        version=latest.version,
        tag="",
        changes=changes,
    )


async def discard_document_draft(
    store: DocumentDrafts, project_id: str | None, name: str
) -> StoredDraft:
    """Drop a draft, and return it. Raises NoSuchDraftError, NoSuchProjectError, StoreError."""
    draft = await read_draft(store, project_id, name)
    await store.delete_document_draft(draft.project, draft.name)
    return draft
