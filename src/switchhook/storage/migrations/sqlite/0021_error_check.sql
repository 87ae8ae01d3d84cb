-- What was given up is marked at the delivery itself, checked by a person, and sent again.
ALTER TABLE deliveries ADD COLUMN given_up TEXT;
ALTER TABLE deliveries ADD COLUMN again_after INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN checked_at REAL;
ALTER TABLE deliveries ADD COLUMN checked_by TEXT;
ALTER TABLE attempts ADD COLUMN facts TEXT NOT NULL DEFAULT '[]';

UPDATE deliveries SET given_up = (
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
WHERE
    settled
    AND number IN (
        SELECT f.delivery FROM attempts AS f
        WHERE f.is_last AND f.failure IS NOT NULL
    );

DROP INDEX attempts_failed;
DROP INDEX attempts_failed_of_project;

-- What was given up, by webhook, and whether somebody checked it; SQLite orders each kind by `number` by itself.
CREATE INDEX deliveries_given_up
ON deliveries (project, webhook, given_up, (checked_at IS NOT NULL)) WHERE given_up IS NOT NULL;

DROP VIEW delivery_rows;

-- A delivery with its latest attempt, and the incident that it is parked for. `attempts` is that attempt's number, 0 before
-- the first.
CREATE VIEW delivery_rows AS
SELECT
    d.*,
    coalesce(a.number, 0) AS attempts,
    a.at,
    a.seconds,
    a.status,
    a.failure,
    a.detail,
    a.answer,
    a.is_last,
    a.facts,
    i.since,
    i.failures,
    i.parks,
    i.parked_for,
    i.parked_until,
    CASE
        WHEN d.given_up IS NOT NULL THEN d.given_up
        WHEN d.settled THEN 'delivered'
        WHEN i.parked_until IS NOT NULL THEN 'parked'
        ELSE 'pending'
    END AS state
FROM deliveries AS d
LEFT JOIN attempts AS a
    ON a.project = d.project
    AND a.delivery = d.number
    AND a.number = (
        SELECT max(l.number) FROM attempts AS l
        WHERE l.project = d.project AND l.delivery = d.number
    )
LEFT JOIN incidents AS i
    ON NOT d.settled
    AND i.project = d.project
    AND i.webhook = d.webhook
    AND i.parked_until IS NOT NULL;

-- What a person searches of a delivery's latest error: kind, sentence and answer.
CREATE VIEW error_texts AS
SELECT
    a.project,
    a.delivery,
    a.failure || ': ' || a.detail || ' ' || CAST(a.answer AS TEXT) AS text
FROM attempts AS a
WHERE
    a.failure IS NOT NULL
    AND a.number = (
        SELECT max(l.number) FROM attempts AS l
        WHERE l.project = a.project AND l.delivery = a.delivery
    );

-- What a person has done to all deliveries of a filter, from the oldest on: how far it got. `filter` is JSON.
CREATE TABLE bulk_jobs (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    act TEXT NOT NULL,
    filter TEXT NOT NULL,
    started_by TEXT NOT NULL,
    started_at REAL NOT NULL,
    up_to INTEGER NOT NULL,
    place INTEGER NOT NULL,
    done INTEGER NOT NULL,
    left_out INTEGER NOT NULL,
    why TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_at REAL,
    node TEXT NOT NULL
) STRICT;

CREATE INDEX bulk_jobs_of_project ON bulk_jobs (project);

-- What a restart carries on.
CREATE INDEX bulk_jobs_running ON bulk_jobs (number) WHERE state = 'running';
