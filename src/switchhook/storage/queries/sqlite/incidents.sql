-- name: save_incident
-- Write how an endpoint stands that fails, in place of what was.
-- Takes: project, webhook, since, failures, parks, parked_for, parked_until.
INSERT INTO incidents (project, webhook, since, failures, parks, parked_for, parked_until)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project, webhook) DO UPDATE SET
    failures = excluded.failures,
    parks = excluded.parks,
    parked_for = excluded.parked_for,
    parked_until = excluded.parked_until;

-- name: end_incident
-- Forget an endpoint that takes deliveries again.
-- Takes: project, webhook.
DELETE FROM incidents
WHERE project = ? AND webhook = ?;

-- name: incidents
-- Read the endpoints that fail.
SELECT *
FROM incidents
ORDER BY project, webhook;
