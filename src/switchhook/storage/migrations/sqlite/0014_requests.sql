-- A delivery's request has one form for each transport: `transport` names it, `request` is its envelope, encrypted.
-- In place of that stood the columns of HTTP, which mails wrote `MAIL` and their sender into; the oldest had URL
-- and headers in clear.

DROP VIEW delivery_rows;

ALTER TABLE deliveries RENAME TO former_deliveries;

-- Promises. `number` is their order and is never given twice, not even after a deletion. `request` says where one goes
-- and with what, in the form of its transport: it lets in whoever knows it, so it is encrypted. `body` are the
-- bytes that are sent.
CREATE TABLE deliveries (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    webhook TEXT NOT NULL,
    occurred_at REAL NOT NULL,
    transport TEXT NOT NULL,
    request BLOB NOT NULL,
    body BLOB NOT NULL,
    success_codes TEXT NOT NULL,
    response_timeout REAL NOT NULL,
    keep_alive INTEGER NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0,
    node TEXT NOT NULL DEFAULT 'main',
    UNIQUE (project, id)
) STRICT;

INSERT INTO deliveries (
    number, project, id, call, seq, event, webhook, occurred_at, transport, request, body,
    success_codes, response_timeout, keep_alive, settled, node
)
SELECT
    number,
    project,
    id,
    call,
    seq,
    event,
    webhook,
    occurred_at,
    CASE method WHEN 'MAIL' THEN 'mail' ELSE 'http' END,
    reencoded_request(project, id, method, url, headers, sealed),
    body,
    success_codes,
    response_timeout,
    keep_alive,
    settled,
    node
FROM former_deliveries
ORDER BY number;

-- The numbers that were given stay given.
DELETE FROM sqlite_sequence WHERE name = 'deliveries';

INSERT INTO sqlite_sequence (name, seq)
SELECT 'deliveries', seq FROM sqlite_sequence
WHERE name = 'former_deliveries';

DROP TABLE former_deliveries;

-- A webhook's deliveries; SQLite orders them by `number` by itself.
CREATE INDEX deliveries_of_webhook ON deliveries (project, webhook);

-- What a restart carries on, and what is listed as pending.
CREATE INDEX deliveries_unsettled ON deliveries (number) WHERE NOT settled;

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
