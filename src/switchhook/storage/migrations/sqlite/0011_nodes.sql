-- Processes that share this database. `beat` grows while a node lives; who finds it standing takes its calls and
-- deliveries over. A new `incarnation` ends what the one before may write.
CREATE TABLE nodes (
    name TEXT NOT NULL PRIMARY KEY,
    incarnation INTEGER NOT NULL,
    beat INTEGER NOT NULL,
    is_up INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What there is belongs to the one node that there was: the next start takes it up, or another node does.
INSERT INTO nodes (name, incarnation, beat, is_up)
SELECT 'main', 1, 0, 1
WHERE EXISTS (SELECT 1 FROM calls);

ALTER TABLE calls ADD COLUMN node TEXT NOT NULL DEFAULT 'main';

ALTER TABLE deliveries ADD COLUMN node TEXT NOT NULL DEFAULT 'main';

-- Of one account, telephones may be registered at several nodes.
CREATE TEMPORARY TABLE former_registrations AS SELECT * FROM registrations;

DROP TABLE registrations;

-- Where an account's telephones can be reached that registered at a node; opaque here, and gone when it is over.
CREATE TABLE registrations (
    project TEXT NOT NULL,
    account TEXT NOT NULL,
    node TEXT NOT NULL,
    telephones TEXT NOT NULL,
    PRIMARY KEY (project, account, node)
) STRICT, WITHOUT ROWID;

INSERT INTO registrations (project, account, node, telephones)
SELECT project, account, 'main', telephones FROM former_registrations;

DROP TABLE former_registrations;
