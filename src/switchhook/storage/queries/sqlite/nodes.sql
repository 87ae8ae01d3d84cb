-- name: join_node
-- Begin a new incarnation of a node, and end what the one before may write.
INSERT INTO nodes (name, incarnation, beat, is_up)
VALUES (:name, 1, 0, 1)
ON CONFLICT (name) DO UPDATE SET
    incarnation = incarnation + 1,
    beat = beat + 1,
    is_up = 1
RETURNING incarnation;

-- name: holds_lease
-- Find out whether a node is still in an incarnation, and may write. Each commit asks.
-- Takes: name, incarnation.
SELECT 1
FROM nodes
WHERE name = ? AND incarnation = ? AND is_up;

-- name: renew_lease
-- Write that a node lives.
UPDATE nodes SET beat = beat + 1
WHERE name = :name;

-- name: other_nodes
-- Read the leases of all other nodes that nobody took over yet.
SELECT name, incarnation, beat
FROM nodes
WHERE name <> :name AND is_up
ORDER BY name;

-- name: end_lease
-- End a node's lease, if it was not renewed since it was read.
UPDATE nodes SET is_up = 0, incarnation = incarnation + 1
WHERE name = :name AND incarnation = :incarnation AND beat = :beat AND is_up
RETURNING name;

-- name: take_calls
-- Give one node the calls of another that have not ended.
UPDATE calls SET node = :node
WHERE state <> 'ended' AND node = :former
RETURNING call;

-- name: take_deliveries
-- Give one node the deliveries of another that are not settled.
UPDATE deliveries INDEXED BY deliveries_unsettled SET node = :node
WHERE NOT settled AND node = :former
RETURNING id;

-- name: drop_registrations
-- Delete the telephones at one node of accounts that have some at another.
DELETE FROM registrations
WHERE
    node = :former
    AND EXISTS (
        SELECT 1 FROM registrations AS r
        WHERE
            r.project = registrations.project
            AND r.account = registrations.account
            AND r.node = :node
    );

-- name: take_registrations
-- Give one node the telephones that registered at another.
UPDATE registrations SET node = :node
WHERE node = :former
RETURNING project, account;
