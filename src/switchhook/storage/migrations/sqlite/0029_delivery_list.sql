-- Lists of deliveries are found by index alone: a webhook's with event and time, and a time by the numbers of each hour. So are
-- shadow asks that differ, and what few calls have, whatever else is searched for.

DROP INDEX deliveries_of_webhook;

CREATE INDEX deliveries_of_webhook ON deliveries (project, webhook, number, event, occurred_at);

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

CREATE INDEX delivery_hours_open ON delivery_hours (project) WHERE last IS NULL;

CREATE INDEX shadow_asks_different ON shadow_asks (project, at) WHERE first <> shadow;

DROP INDEX call_list_failed;

CREATE INDEX call_list_failed ON call_list (
    project, arrived_at, number, outcome, direction, scheme, dialled, party, ending, accounts, webhooks, failed
) WHERE failed <> '';

DROP INDEX call_list_unusual;

CREATE INDEX call_list_unusual ON call_list (
    project, outcome, arrived_at, number, direction, scheme, dialled, party, ending, accounts, webhooks, failed
)
WHERE outcome IN ('abandoned', 'blocked', 'busy', 'failed', 'rejected', 'unreachable', 'voicemail');
