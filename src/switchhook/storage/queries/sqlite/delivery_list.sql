-- name: told_projects
-- Read which projects have deliveries.
WITH RECURSIVE
told (project) AS (
    SELECT min(d.project) FROM deliveries AS d
    UNION ALL
    SELECT (SELECT min(d.project) FROM deliveries AS d WHERE d.project > told.project)
    FROM told
    WHERE told.project IS NOT NULL
)
SELECT project
FROM told
WHERE project IS NOT NULL;

-- name: told_webhooks
-- Read which webhooks of a project have deliveries.
WITH RECURSIVE
hooks (webhook) AS (
    SELECT min(d.webhook) FROM deliveries AS d
    WHERE d.project = :project
    UNION ALL
    SELECT (
        SELECT min(d.webhook) FROM deliveries AS d
        WHERE d.project = :project AND d.webhook > hooks.webhook
    )
    FROM hooks
    WHERE hooks.webhook IS NOT NULL
)
SELECT webhook
FROM hooks
WHERE webhook IS NOT NULL;

-- name: webhooks_given_up
-- Read of which webhooks of a project deliveries were given up.
WITH RECURSIVE
hooks (webhook) AS (
    SELECT min(d.webhook) FROM deliveries AS d
    WHERE d.project = :project AND d.given_up IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(d.webhook) FROM deliveries AS d
        WHERE d.project = :project AND d.given_up IS NOT NULL AND d.webhook > hooks.webhook
    )
    FROM hooks
    WHERE hooks.webhook IS NOT NULL
)
SELECT webhook
FROM hooks
WHERE webhook IS NOT NULL;

-- name: delivery_bounds
-- Read between which numbers the deliveries of a project are whose events happened within some hours.
SELECT
    (
        SELECT min(h.first) FROM delivery_hours AS h
        WHERE h.project = :project AND h.hour BETWEEN :since AND :until
    ) AS first,
    (
        SELECT max(coalesce(h.last, :newest)) FROM delivery_hours AS h
        WHERE h.project = :project AND h.hour BETWEEN :since AND :until
    ) AS last;

-- name: open_delivery_hour
-- Open an hour: the next deliveries may be of it.
-- Takes: project, hour.
INSERT INTO delivery_hours (project, hour, first)
VALUES (?, ?, 1 + coalesce((SELECT max(d.number) FROM deliveries AS d), 0))
ON CONFLICT (project, hour) DO UPDATE SET last = NULL;

-- name: close_delivery_hours
-- Close the hours of a project: no delivery that is written from now on is of them.
-- Takes: project.
UPDATE delivery_hours INDEXED BY delivery_hours_open
SET last = coalesce((SELECT max(d.number) FROM deliveries AS d), 0)
WHERE project = ? AND last IS NULL;

-- name: list_of_webhook
-- Find a webhook's deliveries between two numbers, newest first.
SELECT w.number
FROM deliveries AS w INDEXED BY deliveries_of_webhook
WHERE
    w.project = :project
    AND w.webhook = :webhook
    AND w.number < :before
    AND w.number > :after
    AND (:event IS NULL OR w.event = :event)
    AND (:since IS NULL OR w.occurred_at >= :since)
    AND (:until IS NULL OR w.occurred_at < :until)
    AND (
        :text IS NULL
        OR EXISTS (
            SELECT 1 FROM error_texts AS e
            WHERE
                e.project = w.project
                AND e.delivery = w.number
                AND instr(lower(e.text), lower(:text)) > 0
        )
    )
ORDER BY w.number DESC
LIMIT :limit;

-- name: list_delivered
-- Find a webhook's deliveries that succeeded between two numbers, newest first.
SELECT w.number
FROM deliveries AS w INDEXED BY deliveries_of_webhook
WHERE
    w.project = :project
    AND w.webhook = :webhook
    AND w.settled
    AND w.given_up IS NULL
    AND w.number < :before
    AND w.number > :after
    AND (:event IS NULL OR w.event = :event)
    AND (:since IS NULL OR w.occurred_at >= :since)
    AND (:until IS NULL OR w.occurred_at < :until)
    AND (
        :text IS NULL
        OR EXISTS (
            SELECT 1 FROM error_texts AS e
            WHERE
                e.project = w.project
                AND e.delivery = w.number
                AND instr(lower(e.text), lower(:text)) > 0
        )
    )
ORDER BY w.number DESC
LIMIT :limit;

-- name: list_given_up
-- Find a webhook's deliveries that were given up in one way, checked or not between two numbers, newest first.
SELECT w.number
FROM deliveries AS w INDEXED BY deliveries_given_up
WHERE
    w.project = :project
    AND w.webhook = :webhook
    AND w.given_up = :given_up
    AND (w.checked_at IS NOT NULL) = :is_checked
    AND w.number < :before
    AND w.number > :after
    AND (:event IS NULL OR w.event = :event)
    AND (:since IS NULL OR w.occurred_at >= :since)
    AND (:until IS NULL OR w.occurred_at < :until)
    AND (
        :text IS NULL
        OR EXISTS (
            SELECT 1 FROM error_texts AS e
            WHERE
                e.project = w.project
                AND e.delivery = w.number
                AND instr(lower(e.text), lower(:text)) > 0
        )
    )
ORDER BY w.number DESC
LIMIT :limit;

-- name: list_waiting
-- Find deliveries that are not settled between two numbers, newest first: all, pending ones or parked ones.
SELECT w.number
FROM deliveries AS w INDEXED BY deliveries_unsettled
WHERE
    NOT w.settled
    AND w.project = :project
    AND (:webhook IS NULL OR w.webhook = :webhook)
    AND (
        :state = 'all'
        OR (:state = 'parked') = EXISTS (
            SELECT 1 FROM incidents AS i
            WHERE i.project = w.project AND i.webhook = w.webhook AND i.parked_until IS NOT NULL
        )
    )
    AND w.number < :before
    AND w.number > :after
    AND (:event IS NULL OR w.event = :event)
    AND (:since IS NULL OR w.occurred_at >= :since)
    AND (:until IS NULL OR w.occurred_at < :until)
    AND (
        :text IS NULL
        OR EXISTS (
            SELECT 1 FROM error_texts AS e
            WHERE
                e.project = w.project
                AND e.delivery = w.number
                AND instr(lower(e.text), lower(:text)) > 0
        )
    )
ORDER BY w.number DESC
LIMIT :limit;

-- name: reach_of_webhook
-- Find how far a search goes through a webhook's deliveries: to the one behind so many.
SELECT w.number
FROM deliveries AS w INDEXED BY deliveries_of_webhook
WHERE
    w.project = :project
    AND w.webhook = :webhook
    AND w.number < :before
    AND w.number > :after
ORDER BY w.number DESC
LIMIT 1 OFFSET :most;

-- name: reach_given_up
-- Find how far a search goes through a webhook's deliveries that were given up in one way, checked or not: to the one behind so many.
SELECT w.number
FROM deliveries AS w INDEXED BY deliveries_given_up
WHERE
    w.project = :project
    AND w.webhook = :webhook
    AND w.given_up = :given_up
    AND (w.checked_at IS NOT NULL) = :is_checked
    AND w.number < :before
    AND w.number > :after
ORDER BY w.number DESC
LIMIT 1 OFFSET :most;

-- name: reach_waiting
-- Find how far a search goes through deliveries that are not settled: to the one behind so many.
SELECT w.number
FROM deliveries AS w INDEXED BY deliveries_unsettled
WHERE
    NOT w.settled
    AND w.number < :before
    AND w.number > :after
ORDER BY w.number DESC
LIMIT 1 OFFSET :most;

-- name: list_of_call
-- Find a call's deliveries, newest first, those in a state or on a list alone.
SELECT w.number
FROM delivery_rows AS w
WHERE
    w.project = :project
    AND w.id > :call || '.'
    AND w.id < :call || '/'
    AND w.call = :call
    AND w.number < :before
    AND w.number > :after
    AND (:webhook IS NULL OR w.webhook = :webhook)
    AND (
        :state IN ('all', w.state)
        OR (
            w.given_up IN ('failed', 'expired')
            AND :state = CASE WHEN w.checked_at IS NULL THEN 'unchecked' ELSE 'checked' END
        )
    )
    AND (:event IS NULL OR w.event = :event)
    AND (:since IS NULL OR w.occurred_at >= :since)
    AND (:until IS NULL OR w.occurred_at < :until)
    AND (
        :text IS NULL
        OR EXISTS (
            SELECT 1 FROM error_texts AS e
            WHERE
                e.project = w.project
                AND e.delivery = w.number
                AND instr(lower(e.text), lower(:text)) > 0
        )
    )
ORDER BY w.number DESC
LIMIT :limit;

-- name: deliveries_of_numbers
-- Read deliveries by their numbers, which are a list in JSON.
SELECT r.*
FROM json_each(:numbers) AS wanted
CROSS JOIN delivery_rows AS r ON r.number = wanted.value;

-- name: moment_of_delivery
-- Read when the event of a delivery happened.
SELECT occurred_at FROM deliveries
WHERE number = :number;

-- name: unchecked_by_webhook
-- Count the deliveries of each webhook that need somebody, up to a number of each kind.
WITH RECURSIVE
hooks (webhook) AS (
    SELECT min(d.webhook) FROM deliveries AS d
    WHERE d.project = :project AND d.given_up IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(d.webhook) FROM deliveries AS d
        WHERE d.project = :project AND d.given_up IS NOT NULL AND d.webhook > hooks.webhook
    )
    FROM hooks
    WHERE hooks.webhook IS NOT NULL
)
SELECT
    hooks.webhook,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM deliveries AS w
            WHERE
                w.project = :project
                AND w.webhook = hooks.webhook
                AND w.given_up = 'failed'
                AND (w.checked_at IS NOT NULL) = 0
            LIMIT :limit
        )
    ) + (
        SELECT count(*) FROM (
            SELECT 1 FROM deliveries AS w
            WHERE
                w.project = :project
                AND w.webhook = hooks.webhook
                AND w.given_up = 'expired'
                AND (w.checked_at IS NOT NULL) = 0
            LIMIT :limit
        )
    ) AS unchecked
FROM hooks
WHERE hooks.webhook IS NOT NULL;
