-- Who may use the HTTP interface, and who subscribed to events over it.

-- A key of a person or program; only the digest of its secret part is kept.
CREATE TABLE tokens (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    user TEXT NOT NULL,
    scope TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL,
    used_at REAL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

-- How a request's key is found.
CREATE UNIQUE INDEX tokens_digest ON tokens (digest);

-- An endpoint that asked to be told. Numbers are never given again; the URL is sealed, since it lets in
-- whoever knows it.
CREATE TABLE subscriptions (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    user TEXT NOT NULL,
    event TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at REAL NOT NULL
) STRICT;

CREATE INDEX subscriptions_of_project ON subscriptions (project);
