-- name: save_outside_use
-- Write what was used of a day's allowance; a count never goes back.
-- Takes: project, account, day, calls, seconds.
INSERT INTO outside_calls (project, account, day, calls, seconds)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (project, account, day) DO UPDATE SET
    calls = max(calls, excluded.calls),
    seconds = max(seconds, excluded.seconds);

-- name: outside_use
-- Read what was used since a day.
SELECT project, account, day, calls, seconds
FROM outside_calls
WHERE day >= :day
ORDER BY day;

-- name: forget_outside_use
-- Delete what was used before a day.
DELETE FROM outside_calls WHERE day < :day;
