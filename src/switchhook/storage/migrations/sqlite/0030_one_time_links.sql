-- Links that let somebody in once: to make the first owner, to set a password, to sign in.
CREATE TABLE one_time_links (
    digest BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    user TEXT NOT NULL,
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX one_time_links_user ON one_time_links (user, kind);
