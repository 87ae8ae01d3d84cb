-- name: forget_keyed_requests
-- Delete the keyed requests that began before a moment.
DELETE FROM keyed_requests
WHERE begun_at < :before;

-- name: keyed_request
-- Read what is known of a keyed request.
SELECT digest, status, body
FROM keyed_requests
WHERE project = :project AND token = :token AND key = :key;

-- name: begin_keyed_request
-- Write that a keyed request is under way.
INSERT INTO keyed_requests (project, token, key, digest, begun_at)
VALUES (:project, :token, :key, :digest, :begun_at);

-- name: answer_keyed_request
-- Write the answer of a keyed request.
UPDATE keyed_requests SET status = :status, body = :body
WHERE project = :project AND token = :token AND key = :key;

-- name: forget_keyed_request
-- Delete a keyed request that did nothing.
DELETE FROM keyed_requests
WHERE project = :project AND token = :token AND key = :key;
