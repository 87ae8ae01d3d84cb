-- name: note_change
-- Count one more change of a kind.
INSERT INTO changes (kind, number)
VALUES (:kind, 1)
ON CONFLICT (kind) DO UPDATE SET number = number + 1;

-- name: changes
-- Read how often each kind of thing was changed.
SELECT kind, number
FROM changes;
