-- name: add_outside_use
-- Add to what was used of a day's allowance; nothing where the journal's line that it goes with is there already.
-- Takes: project, account, day, calls, seconds, project, call, seq.
INSERT INTO outside_calls (project, account, day, calls, seconds)
SELECT ?, ?, ?, ?, ?
WHERE NOT EXISTS (SELECT 1 FROM journal WHERE project = ? AND call = ? AND seq = ?)
ON CONFLICT (project, account, day) DO UPDATE SET
    calls = calls + excluded.calls,
    seconds = seconds + excluded.seconds;

-- name: outside_use
-- Read what was used since a day.
SELECT project, account, day, calls, seconds
FROM outside_calls
WHERE day >= :day
ORDER BY day;

-- name: forget_outside_use
-- Delete what was used before a day.
DELETE FROM outside_calls WHERE day < :day;
