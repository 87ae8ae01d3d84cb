-- name: save_sip_capture
-- Write the SIP messages of a call that is there; the first stay.
INSERT INTO sip_captures (project, call, packed)
SELECT c.project, c.call, :packed
FROM known_projects AS p
CROSS JOIN calls AS c ON c.project = p.project AND c.call = :call
WHERE true
ON CONFLICT (project, call) DO NOTHING;

-- name: sip_capture
-- Read the SIP messages of a project's call.
SELECT packed FROM sip_captures WHERE project = :project AND call = :call;

-- name: delete_sip_capture
-- Delete the SIP messages of a call.
DELETE FROM sip_captures WHERE project = :project AND call = :call;
