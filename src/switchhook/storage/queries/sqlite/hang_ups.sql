-- name: add_hang_up
-- Write that a call is to be ended; who wanted it first stays.
INSERT INTO hang_ups (project, call, wanted_by, wanted_at)
VALUES (:project, :call, :wanted_by, :wanted_at)
ON CONFLICT (project, call) DO NOTHING;

-- name: hang_ups
-- Read which calls of a node are to be ended, and which of calls that are not there, oldest wish first.
SELECT h.project, h.call, h.wanted_by
FROM hang_ups AS h
LEFT JOIN calls AS c ON c.project = h.project AND c.call = h.call
WHERE coalesce(c.node, :node) = :node
ORDER BY h.wanted_at, h.project, h.call;

-- name: delete_hang_up
-- Delete a wish that was fulfilled.
DELETE FROM hang_ups
WHERE project = :project AND call = :call;
