-- Which calls a subscriber is told of, and with which further members, as JSON.
ALTER TABLE subscriptions ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
