-- Whether a delivery is settled stands in its row, in place of a mark below which all are.
ALTER TABLE deliveries ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;

UPDATE deliveries SET settled = 1
WHERE
    number <= (SELECT value FROM facts WHERE name = 'settled_up_to')
    OR EXISTS (
        SELECT 1 FROM attempts AS a
        WHERE a.project = deliveries.project AND a.delivery = deliveries.number AND a.is_last
    );

DELETE FROM facts WHERE name = 'settled_up_to';

-- What a restart carries on, and what is listed as pending.
CREATE INDEX deliveries_unsettled ON deliveries (number) WHERE NOT settled;

-- A webhook's deliveries; SQLite orders them by `number` by itself.
CREATE INDEX deliveries_of_webhook ON deliveries (project, webhook);

-- The state of a delivery follows its column.
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
        WHEN NOT d.settled THEN 'pending'
        WHEN a.failure IS NULL THEN 'delivered'
        ELSE 'failed'
    END AS state
FROM deliveries AS d
LEFT JOIN attempts AS a
    ON a.project = d.project
    AND a.delivery = d.number
    AND a.number = (
        SELECT max(l.number) FROM attempts AS l
        WHERE l.project = d.project AND l.delivery = d.number
    );
