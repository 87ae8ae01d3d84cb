-- name: fact
-- Read what the store knows about itself.
SELECT value FROM facts WHERE name = :name;

-- name: state_fact
-- Write what the store knows about itself, in place of what it knew.
INSERT INTO facts (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: old_calls
-- Find calls that ended before a moment and whose deliveries are settled, oldest first.
SELECT c.project, c.call
FROM calls AS c
WHERE
    c.state = 'ended'
    AND c.ended_at < :before
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS d
        WHERE
            d.project = c.project
            AND d.id > c.call || '.'
            AND d.id < c.call || '/'
            AND d.call = c.call
            AND NOT d.settled
    )
ORDER BY c.ended_at
LIMIT :batch;

-- name: delete_attempts
-- Delete the attempts of a call's deliveries.
DELETE FROM attempts
WHERE
    project = :project
    AND delivery IN (
        SELECT d.number FROM deliveries AS d
        WHERE
            d.project = :project
            AND d.id > :call || '.'
            AND d.id < :call || '/'
            AND d.call = :call
    );

-- name: delete_deliveries
-- Delete a call's deliveries.
DELETE FROM deliveries
WHERE project = :project AND id > :call || '.' AND id < :call || '/' AND call = :call;

-- name: delete_delivery_hours
-- Delete the hours of which no delivery is left.
DELETE FROM delivery_hours
WHERE last < (SELECT min(d.number) FROM deliveries AS d);

-- name: delete_journal
-- Delete a call's journal.
DELETE FROM journal WHERE project = :project AND call = :call;

-- name: delete_call
-- Delete the call itself, last of all.
DELETE FROM calls WHERE project = :project AND call = :call;

-- name: ping
-- Read a little, to see that the database can be read.
SELECT max(project) FROM projects;
