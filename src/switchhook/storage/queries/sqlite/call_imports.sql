-- name: known_reference
-- Read which call a call of another telephone system is.
SELECT call FROM imported_calls WHERE project = :project AND reference = :reference;

-- name: add_reference
-- Write which call it is.
INSERT INTO imported_calls (project, reference, call) VALUES (:project, :reference, :call);

-- name: add_call_import
-- Write calls that were posted together.
INSERT INTO call_imports (project, posted_by, posted_at, tells, state, calls, node)
VALUES (:project, :posted_by, :posted_at, :tells, :state, :calls, :node)
RETURNING *;

-- name: settle_call_import
-- Write what became of them.
UPDATE call_imports SET state = :state, calls = :calls
WHERE project = :project AND number = :number;

-- name: call_import
-- Read an import of a project.
SELECT * FROM call_imports WHERE project = :project AND number = :number;

-- name: queued_call_imports
-- Read a node's imports that are queued, oldest first.
SELECT * FROM call_imports WHERE state = 'queued' AND node = :node ORDER BY number;

-- name: take_call_imports
-- Give one node the queued imports of another.
UPDATE call_imports SET node = :node
WHERE state = 'queued' AND node = :former
RETURNING number;

-- name: forget_call_imports
-- Delete the settled imports that were posted before a moment.
DELETE FROM call_imports WHERE state <> 'queued' AND posted_at < :before;

-- name: delete_reference
-- Forget which call of another telephone system a call was.
DELETE FROM imported_calls WHERE project = :project AND call = :call;

-- name: note_number_show
-- Write who sees a number from now on.
INSERT INTO number_shows (project, number, since, visit, until)
VALUES (:project, :number, :since, :visit, :until)
ON CONFLICT (project, number, since) DO UPDATE SET visit = excluded.visit, until = excluded.until;

-- name: visit_at
-- Read the visit that saw a number at a moment, as it is known now.
SELECT v.project, v.id, v.attributes, v.seen_at
FROM (
    SELECT s.project, s.visit, s.until
    FROM number_shows AS s
    WHERE s.project = :project AND s.number = :number AND s.since <= :at
    ORDER BY s.since DESC
    LIMIT 1
) AS shown
CROSS JOIN visits AS v ON v.project = shown.project AND v.id = shown.visit
WHERE shown.until >= :at;

-- name: visit_of_id
-- Read a visit by its id.
SELECT project, id, attributes, seen_at FROM visits WHERE project = :project AND id = :id;

-- name: forget_number_shows
-- Delete who saw a number until a moment.
DELETE FROM number_shows WHERE until < :before;
