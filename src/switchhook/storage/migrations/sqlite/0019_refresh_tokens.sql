-- Refresh tokens that token endpoints gave in place of those in project files, encrypted; `source` says whose they are.
CREATE TABLE refresh_tokens (
    project TEXT NOT NULL,
    source TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (project, source)
) STRICT;
