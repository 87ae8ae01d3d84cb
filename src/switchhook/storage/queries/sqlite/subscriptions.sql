-- name: count_subscriptions
-- Count a project's subscriptions.
SELECT count(*) AS count
FROM subscriptions
WHERE project = :project;

-- name: add_subscription
-- Add a subscription and return its number; the URL follows, encrypted for that number.
INSERT INTO subscriptions (project, user, event, sealed, created_at, internal, options)
VALUES (:project, :user, :event, x'', :created_at, :internal, :options)
RETURNING number;

-- name: set_subscription_url
-- Write the encrypted URL of a subscription.
UPDATE subscriptions SET sealed = :sealed
WHERE number = :number;

-- name: subscriptions
-- Read every subscription, oldest first.
SELECT number, project, user, event, sealed, created_at, internal, options
FROM subscriptions
ORDER BY number;

-- name: subscriptions_of_project
-- Read one project's subscriptions, oldest first.
SELECT number, project, user, event, sealed, created_at, internal, options
FROM subscriptions
WHERE project = :project
ORDER BY number;

-- name: subscription_numbers
-- Read which subscriptions there are.
SELECT number
FROM subscriptions;

-- name: delete_subscription
-- Delete one of a project's subscriptions, and return it as it was.
DELETE FROM subscriptions
WHERE project = :project AND number = :number
RETURNING number, project, user, event, sealed, created_at, internal, options;
