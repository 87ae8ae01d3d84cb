-- name: add_shadow_ask
-- Write what an endpoint and its shadow said to an ask; one that is there already stays.
INSERT INTO shadow_asks (
    project, call, ask, webhook, at, first, shadow, first_seconds, shadow_seconds
)
VALUES (
    :project, :call, :ask, :webhook, :at, :first, :shadow, :first_seconds, :shadow_seconds
)
ON CONFLICT (project, call, ask) DO NOTHING;

-- name: shadow_asks
-- Read a project's shadow asks since a moment, newest first: of one webhook or all, of so many of the newest.
SELECT project, call, ask, webhook, at, first, shadow, first_seconds, shadow_seconds
FROM (
    SELECT *
    FROM shadow_asks
    WHERE project = :project AND at >= :since
    ORDER BY at DESC, call DESC, ask DESC
    LIMIT :most
)
WHERE :webhook IS NULL OR webhook = :webhook
ORDER BY at DESC, call DESC, ask DESC
LIMIT :limit;

-- name: different_shadow_asks
-- Read the same of those that differ.
SELECT project, call, ask, webhook, at, first, shadow, first_seconds, shadow_seconds
FROM (
    SELECT *
    FROM shadow_asks INDEXED BY shadow_asks_different
    WHERE project = :project AND at >= :since AND first <> shadow
    ORDER BY at DESC, call DESC, ask DESC
    LIMIT :most
)
WHERE :webhook IS NULL OR webhook = :webhook
ORDER BY at DESC, call DESC, ask DESC
LIMIT :limit;

-- name: shadow_counts
-- Read how the shadows of a project did since a moment, by webhook, in so many of the newest asks.
SELECT
    webhook,
    count(*) AS asks,
    total(first <> shadow) AS different,
    avg(first_seconds) AS first_seconds,
    avg(shadow_seconds) AS shadow_seconds
FROM (
    SELECT webhook, first, shadow, first_seconds, shadow_seconds
    FROM shadow_asks
    WHERE project = :project AND at >= :since
    ORDER BY at DESC
    LIMIT :most
)
GROUP BY webhook
ORDER BY webhook;

-- name: delete_shadow_asks
-- Delete a call's shadow asks.
DELETE FROM shadow_asks WHERE project = :project AND call = :call;
