-- name: add_user
-- Add a user; nothing where the login is another's.
INSERT INTO users (id, login, password, created_at)
VALUES (:id, :login, :password, :created_at)
ON CONFLICT DO NOTHING;

-- name: users
-- Read all users, by login.
SELECT id, login, created_at, disabled_at, signed_in_at, password <> '' AS has_password, totp IS NOT NULL AS has_totp
FROM users
ORDER BY login;

-- name: users_of_project
-- Read who has a role in a project, by login.
SELECT
    u.id,
    u.login,
    u.created_at,
    u.disabled_at,
    u.signed_in_at,
    u.password <> '' AS has_password,
    u.totp IS NOT NULL AS has_totp
FROM members AS m
INNER JOIN users AS u ON u.id = m.user
WHERE m.project = :project
ORDER BY u.login;

-- name: user_of_id
-- Read one user by id.
SELECT id, login, created_at, disabled_at, signed_in_at, password <> '' AS has_password, totp IS NOT NULL AS has_totp
FROM users
WHERE id = :id;

-- name: user_of_login
-- Read one user with their secrets.
SELECT
    id,
    login,
    created_at,
    disabled_at,
    signed_in_at,
    password <> '' AS has_password,
    totp IS NOT NULL AS has_totp,
    password,
    totp
FROM users
WHERE login = :login;

-- name: roles_of_user
-- Read a user's roles, by project.
SELECT project, role FROM members
WHERE user = :user
ORDER BY project;

-- name: set_password
-- Write a password's digest.
UPDATE users SET password = :password
WHERE id = :id;

-- name: set_totp
-- Write the secret of one-time passwords, or take it away; the steps of another secret do not count.
UPDATE users SET totp = :totp, totp_step = 0
WHERE id = :id;

-- name: use_totp
-- Write which one-time password was used last, unless it or a later one was.
UPDATE users SET totp_step = :step
WHERE id = :id AND totp_step < :step;

-- name: set_disabled
-- Write since when a user is disabled.
UPDATE users SET disabled_at = :at
WHERE id = :id;

-- name: note_sign_in
-- Write when a user signed in.
UPDATE users SET signed_in_at = :created_at
WHERE id = :user;

-- name: delete_user
-- Delete one user by id.
DELETE FROM users
WHERE id = :id;

-- name: set_role
-- Write a user's role in a project, in place of theirs.
INSERT INTO members (project, user, role, since)
VALUES (:project, :user, :role, :at)
ON CONFLICT (project, user) DO UPDATE SET role = excluded.role, since = excluded.since;

-- name: delete_role
-- Delete a user's role in a project.
DELETE FROM members
WHERE project = :project AND user = :user;

-- name: other_owners
-- Count the owners of a project who are not disabled, but one.
SELECT count(*) AS number
FROM members AS m
INNER JOIN users AS u ON u.id = m.user
WHERE m.project = :project AND m.role = 'owner' AND m.user <> :user AND u.disabled_at IS NULL;

-- name: role_of_member
-- Read a user's role in a project.
SELECT role FROM members
WHERE project = :project AND user = :user;

-- name: delete_roles_of_user
-- Delete all roles of a user.
DELETE FROM members
WHERE user = :user;

-- name: delete_tokens_of_user
-- Delete a user's tokens, of one project or of all.
DELETE FROM tokens
WHERE person = :user AND (:project IS NULL OR project = :project);

-- name: save_session
-- Add a session with the digest of its key.
INSERT INTO sessions (user, id, digest, created_at, used_at, ended_at, source, agent)
VALUES (:user, :id, :digest, :created_at, :used_at, :ended_at, :source, :agent);

-- name: session_of_digest
-- Find the session whose key has this digest.
SELECT user, id, created_at, used_at, ended_at, source, agent
FROM sessions
WHERE digest = :digest;

-- name: sessions_of_user
-- Read a user's sessions that have not ended, the latest used first.
SELECT user, id, created_at, used_at, ended_at, source, agent
FROM sessions
WHERE user = :user AND ended_at IS NULL
ORDER BY used_at DESC, id ASC;

-- name: use_session
-- Write when a session was used.
UPDATE sessions SET used_at = :at
WHERE user = :user AND id = :id;

-- name: end_session
-- Write that a session's user signed out.
UPDATE sessions SET ended_at = :at
WHERE user = :user AND id = :id AND ended_at IS NULL;

-- name: delete_sessions
-- Delete a user's session of an id, or all but one.
DELETE FROM sessions
WHERE user = :user AND (:id IS NULL OR id = :id) AND id IS NOT :but;

-- name: forget_sessions
-- Delete the sessions that were used last before a moment.
DELETE FROM sessions
WHERE used_at < :before;

-- name: delete_links
-- Delete the former links of a kind and user, and those whose time is over.
DELETE FROM one_time_links
WHERE (user = :user AND kind = :kind) OR expires_at <= :now;

-- name: delete_links_of_user
-- Delete all links of a user.
DELETE FROM one_time_links
WHERE user = :user;

-- name: save_link
-- Add a link with the digest of its key.
INSERT INTO one_time_links (digest, kind, user, expires_at)
VALUES (:digest, :kind, :user, :expires_at);

-- name: link_of_digest
-- Find the link whose key has this digest.
SELECT kind, user, expires_at FROM one_time_links
WHERE digest = :digest;

-- name: use_link
-- Take a link away; nothing where another request did.
DELETE FROM one_time_links
WHERE digest = :digest;

-- name: add_audit
-- Add a line to the audit log.
INSERT INTO audit (project, at, actor, via, source, operation, target, result, facts)
VALUES (:project, :at, :actor, :via, :source, :operation, :target, :result, :facts);

-- name: repeat_refusal
-- Count the latest line up that says the same since a moment.
UPDATE audit SET facts = json_set(facts, '$.repeated', coalesce(json_extract(facts, '$.repeated'), 1) + 1)
WHERE
    number = (
        SELECT max(number)
        FROM audit
        WHERE
            at > :since
            AND project = :project
            AND actor = :actor
            AND via = :via
            AND source = :source
            AND operation = :operation
            AND result = :result
    );

-- name: audit
-- Read lines of everybody, newest first.
SELECT number, project, at, actor, via, source, operation, target, result, facts
FROM audit
WHERE number < :before
ORDER BY number DESC
LIMIT :limit;

-- name: audit_of_project
-- Read lines of one project, newest first.
SELECT number, project, at, actor, via, source, operation, target, result, facts
FROM audit
WHERE project = :project AND number < :before
ORDER BY number DESC
LIMIT :limit;

-- name: forget_audit
-- Delete the lines from before a moment.
DELETE FROM audit
WHERE at < :before;
