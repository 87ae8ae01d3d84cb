-- Events that are no calls, as other programs posted them: what was told of each stands in its deliveries. `call` names what
-- it is about, as a call's id does in theirs; `seq` counts the events of that.
CREATE TABLE foreign_events (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    at REAL NOT NULL,
    received_at REAL NOT NULL,
    PRIMARY KEY (project, call, seq)
) STRICT, WITHOUT ROWID;

-- What retention deletes.
CREATE INDEX foreign_events_received ON foreign_events (received_at);

DROP VIEW known_projects;

-- The projects that calls, foreign events and deliveries belong to, found with one look into the index for each.
-- Whoever looks up an id without its project goes through these.
CREATE VIEW known_projects (project) AS
WITH RECURSIVE
of_calls (project) AS (
    SELECT min(project) FROM calls
    UNION ALL
    SELECT (SELECT min(c.project) FROM calls AS c WHERE c.project > of_calls.project)
    FROM of_calls
    WHERE of_calls.project IS NOT NULL
),
of_events (project) AS (
    SELECT min(project) FROM foreign_events
    UNION ALL
    SELECT (SELECT min(e.project) FROM foreign_events AS e WHERE e.project > of_events.project)
    FROM of_events
    WHERE of_events.project IS NOT NULL
)
SELECT project FROM of_calls WHERE project IS NOT NULL
UNION
SELECT project FROM of_events WHERE project IS NOT NULL;
