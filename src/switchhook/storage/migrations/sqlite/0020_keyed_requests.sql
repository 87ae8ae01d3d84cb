-- Requests over the API with an Idempotency-Key, and their answers, for a day; `status` is NULL while one is under way.
CREATE TABLE keyed_requests (
    project TEXT NOT NULL,
    token TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    begun_at REAL NOT NULL,
    status INTEGER,
    body BLOB,
    PRIMARY KEY (project, token, key)
) STRICT;
CREATE INDEX keyed_requests_by_age ON keyed_requests (begun_at);
