-- Whether a subscriber is told of calls between accounts, too.
ALTER TABLE subscriptions ADD COLUMN internal INTEGER NOT NULL DEFAULT 1;
