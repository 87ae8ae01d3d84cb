-- Lists of deliveries are found by index alone: a webhook's with event and time, what waits by webhook, and the numbers of
-- each hour. So are the shadow asks that differ.

DROP INDEX deliveries_of_webhook;

CREATE INDEX deliveries_of_webhook ON deliveries (project, webhook, number, event, occurred_at);

DROP INDEX deliveries_unsettled;

CREATE INDEX deliveries_unsettled ON deliveries (project, webhook) WHERE NOT settled;

CREATE TABLE delivery_hours (
    project TEXT NOT NULL,
    hour INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER,
    PRIMARY KEY (project, hour)
) STRICT, WITHOUT ROWID;

INSERT INTO delivery_hours (project, hour, first, last)
SELECT project, CAST(occurred_at / 3600 AS INTEGER), min(number), max(number)
FROM deliveries
GROUP BY 1, 2;

CREATE TRIGGER deliveries_note_hour AFTER INSERT ON deliveries
WHEN NOT EXISTS (
    SELECT 1 FROM delivery_hours AS h
    WHERE
        h.project = NEW.project
        AND h.hour = CAST(NEW.occurred_at / 3600 AS INTEGER)
        AND h.last IS NULL
)
BEGIN
    UPDATE delivery_hours SET last = NEW.number - 1
    WHERE
        project = NEW.project
        AND hour < CAST(NEW.occurred_at / 3600 AS INTEGER)
        AND last IS NULL;
    INSERT INTO delivery_hours (project, hour, first, last)
    VALUES (
        NEW.project,
        CAST(NEW.occurred_at / 3600 AS INTEGER),
        NEW.number,
        CASE
            WHEN EXISTS (
                SELECT 1 FROM delivery_hours AS l
                WHERE l.project = NEW.project AND l.hour > CAST(NEW.occurred_at / 3600 AS INTEGER)
            ) THEN NEW.number
        END
    )
    ON CONFLICT (project, hour) DO UPDATE SET last = NEW.number;
END;

CREATE INDEX shadow_asks_different ON shadow_asks (project, at) WHERE first <> shadow;
