-- Operators end calls.

-- Running calls that an operator wants ended, until they are; `wanted_by` says who, for people.
CREATE TABLE hang_ups (
    project TEXT NOT NULL,
    call TEXT NOT NULL,
    wanted_by TEXT NOT NULL,
    wanted_at REAL NOT NULL,
    PRIMARY KEY (project, call)
) STRICT;
