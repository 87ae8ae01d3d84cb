-- name: latest_version
-- Read the latest version of one project.
SELECT project, version, saved_at, saved_by, sealed
FROM projects
WHERE project = :project
ORDER BY version DESC
LIMIT 1;

-- name: version
-- Read one version of one project.
SELECT project, version, saved_at, saved_by, sealed
FROM projects
WHERE project = :project AND version = :version;

-- name: latest_versions
-- Read the latest version of every project, by id.
SELECT p.project, p.version, p.saved_at, p.saved_by, p.sealed
FROM projects AS p
WHERE p.version = (SELECT max(l.version) FROM projects AS l WHERE l.project = p.project)
ORDER BY p.project;

-- name: save_version
-- Add a version of a project.
INSERT INTO projects (project, version, saved_at, saved_by, sealed)
VALUES (:project, :version, :saved_at, :saved_by, :sealed);

-- name: restate_version
-- Put other words in place of a version's document, which says the same.
UPDATE projects SET sealed = :sealed
WHERE project = :project AND version = :version;

-- name: project_history
-- Read which versions of a project there are, latest first, without their documents.
SELECT project, version, saved_at, saved_by
FROM projects
WHERE project = :project AND version < :below
ORDER BY version DESC
LIMIT :limit;

-- name: drafts
-- Read a project's drafts by name, or the one of a name.
SELECT project, name, base, sealed, saved_at, saved_by
FROM drafts
WHERE project = :project AND (:name = '' OR name = :name)
ORDER BY name;

-- name: count_other_drafts
-- Count a project's drafts of other names.
SELECT count(*) AS drafts FROM drafts
WHERE project = :project AND name <> :name;

-- name: save_document_draft
-- Put a draft in place of the one of its name.
INSERT OR REPLACE INTO drafts (project, name, base, sealed, saved_at, saved_by)
VALUES (:project, :name, :base, :sealed, :saved_at, :saved_by);

-- name: delete_document_draft
-- Delete the draft of a name.
DELETE FROM drafts
WHERE project = :project AND name = :name
RETURNING name;

-- name: delete_versions
-- Delete a project's versions up to one, but for those that a call holds on to which a restart would take up.
DELETE FROM projects
WHERE project = :project AND version <= :up_to
  AND version NOT IN (
    SELECT json_extract(value, '$.plan[1]')
    FROM calls
    WHERE state <> 'ended' AND project = :project
      AND json_valid(value) AND json_type(value, '$.plan[1]') = 'integer'
  );

-- name: version_numbers
-- Read which version of each project is the latest, without its document.
SELECT project, max(version) AS version
FROM projects
GROUP BY project;

-- name: owners
-- Read which projects have these names. Takes JSON: a list of kind and name each.
SELECT o.kind, o.name, o.project
FROM json_each(:wanted) AS w
JOIN owned AS o ON o.kind = w.value ->> 0 AND o.name = w.value ->> 1;

-- name: own
-- Write that a project has a name; one that has it already is in the way.
INSERT INTO owned (kind, name, project) VALUES (:kind, :name, :project);

-- name: disown
-- Delete all that a project has.
DELETE FROM owned
WHERE project = :project;
