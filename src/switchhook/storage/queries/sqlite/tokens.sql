-- name: save_token
-- Add a token with the digest of its key.
INSERT INTO tokens (project, id, user, scope, digest, created_at, expires_at, used_at, person, role, made_by, maker)
VALUES (:project, :id, :user, :scope, :digest, :created_at, :expires_at, :used_at, :person, :role, :made_by, :maker);

-- name: token_of_digest
-- Find the token whose key has this digest, and the role that its user has now, unless they are disabled.
SELECT t.project, t.id, t.user, t.scope, t.created_at, t.expires_at, t.used_at, t.person, t.role, t.made_by, t.maker, m.role AS users_role
FROM tokens AS t
LEFT JOIN users AS u ON u.id = t.person AND u.disabled_at IS NULL
LEFT JOIN members AS m ON m.project = t.project AND m.user = u.id
WHERE t.digest = :digest;

-- name: tokens
-- Read all tokens, by project and age, and whether who made each has no role in the project any more.
SELECT
    t.project, t.id, t.user, t.scope, t.created_at, t.expires_at, t.used_at, t.person, t.role, t.made_by, t.maker,
    t.maker IS NOT NULL AND m.user IS NULL AS is_maker_gone
FROM tokens AS t
LEFT JOIN members AS m ON m.project = t.project AND m.user = t.maker
ORDER BY t.project, t.created_at, t.id;

-- name: tokens_of_project
-- Read one project's tokens, by age, likewise.
SELECT
    t.project, t.id, t.user, t.scope, t.created_at, t.expires_at, t.used_at, t.person, t.role, t.made_by, t.maker,
    t.maker IS NOT NULL AND m.user IS NULL AS is_maker_gone
FROM tokens AS t
LEFT JOIN members AS m ON m.project = t.project AND m.user = t.maker
WHERE t.project = :project
ORDER BY t.created_at, t.id;

-- name: use_token
-- Write when a token was used.
UPDATE tokens SET used_at = :used_at
WHERE project = :project AND id = :id;

-- name: delete_token
-- Delete the token of an id, and return it as it was.
DELETE FROM tokens
WHERE id = :id
RETURNING project, id, user, scope, created_at, expires_at, used_at, person, role, made_by, maker;

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
