-- Users of a host with their roles and sessions, the log of what was done by whom, and tokens that belong to a user.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL,
    password TEXT NOT NULL,
    totp BLOB,
    totp_step INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    disabled_at REAL,
    signed_in_at REAL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_login ON users (login);

CREATE TABLE members (
    project TEXT NOT NULL,
    user TEXT NOT NULL,
    role TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (project, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_user ON members (user);

CREATE TABLE sessions (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_at REAL NOT NULL,
    used_at REAL NOT NULL,
    ended_at REAL,
    source TEXT NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX sessions_digest ON sessions (digest);

CREATE INDEX sessions_used ON sessions (used_at);

CREATE TABLE audit (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    source TEXT NOT NULL,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    result TEXT NOT NULL,
    facts TEXT NOT NULL
) STRICT;

CREATE INDEX audit_of_project ON audit (project);

CREATE INDEX audit_at ON audit (at);

ALTER TABLE tokens ADD COLUMN person TEXT;

ALTER TABLE tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';

CREATE INDEX tokens_person ON tokens (person) WHERE person IS NOT NULL;
