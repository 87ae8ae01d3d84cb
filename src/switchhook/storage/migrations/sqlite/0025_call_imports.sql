-- Calls that were made elsewhere, as they were posted together; `calls` is JSON, and of a settled one says no more than its
-- reference, its id and what became of it.
CREATE TABLE call_imports (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    posted_by TEXT NOT NULL,
    posted_at REAL NOT NULL,
    tells INTEGER NOT NULL,
    state TEXT NOT NULL,
    calls TEXT NOT NULL,
    node TEXT NOT NULL
) STRICT;

-- What a restart carries on.
CREATE INDEX call_imports_queued ON call_imports (number) WHERE state = 'queued';

-- What retention deletes.
CREATE INDEX call_imports_settled ON call_imports (posted_at) WHERE state <> 'queued';

-- Which call of ours a call of another telephone system is; gone with the call.
CREATE TABLE imported_calls (
    project TEXT NOT NULL,
    reference TEXT NOT NULL,
    call TEXT NOT NULL,
    PRIMARY KEY (project, reference)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX imported_calls_call ON imported_calls (project, call);

-- Who saw a number from when on, for calls that are brought in later.
CREATE TABLE number_shows (
    project TEXT NOT NULL,
    number TEXT NOT NULL,
    since REAL NOT NULL,
    visit TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (project, number, since)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX number_shows_until ON number_shows (until);
