-- name: next_foreign_event
-- Read the place of the next event about something.
SELECT coalesce(max(seq), 0) + 1 AS seq
FROM foreign_events
WHERE project = :project AND call = :call;

-- name: add_foreign_event
-- Write an event that is no call.
INSERT INTO foreign_events (project, call, seq, event, at, received_at)
VALUES (:project, :call, :seq, :event, :at, :received_at);

-- name: old_foreign_events
-- Find what the last event was about that came before a moment, and whose deliveries are settled.
SELECT DISTINCT e.project, e.call
FROM foreign_events AS e INDEXED BY foreign_events_received
WHERE
    e.received_at < :before
    AND NOT EXISTS (
        SELECT 1 FROM foreign_events AS l
        WHERE l.project = e.project AND l.call = e.call AND l.received_at >= :before
    )
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS d
        WHERE
            d.project = e.project
            AND d.id > e.call || '.'
            AND d.id < e.call || '/'
            AND d.call = e.call
            AND NOT d.settled
    )
LIMIT :batch;

-- name: delete_foreign_events
-- Delete the events about something, last of all.
DELETE FROM foreign_events WHERE project = :project AND call = :call;

-- name: foreign_deliveries_that_name
-- Read what was told of a project's events that are no calls and holds some digits.
SELECT DISTINCT d.call, CAST(d.body AS TEXT) AS body
FROM foreign_events AS e
CROSS JOIN deliveries AS d
    ON d.project = e.project
    AND d.id > e.call || '.'
    AND d.id < e.call || '/'
    AND d.call = e.call
WHERE e.project = :project AND instr(CAST(d.body AS TEXT), :digits) > 0;

-- name: foreign_stream_events_that_name
-- Read what a project's stream keeps of such events and holds some digits.
SELECT DISTINCT s.call, CAST(s.body AS TEXT) AS body
FROM foreign_events AS e
CROSS JOIN stream_events AS s ON s.project = e.project AND s.call = e.call AND s.seq = e.seq
WHERE e.project = :project AND instr(CAST(s.body AS TEXT), :digits) > 0;
