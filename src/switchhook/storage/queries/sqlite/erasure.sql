-- name: erasure_reach
-- Find how far the next calls of a project reach.
SELECT max(number) AS number
FROM (SELECT number FROM calls WHERE project = :project AND number > :after ORDER BY number LIMIT :batch);

-- name: erasure_calls
-- Find the calls up to there that name these digits, in what is known of them or in their journal.
SELECT c.call, c.state, c.value
FROM calls AS c
WHERE
    c.project = :project
    AND c.number > :after
    AND c.number <= :reach
    AND (
        instr(c.value, :digits)
        OR EXISTS (
            SELECT 1 FROM journal AS j
            WHERE j.project = c.project AND j.call = c.call AND (instr(j.text, :digits) OR instr(j.facts, :digits))
        )
    )
ORDER BY c.number;

-- name: erasure_journal
-- Read what a call's journal says.
SELECT text, facts FROM journal
WHERE project = :project AND call = :call;

-- name: has_unsettled
-- Find whether a call runs, or a delivery of it is not settled.
SELECT 1 FROM calls AS c
WHERE
    c.project = :project
    AND c.call = :call
    AND (
        c.state <> 'ended'
        OR EXISTS (
            SELECT 1 FROM deliveries AS d
            WHERE
                d.project = c.project
                AND d.id > c.call || '.'
                AND d.id < c.call || '/'
                AND d.call = c.call
                AND NOT d.settled
        )
    );

-- name: erase_stream_events
-- Delete a call's events, but for the one that was given the highest number: numbers are never given again.
DELETE FROM stream_events INDEXED BY sqlite_autoindex_stream_events_2
WHERE
    project = :project
    AND call = :call
    AND number < (SELECT max(l.number) FROM stream_events AS l WHERE l.project = :project);

-- name: blank_stream_event
-- Leave nothing of that one but its id and type.
UPDATE stream_events INDEXED BY sqlite_autoindex_stream_events_2
SET body = CAST(json_object('id', call || '.' || seq, 'type', type, 'erased', json('true')) AS BLOB)
WHERE project = :project AND call = :call;

-- name: visit_of_call
-- Read to which visit a call belonged.
SELECT visit FROM visits_of_calls
WHERE project = :project AND call = :call;

-- name: erase_visit
-- Delete a visit of the person.
DELETE FROM visits WHERE project = :project AND id = :visit;

-- name: erase_shown_numbers
-- Delete which numbers a visitor sees.
DELETE FROM shown_numbers WHERE project = :project AND visit = :visit;

-- name: erase_number_shows
-- Delete which numbers a visitor saw.
DELETE FROM number_shows WHERE project = :project AND visit = :visit;

-- name: erase_visit_of_call
-- Delete which visit a call belonged to.
DELETE FROM visits_of_calls WHERE project = :project AND call = :call;

-- name: visits_that_name
-- Find a project's visits that name these digits.
SELECT id, attributes FROM visits
WHERE project = :project AND instr(attributes, :digits);

-- name: erase_caller
-- Delete what is known of a caller.
DELETE FROM callers WHERE project = :project AND number = :number;
