-- name: save_registration
-- Write where an account's telephones are now, in place of where they were.
INSERT INTO registrations (project, account, telephones)
VALUES (:project, :account, :telephones)
ON CONFLICT (project, account) DO UPDATE SET telephones = excluded.telephones;

-- name: delete_registration
-- Forget an account's telephones.
DELETE FROM registrations WHERE project = :project AND account = :account;

-- name: registrations
-- Read where all accounts' telephones are.
SELECT project, account, telephones
FROM registrations
ORDER BY project, account;
