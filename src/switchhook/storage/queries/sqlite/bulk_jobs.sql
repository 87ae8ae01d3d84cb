-- name: add_bulk_job
-- Write a job that a person starts, for all deliveries up to the newest of now.
-- Takes: project, act, filter, started_by, started_at, node.
INSERT INTO bulk_jobs (
    project, act, filter, started_by, started_at, up_to, place, done, left_out, why, state, node
)
SELECT ?, ?, ?, ?, ?, coalesce(max(d.number), 0), 0, 0, 0, '', 'running', ?
FROM deliveries AS d
RETURNING *;

-- name: advance_bulk_job
-- Write how far a job got, unless it was stopped or somebody else goes on with it.
UPDATE bulk_jobs SET
    place = :place,
    done = :done,
    left_out = :left_out,
    why = :why,
    state = :state,
    ended_at = :ended_at
WHERE number = :number AND state = 'running' AND node = :node
RETURNING number;

-- name: stop_bulk_job
-- Stop a project's job that runs.
UPDATE bulk_jobs SET state = 'stopped', ended_at = :now
WHERE project = :project AND number = :number AND state = 'running'
RETURNING number;

-- name: bulk_job
-- Read a project's job.
SELECT *
FROM bulk_jobs
WHERE project = :project AND number = :number;

-- name: newest_bulk_jobs
-- Read a project's jobs, newest first.
SELECT *
FROM bulk_jobs
WHERE project = :project
ORDER BY number DESC
LIMIT :limit;

-- name: running_bulk_jobs
-- Read a node's jobs that run, oldest first.
SELECT *
FROM bulk_jobs
WHERE state = 'running' AND node = :node
ORDER BY number;

-- name: take_bulk_jobs
-- Give one node the running jobs of another.
UPDATE bulk_jobs SET node = :node
WHERE state = 'running' AND node = :former
RETURNING number;

-- name: delete_bulk_jobs
-- Delete jobs that ended before a moment.
DELETE FROM bulk_jobs
WHERE state <> 'running' AND ended_at < :before;
