-- name: save_call
-- Write what a call is now, in place of what it was, its end too.
-- Takes: node, project, call, state, ended_at, value.
INSERT INTO calls (node, project, call, state, ended_at, value)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project, call) DO UPDATE SET
    state = excluded.state,
    ended_at = excluded.ended_at,
    value = excluded.value;

-- name: save_live_call
-- Write what a call is now that has not ended. The column `state` stays what it was at first, since no query tells
-- one live state from another, and to write it would change an index with each step.
-- Takes: node, project, call, state, ended_at, value.
INSERT INTO calls (node, project, call, state, ended_at, value)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project, call) DO UPDATE SET value = excluded.value;

-- name: add_entry
-- Add a line to a call's journal; a line that is there already stays, so that a record can be repeated.
-- Takes: project, call, seq, at, happening, leg, text, facts.
INSERT INTO journal (project, call, seq, at, happening, leg, text, facts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project, call, seq) DO NOTHING;

-- name: live_calls
-- Read a node's calls that have not ended, oldest first.
SELECT call, value
FROM calls
WHERE state <> 'ended' AND node = :node
ORDER BY number;

-- name: legs_of_last_ends
-- Read what takes up the legs of the calls that ended last, and the ended legs of those that go on (of who
-- transferred the call), if not before some time.
-- Takes: since.
SELECT
    c.project,
    c.call,
    json_extract(leg.value, '$.id') AS leg,
    json_extract(leg.value, '$.handle') AS handle
FROM calls AS c
CROSS JOIN
    json_each(CASE WHEN json_valid(c.value) THEN c.value ELSE '{}' END, '$.legs') AS leg
WHERE
    c.state = 'ended'
    AND c.ended_at >= (SELECT max(ended_at) - 10.0 FROM calls WHERE state = 'ended')
    AND c.ended_at >= :since
    AND json_extract(leg.value, '$.handle') <> ''
UNION ALL
SELECT
    c.project,
    c.call,
    json_extract(leg.value, '$.id') AS leg,
    json_extract(leg.value, '$.handle') AS handle
FROM calls AS c
CROSS JOIN
    json_each(CASE WHEN json_valid(c.value) THEN c.value ELSE '{}' END, '$.legs') AS leg
WHERE
    c.state <> 'ended'
    AND json_extract(leg.value, '$.ended_at') >= :since
    AND json_extract(leg.value, '$.handle') <> '';

-- name: snapshots_of_live_calls
-- Read which versions of which projects a node's calls hold on to that have not ended.
SELECT DISTINCT
    json_extract(value, '$.plan[0]') AS project,
    json_extract(value, '$.plan[1]') AS version
FROM calls
WHERE
    state <> 'ended'
    AND node = :node
    AND json_valid(value)
    AND json_type(value, '$.plan[1]') = 'integer';

-- name: newest_calls
-- Read everybody's calls before a number, newest first.
SELECT number, value
FROM calls
WHERE number < :before
ORDER BY number DESC
LIMIT :limit;

-- name: newest_calls_of_project
-- Read one project's calls before a number, newest first.
SELECT number, value
FROM calls
WHERE project = :project AND number < :before
ORDER BY number DESC
LIMIT :limit;

-- name: call
-- Read one call by its id.
SELECT c.number, c.value
FROM known_projects AS p
CROSS JOIN calls AS c ON c.project = p.project AND c.call = :call;

-- name: journal
-- Read a call's journal from its first line on.
SELECT j.seq, j.at, j.happening, j.leg, j.text, j.facts
FROM known_projects AS p
CROSS JOIN journal AS j ON j.project = p.project AND j.call = :call
ORDER BY j.seq;
