-- What callers dial and telephones register by, without naming a project: unique over all of them. So its
-- key begins with the name, and not with the project.
CREATE TABLE owned (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    project TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX owned_by_project ON owned (project);

-- Which version is a project's latest, without its document: asked every second.
CREATE INDEX project_versions ON projects (project, version);
