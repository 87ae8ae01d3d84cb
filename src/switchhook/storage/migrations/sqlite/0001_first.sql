-- Calls, journals, promises and attempts; projects, sealed.

CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO facts (name, value) VALUES ('settled_up_to', 0);

CREATE TABLE projects (
    project TEXT NOT NULL,
    version INTEGER NOT NULL,
    saved_at REAL NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (project, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE registrations (
    project TEXT NOT NULL,
    account TEXT NOT NULL,
    telephones TEXT NOT NULL,
    PRIMARY KEY (project, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE calls (
    number INTEGER NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_at REAL,
    value TEXT NOT NULL,
    UNIQUE (project, call)
) STRICT;

CREATE INDEX calls_of_project ON calls (project);

CREATE INDEX calls_live ON calls (number) WHERE state <> 'ended';

CREATE INDEX calls_ended ON calls (ended_at) WHERE state = 'ended';

CREATE TABLE journal (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    happening TEXT NOT NULL,
    leg TEXT NOT NULL,
    text TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (project, call, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    webhook TEXT NOT NULL,
    occurred_at REAL NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    success_codes TEXT NOT NULL,
    response_timeout REAL NOT NULL,
    keep_alive INTEGER NOT NULL,
    UNIQUE (project, id)
) STRICT;

CREATE INDEX deliveries_of_project ON deliveries (project);

CREATE TABLE attempts (
    project TEXT NOT NULL,
    delivery INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    seconds REAL NOT NULL,
    status INTEGER NOT NULL,
    failure TEXT,
    detail TEXT,
    answer BLOB NOT NULL,
    is_last INTEGER NOT NULL,
    PRIMARY KEY (project, delivery, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_failed ON attempts (delivery) WHERE is_last AND failure IS NOT NULL;
CREATE INDEX attempts_failed_of_project
ON attempts (project, delivery) WHERE is_last AND failure IS NOT NULL;

CREATE VIEW known_projects (project) AS
WITH RECURSIVE
of_calls (project) AS (
    SELECT min(project) FROM calls
    UNION ALL
    SELECT (SELECT min(c.project) FROM calls AS c WHERE c.project > of_calls.project)
    FROM of_calls
    WHERE of_calls.project IS NOT NULL
)
SELECT project FROM of_calls WHERE project IS NOT NULL;

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
        WHEN a.is_last IS NULL OR NOT a.is_last THEN 'pending'
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
