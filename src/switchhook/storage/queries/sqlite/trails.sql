-- name: trails
-- Read a project's ended calls of a time, newest first, behind a place.
SELECT
    l.arrived_at,
    l.number,
    c.value
FROM call_list AS l
CROSS JOIN calls AS c ON c.number = l.number
WHERE
    l.project = :project
    AND l.arrived_at >= :since
    AND (l.arrived_at, l.number) < (:at, :number)
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: trail_entries
-- Read what came from outside into calls: asks and answers, keys, restarts; and whether they came to a step that records
-- a message.
SELECT
    j.call,
    j.at,
    j.happening,
    j.text,
    j.facts
FROM json_each(:calls) AS wanted
CROSS JOIN journal AS j ON j.project = :project AND j.call = wanted.value
WHERE
    j.happening IN ('asked', 'answer', 'ask_failed', 'keyed', 'resumed')
    OR (j.happening = 'step' AND instr(j.facts, '["step","voicemail"]') > 0)
ORDER BY j.call, j.seq;

-- name: journals
-- Read the whole journals of some calls.
SELECT
    j.call,
    j.seq,
    j.at,
    j.happening,
    j.leg,
    j.text,
    j.facts
FROM json_each(:calls) AS wanted
CROSS JOIN journal AS j ON j.project = :project AND j.call = wanted.value
ORDER BY j.call, j.seq;

-- name: asking_calls
-- Read a project's ended calls of a time, newest first, behind a place, whether webhooks were asked about them or not.
SELECT
    l.arrived_at,
    l.number,
    l.webhooks <> '' AS is_asked,
    c.call
FROM call_list AS l
CROSS JOIN calls AS c ON c.number = l.number
WHERE
    l.project = :project
    AND l.arrived_at >= :since
    AND (l.arrived_at, l.number) < (:at, :number)
ORDER BY l.arrived_at DESC, l.number DESC
LIMIT :limit;

-- name: exchange_entries
-- Read when webhooks were asked about some calls, when that was over, and how the calls ended.
SELECT
    j.call,
    j.at,
    j.happening,
    j.text,
    j.facts
FROM json_each(:calls) AS wanted
CROSS JOIN journal AS j ON j.project = :project AND j.call = wanted.value
WHERE j.happening IN ('asked', 'answer', 'ask_failed', 'ended')
ORDER BY j.call, j.seq;
