-- name: add_hang_up
-- Write that a call is to be ended; who wanted it first stays.
INSERT INTO hang_ups (project, call, wanted_by, wanted_at)
VALUES (:project, :call, :wanted_by, :wanted_at)
ON CONFLICT (project, call) DO NOTHING;

-- name: hang_ups
-- Read which calls are to be ended, oldest wish first.
SELECT project, call, wanted_by
FROM hang_ups
ORDER BY wanted_at, project, call;

-- name: delete_hang_up
-- Delete a wish that was fulfilled.
DELETE FROM hang_ups
WHERE project = :project AND call = :call;
