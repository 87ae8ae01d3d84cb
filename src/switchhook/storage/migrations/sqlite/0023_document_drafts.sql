-- Who saved each version of a project, and drafts of whole projects, encrypted as versions are.
ALTER TABLE projects ADD COLUMN saved_by TEXT NOT NULL DEFAULT '';

CREATE TABLE drafts (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    base INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    saved_at REAL NOT NULL,
    saved_by TEXT NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
