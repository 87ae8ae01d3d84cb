-- Who made a token, which stays good when they go.
ALTER TABLE tokens ADD COLUMN made_by TEXT NOT NULL DEFAULT '';

ALTER TABLE tokens ADD COLUMN maker TEXT;
