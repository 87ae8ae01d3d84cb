-- name: save_refresh_token
-- Write the latest refresh token of a source, in place of the one before.
INSERT INTO refresh_tokens (project, source, sealed)
VALUES (:project, :source, :sealed)
ON CONFLICT (project, source) DO UPDATE SET sealed = excluded.sealed;

-- name: refresh_token
-- Read the latest refresh token of a source.
SELECT sealed
FROM refresh_tokens
WHERE project = :project AND source = :source;
