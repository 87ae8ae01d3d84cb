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
-- Takes: number, at, seconds, status, failure, detail, answer, is_last, asked, facts, project, delivery id.
INSERT INTO attempts (
    project, delivery, number, at, seconds, status, failure, detail, answer, is_last, asked, facts
)
SELECT d.project, d.number, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
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
    asked = excluded.asked,
    facts = excluded.facts
WHERE attempts.failure = 'under_way' AND NOT attempts.is_last;

-- name: deliver
-- Write that a delivery is settled by its first attempt, which succeeded: nothing is given up by it.
-- Takes: project, id, number.
UPDATE deliveries SET settled = 1
WHERE project = ? AND id = ? AND again_after < ?;

-- name: settle
-- Write that a delivery is settled, with the state of its latest attempt. One that was sent again since waits for another.
-- Takes: project, id, number.
UPDATE deliveries SET
    settled = 1,
    given_up = (
        SELECT
            CASE
                WHEN a.failure IN ('expired', 'superseded', 'unsubscribed') THEN a.failure
                WHEN a.failure IS NOT NULL THEN 'failed'
            END
        FROM attempts AS a
        WHERE a.project = deliveries.project AND a.delivery = deliveries.number
        ORDER BY a.number DESC
        LIMIT 1
    )
WHERE project = ? AND id = ? AND again_after < ?;

-- name: send_again
-- Have a settled delivery sent once more by a node.
UPDATE deliveries SET
    settled = 0,
    given_up = NULL,
    checked_at = NULL,
    checked_by = NULL,
    node = :node,
    again_after = (
        SELECT coalesce(max(a.number), 0) FROM attempts AS a
        WHERE a.project = deliveries.project AND a.delivery = deliveries.number
    )
WHERE project = :project AND id = :id AND settled;

-- name: settled_delivery
-- Read a delivery that is settled.
SELECT *
FROM deliveries
WHERE project = :project AND id = :id AND settled;

-- name: check_delivery
-- Write who checked a delivery that was given up and needs somebody; who did it first stays.
UPDATE deliveries SET checked_at = :at, checked_by = :by
WHERE
    project = :project
    AND id = :id
    AND given_up IN ('failed', 'expired')
    AND checked_at IS NULL;

-- name: uncheck_delivery
-- Forget that somebody checked a delivery.
UPDATE deliveries SET checked_at = NULL, checked_by = NULL
WHERE project = :project AND id = :id AND checked_at IS NOT NULL;

-- name: replace_request
-- Write the request of a delivery in place of its draft.
-- Takes: transport, request, body, project, id.
UPDATE deliveries SET transport = ?, request = ?, body = ?
WHERE project = ? AND id = ? AND NOT settled;

-- name: unsettled_deliveries
-- Read what a node promised and is not settled, in the order of the promises.
SELECT *
FROM deliveries INDEXED BY deliveries_unsettled
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
    a.asked,
    a.facts
FROM deliveries AS d INDEXED BY deliveries_unsettled
CROSS JOIN attempts AS a ON a.project = d.project AND a.delivery = d.number
WHERE NOT d.settled AND d.node = :node
ORDER BY d.number, a.number;

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
    a.project, a.number, a.at, a.seconds, a.status, a.failure, a.detail, a.answer, a.is_last, a.asked, a.facts
FROM known_projects AS p
CROSS JOIN deliveries AS d ON d.project = p.project AND d.id = :delivery
CROSS JOIN attempts AS a ON a.project = d.project AND a.delivery = d.number
ORDER BY a.number;

-- name: attempts_of_number
-- Read a delivery's attempts, first to latest, by its project and number.
SELECT *
FROM attempts
WHERE project = :project AND delivery = :number
ORDER BY number;
