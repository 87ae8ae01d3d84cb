-- name: scenario
-- Read the draft of a project's scenario, and who activated one last.
SELECT project, revision, draft, drafted_by, drafted_at, activated, activated_by, activated_at
FROM scenarios
WHERE project = :project;

-- name: save_draft
-- Put a draft in place of the one before, unless somebody else did meanwhile.
INSERT INTO scenarios (
    project, revision, draft, drafted_by, drafted_at, activated, activated_by, activated_at
)
VALUES (:project, 1, :draft, :drafted_by, :drafted_at, NULL, '', 0)
ON CONFLICT (project) DO UPDATE SET
    revision = revision + 1,
    draft = excluded.draft,
    drafted_by = excluded.drafted_by,
    drafted_at = excluded.drafted_at
WHERE revision = :revision
RETURNING revision;

-- name: activate_draft
-- Let the draft be the active scenario, unless it was changed meanwhile.
UPDATE scenarios
SET
    revision = revision + 1,
    draft = NULL,
    activated = :activated,
    activated_by = :activated_by,
    activated_at = :activated_at
WHERE project = :project AND revision = :revision
RETURNING revision;
