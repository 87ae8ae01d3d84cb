-- What is known of callers and visitors besides their calls.

-- An outside number and its dealings with a project.
CREATE TABLE callers (
    project TEXT NOT NULL,
    number TEXT NOT NULL,
    calls INTEGER NOT NULL,
    proper_calls INTEGER NOT NULL,
    manager TEXT NOT NULL,
    outbound_number TEXT NOT NULL,
    seen_at REAL NOT NULL,
    PRIMARY KEY (project, number)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX callers_seen ON callers (seen_at);

-- A website visitor's session: its attributes as JSON.
CREATE TABLE visits (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    attributes TEXT NOT NULL,
    seen_at REAL NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

-- What retention deletes; the newest are held in memory.
CREATE INDEX visits_seen ON visits (seen_at);

-- The numbers that visitors see, and until when.
CREATE TABLE shown_numbers (
    project TEXT NOT NULL,
    number TEXT NOT NULL,
    visit TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (project, number)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX shown_numbers_until ON shown_numbers (until);

-- The calls that belong to a visit.
CREATE TABLE visits_of_calls (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    visit TEXT NOT NULL,
    told_at REAL NOT NULL,
    PRIMARY KEY (project, call)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX visits_of_calls_told ON visits_of_calls (told_at);
