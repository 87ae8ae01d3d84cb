-- What an endpoint said to an ask, and what its shadow said, which no call follows; gone with the call.
CREATE TABLE shadow_asks (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    ask TEXT NOT NULL,
    webhook TEXT NOT NULL,
    at REAL NOT NULL,
    first TEXT NOT NULL,
    shadow TEXT NOT NULL,
    first_seconds REAL NOT NULL,
    shadow_seconds REAL NOT NULL,
    PRIMARY KEY (project, call, ask)
) STRICT, WITHOUT ROWID;

CREATE INDEX shadow_asks_by_time ON shadow_asks (project, at);
