-- The draft of each project's call-tracking scenario, and who activated the latest.
CREATE TABLE scenarios (
    project TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    draft BLOB,
    drafted_by TEXT NOT NULL,
    drafted_at REAL NOT NULL,
    activated BLOB,
    activated_by TEXT NOT NULL,
    activated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
