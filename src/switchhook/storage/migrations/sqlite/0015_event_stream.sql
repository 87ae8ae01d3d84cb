-- The events of projects' streams, and how much of each stream is gone.

-- A project's stream. `number` is the place in it, in the order of commits: 1, 2, 3 … `body` are the bytes that every
-- reader gets.
CREATE TABLE stream_events (
    project TEXT NOT NULL,
    number INTEGER NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (project, number),
    UNIQUE (project, call, seq)
) STRICT, WITHOUT ROWID;

-- The highest number in a project's stream that retention deleted: numbers are never given again.
CREATE TABLE stream_ends (
    project TEXT NOT NULL PRIMARY KEY,
    deleted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
