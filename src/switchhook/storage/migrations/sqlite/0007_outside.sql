-- Outside calls are limited by the day.

-- What an account used of a day's allowance; all of the project, where the account is empty. `day` is that
-- of the project's time zone, as in ISO 8601.
CREATE TABLE outside_calls (
    project TEXT NOT NULL,
    account TEXT NOT NULL,
    day TEXT NOT NULL,
    calls INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (project, account, day)
) STRICT, WITHOUT ROWID;

-- What retention deletes, and what a start reads.
CREATE INDEX outside_calls_day ON outside_calls (day);
