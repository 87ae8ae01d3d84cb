-- Endpoints that fail are kept, and what was not delivered is told apart by why.

-- Endpoints that fail, from the failure that was one too many to the next success. Where `parked_until` is set, their
-- deliveries wait until then for a probe.
CREATE TABLE incidents (
    project TEXT NOT NULL,
    webhook TEXT NOT NULL,
    since REAL NOT NULL,
    failures INTEGER NOT NULL,
    parks INTEGER NOT NULL,
    parked_for REAL NOT NULL,
    parked_until REAL,
    PRIMARY KEY (project, webhook)
) STRICT, WITHOUT ROWID;

DROP INDEX attempts_failed;

DROP INDEX attempts_failed_of_project;

-- What was not delivered in the end, and why: of everybody, and of one project.
CREATE INDEX attempts_failed ON attempts (delivery, failure) WHERE is_last AND failure IS NOT NULL;
CREATE INDEX attempts_failed_of_project
ON attempts (project, delivery, failure) WHERE is_last AND failure IS NOT NULL;

-- The state of a delivery says more than that it was given up.
DROP VIEW delivery_rows;

-- A delivery with its latest attempt. `attempts` is that attempt's number, 0 before the first.
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
    CASE
        WHEN d.settled AND a.failure IS NULL THEN 'delivered'
        WHEN d.settled AND a.failure IN ('expired', 'superseded', 'unsubscribed') THEN a.failure
        WHEN d.settled THEN 'failed'
        WHEN EXISTS (
            SELECT 1 FROM incidents AS i
            WHERE i.project = d.project AND i.webhook = d.webhook AND i.parked_until IS NOT NULL
        ) THEN 'parked'
        ELSE 'pending'
    END AS state
FROM deliveries AS d
LEFT JOIN attempts AS a
    ON a.project = d.project
    AND a.delivery = d.number
    AND a.number = (
        SELECT max(l.number) FROM attempts AS l
        WHERE l.project = d.project AND l.delivery = d.number
    );
