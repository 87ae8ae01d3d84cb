-- name: save_registration
-- Write where an account's telephones at a node are now, in place of where they were.
INSERT INTO registrations (project, account, node, telephones)
VALUES (:project, :account, :node, :telephones)
ON CONFLICT (project, account, node) DO UPDATE SET telephones = excluded.telephones;

-- name: delete_registration
-- Forget an account's telephones at a node.
DELETE FROM registrations WHERE project = :project AND account = :account AND node = :node;

-- name: registrations
-- Read where all accounts' telephones are, at whichever node.
SELECT project, account, telephones
FROM registrations
ORDER BY project, account, node;

-- name: registrations_at
-- Read where the telephones are that registered at a node.
SELECT project, account, telephones
FROM registrations
WHERE node = :node
ORDER BY project, account;
