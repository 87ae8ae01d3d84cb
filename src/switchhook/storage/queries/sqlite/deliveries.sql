-- name: promise
-- Write a promise; one that is there already stays, so that a record can be repeated.
-- Takes: project, id, call, seq, event, webhook, occurred_at, transport, request, body, success_codes,
-- response_timeout, keep_alive, node.
INSERT INTO deliveries (
    project, id, call, seq, event, webhook, occurred_at, transport, request, body,
    success_codes, response_timeout, keep_alive, node
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project, id) DO NOTHING;

-- name: add_attempt
-- Add a finished attempt, unless it is there already or its promise was deleted meanwhile. What came of one that was
-- under way takes its place.
-- Takes: number, at, seconds, status, failure, detail, answer, is_last, asked, project, delivery id.
INSERT INTO attempts (
    project, delivery, number, at, seconds, status, failure, detail, answer, is_last, asked
)
SELECT d.project, d.number, ?, ?, ?, ?, ?, ?, ?, ?, ?
FROM deliveries AS d
WHERE d.project = ? AND d.id = ?
ON CONFLICT (project, delivery, number) DO UPDATE SET
    at = excluded.at,
    seconds = excluded.seconds,
    status = excluded.status,
    failure = excluded.failure,
    detail = excluded.detail,
    answer = excluded.answer,
    is_last = excluded.is_last,
    asked = excluded.asked
WHERE attempts.failure = 'under_way' AND NOT attempts.is_last;

-- name: settle
-- Write that a delivery is settled.
-- Takes: project, id.
UPDATE deliveries SET settled = 1
WHERE project = ? AND id = ?;

-- name: unsettled_deliveries
-- Read what a node promised and is not settled, in the order of the promises.
SELECT *
FROM deliveries
WHERE NOT settled AND node = :node
ORDER BY number;

-- name: attempts_of_unsettled
-- Read the attempts of what a node has not settled, first to latest of each delivery.
SELECT
    d.id,
    a.project,
    a.number,
    a.at,
    a.seconds,
    a.status,
    a.failure,
    a.detail,
    a.answer,
    a.is_last,
    a.asked
FROM deliveries AS d
CROSS JOIN attempts AS a ON a.project = d.project AND a.delivery = d.number
WHERE NOT d.settled AND d.node = :node
ORDER BY d.number, a.number;

-- name: newest_deliveries
-- Read everybody's deliveries before a number, newest first.
SELECT *
FROM delivery_rows
WHERE number < :before
ORDER BY number DESC
LIMIT :limit;

-- name: newest_deliveries_of_project
-- Read one project's deliveries before a number, newest first: of each of its webhooks so many, and of these the
-- newest.
WITH RECURSIVE
hooks (webhook) AS (
    SELECT min(webhook) FROM deliveries
    WHERE project = :project
    UNION ALL
    SELECT (
        SELECT min(d.webhook) FROM deliveries AS d
        WHERE d.project = :project AND d.webhook > hooks.webhook
    )
    FROM hooks
    WHERE hooks.webhook IS NOT NULL
)
SELECT r.*
FROM hooks
CROSS JOIN delivery_rows AS r
    ON r.number IN (
        SELECT w.number
        FROM deliveries AS w
        WHERE
            w.project = :project
            AND w.webhook = hooks.webhook
            AND w.number < :before
        ORDER BY w.number DESC
        LIMIT :limit
    )
ORDER BY r.number DESC
LIMIT :limit;

-- name: delivered
-- Read everybody's successful deliveries before a number, newest first.
SELECT *
FROM delivery_rows
WHERE number < :before AND state = 'delivered'
ORDER BY number DESC
LIMIT :limit;

-- name: delivered_of_project
-- Read one project's successful deliveries before a number, newest first, as above.
WITH RECURSIVE
hooks (webhook) AS (
    SELECT min(webhook) FROM deliveries
    WHERE project = :project
    UNION ALL
    SELECT (
        SELECT min(d.webhook) FROM deliveries AS d
        WHERE d.project = :project AND d.webhook > hooks.webhook
    )
    FROM hooks
    WHERE hooks.webhook IS NOT NULL
)
SELECT r.*
FROM hooks
CROSS JOIN delivery_rows AS r
    ON r.number IN (
        SELECT w.number
        FROM delivery_rows AS w
        WHERE
            w.project = :project
            AND w.webhook = hooks.webhook
            AND w.number < :before
            AND w.state = 'delivered'
        ORDER BY w.number DESC
        LIMIT :limit
    )
ORDER BY r.number DESC
LIMIT :limit;

-- name: newest_deliveries_of_webhook
-- Read one webhook's deliveries before a number, newest first, of one project or all that have one of this name.
SELECT r.*
FROM known_projects AS p
CROSS JOIN delivery_rows AS r
    ON r.number IN (
        SELECT w.number
        FROM deliveries AS w
        WHERE
            w.project = p.project
            AND w.webhook = :webhook
            AND w.number < :before
        ORDER BY w.number DESC
        LIMIT :limit
    )
WHERE :project IS NULL OR p.project = :project
ORDER BY r.number DESC
LIMIT :limit;

-- name: delivered_of_webhook
-- Read one webhook's successful deliveries before a number, newest first, of one project or all that have one of this name.
SELECT r.*
FROM known_projects AS p
CROSS JOIN delivery_rows AS r
    ON r.number IN (
        SELECT w.number
        FROM delivery_rows AS w
        WHERE
            w.project = p.project
            AND w.webhook = :webhook
            AND w.number < :before
            AND w.state = 'delivered'
        ORDER BY w.number DESC
        LIMIT :limit
    )
WHERE :project IS NULL OR p.project = :project
ORDER BY r.number DESC
LIMIT :limit;

-- name: failed
-- Read everybody's deliveries that were given up, newest first. A later attempt may have repaired one.
SELECT r.*
FROM attempts AS f
CROSS JOIN delivery_rows AS r ON r.number = f.delivery AND r.attempts = f.number
WHERE
    f.is_last
    AND f.failure IS NOT NULL
    AND f.failure NOT IN ('expired', 'superseded', 'unsubscribed')
    AND f.delivery < :before
    AND (:webhook IS NULL OR r.webhook = :webhook)
ORDER BY f.delivery DESC
LIMIT :limit;

-- name: failed_of_project
-- Read one project's deliveries that were given up, newest first.
SELECT r.*
FROM attempts AS f
CROSS JOIN delivery_rows AS r ON r.number = f.delivery AND r.attempts = f.number
WHERE
    f.is_last
    AND f.failure IS NOT NULL
    AND f.failure NOT IN ('expired', 'superseded', 'unsubscribed')
    AND f.project = :project
    AND f.delivery < :before
    AND (:webhook IS NULL OR r.webhook = :webhook)
ORDER BY f.delivery DESC
LIMIT :limit;

-- name: withdrawn
-- Read everybody's deliveries in a state that is the kind of the failure, too, newest first.
SELECT r.*
FROM attempts AS f
CROSS JOIN delivery_rows AS r ON r.number = f.delivery AND r.attempts = f.number
WHERE
    f.is_last
    AND f.failure IS NOT NULL
    AND f.failure = :state
    AND f.delivery < :before
    AND (:webhook IS NULL OR r.webhook = :webhook)
ORDER BY f.delivery DESC
LIMIT :limit;

-- name: withdrawn_of_project
-- Read one project's deliveries in such a state, newest first.
SELECT r.*
FROM attempts AS f
CROSS JOIN delivery_rows AS r ON r.number = f.delivery AND r.attempts = f.number
WHERE
    f.is_last
    AND f.failure IS NOT NULL
    AND f.failure = :state
    AND f.project = :project
    AND f.delivery < :before
    AND (:webhook IS NULL OR r.webhook = :webhook)
ORDER BY f.delivery DESC
LIMIT :limit;

-- name: waiting
-- Read the deliveries that are not settled, pending ones or parked ones, newest first.
SELECT *
FROM delivery_rows
WHERE
    NOT settled
    AND state = :state
    AND number < :before
    AND (:project IS NULL OR project = :project)
    AND (:webhook IS NULL OR webhook = :webhook)
ORDER BY number DESC
LIMIT :limit;

-- name: deliveries_of_call
-- Read a call's deliveries in the order of the promises. Their ids begin with the call's and a dot;
-- the slash is the character after the dot.
SELECT r.*
FROM known_projects AS p
CROSS JOIN delivery_rows AS r
    ON r.project = p.project
    AND r.id > :call || '.'
    AND r.id < :call || '/'
    AND r.call = :call
ORDER BY r.number;

-- name: attempts
-- Read a delivery's attempts, first to latest, by the delivery's id.
SELECT
    a.project, a.number, a.at, a.seconds, a.status, a.failure, a.detail, a.answer, a.is_last, a.asked
FROM known_projects AS p
CROSS JOIN deliveries AS d ON d.project = p.project AND d.id = :delivery
CROSS JOIN attempts AS a ON a.project = d.project AND a.delivery = d.number
ORDER BY a.number;
