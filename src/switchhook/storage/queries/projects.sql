-- name: latest_version
-- Read the latest version of one project.
SELECT project, version, saved_at, sealed
FROM projects
WHERE project = :project
ORDER BY version DESC
LIMIT 1;

-- name: version
-- Read one version of one project.
SELECT project, version, saved_at, sealed
FROM projects
WHERE project = :project AND version = :version;

-- name: latest_versions
-- Read the latest version of every project, by id.
SELECT p.project, p.version, p.saved_at, p.sealed
FROM projects AS p
WHERE p.version = (SELECT max(l.version) FROM projects AS l WHERE l.project = p.project)
ORDER BY p.project;

-- name: save_version
-- Add a version of a project.
INSERT INTO projects (project, version, saved_at, sealed)
VALUES (:project, :version, :saved_at, :sealed);
