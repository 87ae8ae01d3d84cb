-- name: add_stream_event
-- Add an event to its project's stream under the next number; one that is there already stays, so that a record can be repeated.
-- Takes: project, project, project, call, seq, type, at, body.
INSERT INTO stream_events (project, number, call, seq, type, at, body)
VALUES (
    ?,
    1 + max(
        coalesce((SELECT max(number) FROM stream_events WHERE project = ?), 0),
        coalesce((SELECT deleted FROM stream_ends WHERE project = ?), 0)
    ),
    ?, ?, ?, ?, ?
)
ON CONFLICT (project, call, seq) DO NOTHING;

-- name: stream_events
-- Read a project's stream behind a number, in order.
SELECT project, number, call, seq, type, at, body
FROM stream_events
WHERE project = :project AND number > :after
ORDER BY number
LIMIT :limit;

-- name: stream_bounds
-- Read which number of a project's stream was given last, and the highest that was deleted.
SELECT
    coalesce((SELECT max(number) FROM stream_events WHERE project = :project), 0) AS newest,
    coalesce((SELECT deleted FROM stream_ends WHERE project = :project), 0) AS deleted;

-- name: note_stream_end
-- Note how much of a stream goes with a call. The index is that of the call's events: of itself SQLite reads through the stream.
INSERT INTO stream_ends (project, deleted)
SELECT project, max(number)
FROM stream_events INDEXED BY sqlite_autoindex_stream_events_2
WHERE project = :project AND call = :call
GROUP BY project
ON CONFLICT (project) DO UPDATE SET deleted = max(deleted, excluded.deleted);

-- name: delete_stream_events
-- Delete a call's events.
DELETE FROM stream_events WHERE project = :project AND call = :call;
