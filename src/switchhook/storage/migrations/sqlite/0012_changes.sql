-- How often each kind of thing was changed that nodes hold in memory: by this, one learns what others did.
CREATE TABLE changes (
    kind TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
