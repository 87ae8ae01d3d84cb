-- name: add_to_caller
-- Add to the counts of a caller, and write what else is given in place of what was; nothing where the journal's
-- line that it goes with is there already.
-- Takes: project, number, calls, proper_calls, manager, outbound_number, seen_at, project, call, seq.
INSERT INTO callers (project, number, calls, proper_calls, manager, outbound_number, seen_at)
SELECT ?, ?, ?, ?, ?, ?, ?
WHERE NOT EXISTS (SELECT 1 FROM journal WHERE project = ? AND call = ? AND seq = ?)
ON CONFLICT (project, number) DO UPDATE SET
    calls = calls + excluded.calls,
    proper_calls = proper_calls + excluded.proper_calls,
    manager = CASE excluded.manager WHEN '' THEN manager ELSE excluded.manager END,
    outbound_number = CASE excluded.outbound_number
        WHEN '' THEN outbound_number
        ELSE excluded.outbound_number
    END,
    seen_at = max(seen_at, excluded.seen_at);

-- name: callers
-- Read the callers that were seen last, newest first.
SELECT project, number, calls, proper_calls, manager, outbound_number, seen_at
FROM callers
ORDER BY seen_at DESC
LIMIT :limit;

-- name: save_visit
-- Write what is known of a visit, in place of what was.
INSERT INTO visits (project, id, attributes, seen_at)
VALUES (:project, :id, :attributes, :seen_at)
ON CONFLICT (project, id) DO UPDATE SET
    attributes = excluded.attributes,
    seen_at = excluded.seen_at;

-- name: newest_visits
-- Read the visits that were told of last, newest first.
SELECT project, id, attributes, seen_at
FROM visits
ORDER BY seen_at DESC
LIMIT :limit;

-- name: save_shown_number
-- Write who sees a number now, in place of who did.
INSERT INTO shown_numbers (project, number, visit, until)
VALUES (:project, :number, :visit, :until)
ON CONFLICT (project, number) DO UPDATE SET
    visit = excluded.visit,
    until = excluded.until;

-- name: shown_numbers
-- Read which numbers visitors see, or saw last.
SELECT project, number, visit, until
FROM shown_numbers
ORDER BY until DESC
LIMIT :limit;

-- name: save_visit_of_call
-- Write to which visit a call belongs, in place of another.
INSERT INTO visits_of_calls (project, call, visit, told_at)
VALUES (:project, :call, :visit, :told_at)
ON CONFLICT (project, call) DO UPDATE SET
    visit = excluded.visit,
    told_at = excluded.told_at;

-- name: visits_of_live_calls
-- Read to which visits the calls belong that have not ended.
SELECT v.project, v.call, v.visit, v.told_at
FROM calls AS c
CROSS JOIN visits_of_calls AS v ON v.project = c.project AND v.call = c.call
WHERE c.state <> 'ended';

-- name: forget_callers
-- Delete what is known of callers who were not seen since a moment.
DELETE FROM callers WHERE seen_at < :before;

-- name: forget_visits
-- Delete the visits that nobody told of since a moment.
DELETE FROM visits WHERE seen_at < :before;

-- name: forget_shown_numbers
-- Delete the numbers that nobody sees since a moment.
DELETE FROM shown_numbers WHERE until < :before;

-- name: forget_visits_of_calls
-- Delete which calls belonged to visits, as told before a moment.
DELETE FROM visits_of_calls WHERE told_at < :before;
